// What passes know about constants.

import { Tracer } from "../../ops/tracer.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A constant of which all elements are one and the same place in memory. */
export const isUniform = (x: Tensor): boolean =>
  !(x instanceof Tracer) &&
  x.size > 0 &&
  x.shape.every((length, axis) => length === 1 || x.strides[axis] === 0);

/** The value that a real constant repeats; null for other tensors. */
export function uniformValue(x: Tensor): number | null {
  if (!isUniform(x) || x.dtype.startsWith("complex")) return null;
  return Number(x.element(...x.shape.map(() => 0)));
}
