// The regularized incomplete beta function: a power series for small x, else the continued fraction of DiDonato and Morris (DLMF
// 8.17.22 in even contraction), on whichever side of the mean it converges fast. Inverses by a safeguarded Newton method.

import { EPSILON, log1pmx, TINY } from "../numeric.ts";
import { safeguardedRoot } from "../roots.ts";
import { logBeta } from "./betaKernel.ts";
import { scaledGamma } from "./gammaKernel.ts";

/** x^a y^b / B(a, b) for y = 1 - x. */
export function betaDensity(a: number, b: number, x: number, y: number): number {
  if (a >= 8 && b >= 8) {
    const delta = x * b - y * a;
    const u = delta / a;
    const v = -delta / b;
    const exponent = a * relative(u, x, a, b) + b * relative(v, y, b, a);
    const root = Math.sqrt((a / (a + b)) * b) / Math.sqrt(2 * Math.PI);
    return root * Math.exp(exponent) * (scaledGamma(a + b) / (scaledGamma(a) * scaledGamma(b)));
  }
  const logY = y < 0.5 ? Math.log(y) : Math.log1p(-x);
  const logX = x < 0.5 ? Math.log(x) : Math.log1p(-y);
  return Math.exp(a * logX + b * logY - logBeta(a, b));
}

/** log(1 + u) - u for u = x(a + b)/a - 1. */
const relative = (u: number, x: number, a: number, b: number): number =>
  u < -0.6 ? Math.log(x) + Math.log1p(b / a) - u : log1pmx(u);

/** x^a Σ (1 - b)ₙ xⁿ / (n! (a + n)) / B(a, b) */
function series(a: number, b: number, x: number): number {
  let term = 1;
  let sum = 1 / a;
  for (let n = 1; n < 10000; n++) {
    term *= ((n - b) * x) / n;
    const next = term / (a + n);
    sum += next;
    if (Math.abs(next) < 0.1 * EPSILON * Math.abs(sum)) break;
  }
  return sum * Math.exp(a * Math.log(x) - logBeta(a, b));
}

function fraction(a: number, b: number, x: number, y: number): number {
  const lambda = a * y - b * x;
  let beta = (a * (lambda + 1)) / (a + 1);
  let f = Math.abs(beta) < TINY ? TINY : beta;
  let c = f;
  let d = 0;
  for (let n = 1; n < 100000; n++) {
    const shifted = a + 2 * n - 1;
    const alpha = ((a + n - 1) * (a + b + n - 1) * n * (b - n) * x * x) / (shifted * shifted);
    beta = n + (n * (b - n) * x) / shifted + ((a + n) * (lambda + 1 + n * (1 + y))) / (shifted + 2);
    d = beta + alpha * d;
    if (Math.abs(d) < TINY) d = TINY;
    c = beta + alpha / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    const factor = c * d;
    f *= factor;
    if (Math.abs(factor - 1) < EPSILON) break;
  }
  return betaDensity(a, b, x, y) / f;
}

function lower(a: number, b: number, x: number, y: number): number {
  if (x === 0) return 0;
  if (y === 0) return 1;
  if (b * x <= 0.7 && x <= 0.7) return series(a, b, x);
  if (x > a / (a + b)) {
    if (a * y <= 0.7 && y <= 0.7) return 1 - series(b, a, y);
    return 1 - fraction(b, a, y, x);
  }
  return fraction(a, b, x, y);
}

/** I_x(a, b): NaN outside a, b > 0, 0 <= x <= 1. */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1) || (a === 0 && b === 0)) return Number.NaN;
  if (a === 0) return 1;
  if (b === 0) return x === 1 ? 1 : 0;
  if (a === Number.POSITIVE_INFINITY) return b === Number.POSITIVE_INFINITY ? Number.NaN : x === 1 ? 1 : 0;
  if (b === Number.POSITIVE_INFINITY) return x === 0 ? 0 : 1;
  return lower(a, b, x, 1 - x);
}

/** 1 - I_x(a, b), accurate where it is small. */
export function incompleteBetaComplement(a: number, b: number, x: number): number {
  if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1) || (a === 0 && b === 0)) return Number.NaN;
  if (a === 0) return 0;
  if (b === 0) return x === 1 ? 0 : 1;
  if (!(a < Number.POSITIVE_INFINITY && b < Number.POSITIVE_INFINITY)) return 1 - incompleteBeta(a, b, x);
  return lower(b, a, 1 - x, x);
}

/** The derivative in x: x^(a-1) (1-x)^(b-1) / B(a, b). */
export function betaSlope(a: number, b: number, x: number): number {
  if (x === 0) return a > 1 ? 0 : a === 1 ? b : Number.POSITIVE_INFINITY;
  if (x === 1) return b > 1 ? 0 : b === 1 ? a : Number.POSITIVE_INFINITY;
  return betaDensity(a, b, x, 1 - x) / (x * (1 - x));
}

/** x with I_x(a, b) = p, by Newton's method for the logarithm of the smaller of I and 1 - I. */
export function inverseIncompleteBeta(a: number, b: number, p: number): number {
  if (!(a > 0 && b > 0 && p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0 || p === 1) return p;
  const mean = a / (a + b);
  const atMean = lower(a, b, mean, 1 - mean);
  // From the end that is nearer: 1 - x keeps its digits as y.
  if (p <= atMean) return fromLeft(a, b, p, 1 - p, mean);
  return 1 - fromLeft(b, a, 1 - p, p, 1 - mean);
}

function fromLeft(a: number, b: number, p: number, q: number, mean: number): number {
  const isLower = p <= q;
  const target = Math.log(isLower ? p : q);
  const start = Math.exp((Math.log(p) + Math.log(a) + logBeta(a, b)) / a);
  return safeguardedRoot(
    (x) => {
      const value = isLower ? lower(a, b, x, 1 - x) : lower(b, a, 1 - x, x);
      if (value === 0) return isLower ? { residual: -1, slope: 1e-300 } : { residual: -1, slope: -1e-300 };
      const slope = betaSlope(a, b, x) / value;
      return { residual: Math.log(value) - target, slope: isLower ? slope : -slope };
    },
    Math.min(start, 0.999 * mean),
    0,
    Math.min(1, mean * (1 + 1e-9) + 1e-300),
  );
}
