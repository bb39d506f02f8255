// Element-wise evaluation: brings strided operands into the form that device kernels take (a run that is contiguous
// or one repeated element) and falls back to plain loops for the dtypes that devices do not know.

import { device } from "../device/current.ts";
import type { BinaryKernel, FloatArray, UnaryKernel } from "../device/device.ts";
import { allocate, type DType, dtypeInfo, type Storage } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Abstract } from "./primitive.ts";

/** Entries of an operand: `data[start + i * step]` with a step of 1, or 0 for a repeated element. */
export interface Run {
  readonly data: Storage;
  /** In entries, not elements. */
  readonly start: number;
  readonly step: 0 | 1;
}

/** An operand as one run; copies it only when its elements are out of order. */
export function asRun(x: Tensor): Run {
  const { width } = dtypeInfo(x.dtype);
  if (x.isContiguous) return { data: x.storage, start: x.offset * width, step: 1 };
  if (isUniform(x)) return { data: x.storage, start: x.offset * width, step: 0 };
  return { data: x.data(), start: 0, step: 1 };
}

function isUniform(x: Tensor): boolean {
  for (let axis = 0; axis < x.ndim; axis++) if (x.strides[axis] !== 0 && x.shape[axis] !== 1) return false;
  return true;
}

export const isFloatArray = (data: Storage): data is FloatArray =>
  data instanceof Float64Array || data instanceof Float32Array;

const result = (data: Storage, output: Abstract): readonly Tensor[] => [
  new Tensor(data, output.shape, output.dtype),
];

/** A device kernel over float operands. */
export function unaryKernel(kernel: UnaryKernel, x: Tensor, output: Abstract): readonly Tensor[] {
  const data = allocate(output.dtype, x.size) as FloatArray;
  const run = asRun(x);
  if (run.step === 1) device.unary(kernel, run.data as FloatArray, run.start, data, 0, x.size);
  else if (x.size > 0) {
    device.unary(kernel, run.data as FloatArray, run.start, data, 0, 1);
    data.fill(data[0]!);
  }
  return result(data, output);
}

/** A device kernel over two float operands of one shape and dtype. */
export function binaryKernel(
  kernel: BinaryKernel,
  a: Tensor,
  b: Tensor,
  output: Abstract,
): readonly Tensor[] {
  const size = a.size;
  const data = allocate(output.dtype, size) as FloatArray;
  const rows = sharedRun(a, b);
  if (rows > 1) {
    binaryRows(kernel, a, b, data, rows);
    return result(data, output);
  }
  const x = asRun(a);
  const y = asRun(b);
  if (size > 0)
    device.binary(
      kernel,
      x.data as FloatArray,
      x.start,
      x.step,
      y.data as FloatArray,
      y.start,
      y.step,
      data,
      0,
      size,
    );
  return result(data, output);
}

/** Rows shorter than this are not worth a kernel call each: the operand is copied out whole instead. */
const SHORTEST_ROW = 128;

/**
 * How many rows two operands split into such that within a row each is contiguous or constant, when that spares a copy
 * (a bias added to every row, a column scaled …); 1 when there is nothing to spare.
 */
function sharedRun(a: Tensor, b: Tensor): number {
  const simple = (x: Tensor): boolean => x.isContiguous || isUniform(x);
  if (a.size < 2 * SHORTEST_ROW || (simple(a) && simple(b))) return 1;
  const length = Math.min(rowLength(a), rowLength(b));
  return length >= SHORTEST_ROW ? a.size / length : 1;
}

/** Elements of the longest trailing group of axes within which the operand is contiguous or constant. */
function rowLength(x: Tensor): number {
  let contiguous = 1;
  let constant = 1;
  let axis = x.ndim - 1;
  for (; axis >= 0 && (x.shape[axis] === 1 || x.strides[axis] === contiguous); axis--)
    contiguous *= x.shape[axis]!;
  for (axis = x.ndim - 1; axis >= 0 && (x.shape[axis] === 1 || x.strides[axis] === 0); axis--)
    constant *= x.shape[axis]!;
  return Math.max(contiguous, constant);
}

