// Triangular systems on column-major arrays, blocked so that large ones run through matrix products.
import type { Transposition, Triangle, Width } from "../../device/lapack.ts";
import { lapackFor } from "./native.ts";
import { axpy, dotc, multiply, negated, scale } from "./vector.ts";

export type { Transposition, Triangle };

/** Order of the triangles that are solved with one entry at a time. */
const LEAF = 16;

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
  const lapack = lapackFor(n);
  if (lapack) {
    lapack.solveTriangle(w, n, a, ao, ld, triangle, b, bo, ldb, columns);
    return;
  }
  const { lower, transpose = "none", unitDiagonal = false } = triangle;
  const flipped = transpose !== "none";
  const forward = lower !== flipped;
  // With few right-hand sides a product gains nothing over one pass.
  if (columns < 4 && (!flipped || w === 1 || transpose === "adjoint")) {
    const solve = flipped ? solveByDots : solveColumn;
    for (let c = 0; c < columns; c++) solve(w, n, a, ao, ld, forward, unitDiagonal, b, bo + c * ldb);
    return;
  }
  const size = columns < 4 ? n : LEAF;
  const diagonal = new Float64Array(Math.min(size, n) ** 2 * w);
  /** Solves for the rows `first … first + count − 1`: one half, then, that one eliminated from it, the other. */
  const solveRows = (first: number, count: number): void => {
    const rows = bo + first * w;
    if (count <= size) {
      copyBlock(w, count, a, ao + first * (ld + w), ld, transpose, diagonal);
      const block = { n: count, t: diagonal, forward, unitDiagonal };
      const fours = w === 1 ? columns & ~3 : 0;
      for (let c = 0; c < fours; c += 4) solveFour(block, b, rows + c * ldb, ldb);
      for (let c = fours; c < columns; c++)
        solveColumn(w, count, diagonal, 0, count * w, forward, unitDiagonal, b, rows + c * ldb);
      return;
    }
    const half = Math.ceil(count / 2 / size) * size;
    const [known, knownCount] = forward ? [first, half] : [first + half, count - half];
    const [open, openCount] = forward ? [first + half, count - half] : [first, half];
    solveRows(known, knownCount);
    const minus = negated(w, knownCount, columns, b, bo + known * w, ldb);
    const panel = {
      data: a,
      offset: flipped ? ao + known * w + open * ld : ao + open * w + known * ld,
      ld,
      adjoint: transpose === "adjoint",
      transposed: transpose === "transpose",
    };
    const target = { data: b, offset: bo + open * w, ld: ldb };
    multiply(w, openCount, columns, knownCount, panel, minus, target, { accumulate: true });
    solveRows(open, openCount);
  };
  if (n > 0) solveRows(0, n);
}

/** Four real right-hand sides at once: each entry of the triangle is read once for them. */
function solveFour(
  {
    n,
    t,
    forward,
    unitDiagonal,
  }: {
    readonly n: number;
    readonly t: Float64Array;
    readonly forward: boolean;
    readonly unitDiagonal: boolean;
  },
  x: Float64Array,
  at: number,
  ld: number,
): void {
  const [p, q, r, s] = [at, at + ld, at + 2 * ld, at + 3 * ld] as const;
  for (let step = 0; step < n; step++) {
    const j = forward ? step : n - 1 - step;
    const d = unitDiagonal ? 1 : t[j + j * n];
    const x0 = x[p + j] / d;
    const x1 = x[q + j] / d;
    const x2 = x[r + j] / d;
    const x3 = x[s + j] / d;
    x[p + j] = x0;
    x[q + j] = x1;
    x[r + j] = x2;
    x[s + j] = x3;
    const end = forward ? n : j;
    for (let i = forward ? j + 1 : 0; i < end; i++) {
      const factor = t[i + j * n];
      x[p + i] -= factor * x0;
      x[q + i] -= factor * x1;
      x[r + i] -= factor * x2;
      x[s + i] -= factor * x3;
    }
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
  to: number,
  ld: number,
  forward: boolean,
  unit: boolean,
  x: Float64Array,
  xo: number,
): void {
  for (let step = 0; step < n; step++) {
    const j = forward ? step : n - 1 - step;
    const at = xo + j * w;
    const diagonal = to + j * (ld + w);
    if (!unit) divide(w, x, at, t, diagonal);
    const re = x[at];
    const im = w === 2 ? x[at + 1] : 0;
    if (re === 0 && im === 0) continue;
    if (forward) axpy(w, -re, -im, t, diagonal + w, x, at + w, n - j - 1);
    else axpy(w, -re, -im, t, to + j * ld, x, xo, j);
  }
}

/** The same with the adjoint of the stored triangle, whose rows are the stored columns. */
function solveByDots(
  w: Width,
  n: number,
  t: Float64Array,
  to: number,
  ld: number,
  forward: boolean,
  unit: boolean,
  x: Float64Array,
  xo: number,
): void {
  const sum = new Float64Array(4);
  for (let step = 0; step < n; step++) {
    const j = forward ? step : n - 1 - step;
    const at = xo + j * w;
    const diagonal = to + j * (ld + w);
    if (forward) dotc(w, t, to + j * ld, x, xo, j, sum, 0);
    else dotc(w, t, diagonal + w, x, at + w, n - j - 1, sum, 0);
    x[at] -= sum[0];
    if (w === 2) x[at + 1] -= sum[1];
    if (unit) continue;
    sum[2] = t[diagonal];
    if (w === 2) sum[3] = -t[diagonal + 1];
    divide(w, x, at, sum, 2);
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

/** Sets what lies strictly above the diagonal of a column-major square array to zero. */
export function clearAbove(w: Width, n: number, a: Float64Array): void {
  for (let j = 1; j < n; j++) a.fill(0, j * n * w, (j * n + j) * w);
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
