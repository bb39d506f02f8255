// Checks of arguments at the door: numbers in options, and tensors by dtype and shape.

import { type DType, isFloat } from "./dtype.ts";
import { DomainError, DTypeError, ShapeError } from "./errors.ts";
import { formatShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** The number, when it is an integer of at least `least`. Throws DomainError. */
export function checkCount(what: string, value: number, least = 1): number {
  if (!(Number.isSafeInteger(value) && value >= least))
    throw new DomainError(`${what}: an integer of at least ${least} was expected, got ${value}`);
  return value;
}

/** The number, when it lies in [0, 1) (or [0, 1] where `closed`). Throws DomainError. */
export function checkFraction(what: string, value: number, closed = false): number {
  if (!(value >= 0 && (closed ? value <= 1 : value < 1)))
    throw new DomainError(
      `${what}: a number from 0 to ${closed ? "" : "below "}1 was expected, got ${value}`,
    );
  return value;
}

/** The number, when it is positive and finite. Throws DomainError. */
export function checkPositive(what: string, value: number): number {
  if (!(value > 0 && Number.isFinite(value)))
    throw new DomainError(`${what}: a positive number was expected, got ${value}`);
  return value;
}

/** Throws DomainError unless `part` divides `whole`. */
export function checkDivides(what: string, part: number, whole: number, of: string): void {
  if (whole % part !== 0)
    throw new DomainError(`${what}: a divisor of ${of} = ${whole} was expected, got ${part}`);
}

/** The dtype of parameters, float32 unless told. Throws DTypeError for what is no real float. */
export function parameterDType(what: string, dtype: DType = "float32"): DType {
  if (!isFloat(dtype) || dtype.startsWith("float8"))
    throw new DTypeError(`${what}: dtype: float32, float64, float16 or bfloat16 was expected, got ${dtype}`);
  return dtype;
}

/** Throws ShapeError unless `x` has `length` elements along `axis` (counted from the end where negative). */
export function checkAxis(what: string, x: Tensor, axis: number, length: number): void {
  checkTensor(what, x);
  if (x.shape.at(axis) !== length)
    throw new ShapeError(
      `${what}: ${length} elements along axis ${axis} were expected, got shape ${formatShape(x.shape)}`,
    );
}

/** Throws ShapeError unless `x` has so many axes (`most` of them at most). */
export function checkRank(what: string, x: Tensor, least: number, most: number = least): void {
  checkTensor(what, x);
  if (x.ndim < least || x.ndim > most)
    throw new ShapeError(
      `${what}: ${least === most ? least : `${least} to ${most === Number.POSITIVE_INFINITY ? "more" : most}`} axes were expected, got shape ${formatShape(x.shape)}`,
    );
}

/** Throws DTypeError unless `x` is a tensor of real floats. */
export function checkFloats(what: string, x: Tensor): void {
  checkTensor(what, x);
  if (!isFloat(x.dtype)) throw new DTypeError(`${what}: a real floating dtype was expected, got ${x.dtype}`);
}

/** Throws DTypeError unless `x` is a tensor. */
export function checkTensor(what: string, x: Tensor): void {
  if (!(x instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected, got ${x === null ? "null" : typeof x}`);
}
