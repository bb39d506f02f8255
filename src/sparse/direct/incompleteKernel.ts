// Incomplete factorizations of real matrices by rows.
// Source: Saad, "Iterative methods for sparse linear systems" (2nd ed., 2003), chapter 10; shifts: Manteuffel, "An incomplete
// factorization technique for positive definite linear systems" (1980).

import { DomainError } from "../../tensor/errors.ts";
import { Pattern } from "../base/pattern.ts";

/** A matrix by rows with its values in float64. */
export interface RealRows {
  readonly pattern: Pattern;
  readonly values: Float64Array;
}

/** The position of the diagonal entry of each row. Throws DomainError where one is not stored. */
export function diagonalPlaces(name: string, pattern: Pattern): Int32Array {
  const places = new Int32Array(pattern.rows);
  for (let i = 0; i < pattern.rows; i++) {
    places[i] = pattern.find(i, i);
    if (places[i] < 0) throw new DomainError(`${name}: diagonal entry ${i} of a is not stored`);
  }
  return places;
}

/** L U on the places of A, L with unit diagonal, both in one array. Throws DomainError for a pivot that is zero. */
export function incompleteLU(name: string, { pattern, values }: RealRows): Float64Array {
  const { rows: n, indptr, indices } = pattern;
  const diagonal = diagonalPlaces(name, pattern);
  const lu = values.slice();
  const place = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) {
    for (let p = indptr[i]; p < indptr[i + 1]; p++) place[indices[p]] = p;
    for (let p = indptr[i]; p < diagonal[i]; p++) {
      const k = indices[p];
      const factor = lu[p] / lu[diagonal[k]];
      lu[p] = factor;
      for (let q = diagonal[k] + 1; q < indptr[k + 1]; q++) {
        const at = place[indices[q]];
        if (at >= 0) lu[at] -= factor * lu[q];
      }
    }
    if (lu[diagonal[i]] === 0 || !Number.isFinite(lu[diagonal[i]]))
      throw new DomainError(`${name}: pivot ${i} of ${n} is zero`);
    for (let p = indptr[i]; p < indptr[i + 1]; p++) place[indices[p]] = -1;
  }
  return lu;
}

/**
 * L with L Lᵀ close to A + shift · diag(A), on the lower triangle of A (`pattern`, diagonal last in each row). Returns the
 * first pivot that is not positive instead where there is one.
 */
export function incompleteCholesky({ pattern, values }: RealRows, shift: number): Float64Array | number {
  const { rows: n, indptr, indices } = pattern;
  const l = values.slice();
  const place = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) {
    const last = indptr[i + 1] - 1;
    for (let p = indptr[i]; p <= last; p++) place[indices[p]] = p;
    let pivot = l[last] * (1 + shift);
    for (let p = indptr[i]; p < last; p++) {
      const k = indices[p];
      const end = indptr[k + 1] - 1;
      let sum = l[p];
      for (let q = indptr[k]; q < end; q++) {
        const at = place[indices[q]];
        if (at >= 0) sum -= l[at] * l[q];
      }
      l[p] = sum / l[end];
      pivot -= l[p] * l[p];
    }
    if (!(pivot > 0)) return i;
    l[last] = Math.sqrt(pivot);
    for (let p = indptr[i]; p <= last; p++) place[indices[p]] = -1;
  }
  return l;
}

/** Rows that grow one after the other. */
class RowBuilder {
  readonly indptr: Int32Array;
  private indices: Int32Array;
  private values: Float64Array;
  private count = 0;
  private readonly n: number;

  constructor(n: number, capacity: number) {
    this.n = n;
    this.indptr = new Int32Array(n + 1);
    this.indices = new Int32Array(capacity);
    this.values = new Float64Array(capacity);
  }

  push(j: number, value: number): void {
    if (this.count === this.indices.length) {
      const [indices, values] = [this.indices, this.values];
      this.indices = new Int32Array(2 * this.count + 16);
      this.values = new Float64Array(2 * this.count + 16);
      this.indices.set(indices);
      this.values.set(values);
    }
    this.indices[this.count] = j;
    this.values[this.count++] = value;
  }

