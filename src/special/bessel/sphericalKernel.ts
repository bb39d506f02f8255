// Spherical Bessel functions of integer order n >= 0 by their recurrences: upwards where that is stable, else downwards from a
// continued fraction (DLMF 10.49, 10.51).

import { isWhole, parity } from "../numeric.ts";

const isOrder = (n: number): boolean => n >= 0 && isWhole(n);

/** x^n / (2n + 1)!! Σ (±x²/2)^k / (k! (2n + 3) (2n + 5) …) */
function ascending(n: number, x: number, sign: 1 | -1): number {
  let lead = 1;
  for (let k = 1; k <= n && lead > 0; k++) lead *= x / (2 * k + 1);
  const step = (sign * x * x) / 2;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 300; k++) {
    term *= step / (k * (2 * n + 2 * k + 1));
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
  }
  return lead * sum;
}

/** fₙ₊₁ / fₙ of the solution that decreases with n, by Lentz's algorithm; sign -1 for j, 1 for i. */
function ratio(n: number, x: number, sign: 1 | -1): number {
  let h = 1e-300;
  let c = h;
  let d = 0;
  for (let k = 1; k < 10_000_000; k++) {
    const b = (2 * (n + k) + 1) / x;
    const a = k === 1 ? 1 : sign;
    d = b + a * d;
    if (d === 0) d = 1e-300;
    c = b + a / c;
    if (c === 0) c = 1e-300;
    d = 1 / d;
    const factor = c * d;
    h *= factor;
    if (Math.abs(factor - 1) < 2.3e-16) break;
  }
  return h;
}

/** jₙ(x). */
export function sphericalJ(n: number, x: number): number {
  if (!isOrder(n) || Number.isNaN(x)) return Number.NaN;
  if (x < 0) return parity(n) * sphericalJ(n, -x);
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (x * x < 2 * n + 3) return ascending(n, x, -1);
  const j0 = Math.sin(x) / x;
  if (n === 0) return j0;
  const j1 = (j0 - Math.cos(x)) / x;
  if (n < x) {
    let before = j0;
    let value = j1;
    for (let k = 1; k < n; k++) {
      const next = ((2 * k + 1) / x) * value - before;
      before = value;
      value = next;
    }
    return value;
  }
  let value = 1e-300;
  let above = value * ratio(n, x, -1);
  for (let k = n; k > 1; k--) {
    const next = ((2 * k + 1) / x) * value - above;
    above = value;
    value = next;
  }
  // Now value belongs to order 1; order 0 follows, and the larger of the two gives the scale.
  const zeroth = (3 / x) * value - above;
  if (!Number.isFinite(zeroth)) return 0;
  return Math.abs(j0) > Math.abs(j1) ? 1e-300 * (j0 / zeroth) : 1e-300 * (j1 / value);
}

/** yₙ(x): -∞ at 0. */
export function sphericalY(n: number, x: number): number {
  if (!isOrder(n) || Number.isNaN(x)) return Number.NaN;
  if (x < 0) return -parity(n) * sphericalY(n, -x);
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return 0;
  let before = -Math.cos(x) / x;
  if (n === 0) return before;
  let value = (before - Math.sin(x)) / x;
  for (let k = 1; k < n && Number.isFinite(value); k++) {
    const next = ((2 * k + 1) / x) * value - before;
    before = value;
    value = next;
  }
  return value;
}

/** iₙ(x), the modified function of the first kind. */
export function sphericalI(n: number, x: number): number {
  if (!isOrder(n) || Number.isNaN(x)) return Number.NaN;
  if (x < 0) return parity(n) * sphericalI(n, -x);
  if (x === Number.POSITIVE_INFINITY) return x;
  if (x * x < 8 * n + 12) return ascending(n, x, 1);
  let value = 1e-300;
  let above = value * ratio(n, x, 1);
  for (let k = n; k > 0; k--) {
    const next = ((2 * k + 1) / x) * value + above;
    above = value;
    value = next;
  }
  if (!Number.isFinite(value)) return 0;
  const share = 1e-300 / value;
  if (x < 700) return share * (Math.sinh(x) / x);
  const half = Math.exp(x / 2);
  return half * (share / (2 * x)) * half;
}

/** kₙ(x), the modified function of the second kind (π/2 e^(-x)/x at n = 0): ∞ at 0, NaN for x < 0. */
export function sphericalK(n: number, x: number): number {
  if (!isOrder(n) || !(x >= 0)) return Number.NaN;
  if (x === 0) return Number.POSITIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return 0;
  let before = Math.PI / 2 / x;
  if (n === 0) return before * Math.exp(-x);
  let value = before * (1 + 1 / x);
  for (let k = 1; k < n && Number.isFinite(value); k++) {
    const next = ((2 * k + 1) / x) * value + before;
    before = value;
    value = next;
  }
  return value * Math.exp(-x);
}