function binaryRows(kernel: BinaryKernel, a: Tensor, b: Tensor, out: FloatArray, rows: number): void {
  const length = out.length / rows;
  const startsA = rowStarts(a, length);
  const startsB = rowStarts(b, length);
  const stepA = innerStep(a);
  const stepB = innerStep(b);
  const x = a.storage as FloatArray;
  const y = b.storage as FloatArray;
  for (let row = 0; row < rows; row++)
    device.binary(kernel, x, startsA[row]!, stepA, y, startsB[row]!, stepB, out, row * length, length);
}

function innerStep(x: Tensor): 0 | 1 {
  for (let axis = x.ndim - 1; axis >= 0; axis--)
    if (x.shape[axis] !== 1) return x.strides[axis] === 0 ? 0 : 1;
  return 0;
}

/** Storage positions at which the rows of `length` elements begin. */
function rowStarts(x: Tensor, length: number): Int32Array {
  const starts = new Int32Array(x.size / length);
  let axes = x.ndim;
  for (let covered = 1; covered < length; ) covered *= x.shape[--axes]!;
  let next = 0;
  const walk = (axis: number, at: number): void => {
    if (axis === axes) starts[next++] = at;
    else for (let i = 0; i < x.shape[axis]!; i++) walk(axis + 1, at + i * x.strides[axis]!);
  };
  walk(0, x.offset);
  return starts;
}

/** A function of one real entry, in plain JavaScript. */
export function unaryLoop(f: (x: number) => number, x: Tensor, output: Abstract): readonly Tensor[] {
  const data = allocate(output.dtype, x.size);
  const { data: from, start, step } = asRun(x);
  for (let i = 0, p = start; i < x.size; i++, p += step) data[i] = f(from[p]!);
  return result(data, output);
}

/** A function of two real entries, in plain JavaScript. */
export function binaryLoop(
  f: (a: number, b: number) => number,
  a: Tensor,
  b: Tensor,
  output: Abstract,
): readonly Tensor[] {
  const data = allocate(output.dtype, a.size);
  const x = asRun(a);
  const y = asRun(b);
  for (let i = 0, p = x.start, q = y.start; i < a.size; i++, p += x.step, q += y.step)
    data[i] = f(x.data[p]!, y.data[q]!);
  return result(data, output);
}

/** A complex function writes both parts of its value to `out[at]` and `out[at + 1]`. */
export type ComplexUnary = (re: number, im: number, out: Storage, at: number) => void;
export type ComplexBinary = (
  aRe: number,
  aIm: number,
  bRe: number,
  bIm: number,
  out: Storage,
  at: number,
) => void;

export function complexUnaryLoop(f: ComplexUnary, x: Tensor, output: Abstract): readonly Tensor[] {
  const data = allocate(output.dtype, x.size);
  const { data: from, start, step } = asRun(x);
  for (let i = 0, p = start; i < x.size; i++, p += 2 * step) f(from[p]!, from[p + 1]!, data, 2 * i);
  return result(data, output);
}

export function complexBinaryLoop(
  f: ComplexBinary,
  a: Tensor,
  b: Tensor,
  output: Abstract,
): readonly Tensor[] {
  const data = allocate(output.dtype, a.size);
  const x = asRun(a);
  const y = asRun(b);
  for (let i = 0, p = x.start, q = y.start; i < a.size; i++, p += 2 * x.step, q += 2 * y.step)
    f(x.data[p]!, x.data[p + 1]!, y.data[q]!, y.data[q + 1]!, data, 2 * i);
  return result(data, output);
}

/** A real-valued function of complex entries (`re`, `im`), such as the modulus or a comparison. */
export function complexToReal(
  f: (re: number, im: number) => number,
  x: Tensor,
  output: Abstract,
): readonly Tensor[] {
  const data = allocate(output.dtype, x.size);
  const { data: from, start, step } = asRun(x);
  for (let i = 0, p = start; i < x.size; i++, p += 2 * step) data[i] = f(from[p]!, from[p + 1]!);
  return result(data, output);
}

/** The result dtype of operands that must agree. */
export type ResultType = (dtype: DType) => DType;
