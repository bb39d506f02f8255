// Losses against PyTorch, and where numbers are extreme.

import { DomainError, DTypeError, ShapeError, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  binaryCrossEntropy,
  contrastiveLoss,
  cosineLoss,
  ctc,
  hinge,
  huber,
  infoNce,
  klDivergence,
  logSoftmax,
  mae,
  mse,
  nll,
  softmaxCrossEntropy,
  tripletLoss,
} from "polyadic/nn";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";
import { numbers, reference } from "./reference.ts";

const given = reference.losses;
const logits = numbers(given.logits);
const labels = numbers(given.labels).astype("int32");
const ignored = numbers(given.ignored).astype("int32");
const shares = numbers(given.shares);
const weights = numbers(given.weights);
const [a, b, c] = given.abc.map(numbers) as [Tensor, Tensor, Tensor];
const binary = numbers(given.binary);

describe.each(["mean", "sum", "none"] as const)("reduction %s", (reduction) => {
  const expected = given.values[reduction];
  const losses: Record<string, () => Tensor> = {
    mse: () => mse(a, b, { reduction }),
    mae: () => mae(a, b, { reduction }),
    huber: () => huber(a, b, { delta: 0.7, reduction }),
    labels: () => softmaxCrossEntropy(logits, labels, { reduction }),
    smooth: () => softmaxCrossEntropy(logits, labels, { labelSmoothing: 0.1, reduction }),
    weighted: () => softmaxCrossEntropy(logits, labels, { weights, reduction }),
    smoothWeighted: () => softmaxCrossEntropy(logits, labels, { weights, labelSmoothing: 0.1, reduction }),
    ignored: () =>
      softmaxCrossEntropy(logits, ignored, { weights, labelSmoothing: 0.1, ignoreIndex: -100, reduction }),
    shares: () => softmaxCrossEntropy(logits, shares, { reduction }),
    smoothShares: () => softmaxCrossEntropy(logits, shares, { weights, labelSmoothing: 0.2, reduction }),
    nll: () => nll(logSoftmax(logits, { axis: -1 }), ignored, { weights, ignoreIndex: -100, reduction }),
    binary: () => binaryCrossEntropy(a.mul(5), binary, { reduction }),
    binaryWeighted: () => binaryCrossEntropy(a.mul(5), binary, { positiveWeight: 3, reduction }),
    triplet: () => tripletLoss(a, b, c, { reduction }),
  };
  test.each(Object.entries(losses))("%s", (name, f) => {
    near(f(), numbers(expected[name as keyof typeof expected]), 1e-10);
  });
});

test("of vectors and distributions", () => {
  near(cosineLoss(a, b, { reduction: "none" }), numbers(given.values.none.cosine), 1e-10);
  near(klDivergence(logSoftmax(logits, { axis: -1 }), shares), numbers(given.values.batchmean), 1e-10);
  const sure = tensor([[1, 0]]);
  near(klDivergence(tensor([[-0.5, -2]]), sure), tensor(0.5), 1e-12);
  near(hinge(tensor([2, 0.5, -1]), tensor([1, 1, 1]), { reduction: "none" }), tensor([0, 0.5, 2]));
  const pair = contrastiveLoss(
    tensor([
      [0, 0],
      [0, 0],
    ]),
    tensor([
      [3, 4],
      [0.3, 0.4],
    ]),
    tensor([1, 0]),
    {
      reduction: "none",
    },
  );
  near(pair, tensor([12.5, 0.125]), 1e-5);
  const own = infoNce(a, a, { temperature: 0.01 });
  expect(own.item()).toBeLessThan(infoNce(a, b, { temperature: 0.01 }).item());
});

