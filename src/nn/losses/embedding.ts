// Losses that bring related vectors together and others apart. Examples are rows `[…, d]`.

import { sqrt } from "../../ops/arithmetic.ts";
import { matmul } from "../../ops/contract.ts";
import { checkElements } from "../../ops/known.ts";
import { checkPair, type LossOptions, reduced } from "../../optim/losses/reduction.ts";
import { softmaxCrossEntropy } from "../../optim/losses/softmaxCrossEntropy.ts";
import { checkFloats, checkPositive, checkRank } from "../../tensor/check.ts";
import { arange } from "../../tensor/create.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { relu } from "../layers/activations.ts";

/** Cosines of the angles between rows `[…, d]`: `[…]`, 0 for rows of zeros. Throws ShapeError where shapes differ. */
export function cosineSimilarity(a: Tensor, b: Tensor): Tensor {
  checkFloats("cosineSimilarity: a", a);
  checkPair("cosineSimilarity", b, a, "b");
  return unit(a).mul(unit(b)).sum({ axis: -1 });
}

/** Rows divided by their lengths, which are taken to be at least 1e-8. */
const unit = (x: Tensor): Tensor => x.div(sqrt(x.square().sum({ axis: -1, keepDims: true }).maximum(1e-16)));

/** 1 - cosine of the angle between prediction and target rows. Throws ShapeError where shapes differ. */
export function cosineLoss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkPair("cosineLoss", prediction, target);
  return reduced("cosineLoss", cosineSimilarity(prediction, target).neg().add(1), options);
}

/** Distances of rows; with a finite derivative where they meet. */
const distance = (a: Tensor, b: Tensor, epsilon: number): Tensor =>
  sqrt(a.sub(b).add(epsilon).square().sum({ axis: -1 }));

/**
 * max(0, |anchor - positive| - |anchor - negative| + margin), margin 1 unless told: Schroff, Kalenichenko and Philbin
 * (2015). 1e-6 is added to differences, as in PyTorch, so that derivatives are finite. Throws ShapeError where shapes
 * differ.
 */
export function tripletLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: LossOptions & { readonly margin?: number } = {},
): Tensor {
  checkPair("tripletLoss", anchor, positive, "anchor");
  checkPair("tripletLoss", anchor, negative, "anchor");
  const margin = checkPositive("tripletLoss: margin", options.margin ?? 1);
  const gap = distance(anchor, positive, 1e-6)
    .sub(distance(anchor, negative, 1e-6))
    .add(margin);
  return reduced("tripletLoss", relu(gap), options);
}

/**
 * Half the squared distance of pairs with target 1, half the square of max(0, margin - distance) of pairs with target 0: Hadsell,
 * Chopra and LeCun (2006). Rows a and b `[…, d]`, target `[…]`. Throws ShapeError where shapes do not fit, DomainError for other
 * targets.
 */
export function contrastiveLoss(
  a: Tensor,
  b: Tensor,
  target: Tensor,
  options: LossOptions & { readonly margin?: number } = {},
): Tensor {
  checkPair("contrastiveLoss", a, b, "a");
  if (!sameShape(target.shape, a.shape.slice(0, -1)))
    throw new ShapeError(
      `contrastiveLoss: target: shape ${formatShape(a.shape.slice(0, -1))} was expected, got ${formatShape(target.shape)}`,
    );
  checkElements(target, "contrastiveLoss: target", "0 or 1", (y) => y === 0 || y === 1);
  const margin = checkPositive("contrastiveLoss: margin", options.margin ?? 1);
  const apart = distance(a, b, 1e-6);
  const y = target.astype(a.dtype);
  const far = relu(apart.neg().add(margin)).square();
  return reduced("contrastiveLoss", y.mul(apart.square()).add(y.neg().add(1).mul(far)).mul(0.5), options);
}

/**
 * Each row of a `[n, d]` must find its partner in b `[n, d]` by cosine over `temperature` (0.07 unless told), and the other
 * way round: the symmetric InfoNCE of van den Oord, Li and Vinyals (2018) and Radford et al. (2021). O(n² d). Throws ShapeError where
 * shapes differ.
 */
export function infoNce(
  a: Tensor,
  b: Tensor,
  options: LossOptions & { readonly temperature?: number } = {},
): Tensor {
  checkRank("infoNce: a", a, 2);
  checkPair("infoNce", a, b, "a");
  const temperature = checkPositive("infoNce: temperature", options.temperature ?? 0.07);
  const scores = matmul(unit(a), unit(b).mT()).div(temperature);
  const labels = arange(0, a.shape[0]!, 1).astype("int32");
  const forth = softmaxCrossEntropy(scores, labels, options);
  return forth.add(softmaxCrossEntropy(scores.mT(), labels, options)).mul(0.5);
}
