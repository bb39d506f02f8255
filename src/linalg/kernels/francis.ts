// The QR iteration for small Hessenberg matrices: implicit double shifts for real ones (Francis), single shifts for
// complex ones.
// Sources: Golub and Van Loan, "Matrix Computations" (4th ed.), 7.5; Ahues and Tisseur (1997) for deflation.
import { sqrtComplex } from "../../ops/complexMath.ts";
import { blockStart, EPS } from "./deflate.ts";
import { applyTurn, findTurn, turn } from "./planeRotations.ts";
import { factor, makeReflector, reflectColumns, reflectRows, vector } from "./smallReflector.ts";
import { standard, standardise } from "./standardBlock.ts";
import type { Width } from "./vector.ts";

/** A Hessenberg matrix on its way to Schur form. */
export interface Iterate {
  readonly width: Width;
  readonly n: number;
  /** Column-major, n x n. */
  readonly h: Float64Array;
  /** Columns that take part in every transformation from the right, with `rows` rows; null when not wanted. */
  readonly z: Float64Array | null;
  readonly rows: number;
  /** The whole triangular factor is wanted, not only the eigenvalues. */
  readonly wantsT: boolean;
  /** Eigenvalues, two entries each. */
  readonly values: Float64Array;
}

/** Steps without deflation after which a shift is taken out of the air. */
const EXCEPTIONAL = 10;

/**
 * Brings rows and columns `lo … hi`, which no entry couples to those before, to Schur form. Returns −1, or the last row
 * of the block that did not converge.
 */
export const smallQR = (it: Iterate, lo: number, hi: number): number =>
  it.width === 1 ? doubleShift(it, lo, hi) : singleShift(it, lo, hi);

function doubleShift({ n, h, z, rows, wantsT, values }: Iterate, lo: number, hi: number): number {
  const limit = 30 * Math.max(10, hi - lo + 1);
  let i = hi;
  let since = 0;
  for (let step = 0; i >= lo; ) {
    const l = blockStart(1, n, h, lo, i);
    if (l === i) {
      values[2 * i] = h[i + i * n];
      values[2 * i + 1] = 0;
      i--;
      since = 0;
      continue;
    }
    const first = wantsT ? 0 : l;
    const last = wantsT ? n - 1 : i;
    if (l === i - 1) {
      standardiseAt(n, h, z, rows, i - 1, first, last);
      values[2 * l] = standard[4];
      values[2 * l + 1] = standard[5];
      values[2 * i] = standard[6];
      values[2 * i + 1] = standard[7];
      i -= 2;
      since = 0;
      continue;
    }
    if (++step > limit) return i;
    since++;
    const m = startDouble(n, h, l, i, since);
    for (let k = m; k < i; k++) {
      const length = k === i - 1 ? 2 : 3;
      if (k > m) for (let e = 0; e < length; e++) vector[e] = h[k + e + (k - 1) * n];
      const beta = makeReflector(1, length);
      if (k > m) {
        h[k + (k - 1) * n] = beta;
        h[k + 1 + (k - 1) * n] = 0;
        if (length === 3) h[k + 2 + (k - 1) * n] = 0;
      } else if (m > l) h[k + (k - 1) * n] *= 1 - factor[0];
      reflectRows(1, length, h, n, k, k, last);
      reflectColumns(1, length, h, n, k, first, Math.min(k + 3, i));
      if (z) reflectColumns(1, length, z, rows, k, 0, rows - 1);
    }
  }
  return -1;
}

/** Puts the 2 x 2 block at (l, l) into standard form, with the rest of the matrix between `first` and `last`. */
export function standardiseAt(
  n: number,
  h: Float64Array,
  z: Float64Array | null,
  rows: number,
  l: number,
  first: number,
  last: number,
): void {
  const p = l + l * n;
  standardise(h[p], h[p + n], h[p + 1], h[p + n + 1]);
  h[p] = standard[0];
  h[p + n] = standard[1];
  h[p + 1] = standard[2];
  h[p + n + 1] = standard[3];
  const c = standard[8];
  const s = standard[9];
  if (s === 0) return;
  applyTurn(1, h, l + (l + 2) * n, l + 1 + (l + 2) * n, n, last - l - 1, c, s, 0);
  applyTurn(1, h, first + l * n, first + (l + 1) * n, 1, l - first, c, s, 0);
  if (z) applyTurn(1, z, l * rows, (l + 1) * rows, 1, rows, c, s, 0);
}

