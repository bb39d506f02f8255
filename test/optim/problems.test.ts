// Problems of digits, and the comparison of optimizers.

import { DomainError } from "polyadic";
import { adam, kfac, sgd } from "polyadic/optim";
import {
  autoencoderDigits,
  compareOptimizers,
  type MlpParams,
  mlpDigits,
  regression,
} from "polyadic/optim/problems";
import { key } from "polyadic/random";
import { describe, expect, test } from "vitest";

/** Stripes whose width is the digit, for places without the package. */
const stripes = (digit: number): number[] =>
  Array.from({ length: 250 * 784 }, (_, i) => (Math.floor((i % 28) / (digit + 1)) % 2 === 0 ? 1 : 0));

describe("digits", () => {
  test("pooled, in turns", () => {
    const { train, test: rest, loss, init } = mlpDigits({ pixels: stripes });
    expect(train.input.shape).toEqual([2000, 49]);
    expect(rest.target.shape).toEqual([500]);
    expect(train.target.at("0:11").toArray()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    // Stripes of one pixel are grey at four; those of two too; ten wide ones are not.
    expect(train.input.at(0).toArray()).toEqual(new Array(49).fill(0.5));
    expect(train.input.at(9, 0).item()).toBe(1);
    expect(loss(init(key(0)), train).item()).toBeGreaterThan(1);
    expect(autoencoderDigits({ pixels: stripes, scale: "full" }).train.target.shape).toEqual([2000, 196]);
    expect(() => mlpDigits({ pixels: () => [] })).toThrow(DomainError);
    expect(() => mlpDigits({ pixels: stripes, scale: "small" as never })).toThrow(/scale/);
  });

  const { process: host } = globalThis as { process?: { getBuiltinModule?: unknown } };
  test.runIf(host?.getBuiltinModule)("of the package have the known statistics", () => {
    for (const [scale, deviation] of [
      ["quick", 0.2324],
      ["full", 0.2813],
    ] as const) {
      const { input } = mlpDigits({ scale }).train;
      expect(input.mean().item()).toBeCloseTo(0.1317, 4);
      expect(input.variance().sqrt().item()).toBeCloseTo(deviation, 4);
    }
  });
});

describe("compareOptimizers", () => {
  const problem = regression();

  test("both tables, the best of the grid, the same for one key", () => {
    const run = () =>
      compareOptimizers<MlpParams>({
        problem,
        optimizers: { adam: (learningRate) => adam({ learningRate }), kfac: kfac({ learningRate: 0.3 }) },
        key: key(1),
        budget: { steps: 15 },
        lrGrid: [1e-6, 1e-3, 1e-2, 3e-2],
        batchSize: 100,
      });
    const { equalSteps, equalTime } = run();
    expect(equalSteps.map(({ name, steps }) => [name, steps])).toEqual([
      ["adam", 15],
      ["kfac", 15],
    ]);
    expect(equalSteps[0]!.learningRate).toBeGreaterThanOrEqual(1e-2);
    expect(equalSteps[1]!.learningRate).toBeNull();
    // Two means of 1377 parameters in float64, and a counter.
    expect(equalSteps[0]!.stateBytes).toBe(2 * 8 * 1377 + 4);
    expect(equalTime).toHaveLength(2);
    expect(run().equalSteps.map(({ trainLoss }) => trainLoss)).toEqual(
      equalSteps.map(({ trainLoss }) => trainLoss),
    );
  });

  test("bad input", () => {
    const optimizers = { sgd: (learningRate: number) => sgd<MlpParams, never>({ learningRate }) };
    const base = { problem, key: key(0), optimizers, budget: { steps: 1 } };
    expect(() => compareOptimizers({ ...base, lrGrid: [1] })).toThrow(/lrGrid/);
    expect(() => compareOptimizers({ ...base, lrGrid: [1, 2, 3, 4], budget: { steps: 0 } })).toThrow(/steps/);
    expect(() => compareOptimizers({ ...base, lrGrid: [1, 2, 3, 4], budget: { seconds: -1 } })).toThrow(
      /seconds/,
    );
  });
});