test("extreme scores give finite losses and derivatives", () => {
  const large = tensor([[1e4, -1e4, 0]]);
  const label = tensor([1]).astype("int32");
  near(softmaxCrossEntropy(large, label), tensor(2e4), 1e-12);
  near(grad((x: Tensor) => softmaxCrossEntropy(x, label))(large), tensor([[1, -1, 0]]), 1e-12);
  const x = tensor([1e3, -1e3, 0]);
  const y = tensor([0, 1, 1]);
  near(binaryCrossEntropy(x, y, { reduction: "none" }), tensor([1e3, 1e3, Math.log(2)]), 1e-12);
  near(grad((s: Tensor) => binaryCrossEntropy(s, y, { reduction: "sum" }))(x), tensor([1, -1, -0.5]), 1e-12);
  const meeting = grad((p: Tensor) => tripletLoss(p, p, p))(tensor([[1, 2]]));
  expect(Number.isFinite(meeting.sum().item())).toBe(true);
});

describe("connectionist temporal classification", () => {
  const { scores, labels: targets, labelLengths, inputLengths, values, gradient } = reference.ctc;
  const ints = (x: unknown): Tensor => numbers(x).astype("int32");
  const loss = (x: Tensor, reduction: "none" | "sum"): Tensor =>
    ctc(logSoftmax(x, { axis: -1 }), ints(targets), {
      labelLengths: ints(labelLengths),
      inputLengths: ints(inputLengths),
      reduction,
    });

  test("values and gradients of PyTorch", () => {
    near(loss(numbers(scores), "none"), numbers(values), 1e-10);
    const slope = grad((x: Tensor) => loss(x, "sum"));
    near(slope(numbers(scores)), numbers(gradient), 1e-9);
    near(jit(slope)(numbers(scores)), numbers(gradient), 1e-9);
  });

  test("all ways of two steps", () => {
    const p = [
      [0.2, 0.5, 0.3],
      [0.1, 0.6, 0.3],
    ] as const;
    const log = numbers([p]).log();
    // "1" is 11, 01 or 10; "12" is itself; "11" needs a third step.
    const one = p[0][1] * p[1][1] + p[0][0] * p[1][1] + p[0][1] * p[1][0];
    near(ctc(log, ints([[1]])), tensor(-Math.log(one)), 1e-12);
    near(ctc(log, ints([[1, 2]])), tensor(-Math.log(0.5 * 0.3)), 1e-12);
    expect(ctc(log, ints([[1, 1]])).item()).toBe(Number.POSITIVE_INFINITY);
    near(ctc(log, ints([[1, 1]]), { labelLengths: ints([0]) }), tensor(-Math.log(0.2 * 0.1)), 1e-12);
  });
});

describe("bad input", () => {
  test.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
    ["shapes", () => mse(a, b.at("1:")), ShapeError, /mse: target/],
    ["integers", () => mse(a.astype("int32"), b), DTypeError, /mse: prediction/],
    ["delta", () => huber(a, b, { delta: 0 }), DomainError, /huber: delta/],
    ["labels", () => softmaxCrossEntropy(logits, labels.at("1:")), ShapeError, /labels/],
    ["no class", () => softmaxCrossEntropy(logits, labels.add(1)), DomainError, /labels/],
    ["ignored", () => softmaxCrossEntropy(logits, ignored), DomainError, /labels/],
    [
      "weights",
      () => softmaxCrossEntropy(logits, labels, { weights: weights.at("1:") }),
      ShapeError,
      /weights/,
    ],
    ["smoothing", () => softmaxCrossEntropy(logits, labels, { labelSmoothing: 2 }), DomainError, /Smoothing/],
    ["targets", () => binaryCrossEntropy(a, a.mul(9)), DomainError, /target/],
    ["hinge", () => hinge(a, a), DomainError, /hinge: target/],
    ["reduction", () => mse(a, b, { reduction: "most" as "sum" }), DomainError, /reduction/],
    ["blank", () => ctc(a.expandDims(0), labels.at(":1").expandDims(0), { blank: 7 }), DomainError, /blank/],
  ])("%s", (_name, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});
