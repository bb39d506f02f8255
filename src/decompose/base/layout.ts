// Rearranged tensors: transposed modes, and modes split into factors (which turns a train into a quantized one).

import { bindOne } from "../../ops/bind.ts";
import { narrowAxis, reshape, transpose } from "../../ops/movement.ts";
import { inversePermutation, padP } from "../../ops/moves.ts";
import { allocate } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Layout } from "../types.ts";

/** Shape of the arranged tensor. */
export function arrangedShape(layout: Layout): number[] {
  const split = layout.splits.flat();
  return layout.order.map((axis) => split[axis]!);
}

/** Only the order of modes changes. */
export function permutation(shape: readonly number[], order: readonly number[]): Layout {
  return { shape, padded: shape, splits: shape.map((n) => [n]), order };
}

/** Modes are transposed but neither padded nor split. */
export const isPermutation = (layout: Layout): boolean => layout.splits.every((split) => split.length === 1);

/**
 * The layout of a quantized train: modes padded to a length with no prime factor above 5, split into primes, and the
 * splits of different modes interleaved from the coarsest to the finest.
 */
export function quantizedLayout(shape: readonly number[]): Layout {
  const padded = shape.map(smoothLength);
  const splits = padded.map(primeFactors);
  const starts = splits.map((_, k) => splits.slice(0, k).reduce((count, split) => count + split.length, 0));
  const order: number[] = [];
  const levels = Math.max(...splits.map((split) => split.length));
  for (let level = 0; level < levels; level++)
    splits.forEach((split, k) => {
      if (level < split.length) order.push(starts[k]! + level);
    });
  return { shape, padded, splits, order };
}

/** The smallest length from n on whose prime factors are 2, 3 and 5. */
export function smoothLength(n: number): number {
  for (let length = n; ; length++) {
    let rest = length;
    for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
    if (rest === 1) return length;
  }
}

/** Prime factors, largest first; `[1]` for 1. */
function primeFactors(n: number): number[] {
  const factors: number[] = [];
  for (let prime = 2; n > 1; prime++)
    while (n % prime === 0) {
      factors.unshift(prime);
      n /= prime;
    }
  return factors.length ? factors : [1];
}

/** The tensor as the layout rearranges it. */
export function arrange(x: Tensor, layout: Layout): Tensor {
  const extended = layout.padded.some((n, k) => n !== layout.shape[k])
    ? bindOne(padP, [x, new Tensor(allocate(x.dtype, 1), [], x.dtype)], {
        before: layout.shape.map(() => 0),
        after: layout.padded.map((n, k) => n - layout.shape[k]!),
        interior: layout.padded.map(() => 0),
      })
    : x;
  return transpose(reshape(extended, layout.splits.flat()), layout.order).contiguous();
}

/** The inverse of `arrange`. */
export function disarrange(arranged: Tensor, layout: Layout): Tensor {
  const extended = reshape(transpose(arranged, inversePermutation(layout.order)), layout.padded);
  return layout.shape.reduce<Tensor>(
    (x, n, axis) => (n === layout.padded[axis] ? x : narrowAxis(x, axis, 0, n)),
    extended,
  );
}

/** Indices into the tensor translated to indices into the arranged one; `[count * order]` both. */
export function arrangeIndices(index: Int32Array, count: number, layout: Layout): Int32Array {
  const order = layout.shape.length;
  const split = layout.splits.flat();
  const out = new Int32Array(count * split.length);
  const digits = new Int32Array(split.length);
  for (let i = 0; i < count; i++) {
    let place = 0;
    for (let k = 0; k < order; k++) {
      const parts = layout.splits[k]!;
      let rest = index[i * order + k]!;
      for (let j = parts.length - 1; j >= 0; j--) {
        digits[place + j] = rest % parts[j]!;
        rest = Math.floor(rest / parts[j]!);
      }
      place += parts.length;
    }
    for (let j = 0; j < split.length; j++) out[i * split.length + j] = digits[layout.order[j]!]!;
  }
  return out;
}

/** Elements that padding added. */
export const paddingOf = (layout: Layout): number => sizeOf(layout.padded) - sizeOf(layout.shape);
