// Γ, log|Γ|, 1/Γ of real numbers. Between 1/2 and 5/2 by the Taylor series of 1/Γ, which is entire; from there to 12 by
// recurrence; beyond by Stirling's series; left of 1/2 by reflection (DLMF 5.5.1, 5.5.3, 5.7.1, 5.11.1).

import { HALF_LOG_TAU, isNonPositiveInteger, isWhole, parity, polynomial, sinPi } from "../numeric.ts";

/** 1/Γ(1 + z) = 1 + z·Σ cₖ zᵏ */
const AROUND_ONE = [
  0.5772156649015329, -0.6558780715202539, -0.04200263503409524, 0.16653861138229148, -0.04219773455554433,
  -0.009621971527876973, 0.0072189432466631, -0.0011651675918590652, -0.00021524167411495098,
  0.0001280502823881162, -2.013485478078824e-5, -1.2504934821426706e-6, 1.133027231981696e-6,
  -2.056338416977607e-7, 6.116095104481416e-9, 5.002007644469223e-9, -1.18127457048702e-9,
  1.0434267116911005e-10, 7.782263439905071e-12, -3.696805618642206e-12, 5.100370287454476e-13,
  -2.0583260535665066e-14,
];
/** 1/Γ(2 + z) = 1 + z·Σ cₖ zᵏ */
const AROUND_TWO = [
  -0.42278433509846713, -0.23309373642178674, 0.1910911013876915, -0.024552490005400017, -0.01764524455014432,
  0.008023273022267347, -0.000804329775604247, -0.0003608378162548181, 0.00014559614213986716,
  -1.7545859751750962e-5, -2.5889950290372764e-6, 1.3385015468946058e-6, -2.0547431491290985e-7,
  -1.5952678485086793e-10, 6.275621889332284e-9, -1.2736142448630608e-9, 9.233967437604067e-11,
  1.2002996793069383e-11, -4.220733353164313e-12, 5.239277345221073e-13, -1.3890705776659689e-14,
];
const STIRLING = [
  0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953,
  0.0008417508417508417, -0.0019175269175269176, 0.00641025641025641, -0.029550653594771242,
];
const SQRT_TAU = 2.5066282746310002;
/** Where Stirling's series with eight terms is exact to rounding. */
const LARGE = 12;

/** log Γ(x) - ((x - 1/2) log x - x + log √(2π)) for x >= 8. */
export const stirlingCorrection = (x: number): number => polynomial(1 / (x * x), STIRLING) / x;

/** 1/Γ(1 + z) - 1 for |z| <= 1/2. */
export const reciprocalGamma1pm1 = (z: number): number => z * polynomial(z, AROUND_ONE);

/** Γ(x) / (√(2π) x^(x - 1/2) e^(-x)) for x > 0. */
export function scaledGamma(x: number): number {
  if (x >= 8) return Math.exp(stirlingCorrection(x));
  return (gamma(x) * Math.exp(x)) / (SQRT_TAU * x ** (x - 0.5));
}

function gammaLarge(x: number): number {
  // The power alone overflows before Γ does.
  const half = x ** (0.5 * x - 0.25);
  return SQRT_TAU * half * Math.exp(-x) * half * Math.exp(stirlingCorrection(x));
}

/** The gamma function: NaN at negative integers, ±∞ at ±0. */
export function gamma(x: number): number {
  if (x === 0) return 1 / x;
  if (isNonPositiveInteger(x) || x === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (x > 171.7) return Number.POSITIVE_INFINITY;
  if (x >= LARGE) {
    if (isWhole(x) && x < 24) return wholeFactorial(x - 1);
    return gammaLarge(x);
  }
  if (x < -12) {
    if (x < -184) return 0 * parity(Math.floor(x));
    const sine = sinPi(x);
    // Γ(1 - x) overflows where 1/Γ is still a small number.
    if (x < -169) {
      let product = Math.PI / (sine * gammaLarge(-x - 10));
      for (let k = 0; k <= 10; k++) product /= -x - 10 + k;
      return product;
    }
    return -Math.PI / (x * sine * gammaLarge(-x));
  }
  let factor = 1;
  let y = x;
  while (y > 2.5) {
    y -= 1;
    factor *= y;
  }
  let divisor = 1;
  while (y < 0.5) {
    divisor *= y;
    y += 1;
  }
  const value = y < 1.5 ? 1 + reciprocalGamma1pm1(y - 1) : 1 + (y - 2) * polynomial(y - 2, AROUND_TWO);
  return factor / (divisor * value);
}

function wholeFactorial(n: number): number {
  let product = 1;
  for (let k = 2; k <= n; k++) product *= k;
  return product;
}

/** 1/Γ(x): an entire function, 0 at the poles of Γ. */
export function rgamma(x: number): number {
  if (isNonPositiveInteger(x)) return 0;
  if (x > 170) return Math.exp(-lgamma(x));
  if (x < -170) {
    // In halves: Γ(1 - x) overflows first.
    const half = Math.exp(lgamma(1 - x) / 2);
    return half * (sinPi(x) / Math.PI) * half;
  }
  return 1 / gamma(x);
}

/** The sign of Γ(x): 1 or -1, NaN at negative integers. */
export function gammaSign(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 0) return 1;
  if (x === 0) return Object.is(x, -0) ? -1 : 1;
  if (isNonPositiveInteger(x) || x === Number.NEGATIVE_INFINITY) return Number.NaN;
  return parity(Math.floor(x));
}

/** log|Γ(x)|: +∞ at the poles; ±∞ at ±∞, as SciPy has it. */
export function lgamma(x: number): number {
  if (!Number.isFinite(x)) return x;
  if (isNonPositiveInteger(x)) return Number.POSITIVE_INFINITY;
  if (x < 0.5) {
    if (x > -0.5) return -Math.log1p(reciprocalGamma1pm1(x)) - Math.log(Math.abs(x));
    if (x > -12) return Math.log(Math.abs(gamma(x)));
    return Math.log(Math.PI / Math.abs(x * sinPi(x))) - lgamma(-x);
  }
  if (x < 1.5) return -Math.log1p(reciprocalGamma1pm1(x - 1));
  if (x < 2.5) return -Math.log1p((x - 2) * polynomial(x - 2, AROUND_TWO));
  if (x < LARGE) return Math.log(gamma(x));
  if (x > 1e300) return x * (Math.log(x) - 1);
  return (x - 0.5) * (Math.log(x) - 1) + (HALF_LOG_TAU - 0.5) + stirlingCorrection(x);
}
