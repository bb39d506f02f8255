// The QZ algorithm: generalised Schur form of a pair of matrices, by implicit double shifts for real pairs and single
// shifts for complex ones; by the device where it has the algorithm.
// Sources: Moler and Stewart, "An algorithm for generalized matrix eigenvalue problems" (1973); Golub and Van Loan,
// "Matrix Computations" (4th ed.), 7.7.
import { sqrtComplex } from "../../ops/complexMath.ts";
import { EPS } from "./deflate.ts";
import { applyReflectors, factorQR, formProduct } from "./householder.ts";
import { lapackFor } from "./native.ts";
import { clearByColumns, clearByRows, type Pencil, rotateColumns, rotateRows } from "./pencil.ts";
import { findTurn, turn } from "./planeRotations.ts";
import { divide } from "./triangular.ts";
import { norm2, scale, type Width } from "./vector.ts";

export interface QZFactors extends Pencil {
  /** −1, or the row at which the iteration gave up. */
  readonly failed: number;
}

/** Steps without deflation after which a shift is taken out of the air. */
const EXCEPTIONAL = 10;

/** A = Q S Zᴴ, B = Q T Zᴴ with S Hessenberg and T triangular, in place of a and b. O(8 n³). */
function hessenbergTriangular(w: Width, n: number, a: Float64Array, b: Float64Array): Pencil {
  const reflectors = factorQR(w, n, n, b);
  applyReflectors(reflectors, a, n, true);
  const q = formProduct(reflectors, n);
  const z = new Float64Array(n * n * w);
  for (let i = 0; i < n; i++) z[i * (n + 1) * w] = 1;
  const pencil = { width: w, n, s: a, t: b, q, z };
  for (let j = 0; j < n - 2; j++)
    for (let i = n - 2; i > j; i--) {
      clearByRows(pencil, a, i, j, j);
      clearByColumns(pencil, b, i + 1, i, n - 1);
    }
  return pencil;
}

const size = (w: Width, x: Float64Array, p: number): number =>
  w === 1 ? Math.abs(x[p]) : Math.abs(x[p]) + Math.abs(x[p + 1]);

/**
 * The generalised Schur form of column-major n x n matrices of moderate norm, which are overwritten by S and T: both
 * upper triangular for width 2; S with 2 x 2 blocks for the complex pairs when width is 1, and T diagonal there. The
 * diagonal of T is real and not negative, exactly 0 for infinite eigenvalues. O(66 n³).
 */
export function qzFactors(w: Width, n: number, a: Float64Array, b: Float64Array): QZFactors {
  const native = lapackFor(n)?.qz(w, n, a, b);
  if (native) return { width: w, n, s: a, t: b, ...native };
  const pencil = hessenbergTriangular(w, n, a, b);
  const failed = iterate(pencil);
  for (let k = 0; failed < 0 && k < n; k++) makePositive(pencil, k);
  return { ...pencil, failed };
}

/** Makes the diagonal entry of T at k real and not negative. */
export function makePositive({ width: w, n, s, t, z }: Pencil, k: number): void {
  const ld = n * w;
  const p = k * (ld + w);
  if (w === 1) {
    if (t[p] >= 0 || (k + 1 < n && s[p + 1] !== 0) || (k > 0 && s[p - ld] !== 0)) return;
    scale(1, -1, 0, t, k * ld, k + 1);
    scale(1, -1, 0, s, k * ld, k + 1);
    scale(1, -1, 0, z, k * ld, n);
    return;
  }
  const length = Math.hypot(t[p], t[p + 1]);
  if (length === 0 || (t[p + 1] === 0 && t[p] > 0)) return;
  const re = t[p] / length;
  const im = -t[p + 1] / length;
  scale(2, re, im, t, k * ld, k);
  scale(2, re, im, s, k * ld, k + 1);
  scale(2, re, im, z, k * ld, n);
  t[p] = length;
  t[p + 1] = 0;
}

