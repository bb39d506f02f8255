// What the transforms take, checked at the door.

import { astype } from "../ops/cast.ts";
import { pad } from "../ops/join.ts";
import { narrowAxis } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { complexDType, type DType, inexactDType, isComplex } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape, normalizeAxis } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";

/**
 * Where the factor 1 / n goes: `backward` to the inverse transform, `forward` to the other one, `ortho` as 1 / √n to
 * both.
 */
export type Norm = "backward" | "ortho" | "forward";

/** The factor of a transform over n numbers. */
export function scaleOf(what: string, norm: Norm | undefined, n: number, isInverse: boolean): number {
  switch (norm ?? "backward") {
    case "backward":
      return isInverse ? 1 / n : 1;
    case "ortho":
      return 1 / Math.sqrt(n);
    case "forward":
      return isInverse ? 1 : 1 / n;
    default:
      throw new DomainError(`${what}: norm must be "backward", "ortho" or "forward", got ${String(norm)}`);
  }
}

/** A length of at least `least`. */
export function checkLength(what: string, n: number, least = 1): void {
  if (!(Number.isSafeInteger(n) && n >= least))
    throw new ShapeError(`${what} must be an integer >= ${least}, got ${n}`);
}

export function checkFinite(what: string, value: number): void {
  if (!Number.isFinite(value)) throw new DomainError(`${what} must be a finite number, got ${value}`);
}

/** The operand in its complex dtype; integers become complex128. */
export function complexOperand(what: string, value: TensorLike): Tensor {
  const x = asTensor(value, what);
  return astype(x, complexDType(inexactDType(computing(what, x.dtype))));
}

/** The operand in float32 or float64; throws DTypeError for complex ones. */
export function realOperand(what: string, value: TensorLike): Tensor {
  const x = asTensor(value, what);
  if (isComplex(x.dtype)) throw new DTypeError(`${what}: a real tensor was expected, got ${x.dtype}`);
  return astype(x, realComputing(computing(what, x.dtype)));
}

/** The real dtype in which transforms of an operand compute. */
export const realComputing = (dtype: DType): DType =>
  complexDType(inexactDType(dtype)) === "complex128" ? "float64" : "float32";

function computing(what: string, dtype: DType): DType {
  if (dtype.startsWith("float8"))
    throw new DTypeError(`${what}: ${dtype} is a storage dtype, convert it with astype("float32") first`);
  return dtype;
}

/** An axis of an operand that has at least one. */
export function axisOf(what: string, x: Tensor, axis = -1): number {
  if (x.ndim === 0)
    throw new ShapeError(`${what}: a tensor with at least one axis was expected, got shape []`);
  return normalizeAxis(axis, x.ndim, `${what}: axis`);
}

/** Cuts or fills up with zeros at the end of an axis; throws ShapeError where nothing would be left to transform. */
export function resize(what: string, x: Tensor, axis: number, n: number | undefined): Tensor {
  const length = x.shape[axis]!;
  if (n === undefined) {
    if (length === 0)
      throw new ShapeError(`${what}: axis ${axis} of shape ${formatShape(x.shape)} has no elements`);
    return x;
  }
  checkLength(`${what}: n`, n);
  if (n === length) return x;
  if (n < length) return narrowAxis(x, axis, 0, n);
  return pad(
    x,
    x.shape.map((_, i) => [0, i === axis ? n - length : 0] as [number, number]),
  );
}

/** Axes in the given order, and the lengths to which each is brought. */
export function axesOf(
  what: string,
  x: Tensor,
  shape: readonly number[] | undefined,
  axes: readonly number[] | undefined,
): { readonly axes: number[]; readonly lengths: (number | undefined)[] } {
  const count = shape?.length ?? x.ndim;
  if (axes === undefined && count > x.ndim)
    throw new ShapeError(
      `${what}: shape ${formatShape(shape!)} has more lengths than a tensor of shape ${formatShape(x.shape)} has axes`,
    );
  const list = axes ?? Array.from({ length: count }, (_, i) => x.ndim - count + i);
  const normal = list.map((axis) => normalizeAxis(axis, x.ndim, `${what}: axis`));
  if (new Set(normal).size !== normal.length)
    throw new ShapeError(`${what}: axes ${formatShape(list)} name an axis twice`);
  if (shape && shape.length !== normal.length)
    throw new ShapeError(
      `${what}: shape ${formatShape(shape)} must have one length for each of the axes ${formatShape(list)}`,
    );
  return { axes: normal, lengths: normal.map((_, i) => shape?.[i]) };
}
