// The zeta functions of Riemann and Hurwitz by Euler and Maclaurin's formula (DLMF 25.11.28), left of the critical line
// by the functional equation (DLMF 25.4.1).

import { gamma, lgamma } from "../gamma/gammaKernel.ts";
import { isWhole, parity, polynomial, sinPi } from "../numeric.ts";

/** B₂ₖ / (2k)! */
const BERNOULLI = [
  0.08333333333333333, -0.001388888888888889, 3.306878306878307e-5, -8.267195767195768e-7,
  2.08767569878681e-8, -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13,
  8.586062056277845e-15, -2.174868698558062e-16, 5.5090028283602295e-18, -1.3954464685812522e-19,
];
/** Terms are added one by one up to here, plus s. */
const START = 10;

/** Σ (q + k)^-s from some k on, where w = q + k, without the sum of single terms. */
function tail(s: number, w: number): number {
  const power = w ** -s;
  let sum = (power * w) / (s - 1) + power / 2;
  let factor = s;
  let scale = power / w;
  for (let k = 0; k < BERNOULLI.length; k++) {
    const term = BERNOULLI[k]! * factor * scale;
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2);
    scale /= w * w;
  }
  return sum;
}

/**
 * Σ (q + k)^-s for k = 0, 1 …: NaN for s < 1, +∞ at s = 1 and at the poles q = 0, -1 …; for negative q only where s is
 * an integer. For q below -20 by reflection.
 */
export function hurwitzZeta(s: number, q: number): number {
  if (s === 1) return Number.POSITIVE_INFINITY;
  if (!(s > 1) || Number.isNaN(q)) return Number.NaN;
  if (q <= 0) {
    if (isWhole(q)) return Number.POSITIVE_INFINITY;
    if (!isWhole(s) || q === Number.NEGATIVE_INFINITY) return Number.NaN;
  }
  if (q === Number.POSITIVE_INFINITY) return 0;
  if (s === Number.POSITIVE_INFINITY)
    return q > 1 ? 0 : q === 1 ? 1 : q > 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (q < FAR_LEFT) return farLeft(s, q);
  let sum = 0;
  let w = q;
  // The terms of the tail fall while s is below 2πw.
  const last = START + s;
  while (w < last) {
    const term = w ** -s;
    sum += term;
    if (w > 0 && term < 1e-18 * Math.abs(sum) && s > 10) return sum;
    w += 1;
  }
  return sum + tail(s, w);
}

/** Left of here integer exponents are reflected. */
const FAR_LEFT = -45;

/** For integers s: (-1)^(s-1) (ζ(s, 1 - q) + 1/(s-1)! d^(s-1)/dq^(s-1) π cot(πq)), the sum over all k, both ways, being known. */
function farLeft(s: number, q: number): number {
  // Of large powers only the terms next to 0 are left.
  if (s > 100) return hurwitzZeta(s, q - Math.trunc(q) + FAR_LEFT + 1);
  return parity(s - 1) * (hurwitzZeta(s, 1 - q) + cotangentDerivative(s - 1, q) / gamma(s));
}

/** dⁿ/dxⁿ π cot(πx): a polynomial in the cotangent, by cot' = -π (1 + cot²). */
function cotangentDerivative(n: number, x: number): number {
  const c = 1 / Math.tan(Math.PI * (x - Math.round(x)));
  let coefficients = [0, 1];
  for (let order = 0; order < n; order++) {
    const next = new Array<number>(coefficients.length + 1).fill(0);
    for (let k = 1; k < coefficients.length; k++) {
      next[k - 1]! -= k * coefficients[k]!;
      next[k + 1]! -= k * coefficients[k]!;
    }
    coefficients = next;
  }
  return Math.PI ** (n + 1) * polynomial(c, coefficients);
}

/** Riemann's zeta function of a real number; +∞ at the pole 1. */
export function riemannZeta(s: number): number {
  if (Number.isNaN(s)) return s;
  if (s === 1) return Number.POSITIVE_INFINITY;
  if (s === Number.POSITIVE_INFINITY) return 1;
  if (s === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (s >= 1) return hurwitzZeta(s, 1);
  if (s >= -0.5) {
    // Euler and Maclaurin's formula continues the sum analytically.
    let sum = 0;
    for (let k = 1; k < START; k++) sum += k ** -s;
    return sum + tail(s, START);
  }
  if (s % 2 === 0) return 0;
  // ζ(s) = 2 (2π)^(s-1) sin(πs/2) Γ(1-s) ζ(1-s)
  const sine = sinPi(s / 2) * hurwitzZeta(1 - s, 1);
  if (s > -165) return 2 * (2 * Math.PI) ** (s - 1) * sine * gamma(1 - s);
  const size = Math.exp(0.5 * (lgamma(1 - s) + (s - 1) * Math.log(2 * Math.PI)));
  return 2 * size * sine * size;
}

/** ζ(s) - 1 for s > 1, without cancellation for large s. */
export function zetaMinusOne(s: number): number {
  return s === 1 ? Number.POSITIVE_INFINITY : hurwitzZeta(s, 2);
}
