// Checks of options that optimizers share.

import { type DType, isFloat } from "../../tensor/dtype.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";

/** Throws DomainError unless the value is finite and not negative. */
export function checkAtLeastZero(value: number, what: string): void {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new DomainError(`${what}: a finite number of at least 0 was expected, got ${value}`);
}

/** Throws DomainError unless the value is above 0 (infinity is). */
export function checkAboveZero(value: number, what: string): void {
  if (!(value > 0)) throw new DomainError(`${what}: a positive number was expected, got ${value}`);
}

/** The dtype of an optimizer's running means for parameters of a dtype: float32 for narrower ones. Throws DTypeError for no real floats. */
export function stateDType(dtype: DType, optimizer: string): DType {
  if (!isFloat(dtype))
    throw new DTypeError(`${optimizer}: parameters: real floating dtypes were expected, got ${dtype}`);
  return dtype === "float64" ? dtype : "float32";
}
