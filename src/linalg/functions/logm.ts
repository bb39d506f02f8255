// The principal logarithm of a matrix and its fractional powers.
// Sources: Al-Mohy and Higham, "Improved inverse scaling and squaring algorithms for the matrix logarithm" (2012);
// Al-Mohy, "A more accurate Briggs method for the logarithm" (2012).
import {
  atanhComplex,
  divideComplex,
  logComplex,
  multiplyComplex,
  sqrtComplex,
} from "../../ops/complexMath.ts";
import { eye } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { quadrature } from "../../transform/functional/grid.ts";
import { checkSquare, factorable } from "../base/matrix.ts";
import { EPS } from "../kernels/deflate.ts";
import { combine } from "../kernels/dense.ts";
import { powerNorm } from "../kernels/powerNorm.ts";
import { solveTriangle } from "../kernels/triangular.ts";
import { maxAbs, type Width } from "../kernels/vector.ts";
import { solveFor } from "../systems/solve.ts";
import { EXPM } from "./expm.ts";
import { applyFunction, type MatrixFunction } from "./matrixFunction.ts";
import { complexSchur, fromSchur, refuseNegative, sqrtTriangular } from "./triangularFunction.ts";

/** Norms of T − I up to which the Padé approximant of degree m = 1 … 7 of log has a backward error of at most 2⁻⁵³. */
const THETA = [0, 1.59e-5, 2.31e-3, 1.94e-2, 6.21e-2, 1.28e-1, 2.06e-1, 2.88e-1] as const;

/** How many square roots bring T near enough to I, and the degree that then suffices. */
function scaleDown(n: number, t: Float64Array): { r: Float64Array; roots: number; degree: number } {
  let roots = 0;
  const diagonal = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) diagonal.set(t.subarray(2 * i * (n + 1), 2 * i * (n + 1) + 2), 2 * i);
  const distance = (): number => {
    let top = 0;
    for (let i = 0; i < n; i++) top = Math.max(top, Math.hypot(diagonal[2 * i]! - 1, diagonal[2 * i + 1]!));
    return top;
  };
  let r = t;
  const root = (): void => {
    r = sqrtTriangular("logm", n, r);
    roots++;
  };
  while (distance() > THETA[7]) {
    for (let i = 0; i < n; i++) sqrtComplex(diagonal[2 * i]!, diagonal[2 * i + 1]!, diagonal, 2 * i);
    root();
  }
  const norm = (p: number): number => powerNorm(2, n, combine(2, n, -1, [[1, r]]), p);
  const degreeFor = (size: number, from: number): number => {
    for (let m = from; m <= 7; m++) if (size <= THETA[m]!) return m;
    return 8;
  };
  const first = Math.max(norm(2), norm(3));
  for (const degree of [1, 2]) if (first <= THETA[degree]!) return { r, roots, degree };
  for (let halved = 0; ; ) {
    const d3 = norm(3);
    const d4 = norm(4);
    const a3 = Math.max(d3, d4);
    if (a3 <= THETA[7]) {
      const degree = degreeFor(a3, 3);
      if (degree <= 6) return { r, roots, degree };
      if (a3 / 2 <= THETA[5] && halved < 2) {
        halved++;
        root();
        continue;
      }
    }
    const eta = Math.min(a3, Math.max(d4, norm(5)));
    for (const degree of [6, 7]) if (eta <= THETA[degree]!) return { r, roots, degree };
    root();
  }
}

const number = new Float64Array(6);

/** z^(1/2^k) − 1 without cancellation, into out[at]. */
function briggs(re: number, im: number, k: number, out: Float64Array, at: number): void {
  if (k === 0) {
    out[at] = re - 1;
    out[at + 1] = im;
    return;
  }
  number[0] = re;
  number[1] = im;
  let rest = k;
  if (Math.abs(Math.atan2(im, re)) >= Math.PI / 2) {
    sqrtComplex(re, im, number, 0);
    rest--;
  }
  const zRe = number[0]! - 1;
  const zIm = number[1]!;
  if (rest === 0) {
    out[at] = zRe;
    out[at + 1] = zIm;
    return;
  }
  sqrtComplex(number[0]!, number[1]!, number, 0);
  number[2] = 1 + number[0]!;
  number[3] = number[1]!;
  for (let j = 1; j < rest; j++) {
    sqrtComplex(number[0]!, number[1]!, number, 0);
    multiplyComplex(number[2]!, number[3]!, 1 + number[0]!, number[1]!, number, 2);
  }
  divideComplex(zRe, zIm, number[2]!, number[3]!, out, at);
}

/** The entry of log T right of the diagonal, for eigenvalues at p and q and t between them. */
function superdiagonal(t: Float64Array, p: number, q: number, between: number, out: Float64Array): void {
  const [aRe, aIm, bRe, bIm] = [t[p]!, t[p + 1]!, t[q]!, t[q + 1]!];
  const tRe = t[between]!;
  const tIm = t[between + 1]!;
  const dRe = bRe - aRe;
  const dIm = bIm - aIm;
  if (dRe === 0 && dIm === 0) {
    divideComplex(tRe, tIm, aRe, aIm, out, between);
    return;
  }
  logComplex(aRe, aIm, number, 0);
  logComplex(bRe, bIm, number, 2);
  let gapRe = number[2]! - number[0]!;
  let gapIm = number[3]! - number[1]!;
  const sRe = aRe + bRe;
  const sIm = aIm + bIm;
  if (Math.hypot(dRe, dIm) <= Math.hypot(sRe, sIm) / 2) {
    // Close eigenvalues: 2 artanh of their relative distance, on the sheet of the logarithms.
    const sheet = Math.ceil((gapIm - Math.PI) / (2 * Math.PI));
    divideComplex(dRe, dIm, sRe, sIm, number, 4);
    atanhComplex(number[4]!, number[5]!, number, 4);
    gapRe = 2 * number[4]!;
    gapIm = 2 * (number[5]! + Math.PI * sheet);
  }
  multiplyComplex(tRe, tIm, gapRe, gapIm, number, 4);
  divideComplex(number[4]!, number[5]!, dRe, dIm, out, between);
}

