// Lengths and roots of unity of discrete Fourier transforms, for all devices.

/** Radices with butterflies of their own. */
export const RADICES: readonly number[] = [8, 4, 2, 3, 5, 7, 11, 13];
const PRIMES: readonly number[] = [2, 3, 5, 7, 11, 13];

/** The prime factors of a length in ascending order, or undefined when one is above 13. */
export function smallPrimes(length: number): number[] | undefined {
  const found: number[] = [];
  let rest = length;
  for (const prime of PRIMES)
    while (rest % prime === 0) {
      found.push(prime);
      rest /= prime;
    }
  return rest === 1 ? found : undefined;
}

/**
 * The radices of a length whose product it is, or undefined when it has a prime factor above 13. Fours are the quickest
 * for powers of two (measured: eights do not fit in the registers), with one eight where a two would be left over.
 */
export function factorize(length: number): number[] | undefined {
  const primes = smallPrimes(length);
  if (!primes) return undefined;
  const odd = primes.filter((prime) => prime > 2);
  const radices: number[] = [];
  let twos = primes.length - odd.length;
  if (twos === 1) radices.push(2);
  else if (twos % 2) radices.push(8);
  for (twos -= twos % 2 ? Math.min(3, twos) : 0; twos > 0; twos -= 2) radices.push(4);
  return [...radices, ...odd];
}

/** The least product of 2, 3, 5, 7 and 11 that is not below `target` (of 2, 3 and 5 for `largest` 5). */
export function nextSmooth(target: number, largest: 5 | 11 = 11): number {
  if (target <= 12 && largest === 11) return Math.max(1, target);
  let best = 2 ** Math.ceil(Math.log2(target));
  const others = largest === 11 ? [3, 5, 7, 11] : [3, 5];
  const visit = (product: number, from: number): void => {
    if (product >= best) return;
    let whole = product;
    while (whole < target) whole *= 2;
    if (whole < best) best = whole;
    for (let i = from; i < others.length; i++) visit(product * others[i]!, i);
  };
  visit(1, 0);
  return best;
}

/**
 * Writes cos(2πk/n) and sin(2πk/n) for 0 <= k < n to out[at], out[at + 1]. The angle is reduced to the first octant in
 * integers, so that the error stays below one unit in the last place for every k.
 */
export function writeRoot(k: number, n: number, out: Float64Array, at: number): void {
  // In units of 1/(8n) of the circle.
  let place = 8 * k;
  let isNegativeSine = false;
  let isNegativeCosine = false;
  let isSwapped = false;
  if (place > 4 * n) {
    place = 8 * n - place;
    isNegativeSine = true;
  }
  if (place > 2 * n) {
    place = 4 * n - place;
    isNegativeCosine = true;
  }
  if (place > n) {
    place = 2 * n - place;
    isSwapped = true;
  }
  const angle = (Math.PI * place) / (4 * n);
  const c = isSwapped ? Math.sin(angle) : Math.cos(angle);
  const s = isSwapped ? Math.cos(angle) : Math.sin(angle);
  out[at] = isNegativeCosine ? -c : c;
  out[at + 1] = isNegativeSine ? -s : s;
}

/** exp(sign · 2πik/n) for 0 <= k < count, real and imaginary parts in turn. */
export function roots(n: number, sign: -1 | 1, count: number = n): Float64Array {
  const out = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    writeRoot(k % n, n, out, 2 * k);
    out[2 * k + 1]! *= sign;
  }
  return out;
}

/** Remembers the latest results of a function of a length, as many as hold `most` numbers together. */
export class LengthCache<T extends { readonly cost: number }> {
  private readonly known = new Map<string, T>();
  private total = 0;
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  get(key: string, make: () => T): T {
    const found = this.known.get(key);
    if (found) {
      // The latest used stands last.
      this.known.delete(key);
      this.known.set(key, found);
      return found;
    }
    const made = make();
    this.known.set(key, made);
    this.total += made.cost;
    for (const [oldKey, old] of this.known) {
      if (this.total <= this.most || oldKey === key) break;
      this.known.delete(oldKey);
      this.total -= old.cost;
    }
    return made;
  }
}
