import { allocate, type DType } from "../tensor/dtype.ts";
import { DomainError, DTypeError } from "../tensor/errors.ts";
import { checkShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Key, keyWords } from "./key.ts";
import { threefry } from "./threefry.ts";

/** `count` random words of 32 bits, rounded up to whole blocks. */
function words(from: Key, count: number): Uint32Array {
  const [key0, key1] = keyWords(from);
  const out = new Uint32Array(count + (count & 1));
  threefry(key0, key1, 0, 0, out);
  return out;
}

/** `count` numbers in (0, 1): 53 random bits and a half, so that neither end occurs. */
function openUniform(from: Key, count: number): Float64Array {
  const bits = words(from, 2 * count);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++)
    out[i] = ((bits[2 * i]! >>> 6) * 2 ** 27 + (bits[2 * i + 1]! >>> 5) + 0.5) * 2 ** -53;
  return out;
}

export interface DrawOptions {
  /** float64 unless told; float32, complex64 and complex128 where the distribution has them. */
  readonly dtype?: DType;
}

/** Numbers from the uniform distribution on [low, high). O(size). */
export function uniform(
  from: Key,
  shape: Shape,
  options: DrawOptions & { readonly low?: number; readonly high?: number } = {},
): Tensor {
  const { dtype = "float64", low = 0, high = 1 } = options;
  checkShape(shape, "uniform: shape");
  if (dtype !== "float64" && dtype !== "float32")
    throw new DTypeError(`uniform: dtype float64 or float32 was expected, got ${dtype}`);
  if (!(low <= high)) throw new DomainError(`uniform: low <= high was expected, got ${low} and ${high}`);
  const data = allocate(dtype, sizeOf(shape));
  const draws = openUniform(from, data.length);
  // Rounding to float32 may reach `high`; the largest float32 below 1 keeps the interval half-open.
  const top = dtype === "float32" ? 1 - 2 ** -24 : 1;
  for (let i = 0; i < data.length; i++) data[i] = low + (high - low) * Math.min(draws[i]!, top);
  return new Tensor(data, shape, dtype);
}

/**
 * Standard normal numbers, by Box and Muller's transform of pairs of uniforms. Complex dtypes give circular normals:
 * real and imaginary part each have variance 1/2. O(size).
 */
export function normal(from: Key, shape: Shape, options: DrawOptions = {}): Tensor {
  const { dtype = "float64" } = options;
  checkShape(shape, "normal: shape");
  const data = allocate(dtype, sizeOf(shape));
  const isComplex = dtype.startsWith("complex");
  if (!isComplex && dtype !== "float64" && dtype !== "float32")
    throw new DTypeError(`normal: a float64, float32 or complex dtype was expected, got ${dtype}`);
  const draws = openUniform(from, data.length + (data.length & 1));
  const scale = isComplex ? Math.SQRT1_2 : 1;
  for (let i = 0; i < data.length; i += 2) {
    const radius = scale * Math.sqrt(-2 * Math.log(draws[i]!));
    const angle = 2 * Math.PI * draws[i + 1]!;
    data[i] = radius * Math.cos(angle);
    if (i + 1 < data.length) data[i + 1] = radius * Math.sin(angle);
  }
  return new Tensor(data, shape, dtype);
}

/** Integers from `low` to `high - 1`, as int32. O(size). Throws DomainError for an empty range. */
export function randint(from: Key, shape: Shape, low: number, high: number): Tensor {
  checkShape(shape, "randint: shape");
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high))
    throw new DomainError(`randint: integers low < high were expected, got ${low} and ${high}`);
  const draws = openUniform(from, sizeOf(shape));
  return new Tensor(
    Int32Array.from(draws, (u) => low + Math.floor(u * (high - low))),
    shape,
    "int32",
  );
}

/** The numbers 0 … n-1 in random order, as int32 `[n]` (Fisher and Yates). O(n). */
export function permutation(from: Key, n: number): Tensor {
  checkShape([n], "permutation: n");
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const draws = openUniform(from, n);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(draws[i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return new Tensor(order, [n], "int32");
}

/**
 * `count` different integers from 0 to `n - 1` in random order, as int32 `[count]`: the beginning of a random
 * permutation. O(count), whatever n is. Throws DomainError when count is larger than n, or n than 2^31.
 */
export function choice(from: Key, n: number, count: number): Tensor {
  checkShape([n], "choice: n");
  checkShape([count], "choice: count");
  if (n > 2 ** 31) throw new DomainError(`choice: n: at most 2^31 was expected, got ${n}`);
  if (count > n) throw new DomainError(`choice: ${count} different integers below ${n} do not exist`);
  const draws = openUniform(from, count);
  // Fisher and Yates' shuffle of 0 … n-1, of which only the elements that moved are kept.
  const moved = new Map<number, number>();
  const chosen = Int32Array.from(draws, (u, i) => {
    const j = i + Math.floor(u * (n - i));
    const value = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return value;
  });
  return new Tensor(chosen, [count], "int32");
}

/** Signs: -1 or 1 with equal probability. float64 unless told. O(size). */
export function rademacher(from: Key, shape: Shape, options: DrawOptions = {}): Tensor {
  const { dtype = "float64" } = options;
  checkShape(shape, "rademacher: shape");
  if (dtype !== "float64" && dtype !== "float32")
    throw new DTypeError(`rademacher: dtype float64 or float32 was expected, got ${dtype}`);
  const data = allocate(dtype, sizeOf(shape));
  const bits = words(from, Math.ceil(data.length / 32));
  for (let i = 0; i < data.length; i++) data[i] = (bits[i >>> 5]! >>> (i & 31)) & 1 ? 1 : -1;
  return new Tensor(data, shape, dtype);
}