/** log of a complex triangle without zeros on its diagonal. O(n³) for each square root, about as much for the rest. */
function logTriangular(n: number, t: Float64Array): Float64Array {
  const { r: root, roots, degree } = scaleDown(n, t);
  const r = combine(2, n, -1, [[1, root]]);
  for (let i = 0; i < n; i++) {
    const p = 2 * i * (n + 1);
    briggs(t[p]!, t[p + 1]!, roots, r, p);
  }
  // The Padé approximant as partial fractions, Gauss and Legendre's rule for ∫ R (I + x R)⁻¹ dx over [0, 1].
  const { nodes, weights } = quadrature("legendre", degree, [0, 1]);
  const out = new Float64Array(2 * n * n);
  for (let k = 0; k < degree; k++) {
    const left = combine(2, n, 1, [[Number(nodes.item(k)), r]]);
    const right = r.slice();
    solveTriangle(2, n, left, 0, 2 * n, { lower: false }, right, 0, 2 * n, n);
    const weight = Number(weights.item(k)) * 2 ** roots;
    for (let i = 0; i < out.length; i++) out[i]! += weight * right[i]!;
  }
  for (let i = 0; i < n; i++) {
    const p = 2 * i * (n + 1);
    logComplex(t[p]!, t[p + 1]!, out, p);
    if (i + 1 < n) superdiagonal(t, p, p + 2 * (n + 1), p + 2 * n, out);
  }
  return out;
}

function logarithm(w: Width, n: number, a: Float64Array): Float64Array {
  const { t, z } = complexSchur("logm", w, n, a);
  const small = EPS * maxAbs(t, 0, t.length);
  for (let i = 0; i < n; i++) {
    const p = 2 * i * (n + 1);
    // A zero, or what rounding has made of one.
    if (Math.hypot(t[p]!, t[p + 1]!) <= small * EPS)
      throw new DomainError("logm: a is singular and has no logarithm");
    if (w === 1 && t[p]! < 0 && t[p + 1] === 0 && -t[p]! <= 10 * n * small)
      throw new DomainError("logm: a is singular to rounding and has no logarithm");
  }
  refuseNegative("logm", w, n, t);
  return fromSchur(w, n, z, logTriangular(n, t));
}

const LOGM: MatrixFunction = { name: "logm", evaluate: logarithm };

/**
 * The principal logarithm of square `[…, n, n]`: the x with exp(x) = a whose eigenvalues have imaginary parts in
 * (−π, π]. Inverse scaling and squaring on the complex Schur form (Al-Mohy and Higham 2012): square roots until a Padé
 * approximant of degree at most 7 serves; O(25 n³) and n³/3 for each of usually less than 10 roots. The dtype is that of
 * a: the logarithm of a real matrix with negative eigenvalues is complex, and the matrix must come as complex.
 * Derivatives are Fréchet derivatives.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity, a singular matrix, and a real
 * matrix with negative eigenvalues.
 */
export function logm(a: Tensor): Tensor {
  checkSquare("logm", a);
  return applyFunction(LOGM, factorable("logm", a));
}

/**
 * a to an integer power, square `[…, n, n]`, by repeated squaring: at most 2 log₂ |k| products; negative powers are
 * those of the inverse.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for an exponent that is not an integer, and for
 * negative powers of a singular matrix.
 */
export function matrixPower(a: Tensor, exponent: number): Tensor {
  checkSquare("matrixPower", a);
  if (!Number.isSafeInteger(exponent))
    throw new DomainError(
      `matrixPower: exponent must be an integer, got ${exponent}; fractionalMatrixPower takes others`,
    );
  const one = identityLike(a);
  if (exponent === 0) return one;
  let base = exponent > 0 ? a : solveFor("matrixPower", a, one);
  let result: Tensor | null = null;
  for (let rest = Math.abs(exponent); rest > 0; ) {
    if (rest % 2 === 1) result = result === null ? base : result.matmul(base);
    rest = Math.floor(rest / 2);
    if (rest > 0) base = base.matmul(base);
  }
  return result!;
}

/** The identity in the shape and dtype of a. */
function identityLike(a: Tensor): Tensor {
  const n = a.shape.at(-1)!;
  return eye(n, n, { dtype: a.dtype }).broadcastTo(a.shape);
}

/**
 * The principal power aᵖ = exp(p log a) of square `[…, n, n]` for real p: an integer power by products and the
 * fraction, taken in (−1/2, 1/2], by `logm` and `expm`. Dtype and errors are those of `logm` unless p is an integer. The
 * error is that of log a times p, a little more than that of a Schur–Padé method for badly conditioned a.
 *
 * @throws as `logm` does; DomainError for an exponent that is not finite.
 */
export function fractionalMatrixPower(a: Tensor, exponent: number): Tensor {
  checkSquare("fractionalMatrixPower", a);
  if (!Number.isFinite(exponent))
    throw new DomainError(`fractionalMatrixPower: exponent must be finite, got ${exponent}`);
  const whole = Math.ceil(exponent - 0.5);
  const x = factorable("fractionalMatrixPower", a);
  if (whole === exponent) return matrixPower(x, whole);
  const fraction = applyFunction(EXPM, applyFunction(LOGM, x).mul(exponent - whole));
  return whole === 0 ? fraction : matrixPower(x, whole).matmul(fraction);
}
