// Losses of numbers that are less steep than squares.

import { checkPair, type LossOptions, reduced } from "../../optim/losses/reduction.ts";
import { checkPositive } from "../../tensor/check.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Mean absolute error. O(size). Throws ShapeError where shapes differ, DTypeError for what is no real float. */
export function mae(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkPair("mae", prediction, target);
  return reduced("mae", prediction.sub(target).abs(), options);
}

/**
 * Huber's loss: half the squared error up to `delta` (1 unless told), delta (|error| - delta / 2) beyond. Throws as `mae`, and
 * DomainError unless delta > 0.
 */
export function huber(
  prediction: Tensor,
  target: Tensor,
  options: LossOptions & { readonly delta?: number } = {},
): Tensor {
  checkPair("huber", prediction, target);
  const delta = checkPositive("huber: delta", options.delta ?? 1);
  const error = prediction.sub(target);
  const size = error.abs();
  const losses = size.less(delta).where(error.square().mul(0.5), size.sub(delta / 2).mul(delta));
  return reduced("huber", losses, options);
}
