// Eigenvalues and vectors of a pair of matrices: the entry point that a device may replace.
import { divideComplex, sqrtComplex } from "../../ops/complexMath.ts";
import { EPS } from "./deflate.ts";
import { normalised } from "./generalEigen.ts";
import { type Pencil, rotateColumns, rotateRows } from "./pencil.ts";
import { findTurn } from "./planeRotations.ts";
import { makePositive, qzFactors } from "./qz.ts";
import { widened } from "./schurComplex.ts";
import { axpy, maxAbs, multiply, scale, type Width } from "./vector.ts";

export interface GeneralizedEigen {
  /** Two entries each; the eigenvalue is alpha / beta. */
  readonly alpha: Float64Array;
  /** Real and not negative; 0 for an infinite eigenvalue. */
  readonly beta: Float64Array;
  /** Complex, column-major, of length 1 with a real largest element. */
  readonly vectors: Float64Array;
  /** −1, or the row at which the iteration gave up. */
  readonly failed: number;
}

/** A real generalised Schur form as a complex triangular one. */
export function complexPencil({ width, n, s, t, q, z }: Pencil): Pencil {
  if (width === 2) return { width, n, s, t, q, z };
  const out: Pencil = { width: 2, n, s: widened(s), t: widened(t), q: widened(q), z: widened(z) };
  for (let k = 0; k + 1 < n; k++) if (out.s[2 * (k + 1 + k * n)] !== 0) triangularizePair(out, k);
  return out;
}

const root = new Float64Array(2);

/** Splits the pair of complex eigenvalues at row k, the one with positive imaginary part first; T is diagonal there. */
function triangularizePair(pencil: Pencil, k: number): void {
  const { n, s, t } = pencil;
  const ld = 2 * n;
  const p = k * (ld + 2);
  const q = p + ld;
  const m11 = s[p] / t[p];
  const m22 = s[q + 2] / t[q + 2];
  const coupling = (s[q] / t[q + 2]) * (s[p + 2] / t[p]);
  const half = (m11 - m22) / 2;
  sqrtComplex(half * half + coupling, 0, root, 0);
  const re = m22 + half + root[0];
  const im = root[1];
  // (S − λ T) z = 0 by its longer row.
  const aRe = s[p] - re * t[p];
  const aIm = -im * t[p];
  const dRe = s[q + 2] - re * t[q + 2];
  const dIm = -im * t[q + 2];
  if (Math.hypot(aRe, aIm, s[q]) >= Math.hypot(dRe, dIm, s[p + 2])) findTurn(2, s[q], 0, aRe, aIm);
  else findTurn(2, dRe, dIm, s[p + 2], 0);
  rotateColumns(pencil, k, k + 1);
  const x = Math.hypot(t[p], t[p + 1], t[p + 2], t[p + 3]) > 0 ? t : s;
  findTurn(2, x[p], x[p + 1], x[p + 2], x[p + 3]);
  rotateRows(pencil, k, k);
  s.fill(0, p + 2, p + 4);
  t.fill(0, p + 2, p + 4);
  makePositive(pencil, k);
  makePositive(pencil, k + 1);
}

/** Values of a generalised Schur form. For real pairs the second value is the conjugate of the first. */
export function pencilValues(pencil: Pencil): { alpha: Float64Array; beta: Float64Array } {
  const { width: w, n, s, t } = pencil;
  const alpha = new Float64Array(2 * n);
  const beta = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const p = i * (n + 1) * w;
    beta[i] = t[p];
    alpha[2 * i] = s[p];
    if (w === 2) alpha[2 * i + 1] = s[p + 1];
    else if (i + 1 < n && s[p + 1] !== 0) {
      const q = p + n;
      const m11 = s[p] / t[p];
      const m22 = s[q + 1] / t[q + 1];
      const half = (m11 - m22) / 2;
      const discriminant = half * half + (s[q] / t[q + 1]) * (s[p + 1] / t[p]);
      const size = Math.sqrt(t[p]) * Math.sqrt(t[q + 1]);
      const imaginary = Math.sqrt(Math.max(0, -discriminant)) * size;
      alpha.set([(m22 + half) * size, imaginary, (m22 + half) * size, -imaginary], 2 * i);
      beta[i] = size;
      beta[i + 1] = size;
      i++;
    }
  }
  return { alpha, beta };
}

