// Coupling coefficients of angular momenta by Racah's formulas, exact up to the last square root (Varshalovich, Moskalev and Khersonskii,
// 1988, chapters 8 and 9). Arguments that break a selection rule give 0.

import { tensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { parity } from "../numeric.ts";
import { bigBinomial, bigFactorial, checkHalves, checkMomenta, signedRoot } from "./exact.ts";

const isTriangle = (a: number, b: number, c: number): boolean =>
  Number.isInteger(a + b + c) && c >= Math.abs(a - b) && c <= a + b;

/** Whether m is one of -j, -j + 1 … j. */
const isProjection = (j: number, m: number): boolean => Math.abs(m) <= j && Number.isInteger(j - m);

/** Wigner's 3j symbol (j₁ j₂ j₃; m₁ m₂ m₃). Throws DomainError unless all are multiples of 1/2 and j >= 0. O(j) big integers. */
export function wigner3j(j1: number, j2: number, j3: number, m1: number, m2: number, m3: number): number {
  checkMomenta({ j1, j2, j3 }, "wigner3j");
  checkHalves({ m1, m2, m3 }, "wigner3j");
  if (!isTriangle(j1, j2, j3) || m1 + m2 + m3 !== 0) return 0;
  if (!isProjection(j1, m1) || !isProjection(j2, m2) || !isProjection(j3, m3)) return 0;
  const first = Math.max(0, j2 - j3 - m1, j1 - j3 + m2);
  const last = Math.min(j1 + j2 - j3, j1 - m1, j2 + m2);
  let sum = 0n;
  for (let k = first; k <= last; k++) {
    const term =
      bigBinomial(j1 + j2 - j3, k) *
      bigBinomial(j1 - j2 + j3, j1 - m1 - k) *
      bigBinomial(-j1 + j2 + j3, j2 + m2 - k);
    sum += k % 2 === 0 ? term : -term;
  }
  const top =
    bigFactorial(j1 + m1) *
    bigFactorial(j1 - m1) *
    bigFactorial(j2 + m2) *
    bigFactorial(j2 - m2) *
    bigFactorial(j3 + m3) *
    bigFactorial(j3 - m3);
  const bottom =
    bigFactorial(j1 + j2 + j3 + 1) *
    bigFactorial(j1 + j2 - j3) *
    bigFactorial(j1 - j2 + j3) *
    bigFactorial(-j1 + j2 + j3);
  return parity(j1 - j2 - m3) * signedRoot(sum, top, bottom);
}

/** The Clebsch-Gordan coefficient ⟨j₁ m₁ j₂ m₂ | j m⟩. Throws as `wigner3j`. */
export function clebschGordan(j1: number, m1: number, j2: number, m2: number, j: number, m: number): number {
  checkMomenta({ j1, j2, j }, "clebschGordan");
  checkHalves({ m1, m2, m }, "clebschGordan");
  const symbol = wigner3j(j1, j2, j, m1, m2, -m);
  return symbol === 0 ? 0 : parity(j1 - j2 + m) * Math.sqrt(2 * j + 1) * symbol;
}

/** Δ²(a, b, c) as a pair of big integers. */
const triangle = (a: number, b: number, c: number): readonly [bigint, bigint] => [
  bigFactorial(a + b - c) * bigFactorial(a - b + c) * bigFactorial(-a + b + c),
  bigFactorial(a + b + c + 1),
];

/** Wigner's 6j symbol {a b c; d e f}. Throws DomainError unless all are 0, 1/2, 1 … O(j) big integers. */
export function wigner6j(a: number, b: number, c: number, d: number, e: number, f: number): number {
  checkMomenta({ a, b, c, d, e, f }, "wigner6j");
  if (!isTriangle(a, b, c) || !isTriangle(a, e, f) || !isTriangle(d, b, f) || !isTriangle(d, e, c)) return 0;
  const s = [a + b + c, a + e + f, d + b + f, d + e + c] as const;
  const q = [a + b + d + e, b + c + e + f, a + c + d + f] as const;
  let sum = 0n;
  for (let t = Math.max(...s); t <= Math.min(...q); t++) {
    const term =
      bigBinomial(t + 1, s[0] + 1) *
      bigBinomial(q[0] - s[1], t - s[1]) *
      bigBinomial(q[1] - s[2], t - s[2]) *
      bigBinomial(q[2] - s[3], t - s[3]);
    sum += t % 2 === 0 ? term : -term;
  }
  const factor = bigFactorial(s[0] + 1);
  const divisor = bigFactorial(q[0] - s[1]) * bigFactorial(q[1] - s[2]) * bigFactorial(q[2] - s[3]);
  let top = factor * factor;
  let bottom = divisor * divisor;
  for (const [n, m] of [triangle(a, b, c), triangle(a, e, f), triangle(d, b, f), triangle(d, e, c)]) {
    top *= n;
    bottom *= m;
  }
  return signedRoot(sum, top, bottom);
}

/**
 * Gaunt's coefficient: the integral of the product of the three spherical harmonics Y(l₁, m₁) Y(l₂, m₂) Y(l₃, m₃) over the sphere.
 * Throws as `wigner3j`; 0 for half-integers.
 */
export function gaunt(l1: number, l2: number, l3: number, m1: number, m2: number, m3: number): number {
  checkMomenta({ l1, l2, l3 }, "gaunt");
  checkHalves({ m1, m2, m3 }, "gaunt");
  if (![l1, l2, l3].every(Number.isInteger)) return 0;
  const scale = Math.sqrt(((2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1)) / (4 * Math.PI));
  return scale * wigner3j(l1, l2, l3, 0, 0, 0) * wigner3j(l1, l2, l3, m1, m2, m3);
}

/** All ⟨j₁ m₁ j₂ m₂ | j m⟩ as float64 `[2j₁ + 1, 2j₂ + 1, 2j + 1]`, each m ascending from -j. */
export function clebschGordanTensor(j1: number, j2: number, j: number): Tensor {
  checkMomenta({ j1, j2, j }, "clebschGordanTensor");
  const list = (size: number): number[] => Array.from({ length: 2 * size + 1 }, (_, i) => i - size);
  return tensor(
    list(j1).map((m1) => list(j2).map((m2) => list(j).map((m) => clebschGordan(j1, m1, j2, m2, j, m)))),
  );
}
