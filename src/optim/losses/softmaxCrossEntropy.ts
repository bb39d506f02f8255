// Cross-entropy of logits against classes: a categorical distribution, stable for scores of any size.

import { take } from "../../ops/gather.ts";
import { logSumExp } from "../../ops/reduce.ts";
import { categorical } from "../../random/categorical.ts";
import { logSoftmax, softmax } from "../../special/elementary/elementary.ts";
import { checkAxis, checkFloats, checkFraction, checkRank, checkTensor } from "../../tensor/check.ts";
import { isInteger } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { grad } from "../../transform/gradient.ts";
import { checkLabels, pickLabels } from "./labels.ts";
import { diagonals, type OutputLoss, outputLoss } from "./outputLoss.ts";
import { checkPair, type LossOptions, reduced } from "./reduction.ts";

export interface CrossEntropyOptions extends LossOptions {
  /** Part of the target that is spread evenly over all classes, 0 unless told: Szegedy et al. (2016). */
  readonly labelSmoothing?: number;
  /** A label that does not count, for instance of padding. */
  readonly ignoreIndex?: number;
  /** `[classes]`: how much each class counts. */
  readonly weights?: Tensor;
}

const name = "softmaxCrossEntropy";

function value(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkFloats(`${name}: logits`, logits);
  checkRank(`${name}: logits`, logits, 1, Number.POSITIVE_INFINITY);
  checkTensor(`${name}: target`, target);
  const classes = logits.shape.at(-1)!;
  const { labelSmoothing = 0, ignoreIndex, weights } = options;
  checkFraction(`${name}: labelSmoothing`, labelSmoothing, true);
  if (weights) {
    checkRank(`${name}: weights`, weights, 1);
    checkAxis(`${name}: weights`, weights, 0, classes);
  }
  if (!isInteger(target.dtype)) {
    checkPair(name, logits, target, "logits");
    const smooth =
      labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(labelSmoothing / classes);
    const logs = logSoftmax(logits, { axis: -1 });
    const losses = (weights ? logs.mul(weights) : logs).mul(smooth).sum({ axis: -1 }).neg();
    return reduced(name, losses, options);
  }
  checkLabels(name, logits, target, ignoreIndex);
  const isCounted = ignoreIndex === undefined ? null : target.notEqual(ignoreIndex);
  const labels = isCounted ? isCounted.where(target, 0).astype("int32") : target;
  const share = weights ? take(weights, labels).astype(logits.dtype) : null;
  const counted = isCounted?.astype(logits.dtype) ?? null;
  const total = logSumExp(logits, { axis: -1 });
  let losses = total.sub(pickLabels(logits, labels));
  if (share) losses = losses.mul(share);
  if (labelSmoothing > 0) {
    const all = total.expandDims(-1).sub(logits);
    const even = (weights ? all.mul(weights) : all).sum({ axis: -1 }).div(classes);
    losses = losses.mul(1 - labelSmoothing).add(even.mul(labelSmoothing));
  }
  if (isCounted) losses = isCounted.where(losses, 0);
  if ((options.reduction ?? "mean") !== "mean" || !(share || counted)) return reduced(name, losses, options);
  const amount = share && counted ? share.mul(counted) : (share ?? counted!);
  return losses.sum().div(amount.sum());
}

/**
 * -log of the probability that softmax(logits) gives to the target, along the last axis: logits `[…, classes]`, target either
 * integer labels `[…]` or distributions `[…, classes]`. With class weights the mean is a weighted one, as in PyTorch (for
 * distributions it is over examples). Leading axes all count as examples. O(size). Throws ShapeError where shapes do not fit, DomainError for labels that
 * are no class and options out of range.
 */
export const softmaxCrossEntropy: OutputLoss<CrossEntropyOptions> = outputLoss(name, value, {
  // (diag √p - p √pᵀ)(diag √p - √p pᵀ) = diag p - p pᵀ, since p sums to 1
  blockRoot: (output) => {
    const p = softmax(output, { axis: -1 }).reshape([-1, output.shape.at(-1)!]);
    const root = p.sqrt();
    return diagonals(root).sub(p.expandDims(-1).mul(root.expandDims(-2)));
  },
  sampleGradient: (key, output) => {
    const labels = categorical(key, output);
    return grad((y: Tensor) => value(y, labels))(output);
  },
});
