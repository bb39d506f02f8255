// Metrics against their definitions, by loops over examples.

import fc from "fast-check";
import { DomainError, DTypeError, ShapeError, type Tensor, tensor } from "polyadic";
import {
  accuracy,
  averagePrecision,
  classScores,
  confusionMatrix,
  meanAbsoluteError,
  perplexity,
  r2Score,
  rocAuc,
  rootMeanSquaredError,
  topKAccuracy,
} from "polyadic/nn";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const ints = (x: number[]): Tensor => tensor(x).astype("int32");

test("accuracy, also among the best k", () => {
  const scores = tensor([
    [0.1, 0.7, 0.2],
    [0.5, 0.3, 0.2],
    [0.2, 0.2, 0.6],
    [0.4, 0.4, 0.2],
  ]);
  expect(accuracy(scores, ints([1, 1, 2, 1])).item()).toBe(0.5);
  expect(topKAccuracy(scores, ints([1, 1, 2, 1]), 1).item()).toBe(0.5);
  expect(topKAccuracy(scores, ints([1, 1, 1, 1]), 2).item()).toBe(0.75);
  expect(topKAccuracy(scores, ints([0, 2, 0, 2]), 3).item()).toBe(1);
});

test("confusion, precision, recall and F1", () => {
  const truth = ints([0, 0, 1, 1, 1, 2]);
  const predicted = ints([0, 1, 1, 1, 0, 1]);
  const confusion = confusionMatrix(predicted, truth, 4);
  expect(confusion.toArray()).toEqual([
    [1, 1, 0, 0],
    [1, 2, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 0, 0],
  ]);
  const { precision, recall, f1, support } = classScores(confusion);
  near(precision, tensor([1 / 2, 2 / 4, 0, 0]));
  near(recall, tensor([1 / 2, 2 / 3, 0, 0]));
  near(f1, tensor([1 / 2, 4 / 7, 0, 0]));
  near(support, tensor([2, 3, 1, 0]));
});

const examples = fc
  .array(fc.record({ score: fc.integer({ min: 0, max: 6 }), label: fc.boolean() }), {
    minLength: 2,
    maxLength: 25,
  })
  .filter((list) => list.some(({ label }) => label) && list.some(({ label }) => !label));

test("area under the curve: the probability of the right order", () => {
  fc.assert(
    fc.property(examples, (list) => {
      const positive = list.filter(({ label }) => label);
      const negative = list.filter(({ label }) => !label);
      let right = 0;
      for (const p of positive)
        for (const n of negative) right += p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0;
      const auc = rocAuc(tensor(list.map((x) => x.score)), tensor(list.map((x) => Number(x.label))));
      expect(auc.item()).toBeCloseTo(right / (positive.length * negative.length), 12);
    }),
    { numRuns: 40 },
  );
});

test("average precision: of all thresholds", () => {
  fc.assert(
    fc.property(examples, (list) => {
      const positives = list.filter(({ label }) => label).length;
      let sum = 0;
      for (const { score, label } of list) {
        const taken = list.filter((x) => x.score >= score);
        if (label) sum += taken.filter((x) => x.label).length / taken.length;
      }
      const ap = averagePrecision(tensor(list.map((x) => x.score)), tensor(list.map((x) => Number(x.label))));
      expect(ap.item()).toBeCloseTo(sum / positives, 12);
    }),
    { numRuns: 40 },
  );
});

test("of numbers", () => {
  const target = tensor([1, 2, 3, 6]);
  expect(r2Score(target, target).item()).toBe(1);
  expect(r2Score(target.mul(0).add(3), target).item()).toBe(0);
  expect(meanAbsoluteError(tensor([2, 2, 2, 2]), target).item()).toBe(1.5);
  near(rootMeanSquaredError(tensor([2, 2, 2, 2]), target), tensor(Math.sqrt(18 / 4)), 1e-12);
  near(perplexity(tensor([[0, 0, 0, 0]]), ints([2])), tensor(4), 1e-12);
});

describe("bad input", () => {
  const scores = tensor([[0.1, 0.9]]);
  test.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
    ["labels", () => accuracy(scores, ints([0, 1])), ShapeError, /accuracy: labels/],
    ["floats", () => accuracy(scores, tensor([0])), DTypeError, /accuracy: labels/],
    ["k", () => topKAccuracy(scores, ints([0]), 3), DomainError, /topKAccuracy: k/],
    ["classes", () => confusionMatrix(ints([2]), ints([1]), 2), DomainError, /confusionMatrix: predicted/],
    ["square", () => classScores(scores), ShapeError, /square/],
    ["auc labels", () => rocAuc(tensor([0.1, 0.2]), tensor([0, 2])), DomainError, /rocAuc: labels/],
    ["auc shapes", () => rocAuc(tensor([0.1, 0.2]), tensor([0])), ShapeError, /rocAuc: labels/],
  ])("%s", (_name, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});
