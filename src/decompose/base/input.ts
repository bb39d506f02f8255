// Checks that every decomposition makes at the door.

import { astype } from "../../ops/cast.ts";
import { inexactDType, isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/**
 * The tensor ready for decomposition: float32 and complex64 stay, integers and narrow floats are widened. Throws
 * DTypeError for anything but a dense tensor, ShapeError for a tensor without axes or elements, DomainError (with
 * count and first index) for elements that are not finite.
 */
export function checkInput(x: Tensor, what: string): Tensor {
  if (!(x instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected; make tensors of arrays with tensor()`);
  if (x.ndim === 0)
    throw new ShapeError(`${what}: a tensor with at least one mode was expected, got a scalar`);
  if (x.size === 0) throw new ShapeError(`${what}: the tensor of shape ${formatShape(x.shape)} is empty`);
  const dtype = inexactDType(x.dtype);
  const wide = astype(x, dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype).contiguous();
  checkFinite(wide, what);
  return wide;
}

/** Throws DomainError, naming count and first index, when an element is NaN or infinite. */
export function checkFinite(x: Tensor, what: string): void {
  const data = x.data();
  const width = isComplex(x.dtype) ? 2 : 1;
  let count = 0;
  let first = -1;
  for (let i = 0; i < data.length; i++)
    // A finite number minus itself is 0; NaN and the infinities give NaN.
    if (data[i]! - data[i]! !== 0) {
      if (first < 0) first = i;
      count++;
    }
  if (count > 0)
    throw new DomainError(
      `${what}: ${count} ${count === 1 ? "entry is" : "entries are"} not finite, the first at index ${formatShape(unravel(Math.floor(first / width), x.shape))}`,
    );
}

/** The index of an element from its position in C order. */
export function unravel(position: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = position % shape[axis]!;
    position = Math.floor(position / shape[axis]!);
  }
  return index;
}

/** Throws DomainError unless 0 ≤ tolerance < 1. */
export function checkTolerance(rtol: number, what: string): void {
  if (!(rtol >= 0 && rtol < 1))
    throw new DomainError(`${what}: a tolerance from 0 to below 1 was expected, got ${rtol}`);
}

/** Throws unless there is one rank per place, each an integer from 1 to its limit. */
export function checkRanks(ranks: readonly number[], limits: readonly number[], what: string): void {
  if (ranks.length !== limits.length)
    throw new ShapeError(`${what}: ${limits.length} ranks were expected, got ${ranks.length}`);
  ranks.forEach((rank, i) => {
    if (!(Number.isInteger(rank) && rank >= 1 && rank <= limits[i]!))
      throw new DomainError(`${what}: rank ${i} must be an integer from 1 to ${limits[i]}, got ${rank}`);
  });
}

/** Throws DomainError unless a cap on ranks is an integer of at least 1. */
export function checkMaxRank(maxRank: number, what: string): void {
  if (!(maxRank >= 1 && (Number.isInteger(maxRank) || maxRank === Number.POSITIVE_INFINITY)))
    throw new DomainError(`${what}: a maxRank of at least 1 was expected, got ${maxRank}`);
}
