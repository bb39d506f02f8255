// Scattered entries of a tensor, `indices [m, d]` with one value each, checked at the door.

import { isFloat, isInteger } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** The real numbers of a tensor as float64. Throws DTypeError for anything else. */
export function realNumbers(x: Tensor, what: string): Float64Array {
  if (!(x instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected; make tensors of arrays with tensor()`);
  if (!isFloat(x.dtype) && !isInteger(x.dtype))
    throw new DTypeError(`${what}: real numbers were expected, got ${x.dtype}`);
  return x.astype("float64").toTypedArray() as Float64Array;
}

/** Throws DomainError, naming count and first row, unless all numbers of `[m, width]` are finite. */
export function checkFiniteRows(data: Float64Array, width: number, what: string): void {
  let count = 0;
  let first = -1;
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i])) {
      if (first < 0) first = i;
      count++;
    }
  if (count > 0)
    throw new DomainError(
      `${what}: ${count} ${count === 1 ? "number is" : "numbers are"} not finite, the first in row ${Math.floor(first / width)}`,
    );
}

/** Throws ShapeError unless `x` is `[m, width]` (any width unless told). */
export function checkTable(x: Tensor, what: string, width?: number): void {
  if (!(x instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected; make tensors of arrays with tensor()`);
  if (x.ndim !== 2 || (width !== undefined && x.shape[1] !== width))
    throw new ShapeError(`${what}: shape [m, ${width ?? "d"}] was expected, got ${formatShape(x.shape)}`);
}

/** Throws ShapeError unless `x` is `[rows]`. */
export function checkColumn(x: Tensor, rows: number, what: string): void {
  if (!(x instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected; make tensors of arrays with tensor()`);
  if (x.ndim !== 1 || x.shape[0] !== rows)
    throw new ShapeError(`${what}: shape [${rows}] was expected, got ${formatShape(x.shape)}`);
}

/**
 * Positions `[m, d]` in a tensor of a shape. Throws ShapeError for another shape, or an index outside its mode (names
 * the row); DomainError for numbers that are no integers.
 */
export function checkIndices(indices: Tensor, shape: readonly number[], what: string): Int32Array {
  if (!(Array.isArray(shape) && shape.length > 0 && shape.every((n) => Number.isInteger(n) && n >= 1)))
    throw new ShapeError(`${what}: a shape of positive integers was expected, got ${formatShape(shape)}`);
  checkTable(indices, what, shape.length);
  const data = realNumbers(indices, what);
  for (let i = 0; i < data.length; i++) {
    const mode = i % shape.length;
    const row = Math.floor(i / shape.length);
    if (!Number.isInteger(data[i]))
      throw new DomainError(`${what}: row ${row}: integers were expected, got ${data[i]}`);
    if (!(data[i]! >= 0 && data[i]! < shape[mode]!))
      throw new ShapeError(
        `${what}: row ${row}: index ${data[i]} is outside mode ${mode} of shape ${formatShape(shape)}`,
      );
  }
  return Int32Array.from(data);
}