  endRow(i: number): void {
    this.indptr[i + 1] = this.count;
  }

  column(p: number): number {
    return this.indices[p];
  }

  value(p: number): number {
    return this.values[p];
  }

  finish(): RealRows {
    const { n, indptr, count } = this;
    return {
      pattern: new Pattern(n, n, indptr, this.indices.slice(0, count)),
      values: this.values.slice(0, count),
    };
  }
}

/** A heap of column numbers, the smallest on top. */
class ColumnHeap {
  private readonly items: Int32Array;
  size = 0;

  constructor(capacity: number) {
    this.items = new Int32Array(capacity);
  }

  push(column: number): void {
    const { items } = this;
    let at = this.size++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (items[up] <= column) break;
      items[at] = items[up];
      at = up;
    }
    items[at] = column;
  }

  pop(): number {
    const { items } = this;
    const top = items[0];
    const moved = items[--this.size];
    let at = 0;
    for (let child = 1; child < this.size; child = 2 * at + 1) {
      if (child + 1 < this.size && items[child + 1] < items[child]) child++;
      if (items[child] >= moved) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = moved;
    return top;
  }
}

/**
 * Incomplete LU with two thresholds: entries below `tolerance` times the norm of their row are dropped, and of the rest at
 * most `most` to either side of the diagonal are kept. L strictly lower, U with its diagonal first in each row.
 */
export function thresholdLU(
  name: string,
  { pattern, values }: RealRows,
  tolerance: number,
  most: number,
): { readonly lower: RealRows; readonly upper: RealRows } {
  const { rows: n, indptr, indices } = pattern;
  const lower = new RowBuilder(n, pattern.nnz);
  const upper = new RowBuilder(n, pattern.nnz + n);
  const w = new Float64Array(n);
  // Entries left of the diagonal count as they were before they were divided by their pivot: alike on either side.
  const size = new Float64Array(n);
  const isThere = new Uint8Array(n);
  const heap = new ColumnHeap(n);
  for (let i = 0; i < n; i++) {
    let norm = 0;
    const right: number[] = [];
    const left: number[] = [];
    const touch = (j: number): void => {
      isThere[j] = 1;
      if (j < i) heap.push(j);
      else right.push(j);
    };
    touch(i);
    for (let p = indptr[i]; p < indptr[i + 1]; p++) {
      const j = indices[p];
      if (!isThere[j]) touch(j);
      w[j] = values[p];
      norm += values[p] * values[p];
    }
    const least = tolerance * Math.sqrt(norm);
    while (heap.size > 0) {
      const k = heap.pop();
      const pivotPlace = upper.indptr[k];
      const factor = w[k] / upper.value(pivotPlace);
      size[k] = Math.abs(w[k]);
      if (size[k] < least || factor === 0) {
        w[k] = 0;
        isThere[k] = 0;
        continue;
      }
      w[k] = factor;
      left.push(k);
      for (let p = pivotPlace + 1; p < upper.indptr[k + 1]; p++) {
        const j = upper.column(p);
        if (!isThere[j]) touch(j);
        w[j] -= factor * upper.value(p);
      }
    }
    const kept = (columns: number[]): number[] => {
      const large = columns.filter((j) => size[j] >= least && w[j] !== 0);
      if (large.length > most) {
        large.sort((a, b) => size[b] - size[a] || a - b);
        large.length = most;
      }
      return large.sort((a, b) => a - b);
    };
    for (const j of right) size[j] = Math.abs(w[j]);
    for (const j of kept(left)) lower.push(j, w[j]);
    lower.endRow(i);
    if (w[i] === 0 || !Number.isFinite(w[i])) throw new DomainError(`${name}: pivot ${i} of ${n} is zero`);
    upper.push(i, w[i]);
    for (const j of kept(right.filter((column) => column !== i))) upper.push(j, w[j]);
    upper.endRow(i);
    for (const j of left) w[j] = isThere[j] = 0;
    for (const j of right) w[j] = isThere[j] = 0;
  }
  return { lower: lower.finish(), upper: upper.finish() };
}
