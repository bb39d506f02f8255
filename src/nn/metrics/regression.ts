// How well numbers were predicted.

import { sqrt } from "../../ops/arithmetic.ts";
import { exp } from "../../ops/transcendental.ts";
import { checkPair } from "../../optim/losses/reduction.ts";
import { type CrossEntropyOptions, softmaxCrossEntropy } from "../../optim/losses/softmaxCrossEntropy.ts";
import { mse } from "../../optim/losses/squaredError.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { mae } from "../losses/regression.ts";

/**
 * The coefficient of determination, 1 - Σ (target - prediction)² / Σ (target - mean)²: 1 for perfect predictions, 0 for the
 * mean. Throws ShapeError where shapes differ, DTypeError for what is no real float.
 */
export function r2Score(prediction: Tensor, target: Tensor): Tensor {
  checkPair("r2Score", prediction, target);
  const rest = prediction.sub(target).square().sum();
  return rest.div(target.sub(target.mean()).square().sum()).neg().add(1);
}

/** Mean absolute error. Throws as `r2Score`. */
export const meanAbsoluteError = (prediction: Tensor, target: Tensor): Tensor => mae(prediction, target);

/** Root of the mean squared error. Throws as `r2Score`. */
export const rootMeanSquaredError = (prediction: Tensor, target: Tensor): Tensor =>
  sqrt(mse(prediction, target));

/** e to the mean cross-entropy of logits `[…, classes]` at labels `[…]`. Throws as `softmaxCrossEntropy`. */
export const perplexity = (
  logits: Tensor,
  labels: Tensor,
  options: Pick<CrossEntropyOptions, "ignoreIndex"> = {},
): Tensor => exp(softmaxCrossEntropy(logits, labels, options));
