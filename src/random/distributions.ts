// Uniform and normal numbers, integers, orders and signs.

import { take } from "../ops/gather.ts";
import { checkElements } from "../ops/known.ts";
import { asTensor } from "../ops/operands.ts";
import type { DType } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { checkShape, formatShape, normalizeAxis, type Shape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { openUniform, words } from "./bits.ts";
import { categorical } from "./categorical.ts";
import type { Key } from "./key.ts";
import { keyedPrimitive } from "./keyed.ts";
import { fillNormal } from "./normals.ts";

export interface DrawOptions {
  /** float64 unless told; float32, complex64 and complex128 where the distribution has them. */
  readonly dtype?: DType;
}

interface Shaped {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Throws DTypeError unless the dtype is float64 or float32. */
export function checkReal(name: string, dtype: DType): void {
  if (dtype !== "float64" && dtype !== "float32")
    throw new DTypeError(`${name}: dtype float64 or float32 was expected, got ${dtype}`);
}

const drawUniform = keyedPrimitive<Shaped & { readonly low: number; readonly high: number }>(
  "randomUniform",
  {
    shape: ({ shape }) => shape,
    dtype: ({ dtype }) => dtype,
    fill: (key0, key1, out, { dtype, low, high }) => {
      const draws = openUniform(key0, key1, out.length);
      // Rounding to float32 may reach `high`; the largest float32 below 1 keeps the interval half-open.
      const top = dtype === "float32" ? 1 - 2 ** -24 : 1;
      for (let i = 0; i < out.length; i++) out[i] = low + (high - low) * Math.min(draws[i]!, top);
    },
  },
);

/** Numbers from the uniform distribution on [low, high). O(size). Throws DomainError unless low <= high are finite. */
export function uniform(
  from: Key,
  shape: Shape,
  options: DrawOptions & { readonly low?: number; readonly high?: number } = {},
): Tensor {
  const { dtype = "float64", low = 0, high = 1 } = options;
  checkShape(shape, "uniform: shape");
  checkReal("uniform", dtype);
  if (!(low <= high && Number.isFinite(high - low)))
    throw new DomainError(`uniform: finite low <= high was expected, got ${low} and ${high}`);
  return drawUniform(from, { shape, dtype, low, high });
}

const drawNormal = keyedPrimitive<Shaped>("randomNormal", {
  shape: ({ shape }) => shape,
  dtype: ({ dtype }) => dtype,
  fill: (key0, key1, out, { dtype }) =>
    fillNormal(key0, key1, out, dtype.startsWith("complex") ? Math.SQRT1_2 : 1),
});

/**
 * Standard normal numbers, by Box and Muller's transform of pairs of uniforms. Complex dtypes give circular normals:
 * real and imaginary part each have variance 1/2. O(size).
 */
export function normal(from: Key, shape: Shape, options: DrawOptions = {}): Tensor {
  const { dtype = "float64" } = options;
  checkShape(shape, "normal: shape");
  if (!dtype.startsWith("complex") && dtype !== "float64" && dtype !== "float32")
    throw new DTypeError(`normal: a float64, float32 or complex dtype was expected, got ${dtype}`);
  return drawNormal(from, { shape, dtype });
}

const drawIntegers = keyedPrimitive<{ readonly shape: Shape; readonly low: number; readonly high: number }>(
  "randomInteger",
  {
    shape: ({ shape }) => shape,
    dtype: () => "int32",
    fill: (key0, key1, out, { low, high }) => {
      const draws = openUniform(key0, key1, out.length);
      for (let i = 0; i < out.length; i++) out[i] = low + Math.floor(draws[i]! * (high - low));
    },
  },
);

/** Integers from `low` to `high - 1`, as int32. O(size). Throws DomainError for an empty range. */
export function randint(from: Key, shape: Shape, low: number, high: number): Tensor {
  checkShape(shape, "randint: shape");
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high))
    throw new DomainError(`randint: integers low < high were expected, got ${low} and ${high}`);
  return drawIntegers(from, { shape, low, high });
}

