// Sine, cosine, hyperbolic sine and cosine integrals, and Fresnel's: power series near 0, beyond by the continued fraction of
// the exponential integral or complementary error function on the imaginary axis or diagonal (DLMF 6.9.1, 7.9.2).

import { cosPi, EPSILON, EULER_GAMMA, sinPi } from "../numeric.ts";
import { expIntegral1, expIntegralEi } from "./exponentialKernel.ts";

/** Real and imaginary part of what a complex recurrence just found. */
const part = new Float64Array(2);

/** 1/(b + a₁/(b + h + a₂/(b + 2h + …))) for complex b and real h, by Lentz's algorithm; into `part`. */
function complexFraction(bRe: number, bIm: number, h: number, a: (k: number) => number): void {
  let scale = 1 / (bRe * bRe + bIm * bIm);
  let dRe = bRe * scale;
  let dIm = -bIm * scale;
  let re = dRe;
  let im = dIm;
  // 1/c, which begins with 0.
  let inverseRe = 0;
  let inverseIm = 0;
  for (let k = 1; k < 10000; k++) {
    const ak = a(k);
    const b = bRe + k * h;
    const eRe = ak * dRe + b;
    const eIm = ak * dIm + bIm;
    scale = 1 / (eRe * eRe + eIm * eIm);
    dRe = eRe * scale;
    dIm = -eIm * scale;
    const cRe = b + ak * inverseRe;
    const cIm = bIm + ak * inverseIm;
    scale = 1 / (cRe * cRe + cIm * cIm);
    inverseRe = cRe * scale;
    inverseIm = -cIm * scale;
    const fRe = cRe * dRe - cIm * dIm;
    const fIm = cRe * dIm + cIm * dRe;
    const next = re * fRe - im * fIm;
    im = re * fIm + im * fRe;
    re = next;
    if (Math.abs(fRe - 1) + Math.abs(fIm) < EPSILON) break;
  }
  part[0] = re;
  part[1] = im;
}

const minusSquare = (k: number): number => -k * k;
const minusProduct = (k: number): number => -(2 * k - 1) * (2 * k);

/** e^(ix) E₁(ix) for x >= 2; into `part`. */
const imaginaryFraction = (x: number): void => complexFraction(1, x, 2, minusSquare);

/** Σ (±x²)^j x / ((2j + 1) (2j + 1)!) from `first` = x (odd powers), or Σ (±x²)^j / (2j (2j)!) from `first` = 1 (even, without j = 0). */
function powerSeries(first: number, k0: number, square: number): number {
  let power = first;
  let sum = k0 === 1 ? first : 0;
  for (let k = k0 + 2; k < 250; k += 2) {
    power *= square / ((k - 1) * k);
    const term = power / k;
    sum += term;
    if (Math.abs(term) < 1e-18 * Math.abs(sum)) break;
  }
  return sum;
}

/** Si(x) = ∫₀ˣ sin(t)/t dt. */
export function sineIntegral(x: number): number {
  const size = Math.abs(x);
  if (size < 4) return powerSeries(x, 1, -x * x);
  if (size === Number.POSITIVE_INFINITY) return (Math.sign(x) * Math.PI) / 2;
  if (Number.isNaN(x)) return x;
  imaginaryFraction(size);
  const re = part[0]!;
  const im = part[1]!;
  // E₁(ix) = -Ci(x) + i (Si(x) - π/2), and e^(-ix) turns.
  return Math.sign(x) * (Math.PI / 2 + im * Math.cos(size) - re * Math.sin(size));
}

/** Ci(x) = γ + log x + ∫₀ˣ (cos(t) - 1)/t dt: -∞ at 0, NaN for x < 0. */
export function cosineIntegral(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x < 4) return EULER_GAMMA + Math.log(x) + powerSeries(1, 0, -x * x);
  if (x === Number.POSITIVE_INFINITY) return 0;
  imaginaryFraction(x);
  return -(part[0]! * Math.cos(x) + part[1]! * Math.sin(x));
}

/** Shi(x) = ∫₀ˣ sinh(t)/t dt. */
export function hyperbolicSineIntegral(x: number): number {
  const size = Math.abs(x);
  if (size > 30) return (Math.sign(x) * (expIntegralEi(size) + expIntegral1(size))) / 2;
  return powerSeries(x, 1, x * x);
}

/** Chi(x) = γ + log x + ∫₀ˣ (cosh(t) - 1)/t dt: -∞ at 0, NaN for x < 0. */
export function hyperbolicCosineIntegral(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x > 30) return (expIntegralEi(x) - expIntegral1(x)) / 2;
  return EULER_GAMMA + Math.log(x) + powerSeries(1, 0, x * x);
}

/** Both Fresnel integrals into `part`: S(x) = ∫₀ˣ sin(πt²/2) dt and C(x) with the cosine, for x >= 0. */
function fresnelPair(x: number): void {
  if (x < 1.6) {
    const t = (Math.PI / 2) * x * x;
    let term = x;
    let s = 0;
    let c = x;
    for (let k = 1; k < 80; k++) {
      term *= t / k;
      const next = ((k % 4 < 2 ? 1 : -1) * term) / (2 * k + 1);
      if (k % 2 === 1) s += next;
      else c += k % 4 === 0 ? Math.abs(next) : -Math.abs(next);
      if (term < 1e-18 * x && k > 2) break;
    }
    part[0] = s;
    part[1] = c;
    return;
  }
  if (x > 1e8) {
    part[0] = 0.5;
    part[1] = 0.5;
    return;
  }
  // C + iS = (1 + i)/2 erf(z) with z = √π/2 (1 - i) x, erfc by its continued fraction in z².
  complexFraction(1, -Math.PI * x * x, 4, minusProduct);
  const hRe = part[0]!;
  const hIm = part[1]!;
  // h (x - ix), then C + iS = (1 + i)/2 (1 - e^(iπx²/2) h (x - ix)).
  const uRe = x * (hRe + hIm);
  const uIm = x * (hIm - hRe);
  const half = halfSquare(x);
  const cos = cosPi(half);
  const sin = sinPi(half);
  const wRe = 1 - (cos * uRe - sin * uIm);
  const wIm = -(cos * uIm + sin * uRe);
  part[0] = (wRe + wIm) / 2;
  part[1] = (wRe - wIm) / 2;
}

/** x²/2 modulo 2, with what rounding the square loses. */
function halfSquare(x: number): number {
  const head = Math.fround(x);
  const rest = x - head;
  return (((head * head) / 2) % 2) + rest * (head + rest / 2);
}

/** S(x) = ∫₀ˣ sin(πt²/2) dt. */
export function fresnelSine(x: number): number {
  if (Number.isNaN(x)) return x;
  fresnelPair(Math.abs(x));
  return x < 0 ? -part[0]! : part[0]!;
}

/** C(x) = ∫₀ˣ cos(πt²/2) dt. */
export function fresnelCosine(x: number): number {
  if (Number.isNaN(x)) return x;
  fresnelPair(Math.abs(x));
  return x < 0 ? -part[1]! : part[1]!;
}
