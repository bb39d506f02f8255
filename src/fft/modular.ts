// Arithmetic modulo a prime below 2^31 without big integers. A product a·w is reduced with a quotient that a double
// finds from w / p: it is off by at most one, so that the remainder, of which the low 32 bits are exact, lies within a
// few thousand of [0, p] (V. Shoup's trick, with the reciprocal in floating point).

/** a · w mod p for 0 <= a, w < p, where `ratio` is w / p. */
export function multiplyBy(a: number, w: number, ratio: number, p: number): number {
  const quotient = (a * ratio) | 0;
  const rest = (Math.imul(a, w) - Math.imul(quotient, p)) >>> 0;
  // From 2^31 + 2^30 on it is a negative number.
  if (rest >= 0xc0000000) return (rest + p) >>> 0;
  return rest >= p ? rest - p : rest;
}

export const multiply = (a: number, b: number, p: number): number => multiplyBy(a, b, b / p, p);

/** a^e mod p for e >= 0. */
export function power(a: number, e: number, p: number): number {
  let result = 1 % p;
  for (let base = a % p, rest = e; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2) result = multiply(result, base, p);
    base = multiply(base, base, p);
  }
  return result;
}

/** 1 / a mod p for a prime p. */
export const invert = (a: number, p: number): number => power(a, p - 2, p);

/** The distinct prime factors of an integer below 2^31; O(√n). */
export function primeFactors(n: number): number[] {
  const found: number[] = [];
  let rest = n;
  for (let d = 2; d * d <= rest; d++)
    if (rest % d === 0) {
      found.push(d);
      while (rest % d === 0) rest /= d;
    }
  if (rest > 1) found.push(rest);
  return found;
}

export const isPrime = (n: number): boolean => n > 1 && primeFactors(n)[0] === n;

/** The least number whose powers are all numbers but 0 modulo a prime. */
export function primitiveRoot(p: number): number {
  if (p === 2) return 1;
  const factors = primeFactors(p - 1);
  let g = 2;
  while (factors.some((q) => power(g, (p - 1) / q, p) === 1)) g++;
  return g;
}
