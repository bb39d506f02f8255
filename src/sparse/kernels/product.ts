// Loops over the entries of a sparse matrix against dense columns. Arrays are row-major; complex numbers take two
// neighbouring entries (width 2). Results of narrow numbers are summed in float64 where one number is summed at a time.

import type { Storage } from "../../tensor/dtype.ts";
import type { Pattern } from "../base/pattern.ts";

export type Width = 1 | 2;

/** y += A x for `count` columns; `at`s are where the operands begin in their arrays. */
export function multiplyRows(
  width: Width,
  { rows, indptr, indices }: Pattern,
  values: Storage,
  valuesAt: number,
  count: number,
  x: Storage,
  xAt: number,
  y: Storage,
  yAt: number,
): void {
  if (width === 2) {
    for (let i = 0; i < rows; i++)
      for (let p = indptr[i]; p < indptr[i + 1]; p++)
        addComplex(values, valuesAt + 2 * p, count, x, xAt + 2 * count * indices[p], y, yAt + 2 * count * i);
    return;
  }
  if (count === 1) {
    if (valuesAt === 0 && xAt === 0 && yAt === 0) {
      multiplyVector(rows, indptr, indices, values, x, y);
      return;
    }
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let p = indptr[i], end = indptr[i + 1]; p < end; p++)
        sum += values[valuesAt + p] * x[xAt + indices[p]];
      y[yAt + i] = sum;
    }
    return;
  }
  for (let i = 0; i < rows; i++)
    for (let p = indptr[i]; p < indptr[i + 1]; p++)
      addScaled(values[valuesAt + p], count, x, xAt + count * indices[p], y, yAt + count * i);
}

/** y = A x, the loop that iterative methods spend their time in. */
export function multiplyVector(
  rows: number,
  indptr: Int32Array,
  indices: Int32Array,
  values: Storage,
  x: Storage,
  y: Storage,
): void {
  let p = 0;
  for (let i = 0; i < rows; i++) {
    const end = indptr[i + 1];
    let sum = 0;
    for (; p < end; p++) sum += values[p] * x[indices[p]];
    y[i] = sum;
  }
}

/** y += Aᵀ x for `count` columns, by scattering. */
export function multiplyTransposed(
  width: Width,
  { rows, indptr, indices }: Pattern,
  values: Storage,
  valuesAt: number,
  count: number,
  x: Storage,
  xAt: number,
  y: Storage,
  yAt: number,
): void {
  if (width === 1 && count === 1) {
    for (let i = 0; i < rows; i++) {
      const factor = x[xAt + i];
      for (let p = indptr[i], end = indptr[i + 1]; p < end; p++)
        y[yAt + indices[p]] += values[valuesAt + p] * factor;
    }
    return;
  }
  for (let i = 0; i < rows; i++)
    for (let p = indptr[i]; p < indptr[i + 1]; p++) {
      const from = xAt + width * count * i;
      const to = yAt + width * count * indices[p];
      if (width === 1) addScaled(values[valuesAt + p], count, x, from, y, to);
      else addComplex(values, valuesAt + 2 * p, count, x, from, y, to);
    }
}

function addScaled(factor: number, count: number, x: Storage, from: number, y: Storage, to: number): void {
  for (let c = 0; c < count; c++) y[to + c] += factor * x[from + c];
}

function addComplex(
  values: Storage,
  p: number,
  count: number,
  x: Storage,
  from: number,
  y: Storage,
  to: number,
): void {
  const re = values[p];
  const im = values[p + 1];
  for (let c = 0; c < 2 * count; c += 2) {
    const xr = x[from + c];
    const xi = x[from + c + 1];
    y[to + c] += re * xr - im * xi;
    y[to + c + 1] += re * xi + im * xr;
  }
}

/** Entries of a bᵀ at the places of the pattern: Σ over c of a[i, c] · b[j, c], without conjugation. */
export function sampleProduct(
  width: Width,
  { rows, indptr, indices }: Pattern,
  count: number,
  a: Storage,
  aAt: number,
  b: Storage,
  bAt: number,
  out: Storage,
  outAt: number,
): void {
  for (let i = 0; i < rows; i++)
    for (let p = indptr[i]; p < indptr[i + 1]; p++) {
      const left = aAt + width * count * i;
      const right = bAt + width * count * indices[p];
      let re = 0;
      let im = 0;
      if (width === 1) for (let c = 0; c < count; c++) re += a[left + c] * b[right + c];
      else
        for (let c = 0; c < 2 * count; c += 2) {
          re += a[left + c] * b[right + c] - a[left + c + 1] * b[right + c + 1];
          im += a[left + c] * b[right + c + 1] + a[left + c + 1] * b[right + c];
        }
      out[outAt + width * p] = re;
      if (width === 2) out[outAt + 2 * p + 1] = im;
    }
}
