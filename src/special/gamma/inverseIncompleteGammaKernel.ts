// Inverses of the regularized incomplete gamma functions in x: a start by Wilson and Hilferty's approximation or the
// leading power, then Newton's method for the logarithm of the smaller of P and Q, which is nearly linear in the tails.

import { inverseErfc } from "../error/inverseKernel.ts";
import { safeguardedRoot } from "../roots.ts";
import { lgamma } from "./gammaKernel.ts";
import { gammaSlope, lowerGamma, upperGamma } from "./incompleteGammaKernel.ts";

function start(a: number, p: number, q: number): number {
  const small = Math.exp((Math.log(p) + lgamma(a + 1)) / a);
  if (a < 0.5 || small < 0.1 * a) return small;
  const z = p < q ? -Math.SQRT2 * inverseErfc(2 * p) : Math.SQRT2 * inverseErfc(2 * q);
  const t = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a));
  return t > 0.1 ? a * t * t * t : small;
}

function invert(a: number, p: number, q: number): number {
  const isLower = p <= q;
  const target = Math.log(isLower ? p : q);
  return safeguardedRoot(
    (x) => {
      const value = isLower ? lowerGamma(a, x) : upperGamma(a, x);
      const slope = gammaSlope(a, x) / value;
      if (value === 0) return { residual: -1, slope: isLower ? 1e-300 : -1e-300 };
      return { residual: Math.log(value) - target, slope: isLower ? slope : -slope };
    },
    start(a, p, q),
    0,
    Number.POSITIVE_INFINITY,
  );
}

/** x with P(a, x) = p. */
export function inverseLowerGamma(a: number, p: number): number {
  if (!(a > 0 && p >= 0 && p <= 1)) return a === 0 && p >= 0 && p <= 1 ? 0 : Number.NaN;
  if (p === 0) return 0;
  if (p === 1) return Number.POSITIVE_INFINITY;
  return invert(a, p, 1 - p);
}

/** x with Q(a, x) = q. */
export function inverseUpperGamma(a: number, q: number): number {
  if (!(a > 0 && q >= 0 && q <= 1)) return a === 0 && q >= 0 && q <= 1 ? 0 : Number.NaN;
  if (q === 0) return Number.POSITIVE_INFINITY;
  if (q === 1) return 0;
  return invert(a, 1 - q, q);
}
