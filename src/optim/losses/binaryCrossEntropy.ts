// Cross-entropy of scores against yes and no: a Bernoulli distribution for every score.

import { checkElements } from "../../ops/known.ts";
import { exp, log1p, sigmoid } from "../../ops/transcendental.ts";
import { uniform } from "../../random/distributions.ts";
import { checkPositive } from "../../tensor/check.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { diagonals, type OutputLoss, outputLoss, outputsOf } from "./outputLoss.ts";
import { checkPair, type LossOptions, reduced } from "./reduction.ts";

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Multiplies the part of the positive target, 1 unless told. */
  readonly positiveWeight?: number;
}

const name = "binaryCrossEntropy";

function value(logits: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  checkPair(name, logits, target, "logits");
  checkElements(target, `${name}: target`, "a number from 0 to 1", (t) => t >= 0 && t <= 1);
  const y = target.astype(logits.dtype);
  const weight = checkPositive(`${name}: positiveWeight`, options.positiveWeight ?? 1);
  const small = log1p(exp(logits.abs().neg()));
  if (weight === 1) return reduced(name, logits.maximum(0).add(small).sub(y.mul(logits)), options);
  const negative = logits.maximum(0).add(small);
  const positive = logits.neg().maximum(0).add(small);
  return reduced(
    name,
    positive
      .mul(y)
      .mul(weight)
      .add(negative.mul(y.neg().add(1))),
    options,
  );
}

/**
 * Binary cross-entropy of scores: softplus(x) - target x, for targets from 0 to 1. `positiveWeight` multiplies the part of
 * the positive target. O(size). Throws ShapeError where shapes differ, DomainError for targets outside of [0, 1].
 */
export const binaryCrossEntropy: OutputLoss<BinaryCrossEntropyOptions> = outputLoss(name, value, {
  blockRoot: (output) => {
    const k = outputsOf(output);
    const p = sigmoid(output.reshape([output.shape[0]!, k]));
    return diagonals(p.mul(p.neg().add(1)).div(k).sqrt());
  },
  // The mean over the k scores of an example is 1/k of a log-likelihood: 1/√k of its gradient has the Hessian as second moment.
  sampleGradient: (key, output) => {
    const p = sigmoid(output);
    const drawn = uniform(key, output.shape).less(p.astype("float64")).astype(output.dtype);
    return p.sub(drawn).div(output.shape[0]! * Math.sqrt(outputsOf(output)));
  },
});
