// Legendre's elliptic integrals in the parameter m = k², by Carlson's (DLMF 19.25), the complete ones by the arithmetic-geometric
// mean, and the amplitude of Jacobi's functions by descending Landen transformations (DLMF 22.20).

import { carlsonRD, carlsonRF, carlsonRJ } from "./carlsonKernel.ts";

/** K as a function of 1 - m: ∞ at 0, NaN for negative ones. */
export function completeFirstComplement(p: number): number {
  if (!(p >= 0)) return Number.NaN;
  if (p === 0) return Number.POSITIVE_INFINITY;
  if (p === Number.POSITIVE_INFINITY) return 0;
  let a = 1;
  let b = Math.sqrt(p);
  for (let k = 0; k < 40 && Math.abs(a - b) > 1e-8 * a; k++) {
    const next = (a + b) / 2;
    b = Math.sqrt(a * b);
    a = next;
  }
  return Math.PI / (a + b);
}

/** K(m): ∞ at 1, NaN beyond. */
export const completeFirst = (m: number): number => completeFirstComplement(1 - m);

/** E(m) = K - m/3 R_D(0, 1 - m, 1): 1 at m = 1, NaN beyond. */
export function completeSecond(m: number): number {
  if (!(m <= 1)) return Number.NaN;
  if (m === 1) return 1;
  if (m === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
  // E = (1 - m)/3 (R_D(0, 1 - m, 1) + R_D(0, 1, 1 - m)): a sum of positive terms.
  const p = 1 - m;
  return (p / 3) * (carlsonRD(0, p, 1) + carlsonRD(0, 1, p));
}

/** Reduces φ to [-π/2, π/2] and counts the half turns that were taken off. */
let turns = 0;
function reduced(phi: number): number {
  turns = Math.round(phi / Math.PI);
  return turns === 0 ? phi : phi - turns * Math.PI - turns * 1.2246467991473532e-16;
}

/** F(φ | m), quasi-periodic in φ: NaN where m sin²φ > 1. */
export function incompleteFirst(phi: number, m: number): number {
  if (Number.isNaN(phi) || !(m <= 1) || m === Number.NEGATIVE_INFINITY)
    return m > 1 ? beyond(phi, m, incompleteFirstAt) : Number.NaN;
  if (Math.abs(phi) === Number.POSITIVE_INFINITY) return phi;
  const angle = reduced(phi);
  const count = turns;
  if (m === 1 && count !== 0) return count * Number.POSITIVE_INFINITY;
  const value = incompleteFirstAt(angle, m);
  return count === 0 ? value : value + 2 * count * completeFirst(m);
}

/** For m > 1 only angles with m sin²φ <= 1. */
function beyond(phi: number, m: number, f: (phi: number, m: number) => number): number {
  return Math.abs(phi) < Math.PI / 2 && m * Math.sin(phi) ** 2 <= 1 ? f(phi, m) : Number.NaN;
}

function incompleteFirstAt(phi: number, m: number): number {
  const s = Math.sin(phi);
  const c = Math.cos(phi);
  return s * carlsonRF(c * c, complement(s, c, m), 1);
}

/** 1 - m sin²φ = cos²φ + (1 - m) sin²φ */
const complement = (s: number, c: number, m: number): number =>
  m > 0.5 ? Math.max(0, c * c + (1 - m) * s * s) : 1 - m * s * s;

/** E(φ | m). */
export function incompleteSecond(phi: number, m: number): number {
  if (Number.isNaN(phi) || !(m <= 1) || m === Number.NEGATIVE_INFINITY)
    return m > 1 ? beyond(phi, m, incompleteSecondAt) : Number.NaN;
  if (Math.abs(phi) === Number.POSITIVE_INFINITY) return phi;
  const angle = reduced(phi);
  const count = turns;
  const value = incompleteSecondAt(angle, m);
  return count === 0 ? value : value + 2 * count * completeSecond(m);
}

function incompleteSecondAt(phi: number, m: number): number {
  const s = Math.sin(phi);
  const c = Math.cos(phi);
  const s2 = s * s;
  const c2 = c * c;
  const d2 = complement(s, c, m);
  if (m < 0) {
    // F - m D: both terms positive.
    return s * carlsonRF(c2, d2, 1) - ((m * s * s2) / 3) * carlsonRD(c2, d2, 1);
  }
  // DLMF 19.25.10: positive terms for 0 <= m <= 1.
  const p = 1 - m;
  if (p < 0) return s * carlsonRF(c2, d2, 1) - ((m * s * s2) / 3) * carlsonRD(c2, d2, 1);
  return (
    p * s * carlsonRF(c2, d2, 1) +
    ((m * p * s * s2) / 3) * carlsonRD(c2, 1, d2) +
    (d2 === 0 ? m * s : (m * s * c) / Math.sqrt(d2))
  );
}

/** Π(n; φ | m) = ∫₀^φ dθ / ((1 - n sin²θ) √(1 - m sin²θ)), for n sin²φ > 1 the principal value. */
export function incompleteThird(n: number, phi: number, m: number): number {
  if (Number.isNaN(n) || !Number.isFinite(phi) || !(m <= 1)) return Number.NaN;
  const angle = reduced(phi);
  const count = turns;
  const s = Math.sin(angle);
  const c = Math.cos(angle);
  const d2 = complement(s, c, m);
  const value =
    s * carlsonRF(c * c, d2, 1) + (n === 0 ? 0 : ((n * s ** 3) / 3) * carlsonRJ(c * c, d2, 1, 1 - n * s * s));
  return count === 0 ? value : value + 2 * count * completeThird(n, m);
}

/** Π(n | m). */
export function completeThird(n: number, m: number): number {
  if (!(m <= 1) || Number.isNaN(n)) return Number.NaN;
  if (m === 1 || n === 1) return Number.POSITIVE_INFINITY;
  return carlsonRF(0, 1 - m, 1) + (n === 0 ? 0 : (n / 3) * carlsonRJ(0, 1 - m, 1, 1 - n));
}

const means = new Float64Array(40);
const ratios = new Float64Array(40);

/** am(u | m), the inverse of F, for 0 <= m <= 1; NaN elsewhere. */
export function amplitude(u: number, m: number): number {
  if (!(m >= 0 && m <= 1) || !Number.isFinite(u)) return Number.NaN;
  if (m === 0) return u;
  // The Gudermannian.
  if (m === 1) return 2 * Math.atan(Math.tanh(u / 2));
  let a = 1;
  let b = Math.sqrt(1 - m);
  let c = Math.sqrt(m);
  let n = 0;
  means[0] = a;
  ratios[0] = c;
  while (Math.abs(c) > 1e-17 * a && n < 38) {
    const next = (a + b) / 2;
    // c = (a - b)/2 = c²/4 over the next mean, without cancellation.
    c = (c * c) / (4 * next);
    b = Math.sqrt(a * b);
    a = next;
    n += 1;
    means[n] = a;
    ratios[n] = c;
  }
  let phi = 2 ** n * a * u;
  for (let k = n; k > 0; k--) phi = (phi + Math.asin((ratios[k]! / means[k]!) * Math.sin(phi))) / 2;
  return phi;
}
