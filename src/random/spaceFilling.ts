// Latin hypercubes, and Halton's sequence.

import { DomainError } from "../tensor/errors.ts";
import { checkShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { openUniform } from "./bits.ts";
import type { Key } from "./key.ts";
import { keyedPrimitive } from "./keyed.ts";

const drawLatin = keyedPrimitive<{ readonly n: number; readonly d: number }>("randomLatin", {
  shape: ({ n, d }) => [n, d],
  dtype: () => "float64",
  fill: (key0, key1, out, { n, d }) => {
    const draws = openUniform(key0, key1, 2 * n * d);
    const order = new Int32Array(n);
    for (let j = 0; j < d; j++) {
      const start = 2 * n * j;
      for (let i = 0; i < n; i++) order[i] = i;
      for (let i = n - 1; i > 0; i--) {
        const other = Math.floor(draws[start + i]! * (i + 1));
        const moved = order[i]!;
        order[i] = order[other]!;
        order[other] = moved;
      }
      for (let i = 0; i < n; i++) out[i * d + j] = (order[i]! + draws[start + n + i]!) / n;
    }
  },
});

/**
 * A Latin hypercube: n points in the open unit cube, as float64 `[n, d]`, one in each of n slices along every axis. O(n d).
 * Source: McKay, Beckman, Conover (1979).
 */
export function latinHypercube(from: Key, n: number, d: number): Tensor {
  checkShape([n, d], "latinHypercube: [n, d]");
  return drawLatin(from, { n, d });
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++)
    if (found.every((p) => p * p > candidate || candidate % p !== 0)) found.push(candidate);
  return found;
}

/**
 * Points `skip` … `skip + n - 1` of Halton's sequence, as float64 `[n, d]`: the digits of the index mirrored at the point, in the base of
 * the j-th prime. The first is the origin. O(n d log n). Throws DomainError for a skip that is no integer >= 0.
 */
export function halton(n: number, d: number, { skip = 0 }: { readonly skip?: number } = {}): Tensor {
  checkShape([n, d], "halton: [n, d]");
  if (!(Number.isSafeInteger(skip + n) && skip >= 0))
    throw new DomainError(`halton: skip: an integer >= 0 was expected, got ${skip}`);
  const bases = primes(d);
  const out = new Float64Array(n * d);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++) {
      const base = bases[j]!;
      let value = 0;
      let unit = 1 / base;
      for (let rest = skip + i; rest > 0; rest = Math.floor(rest / base), unit /= base)
        value += (rest % base) * unit;
      out[i * d + j] = value;
    }
  return new Tensor(out, [n, d], "float64");
}
