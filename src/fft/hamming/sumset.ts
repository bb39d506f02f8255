// In how many ways numbers are sums of one from each of two sets: sparse convolution by random primes.

import { device } from "../../device/current.ts";
import { nextSmooth } from "../../device/roots.ts";
import { ConvergenceError, DomainError } from "../../tensor/errors.ts";
import { isPrime, multiply, power } from "../modular.ts";
import { wordsFrom } from "./generator.ts";

/** Rounds with one size of primes before it is doubled, and doublings before the sums are counted one by one. */
const ROUNDS = 12;
const DOUBLINGS = 6;
/** Primes for at least this many sums: among too few of them the same ones would come again. */
const FEWEST = 64;
/** Largest sums: products of places and counts must be exact in float64 with room for rounding. */
const LARGEST = 2 ** 31;

export interface SumsetCounts {
  /** Distinct sums, ascending. */
  readonly sums: Float64Array<ArrayBuffer>;
  /** In how many ways each is a sum. */
  readonly counts: Int32Array<ArrayBuffer>;
  /** Primes that were drawn, the last one to see that nothing is left. */
  readonly rounds: number;
}

interface Counted {
  readonly counts: ReadonlyMap<number, number>;
  readonly rounds: number;
  readonly transforms: number;
  readonly transformLength: number;
}

/**
 * All sums x + y of x in A and y in B (lists of integers from 0 to 2^30, of which repetitions count), with the number of
 * ways. Sums are folded modulo a random prime of the size of their number: buckets tell the count of their sums (by the
 * convolution of indicators) and the sum of their sums (by that of places), so that whoever is alone in a bucket is known,
 * and is taken out before the next prime. When a prime finds nothing left, the answer is checked as an identity of
 * polynomials at random points, which a wrong one passes with a chance below 1e-12 (for sums up to 2^27); else all starts
 * anew with larger primes. O(t log t) for t sums expected.
 *
 * Source: the sumset lemma of Chan, Jin, Vassilevska Williams and Xu, FOCS 2023, in a form without bit packing.
 *
 * @throws DomainError for other numbers.
 */
export function sumsetCounts(a: ArrayLike<number>, b: ArrayLike<number>): SumsetCounts {
  const found = countSums("sumsetCounts", places("sumsetCounts", "a", a), places("sumsetCounts", "b", b));
  const sums = Float64Array.from(found.counts.keys()).sort();
  return { sums, counts: Int32Array.from(sums, (sum) => found.counts.get(sum)!), rounds: found.rounds };
}

/**
 * For every number of C the ways to write it as a sum of one from A and one from B: the counting version of 3SUM, by
 * `sumsetCounts`.
 *
 * @throws DomainError for numbers that are no integers from 0 to 2^30 (2^31 in C).
 */
export function countingThreeSum(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  c: ArrayLike<number>,
): Int32Array<ArrayBuffer> {
  const name = "countingThreeSum";
  const wanted = places(name, "c", c, LARGEST);
  const { counts } = countSums(name, places(name, "a", a), places(name, "b", b));
  return Int32Array.from(wanted, (sum) => counts.get(sum) ?? 0);
}

function places(name: string, argument: string, x: ArrayLike<number>, largest = LARGEST / 2): Float64Array {
  const out = Float64Array.from(x);
  out.forEach((value, i) => {
    if (!(Number.isInteger(value) && value >= 0 && value <= largest))
      throw new DomainError(
        `${name}: ${argument} must hold integers from 0 to 2^${Math.log2(largest)}, got ${value} at ${i}`,
      );
  });
  return out;
}

/** The counts of all sums x + y. */
export function countSums(name: string, x: Float64Array, y: Float64Array): Counted {
  const counts = new Map<number, number>();
  let transforms = 0;
  let transformLength = 0;
  if (x.length === 0 || y.length === 0) return { counts, rounds: 0, transforms, transformLength };
  const range = largest(x) + largest(y) + 1;
  const random = wordsFrom(x.length, range);
  const sums = Math.max(FEWEST, Math.min(x.length * y.length, 2 * range));
  let rounds = 0;
  for (let doubling = 0; doubling <= DOUBLINGS; doubling++) {
    counts.clear();
    let t = sums * 2 ** doubling;
    for (let round = 0; round < ROUNDS; round++) {
      const p = primeBetween(4 * t + 2, 8 * t + 4, random);
      rounds++;
      const { zeroth, first, length } = moments(name, x, y, p, range);
      transforms += 5;
      transformLength = Math.max(transformLength, length);
      for (const [sum, count] of counts) {
        const bucket = sum % p;
        zeroth[bucket] = zeroth[bucket]! - count;
        first[bucket] = first[bucket]! - sum * count;
      }
      let left = 0;
      for (let bucket = 0; bucket < p; bucket++) {
        const count = zeroth[bucket]!;
        const total = first[bucket]!;
        if (count === 0 && total === 0) continue;
        left++;
        const sum = total / count;
        // A wrong guess of an earlier round, two sums 2p apart, is corrected by a negative count.
        if (count === 0 || !Number.isInteger(sum) || sum < 0 || sum >= range || sum % p !== bucket) continue;
        const now = (counts.get(sum) ?? 0) + count;
        if (now === 0) counts.delete(sum);
        else counts.set(sum, now);
      }
      if (left === 0) {
        if (agrees(x, y, counts, range, random)) return { counts, rounds, transforms, transformLength };
        break;
      }
      t = Math.max(left, FEWEST);
    }
  }
  throw new ConvergenceError(`${name}: sums were not told apart by ${rounds} primes`);
}