const drawPermutation = keyedPrimitive<{ readonly n: number }>("randomPermutation", {
  shape: ({ n }) => [n],
  dtype: () => "int32",
  fill: (key0, key1, order, { n }) => {
    for (let i = 0; i < n; i++) order[i] = i;
    const draws = openUniform(key0, key1, n);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(draws[i]! * (i + 1));
      const moved = order[i]!;
      order[i] = order[j]!;
      order[j] = moved;
    }
  },
});

/** The numbers 0 … n-1 in random order, as int32 `[n]` (Fisher and Yates). O(n). */
export function permutation(from: Key, n: number): Tensor {
  checkShape([n], "permutation: n");
  return drawPermutation(from, { n });
}

/** The slices of x along an axis (the first unless told) in random order; the derivative follows. O(size). */
export function shuffle(from: Key, x: Tensor, axis = 0): Tensor {
  if (x.ndim === 0) throw new ShapeError("shuffle: x: at least 1 axis was expected, got shape []");
  const along = normalizeAxis(axis, x.ndim, "shuffle: axis");
  return take(x, permutation(from, x.shape[along]!), along);
}

const drawChoice = keyedPrimitive<{ readonly n: number; readonly count: number }>("randomChoice", {
  shape: ({ count }) => [count],
  dtype: () => "int32",
  fill: (key0, key1, chosen, { n, count }) => {
    const draws = openUniform(key0, key1, count);
    // Fisher and Yates' shuffle of 0 … n-1, of which only the elements that moved are kept.
    const moved = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const j = i + Math.floor(draws[i]! * (n - i));
      chosen[i] = moved.get(j) ?? j;
      moved.set(j, moved.get(i) ?? i);
    }
  },
});

export interface ChoiceOptions {
  /** Whether an integer may come more than once; not unless told. */
  readonly replace?: boolean;
  /** Weights `[n]` >= 0, of any sum; equal unless told. */
  readonly probabilities?: TensorLike;
}

/**
 * `count` integers from 0 to `n - 1` in random order, as int32 `[count]`. Different ones unless `replace` is told: then
 * the beginning of a random permutation. O(count), whatever n is; with `probabilities` O(count n) with replacement and
 * O(n log n) without (see `categorical`). Throws DomainError when count is larger than n (without replacement), n than
 * 2^31, or for probabilities that are negative, not finite or all zero, and ShapeError when they are not n.
 */
export function choice(from: Key, n: number, count: number, options: ChoiceOptions = {}): Tensor {
  const { replace = false, probabilities } = options;
  checkShape([n], "choice: n");
  checkShape([count], "choice: count");
  if (n > 2 ** 31) throw new DomainError(`choice: n: at most 2^31 was expected, got ${n}`);
  if (!replace && count > n)
    throw new DomainError(`choice: ${count} different integers below ${n} do not exist`);
  if (probabilities !== undefined) {
    const weights = asTensor(probabilities, "choice: probabilities");
    if (weights.ndim !== 1 || weights.size !== n)
      throw new ShapeError(
        `choice: probabilities: shape [${n}] was expected, got ${formatShape(weights.shape)}`,
      );
    checkElements(weights, "choice: probabilities", "a finite number >= 0", (p) => p >= 0 && p < Infinity);
    return categorical(from, weights.log(), { shape: [count], replace });
  }
  if (replace) return count === 0 ? drawChoice(from, { n, count }) : randint(from, [count], 0, n);
  return drawChoice(from, { n, count });
}

const drawSigns = keyedPrimitive<Shaped>("randomSign", {
  shape: ({ shape }) => shape,
  dtype: ({ dtype }) => dtype,
  fill: (key0, key1, out) => {
    const bits = words(key0, key1, Math.ceil(out.length / 32));
    for (let i = 0; i < out.length; i++) out[i] = (bits[i >>> 5]! >>> (i & 31)) & 1 ? 1 : -1;
  },
});

/** Signs: -1 or 1 with equal probability. float64 unless told. O(size). */
export function rademacher(from: Key, shape: Shape, options: DrawOptions = {}): Tensor {
  const { dtype = "float64" } = options;
  checkShape(shape, "rademacher: shape");
  checkReal("rademacher", dtype);
  return drawSigns(from, { shape, dtype });
}
