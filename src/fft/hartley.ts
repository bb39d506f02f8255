// The Hartley transform: Fourier analysis that stays among the real numbers.

import { bindOne } from "../ops/bind.ts";
import { astype } from "../ops/cast.ts";
import { imag, real } from "../ops/complex.ts";
import { concat } from "../ops/join.ts";
import { flip, narrowAxis } from "../ops/movement.ts";
import { complexDType } from "../tensor/dtype.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { axesOf, type Norm, realOperand, resize, scaleOf } from "./arguments.ts";
import { rfftP, transformAxes } from "./primitives.ts";

export interface HartleyOptions {
  /** The last axis unless told; several make the transform with cas(θ₁ + θ₂ + …). */
  readonly axes?: readonly number[];
  readonly norm?: Norm;
}

function transform(
  what: string,
  value: TensorLike,
  isInverse: boolean,
  { axes = [-1], norm }: HartleyOptions,
): Tensor {
  const x = realOperand(what, value);
  const { axes: along } = axesOf(what, x, undefined, axes);
  for (const axis of along) resize(what, x, axis, undefined);
  const count = along.reduce((product, axis) => product * x.shape[axis]!, 1);
  const scale = scaleOf(what, norm, count, isInverse);
  if (along.length === 1 && along[0] === x.ndim - 1) return ofLastAxis(x, scale);
  const z = transformAxes(astype(x, complexDType(x.dtype)), along, -1, scale);
  return real(z).sub(imag(z));
}

/** From the half of a real transform: entry n - k has the conjugate of entry k. */
function ofLastAxis(x: Tensor, scale: number): Tensor {
  const n = x.shape.at(-1)!;
  const z = bindOne(rfftP, [x], { scale });
  const first = real(z).sub(imag(z));
  if (n < 3) return first;
  const mirrored = narrowAxis(z, z.ndim - 1, 1, Math.ceil(n / 2));
  return concat([first, flip(real(mirrored).add(imag(mirrored)), -1)], -1);
}

/**
 * The Hartley transform H[k] = Σ x[j] (cos + sin)(2πjk / n) of real numbers (R. Bracewell, J. Opt. Soc. Am. 73, 1983).
 * O(n log n). Throws DTypeError for complex tensors and ShapeError for bad or empty axes.
 */
export const hartley = (x: TensorLike, options: HartleyOptions = {}): Tensor =>
  transform("hartley", x, false, options);

/** The inverse of `hartley`, which is `hartley` but for the factor 1 / n. */
export const ihartley = (x: TensorLike, options: HartleyOptions = {}): Tensor =>
  transform("ihartley", x, true, options);
