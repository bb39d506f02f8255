// Where the entries of a sparse matrix lie: compressed rows, with what is derived from them kept.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";

/** A pattern and, for each of its entries, the entry of the original pattern that moves there. */
export interface MovedPattern {
  readonly pattern: Pattern;
  readonly order: Int32Array;
}

/**
 * The places of the entries of a matrix, row by row with ascending columns and none twice. Immutable: matrices of
 * different values share it, and with it all that is computed from the places alone.
 */
export class Pattern {
  readonly rows: number;
  readonly columns: number;
  /** Entries of row i are those from `indptr[i]` to `indptr[i + 1]`. */
  readonly indptr: Int32Array;
  /** The column of each entry. */
  readonly indices: Int32Array;
  #rowOf: Int32Array | undefined;
  #transposed: MovedPattern | undefined;

  /** Takes arrays that are in order; `checkedPattern` is the door for others. */
  constructor(rows: number, columns: number, indptr: Int32Array, indices: Int32Array) {
    this.rows = rows;
    this.columns = columns;
    this.indptr = indptr;
    this.indices = indices;
  }

  /** Number of stored entries. */
  get nnz(): number {
    return this.indices.length;
  }

  /** The row of each entry. */
  get rowOf(): Int32Array {
    if (!this.#rowOf) {
      const rowOf = new Int32Array(this.nnz);
      for (let i = 0; i < this.rows; i++) rowOf.fill(i, this.indptr[i], this.indptr[i + 1]);
      this.#rowOf = rowOf;
    }
    return this.#rowOf;
  }

  /** The pattern of the transpose, by a counting sort in O(nnz + rows + columns); computed once. */
  get transposed(): MovedPattern {
    if (!this.#transposed) {
      const { rows, columns, indptr, indices, nnz } = this;
      const starts = new Int32Array(columns + 1);
      for (let p = 0; p < nnz; p++) starts[indices[p] + 1]++;
      for (let j = 0; j < columns; j++) starts[j + 1] += starts[j];
      const next = starts.slice();
      const order = new Int32Array(nnz);
      const turned = new Int32Array(nnz);
      const back = new Int32Array(nnz);
      for (let i = 0; i < rows; i++)
        for (let p = indptr[i]; p < indptr[i + 1]; p++) {
          const q = next[indices[p]]++;
          order[q] = p;
          back[p] = q;
          turned[q] = i;
        }
      const pattern = new Pattern(columns, rows, starts, turned);
      pattern.#transposed = { pattern: this, order: back };
      this.#transposed = { pattern, order };
    }
    return this.#transposed;
  }

  /** The position of entry (i, j) among the entries, -1 where there is none; O(log of the row's length). */
  find(i: number, j: number): number {
    let low = this.indptr[i];
    let high = this.indptr[i + 1] - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = this.indices[middle];
      if (at === j) return middle;
      if (at < j) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/** The largest number of rows, columns and entries: positions are 32-bit integers. */
const LIMIT = 2 ** 31 - 1;

/** Throws ShapeError unless both lengths are integers from 0 to 2³¹ − 1. */
export function checkLengths(name: string, shape: readonly number[]): void {
  if (shape.length !== 2 || !shape.every((n) => Number.isInteger(n) && n >= 0 && n <= LIMIT))
    throw new ShapeError(`${name}: shape must be two integers from 0 to 2^31 - 1, got ${formatShape(shape)}`);
}

/** Integers given as numbers or as a typed array, as 32-bit ones of their own memory. Throws DomainError for others. */
export function integers(what: string, values: ArrayLike<number>): Int32Array {
  const result = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(Number.isInteger(value) && Math.abs(value) <= LIMIT))
      throw new DomainError(`${what}: 32-bit integers were expected, got ${value} at ${i}`);
    result[i] = value;
  }
  return result;
}

