// The door of every factorization: checks of shape, dtype and values, the copy into the column-major float64 working
// array that the kernels take, the way back to tensors, and the loop over leading axes.

import type { Abstract } from "../../ops/primitive.ts";
import { Tracer } from "../../ops/tracer.ts";
import { eye } from "../../tensor/create.ts";
import {
  allocate,
  type DType,
  dtypeInfo,
  inexactDType,
  isComplex,
  isFloat,
  machineEpsilon,
  promote,
  realDType,
} from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { decodeNarrow } from "../../tensor/float16.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { maxAbs, type Width } from "../kernels/vector.ts";

/** A fresh column-major copy of a matrix in float64; complex elements take two neighbouring entries. */
export interface Work {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly width: Width;
  /** Dtype of results: float32 for narrower floats, float64 for integers and bool. */
  readonly dtype: DType;
  /** Largest absolute entry. */
  readonly top: number;
}

/** The dtypes that factorizations compute in; public functions convert to them. */
export const FACTORED: readonly DType[] = ["float32", "float64", "complex64", "complex128"];

/** The dtype in which a factorization of `dtype` is returned. Throws DTypeError for float8. */
export function factorDType(name: string, dtype: DType): DType {
  if (dtype.startsWith("float8"))
    throw new DTypeError(
      `${name}: ${dtype} is a storage dtype; convert it with astype("float32") or wider first`,
    );
  if (isFloat(dtype) && dtypeInfo(dtype).packed) return "float32";
  return inexactDType(dtype);
}

/** Throws ShapeError unless `a` has at least two axes. */
export function checkMatrix(name: string, a: Tensor, argument = "a"): void {
  if (a.ndim < 2)
    throw new ShapeError(
      `${name}: ${argument} must be a matrix or a batch of matrices, got shape ${formatShape(a.shape)}`,
    );
}

/** Throws ShapeError unless the last two axes of `a` have one length. */
export function checkSquare(name: string, a: Tensor, argument = "a"): void {
  checkMatrix(name, a, argument);
  if (a.shape.at(-1) !== a.shape.at(-2))
    throw new ShapeError(`${name}: ${argument} must be square, got shape ${formatShape(a.shape)}`);
}

/** Copies a matrix for a kernel. Throws DomainError when it holds NaN or infinity. */
export function load(name: string, a: Tensor, width?: Width, argument = "a"): Work {
  const [rows, columns] = a.shape as [number, number];
  const dtype = factorDType(name, a.dtype);
  const source = new Tensor(a.storage, [columns, rows], a.dtype, [a.strides[1]!, a.strides[0]!], a.offset);
  const entries = source.data();
  const given: Width = isComplex(a.dtype) ? 2 : 1;
  const w = width ?? given;
  if (w < given) throw new DTypeError(`${name}: ${argument} must be real here, got ${a.dtype}`);
  let data: Float64Array;
  if (w === given && entries instanceof Float64Array)
    // Entries that had to be gathered are a copy already; `slice` spares filling the other with zeros first.
    data = entries.buffer === a.storage.buffer ? entries.slice() : entries;
  else {
    data = new Float64Array(rows * columns * w);
    if (w !== given) for (let i = 0; i < entries.length; i++) data[2 * i] = entries[i]!;
    else if (dtypeInfo(a.dtype).packed)
      for (let i = 0; i < entries.length; i++) data[i] = decodeNarrow(a.dtype, entries[i]!);
    else data.set(entries);
  }
  const top = maxAbs(data, 0, data.length);
  if (!Number.isFinite(top)) throw new DomainError(`${name}: ${argument} holds ${firstBad(data)}`);
  return { data, rows, columns, width: w, dtype, top };
}

const firstBad = (data: Float64Array): string =>
  `a value that is not finite (${data.find((value) => !Number.isFinite(value))})`;

/** The working dtype and width in which two operands meet. */
export function meet(name: string, a: Tensor, b: Tensor): { dtype: DType; width: Width } {
  const dtype = promote(factorDType(name, a.dtype), factorDType(name, b.dtype));
  return { dtype, width: isComplex(dtype) ? 2 : 1 };
}

