// The checks that all interpolants share.

import { checkElements } from "../../ops/known.ts";
import { asTensor } from "../../ops/operands.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";

/** A tensor or plain numbers. */
export type Numbers = Tensor | readonly number[];

export const constant = (data: ArrayLike<number>): Tensor =>
  new Tensor(Float64Array.from(data), [data.length], "float64");

const asNumbers = (values: Numbers, what: string): Tensor =>
  values instanceof Tensor
    ? values
    : Array.isArray(values)
      ? constant(values)
      : asTensor(values as never, what);

/** Real tensors as float64, in which everything here is computed. */
export function asReal(value: TensorLike | readonly number[], what: string): Tensor {
  const x = Array.isArray(value) ? constant(value) : asTensor(value as TensorLike, what);
  if (isComplex(x.dtype)) throw new DTypeError(`${what}: real numbers were expected, got ${x.dtype}`);
  return x.astype("float64");
}

/**
 * Nodes in ascending order, at least `least`. They are numbers, not followed by transforms: throws TracerError when they are traced,
 * ShapeError or DomainError when they are not what is expected.
 */
export function ascending(values: Numbers, what: string, least = 2): Float64Array {
  const x = asReal(asNumbers(values, what), what);
  if (x.ndim !== 1 || x.size < least)
    throw new ShapeError(`${what}: shape [n] with n >= ${least} was expected, got ${formatShape(x.shape)}`);
  const data = x.data() as Float64Array;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]!))
      throw new DomainError(`${what}: finite numbers were expected, got ${data[i]} at position ${i}`);
    if (i > 0 && !(data[i]! > data[i - 1]!))
      throw new DomainError(
        `${what}: strictly ascending numbers were expected, got ${data[i - 1]} before ${data[i]} at position ${i}`,
      );
  }
  return data;
}

/** Values `[n, …]` at n nodes as float64, finite as far as they are known. */
export function valuesAt(values: Numbers, n: number, what: string): Tensor {
  const y = asReal(asNumbers(values, what), what);
  if (y.shape[0] !== n)
    throw new ShapeError(`${what}: shape [${n}, …] was expected, got ${formatShape(y.shape)}`);
  checkElements(y, what, "a finite number", Number.isFinite);
  return y;
}

/** x `[…]` with axes of length 1 behind it, to broadcast against values with `extra` more axes. */
export const widenTo = (x: Tensor, extra: number): Tensor =>
  extra === 0 ? x : x.reshape([...x.shape, ...new Array<number>(extra).fill(1)]);

/** A vector along the first axis of tensors with `ndim` axes. */
export const column = (data: ArrayLike<number>, ndim: number): Tensor => widenTo(constant(data), ndim - 1);