/** Throws DomainError for an index outside 0 … length - 1. */
export function checkRange(what: string, indices: Int32Array, length: number): void {
  for (let p = 0; p < indices.length; p++)
    if (!(indices[p] >= 0 && indices[p] < length))
      throw new DomainError(`${what}: index ${indices[p]} at ${p} is out of range for length ${length}`);
}

/**
 * A pattern from arrays of a caller. `line` is what the compressed lines are called. Throws ShapeError for an indptr that
 * does not fit, DomainError for indices out of range, unsorted or repeated.
 */
export function checkedPattern(
  name: string,
  line: "row" | "column",
  rows: number,
  columns: number,
  starts: ArrayLike<number>,
  positions: ArrayLike<number>,
): Pattern {
  const indptr = integers(`${name}: indptr`, starts);
  const indices = integers(`${name}: indices`, positions);
  if (indptr.length !== rows + 1)
    throw new ShapeError(`${name}: indptr must have ${rows + 1} entries, got ${indptr.length}`);
  if (indptr[0] !== 0 || indptr[rows] !== indices.length)
    throw new ShapeError(
      `${name}: indptr must run from 0 to the ${indices.length} indices, got ${indptr[0]} to ${indptr[rows]}`,
    );
  for (let i = 0; i < rows; i++)
    if (indptr[i + 1] < indptr[i])
      throw new ShapeError(`${name}: indptr must not descend, got ${indptr[i]}, ${indptr[i + 1]} at ${i}`);
  checkRange(`${name}: indices`, indices, columns);
  for (let i = 0; i < rows; i++)
    for (let p = indptr[i] + 1; p < indptr[i + 1]; p++)
      if (indices[p] <= indices[p - 1])
        throw new DomainError(
          `${name}: indices of ${line} ${i} must ascend without repetition, got ${indices[p - 1]}, ${indices[p]}; coo() sorts and sums`,
        );
  return new Pattern(rows, columns, indptr, indices);
}

/**
 * The pattern of entries at (rowIndices[p], columnIndices[p]) in any order, and the entry of the pattern that each of
 * them belongs to: several share one where a place repeats. O(nnz + rows + columns).
 */
export function compress(
  rows: number,
  columns: number,
  rowIndices: Int32Array,
  columnIndices: Int32Array,
): { readonly pattern: Pattern; readonly target: Int32Array } {
  const count = rowIndices.length;
  // Two stable counting sorts: by column, then by row.
  const byColumn = sortedBy(columnIndices, columns);
  const order = sortedBy(rowIndices, rows, byColumn);
  const indptr = new Int32Array(rows + 1);
  const indices = new Int32Array(count);
  const target = new Int32Array(count);
  let nnz = 0;
  let lastRow = -1;
  for (let s = 0; s < count; s++) {
    const p = order[s];
    const i = rowIndices[p];
    const j = columnIndices[p];
    if (i !== lastRow || indices[nnz - 1] !== j) {
      indices[nnz++] = j;
      indptr[i + 1]++;
      lastRow = i;
    }
    target[p] = nnz - 1;
  }
  for (let i = 0; i < rows; i++) indptr[i + 1] += indptr[i];
  return { pattern: new Pattern(rows, columns, indptr, indices.slice(0, nnz)), target };
}

/** Positions in ascending order of their keys, ties in the order given (that of the positions unless told). */
function sortedBy(keys: Int32Array, length: number, given?: Int32Array): Int32Array {
  const next = new Int32Array(length + 1);
  for (let p = 0; p < keys.length; p++) next[keys[p] + 1]++;
  for (let k = 0; k < length; k++) next[k + 1] += next[k];
  const order = new Int32Array(keys.length);
  for (let s = 0; s < keys.length; s++) {
    const p = given ? given[s] : s;
    order[next[keys[p]]++] = p;
  }
  return order;
}

/** Whether order is 0, 1, 2 …: nothing moves. */
export function isIdentity(order: Int32Array, length: number): boolean {
  if (order.length !== length) return false;
  for (let i = 0; i < length; i++) if (order[i] !== i) return false;
  return true;
}
