// Block tensor-train matrices: two stages of many small products, with one number for each pair of blocks and rank.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkPart, LinearOperator, meetDTypes, type Tags } from "./operator.ts";

/**
 * n as a product of `parts` factors, as even as a greedy pass finds them: prime factors, ascending, go to the smallest
 * factor so far. Ascending. Throws DomainError unless both are positive integers.
 */
export function evenFactors(n: number, parts: number): number[] {
  for (const [what, value] of Object.entries({ n, parts }))
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new DomainError(`evenFactors: ${what} must be a positive integer, got ${value}`);
  const factors = new Array<number>(parts).fill(1);
  const give = (prime: number): void => {
    const least = factors.indexOf(Math.min(...factors));
    factors[least]! *= prime;
  };
  let rest = n;
  for (let prime = 2; prime * prime <= rest; prime++) for (; rest % prime === 0; rest /= prime) give(prime);
  if (rest > 1) give(rest);
  return factors.sort((a, b) => a - b);
}

/**
 * x `[B, m1 m0]` by rows through cores `[m1, m0, n0 r]` and `[n0, m1 r, n1]` to `[B, n0 n1]`: two batched matrix products,
 * of m1 and of n0 blocks. O(B (m1 m0 n0 r + n0 m1 r n1)).
 */
export function applyBlocks(x: Tensor, first: Tensor, second: Tensor): Tensor {
  const [m1, m0, inner] = first.shape as readonly [number, number, number];
  const [n0, , n1] = second.shape as readonly [number, number, number];
  const rows = x.shape[0]!;
  const r = inner / n0;
  // The first products are written with rows running fastest: then blocks are regrouped in whole runs of rows (for r = 1 by
  // strides alone), and the second products read them as transposed matrices.
  const open = first.mT().matmul(x.reshape([rows, m1, m0]).transpose([1, 2, 0]));
  const regrouped = open
    .reshape([m1, n0, r, rows])
    .transpose([1, 0, 2, 3])
    .reshape([n0, m1 * r, rows]);
  return regrouped
    .mT()
    .matmul(second)
    .transpose([1, 0, 2])
    .reshape([rows, n0 * n1]);
}

export interface BlockTensorTrainShape {
  /** The rank between the cores, or all ranks with ones at the ends. */
  readonly ranks: number | readonly number[];
  /** `[m0, m1]` and `[n0, n1]`: inputs are numbered with m0 running fastest, outputs with n1. */
  readonly inDims: readonly number[];
  readonly outDims: readonly number[];
}

/**
 * A block tensor-train matrix `[n0 n1, m1 m0]` (Qiu and others 2024) from cores `[m1, m0, n0 r]` and `[n0, m1 r, n1]`: entry
 * (j0 j1, i1 i0) is Σ over ρ of first[i1, i0, j0 ρ] second[j0, i1 ρ, j1]. r = 1 is a Monarch matrix, and every matrix is of this
 * kind for r = min(m0, n1). A product costs r n0 m1 (m0 + n1): 2 r d^{3/2} for d × d with even factors.
 */
export class BlockTensorTrain extends LinearOperator {
  readonly kind: string = "block tensor-train";
  readonly cores: readonly [Tensor, Tensor];

  constructor(cores: readonly Tensor[], tags: Tags = {}) {
    if (cores.length !== 2)
      throw new ShapeError(`block tensor-train operator: two cores were expected, got ${cores.length}`);
    const [first, second] = cores as readonly [Tensor, Tensor];
    checkPart("block tensor-train operator", "core 0", first, 3);
    checkPart("block tensor-train operator", "core 1", second, 3);
    const [m1, m0, inner] = first.shape as readonly [number, number, number];
    const [n0, between, n1] = second.shape as readonly [number, number, number];
    if (inner % n0 !== 0 || between * n0 !== m1 * inner)
      throw new ShapeError(
        `block tensor-train operator: cores [m1, m0, n0 r] and [n0, m1 r, n1] were expected, got ${formatShape(first.shape)} and ${formatShape(second.shape)}`,
      );
    super([n0 * n1, m1 * m0], meetDTypes(first, second), tags);
    this.cores = [first.astype(this.dtype), second.astype(this.dtype)];
  }

  protected product(x: Tensor): Tensor {
    // Columns stay last, so that nothing is turned round but the small cores.
    const [first, second] = this.cores;
    const [m1, m0, inner] = first.shape as readonly [number, number, number];
    const [n0, , n1] = second.shape as readonly [number, number, number];
    const columns = x.shape[1]!;
    const r = inner / n0;
    const open = first.mT().matmul(x.reshape([m1, m0, columns]));
    const regrouped = open
      .reshape([m1, n0, r, columns])
      .transpose([1, 0, 2, 3])
      .reshape([n0, m1 * r, columns]);
    return second
      .mT()
      .matmul(regrouped)
      .reshape([n0 * n1, columns]);
  }
  override transpose(): BlockTensorTrain {
    const [first, second] = this.cores;
    return new BlockTensorTrain([second.mT(), first.mT()], this.tags);
  }
  override conj(): BlockTensorTrain {
    return new BlockTensorTrain(
      this.cores.map((core) => core.conj()),
      this.tags,
    );
  }
  override cost(): number {
    return this.cores[0].size + this.cores[1].size;
  }
}

/**
 * The operator of two cores `[m1, m0, n0 r]` and `[n0, m1 r, n1]` whose factors are told. Throws ShapeError where the cores
 * are not of these shapes.
 */
export function blockTensorTrain(cores: readonly Tensor[], shape: BlockTensorTrainShape): BlockTensorTrain {
  const name = "blockTensorTrain";
  const { ranks, inDims, outDims } = shape;
  if (inDims.length !== 2 || outDims.length !== 2)
    throw new ShapeError(
      `${name}: inDims and outDims must be two lengths each, got ${formatShape(inDims)} and ${formatShape(outDims)}`,
    );
  const [before, r, behind] = typeof ranks === "number" ? [1, ranks, 1] : (ranks as [number, number, number]);
  if (before !== 1 || behind !== 1 || !(Number.isInteger(r) && r >= 1))
    throw new ShapeError(`${name}: ranks must be r or [1, r, 1] with r >= 1, got ${String(ranks)}`);
  const [m0, m1] = inDims as readonly [number, number];
  const [n0, n1] = outDims as readonly [number, number];
  const expected = [
    [m1, m0, n0 * r],
    [n0, m1 * r, n1],
  ];
  expected.forEach((own, k) => {
    if (!cores[k] || !sameShape(cores[k].shape, own))
      throw new ShapeError(
        `${name}: core ${k} must have shape ${formatShape(own)}, got ${cores[k] ? formatShape(cores[k].shape) : "none"}`,
      );
  });
  return new BlockTensorTrain(cores);
}
