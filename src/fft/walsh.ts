// The fast Walsh–Hadamard transform: sums with all patterns of signs that products of two patterns give again.

import type { FloatArray } from "../device/device.ts";
import { bindOne } from "../ops/bind.ts";
import { complexFrom, imag, real } from "../ops/complex.ts";
import { take } from "../ops/gather.ts";
import { asTensor } from "../ops/operands.ts";
import { definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, linear } from "../ops/rules.ts";
import { isComplex } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { axisOf, type Norm, realOperand, scaleOf } from "./arguments.ts";
import { alongAxis } from "./fft.ts";

/** y[k] = Σ x[j] (-1)^(number of common bits of j and k) along the last axis; symmetric. */
const walshP: Primitive<undefined> = definePrimitive<undefined>({
  name: "walshHadamard",
  dtypes: ["float64", "float32"],
  abstractEval: ([x]) => [x!],
  evaluate: ([x], _params, [output]) => {
    const n = x!.shape.at(-1)!;
    const data = x!.toTypedArray() as FloatArray;
    for (let from = 0; from < data.length; from += n) walshInPlace(data, from, n);
    return [new Tensor(data, output!.shape, output!.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], self }) => [bindOne(self, [c!], undefined)],
  batch: leadingBatch,
});

/** Numbers of a block whose butterflies are all done while it is in the first cache. */
const BLOCK = 1024;

/** The transform of n entries in natural order, n a power of two, without scaling. For engine code. */
export function walshInPlace(x: FloatArray, from: number, n: number): void {
  const block = Math.min(n, BLOCK);
  for (let start = from; start < from + n; start += block) levels(x, start, start + block, 1, block);
  levels(x, from, from + n, block, n);
}

/** The levels from h below `end`, three at a time: a third of the passes over memory, and the same sums. */
function levels(x: FloatArray, from: number, to: number, h: number, end: number): void {
  let at = h;
  for (; 8 * at <= end; at *= 8) threeLevels(x, from, to, at);
  if (4 * at <= end) {
    twoLevels(x, from, to, at);
    at *= 4;
  }
  if (at < end) level(x, from, to, at);
}

function level(x: FloatArray, from: number, to: number, h: number): void {
  for (let i = from; i < to; i += 2 * h)
    for (let j = i; j < i + h; j++) {
      const a = x[j]!;
      const b = x[j + h]!;
      x[j] = a + b;
      x[j + h] = a - b;
    }
}

function twoLevels(x: FloatArray, from: number, to: number, h: number): void {
  for (let i = from; i < to; i += 4 * h)
    for (let j = i; j < i + h; j++) {
      const a = x[j]!;
      const b = x[j + h]!;
      const c = x[j + 2 * h]!;
      const d = x[j + 3 * h]!;
      const p = a + b;
      const q = a - b;
      const r = c + d;
      const s = c - d;
      x[j] = p + r;
      x[j + h] = q + s;
      x[j + 2 * h] = p - r;
      x[j + 3 * h] = q - s;
    }
}

function threeLevels(x: FloatArray, from: number, to: number, h: number): void {
  for (let i = from; i < to; i += 8 * h)
    for (let j = i; j < i + h; j++) {
      const a0 = x[j]!;
      const a1 = x[j + h]!;
      const a2 = x[j + 2 * h]!;
      const a3 = x[j + 3 * h]!;
      const a4 = x[j + 4 * h]!;
      const a5 = x[j + 5 * h]!;
      const a6 = x[j + 6 * h]!;
      const a7 = x[j + 7 * h]!;
      const b0 = a0 + a1;
      const b1 = a0 - a1;
      const b2 = a2 + a3;
      const b3 = a2 - a3;
      const b4 = a4 + a5;
      const b5 = a4 - a5;
      const b6 = a6 + a7;
      const b7 = a6 - a7;
      const c0 = b0 + b2;
      const c1 = b1 + b3;
      const c2 = b0 - b2;
      const c3 = b1 - b3;
      const c4 = b4 + b6;
      const c5 = b5 + b7;
      const c6 = b4 - b6;
      const c7 = b5 - b7;
      x[j] = c0 + c4;
      x[j + h] = c1 + c5;
      x[j + 2 * h] = c2 + c6;
      x[j + 3 * h] = c3 + c7;
      x[j + 4 * h] = c0 - c4;
      x[j + 5 * h] = c1 - c5;
      x[j + 6 * h] = c2 - c6;
      x[j + 7 * h] = c3 - c7;
    }
}

/**
 * The order of the results: `natural` is that of Hadamard's matrix, `sequency` that of growing numbers of sign changes
 * (Walsh), `dyadic` that of Paley.
 */
export type WalshOrder = "natural" | "sequency" | "dyadic";

export interface WalshOptions {
  /** The last one unless told. */
  readonly axis?: number;
  /** `natural` unless told. */
  readonly order?: WalshOrder;
  readonly norm?: Norm;
}

/** Where in natural order the results stand. */
function places(n: number, order: WalshOrder): Tensor {
  const bits = Math.log2(n);
  const data = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    // Sequency k has the bits of the Gray code of k, reversed.
    const code = order === "sequency" ? k ^ (k >> 1) : k;
    let reversed = 0;
    for (let b = 0; b < bits; b++) if (code & (1 << b)) reversed |= 1 << (bits - 1 - b);
    data[k] = reversed;
  }
  return new Tensor(data, [n], "int32");
}

function inverted(order: Tensor): Tensor {
  const data = new Int32Array(order.size);
  order.data().forEach((place, k) => {
    data[place] = k;
  });
  return new Tensor(data, [order.size], "int32");
}

function transform(what: string, value: TensorLike, isInverse: boolean, options: WalshOptions): Tensor {
  const given = asTensor(value, what);
  if (isComplex(given.dtype))
    return complexFrom(
      transform(what, real(given), isInverse, options),
      transform(what, imag(given), isInverse, options),
    );
  const { axis, order = "natural", norm } = options;
  const x = realOperand(what, given);
  const at = axisOf(what, x, axis);
  const n = x.shape[at]!;
  if (!["natural", "sequency", "dyadic"].includes(order))
    throw new DomainError(`${what}: order must be "natural", "sequency" or "dyadic", got ${String(order)}`);
  if (n < 1 || n > 2 ** 30 || (n & (n - 1)) !== 0)
    throw new ShapeError(`${what}: a power of two was expected as the length of axis ${at}, got ${n}`);
  const scale = scaleOf(what, norm, n, isInverse);
  return alongAxis(x, at, (rows) => {
    const isPermuted = order !== "natural";
    const natural = isPermuted && isInverse ? take(rows, inverted(places(n, order)), -1) : rows;
    const y = bindOne(walshP, [natural], undefined);
    const ordered = isPermuted && !isInverse ? take(y, places(n, order), -1) : y;
    return scale === 1 ? ordered : ordered.mul(scale);
  });
}

/**
 * The Walsh–Hadamard transform y[k] = Σ x[j] (-1)^(common bits of j and k), or its results in another order. The length
 * must be a power of two (else ShapeError). O(n log n) additions (J. Shanks, IEEE Trans. Comput. 18, 1969).
 */
export const walshHadamard = (x: TensorLike, options: WalshOptions = {}): Tensor =>
  transform("walshHadamard", x, false, options);

/** The inverse of `walshHadamard` in the same order. */
export const iwalshHadamard = (x: TensorLike, options: WalshOptions = {}): Tensor =>
  transform("iwalshHadamard", x, true, options);
