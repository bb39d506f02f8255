// Eigenvectors of (quasi-)triangular matrices by back substitution, scaled down whenever they grow too large.
// Source: Golub and Van Loan, "Matrix Computations" (4th ed.), 7.6.4.
import { divideComplex } from "../../ops/complexMath.ts";
import { EPS } from "./deflate.ts";
import { axpy, maxAbs, scale, type Width } from "./vector.ts";

/** An element of a vector beyond this makes the vector be scaled down. */
const LARGE = 2 ** 200;

/**
 * Right eigenvectors of the Schur form T (column-major n x n, width 1: 2 x 2 blocks in standard form). Complex numbers
 * for width 2; for width 1 column j, or columns j and j + 1 as real and imaginary part of the vector of the eigenvalue
 * with the positive imaginary part. O(n³ / 3).
 */
export function triangularVectors(w: Width, n: number, t: Float64Array, values: Float64Array): Float64Array {
  const x = new Float64Array(n * n * w);
  const least = 2 ** -1000 + EPS * EPS * maxAbs(t, 0, t.length);
  for (let j = 0; j < n; j++) {
    if (w === 2) complexVector(n, t, x, j, least);
    else if (values[2 * j + 1] === 0) realVector(n, t, x, j, least);
    else {
      pairOfVectors(n, t, x, j, values[2 * j], values[2 * j + 1], least);
      j++;
    }
  }
  return x;
}

function complexVector(n: number, t: Float64Array, x: Float64Array, j: number, least: number): void {
  const ld = 2 * n;
  const column = j * ld;
  for (let e = 0; e < 2 * j; e++) x[column + e] = -t[column + e];
  x[column + 2 * j] = 1;
  const re = t[column + 2 * j];
  const im = t[column + 2 * j + 1];
  const floor = Math.max(EPS * (Math.abs(re) + Math.abs(im)), least);
  for (let k = j - 1; k >= 0; k--) {
    const p = 2 * k + k * ld;
    let dRe = t[p] - re;
    let dIm = t[p + 1] - im;
    if (Math.abs(dRe) + Math.abs(dIm) < floor) {
      dRe = floor;
      dIm = 0;
    }
    const at = column + 2 * k;
    const size = Math.abs(x[at]) + Math.abs(x[at + 1]);
    const by = Math.abs(dRe) + Math.abs(dIm);
    if (size > LARGE * Math.min(1, by)) scale(2, Math.min(1, by) / size, 0, x, column, j + 1);
    divideComplex(x[at], x[at + 1], dRe, dIm, x, at);
    axpy(2, -x[at], -x[at + 1], t, k * ld, x, column, k);
  }
}

function realVector(n: number, t: Float64Array, x: Float64Array, j: number, least: number): void {
  const column = j * n;
  for (let e = 0; e < j; e++) x[column + e] = -t[column + e];
  x[column + j] = 1;
  const value = t[j + column];
  const floor = Math.max(EPS * Math.abs(value), least);
  for (let k = j - 1; k >= 0; k--) {
    const isPair = k > 0 && t[k + (k - 1) * n] !== 0;
    const at = column + k;
    const size = Math.max(Math.abs(x[at]), isPair ? Math.abs(x[at - 1]) : 0);
    if (!isPair) {
      let d = t[k + k * n] - value;
      if (Math.abs(d) < floor) d = floor;
      const by = Math.min(1, Math.abs(d));
      if (size > LARGE * by) scale(1, by / size, 0, x, column, j + 1);
      x[at] /= d;
      axpy(1, -x[at], 0, t, k * n, x, column, k);
      continue;
    }
    k--;
    solvePair(n, t, k, value, 0, x[at - 1], 0, x[at], 0, floor);
    if (pair[4] < 1) scale(1, pair[4], 0, x, column, j + 1);
    x[at - 1] = pair[0];
    x[at] = pair[2];
    axpy(1, -x[at - 1], 0, t, k * n, x, column, k);
    axpy(1, -x[at], 0, t, (k + 1) * n, x, column, k);
  }
}

