// Words of 32 bits and uniform numbers: what all draws are made of.

import { checkShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { keyedPrimitive } from "./keyed.ts";
import { threefry } from "./threefry.ts";

/** The first word of the counters tells what a key is used for, so that its uses are independent. */
export const STREAMS = { draws: 0, split: 1, foldIn: 2, elements: 3 } as const;

/** `count` random words of 32 bits, rounded up to whole blocks. */
export function words(key0: number, key1: number, count: number): Uint32Array {
  const out = new Uint32Array(count + (count & 1));
  threefry(key0, key1, STREAMS.draws, 0, out);
  return out;
}

/** `count` numbers in (0, 1): 53 random bits and a half, so that neither end occurs. */
export function openUniform(key0: number, key1: number, count: number): Float64Array {
  const bits = words(key0, key1, 2 * count);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++)
    out[i] = ((bits[2 * i]! >>> 6) * 2 ** 27 + (bits[2 * i + 1]! >>> 5) + 0.5) * 2 ** -53;
  return out;
}

const drawBits = keyedPrimitive<{ readonly shape: Shape }>("randomBits", {
  shape: ({ shape }) => shape,
  dtype: () => "uint32",
  fill: (key0, key1, out) => out.set(words(key0, key1, out.length).subarray(0, out.length)),
});

/** Random words of 32 bits, as uint32. O(size). */
export function bits(from: Tensor, shape: Shape): Tensor {
  checkShape(shape, "bits: shape");
  return drawBits(from, { shape });
}

/** Uniform numbers in (0, 1), without either end, as float64. O(size). */
export const unitUniform: (from: Tensor, params: { readonly shape: Shape }) => Tensor = keyedPrimitive<{
  readonly shape: Shape;
}>("randomUnit", {
  shape: ({ shape }) => shape,
  dtype: () => "float64",
  fill: (key0, key1, out) => out.set(openUniform(key0, key1, out.length)),
});
