// Random graphs with blocks, and labels that tell of the blocks.

import { uniform } from "../../random/distributions.ts";
import { type Key, split } from "../../random/key.ts";
import { coo } from "../../sparse/base/constructors.ts";
import type { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface BlockModelOptions {
  /** How many nodes each block has; nodes of a block are numbered together. */
  readonly sizes: readonly number[];
  /** Probability of an edge inside of a block, and between two. */
  readonly within: number;
  readonly between: number;
  /** How many label kinds each node has; none unless told. */
  readonly labelKinds?: number;
  /** Probability that a label is the block; else it is any block. 0.8 unless told. */
  readonly labelAccuracy?: number;
}

export interface AttributedGraph {
  /** `[n, n]`, symmetric, ones. */
  readonly adjacency: SparseMatrix;
  /** The block of each node, int32 `[n]`. */
  readonly blocks: Tensor;
  /** int32 `[n, labelKinds]` */
  readonly labels: Tensor;
}

/**
 * A graph of the stochastic block model: edges are independent, more probable inside of blocks. Each label equals the block
 * with probability `labelAccuracy` and is drawn from all blocks otherwise. The graph need not be connected. O(n²).
 *
 * @throws DomainError for sizes and numbers of kinds that are no counts, and probabilities outside of [0, 1].
 */
export function stochasticBlockModel(key: Key, options: BlockModelOptions): AttributedGraph {
  const name = "stochasticBlockModel";
  const { sizes, within, between, labelKinds = 0, labelAccuracy = 0.8 } = options;
  if (sizes.length === 0 || !sizes.every((size) => Number.isInteger(size) && size >= 1))
    throw new DomainError(`${name}: sizes must be positive integers, got [${sizes.join(", ")}]`);
  for (const [option, p] of Object.entries({ within, between, labelAccuracy }))
    if (!(p >= 0 && p <= 1)) throw new DomainError(`${name}: ${option} must lie in [0, 1], got ${p}`);
  if (!(Number.isInteger(labelKinds) && labelKinds >= 0))
    throw new DomainError(`${name}: labelKinds must be an integer >= 0, got ${labelKinds}`);
  const blocks = Int32Array.from(sizes.flatMap((size, block) => new Array<number>(size).fill(block)));
  const n = blocks.length;
  const [edgeKey, faithKey, labelKey] = split(key, 3) as [Key, Key, Key];
  const draws = uniform(edgeKey, [(n * (n - 1)) / 2]).data();
  const rows: number[] = [];
  const columns: number[] = [];
  for (let i = 0, p = 0; i < n; i++)
    for (let j = i + 1; j < n; j++, p++)
      if (draws[p]! < (blocks[i] === blocks[j] ? within : between)) {
        rows.push(i, j);
        columns.push(j, i);
      }
  const faith = uniform(faithKey, [n, labelKinds]).data();
  const others = uniform(labelKey, [n, labelKinds]).data();
  const labels = Int32Array.from({ length: n * labelKinds }, (_, p) =>
    faith[p]! < labelAccuracy ? blocks[Math.floor(p / labelKinds)]! : Math.floor(others[p]! * sizes.length),
  );
  return {
    adjacency: coo(rows, columns, new Float64Array(rows.length).fill(1), [n, n]).toCsr(),
    blocks: new Tensor(blocks, [n], "int32"),
    labels: new Tensor(labels, [n, labelKinds], "int32"),
  };
}