/** A C-ordered tensor from a column-major array, which is not kept. */
export function store(data: Float64Array, rows: number, columns: number, dtype: DType): Tensor {
  const isDouble = dtype === "float64" || dtype === "complex128";
  // With two lengths above 1 the change of order is a copy already.
  if (isDouble && rows > 1 && columns > 1)
    return new Tensor(data, [rows, columns], dtype, [1, rows]).contiguous();
  const typed = allocate(dtype, rows * columns);
  typed.set(data.length === typed.length ? data : data.subarray(0, typed.length));
  return new Tensor(typed, [rows, columns], dtype, [1, rows]).contiguous();
}

/** A tensor from a row-major array, which is not kept. */
export function storeRows(data: Float64Array, rows: number, columns: number, dtype: DType): Tensor {
  const typed = allocate(dtype, rows * columns);
  typed.set(data);
  return new Tensor(typed, [rows, columns], dtype);
}

/** A vector of real numbers, times a factor, in the real dtype that belongs to `dtype`. */
export function storeVector(data: Float64Array, dtype: DType, factor = 1): Tensor {
  const real = realDType(dtype);
  const typed = allocate(real, data.length);
  for (let i = 0; i < data.length; i++) typed[i] = data[i]! * factor;
  return new Tensor(typed, [data.length], real);
}

/**
 * Right-hand sides as matrices: `[rows]` becomes one column, anything else must be `[…, rows, k]`. `restore` takes
 * the last axis off again where a vector came. Throws ShapeError naming both.
 */
export function rightSides(
  name: string,
  a: Tensor,
  b: Tensor,
  argument = "b",
  matrix = "a",
): { readonly columns: Tensor; readonly restore: (x: Tensor) => Tensor } {
  const rows = a.shape.at(-2)!;
  const isVector = b.ndim === 1;
  if (b.ndim === 0 || (isVector ? b.shape[0] : b.shape.at(-2)) !== rows)
    throw new ShapeError(
      `${name}: ${argument} must be [${rows}] or [..., ${rows}, k] for ${matrix} of shape ${formatShape(a.shape)}, got ${formatShape(b.shape)}`,
    );
  return isVector ? { columns: asColumn(b), restore: dropLast } : { columns: b, restore: (x) => x };
}

/** A vector as a matrix of one column; the shortcut is felt in small systems. */
const asColumn = (b: Tensor): Tensor =>
  b instanceof Tracer
    ? b.expandDims(1)
    : new Tensor(b.storage, [b.size, 1], b.dtype, [b.strides[0]!, 0], b.offset);

/** A contiguous tensor without its last axis, which has length 1. */
const dropLast = (x: Tensor): Tensor =>
  x instanceof Tracer ? x.squeeze(-1) : new Tensor(x.storage, x.shape.slice(0, -1), x.dtype);

/** `a` in the dtype in which it is factored. */
export const factorable = (name: string, a: Tensor): Tensor => a.astype(factorDType(name, a.dtype));

/** Shape of the matrices of `a` with their last two lengths replaced. */
export function withMatrix({ shape }: Abstract, ...lengths: number[]): Shape {
  return shape.length === 2 ? lengths : [...shape.slice(0, -2), ...lengths];
}

/** The lesser of the last two lengths. */
export const leastLength = ({ shape }: Abstract): number => Math.min(shape.at(-2)!, shape.at(-1)!);

/** Matrices with their leading axes broadcast against each other. */
export function broadcastBatch(...matrices: readonly Tensor[]): Tensor[] {
  const batch = broadcastShapes(...matrices.map((x) => x.shape.slice(0, -2)));
  return matrices.map((x) => x.broadcastTo([...batch, ...x.shape.slice(-2)]));
}

/**
 * Matrices whose first `count` axes have become further columns: `[…, n, k]` as `[rest, n, …k]`, so that one
 * factorization serves them all. `unfold` brings a result of as many columns back.
 */
export function foldColumns(
  b: Tensor,
  count: number,
): { readonly columns: Tensor; readonly unfold: (x: Tensor) => Tensor } {
  const axes = Array.from(b.shape, (_, i) => i);
  const folded = axes.slice(0, count);
  const last = b.ndim - 1;
  const order = [...axes.slice(count, last), ...folded, last];
  const { shape } = b;
  const kept = shape.slice(count, -2);
  const columns = b
    .transpose(order)
    .reshape([...kept, shape.at(-2)!, sizeOf(folded.map((i) => shape[i]!)) * shape[last]!]);
  const back = order.map((_, axis) => order.indexOf(axis));
  return {
    columns,
    unfold: (x) =>
      x.reshape([...kept, x.shape.at(-2)!, ...shape.slice(0, count), shape[last]!]).transpose(back),
  };
}