const pivot = new Float64Array(2);

/** Right vectors of a complex triangular pair by back substitution, as columns. O(2 n³ / 3) complex. */
function triangularVectors({ n, s, t }: Pencil): Float64Array {
  const ld = 2 * n;
  const x = new Float64Array(n * ld);
  const sizeS = maxAbs(s, 0, s.length);
  const sizeT = maxAbs(t, 0, t.length);
  for (let j = 0; j < n; j++) {
    const column = j * ld;
    const p = j * (ld + 2);
    const unit = 1 / (Math.max(Math.hypot(s[p], s[p + 1]), t[p]) || 1);
    const re = s[p] * unit;
    const im = s[p + 1] * unit;
    const b = t[p] * unit;
    const floor = Math.max(EPS * Math.max(b * sizeS, Math.hypot(re, im) * sizeT), 2 ** -900);
    const spread = (k: number, cRe: number, cIm: number): void => {
      // − c (β S − α T) of column k onto the rows above.
      axpy(2, -b * cRe, -b * cIm, s, k * ld, x, column, k);
      axpy(2, re * cRe - im * cIm, re * cIm + im * cRe, t, k * ld, x, column, k);
    };
    x[column + 2 * j] = 1;
    spread(j, 1, 0);
    for (let k = j - 1; k >= 0; k--) {
      const d = k * (ld + 2);
      let dRe = b * s[d] - re * t[d] + im * t[d + 1];
      let dIm = b * s[d + 1] - re * t[d + 1] - im * t[d];
      if (Math.hypot(dRe, dIm) < floor) {
        dRe = floor;
        dIm = 0;
      }
      const at = column + 2 * k;
      const size = Math.abs(x[at]) + Math.abs(x[at + 1]);
      const by = Math.min(1, Math.hypot(dRe, dIm));
      if (size > 2 ** 100 * by) scale(2, by / size, 0, x, column, j + 1);
      divideComplex(x[at], x[at + 1], dRe, dIm, pivot, 0);
      x[at] = pivot[0];
      x[at + 1] = pivot[1];
      spread(k, pivot[0], pivot[1]);
    }
  }
  return x;
}

/** A v β = α B v for column-major matrices of moderate norm, which are destroyed. O(80 n³). */
export function generalizedEigen(w: Width, n: number, a: Float64Array, b: Float64Array): GeneralizedEigen {
  const factors = qzFactors(w, n, a, b);
  const { alpha, beta } = pencilValues(factors);
  if (factors.failed >= 0) return { alpha, beta, vectors: new Float64Array(0), failed: factors.failed };
  const pencil = complexPencil(factors);
  const x = triangularVectors(pencil);
  const ld = 2 * n;
  for (let j = 0; j < n; j++) {
    const top = maxAbs(x, j * ld, ld);
    scale(2, 1 / top, 0, x, j * ld, n);
  }
  const v = new Float64Array(n * ld);
  const whole = (data: Float64Array): { data: Float64Array; offset: number; ld: number } => ({
    data,
    offset: 0,
    ld,
  });
  multiply(2, n, n, n, whole(pencil.z), whole(x), whole(v));
  const vectors = normalised(2, n, v, alpha);
  for (let j = 0; w === 1 && j < n; j++) {
    const column = vectors.subarray(j * ld, (j + 1) * ld);
    if (alpha[2 * j + 1] === 0) {
      // The vector of a real eigenvalue is real up to a phase that is gone already.
      for (let i = 1; i < ld; i += 2) column[i] = 0;
      continue;
    }
    vectors.set(
      column.map((value, i) => (i % 2 === 1 ? -value : value)),
      (j + 1) * ld,
    );
    j++;
  }
  return { alpha, beta, vectors, failed: -1 };
}
