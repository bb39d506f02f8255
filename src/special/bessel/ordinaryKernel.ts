// Bessel functions J and Y of real order: Hankel's expansion for large arguments, the power series of J for small ones, else
// Steed's method: the continued fraction of J'/J, Temme's series or the continued fraction p + iq at a low order, and recurrences,
// downwards for J and upwards for Y, where each is stable (DLMF 10.6, 10.8, 10.17, 10.74; Temme 1976; Barnett et al. 1974).

import { rgamma } from "../gamma/gammaKernel.ts";
import { cosPi, isWhole, parity, polynomial, sinPi } from "../numeric.ts";
import { ascending } from "./ascending.ts";
import { DEBYE } from "./debye.ts";
import { temmeOf } from "./temme.ts";

const TINY = 1e-300;
const TOO_MANY = 10_000_000;

/** J and Y of the last pair that was computed. */
const pair = new Float64Array(2);

/** Hankel's expansion; false where its terms grow before they are negligible. */
function hankel(v: number, x: number): boolean {
  const mu = 4 * v * v;
  let term = 1;
  let p = 1;
  let q = 0;
  for (let k = 1; ; k++) {
    const odd = 2 * k - 1;
    const next = (term * (mu - odd * odd)) / (k * 8 * x);
    if (Math.abs(next) > Math.abs(term) && k > v) return false;
    term = next;
    if (k % 2 === 1) q += k % 4 === 1 ? term : -term;
    else p += k % 4 === 0 ? term : -term;
    if (Math.abs(term) < 1e-17) break;
    if (k > 200) return false;
  }
  const cos = Math.cos(x);
  const sin = Math.sin(x);
  const a = cosPi(v / 2 + 0.25);
  const b = sinPi(v / 2 + 0.25);
  const cosPhase = cos * a + sin * b;
  const sinPhase = sin * a - cos * b;
  const scale = Math.sqrt(2 / (Math.PI * x));
  pair[0] = scale * (p * cosPhase - q * sinPhase);
  pair[1] = scale * (p * sinPhase + q * cosPhase);
  return true;
}

/** Temme's series for Y at |mu| <= 1/2 and at mu + 1, for x <= 2. */
function temmeY(mu: number, x: number): void {
  const gammas = temmeOf(mu);
  const pimu = Math.PI * mu;
  const ratio = Math.abs(pimu) < 1e-15 ? 1 : pimu / Math.sin(pimu);
  const d = -Math.log(x / 2);
  const e = mu * d;
  const sinhc = Math.abs(e) < 1e-15 ? 1 : Math.sinh(e) / e;
  const f0 = (2 / Math.PI) * ratio * (gammas[0]! * Math.cosh(e) + gammas[1]! * sinhc * d);
  const power = Math.exp(e);
  let p = power / (gammas[2]! * Math.PI);
  let q = 1 / (power * Math.PI * gammas[3]!);
  const half = pimu / 2;
  const sinc = Math.abs(half) < 1e-15 ? 1 : Math.sin(half) / half;
  const r = Math.PI * half * sinc * sinc;
  let f = f0;
  let c = 1;
  let sum = f + r * q;
  let sum1 = p;
  const square = (-x * x) / 4;
  for (let i = 1; i < 500; i++) {
    f = (i * f + p + q) / (i * i - mu * mu);
    c *= square / i;
    p /= i - mu;
    q /= i + mu;
    const term = c * (f + r * q);
    sum += term;
    sum1 += c * p - i * term;
    if (Math.abs(term) < (1 + Math.abs(sum)) * 1e-17) break;
  }
  pair[0] = -sum;
  pair[1] = (-sum1 * 2) / x;
}

