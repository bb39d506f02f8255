// Exact arithmetic behind the coupling coefficients: factorials, binomials and square roots of rationals of big integers.

import { DomainError } from "../../tensor/errors.ts";

const factorials: bigint[] = [1n];

export function bigFactorial(n: number): bigint {
  for (let k = factorials.length; k <= n; k++) factorials.push(factorials[k - 1]! * BigInt(k));
  return factorials[n]!;
}

export const bigBinomial = (n: number, k: number): bigint =>
  k < 0 || k > n ? 0n : bigFactorial(n) / (bigFactorial(k) * bigFactorial(n - k));

const bitLength = (n: bigint): number => n.toString(16).length * 4;

/** sign(s) √(s² n/d), rounded once or twice. */
export function signedRoot(s: bigint, n: bigint, d: bigint): number {
  if (s === 0n) return 0;
  const top = s * s * n;
  // A quotient of at least 120 bits times an even power of two.
  const shift = 2 * Math.ceil((120 + bitLength(d) - bitLength(top)) / 2);
  const quotient = shift >= 0 ? (top << BigInt(shift)) / d : top / (d << BigInt(-shift));
  const excess = 2 * Math.floor((bitLength(quotient) - 120) / 2);
  const root = Math.sqrt(Number(excess > 0 ? quotient >> BigInt(excess) : quotient));
  const exponent = (Math.max(0, excess) - shift) / 2;
  const value = root * 2 ** Math.trunc(exponent / 2) * 2 ** (exponent - Math.trunc(exponent / 2));
  return s < 0n ? -value : value;
}

/** Throws DomainError unless all are multiples of 1/2. */
export function checkHalves(values: Readonly<Record<string, number>>, caller: string): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isInteger(2 * value))
      throw new DomainError(`${caller}: ${name}: a multiple of 1/2 was expected, got ${value}`);
}

/** Throws DomainError unless all are angular momenta: 0, 1/2, 1 … */
export function checkMomenta(values: Readonly<Record<string, number>>, caller: string): void {
  checkHalves(values, caller);
  for (const [name, value] of Object.entries(values))
    if (value < 0) throw new DomainError(`${caller}: ${name}: at least 0 was expected, got ${value}`);
}
