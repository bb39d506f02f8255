// The undirected graph of a matrix: what orderings and aggregation look at.

import { Pattern } from "../base/pattern.ts";
import { productPattern } from "../kernels/gustavson.ts";

/** Neighbours of node i are `indices[indptr[i]]` to `indices[indptr[i + 1] - 1]`, without i itself. */
export interface Graph {
  readonly n: number;
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
}

/** The graph of A + Aᵀ for a square pattern. O(nnz). */
export function symmetricGraph(pattern: Pattern): Graph {
  const n = pattern.rows;
  const { pattern: turned } = pattern.transposed;
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(2 * pattern.nnz);
  const mark = new Int32Array(n).fill(-1);
  let at = 0;
  for (let i = 0; i < n; i++) {
    mark[i] = i;
    for (const { indptr: starts, indices: columns } of [pattern, turned])
      for (let p = starts[i]; p < starts[i + 1]; p++) {
        const j = columns[p];
        if (mark[j] === i) continue;
        mark[j] = i;
        indices[at++] = j;
      }
    indptr[i + 1] = at;
  }
  return { n, indptr, indices: indices.slice(0, at) };
}

/**
 * The graph of AᵀA, in which rows that are nearly full do not count: what any choice of pivots in the rows may fill.
 */
export function columnGraph(pattern: Pattern): Graph {
  const { rows, columns, indptr, indices } = pattern;
  const limit = denseLimit(columns);
  const starts = new Int32Array(rows + 1);
  const kept = new Int32Array(pattern.nnz);
  for (let i = 0; i < rows; i++) {
    const length = indptr[i + 1] - indptr[i];
    starts[i + 1] = starts[i];
    if (length > limit) continue;
    kept.set(indices.subarray(indptr[i], indptr[i + 1]), starts[i]);
    starts[i + 1] += length;
  }
  const sparse = new Pattern(rows, columns, starts, kept.slice(0, starts[rows]));
  return symmetricGraph(productPattern(sparse.transposed.pattern, sparse));
}

/** More neighbours than this make a node dense: it is ordered last. */
export const denseLimit = (n: number): number => Math.max(16, Math.floor(10 * Math.sqrt(n)));