function iterate(pencil: Pencil): number {
  const { width: w, n, s, t } = pencil;
  const ld = n * w;
  const least = 2 ** -970;
  const small = Math.max(least, EPS * norm2(t, 0, t.length));
  const floor = Math.max(least, EPS * norm2(s, 0, s.length));
  const limit = 30 * Math.max(10, n);
  const at = (i: number, j: number): number => i * w + j * ld;
  let i = n - 1;
  let since = 0;
  for (let step = 0; i >= 0; ) {
    // The active block is lo … i.
    let lo = i;
    for (; lo > 0; lo--) {
      const sub = size(w, s, at(lo, lo - 1));
      const around = size(w, s, at(lo, lo)) + size(w, s, at(lo - 1, lo - 1));
      // Entries that rounding keeps alive are held against the norm in the end.
      if (sub <= Math.max(least, around === 0 || since > EXCEPTIONAL ? floor : EPS * around)) {
        s.fill(0, at(lo, lo - 1), at(lo, lo - 1) + w);
        break;
      }
    }
    let zero = -1;
    for (let k = i; k >= lo && zero < 0; k--) if (size(w, t, at(k, k)) <= small) zero = k;
    if (zero >= 0) {
      t.fill(0, at(zero, zero), at(zero, zero) + w);
      chaseZero(pencil, lo, zero, i);
      i--;
      since = 0;
      continue;
    }
    if (lo === i) {
      i--;
      since = 0;
      continue;
    }
    if (w === 1 && lo === i - 1) {
      standardisePair(pencil, lo);
      i -= 2;
      since = 0;
      continue;
    }
    if (++step > limit) return i;
    since++;
    if (w === 1) doubleStep(pencil, lo, i, since);
    else singleStep(pencil, lo, i, since);
  }
  return -1;
}

/** An eigenvalue at infinity: the zero at t(k, k) is moved to the end of the block, where it decouples. */
function chaseZero(pencil: Pencil, lo: number, k: number, hi: number): void {
  const { s, t, n } = pencil;
  for (let j = k; j < hi; j++) {
    clearByRows(pencil, t, j, j + 1, Math.max(lo, j - 1));
    if (j > lo) clearByColumns(pencil, s, j + 1, j - 1, Math.min(j + 1, n - 1));
  }
  if (hi > lo) clearByColumns(pencil, s, hi, hi - 1, hi);
}

/** Entries of M = S T⁻¹ that shifts are made of. */
const corner = new Float64Array(4);

function doubleStep(pencil: Pencil, lo: number, hi: number, since: number): void {
  const { s, t, n } = pencil;
  const a = (i: number, j: number): number => s[i + j * n];
  const b = (i: number, j: number): number => t[i + j * n];
  // The lower right corner of M, row by row from M T = S.
  const before = hi - 2 >= lo ? a(hi - 1, hi - 2) / b(hi - 2, hi - 2) : 0;
  corner[0] = (a(hi - 1, hi - 1) - before * (hi - 2 >= lo ? b(hi - 2, hi - 1) : 0)) / b(hi - 1, hi - 1);
  corner[1] =
    (a(hi - 1, hi) - before * (hi - 2 >= lo ? b(hi - 2, hi) : 0) - corner[0] * b(hi - 1, hi)) / b(hi, hi);
  corner[2] = a(hi, hi - 1) / b(hi - 1, hi - 1);
  corner[3] = (a(hi, hi) - corner[2] * b(hi - 1, hi)) / b(hi, hi);
  let sum = corner[0] + corner[3];
  let product = corner[0] * corner[3] - corner[1] * corner[2];
  if (since % EXCEPTIONAL === 0) {
    const far = Math.abs(corner[2]) + Math.abs(before);
    sum = 1.5 * far;
    product = far * far;
  }
  const m11 = a(lo, lo) / b(lo, lo);
  const m21 = a(lo + 1, lo) / b(lo, lo);
  const m12 = (a(lo, lo + 1) - m11 * b(lo, lo + 1)) / b(lo + 1, lo + 1);
  const m22 = (a(lo + 1, lo + 1) - m21 * b(lo, lo + 1)) / b(lo + 1, lo + 1);
  const m32 = a(lo + 2, lo + 1) / b(lo + 1, lo + 1);
  let v0 = m11 * m11 + m12 * m21 - sum * m11 + product;
  let v1 = m21 * (m11 + m22 - sum);
  let v2 = m21 * m32;
  for (let k = lo; k < hi; k++) {
    const from = k > lo ? k - 1 : k;
    const isLast = k === hi - 1;
    if (k > lo) {
      v0 = a(k, k - 1);
      v1 = a(k + 1, k - 1);
      v2 = isLast ? 0 : a(k + 2, k - 1);
    }
    if (!isLast) {
      // Rows k + 1 and k + 2, then k and k + 1: the vector is turned into its first element.
      findTurn(1, v1, 0, v2, 0);
      v1 = turn[3];
      rotateRows(pencil, k + 1, from);
    }
    findTurn(1, v0, 0, v1, 0);
    rotateRows(pencil, k, from);
    if (k > lo) {
      s[k + 1 + (k - 1) * n] = 0;
      if (!isLast) s[k + 2 + (k - 1) * n] = 0;
    }
    // T becomes triangular again from the right.
    const to = Math.min(k + 3, hi);
    if (!isLast) {
      clearByColumns(pencil, t, k + 2, k, to);
      clearByColumns(pencil, t, k + 2, k + 1, to);
    }
    clearByColumns(pencil, t, k + 1, k, to);
  }
}

