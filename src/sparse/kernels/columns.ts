// What direct solvers do with one sparse column at a time, for real (width 1) and complex (width 2) numbers.

import type { Width } from "./product.ts";

/** x[rows[p]] -= values[p] · (re + i im) for entries from … to. */
export function subtractColumn(
  width: Width,
  rows: Int32Array,
  values: Float64Array,
  from: number,
  to: number,
  re: number,
  im: number,
  x: Float64Array,
): void {
  if (width === 1) {
    for (let p = from; p < to; p++) x[rows[p]] -= values[p] * re;
    return;
  }
  for (let p = from; p < to; p++) {
    const at = 2 * rows[p];
    x[at] -= values[2 * p] * re - values[2 * p + 1] * im;
    x[at + 1] -= values[2 * p] * im + values[2 * p + 1] * re;
  }
}

/** x[at] -= Σ values[p] x[rows[p]], with conjugated values where `sign` is -1. */
export function subtractDot(
  width: Width,
  rows: Int32Array,
  values: Float64Array,
  from: number,
  to: number,
  sign: 1 | -1,
  x: Float64Array,
  at: number,
): void {
  if (width === 1) {
    let sum = 0;
    for (let p = from; p < to; p++) sum += values[p] * x[rows[p]];
    x[at] -= sum;
    return;
  }
  let re = 0;
  let im = 0;
  for (let p = from; p < to; p++) {
    const xr = x[2 * rows[p]];
    const xi = x[2 * rows[p] + 1];
    const vi = sign * values[2 * p + 1];
    re += values[2 * p] * xr - vi * xi;
    im += values[2 * p] * xi + vi * xr;
  }
  x[2 * at] -= re;
  x[2 * at + 1] -= im;
}

/** x[at] /= values[p], which is conjugated where `sign` is -1. */
export function divideBy(
  width: Width,
  values: Float64Array,
  p: number,
  sign: 1 | -1,
  x: Float64Array,
  at: number,
): void {
  if (width === 1) {
    x[at] /= values[p];
    return;
  }
  const re = values[2 * p];
  const im = sign * values[2 * p + 1];
  // Scaled by the larger part, so that squares neither overflow nor vanish.
  const size = Math.max(Math.abs(re), Math.abs(im));
  const c = re / size;
  const s = im / size;
  const norm = (c * c + s * s) * size;
  const xr = x[2 * at];
  const xi = x[2 * at + 1];
  x[2 * at] = (xr * c + xi * s) / norm;
  x[2 * at + 1] = (xi * c - xr * s) / norm;
}

/** |values[p]| */
export const sizeAt = (width: Width, values: Float64Array, p: number): number =>
  width === 1 ? Math.abs(values[p]) : Math.hypot(values[2 * p], values[2 * p + 1]);

/** A triangular factor by columns; the diagonal is the first entry of a column of L and the last one of U. */
export interface Columns {
  readonly n: number;
  readonly width: Width;
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

/** L x = b in place. */
export function solveLower({ n, width, indptr, indices, values }: Columns, x: Float64Array): void {
  for (let j = 0; j < n; j++) {
    divideBy(width, values, indptr[j], 1, x, j);
    const re = x[width * j];
    const im = width === 2 ? x[2 * j + 1] : 0;
    if (re !== 0 || im !== 0) subtractColumn(width, indices, values, indptr[j] + 1, indptr[j + 1], re, im, x);
  }
}

/** Lᵀ x = b in place, Lᴴ x = b where `sign` is -1. */
export function solveLowerTransposed(
  { n, width, indptr, indices, values }: Columns,
  sign: 1 | -1,
  x: Float64Array,
): void {
  for (let j = n - 1; j >= 0; j--) {
    subtractDot(width, indices, values, indptr[j] + 1, indptr[j + 1], sign, x, j);
    divideBy(width, values, indptr[j], sign, x, j);
  }
}

/** U x = b in place. */
export function solveUpper({ n, width, indptr, indices, values }: Columns, x: Float64Array): void {
  for (let j = n - 1; j >= 0; j--) {
    const diagonal = indptr[j + 1] - 1;
    divideBy(width, values, diagonal, 1, x, j);
    const re = x[width * j];
    const im = width === 2 ? x[2 * j + 1] : 0;
    if (re !== 0 || im !== 0) subtractColumn(width, indices, values, indptr[j], diagonal, re, im, x);
  }
}

/** Uᵀ x = b in place. */
export function solveUpperTransposed({ n, width, indptr, indices, values }: Columns, x: Float64Array): void {
  for (let j = 0; j < n; j++) {
    const diagonal = indptr[j + 1] - 1;
    subtractDot(width, indices, values, indptr[j], diagonal, 1, x, j);
    divideBy(width, values, diagonal, 1, x, j);
  }
}
