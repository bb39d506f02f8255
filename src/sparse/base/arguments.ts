// What the functions of this folder take, checked at the door.

import { astype } from "../../ops/cast.ts";
import { parseRange, resolveRange } from "../../ops/indexing.ts";
import { asTensor } from "../../ops/operands.ts";
import { Tracer } from "../../ops/tracer.ts";
import { tensor } from "../../tensor/create.ts";
import { type DType, dtypeInfo, inexactDType, isFloat, type Storage } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Nested, Tensor, TensorLike } from "../../tensor/tensor.ts";
import type { Width } from "../kernels/product.ts";
import { checkRange, integers } from "./pattern.ts";
import { widthOf } from "./product.ts";

/** Rows or columns: a range such as `"1:5"` or `"::2"`, the same as an object, or a list of positions. */
export type SparseIndex =
  | string
  | { readonly start?: number; readonly stop?: number; readonly step?: number }
  | readonly number[]
  | Int32Array;

/** Values of a matrix: a tensor, numbers or a typed array. */
export type ValuesLike = Tensor | readonly Nested[] | ArrayBufferView;

/** The dtype in which sparse matrices hold values of `dtype`. Throws DTypeError for float8. */
export function sparseDType(name: string, dtype: DType): DType {
  if (dtype.startsWith("float8"))
    throw new DTypeError(`${name}: ${dtype} is a storage dtype; convert it with astype("float32") first`);
  if (isFloat(dtype) && dtypeInfo(dtype).packed) return "float32";
  return inexactDType(dtype);
}

/** Values in a dtype that computes. Throws ShapeError unless they have the shape given. */
export function valuesOf(name: string, values: ValuesLike, shape: Shape): Tensor {
  const x = tensor(values as Nested | Tensor | ArrayBufferView);
  if (formatShape(x.shape) !== formatShape(shape))
    throw new ShapeError(
      `${name}: values must have shape ${formatShape(shape)} as the indices say, got ${formatShape(x.shape)}`,
    );
  return astype(x, sparseDType(name, x.dtype));
}

/** A dense operand in a dtype that computes. */
export function denseOperand(name: string, value: TensorLike): Tensor {
  const x = asTensor(value, name);
  return astype(x, sparseDType(name, x.dtype));
}

/** The positions that an index stands for. Throws ShapeError for ranges, DomainError for positions that do not fit. */
export function positionsOf(what: string, index: SparseIndex, length: number): Int32Array {
  if (typeof index === "string" || !(Array.isArray(index) || index instanceof Int32Array)) {
    const range = typeof index === "string" ? parseRange(index) : (index as { start?: number });
    const { start, step, length: count } = resolveRange(range, length);
    return Int32Array.from({ length: count }, (_, i) => start + i * step);
  }
  const positions = integers(what, index as ArrayLike<number>).map((i) => (i < 0 ? i + length : i));
  checkRange(what, positions, length);
  return positions;
}

/** Throws ShapeError unless a matrix is square. */
export function checkSquareShape(name: string, shape: Shape, argument = "a"): void {
  if (shape[0] !== shape[1])
    throw new ShapeError(`${name}: ${argument} must be square, got shape ${formatShape(shape)}`);
}

/** Right-hand sides or factors `[n]` or `[n, k]` as columns, and the way back. */
export function columnsOf(
  name: string,
  x: Tensor,
  rows: number,
  argument = "x",
): { readonly columns: Tensor; readonly restore: (y: Tensor) => Tensor } {
  if (x.ndim < 1 || x.ndim > 2 || x.shape[0] !== rows)
    throw new ShapeError(
      `${name}: ${argument} must be [${rows}] or [${rows}, k], got ${formatShape(x.shape)}`,
    );
  return x.ndim === 1
    ? { columns: x.reshape([rows, 1]), restore: (y) => y.reshape([y.shape[0]]) }
    : { columns: x, restore: (y) => y };
}

/** The values of a matrix in float64 for a kernel, with their width. Throws DomainError for NaN and infinity. */
export function loadValues(
  name: string,
  values: Tensor,
): { readonly data: Float64Array; readonly width: Width } {
  if (values instanceof Tracer) values.data();
  const source = values.data();
  checkFinite(name, source);
  return { data: Float64Array.from(source), width: widthOf(values.dtype) };
}

/** Throws DomainError for NaN and infinity. */
export function checkFinite(what: string, data: Storage): void {
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i]))
      throw new DomainError(`${what} holds a value that is not finite (${data[i]})`);
}
