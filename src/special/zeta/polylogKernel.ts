// The polylogarithm of real order for real x <= 1: power series, the expansion at x = 1 in powers of log x, the square formula for
// -1 <= x < -1/2, and inversion beyond (DLMF 25.12).

import { digamma } from "../gamma/digammaKernel.ts";
import { gamma } from "../gamma/gammaKernel.ts";
import { isWhole, parity } from "../numeric.ts";
import { riemannZeta } from "./zetaKernel.ts";

function series(s: number, x: number): number {
  let power = x;
  let sum = x;
  for (let k = 2; k < 2000; k++) {
    power *= x;
    const term = power * k ** -s;
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum) && (s > 0 || k > -2 * s)) break;
  }
  return sum;
}

/** Γ(1 - s) (-μ)^(s-1) + Σ ζ(s - k) μᵏ/k! for μ = log x < 0; the pole at integers s > 0 is a logarithm. */
function nearOne(s: number, x: number): number {
  const mu = Math.log(x);
  const isPole = isWhole(s) && s >= 1;
  let power = 1;
  let sum = 0;
  for (let k = 0; k < 120; k++) {
    if (k > 0) power *= mu / k;
    if (isPole && k === s - 1) {
      sum += power * (digamma(s) - digamma(1) - Math.log(-mu));
      continue;
    }
    const term = power * riemannZeta(s - k);
    sum += term;
    if (k > s + 1 && Math.abs(term) < 1e-18 * Math.abs(sum) && term !== 0) break;
  }
  return isPole ? sum : sum + gamma(1 - s) * (-mu) ** (s - 1);
}

/** (1 - 2^(1-s)) ζ(s) */
function eta(s: number): number {
  return s === 1 ? Math.LN2 : -Math.expm1((1 - s) * Math.LN2) * riemannZeta(s);
}

/** Liₛ(-e^w) for w > 0. */
function inverted(s: number, w: number): number {
  if (isWhole(s)) {
    const n = s;
    if (n < 0) return -parity(n) * polylog(n, -Math.exp(-w));
    let sum = 0;
    let power = 1;
    // Σ η(2k) w^(n-2k) / (n - 2k)!, from its last term on.
    for (let j = 0; j <= n; j++) {
      if (j > 0) power *= w / j;
      if ((n - j) % 2 === 0) sum += (j === n ? 0.5 : eta(n - j)) * power;
    }
    return -parity(n) * polylog(n, -Math.exp(-w)) - 2 * sum;
  }
  if (w > 2.5) return Number.NaN;
  let power = 1;
  let sum = 0;
  for (let k = 0; k < 300; k++) {
    if (k > 0) power *= w / k;
    const term = eta(s - k) * power;
    sum -= term;
    if (k > s && k > 8 && Math.abs(term) < 1e-18 * Math.abs(sum) && term !== 0) break;
  }
  return sum;
}

/**
 * Liₛ(x) = Σ xᵏ/kˢ, continued: NaN for x > 1; for x < -12 only where s is an integer. Non-integer orders close to a
 * positive integer lose digits near x = 1.
 */
export function polylog(s: number, x: number): number {
  if (Number.isNaN(s) || !(x <= 1)) return Number.NaN;
  if (x === 0) return 0;
  if (x === 1) return s > 1 ? riemannZeta(s) : Number.POSITIVE_INFINITY;
  if (s === 1) return -Math.log1p(-x);
  if (s === 0) return x / (1 - x);
  if (x < -1) return x === Number.NEGATIVE_INFINITY ? Number.NaN : inverted(s, Math.log(-x));
  if (x === -1) return -eta(s);
  if (Math.abs(x) <= 0.5) return series(s, x);
  if (x > 0.5) return nearOne(s, x);
  // Liₛ(-y) = 2^(1-s) Liₛ(y²) - Liₛ(y) cancels; the series in powers of log(y) does not.
  return atMinus(s, -x);
}

/** Liₛ(-y) = -Σ η(s - k) (log y)ᵏ/k! for 1/2 < y < 1. */
function atMinus(s: number, y: number): number {
  const w = Math.log(y);
  let power = 1;
  let sum = 0;
  for (let k = 0; k < 200; k++) {
    if (k > 0) power *= w / k;
    const term = eta(s - k) * power;
    sum -= term;
    if (k > 3 && Math.abs(term) < 1e-18 * Math.abs(sum) && term !== 0) break;
  }
  return sum;
}

/** Spence's function ∫₁ᶻ log(t)/(1 - t) dt = Li₂(1 - z); NaN for z < 0. */
export function spence(z: number): number {
  if (!(z >= 0)) return Number.NaN;
  if (z === Number.POSITIVE_INFINITY) return -z;
  if (z > 0.5) return polylog(2, 1 - z);
  // Li₂(1 - z) = π²/6 - log(z) log(1 - z) - Li₂(z), exact for tiny z.
  return z === 0 ? Math.PI ** 2 / 6 : Math.PI ** 2 / 6 - Math.log(z) * Math.log1p(-z) - polylog(2, z);
}