const root = new Float64Array(2);
const held = new Float64Array(8);

function singleStep(pencil: Pencil, lo: number, hi: number, since: number): void {
  const { s, t, n } = pencil;
  const ld = 2 * n;
  const at = (i: number, j: number): number => 2 * i + j * ld;
  const quotient = (re: number, im: number, by: number, to: number): void => {
    held[to] = re;
    held[to + 1] = im;
    divide(2, held, to, t, by);
  };
  // The lower right corner of M = S T⁻¹ by rows: m(hi, hi − 1), m(hi, hi), m(hi − 1, hi − 1) and m(hi − 1, hi).
  const p = at(hi, hi);
  const d = at(hi - 1, hi - 1);
  const up = at(hi - 1, hi);
  quotient(s[at(hi, hi - 1)], s[at(hi, hi - 1) + 1], d, 0);
  const times = (aRe: number, aIm: number, q: number): void => {
    root[0] = aRe * t[q] - aIm * t[q + 1];
    root[1] = aRe * t[q + 1] + aIm * t[q];
  };
  times(held[0], held[1], up);
  quotient(s[p] - root[0], s[p + 1] - root[1], p, 2);
  let beforeRe = 0;
  let beforeIm = 0;
  let cornerRe = s[d];
  let cornerIm = s[d + 1];
  if (hi - 2 >= lo) {
    quotient(s[at(hi - 1, hi - 2)], s[at(hi - 1, hi - 2) + 1], at(hi - 2, hi - 2), 4);
    beforeRe = held[4];
    beforeIm = held[5];
    times(beforeRe, beforeIm, at(hi - 2, hi - 1));
    cornerRe -= root[0];
    cornerIm -= root[1];
  }
  quotient(cornerRe, cornerIm, d, 4);
  times(held[4], held[5], up);
  let upRe = s[up] - root[0];
  let upIm = s[up + 1] - root[1];
  if (hi - 2 >= lo) {
    times(beforeRe, beforeIm, at(hi - 2, hi));
    upRe -= root[0];
    upIm -= root[1];
  }
  quotient(upRe, upIm, p, 6);
  // The eigenvalue next to m(hi, hi): m − bc / (δ ± √(δ² + bc)).
  const dRe = (held[4] - held[2]) / 2;
  const dIm = (held[5] - held[3]) / 2;
  const bcRe = held[6] * held[0] - held[7] * held[1];
  const bcIm = held[6] * held[1] + held[7] * held[0];
  sqrtComplex(dRe * dRe - dIm * dIm + bcRe, 2 * dRe * dIm + bcIm, root, 0);
  const sign = dRe * root[0] + dIm * root[1] < 0 ? -1 : 1;
  const eRe = dRe + sign * root[0];
  const eIm = dIm + sign * root[1];
  const length = eRe * eRe + eIm * eIm;
  let shiftRe = held[2];
  let shiftIm = held[3];
  if (since % EXCEPTIONAL === 0) shiftRe += Math.hypot(held[0], held[1]);
  else if (length > 0) {
    shiftRe -= (bcRe * eRe + bcIm * eIm) / length;
    shiftIm -= (bcIm * eRe - bcRe * eIm) / length;
  }
  const first = at(lo, lo);
  times(shiftRe, shiftIm, first);
  findTurn(2, s[first] - root[0], s[first + 1] - root[1], s[first + 2], s[first + 3]);
  for (let k = lo; k < hi; k++) {
    if (k > lo) clearByRows(pencil, s, k, k - 1, k - 1);
    else rotateRows(pencil, k, k);
    clearByColumns(pencil, t, k + 1, k, Math.min(k + 2, hi));
  }
}

