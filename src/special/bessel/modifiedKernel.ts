// Modified Bessel functions I and K of real order, scaled by e^(-x) and e^x: the uniform expansions of Debye for large orders,
// Hankel's for large arguments, else Temme's method as for J and Y (DLMF 10.25, 10.40, 10.41; Temme 1975).

import { rgamma } from "../gamma/gammaKernel.ts";
import { isWhole, parity, polynomial, sinPi } from "../numeric.ts";
import { ascending } from "./ascending.ts";
import { DEBYE } from "./debye.ts";
import { temmeOf } from "./temme.ts";

const TINY = 1e-300;
/** Debye's expansions are exact to rounding for orders from here on. */
const LARGE_ORDER = 50;

/** I e^(-x) and K e^x of the last pair, and what is left of their exponents: e^(±rest) is still to be multiplied. */
const pair = new Float64Array(2);
let exponent = 0;

function debye(v: number, x: number): void {
  const z = x / v;
  const root = Math.sqrt(1 + z * z);
  const t = 1 / root;
  let plus = 0;
  let minus = 0;
  let power = 1;
  for (let k = 0; k < DEBYE.length; k++) {
    const term = power * polynomial(t, DEBYE[k]!);
    plus += term;
    minus += k % 2 === 0 ? term : -term;
    power /= v;
  }
  // η - z = 1/(√(1 + z²) + z) + log(z / (1 + √(1 + z²)))
  exponent = v * (1 / (root + z) - Math.asinh(1 / z));
  const base = Math.sqrt(t / v);
  pair[0] = (base / Math.sqrt(2 * Math.PI)) * plus;
  pair[1] = Math.sqrt(Math.PI / 2) * base * minus;
}

/** Σ aₖ(v)/xᵏ with alternating signs for I; NaN where the terms grow before they are negligible. */
function hankelSum(v: number, x: number, sign: 1 | -1): number {
  const mu = 4 * v * v;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 200; k++) {
    const odd = 2 * k - 1;
    const next = (sign * term * (mu - odd * odd)) / (k * 8 * x);
    if (Math.abs(next) > Math.abs(term) && k > v) return Number.NaN;
    term = next;
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) return sum;
  }
  return Number.NaN;
}

/** K e^x at |mu| <= 1/2 and at mu + 1, into `pair`. */
function lowOrders(mu: number, x: number): void {
  if (x <= 2) temmeK(mu, x);
  else fractionK(mu, x);
}

function temmeK(mu: number, x: number): void {
  const gammas = temmeOf(mu);
  const pimu = Math.PI * mu;
  const ratio = Math.abs(pimu) < 1e-15 ? 1 : pimu / Math.sin(pimu);
  const d = -Math.log(x / 2);
  const e = mu * d;
  const sinhc = Math.abs(e) < 1e-15 ? 1 : Math.sinh(e) / e;
  let f = ratio * (gammas[0]! * Math.cosh(e) + gammas[1]! * sinhc * d);
  const power = Math.exp(e);
  let p = (0.5 * power) / gammas[2]!;
  let q = 0.5 / (power * gammas[3]!);
  let c = 1;
  let sum = f;
  let sum1 = p;
  const square = (x * x) / 4;
  for (let i = 1; i < 500; i++) {
    f = (i * f + p + q) / (i * i - mu * mu);
    c *= square / i;
    p /= i - mu;
    q /= i + mu;
    sum += c * f;
    sum1 += c * (p - i * f);
    if (Math.abs(c * f) < Math.abs(sum) * 1e-17) break;
  }
  const scale = Math.exp(x);
  pair[0] = sum * scale;
  pair[1] = ((sum1 * 2) / x) * scale;
}

/** Steed's second continued fraction with Temme's sum. */
function fractionK(mu: number, x: number): void {
  let b = 2 * (1 + x);
  let d = 1 / b;
  let delta = d;
  let h = d;
  let q1 = 0;
  let q2 = 1;
  const a1 = 0.25 - mu * mu;
  let c = a1;
  let q = a1;
  let a = -a1;
  let s = 1 + q * delta;
  for (let i = 2; i < 100000; i++) {
    a -= 2 * (i - 1);
    c = (-a * c) / i;
    const next = (q1 - b * q2) / a;
    q1 = q2;
    q2 = next;
    q += c * next;
    b += 2;
    d = 1 / (b + a * d);
    delta = (b * d - 1) * delta;
    h += delta;
    const term = q * delta;
    s += term;
    if (Math.abs(term) < Math.abs(s) * 1e-17) break;
  }
  h = a1 * h;
  pair[0] = Math.sqrt(Math.PI / (2 * x)) / s;
  pair[1] = (pair[0]! * (mu + x + 0.5 - h)) / x;
}

