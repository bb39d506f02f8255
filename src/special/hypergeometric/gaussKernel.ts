// Gauss's hypergeometric function for real x: the power series after whichever linear transformation leaves the smallest
// argument and the least cancellation (DLMF 15.8), with the logarithmic limits of the connection to x = 1.

import { digamma } from "../gamma/digammaKernel.ts";
import { gamma, gammaSign, lgamma, rgamma } from "../gamma/gammaKernel.ts";
import { isNonPositiveInteger } from "../numeric.ts";

/** Sum of |terms| over |sum| of the last series: how many digits it lost. */
let loss = 1;

/** Σ (a)ₖ (b)ₖ / (c)ₖ xᵏ/k! */
function series(a: number, b: number, c: number, x: number): number {
  let term = 1;
  let sum = 1;
  let size = 1;
  for (let k = 0; k < 500_000; k++) {
    term *= (((a + k) * (b + k)) / ((c + k) * (k + 1))) * x;
    if (term === 0) break;
    sum += term;
    size += Math.abs(term);
    if (Math.abs(term) < 5e-18 * Math.abs(sum) && Math.abs(((a + k) * (b + k) * x) / ((c + k) * (k + 1))) < 1)
      break;
  }
  loss = size / Math.abs(sum);
  return sum;
}

/** Γ(p) Γ(q) / (Γ(r) Γ(s)), 0 at the poles below. */
function gammaRatio(p: number, q: number, r: number, s: number): number {
  if (isNonPositiveInteger(r) || isNonPositiveInteger(s)) return 0;
  if (Math.max(Math.abs(p), Math.abs(q), Math.abs(r), Math.abs(s)) < 50)
    return gamma(p) * rgamma(r) * gamma(q) * rgamma(s);
  const sign = gammaSign(p) * gammaSign(q) * gammaSign(r) * gammaSign(s);
  return sign * Math.exp(lgamma(p) + lgamma(q) - lgamma(r) - lgamma(s));
}

/** Closer to an integer than this the general connection to 1 - x loses too many digits. */
const NEAR_INTEGER = 0.02;

/** For 1/2 < x < 1. */
function nearOne(a: number, b: number, c: number, x: number, y: number): number {
  const d = c - a - b;
  const whole = Math.round(d);
  if (d === whole) {
    if (whole >= 0) return logarithmic(a, b, whole, y);
    // Euler's transformation makes c - a - b positive.
    return y ** d * logarithmic(c - a, c - b, -whole, y);
  }
  if (Math.abs(d - whole) < NEAR_INTEGER) {
    // The series itself; after Euler's transformation where that makes the terms fall faster.
    return d < 0 ? y ** d * series(c - a, c - b, c, x) : series(a, b, c, x);
  }
  const first = gammaRatio(c, d, c - a, c - b);
  const second = gammaRatio(c, -d, a, b);
  const one = first === 0 ? 0 : first * series(a, b, 1 - d, y);
  let lost = first === 0 ? 1 : loss;
  const two = second === 0 ? 0 : second * y ** d * series(c - a, c - b, 1 + d, y);
  lost = Math.max(lost, second === 0 ? 1 : loss);
  const sum = one + two;
  loss = (lost * (Math.abs(one) + Math.abs(two))) / Math.abs(sum);
  return sum;
}

/** F(a, b; a + b + m; 1 - y) for an integer m >= 0 (DLMF 15.8.10). */
function logarithmic(a: number, b: number, m: number, y: number): number {
  let finite = 0;
  if (m > 0) {
    let term = 1;
    for (let k = 0; k < m; k++) {
      finite += term;
      if (k < m - 1) term *= (-(a + k) * (b + k) * y) / ((k + 1) * (m - 1 - k));
    }
    // Γ(m) Γ(a + b + m) / (Γ(a + m) Γ(b + m))
    finite *= gammaRatio(m, a + b + m, a + m, b + m);
  }
  const scale = gammaRatio(a + b + m, 1, a, b);
  if (scale === 0) return finite;
  const log = Math.log(y);
  let term = (-y) ** m;
  for (let k = 1; k <= m; k++) term /= k;
  let psi = log - digamma(1) - digamma(m + 1) + digamma(a + m) + digamma(b + m);
  let sum = 0;
  let size = 0;
  for (let k = 0; k < 100_000; k++) {
    const next = term * psi;
    sum += next;
    size += Math.abs(next);
    if (k > 3 && Math.abs(next) < 5e-18 * Math.abs(sum)) break;
    term *= (((a + m + k) * (b + m + k)) / ((k + 1) * (k + m + 1))) * y;
    psi += 1 / (a + m + k) + 1 / (b + m + k) - 1 / (k + 1) - 1 / (k + m + 1);
  }
  const rest = -scale * sum;
  loss = (Math.abs(finite) + Math.abs(scale) * size) / Math.abs(finite + rest);
  return finite + rest;
}

