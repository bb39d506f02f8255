// Squared errors: a normal distribution around the output.

import { normal } from "../../random/distributions.ts";
import { checkRank } from "../../tensor/check.ts";
import { eye } from "../../tensor/create.ts";
import { type OutputLoss, outputLoss, outputsOf } from "./outputLoss.ts";
import { checkPair, type LossOptions, reduced } from "./reduction.ts";

/** The curvature of `scale(k)`/2·Σ(y - t)², summed over the k outputs of an example: variance 1/scale. */
const squares = (scale: (outputs: number) => number): Pick<OutputLoss, "blockRoot" | "sampleGradient"> => ({
  blockRoot: (output) => {
    const k = outputsOf(output);
    return eye(k, k, { dtype: output.dtype })
      .mul(Math.sqrt(scale(k)))
      .broadcastTo([output.shape[0]!, k, k]);
  },
  sampleGradient: (key, output) =>
    normal(key, output.shape, { dtype: output.dtype as "float64" }).mul(
      Math.sqrt(scale(outputsOf(output))) / output.shape[0]!,
    ),
});

/**
 * Mean squared error of a prediction and a target of one shape `[n, …]`, over outputs and examples. O(size). Throws ShapeError
 * where shapes differ, DTypeError for what is no real float.
 */
export const mse: OutputLoss = outputLoss(
  "mse",
  (prediction, target, options: LossOptions = {}) => {
    checkPair("mse", prediction, target);
    return reduced("mse", prediction.sub(target).square(), options);
  },
  squares((k) => 2 / k),
);

/**
 * ½‖prediction - target‖² of every example, summed over its outputs; the mean is over the n examples of `[n, …]`. O(size). Throws as `mse`.
 */
export const halfSquaredError: OutputLoss = outputLoss(
  "halfSquaredError",
  (prediction, target, options: LossOptions = {}) => {
    checkPair("halfSquaredError", prediction, target);
    checkRank("halfSquaredError: prediction", prediction, 1, Number.POSITIVE_INFINITY);
    const squared = prediction.sub(target).square().reshape([prediction.shape[0]!, -1]);
    return reduced("halfSquaredError", squared.sum({ axis: 1 }).mul(0.5), options);
  },
  squares(() => 1),
);