/** I'/I by its continued fraction. */
function logarithmicDerivative(v: number, x: number): number {
  let h = v / x;
  if (h < TINY) h = TINY;
  let b = (2 * v) / x;
  let d = 0;
  let c = h;
  for (let i = 1; i < 10_000_000; i++) {
    b += 2 / x;
    d = 1 / (b + d);
    c = b + 1 / c;
    const factor = c * d;
    h *= factor;
    if (Math.abs(factor - 1) < 2.3e-16) break;
  }
  return h;
}

/** I e^(-x) and K e^x for v >= 0 and 0 < x < ∞, up to e^(±exponent). */
function temme(v: number, x: number): void {
  exponent = 0;
  if (v >= LARGE_ORDER) {
    debye(v, x);
    return;
  }
  if (x > 30 && x > v * v * 0.4) {
    const sum = hankelSum(v, x, -1);
    const other = hankelSum(v, x, 1);
    if (!Number.isNaN(sum) && !Number.isNaN(other)) {
      pair[0] = sum / Math.sqrt(2 * Math.PI * x);
      pair[1] = other * Math.sqrt(Math.PI / (2 * x));
      return;
    }
  }
  const steps = Math.floor(v + 0.5);
  const mu = v - steps;
  let i = TINY;
  let slope = logarithmicDerivative(v, x) * i;
  const start = i;
  let factor = v / x;
  for (let k = 0; k < steps; k++) {
    const next = factor * i + slope;
    factor = (v - k - 1) / x;
    slope = factor * next + i;
    i = next;
  }
  const f = slope / i;
  lowOrders(mu, x);
  let k0 = pair[0]!;
  let k1 = pair[1]!;
  const kPrime = (mu / x) * k0 - k1;
  const iMu = 1 / (x * (f * k0 - kPrime));
  pair[0] = Number.isFinite(i) ? (iMu * start) / i : 0;
  for (let k = 1; k <= steps; k++) {
    const next = ((2 * (mu + k)) / x) * k1 + k0;
    k0 = k1;
    k1 = next;
  }
  pair[1] = k0;
}

/** e^power · factor, which may be finite though the power is not. */
function scaledBy(factor: number, power: number): number {
  const half = Math.exp(power / 2);
  return half * factor * half;
}

/** Iᵥ(x) e^(power) with power = -|x| (scaled) or 0. */
function modifiedI(v: number, x: number, isScaled: boolean): number {
  if (Number.isNaN(v) || Number.isNaN(x) || Math.abs(v) === Number.POSITIVE_INFINITY) return Number.NaN;
  if (x < 0) return isWhole(v) ? parity(v) * modifiedI(v, -x, isScaled) : Number.NaN;
  if (v < 0) {
    if (isWhole(v)) return modifiedI(-v, x, isScaled);
    if (x === 0) return rgamma(v + 1) * Number.POSITIVE_INFINITY;
    // I₋ᵥ = Iᵥ + (2/π) sin(πv) Kᵥ
    const k = modifiedK(-v, x, false) * (isScaled ? Math.exp(-x) : 1);
    return modifiedI(-v, x, isScaled) + (2 / Math.PI) * sinPi(-v) * k;
  }
  if (x === 0) return v === 0 ? 1 : 0;
  if (x === Number.POSITIVE_INFINITY) return isScaled ? 0 : x;
  if (x * x < 8 * (v + 1)) return ascending(v, x, 1) * (isScaled ? Math.exp(-x) : 1);
  temme(v, x);
  const power = exponent + (isScaled ? 0 : x);
  return power === 0 ? pair[0]! : scaledBy(pair[0]!, power);
}

function modifiedK(v: number, x: number, isScaled: boolean): number {
  if (Number.isNaN(v) || !(x >= 0) || Math.abs(v) === Number.POSITIVE_INFINITY) return Number.NaN;
  if (x === 0) return Number.POSITIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return 0;
  temme(Math.abs(v), x);
  const power = -exponent - (isScaled ? 0 : x);
  return power === 0 ? pair[1]! : scaledBy(pair[1]!, power);
}

/** Iᵥ(x): for x < 0 only where v is an integer, else NaN. */
export const besselI = (v: number, x: number): number => modifiedI(v, x, false);
/** Iᵥ(x) e^(-|x|) */
export const scaledBesselI = (v: number, x: number): number => modifiedI(v, x, true);
/** Kᵥ(x): ∞ at 0, NaN for x < 0. */
export const besselK = (v: number, x: number): number => modifiedK(v, x, false);
/** Kᵥ(x) e^x */
export const scaledBesselK = (v: number, x: number): number => modifiedK(v, x, true);
