// Relatives of the error function: scaled complement, Dawson's integral, the imaginary error function, and the logarithm of
// the normal distribution function.

import { erfc } from "../../device/special.ts";
import { SQRT_PI } from "../numeric.ts";

/** e^(x²) erfc(x): by the product up to 4, beyond by Laplace's continued fraction (DLMF 7.9.2). */
export function erfcx(x: number): number {
  if (x < 4) return x < -26.7 ? Number.POSITIVE_INFINITY : expSquare(x) * erfc(x);
  if (x > 1e8) return 1 / (SQRT_PI * x);
  let rest = x;
  for (let k = x < 8 ? 70 : 25; k > 0; k--) rest = x + k / 2 / rest;
  return 1 / (SQRT_PI * rest);
}

/** e^(x²), with the rounding of the square put right. */
function expSquare(x: number, sign: -1 | 1 = 1): number {
  if (!(Math.abs(x) < 40)) return Math.exp(sign * x * x);
  const head = Math.round(x * 2 ** 20) / 2 ** 20;
  const square = head * head;
  return Math.exp(sign * square) * Math.exp(sign * (x - head) * (x + head));
}

/** The standard normal distribution function. */
export function normalCdf(x: number): number {
  if (x > -1) return erfc(-x * Math.SQRT1_2) / 2;
  if (!(x > -40)) return Number.isNaN(x) ? x : 0;
  // e^(-x²/2) with the rounding of the square put right, which the argument of erfc would lose.
  const head = Math.round(x * 2 ** 20) / 2 ** 20;
  const density = Math.exp((-head * head) / 2) * Math.exp((-(x - head) * (x + head)) / 2);
  return (density * erfcx(-x * Math.SQRT1_2)) / 2;
}

/** Σ x^(2k+1) / (k! (2k + 1)) = ∫₀ˣ e^(t²) dt: all terms of one sign. */
function risingSeries(x: number): number {
  const square = x * x;
  let power = x;
  let sum = x;
  for (let k = 1; k < 400; k++) {
    power *= square / k;
    const term = power / (2 * k + 1);
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
  }
  return sum;
}

/** Dawson's integral e^(-x²) ∫₀ˣ e^(t²) dt. */
export function dawson(x: number): number {
  const size = Math.abs(x);
  if (size < 7) return expSquare(x, -1) * risingSeries(x);
  if (size > 1e150) return 0.5 / x;
  // 1/(2x) Σ (2k - 1)!! / (2x²)^k (DLMF 7.6, asymptotic).
  const inverse = 1 / (2 * x * x);
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 40 && term > 1e-17; k++) {
    term *= (2 * k - 1) * inverse;
    sum += term;
  }
  return sum / (2 * x);
}

/** 2/√π ∫₀ˣ e^(t²) dt. */
export function erfi(x: number): number {
  if (Math.abs(x) < 5) return (2 / SQRT_PI) * risingSeries(x);
  if (Math.abs(x) > 27) return x * Number.POSITIVE_INFINITY;
  return (2 / SQRT_PI) * expSquare(x) * dawson(x);
}

/** log of the standard normal distribution function. */
export function logNormalCdf(x: number): number {
  if (x < -1) return Math.log(erfcx(-x * Math.SQRT1_2) / 2) - (x * x) / 2;
  return Math.log1p(-erfc(x * Math.SQRT1_2) / 2);
}
