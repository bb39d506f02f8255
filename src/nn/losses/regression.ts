// Losses of numbers.

import type { Tensor } from "../../tensor/tensor.ts";
import { checkPositive } from "../base/check.ts";
import { checkPair, type LossOptions, reduced } from "./reduction.ts";

/** Mean squared error. Throws ShapeError where shapes differ, DTypeError for what is no real float. */
export function mse(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkPair("mse", prediction, target);
  return reduced("mse", prediction.sub(target).square(), options);
}

/** Mean absolute error. Throws as `mse`. */
export function mae(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkPair("mae", prediction, target);
  return reduced("mae", prediction.sub(target).abs(), options);
}

/**
 * Huber's loss: half the squared error up to `delta` (1 unless told), delta (|error| - delta / 2) beyond. Throws as `mse`, and
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
