// Metrics of scores that order examples with labels 0 and 1.

import { cummin } from "../../ops/cumulative.ts";
import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { checkElements } from "../../ops/known.ts";
import { flip } from "../../ops/movement.ts";
import { argsort } from "../../ops/sort.ts";
import { checkFloats, checkRank, checkTensor } from "../../tensor/check.ts";
import { full, ones } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Counts of positive and of all examples with a score at least that of each one, from the best to the worst. */
interface Ranking {
  /** Positive examples among those that are ahead or equal, and all of those. */
  readonly hits: Tensor;
  readonly taken: Tensor;
  readonly positives: Tensor;
  /** Labels in the order of the scores. */
  readonly ordered: Tensor;
}

function rank(name: string, scores: Tensor, labels: Tensor): Ranking {
  checkFloats(`${name}: scores`, scores);
  checkRank(`${name}: scores`, scores, 1);
  checkTensor(`${name}: labels`, labels);
  if (!sameShape(scores.shape, labels.shape))
    throw new ShapeError(
      `${name}: labels: shape ${formatShape(scores.shape)} was expected, got ${formatShape(labels.shape)}`,
    );
  if (scores.size === 0) throw new DomainError(`${name}: scores: at least one example was expected`);
  checkElements(labels.astype("float64"), `${name}: labels`, "0 or 1", (y) => y === 0 || y === 1);
  const order = argsort(scores, { descending: true });
  const sorted = take(scores, order);
  const ordered = take(labels.astype("float64"), order);
  const n = scores.size;
  const isLast = concat([sorted.at("1:").notEqual(sorted.at(":-1")), ones([1], "bool")], 0);
  // Equal scores are told apart by nothing: all of them count as taken where the last of them is.
  const atEnd = (x: Tensor): Tensor => {
    const marked = isLast.where(x, full([n], Number.POSITIVE_INFINITY));
    return flip(cummin(flip(marked, 0), 0), 0);
  };
  const taken = atEnd(ones([n]).cumsum(0));
  const hits = atEnd(ordered.cumsum(0));
  return { hits, taken, positives: ordered.sum(), ordered };
}

/**
 * Area under the receiver operating characteristic: the probability that a positive example has a larger score than a
 * negative one, ties counting half. Scores and labels (0 or 1) `[n]`; NaN where one of the two kinds is missing.
 * O(n log n). Throws ShapeError where shapes differ, DomainError for other labels or no examples.
 */
export function rocAuc(scores: Tensor, labels: Tensor): Tensor {
  const { hits, taken, positives, ordered } = rank("rocAuc", scores, labels);
  // Each negative example counts the positive ones ahead of it, and half of those beside it.
  const reversed = rank("rocAuc", scores.neg(), labels);
  const worseOrEqual = flip(reversed.hits, 0);
  const ahead = positives.sub(worseOrEqual);
  const negatives = positives.neg().add(taken.size);
  const order = ordered.neg().add(1);
  return order.mul(ahead.add(hits)).sum().mul(0.5).div(positives.mul(negatives));
}

/**
 * Average precision: the precision at each positive example, averaged; equal scores are taken together, as in
 * scikit-learn. NaN without positive examples. O(n log n). Throws as `rocAuc`.
 */
export function averagePrecision(scores: Tensor, labels: Tensor): Tensor {
  const { hits, taken, positives, ordered } = rank("averagePrecision", scores, labels);
  return ordered.mul(hits.div(taken)).sum().div(positives);
}