/** For 0 <= x < 1; y = 1 - x. */
function unitInterval(a: number, b: number, c: number, x: number, y: number): number {
  if (x > 0.75 && !isNonPositiveInteger(a) && !isNonPositiveInteger(b)) {
    const value = nearOne(a, b, c, x, y);
    if (loss < 50 || x > 0.999) return value;
  }
  const value = series(a, b, c, x);
  if (loss < 8) return value;
  const firstLoss = loss;
  const other = y ** (c - a - b) * series(c - a, c - b, c, x);
  return loss < firstLoss ? other : value;
}

/**
 * ₂F₁(a, b; c; x): ∞ for x > 1 and at poles c = 0, -1 … unless the series ends before; at x = 1 Gauss's value, or ±∞ where it
 * diverges. Digits are lost where terms of the series cancel: large parameters of mixed signs.
 */
export function gaussHypergeometric(a: number, b: number, c: number, x: number): number {
  if (Number.isNaN(a + b + c + x)) return Number.NaN;
  if (x === 0 || a === 0 || b === 0)
    return isNonPositiveInteger(c) && x !== 0 && a * b !== 0 ? Number.NaN : 1;
  const ends = isNonPositiveInteger(a) || isNonPositiveInteger(b);
  if (isNonPositiveInteger(c)) {
    const last = Math.max(
      isNonPositiveInteger(a) ? a : Number.NEGATIVE_INFINITY,
      isNonPositiveInteger(b) ? b : Number.NEGATIVE_INFINITY,
    );
    if (!(last > c)) return Number.POSITIVE_INFINITY;
  }
  const d = c - a - b;
  if (x === 1) {
    if (ends) return atOne(a, b, c);
    if (d > 0) return gammaRatio(c, d, c - a, c - b);
    return Number.POSITIVE_INFINITY * (gammaSign(c) * gammaSign(a) * gammaSign(b) || 1);
  }
  if (ends) return polynomialCase(a, b, c, x);
  if (x > 1) return Number.POSITIVE_INFINITY;
  if (c === b) return (1 - x) ** -a;
  if (c === a) return (1 - x) ** -b;
  if (isNonPositiveInteger(c - a) || isNonPositiveInteger(c - b))
    return (1 - x) ** d * gaussHypergeometric(c - a, c - b, c, x);
  if (x > 0) return unitInterval(a, b, c, x, 1 - x);
  if (x > -0.3) {
    const value = series(a, b, c, x);
    if (loss < 8) return value;
  }
  // Pfaff's transformations: x/(x - 1) lies in (0, 1).
  const y = 1 / (1 - x);
  const z = -x * y;
  const first = y ** a * unitInterval(a, c - b, c, z, y);
  if (loss < 8) return first;
  const firstLoss = loss;
  const second = y ** b * unitInterval(c - a, b, c, z, y);
  return loss < firstLoss ? second : first;
}

/** Vandermonde's sum (c - b)ₙ / (c)ₙ for a = -n. */
function atOne(a: number, b: number, c: number): number {
  const n = -(isNonPositiveInteger(a) && !(isNonPositiveInteger(b) && b > a) ? a : b);
  const other = n === -a ? b : a;
  let product = 1;
  for (let k = 0; k < n; k++) product *= (c - other + k) / (c + k);
  return product;
}

/** The series ends. Where it cancels, it is summed from the other end (in 1 - x). */
function polynomialCase(a: number, b: number, c: number, x: number): number {
  const value = series(a, b, c, x);
  if (loss < 8 || !(x > 0) || isNonPositiveInteger(c)) return value;
  const firstLoss = loss;
  const n = isNonPositiveInteger(a) && !(isNonPositiveInteger(b) && b > a) ? a : b;
  const other = n === a ? b : a;
  const scale = atOne(n, other, c);
  const bottom = n + other - c + 1;
  if (scale === 0 || (isNonPositiveInteger(bottom) && bottom > n)) return value;
  const reflected = scale * series(n, other, bottom, 1 - x);
  return loss < firstLoss ? reflected : value;
}
