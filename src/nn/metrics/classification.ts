// How well classes were told. Functions of tensors, without state: over batches, sum confusion matrices.

import { scatter, takeAlongAxis } from "../../ops/gather.ts";
import { checkElements } from "../../ops/known.ts";
import { checkCount, checkRank, checkTensor } from "../../tensor/check.ts";
import { arange, ones, zeros } from "../../tensor/create.ts";
import { isInteger } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

function checkLabels(name: string, labels: Tensor, shape: readonly number[], what = "labels"): void {
  checkTensor(`${name}: ${what}`, labels);
  if (!isInteger(labels.dtype))
    throw new DTypeError(`${name}: ${what}: integers were expected, got ${labels.dtype}`);
  if (!sameShape(labels.shape, shape))
    throw new ShapeError(
      `${name}: ${what}: shape ${formatShape(shape)} was expected, got ${formatShape(labels.shape)}`,
    );
}

/**
 * The part of examples whose largest score `[…, classes]` stands at the label `[…]`: a float64 scalar. O(size). Throws
 * ShapeError where shapes do not fit, DTypeError for labels that are no integers.
 */
export function accuracy(scores: Tensor, labels: Tensor): Tensor {
  checkRank("accuracy: scores", scores, 1, Number.POSITIVE_INFINITY);
  checkLabels("accuracy", labels, scores.shape.slice(0, -1));
  return scores.argmax({ axis: -1 }).equal(labels.astype("int32")).astype("float64").mean();
}

/**
 * The part of examples whose label is among the `k` largest scores; of equal scores, those of smaller classes come
 * first. O(size). Throws as `accuracy`, and DomainError unless 1 ≤ k ≤ classes.
 */
export function topKAccuracy(scores: Tensor, labels: Tensor, k: number): Tensor {
  checkRank("topKAccuracy: scores", scores, 1, Number.POSITIVE_INFINITY);
  checkLabels("topKAccuracy", labels, scores.shape.slice(0, -1));
  const classes = scores.shape.at(-1)!;
  checkCount("topKAccuracy: k", k);
  if (k > classes) throw new DomainError(`topKAccuracy: k: at most ${classes} was expected, got ${k}`);
  const label = labels.astype("int32").expandDims(-1);
  const own = takeAlongAxis(scores, label, -1);
  const isEarlier = arange(0, classes, 1).astype("int32").less(label);
  const isAhead = isEarlier.where(scores.greaterEqual(own), scores.greater(own));
  return isAhead.sum({ axis: -1 }).less(k).astype("float64").mean();
}

/**
 * Counts `[classes, classes]`, int32: row of the true label, column of the predicted one; labels are integers of one
 * shape. O(size + classes²). Throws ShapeError where shapes differ, DTypeError for what is no integer, DomainError for
 * labels outside of the classes.
 */
export function confusionMatrix(predicted: Tensor, labels: Tensor, classes: number): Tensor {
  checkCount("confusionMatrix: classes", classes);
  checkTensor("confusionMatrix: predicted", predicted);
  checkLabels("confusionMatrix", predicted, predicted.shape, "predicted");
  checkLabels("confusionMatrix", labels, predicted.shape);
  const range = `an integer from 0 to ${classes - 1}`;
  for (const [what, x] of Object.entries({ predicted, labels }))
    checkElements(x, `confusionMatrix: ${what}`, range, (label) => label >= 0 && label < classes);
  const cell = labels.astype("int32").mul(classes).add(predicted.astype("int32")).ravel();
  const counts = scatter(zeros([classes * classes], "int32"), cell, ones([cell.size], "int32"), {
    mode: "add",
  });
  return counts.reshape([classes, classes]);
}

/** One number for each class, `[classes]`, or their mean. */
export interface ClassScores {
  readonly precision: Tensor;
  readonly recall: Tensor;
  readonly f1: Tensor;
  /** Examples of each class. */
  readonly support: Tensor;
}

/**
 * Precision, recall and F1 of each class from a confusion matrix; 0 where there is nothing to divide by. "macro" means
 * are `.mean()`, and for a micro mean all three equal the accuracy. Throws ShapeError for what is no square matrix.
 */
export function classScores(confusion: Tensor): ClassScores {
  checkRank("classScores: confusion", confusion, 2);
  const [rows, columns] = confusion.shape as [number, number];
  if (rows !== columns)
    throw new ShapeError(
      `classScores: confusion: a square matrix was expected, got shape ${formatShape(confusion.shape)}`,
    );
  const counts = confusion.astype("float64");
  const range = arange(0, rows, 1);
  const right = range.expandDims(1).equal(range).where(counts, 0).sum({ axis: 1 });
  const support = counts.sum({ axis: 1 });
  const predicted = counts.sum({ axis: 0 });
  const part = (a: Tensor, b: Tensor): Tensor => b.greater(0).where(a.div(b.maximum(1)), 0);
  return {
    precision: part(right, predicted),
    recall: part(right, support),
    f1: part(right.mul(2), support.add(predicted)),
    support,
  };
}
