// What a partition of a graph's nodes is worth: modularity by its edges, entropy by its labels.

import type { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import type { RealRows } from "../sparse/direct/incompleteKernel.ts";
import { isInteger } from "../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkedAdjacency } from "./adjacency.ts";

/** Throws DTypeError or ShapeError unless x holds integers `[n]`, or `[n, k]` where `ndim` is 2. */
export function checkIntegers(what: string, x: Tensor, n: number, ndim: 1 | 2): void {
  if (!isInteger(x.dtype)) throw new DTypeError(`${what}: integers were expected, got ${x.dtype}`);
  if (x.ndim !== ndim || x.shape[0] !== n)
    throw new ShapeError(
      `${what}: shape [${n}${ndim === 2 ? ", kinds" : ""}] was expected, got ${formatShape(x.shape)}`,
    );
}

/** Distinct values numbered by their first occurrence. */
export function numbered(values: Iterable<number>): { readonly of: Int32Array; readonly count: number } {
  const codes = new Map<number, number>();
  const of = Int32Array.from(values, (value) => {
    const code = codes.get(value) ?? codes.size;
    codes.set(value, code);
    return code;
  });
  return { of, count: codes.size };
}

/**
 * Modularity of a partition: the share of the weight of edges inside of clusters, less what it would be if edges met by the
 * degrees of their ends alone. From −1/2 to 1; 0 for one cluster of all. Loops do not count; a graph without edges has 0.
 * O(nodes + edges).
 *
 * Source: Newman and Girvan, "Finding and evaluating community structure in networks", Physical Review E 69 (2004).
 *
 * @throws DTypeError, ShapeError or DomainError for a matrix that is no undirected weighted graph; DTypeError and ShapeError
 * unless labels are integers `[n]`.
 */
export function modularity(adjacency: SparseMatrix, labels: Tensor): number {
  const rows = checkedAdjacency("modularity", adjacency);
  checkIntegers("modularity: labels", labels, rows.pattern.rows, 1);
  const { of, count } = numbered(labels.data());
  return modularityOf(rows, of, count);
}

/** Modularity of a partition into `count` clusters. */
export function modularityOf({ pattern, values }: RealRows, of: Int32Array, count: number): number {
  const degrees = new Float64Array(count);
  let total = 0;
  let inside = 0;
  for (let i = 0; i < pattern.rows; i++)
    for (let p = pattern.indptr[i]!; p < pattern.indptr[i + 1]!; p++) {
      const weight = values[p]!;
      total += weight;
      degrees[of[i]!]! += weight;
      if (of[i] === of[pattern.indices[p]!]) inside += weight;
    }
  if (total === 0) return 0;
  return degrees.reduce((sum, degree) => sum - (degree / total) ** 2, inside / total);
}

/**
 * Entropy of labels inside of clusters, in bits: for each label kind and cluster −Σ p log₂ p over the shares p of the values,
 * the mean over clusters (weighted by their sizes) and kinds. 0 where clusters agree in all labels. `clusters` are integers
 * `[n]`, `labels` `[n, kinds]`. O(n kinds).
 *
 * Source: Zhou, Cheng and Yu, "Graph clustering based on structural/attribute similarities", VLDB (2009).
 *
 * @throws DTypeError for what is no integer; ShapeError for shapes that do not fit.
 */
export function labelEntropy(clusters: Tensor, labels: Tensor): number {
  const n = clusters.shape[0] ?? 0;
  checkIntegers("labelEntropy: clusters", clusters, n, 1);
  checkIntegers("labelEntropy: labels", labels, n, 2);
  const kinds = labels.shape[1]!;
  if (n === 0 || kinds === 0)
    throw new ShapeError(
      `labelEntropy: labels: at least one node and kind were expected, got ${formatShape(labels.shape)}`,
    );
  const own = numbered(clusters.data());
  const values = labels.data();
  let sum = 0;
  for (let kind = 0; kind < kinds; kind++) {
    const label = numbered(Int32Array.from({ length: n }, (_, i) => values[i * kinds + kind]!));
    const counts = new Float64Array(own.count * label.count);
    const sizes = new Float64Array(own.count);
    for (let i = 0; i < n; i++) {
      counts[own.of[i]! * label.count + label.of[i]!]!++;
      sizes[own.of[i]!]!++;
    }
    counts.forEach((count, cell) => {
      if (count > 0) sum -= (count / n) * Math.log2(count / sizes[Math.floor(cell / label.count)]!);
    });
  }
  return sum / kinds;
}
