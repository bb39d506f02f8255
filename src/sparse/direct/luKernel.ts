// The sparse LU factorization, left-looking: each column solves a sparse triangular system with the columns before it,
// whose entries are found by a depth-first search, and then chooses its pivot.
// Source: Gilbert and Peierls, "Sparse partial pivoting in time proportional to arithmetic operations", SIAM Journal on
// Scientific and Statistical Computing 9 (1988).

import { DomainError } from "../../tensor/errors.ts";
import type { Pattern } from "../base/pattern.ts";
import { type Columns, divideBy, sizeAt, subtractColumn } from "../kernels/columns.ts";
import type { Width } from "../kernels/product.ts";

const NONE = -1;

/** P A Q = L U: row i of the product is row `rowOrder[i]` of A, column j is column `columnOrder[j]`. */
export interface LUColumns {
  readonly lower: Columns;
  readonly upper: Columns;
  readonly rowOrder: Int32Array;
  readonly columnOrder: Int32Array;
}

/** Columns that grow: arrays of twice the length where they are full. */
class GrowingColumns {
  indices: Int32Array;
  values: Float64Array;
  readonly indptr: Int32Array;
  count = 0;
  private readonly width: Width;

  constructor(n: number, width: Width, capacity: number) {
    this.width = width;
    this.indptr = new Int32Array(n + 1);
    this.indices = new Int32Array(capacity);
    this.values = new Float64Array(capacity * width);
  }

  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.indices.length) return;
    const capacity = Math.max(needed, 2 * this.indices.length);
    const indices = new Int32Array(capacity);
    indices.set(this.indices.subarray(0, this.count));
    const values = new Float64Array(capacity * this.width);
    values.set(this.values.subarray(0, this.count * this.width));
    this.indices = indices;
    this.values = values;
  }

  push(index: number, x: Float64Array, at: number): void {
    const { count, width } = this;
    this.indices[count] = index;
    this.values[width * count] = x[width * at];
    if (width === 2) this.values[2 * count + 1] = x[2 * at + 1];
    this.count++;
  }

  finish(n: number): Columns {
    const { width, indptr, count } = this;
    return {
      n,
      width,
      indptr,
      indices: this.indices.slice(0, count),
      values: this.values.slice(0, count * width),
    };
  }
}

/**
 * Factors a matrix given by columns (`pattern` is that of its transpose). The pivot of a column is its largest entry, or
 * the one on the diagonal where that is at least `threshold` times as large.
 *
 * @throws DomainError where a column has no pivot, naming it.
 */
export function luColumns(
  name: string,
  pattern: Pattern,
  columnOrder: Int32Array,
  threshold: number,
  width: Width,
  values: Float64Array,
): LUColumns {
  const n = pattern.rows;
  const lower = new GrowingColumns(n, width, 2 * pattern.nnz + n);
  const upper = new GrowingColumns(n, width, 2 * pattern.nnz + n);
  /** The column of L that a row became the pivot of. */
  const pivotOf = new Int32Array(n).fill(NONE);
  const rowOrder = new Int32Array(n);
  const x = new Float64Array(n * width);
  const mark = new Int32Array(n).fill(NONE);
  const reach = new Int32Array(n);
  const stack = new Int32Array(n);
  const place = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    const column = columnOrder[k];
    lower.reserve(n);
    upper.reserve(n);
    // Rows that the column reaches through columns of L, in topological order from `top` on.
    let top = n;
    for (let p = pattern.indptr[column]; p < pattern.indptr[column + 1]; p++) {
      const root = pattern.indices[p];
      if (mark[root] === k) continue;
      let depth = 0;
      stack[0] = root;
      mark[root] = k;
      place[0] = pivotOf[root] === NONE ? 0 : lower.indptr[pivotOf[root]] + 1;
      while (depth >= 0) {
        const j = pivotOf[stack[depth]];
        const end = j === NONE ? 0 : lower.indptr[j + 1];
        let child = NONE;
        while (place[depth] < end) {
          const i = lower.indices[place[depth]++];
          if (mark[i] !== k) {
            child = i;
            break;
          }
        }
        if (child === NONE) {
          reach[--top] = stack[depth--];
          continue;
        }
        mark[child] = k;
        stack[++depth] = child;
        place[depth] = pivotOf[child] === NONE ? 0 : lower.indptr[pivotOf[child]] + 1;
      }
    }
    for (let p = pattern.indptr[column]; p < pattern.indptr[column + 1]; p++) {
      const at = width * pattern.indices[p];
      x[at] = values[width * p];
      if (width === 2) x[at + 1] = values[2 * p + 1];
    }
    let best = NONE;
    let largest = 0;
    for (let s = top; s < n; s++) {
      const i = reach[s];
      const j = pivotOf[i];
      if (j === NONE) {
        const size = sizeAt(width, x, i);
        if (size > largest) {
          largest = size;
          best = i;
        }
        continue;
      }
      const re = x[width * i];
      const im = width === 2 ? x[2 * i + 1] : 0;
      upper.push(j, x, i);
      subtractColumn(width, lower.indices, lower.values, lower.indptr[j] + 1, lower.indptr[j + 1], re, im, x);
    }
    if (best === NONE || !(largest < Number.POSITIVE_INFINITY))
      throw new DomainError(
        `${name}: a is singular: column ${column} (number ${k} of ${n} in the order of elimination) has no pivot`,
      );
    if (pivotOf[column] === NONE && mark[column] === k && sizeAt(width, x, column) >= threshold * largest)
      best = column;
    pivotOf[best] = k;
    rowOrder[k] = best;
    upper.push(k, x, best);
    upper.indptr[k + 1] = upper.count;
    const pivot = width === 1 ? Float64Array.of(x[best]) : x.slice(2 * best, 2 * best + 2);
    lower.indices[lower.count] = best;
    lower.values[width * lower.count++] = 1;
    if (width === 2) lower.values[2 * lower.count - 1] = 0;
    for (let s = top; s < n; s++) {
      const i = reach[s];
      if (pivotOf[i] === NONE) {
        divideBy(width, pivot, 0, 1, x, i);
        if (x[width * i] !== 0 || (width === 2 && x[2 * i + 1] !== 0)) lower.push(i, x, i);
      }
      x[width * i] = 0;
      if (width === 2) x[2 * i + 1] = 0;
    }
    lower.indptr[k + 1] = lower.count;
  }
  const finished = lower.finish(n);
  for (let p = 0; p < finished.indices.length; p++) finished.indices[p] = pivotOf[finished.indices[p]];
  return { lower: finished, upper: upper.finish(n), rowOrder, columnOrder };
}
