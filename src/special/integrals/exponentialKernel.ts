// Exponential integrals: power series near 0, continued fractions and asymptotic series beyond (DLMF 6.6, 6.9, 6.12,
// 8.17, 8.20).

import { digamma } from "../gamma/digammaKernel.ts";
import { gamma } from "../gamma/gammaKernel.ts";
import { EPSILON, EULER_GAMMA } from "../numeric.ts";

/** Σ xᵏ / (k k!) */
function entire(x: number): number {
  let power = 1;
  let sum = 0;
  for (let k = 1; k < 500; k++) {
    power *= x / k;
    const term = power / k;
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
  }
  return sum;
}

/** e^x Eₙ(x) for x >= 1 by the continued fraction, with Lentz's algorithm. */
function scaledFraction(n: number, x: number): number {
  let b = x + n;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10000; i++) {
    const a = -i * (n - 1 + i);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    const factor = c * d;
    h *= factor;
    if (Math.abs(factor - 1) < EPSILON) break;
  }
  return h;
}

/** E₁(x) = ∫ₓ^∞ e^(-t)/t dt: ∞ at 0, NaN for x < 0. */
export function expIntegral1(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (x <= 1) return -EULER_GAMMA - Math.log(x) - entire(-x);
  if (x > 745) return 0;
  return scaledFraction(1, x) * Math.exp(-x);
}

/** The zero of Ei, as a sum of two numbers. */
const ZERO = 0.3725074107813666;
const ZERO_REST = 1.3140183414386028e-17;

/** Ei(x), the principal value: -∞ at 0. */
export function expIntegralEi(x: number): number {
  if (x < 0) return -expIntegral1(-x);
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (Math.abs(x - ZERO) < 0.2) return nearZero(x);
  if (x === Number.POSITIVE_INFINITY) return x;
  if (!(x > 40)) return EULER_GAMMA + Math.log(x) + entire(x);
  if (x > 716.5) return Number.POSITIVE_INFINITY;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 60; k++) {
    const next = term * (k / x);
    if (next >= term || next < 1e-17) break;
    term = next;
    sum += term;
  }
  // In two factors: e^x overflows before Ei does.
  return Math.exp(x / 2) * (sum / x) * Math.exp(x / 2);
}

/** Ei between its zero and x: the difference of the series, divided by the distance term by term. */
function nearZero(x: number): number {
  const distance = x - ZERO - ZERO_REST;
  let sum = 0;
  // q = (xᵏ - zᵏ) / (x - z)
  let q = 1;
  let power = ZERO;
  let factorial = 1;
  for (let k = 1; k < 40; k++) {
    factorial *= k;
    const term = q / (k * factorial);
    sum += term;
    if (term < 1e-17 * sum) break;
    q = q * x + power;
    power *= ZERO;
  }
  return Math.log1p(distance / ZERO) + distance * sum;
}

/** Eₙ(x) = ∫₁^∞ e^(-xt)/tⁿ dt for an integer n >= 0; NaN for x < 0 and other orders. */
export function expIntegralN(n: number, x: number): number {
  if (!(n >= 0 && Number.isInteger(n) && x >= 0)) return Number.NaN;
  if (n === 0) return x === 0 ? Number.POSITIVE_INFINITY : Math.exp(-x) / x;
  if (x === 0) return n === 1 ? Number.POSITIVE_INFINITY : 1 / (n - 1);
  if (n === 1) return expIntegral1(x);
  if (x > 745) return 0;
  // The fraction converges fast for large n, too.
  if (x > 1 || n > 60) return scaledFraction(n, x) * Math.exp(-x);
  // (-x)^(n-1)/(n-1)! (ψ(n) - log x) - Σ (-x)^k / ((k - n + 1) k!), k ≠ n - 1
  let power = 1;
  let sum = 0;
  for (let k = 0; k < 400; k++) {
    if (k > 0) power *= -x / k;
    if (k === n - 1) continue;
    const term = power / (k - n + 1);
    sum -= term;
    if (k > n && Math.abs(term) < 1e-17 * Math.abs(sum)) break;
  }
  return ((-x) ** (n - 1) / gamma(n)) * (digamma(n) - Math.log(x)) + sum;
}