/** Chooses shifts, and the row at which the step may begin; leaves its first column in `vector`. */
function startDouble(n: number, h: Float64Array, l: number, i: number, since: number): number {
  const at = (r: number, c: number): number => h[r + c * n];
  let h11 = at(i - 1, i - 1);
  let h21 = at(i, i - 1);
  let h12 = at(i - 1, i);
  let h22 = at(i, i);
  if (since % EXCEPTIONAL === 0) {
    const fromTop = since % (2 * EXCEPTIONAL) !== 0;
    const s = fromTop
      ? Math.abs(at(l + 1, l)) + Math.abs(at(l + 2, l + 1))
      : Math.abs(at(i, i - 1)) + Math.abs(at(i - 1, i - 2));
    h11 = h22 = 0.75 * s + (fromTop ? at(l, l) : at(i, i));
    h12 = -0.4375 * s;
    h21 = s;
  }
  let re1 = 0;
  let im1 = 0;
  let re2 = 0;
  let im2 = 0;
  const s = Math.abs(h11) + Math.abs(h12) + Math.abs(h21) + Math.abs(h22);
  if (s !== 0) {
    h11 /= s;
    h12 /= s;
    h21 /= s;
    h22 /= s;
    const middle = (h11 + h22) / 2;
    const det = (h11 - middle) * (h22 - middle) - h12 * h21;
    const root = Math.sqrt(Math.abs(det));
    if (det >= 0) {
      re1 = re2 = middle * s;
      im1 = root * s;
      im2 = -im1;
    } else {
      const [a, b] = [middle + root, middle - root];
      re1 = re2 = (Math.abs(a - h22) <= Math.abs(b - h22) ? a : b) * s;
    }
  }
  for (let m = i - 2; ; m--) {
    firstColumn(n, h, m, re1, im1, re2, im2);
    if (m === l) return m;
    const a = vector[0];
    const b = vector[1];
    const c = vector[2];
    const coupled = Math.abs(at(m, m - 1)) * (Math.abs(b) + Math.abs(c));
    const around = Math.abs(at(m - 1, m - 1)) + Math.abs(at(m, m)) + Math.abs(at(m + 1, m + 1));
    if (coupled <= EPS * Math.abs(a) * around) return m;
  }
}

/** Up to a factor the first column of (H − s₁) (H − s₂), H from row m on, into `vector`. */
export function firstColumn(
  n: number,
  h: Float64Array,
  m: number,
  re1: number,
  im1: number,
  re2: number,
  im2: number,
): void {
  const p = m + m * n;
  const a = h[p];
  const b = h[p + 1];
  const s = Math.abs(a - re2) + Math.abs(im2) + Math.abs(b);
  if (s === 0) {
    vector.fill(0);
    return;
  }
  const c = b / s;
  const v0 = c * h[p + n] + (a - re1) * ((a - re2) / s) - im1 * (im2 / s);
  const v1 = c * (a + h[p + n + 1] - re1 - re2);
  const v2 = c * h[p + n + 2];
  const total = Math.abs(v0) + Math.abs(v1) + Math.abs(v2) || 1;
  vector[0] = v0 / total;
  vector[1] = v1 / total;
  vector[2] = v2 / total;
}

