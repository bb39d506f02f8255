// Triangular systems on column-major arrays, blocked so that large ones run through matrix products.
import type { Transposition, Triangle, Width } from "../../device/lapack.ts";
import { lapackFor } from "./native.ts";
import { axpy, multiply, negated, scale } from "./vector.ts";

export type { Transposition, Triangle };

const BLOCK = 48;

/**
 * Overwrites the n x `columns` array B (leading dimension n) with op(A)⁻¹ B. Only the named triangle of A (leading
 * dimension n, entry offset `ao`, or `ld`) is read. The diagonal must not hold zeros. O(n² · columns).
 */
export function solveTriangle(
  w: Width,
  n: number,
  a: Float64Array,
  ao: number,
  ld: number,
  triangle: Triangle,
  b: Float64Array,
  bo: number,
  ldb: number,
  columns: number,
): void {
  const lapack = lapackFor(Math.min(n, columns * 4));
  if (lapack) {
    lapack.solveTriangle(w, n, a, ao, ld, triangle, b, bo, ldb, columns);
    return;
  }
  const { lower, transpose = "none", unitDiagonal = false } = triangle;
  const flipped = transpose !== "none";
  const forward = lower !== flipped;
  // With few right-hand sides a product gains nothing over one pass.
  const size = columns < 4 ? n : Math.min(BLOCK, n);
  const blocks = size === 0 ? 0 : Math.ceil(n / size);
  const diagonal = new Float64Array(size * size * w);
  for (let step = 0; step < blocks; step++) {
    const first = (forward ? step : blocks - 1 - step) * size;
    const count = Math.min(size, n - first);
    copyBlock(w, count, a, ao + first * (ld + w), ld, transpose, diagonal);
    for (let c = 0; c < columns; c++)
      solveColumn(w, count, diagonal, forward, unitDiagonal, b, bo + first * w + c * ldb);
    const from = forward ? first + count : 0;
    const rest = forward ? n - from : first;
    if (rest === 0) continue;
    const minus = negated(w, count, columns, b, bo + first * w, ldb);
    const at = flipped ? ao + first * w + from * ld : ao + from * w + first * ld;
    const panel = {
      data: a,
      offset: at,
      ld,
      adjoint: transpose === "adjoint",
      transposed: transpose === "transpose",
    };
    const target = { data: b, offset: bo + from * w, ld: ldb };
    multiply(w, rest, columns, count, panel, minus, target, {
      accumulate: true,
    });
  }
}

/** op(A) of a square diagonal block, column-major with leading dimension `count`. */
function copyBlock(
  w: Width,
  count: number,
  a: Float64Array,
  ao: number,
  ld: number,
  transpose: Transposition,
  out: Float64Array,
): void {
  const sign = transpose === "adjoint" ? -1 : 1;
  for (let j = 0; j < count; j++) {
    for (let i = 0; i < count; i++) {
      const from = ao + (transpose === "none" ? i * w + j * ld : j * w + i * ld);
      const to = (i + j * count) * w;
      out[to] = a[from];
      if (w === 2) out[to + 1] = sign * a[from + 1];
    }
  }
}

function solveColumn(
  w: Width,
  n: number,
  t: Float64Array,
  forward: boolean,
  unit: boolean,
  x: Float64Array,
  xo: number,
): void {
  for (let step = 0; step < n; step++) {
    const j = forward ? step : n - 1 - step;
    const at = xo + j * w;
    if (!unit) divide(w, x, at, t, (j + j * n) * w);
    const re = x[at];
    const im = w === 2 ? x[at + 1] : 0;
    if (re === 0 && im === 0) continue;
    if (forward) axpy(w, -re, -im, t, (j + 1 + j * n) * w, x, at + w, n - j - 1);
    else axpy(w, -re, -im, t, j * n * w, x, xo, j);
  }
}

/** x[at] /= d[from], by Smith's rule for complex numbers. */
export function divide(w: Width, x: Float64Array, at: number, d: Float64Array, from: number): void {
  if (w === 1) {
    x[at] /= d[from];
    return;
  }
  const a = x[at];
  const b = x[at + 1];
  const c = d[from];
  const e = d[from + 1];
  if (Math.abs(c) >= Math.abs(e)) {
    const ratio = e / c;
    const size = c + e * ratio;
    x[at] = (a + b * ratio) / size;
    x[at + 1] = (b - a * ratio) / size;
  } else {
    const ratio = c / e;
    const size = c * ratio + e;
    x[at] = (a * ratio + b) / size;
    x[at + 1] = (b * ratio - a) / size;
  }
}

/** First position of an exact zero on the diagonal, −1 if there is none. */
export function zeroOnDiagonal(w: Width, n: number, a: Float64Array): number {
  for (let i = 0; i < n; i++) {
    const at = (i + i * n) * w;
    if (a[at] === 0 && (w === 1 || a[at + 1] === 0)) return i;
  }
  return -1;
}

/** Sets what lies strictly below the diagonal of a column-major square array to zero. */
export function clearBelow(w: Width, n: number, a: Float64Array): void {
  for (let j = 0; j < n; j++) a.fill(0, (j + 1 + j * n) * w, (j + 1) * n * w);
}

/** Conjugates every element. */
export function conjugate(w: Width, a: Float64Array): void {
  if (w === 2) for (let i = 1; i < a.length; i += 2) a[i] = -a[i];
}

/** A column divided by a real number that may be too small for its reciprocal. */
export function divideReal(w: Width, x: Float64Array, at: number, n: number, d: number): void {
  if (Math.abs(d) > 1e-290) scale(w, 1 / d, 0, x, at, n);
  else for (let i = at; i < at + n * w; i++) x[i] /= d;
}
