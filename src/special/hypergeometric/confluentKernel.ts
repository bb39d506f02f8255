// Kummer's confluent hypergeometric function for real arguments: its power series, after Kummer's transformation where that makes
// the terms positive, and the asymptotic expansion for large |x| (DLMF 13.2, 13.7). And the confluent limit ₀F₁.

import { gammaSign, lgamma } from "../gamma/gammaKernel.ts";
import { isNonPositiveInteger } from "../numeric.ts";

let loss = 1;

function series(a: number, b: number, x: number): number {
  let term = 1;
  let sum = 1;
  let size = 1;
  for (let k = 0; k < 100_000; k++) {
    term *= ((a + k) / ((b + k) * (k + 1))) * x;
    if (term === 0) break;
    sum += term;
    size += Math.abs(term);
    if (Math.abs(term) < 5e-18 * Math.abs(sum) && k > Math.abs(x) / 2 - a) break;
  }
  loss = size / Math.abs(sum);
  return sum;
}

/** Γ(b)/Γ(a) e^x x^(a-b) Σ (1 - a)ₖ (b - a)ₖ / k! x^-k for large x > 0; NaN where the terms grow too early. */
function asymptotic(a: number, b: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 0; k < 300; k++) {
    const next = (term * (1 - a + k) * (b - a + k)) / ((k + 1) * x);
    if (Math.abs(next) > Math.abs(term) && k > Math.abs(a) + Math.abs(b)) return Number.NaN;
    term = next;
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) {
      const half = Math.exp((x + (a - b) * Math.log(x) + lgamma(b) - lgamma(a)) / 2);
      return gammaSign(a) * gammaSign(b) * half * sum * half;
    }
  }
  return Number.NaN;
}

/** ₁F₁(a; b; x): ∞ at poles b = 0, -1 … unless the series ends before. */
export function confluent(a: number, b: number, x: number): number {
  if (Number.isNaN(a + b + x)) return Number.NaN;
  if (isNonPositiveInteger(b) && !(isNonPositiveInteger(a) && a > b)) return Number.POSITIVE_INFINITY;
  if (x === 0 || a === 0) return 1;
  if (a === b) return Math.exp(x);
  if (x === Number.POSITIVE_INFINITY) return isNonPositiveInteger(a) ? series(a, b, 1e300) : x;
  if (isNonPositiveInteger(a)) {
    const value = series(a, b, x);
    if (loss < 8 || x > 0) return value;
  }
  if (x < 0) {
    if (x > -2) {
      const value = series(a, b, x);
      if (loss < 8) return value;
    }
    return Math.exp(x) === 0 || x < -700 ? farLeft(a, b, x) : Math.exp(x) * right(b - a, b, -x);
  }
  return right(a, b, x);
}

function right(a: number, b: number, x: number): number {
  if (x > 40 && !isNonPositiveInteger(a)) {
    const value = asymptotic(a, b, x);
    if (!Number.isNaN(value)) return value;
  }
  return series(a, b, x);
}

/** Γ(b)/Γ(b - a) |x|^-a Σ … for large negative x, where e^x vanishes. */
function farLeft(a: number, b: number, x: number): number {
  if (isNonPositiveInteger(b - a)) return 0;
  let term = 1;
  let sum = 1;
  for (let k = 0; k < 300 && Math.abs(term) > 1e-17; k++) {
    term *= ((a + k) * (1 + a - b + k)) / ((k + 1) * -x);
    sum += term;
  }
  return gammaSign(b) * gammaSign(b - a) * Math.exp(lgamma(b) - lgamma(b - a) - a * Math.log(-x)) * sum;
}
