// The beta function and binomial coefficients of real arguments. Ratios of gamma functions of large arguments come from
// Stirling's formula with its large logarithms cancelled by hand.

import { HALF_LOG_TAU, isNonPositiveInteger, isWhole, parity } from "../numeric.ts";
import { gamma, gammaSign, lgamma, rgamma, stirlingCorrection } from "./gammaKernel.ts";

/** log|B(a, b)| */
export function logBeta(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (small <= 0) return nonPositiveLogBeta(small, large);
  const sum = small + large;
  if (large === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  if (small >= 8) {
    const correction = stirlingCorrection(small) + stirlingCorrection(large) - stirlingCorrection(sum);
    const ratio = small / large;
    return (
      -0.5 * Math.log(large) +
      HALF_LOG_TAU +
      correction +
      (small - 0.5) * Math.log(ratio / (1 + ratio)) -
      large * Math.log1p(ratio)
    );
  }
  if (large >= 8) {
    const correction = stirlingCorrection(large) - stirlingCorrection(sum);
    const rest = small - small * Math.log(sum) - (large - 0.5) * Math.log1p(small / large);
    return lgamma(small) + correction + rest;
  }
  return Math.log(Math.abs(directBeta(small, large)));
}

const directBeta = (a: number, b: number): number => gamma(a) * (gamma(b) / gamma(a + b));

function nonPositiveLogBeta(a: number, b: number): number {
  if (isNonPositiveInteger(a)) {
    // The pole of Γ(a) cancels that of Γ(a + b).
    if (isWhole(b) && b > 0 && a + b <= 0) return logBeta(1 - a - b, b);
    return Number.POSITIVE_INFINITY;
  }
  if (isNonPositiveInteger(b)) return Number.POSITIVE_INFINITY;
  return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/** B(a, b) = Γ(a) Γ(b) / Γ(a + b); +∞ at poles. */
export function beta(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a > 0 && b > 0) {
    if (a + b < 24) return directBeta(Math.min(a, b), Math.max(a, b));
    return Math.exp(logBeta(a, b));
  }
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (isNonPositiveInteger(small)) {
    if (isWhole(large) && large > 0 && small + large <= 0)
      return parity(large) * beta(1 - small - large, large);
    return Number.POSITIVE_INFINITY;
  }
  if (isNonPositiveInteger(large)) return Number.POSITIVE_INFINITY;
  if (Math.abs(a) < 20 && Math.abs(b) < 20) return gamma(a) * gamma(b) * rgamma(a + b);
  if (isNonPositiveInteger(a + b)) return 0;
  return gammaSign(a) * gammaSign(b) * gammaSign(a + b) * Math.exp(logBeta(a, b));
}

/** The binomial coefficient of real arguments: Γ(n + 1) / (Γ(k + 1) Γ(n - k + 1)). */
export function binomial(n: number, k: number): number {
  if (Number.isNaN(n) || Number.isNaN(k)) return Number.NaN;
  if (n < 0 && isWhole(n)) return Number.NaN;
  if (isWhole(k)) {
    // As a product when it is short; symmetric where that makes it shorter.
    let count = k;
    if (isWhole(n) && n > 0 && count > n / 2) count = n - count;
    if (count < 0) return 0;
    if (count < 20 || count < 1e-8 * Math.abs(n)) {
      if (count < 2000) {
        let product = 1;
        for (let i = 1; i <= count; i++) product = (product * (n - count + i)) / i;
        return isWhole(n) && Math.abs(product) < 2 ** 53 ? Math.round(product) : product;
      }
    }
  }
  if (isNonPositiveInteger(k + 1) || isNonPositiveInteger(n - k + 1)) return 0;
  const value = 1 / ((n + 1) * beta(1 + n - k, 1 + k));
  return isWhole(n) && isWhole(k) && Math.abs(value) < 1e13 ? Math.round(value) : value;
}

/** Γ(x + m) / Γ(x). */
export function pochhammer(x: number, m: number): number {
  if (Number.isNaN(x) || Number.isNaN(m)) return Number.NaN;
  if (m === 0) return 1;
  if (isWhole(m) && Math.abs(m) <= 40) {
    let product = 1;
    if (m > 0) for (let i = 0; i < m; i++) product *= x + i;
    else for (let i = 1; i <= -m; i++) product /= x - i;
    return product;
  }
  if (isNonPositiveInteger(x + m)) {
    if (!isNonPositiveInteger(x)) return Number.POSITIVE_INFINITY;
    // Γ(x + m)/Γ(x) at two poles: the ratio of their residues.
    return parity(m) * Math.exp(lgamma(1 - x) - lgamma(1 - x - m));
  }
  if (isNonPositiveInteger(x)) return 0;
  if (Math.abs(x) < 60 && Math.abs(x + m) < 60) return gamma(x + m) * rgamma(x);
  if (x > 8 && x + m > 8) {
    const exponent =
      (x - 0.5) * Math.log1p(m / x) +
      m * (Math.log(x + m) - 1) +
      stirlingCorrection(x + m) -
      stirlingCorrection(x);
    return Math.exp(exponent);
  }
  return gammaSign(x) * gammaSign(x + m) * Math.exp(lgamma(x + m) - lgamma(x));
}
