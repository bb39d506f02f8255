// Losses of scores against classes that bring no curvature; the others stand with the optimizers that use it.

import { take } from "../../ops/gather.ts";
import { checkElements } from "../../ops/known.ts";
import { checkLabels, pickLabels } from "../../optim/losses/labels.ts";
import { checkPair, type LossOptions, reduced } from "../../optim/losses/reduction.ts";
import type { CrossEntropyOptions } from "../../optim/losses/softmaxCrossEntropy.ts";
import { xlogy } from "../../special/elementary/entropy.ts";
import { checkFloats, checkPositive } from "../../tensor/check.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * The mean of -log probabilities `[…, classes]` at labels `[…]`: softmaxCrossEntropy of what is normalised already. Throws
 * as it does.
 */
export function nll(
  logProbabilities: Tensor,
  labels: Tensor,
  options: Pick<CrossEntropyOptions, "reduction" | "ignoreIndex" | "weights"> = {},
): Tensor {
  const name = "nll";
  checkFloats(`${name}: logProbabilities`, logProbabilities);
  const { ignoreIndex, weights } = options;
  checkLabels(name, logProbabilities, labels, ignoreIndex);
  const { dtype } = logProbabilities;
  const isCounted = ignoreIndex === undefined ? null : labels.notEqual(ignoreIndex);
  const place = isCounted ? isCounted.where(labels, 0).astype("int32") : labels;
  const losses = pickLabels(logProbabilities, place).neg();
  const share = weights ? take(weights, place).astype(dtype) : null;
  if (!share && !isCounted) return reduced(name, losses, options);
  const counted = isCounted?.astype(dtype) ?? null;
  const amount = share && counted ? share.mul(counted) : (share ?? counted!);
  return reduced(name, isCounted ? isCounted.where(losses, 0) : losses, options, amount);
}

/**
 * Kullback and Leibler's divergence Σ p log(p / q) along the last axis, of a target distribution p from log q; 0 log 0 is
 * 0. The mean is over distributions ("batchmean" of PyTorch). Throws ShapeError where shapes differ.
 */
export function klDivergence(logProbabilities: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkPair("klDivergence", logProbabilities, target, "logProbabilities");
  const parts = xlogy(target, target).sub(target.mul(logProbabilities));
  return reduced("klDivergence", parts.sum({ axis: -1 }), options);
}

/**
 * max(0, margin - y x) for scores x and targets y of -1 and 1; `margin` is 1 unless told. Throws ShapeError where shapes
 * differ, DomainError for other targets.
 */
export function hinge(
  scores: Tensor,
  target: Tensor,
  options: LossOptions & { readonly margin?: number } = {},
): Tensor {
  checkPair("hinge", scores, target, "scores");
  checkElements(target, "hinge: target", "-1 or 1", (y) => Math.abs(y) === 1);
  const gap = target
    .mul(scores)
    .neg()
    .add(checkPositive("hinge: margin", options.margin ?? 1));
  return reduced("hinge", gap.lessEqual(0).where(0, gap), options);
}
