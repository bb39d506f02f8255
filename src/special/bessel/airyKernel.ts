// Airy's functions and their derivatives: Maclaurin series near 0, else Bessel functions of orders 1/3 and 2/3 (DLMF 9.4, 9.6).

import { scaledBesselI, scaledBesselK } from "./modifiedKernel.ts";
import { besselJ, besselY } from "./ordinaryKernel.ts";

const SQRT3 = 1.7320508075688772;
/** Ai(0), -Ai'(0), Bi(0), Bi'(0) */
const AI0 = 0.3550280538878172;
const AIP0 = 0.2588194037928068;
const BI0 = 0.6149266274460007;
const BIP0 = 0.4482883573538264;
/** Up to here the series lose less than a digit (a recessive Ai loses faster to the right). */
const SERIES_RIGHT = 0.7;
const SERIES_LEFT = -1.5;

/** The two power series f and g of y'' = xy, or of their derivatives; into `both`. */
const both = new Float64Array(2);
function maclaurin(x: number, isDerivative: boolean): void {
  const cube = x * x * x;
  let f = isDerivative ? (x * x) / 2 : 1;
  let g = isDerivative ? 1 : x;
  let sumF = f;
  let sumG = g;
  for (let k = 1; k < 60; k++) {
    const n = 3 * k;
    if (isDerivative) {
      f *= cube / (n * (n + 2));
      g *= cube / (n * (n - 2));
    } else {
      f *= cube / (n * (n - 1));
      g *= cube / (n * (n + 1));
    }
    sumF += f;
    sumG += g;
    if (Math.abs(f) + Math.abs(g) < 1e-18 * (Math.abs(sumF) + Math.abs(sumG))) break;
  }
  both[0] = sumF;
  both[1] = sumG;
}

/** ζ = 2/3 |x|^(3/2) */
let zeta = 0;
/** What rounding took from ζ. */
let zetaRest = 0;

function setZeta(size: number): void {
  const root = Math.sqrt(size);
  zeta = (2 / 3) * size * root;
  zetaRest = 0;
  if (size > 1e100) return;
  // ζ(1 + ε) with the error of the root, of 2/3 and of the products put right: 9ζ² = 4x³ in pieces of 26 bits.
  const head = Math.fround(zeta);
  const tail = zeta - head;
  const a = Math.fround(size);
  const b = size - a;
  // x³ = (a² + (2ab + b²)) x with a² exact.
  const aa = a * a;
  const rest = b * (2 * a + b);
  const high = Math.fround(aa);
  const low = aa - high + rest;
  const cubeHigh = high * a;
  const cubeLow = high * b + low * size;
  const nine = 9 * head * head;
  const difference = 4 * cubeHigh - nine + (4 * cubeLow - 9 * tail * (2 * head + tail));
  zetaRest = difference / (18 * zeta);
}

/**
 * A function of -x whose value was found at the rounded ζ, put right along its slope in x. `slope` is that of the function
 * in its (negative) argument.
 */
const shifted = (value: number, slope: number, size: number): number =>
  value - (slope * zetaRest) / Math.sqrt(size);

/** Ai, Ai', Bi, Bi' at -size from Bessel functions at ζ. */
const oscillatingAi = (size: number): number =>
  (Math.sqrt(size) / 2) * (besselJ(1 / 3, zeta) - besselY(1 / 3, zeta) / SQRT3);
const oscillatingAiPrime = (size: number): number =>
  (size / 2) * (besselJ(2 / 3, zeta) + besselY(2 / 3, zeta) / SQRT3);
const oscillatingBi = (size: number): number =>
  (-Math.sqrt(size) / 2) * (besselJ(1 / 3, zeta) / SQRT3 + besselY(1 / 3, zeta));
const oscillatingBiPrime = (size: number): number =>
  (size / 2) * (besselJ(2 / 3, zeta) / SQRT3 - besselY(2 / 3, zeta));

const decay = (): number => Math.exp(-zeta) * (1 - zetaRest);
function growth(factor: number): number {
  const half = Math.exp(zeta / 2);
  return half * factor * (1 + zetaRest) * half;
}

/** Ai(x): 0 at ±∞. */
export function airyAi(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) === Number.POSITIVE_INFINITY) return 0;
  if (x > SERIES_LEFT && x < SERIES_RIGHT) {
    maclaurin(x, false);
    return AI0 * both[0]! - AIP0 * both[1]!;
  }
  setZeta(Math.abs(x));
  const root = Math.sqrt(Math.abs(x));
  if (x > 0) return x > 110 ? 0 : (root / (SQRT3 * Math.PI)) * scaledBesselK(1 / 3, zeta) * decay();
  return shifted(oscillatingAi(-x), oscillatingAiPrime(-x), -x);
}

/** Ai'(x): 0 at +∞, NaN at -∞. */
export function airyAiPrime(x: number): number {
  if (Number.isNaN(x) || x === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (x > SERIES_LEFT && x < SERIES_RIGHT) {
    maclaurin(x, true);
    return AI0 * both[0]! - AIP0 * both[1]!;
  }
  if (x > 110) return 0;
  setZeta(Math.abs(x));
  if (x > 0) return (-x / (SQRT3 * Math.PI)) * scaledBesselK(2 / 3, zeta) * decay();
  return shifted(oscillatingAiPrime(-x), x * oscillatingAi(-x), -x);
}

/** Bi(x): ∞ at +∞, 0 at -∞. */
export function airyBi(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 105) return Number.POSITIVE_INFINITY;
  if (x === Number.NEGATIVE_INFINITY) return 0;
  if (x > SERIES_LEFT && x < SERIES_RIGHT) {
    maclaurin(x, false);
    return BI0 * both[0]! + BIP0 * both[1]!;
  }
  setZeta(Math.abs(x));
  const root = Math.sqrt(Math.abs(x));
  if (x > 0) return growth((root / SQRT3) * scaledSum(1 / 3));
  return shifted(oscillatingBi(-x), oscillatingBiPrime(-x), -x);
}

/** (I₋ᵥ + Iᵥ) e^(-ζ) = (2 Iᵥ + 2/π sin(πv) Kᵥ) e^(-ζ) for v = 1/3 or 2/3, whose sines are equal. */
const scaledSum = (v: number): number =>
  2 * scaledBesselI(v, zeta) + (SQRT3 / Math.PI) * scaledBesselK(v, zeta) * Math.exp(-2 * zeta);

/** Bi'(x): ∞ at +∞, NaN at -∞. */
export function airyBiPrime(x: number): number {
  if (Number.isNaN(x) || x === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (x > 105) return Number.POSITIVE_INFINITY;
  if (x > SERIES_LEFT && x < SERIES_RIGHT) {
    maclaurin(x, true);
    return BI0 * both[0]! + BIP0 * both[1]!;
  }
  setZeta(Math.abs(x));
  if (x > 0) return growth((x / SQRT3) * scaledSum(2 / 3));
  return shifted(oscillatingBiPrime(-x), x * oscillatingBi(-x), -x);
}
