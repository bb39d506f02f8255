// Masks: which entries of a tensor count.

import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** The mask itself, checked: one weight >= 0 an entry, not all of them 0. */
export function checkMask(mask: Tensor, shape: Shape, what: string): Tensor {
  if (isComplex(mask.dtype))
    throw new DTypeError(`${what}: a bool or real mask was expected, got ${mask.dtype}`);
  if (!sameShape(mask.shape, shape))
    throw new ShapeError(
      `${what}: a mask of shape ${formatShape(shape)} was expected, got ${formatShape(mask.shape)}`,
    );
  const weights = mask.data();
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! >= 0 && weights[i]! < Number.POSITIVE_INFINITY))
      throw new DomainError(`${what}: weights of the mask must be finite and >= 0, got ${weights[i]}`);
    total += weights[i]!;
  }
  if (!(total > 0)) throw new DomainError(`${what}: the mask leaves no entry`);
  return mask;
}

/** Masked entries may be NaN: they are not looked at. */
export function withoutMasked(x: Tensor, mask: Tensor): Tensor {
  const keep = mask.data();
  const data = x.toTypedArray();
  const width = isComplex(x.dtype) ? 2 : 1;
  for (let i = 0; i < keep.length; i++) if (keep[i] === 0) data.fill(0, i * width, (i + 1) * width);
  return new Tensor(data, x.shape, x.dtype);
}
