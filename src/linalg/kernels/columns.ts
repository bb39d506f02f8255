// Bases stored as columns, as both divide-and-conquer methods rearrange and combine them.
import { multiply } from "./vector.ts";

/** A column-major matrix, or block of one: column 0 starts at entry `at`, columns are `ld` entries apart. */
export interface Basis {
  readonly data: Float64Array;
  readonly at: number;
  readonly ld: number;
  readonly rows: number;
}

/** Sorts d[first … first + n − 1] ascending together with the first n columns of the bases. */
export function sortColumns(
  d: Float64Array,
  first: number,
  n: number,
  bases: readonly Basis[],
  spare: Float64Array,
): void {
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => d[first + a] - d[first + b]);
  if (order.every((from, to) => from === to)) return;
  const values = Float64Array.from(order, (i) => d[first + i]);
  for (const { data, at, ld, rows } of bases) {
    order.forEach((from, to) => {
      spare.set(data.subarray(at + from * ld, at + from * ld + rows), to * rows);
    });
    for (let j = 0; j < n; j++) data.set(spare.subarray(j * rows, (j + 1) * rows), at + j * ld);
  }
  d.set(values, first);
}

/** Rows in which a column of a basis made of two diagonal blocks is not zero. */
export const UPPER = 0;
export const BOTH = 1;
export const LOWER = 2;

/** An order of columns in which those of the upper rows only come first and those of the lower rows only last. */
export interface Groups {
  /** Position in the list of columns for each place in the order. */
  readonly place: readonly number[];
  /** Places before this one have entries in the upper rows. */
  readonly upperEnd: number;
  /** Places from this one on have entries in the lower rows. */
  readonly lowerStart: number;
}

export function groupColumns(kind: Uint8Array, columns: readonly number[]): Groups {
  const place = Array.from(columns, (_, i) => i).sort((a, b) => kind[columns[a]!]! - kind[columns[b]!]!);
  const upperEnd = place.filter((i) => kind[columns[i]!] !== LOWER).length;
  const lowerStart = place.filter((i) => kind[columns[i]!] === UPPER).length;
  return { place, upperEnd, lowerStart };
}

/**
 * Replaces the k given columns by their combinations with the column-major k x k matrix S, whose rows stand in the
 * order of the groups: one product for the rows above `split` and one for those below, without the zero columns.
 * O(rows k²).
 */
export function mixColumns(
  basis: Basis,
  split: number,
  groups: Groups,
  columns: readonly number[],
  s: Float64Array,
  spare: Float64Array,
): void {
  const { data, at, ld, rows } = basis;
  const { place, upperEnd, lowerStart } = groups;
  const k = columns.length;
  const below = rows - split;
  const upper = spare.subarray(0, split * upperEnd);
  const lower = spare.subarray(split * upperEnd, split * upperEnd + below * (k - lowerStart));
  for (let p = 0; p < k; p++) {
    const column = at + columns[place[p]!]! * ld;
    if (p < upperEnd) upper.set(data.subarray(column, column + split), p * split);
    if (p >= lowerStart) lower.set(data.subarray(column + split, column + rows), (p - lowerStart) * below);
  }
  const product = new Float64Array(rows * k);
  multiply(
    1,
    split,
    k,
    upperEnd,
    { data: upper, offset: 0, ld: split },
    { data: s, offset: 0, ld: k },
    { data: product, offset: 0, ld: rows },
  );
  multiply(
    1,
    below,
    k,
    k - lowerStart,
    { data: lower, offset: 0, ld: below },
    { data: s, offset: lowerStart, ld: k },
    { data: product, offset: split, ld: rows },
  );
  for (let i = 0; i < k; i++) data.set(product.subarray(i * rows, (i + 1) * rows), at + columns[i]! * ld);
}