function pairOfVectors(
  n: number,
  t: Float64Array,
  x: Float64Array,
  j: number,
  re: number,
  im: number,
  least: number,
): void {
  const a = j * n;
  const b = a + n;
  const p = j + j * n;
  // The vector of the block itself: (b, i im) or (i im, c) up to a factor, whichever is larger.
  if (Math.abs(t[p + n]) >= Math.abs(t[p + 1])) {
    x[a + j] = 1;
    x[b + j + 1] = im / t[p + n];
  } else {
    x[a + j] = -im / t[p + 1];
    x[b + j + 1] = 1;
  }
  for (let k = 0; k < j; k++) {
    x[a + k] = -x[a + j] * t[k + a];
    x[b + k] = -x[b + j + 1] * t[k + b];
  }
  x[a + j + 1] = 0;
  x[b + j] = 0;
  const floor = Math.max(EPS * (Math.abs(re) + Math.abs(im)), least);
  for (let k = j - 1; k >= 0; k--) {
    const isPair = k > 0 && t[k + (k - 1) * n] !== 0;
    if (!isPair) {
      let dRe = t[k + k * n] - re;
      let dIm = -im;
      if (Math.abs(dRe) + Math.abs(dIm) < floor) {
        dRe = floor;
        dIm = 0;
      }
      const size = Math.abs(x[a + k]) + Math.abs(x[b + k]);
      const by = Math.min(1, Math.abs(dRe) + Math.abs(dIm));
      if (size > LARGE * by) {
        scale(1, by / size, 0, x, a, j + 2);
        scale(1, by / size, 0, x, b, j + 2);
      }
      divideComplex(x[a + k], x[b + k], dRe, dIm, pair, 0);
      x[a + k] = pair[0];
      x[b + k] = pair[1];
      subtractOne(t, k * n, x, a, b, k, pair[0], pair[1]);
      continue;
    }
    k--;
    solvePair(n, t, k, re, im, x[a + k], x[b + k], x[a + k + 1], x[b + k + 1], floor);
    if (pair[4] < 1) {
      scale(1, pair[4], 0, x, a, j + 2);
      scale(1, pair[4], 0, x, b, j + 2);
    }
    x[a + k] = pair[0];
    x[b + k] = pair[1];
    x[a + k + 1] = pair[2];
    x[b + k + 1] = pair[3];
    subtractTwo(t, k * n, n, x, a, b, k, pair[0], pair[1], pair[2], pair[3]);
  }
}

/** A column of T, times (re, im), taken from the columns of real and imaginary parts. */
function subtractOne(
  t: Float64Array,
  column: number,
  x: Float64Array,
  a: number,
  b: number,
  count: number,
  re: number,
  im: number,
): void {
  for (let i = 0; i < count; i++) {
    const v = t[column + i];
    x[a + i] -= re * v;
    x[b + i] -= im * v;
  }
}

/** The same for two neighbouring columns, in one pass. */
function subtractTwo(
  t: Float64Array,
  column: number,
  ld: number,
  x: Float64Array,
  a: number,
  b: number,
  count: number,
  re: number,
  im: number,
  nextRe: number,
  nextIm: number,
): void {
  const next = column + ld;
  for (let i = 0; i < count; i++) {
    const v = t[column + i];
    const u = t[next + i];
    x[a + i] -= re * v + nextRe * u;
    x[b + i] -= im * v + nextIm * u;
  }
}

/** Two complex unknowns, and the factor (at most 1) by which the vector has to be scaled before. */
const pair = new Float64Array(5);
const quotient = new Float64Array(2);

/** (B − re − i im) u = r for the 2 x 2 block B at row k, by elimination with the larger pivot. */
function solvePair(
  n: number,
  t: Float64Array,
  k: number,
  re: number,
  im: number,
  r0: number,
  s0: number,
  r1: number,
  s1: number,
  floor: number,
): void {
  const p = k + k * n;
  const a = t[p] - re;
  const d = t[p + n + 1] - re;
  const b = t[p + n];
  const c = t[p + 1];
  const isSwapped = Math.abs(c) > Math.abs(a) + Math.abs(im);
  // First row (f, g), second (h, l) after the exchange; all complex.
  const fRe = isSwapped ? c : a;
  const fIm = isSwapped ? 0 : -im;
  const gRe = isSwapped ? d : b;
  const gIm = isSwapped ? -im : 0;
  const hRe = isSwapped ? a : c;
  const hIm = isSwapped ? -im : 0;
  const lRe = isSwapped ? b : d;
  const lIm = isSwapped ? 0 : -im;
  let uRe = isSwapped ? r1 : r0;
  let uIm = isSwapped ? s1 : s0;
  let vRe = isSwapped ? r0 : r1;
  let vIm = isSwapped ? s0 : s1;
  divideComplex(hRe, hIm, fRe, fIm, quotient, 0);
  const mRe = quotient[0];
  const mIm = quotient[1];
  let eRe = lRe - (mRe * gRe - mIm * gIm);
  let eIm = lIm - (mRe * gIm + mIm * gRe);
  if (Math.abs(eRe) + Math.abs(eIm) < floor) {
    eRe = floor;
    eIm = 0;
  }
  vRe -= mRe * uRe - mIm * uIm;
  vIm -= mRe * uIm + mIm * uRe;
  const size = Math.max(Math.abs(uRe) + Math.abs(uIm), Math.abs(vRe) + Math.abs(vIm));
  const by = Math.min(1, Math.abs(eRe) + Math.abs(eIm), Math.abs(fRe) + Math.abs(fIm));
  pair[4] = 1;
  if (size > LARGE * by) {
    pair[4] = by / size;
    uRe *= pair[4];
    uIm *= pair[4];
    vRe *= pair[4];
    vIm *= pair[4];
  }
  divideComplex(vRe, vIm, eRe, eIm, pair, 2);
  uRe -= gRe * pair[2] - gIm * pair[3];
  uIm -= gRe * pair[3] + gIm * pair[2];
  divideComplex(uRe, uIm, fRe, fIm, pair, 0);
}
