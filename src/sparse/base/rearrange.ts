// Sums, selections and rearrangements of matrices by rows: the places are computed once, values only move.

import type { Tensor } from "../../tensor/tensor.ts";
import { pick, spread } from "./moves.ts";
import { compress, Pattern } from "./pattern.ts";
import { PairMemory } from "./sparseProduct.ts";
import type { Rows } from "./structure.ts";

interface Union {
  readonly pattern: Pattern;
  /** Where the entries of either matrix go. */
  readonly first: Int32Array;
  readonly second: Int32Array;
}

const unions = new PairMemory<Union>();

/** Merges two patterns of one shape, row by row. */
function unite(a: Pattern, b: Pattern): Union {
  const indptr = new Int32Array(a.rows + 1);
  const indices = new Int32Array(a.nnz + b.nnz);
  const first = new Int32Array(a.nnz);
  const second = new Int32Array(b.nnz);
  let at = 0;
  for (let i = 0; i < a.rows; i++) {
    let p = a.indptr[i];
    let q = b.indptr[i];
    const pEnd = a.indptr[i + 1];
    const qEnd = b.indptr[i + 1];
    while (p < pEnd || q < qEnd) {
      const j = p < pEnd ? a.indices[p] : a.columns;
      const k = q < qEnd ? b.indices[q] : b.columns;
      if (j <= k) first[p++] = at;
      if (k <= j) second[q++] = at;
      indices[at++] = Math.min(j, k);
    }
    indptr[i + 1] = at;
  }
  return { pattern: new Pattern(a.rows, a.columns, indptr, indices.slice(0, at)), first, second };
}

/** a + b of matrices of one shape and dtype. O(nnz). */
export function addRows(a: Rows, b: Rows): Rows {
  if (a.pattern === b.pattern) return { pattern: a.pattern, values: a.values.add(b.values) };
  const { pattern, first, second } = unions.get(a.pattern, b.pattern, () => unite(a.pattern, b.pattern));
  const left = spread(a.values, first, pattern.nnz);
  return { pattern, values: left.add(spread(b.values, second, pattern.nnz)) };
}

/** Only the entries that a condition on their place keeps. O(nnz). */
export function filterRows({ pattern, values }: Rows, keep: (i: number, j: number) => boolean): Rows {
  const { rows, columns, indices, rowOf, nnz } = pattern;
  const order = new Int32Array(nnz);
  const indptr = new Int32Array(rows + 1);
  let count = 0;
  for (let p = 0; p < nnz; p++)
    if (keep(rowOf[p], indices[p])) {
      order[count++] = p;
      indptr[rowOf[p] + 1]++;
    }
  for (let i = 0; i < rows; i++) indptr[i + 1] += indptr[i];
  const kept = order.slice(0, count);
  return {
    pattern: new Pattern(
      rows,
      columns,
      indptr,
      kept.map((p) => indices[p]),
    ),
    values: pick(values, kept),
  };
}

/** The entries of chosen rows and columns, which may repeat: result[s, t] = a[rowList[s], columnList[t]]. */
export function selectRows({ pattern, values }: Rows, rowList: Int32Array, columnList: Int32Array): Rows {
  // Places of each column in the list, as chains.
  const head = new Int32Array(pattern.columns).fill(-1);
  const next = new Int32Array(columnList.length);
  for (let t = columnList.length - 1; t >= 0; t--) {
    next[t] = head[columnList[t]];
    head[columnList[t]] = t;
  }
  const isAscending = columnList.every((j, t) => t === 0 || columnList[t - 1] <= j);
  const order: number[] = [];
  const targets: number[] = [];
  const indptr = new Int32Array(rowList.length + 1);
  for (let s = 0; s < rowList.length; s++) {
    const i = rowList[s];
    for (let p = pattern.indptr[i]; p < pattern.indptr[i + 1]; p++)
      for (let t = head[pattern.indices[p]]; t >= 0; t = next[t]) {
        order.push(p);
        targets.push(t);
      }
    indptr[s + 1] = order.length;
  }
  const positions = Int32Array.from(order);
  const indices = Int32Array.from(targets);
  if (isAscending)
    return {
      pattern: new Pattern(rowList.length, columnList.length, indptr, indices),
      values: pick(values, positions),
    };
  const rowOf = new Pattern(rowList.length, columnList.length, indptr, indices).rowOf;
  return gathered(rowList.length, columnList.length, rowOf, indices, values, positions);
}

/** A matrix whose entry at (rowIndices[s], columnIndices[s]) is `values[order[s]]`; no place may repeat. */
export function gathered(
  rows: number,
  columns: number,
  rowIndices: Int32Array,
  columnIndices: Int32Array,
  values: Tensor,
  order: Int32Array,
): Rows {
  const { pattern, target } = compress(rows, columns, rowIndices, columnIndices);
  const sorted = new Int32Array(order.length);
  for (let s = 0; s < order.length; s++) sorted[target[s]] = order[s];
  return { pattern, values: pick(values, sorted) };
}

/** The entries on a diagonal, zeros where nothing is stored: `[length]`. */
export function diagonalOf({ pattern, values }: Rows, k: number): Tensor {
  const { rows, columns } = pattern;
  const length = Math.max(0, Math.min(rows + Math.min(k, 0), columns - Math.max(k, 0)));
  const first = Math.max(0, -k);
  const order: number[] = [];
  const target: number[] = [];
  for (let d = 0; d < length; d++) {
    const p = pattern.find(first + d, first + d + k);
    if (p < 0) continue;
    order.push(p);
    target.push(d);
  }
  return spread(pick(values, Int32Array.from(order)), Int32Array.from(target), length);
}