/**
 * Brings the largest entry of a matrix into a range in which squares neither overflow nor vanish, by a power of two
 * (exact, subnormals apart). Returns the factor by which values of the scaled matrix must be multiplied.
 */
export function equilibrate(work: Work): number {
  const { data, top } = work;
  if (top === 0 || (top > 2 ** -200 && top < 2 ** 200)) return 1;
  const exponent = Math.max(-1000, Math.min(1000, Math.round(Math.log2(top))));
  const factor = 2 ** -exponent;
  for (let i = 0; i < data.length; i++) data[i] *= factor;
  return 2 ** exponent;
}

/** Parameters of what takes Hermitian matrices. */
export interface HermitianParams {
  /** Differences from the adjoint up to this share of the largest entry are taken for rounding. */
  readonly tolerance: number;
}

/** 1000 eps of the dtype in which `a` is factored. */
export const hermitianTo = (name: string, a: Tensor): HermitianParams => ({
  tolerance: 1000 * machineEpsilon(factorDType(name, a.dtype)),
});

/**
 * Throws DomainError unless the square matrix equals its adjoint to rounding; then makes it exactly Hermitian.
 */
export function makeHermitian(name: string, work: Work, { tolerance: share }: HermitianParams): void {
  const { data, rows: n, width: w, top } = work;
  const tolerance = share * top;
  for (let j = 0; j < n; j++) {
    for (let i = 0; i <= j; i++) {
      const p = (i + j * n) * w;
      const q = (j + i * n) * w;
      const imaginary = w === 2 ? data[p + 1] + data[q + 1] : 0;
      if (Math.abs(data[p] - data[q]) > tolerance || Math.abs(imaginary) > tolerance)
        throw new DomainError(
          `${name}: a is not ${w === 2 ? "Hermitian" : "symmetric"}: entries (${i}, ${j}) and (${j}, ${i}) differ by ${Math.hypot(data[p] - data[q], imaginary)}`,
        );
      data[p] = data[q] = data[p] / 2 + data[q] / 2;
      if (w === 2) {
        data[p + 1] = data[p + 1] / 2 - data[q + 1] / 2;
        data[q + 1] = -data[p + 1];
      }
    }
  }
}

/**
 * Applies a function of matrices to each matrix of a batch. The last two axes of each input are the matrix, the axes
 * before them broadcast against each other and lead the shape of every output.
 */
export function overBatch(
  inputs: readonly Tensor[],
  each: (matrices: readonly Tensor[]) => readonly Tensor[],
): Tensor[] {
  if (inputs.every((x) => x.ndim === 2)) return [...each(inputs)];
  const batch = broadcastShapes(...inputs.map((x) => x.shape.slice(0, -2)));
  const count = sizeOf(batch);
  if (count === 0) {
    // No matrix to work on: one identity tells the shapes and dtypes of the outputs.
    const sample = each(inputs.map((x) => eye(x.shape.at(-2)!, x.shape.at(-1)!, { dtype: x.dtype })));
    return sample.map((y) => new Tensor(allocate(y.dtype, 0), [...batch, ...y.shape], y.dtype));
  }
  let outputs: Tensor[] = [];
  for (let index = 0; index < count; index++) {
    const results = each(inputs.map((x) => matrixAt(x, batch, index)));
    if (index === 0)
      outputs = results.map(
        (y) => new Tensor(allocate(y.dtype, count * y.size), [...batch, ...y.shape], y.dtype),
      );
    results.forEach((y, k) => {
      outputs[k]!.storage.set(y.data(), index * y.size * dtypeInfo(y.dtype).width);
    });
  }
  return outputs;
}

/** The matrix at a position, counted in C order, of leading axes broadcast to `batch`. */
export function matrixAt(x: Tensor, batch: Shape, index: number): Tensor {
  let offset = x.offset;
  const lead = x.ndim - 2;
  for (let axis = batch.length - 1, rest = index; axis >= 0; axis--) {
    const length = batch[axis]!;
    const own = axis - (batch.length - lead);
    if (own >= 0 && x.shape[own] !== 1) offset += (rest % length) * x.strides[own]!;
    rest = Math.floor(rest / length);
  }
  return new Tensor(x.storage, x.shape.slice(-2), x.dtype, x.strides.slice(-2), offset);
}
