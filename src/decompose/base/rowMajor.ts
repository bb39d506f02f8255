// Small real matrices stored row by row: products, normal equations of weighted rows, symmetric systems.

import { device } from "../../device/current.ts";

/** Multiplications from which the device's product pays for being called. */
const WORTH_A_CALL = 8192;

/** A pivot that is a smaller part of its diagonal entry than this is rounding. */
const ROUNDING = 1e-15;

/** out = a[m, k] · b[k, n]. */
export function multiply(
  m: number,
  n: number,
  k: number,
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
): void {
  if (m * n * k >= WORTH_A_CALL) {
    device.gemm(
      "float64",
      m,
      n,
      k,
      { data: a, offset: 0, rowStride: k, columnStride: 1 },
      { data: b, offset: 0, rowStride: n, columnStride: 1 },
      { data: out, offset: 0, rowStride: n },
    );
    return;
  }
  for (let i = 0; i < m; i++) {
    const row = i * n;
    for (let j = 0; j < n; j++) out[row + j] = 0;
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p]!;
      if (factor === 0) continue;
      const from = p * n;
      for (let j = 0; j < n; j++) out[row + j]! += factor * b[from + j]!;
    }
  }
}

/** out = xᵀ for x[rows, columns]. */
export function transposeInto(x: Float64Array, rows: number, columns: number, out: Float64Array): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = x[i * columns + j]!;
}

/** Overwrites a square matrix that starts at `at` with its symmetric part. */
export function symmetrize(data: Float64Array, at: number, n: number): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const lower = at + i * n + j;
      const upper = at + j * n + i;
      const mean = (data[lower]! + data[upper]!) / 2;
      data[lower] = mean;
      data[upper] = mean;
    }
}

/**
 * Adds the equation z · u = value, counted `weight` times, to normal equations of m unknowns: w z zᵀ to the lower triangle of
 * the matrix at `gramAt`, w value z to the right side at `rightAt`. The row z starts at `rowAt` of `rows`.
 */
export function addEquation(
  gram: Float64Array,
  gramAt: number,
  right: Float64Array,
  rightAt: number,
  rows: Float64Array,
  rowAt: number,
  m: number,
  weight: number,
  value: number,
): void {
  const goal = weight * value;
  for (let p = 0; p < m; p++) {
    const factor = rows[rowAt + p]!;
    right[rightAt + p]! += goal * factor;
    const scaled = weight * factor;
    const at = gramAt + p * m;
    for (let q = 0; q <= p; q++) gram[at + q]! += scaled * rows[rowAt + q]!;
  }
}

/**
 * Solves the symmetric (G + shift) X = R for X `[m, n]` in place of R; where that is not numerically positive the shift grows, until
 * it is beyond `most`: then false. Of G `[m, m]` the lower triangle is read; `work` is of its size. O(m³ / 6 + m² n).
 */
export function solveShifted(
  gram: Float64Array,
  right: Float64Array,
  m: number,
  n: number,
  shift: number,
  most: number,
  work: Float64Array,
): boolean {
  for (let s = shift; ; s = Math.max(1e-12 * most, 100 * s)) {
    for (let i = 0; i < m * m; i++) work[i] = gram[i]!;
    for (let i = 0; i < m; i++) work[i * m + i]! += s;
    if (factorLower(work, m)) break;
    if (!(s <= most)) return false;
  }
  solveFactored(work, right, m, n);
  return true;
}

/** The same for G without a shift; a pivot that is only rounding is held at rounding. G is overwritten. */
export function solveHeld(gram: Float64Array, right: Float64Array, m: number, n: number): void {
  factorLower(gram, m, true);
  solveFactored(gram, right, m, n);
}

/**
 * Cholesky's lower factor in place of the lower triangle. Where the matrix is not numerically positive the pivot is held at rounding
 * if `hold`, else the answer is false.
 */
function factorLower(a: Float64Array, m: number, hold = false): boolean {
  for (let i = 0; i < m; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * m + j]!;
      for (let p = 0; p < j; p++) sum -= a[i * m + p]! * a[j * m + p]!;
      if (i > j) {
        a[i * m + j] = sum / a[j * m + j]!;
        continue;
      }
      const least = ROUNDING * a[i * m + i]!;
      if (!(sum > least)) {
        if (!hold) return false;
        sum = Math.max(least, Number.MIN_VALUE);
      }
      a[i * m + i] = Math.sqrt(sum);
    }
  return true;
}

/** Overwrites B `[m, n]` with (L Lᵀ)⁻¹ B. */
function solveFactored(l: Float64Array, b: Float64Array, m: number, n: number): void {
  for (let i = 0; i < m; i++)
    for (let c = 0; c < n; c++) {
      let sum = b[i * n + c]!;
      for (let p = 0; p < i; p++) sum -= l[i * m + p]! * b[p * n + c]!;
      b[i * n + c] = sum / l[i * m + i]!;
    }
  for (let i = m - 1; i >= 0; i--)
    for (let c = 0; c < n; c++) {
      let sum = b[i * n + c]!;
      for (let p = i + 1; p < m; p++) sum -= l[p * m + i]! * b[p * n + c]!;
      b[i * n + c] = sum / l[i * m + i]!;
    }
}