/** Steps after which a block with real eigenvalues is split by force: they are double, and what is left is rounding. */
const MOST_SPLITS = 40;

/**
 * Puts the real 2 x 2 block at row k into standard form: triangular when its eigenvalues are real, else with a diagonal
 * T whose entries are positive. T may be full at first, and must not be singular there.
 */
export function standardisePair(pencil: Pencil, k: number): void {
  const { s, t, n } = pencil;
  const p = k * (n + 1);
  const q = p + n;
  if (t[p + 1] !== 0) clearByColumns(pencil, t, k + 1, k, k + 1);
  for (let step = 0; step < MOST_SPLITS; step++) {
    if (Math.abs(s[p + 1]) <= EPS * (Math.abs(s[p]) + Math.abs(s[q + 1]))) break;
    // M = S T⁻¹ decides, with the mean of its diagonal taken out.
    const m11 = s[p] / t[p];
    const m21 = s[p + 1] / t[p];
    const m12 = (s[q] - m11 * t[q]) / t[q + 1];
    const m22 = (s[q + 1] - m21 * t[q]) / t[q + 1];
    const half = (m11 - m22) / 2;
    const discriminant = half * half + m12 * m21;
    if (discriminant < 0) {
      keepPair(pencil, k);
      return;
    }
    // One step with the eigenvalue next to m22 as shift, which would be exact without rounding.
    const far = half + (half < 0 ? -1 : 1) * Math.sqrt(discriminant);
    const shift = far === 0 ? m22 : m22 - (m12 * m21) / far;
    findTurn(1, s[p] - shift * t[p], 0, s[p + 1], 0);
    rotateRows(pencil, k, k);
    clearByColumns(pencil, t, k + 1, k, k + 1);
  }
  s[p + 1] = 0;
}

/** A block with complex eigenvalues: T becomes diagonal and positive. */
function keepPair(pencil: Pencil, k: number): void {
  const { s, t, z, n } = pencil;
  diagonalizeT(pencil, k);
  for (const j of [k, k + 1]) {
    if (t[j * (n + 1)] >= 0) continue;
    scale(1, -1, 0, t, j * n, j + 1);
    scale(1, -1, 0, s, j * n, k + 2);
    scale(1, -1, 0, z, j * n, n);
  }
  t[k + (k + 1) * n] = 0;
}

/** Makes the upper triangular 2 x 2 block of T at k diagonal by rotations from both sides: its singular values. */
function diagonalizeT(pencil: Pencil, k: number): void {
  const { t, n } = pencil;
  const p = k * (n + 1);
  const q = p + n;
  for (let step = 0; step < 60 && t[q] !== 0; step++) {
    const a = t[p];
    const b = t[q];
    const d = t[q + 1];
    if (Math.abs(b) <= 2 ** -60 * Math.min(Math.abs(a), Math.abs(d))) break;
    // The right rotation that diagonalizes TᵀT = [a² ab; ab b² + d²].
    const angle = 0.5 * Math.atan2(2 * a * b, a * a - b * b - d * d);
    turn[0] = Math.cos(angle);
    turn[1] = -Math.sin(angle);
    turn[2] = 0;
    rotateColumns(pencil, k, k + 1);
    findTurn(1, t[p], 0, t[p + 1], 0);
    rotateRows(pencil, k, k);
    t[p + 1] = 0;
  }
  t[q] = 0;
}
