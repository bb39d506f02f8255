// Losses of scores against classes: stable for scores of any size.

import { take, takeAlongAxis } from "../../ops/gather.ts";
import { checkElements } from "../../ops/known.ts";
import { logSumExp } from "../../ops/reduce.ts";
import { exp, log1p } from "../../ops/transcendental.ts";
import { logSoftmax } from "../../special/elementary/elementary.ts";
import { xlogy } from "../../special/elementary/entropy.ts";
import { isInteger } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  checkAxis,
  checkFloats,
  checkFraction,
  checkPositive,
  checkRank,
  checkTensor,
} from "../base/check.ts";
import { checkPair, type LossOptions, reduced } from "./reduction.ts";

export interface CrossEntropyOptions extends LossOptions {
  /** Part of the target that is spread evenly over all classes, 0 unless told: Szegedy et al. (2016). */
  readonly labelSmoothing?: number;
  /** A label that does not count, for instance of padding. */
  readonly ignoreIndex?: number;
  /** `[classes]`: how much each class counts. */
  readonly weights?: Tensor;
}

/** Throws unless labels are integers of the leading shape of scores, in range or `ignoreIndex`. */
function checkLabels(name: string, scores: Tensor, labels: Tensor, ignoreIndex?: number): void {
  if (!sameShape(labels.shape, scores.shape.slice(0, -1)))
    throw new ShapeError(
      `${name}: labels: shape ${formatShape(scores.shape.slice(0, -1))} was expected for scores of shape ${formatShape(scores.shape)}, got ${formatShape(labels.shape)}`,
    );
  const classes = scores.shape.at(-1)!;
  checkElements(
    labels,
    `${name}: labels`,
    `an integer from 0 to ${classes - 1}`,
    (label) => (label >= 0 && label < classes) || label === ignoreIndex,
  );
}

/** Entries of x `[…, classes]` at labels `[…]`. */
const pickLabels = (x: Tensor, labels: Tensor): Tensor =>
  takeAlongAxis(x, labels.expandDims(-1), -1).squeeze(-1);

/**
 * -log of the probability that softmax(logits) gives to the target, along the last axis: logits `[…, classes]`, target either
 * integer labels `[…]` or distributions `[…, classes]`. With class weights the mean is a weighted one, as in PyTorch (for
 * distributions it is over examples). O(size). Throws ShapeError where shapes do not fit, DomainError for labels that
 * are no class and options out of range.
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  target: Tensor,
  options: CrossEntropyOptions = {},
): Tensor {
  const name = "softmaxCrossEntropy";
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
 * Binary cross-entropy of scores: softplus(x) - target x, for targets from 0 to 1. `positiveWeight` multiplies the part of
 * the positive target. O(size). Throws ShapeError where shapes differ, DomainError for targets outside of [0, 1].
 */
export function binaryCrossEntropy(
  logits: Tensor,
  target: Tensor,
  options: LossOptions & { readonly positiveWeight?: number } = {},
): Tensor {
  const name = "binaryCrossEntropy";
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