/** The prime 2³¹ - 1, and the chance at which a wrong answer may pass. */
const FIELD = 2 ** 31 - 1;
const CHANCE = 1e-12;

/**
 * Whether Σ z^(x + y) over all pairs is Σ count z^sum at random points z of a field: polynomials of degree below `range`
 * that differ agree at few points.
 */
function agrees(
  x: Float64Array,
  y: Float64Array,
  counts: ReadonlyMap<number, number>,
  range: number,
  random: () => number,
): boolean {
  const points = Math.min(12, Math.ceil(Math.log(CHANCE) / Math.log(Math.min(0.5, range / FIELD))));
  for (let point = 0; point < points; point++) {
    const z = 2 + Math.floor((random() / 2 ** 32) * (FIELD - 3));
    const total = (places: Float64Array): number => {
      let sum = 0;
      for (let i = 0; i < places.length; i++) sum = (sum + power(z, places[i]!, FIELD)) % FIELD;
      return sum;
    };
    let sum = 0;
    for (const [place, count] of counts) {
      if (!(count > 0)) return false;
      sum = (sum + multiply(count, power(z, place, FIELD), FIELD)) % FIELD;
    }
    if (sum !== multiply(total(x), total(y), FIELD)) return false;
  }
  return true;
}

const largest = (x: Float64Array): number => x.reduce((top, value) => Math.max(top, value), 0);

function primeBetween(low: number, high: number, random: () => number): number {
  for (;;) {
    const candidate = (low + Math.floor((random() / 2 ** 32) * (high - low))) | 1;
    if (isPrime(candidate)) return candidate;
  }
}

/** For every bucket modulo p the number of sums in it, and the sum of them. */
function moments(
  name: string,
  x: Float64Array,
  y: Float64Array,
  p: number,
  range: number,
): { zeroth: Float64Array; first: Float64Array; length: number } {
  const length = nextSmooth(2 * p - 1);
  // Places are scaled to 1, so that the square of the second part does not drown the first in rounding.
  const a = new Float64Array(2 * length);
  const b = new Float64Array(2 * length);
  const both = new Float64Array(2 * length);
  for (let i = 0; i < x.length; i++) {
    const at = 2 * (x[i]! % p);
    a[at] = a[at]! + 1;
    a[at + 1] = a[at + 1]! + x[i]! / range;
    both[at] = both[at]! + 1;
  }
  for (let i = 0; i < y.length; i++) {
    const at = 2 * (y[i]! % p);
    b[at] = b[at]! + 1;
    b[at + 1] = b[at + 1]! + y[i]! / range;
    both[at + 1] = both[at + 1]! + 1;
  }
  for (const z of [a, b, both]) device.fft(-1, 1, 1, length, 1, z, 0, z, 0);
  multiplySpectra(a, b);
  // (X + i Y)² has 2 X Y as its imaginary part.
  multiplySpectra(both, both);
  for (const z of [a, both]) device.fft(1, 1 / length, 1, length, 1, z, 0, z, 0);
  const zeroth = new Float64Array(p);
  const first = new Float64Array(p);
  let worst = 0;
  for (let i = 0; i < length; i++) {
    const bucket = i % p;
    const count = both[2 * i + 1]! / 2;
    const total = a[2 * i + 1]! * range;
    const [wholeCount, wholeTotal] = [Math.round(count), Math.round(total)];
    worst = Math.max(worst, Math.abs(count - wholeCount), Math.abs(total - wholeTotal));
    zeroth[bucket] = zeroth[bucket]! + wholeCount;
    first[bucket] = first[bucket]! + wholeTotal;
  }
  if (!(worst < 0.25))
    throw new ConvergenceError(
      `${name}: sums of places are off by ${worst}: the sets are too large for float64`,
    );
  return { zeroth, first, length };
}

function multiplySpectra(x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i += 2) {
    const [xr, xi, yr, yi] = [x[i]!, x[i + 1]!, y[i]!, y[i + 1]!];
    x[i] = xr * yr - xi * yi;
    x[i + 1] = xr * yi + xi * yr;
  }
}
