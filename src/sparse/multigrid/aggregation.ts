// Strength of connection and aggregates: which unknowns become one unknown of the next coarser level.
// Source: Vaněk, Mandel and Brezina, "Algebraic multigrid by smoothed aggregation for second and fourth order elliptic
// problems", Computing 56 (1996).

import { Pattern } from "../base/pattern.ts";
import type { RealRows } from "../direct/incompleteKernel.ts";
import { diagonalPlaces } from "../direct/incompleteKernel.ts";

/** Neighbours of node i are entries `indptr[i]` to `indptr[i + 1]` of `indices`. */
interface Neighbours {
  readonly n: number;
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
}

/** Frobenius norms of the blocks of a matrix as a matrix: one node for `size` unknowns. */
function condense({ pattern, values }: RealRows, size: number): RealRows {
  if (size === 1) return { pattern, values: values.map(Math.abs) };
  const n = pattern.rows / size;
  const indptr = new Int32Array(n + 1);
  const indices: number[] = [];
  const sums: number[] = [];
  const place = new Int32Array(n).fill(-1);
  for (let node = 0; node < n; node++) {
    const start = indices.length;
    for (let p = pattern.indptr[node * size]; p < pattern.indptr[(node + 1) * size]; p++) {
      const other = Math.floor(pattern.indices[p] / size);
      if (place[other] < start) {
        place[other] = indices.length;
        indices.push(other);
        sums.push(0);
      }
      sums[place[other]] += values[p] * values[p];
    }
    indptr[node + 1] = indices.length;
  }
  // Turning round twice sorts.
  const unsorted = new Pattern(n, n, indptr, Int32Array.from(indices));
  const once = unsorted.transposed;
  const sorted = new Pattern(n, n, once.pattern.indptr, once.pattern.indices).transposed;
  return {
    pattern: sorted.pattern,
    values: Float64Array.from(sorted.order, (q) => Math.sqrt(sums[once.order[q]])),
  };
}

/** Nodes i ≠ j with |a[i, j]| >= θ √(|a[i, i]| |a[j, j]|). */
export function strongNeighbours(name: string, a: RealRows, theta: number, size: number): Neighbours {
  const { pattern, values } = condense(a, size);
  const { rows: n, indptr, indices } = pattern;
  const diagonal = diagonalPlaces(name, pattern);
  const starts = new Int32Array(n + 1);
  const kept = new Int32Array(pattern.nnz);
  let count = 0;
  for (let i = 0; i < n; i++) {
    for (let p = indptr[i]; p < indptr[i + 1]; p++) {
      const j = indices[p];
      if (j === i || values[p] === 0) continue;
      const scale = values[diagonal[i]] * values[diagonal[j]];
      if (values[p] * values[p] >= theta * theta * scale) kept[count++] = j;
    }
    starts[i + 1] = count;
  }
  return { n, indptr: starts, indices: kept.slice(0, count) };
}

/** The aggregate of each node, -1 for nodes without strong neighbours, and how many aggregates there are. */
export interface Aggregates {
  readonly count: number;
  readonly of: Int32Array;
}

const NONE = -1;

/** Standard aggregation, in three passes over the nodes. O(nnz). */
export function aggregate({ n, indptr, indices }: Neighbours): Aggregates {
  const of = new Int32Array(n).fill(NONE);
  let count = 0;
  // Whole neighbourhoods that nothing has been taken from.
  for (let i = 0; i < n; i++) {
    if (of[i] !== NONE || indptr[i] === indptr[i + 1]) continue;
    let isFree = true;
    for (let p = indptr[i]; isFree && p < indptr[i + 1]; p++) isFree = of[indices[p]] === NONE;
    if (!isFree) continue;
    of[i] = count;
    for (let p = indptr[i]; p < indptr[i + 1]; p++) of[indices[p]] = count;
    count++;
  }
  // What is left goes to a neighbouring aggregate of the first pass.
  const first = of.slice();
  for (let i = 0; i < n; i++)
    for (let p = indptr[i]; of[i] === NONE && p < indptr[i + 1]; p++) of[i] = first[indices[p]];
  // And the rest among itself.
  for (let i = 0; i < n; i++) {
    if (of[i] !== NONE || indptr[i] === indptr[i + 1]) continue;
    of[i] = count;
    for (let p = indptr[i]; p < indptr[i + 1]; p++) if (of[indices[p]] === NONE) of[indices[p]] = count;
    count++;
  }
  return { count, of };
}