/** p + iq = (J' + iY')/(J + iY) for x >= 2, by Lentz's algorithm; into `pair`. */
function complexFraction(mu: number, x: number): void {
  const mu2 = mu * mu;
  let a = 0.25 - mu2;
  let p = -0.5 / x;
  let q = 1;
  const br = 2 * x;
  let bi = 2;
  let fact = a / (x * (p * p + q * q));
  let cr = br + q * fact;
  let ci = bi + p * fact;
  let den = br * br + bi * bi;
  let dr = br / den;
  let di = -bi / den;
  let dlr = cr * dr - ci * di;
  let dli = cr * di + ci * dr;
  let next = p * dlr - q * dli;
  q = p * dli + q * dlr;
  p = next;
  for (let i = 2; i < TOO_MANY; i++) {
    a += 2 * (i - 1);
    bi += 2;
    dr = a * dr + br;
    di = a * di + bi;
    if (Math.abs(dr) + Math.abs(di) < TINY) dr = TINY;
    fact = a / (cr * cr + ci * ci);
    cr = br + cr * fact;
    ci = bi - ci * fact;
    if (Math.abs(cr) + Math.abs(ci) < TINY) cr = TINY;
    den = dr * dr + di * di;
    dr /= den;
    di /= -den;
    dlr = cr * dr - ci * di;
    dli = cr * di + ci * dr;
    next = p * dlr - q * dli;
    q = p * dli + q * dlr;
    p = next;
    if (Math.abs(dlr - 1) + Math.abs(dli) <= 2e-16) break;
  }
  pair[0] = p;
  pair[1] = q;
}

/** The sign of J at the last call of `logarithmicDerivative`. */
let signOfJ = 1;

/** J'/J by the first continued fraction; counts changes of sign into `signOfJ`. */
function logarithmicDerivative(v: number, x: number): number {
  signOfJ = 1;
  let h = v / x;
  if (Math.abs(h) < TINY) h = TINY;
  let b = (2 * v) / x;
  let d = 0;
  let c = h;
  for (let i = 1; i < TOO_MANY; i++) {
    b += 2 / x;
    d = b - d;
    if (Math.abs(d) < TINY) d = TINY;
    c = b - 1 / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    const factor = c * d;
    h *= factor;
    if (d < 0) signOfJ = -signOfJ;
    if (Math.abs(factor - 1) < 2.3e-16) break;
  }
  return h;
}

/** From this order on Debye's expansions replace recurrences, away from the transition at x = v. */
const LARGE_ORDER = 8;

/** Debye's expansions left and right of the transition (DLMF 10.19.3, 10.19.6); false too close to it. */
function debye(v: number, x: number): boolean {
  const square = (v - x) * (v + x);
  const root = Math.sqrt(Math.abs(square));
  // Terms fall like v²/|v² - x²|^(3/2), and at best like 1/√|v² - x²|.
  if (root < 40 || root * Math.abs(square) < 150 * v * v) return false;
  const t = v / root;
  let plus = 0;
  let minus = 0;
  let power = 1;
  if (square > 0) {
    for (let k = 0; k < DEBYE.length; k++) {
      const term = power * polynomial(t, DEBYE[k]!);
      plus += term;
      minus += k % 2 === 0 ? term : -term;
      power /= v;
    }
    // v (tanh α - α) with cosh α = v/x
    const half = Math.exp((root - v * Math.asinh(root / x)) / 2);
    const scale = 1 / Math.sqrt(2 * Math.PI * root);
    pair[0] = half * scale * plus * half;
    pair[1] = (((-2 * scale) / half) * minus) / half;
    return true;
  }
  // uₖ(i t) = iᵏ times a polynomial in -t², k even in the cosine, k odd in the sine.
  for (let k = 0; k < DEBYE.length; k++) {
    const value = power * turned(k, t);
    if (k % 2 === 0) plus += value;
    else minus += value;
    power /= v;
  }
  const phase = root - v * Math.atan2(root, v);
  const scale = Math.sqrt(1 / (Math.PI * root));
  const cos = Math.cos(phase);
  const sin = Math.sin(phase);
  // With ξ = phase - π/4: √2 cos ξ = cos + sin, √2 sin ξ = sin - cos.
  pair[0] = scale * ((cos + sin) * plus + (sin - cos) * minus);
  pair[1] = scale * ((sin - cos) * plus - (cos + sin) * minus);
  return true;
}

/** uₖ(i t) for even k, -i uₖ(i t) for odd k. */
function turned(k: number, t: number): number {
  const coefficients = DEBYE[k]!;
  let sum = 0;
  let power = t ** k;
  for (let i = k; i < coefficients.length; i += 2) {
    sum += (Math.floor(i / 2) % 2 === 0 ? 1 : -1) * coefficients[i]! * power;
    power *= t * t;
  }
  return sum;
}