function singleShift({ n, h, z, rows, wantsT, values }: Iterate, lo: number, hi: number): number {
  const limit = 30 * Math.max(10, hi - lo + 1);
  const ld = 2 * n;
  let i = hi;
  let since = 0;
  for (let step = 0; i >= lo; ) {
    const l = blockStart(2, n, h, lo, i);
    if (l === i) {
      values[2 * i] = h[2 * i + i * ld];
      values[2 * i + 1] = h[2 * i + i * ld + 1];
      i--;
      since = 0;
      continue;
    }
    if (++step > limit) return i;
    since++;
    const first = wantsT ? 0 : l;
    const last = wantsT ? n - 1 : i;
    const m = startSingle(n, h, l, i, since);
    for (let k = m; k < i; k++) {
      if (k > m) {
        const p = 2 * k + (k - 1) * ld;
        findTurn(2, h[p], h[p + 1], h[p + 2], h[p + 3]);
        h[p] = turn[3];
        h[p + 1] = turn[4];
        h[p + 2] = h[p + 3] = 0;
      } else {
        findTurn(2, shifted[0], shifted[1], shifted[2], shifted[3]);
        if (m > l) {
          const p = 2 * k + (k - 1) * ld;
          h[p] *= turn[0];
          h[p + 1] *= turn[0];
        }
      }
      const c = turn[0];
      const re = turn[1];
      const im = turn[2];
      applyTurn(2, h, 2 * k + k * ld, 2 * k + 2 + k * ld, ld, last - k + 1, c, re, im);
      const height = Math.min(k + 2, i) - first + 1;
      applyTurn(2, h, 2 * first + k * ld, 2 * first + (k + 1) * ld, 2, height, c, re, -im);
      if (z) applyTurn(2, z, 2 * k * rows, 2 * (k + 1) * rows, 2, rows, c, re, -im);
    }
  }
  return -1;
}

/** h(m, m) − shift and h(m + 1, m), and the shift itself. */
const shifted = new Float64Array(6);

function startSingle(n: number, h: Float64Array, l: number, i: number, since: number): number {
  const ld = 2 * n;
  const at = (r: number, c: number): number => 2 * r + c * ld;
  if (since % EXCEPTIONAL === 0) {
    const fromTop = since % (2 * EXCEPTIONAL) !== 0;
    const sub = fromTop ? at(l + 1, l) : at(i, i - 1);
    const here = fromTop ? at(l, l) : at(i, i);
    shifted[4] = 0.75 * (Math.abs(h[sub]) + Math.abs(h[sub + 1])) + h[here];
    shifted[5] = h[here + 1];
  } else wilkinson(h, at(i - 1, i - 1), at(i, i - 1), at(i - 1, i), at(i, i));
  const size = (p: number): number => Math.abs(h[p]) + Math.abs(h[p + 1]);
  for (let m = i - 1; ; m--) {
    const p = at(m, m);
    const sub = at(m + 1, m);
    shifted[0] = h[p] - shifted[4];
    shifted[1] = h[p + 1] - shifted[5];
    shifted[2] = h[sub];
    shifted[3] = h[sub + 1];
    if (m === l) return m;
    const a = Math.abs(shifted[0]) + Math.abs(shifted[1]);
    const b = size(sub);
    const s = a + b || 1;
    const before = size(at(m, m - 1));
    if (before * (b / s) <= EPS * ((a / s) * (size(p) + size(at(m + 1, m + 1))))) return m;
  }
}

/** The eigenvalue of a complex 2 x 2 matrix closer to its last entry, as the shift. */
function wilkinson(h: Float64Array, a: number, c: number, b: number, d: number): void {
  // λ = d − bc / (δ ± √(δ² + bc)) with δ = (a − d) / 2 and the sign of the larger denominator.
  const s =
    Math.abs(h[a] - h[d]) +
    Math.abs(h[a + 1] - h[d + 1]) +
    Math.sqrt(Math.abs(h[b]) + Math.abs(h[b + 1])) * Math.sqrt(Math.abs(h[c]) + Math.abs(h[c + 1]));
  shifted[4] = h[d];
  shifted[5] = h[d + 1];
  if (s === 0) return;
  const dRe = (h[a] - h[d]) / (2 * s);
  const dIm = (h[a + 1] - h[d + 1]) / (2 * s);
  const bRe = h[b] / s;
  const bIm = h[b + 1] / s;
  const cRe = h[c] / s;
  const cIm = h[c + 1] / s;
  const pRe = bRe * cRe - bIm * cIm;
  const pIm = bRe * cIm + bIm * cRe;
  sqrtComplex(dRe * dRe - dIm * dIm + pRe, 2 * dRe * dIm + pIm, root, 0);
  const sign = dRe * root[0] + dIm * root[1] < 0 ? -1 : 1;
  const qRe = dRe + sign * root[0];
  const qIm = dIm + sign * root[1];
  const size = qRe * qRe + qIm * qIm;
  if (size === 0) return;
  shifted[4] -= (s * (pRe * qRe + pIm * qIm)) / size;
  shifted[5] -= (s * (pIm * qRe - pRe * qIm)) / size;
}

const root = new Float64Array(2);