/** J and Y for v >= 0 and 0 < x < ∞, into `pair`. */
function steed(v: number, x: number): void {
  if (x > 25 && x > v * v * 0.4 && hankel(v, x)) return;
  if (v >= LARGE_ORDER && debye(v, x)) return;
  const steps = x < 2 ? Math.floor(v + 0.5) : Math.max(0, Math.floor(v - x + 1.5));
  const mu = v - steps;
  const ratio = logarithmicDerivative(v, x);
  let j = signOfJ * TINY;
  let slope = ratio * j;
  const start = j;
  let factor = v / x;
  for (let k = 0; k < steps; k++) {
    const next = factor * j + slope;
    factor = (v - k - 1) / x;
    slope = factor * next - j;
    j = next;
  }
  if (j === 0) j = TINY;
  const f = slope / j;
  const wronskian = 2 / (Math.PI * x);
  let jMu: number;
  let y: number;
  let y1: number;
  if (x < 2) {
    temmeY(mu, x);
    y = pair[0]!;
    y1 = pair[1]!;
    const yPrime = (mu / x) * y - y1;
    jMu = wronskian / (yPrime - f * y);
  } else {
    complexFraction(mu, x);
    const p = pair[0]!;
    const q = pair[1]!;
    const gamma = (p - f) / q;
    jMu = Math.sqrt(wronskian / ((p - f) * gamma + q));
    if (j < 0) jMu = -jMu;
    y = jMu * gamma;
    y1 = (mu / x) * y - (gamma === 0 ? jMu * q : y * (p + q / gamma));
  }
  // Where the recurrence overflowed, J underflows.
  pair[0] = Number.isFinite(j) ? start * (jMu / j) : 0;
  for (let k = 1; k <= steps && Number.isFinite(y1); k++) {
    const next = ((2 * (mu + k)) / x) * y1 - y;
    y = y1;
    y1 = next;
  }
  pair[1] = Number.isFinite(y1) ? y : v === mu ? y : Number.isFinite(y) && steps === 0 ? y : y1;
}

function positiveJ(v: number, x: number): number {
  if (x * x < 4 * (v + 1) * 0.6) return ascending(v, x, -1);
  steed(v, x);
  return pair[0]!;
}

function positiveY(v: number, x: number): number {
  steed(v, x);
  return pair[1]!;
}

/** Jᵥ(x): for x < 0 only where v is an integer, else NaN. */
export function besselJ(v: number, x: number): number {
  if (Number.isNaN(v) || Number.isNaN(x)) return Number.NaN;
  if (Math.abs(v) === Number.POSITIVE_INFINITY) return Number.NaN;
  if (x < 0) return isWhole(v) ? parity(v) * besselJ(v, -x) : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (v < 0) {
    if (isWhole(v)) return parity(v) * besselJ(-v, x);
    if (x === 0) return rgamma(v + 1) * Number.POSITIVE_INFINITY;
    const sine = sinPi(-v);
    const cosine = cosPi(v);
    const first = cosine === 0 ? 0 : cosine * positiveJ(-v, x);
    return first - sine * positiveY(-v, x);
  }
  if (x === 0) return v === 0 ? 1 : 0;
  return positiveJ(v, x);
}

/** Yᵥ(x): -∞ at 0, NaN for x < 0. */
export function besselY(v: number, x: number): number {
  if (Number.isNaN(v) || !(x >= 0) || Math.abs(v) === Number.POSITIVE_INFINITY) return Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (v < 0) {
    const sine = sinPi(-v);
    const cosine = cosPi(v);
    if (sine === 0) return cosine * besselY(-v, x);
    if (x === 0) return cosine === 0 ? 0 : -cosine * Number.POSITIVE_INFINITY;
    // Y₋ᵥ = sin(πv) Jᵥ + cos(πv) Yᵥ
    return sine * positiveJ(-v, x) + (cosine === 0 ? 0 : cosine * positiveY(-v, x));
  }
  if (x === 0) return Number.NEGATIVE_INFINITY;
  return positiveY(v, x);
}
