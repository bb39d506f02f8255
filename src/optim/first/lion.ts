// Lion: steps along the signs of a running mean.

import { sign } from "../../ops/arithmetic.ts";
import { checkFraction } from "../../tensor/check.ts";
import type { GradientOptimizer } from "../optimizer.ts";
import type { Schedule } from "../schedules/decay.ts";
import { decayOf, shrunk } from "./adam.ts";
import { type DecayOptions, elementwiseOptimizer, runningMean, type SlotState } from "./elementwise.ts";

export interface LionOptions extends DecayOptions {
  /** A number, or a function of the step. 1e-4 unless told. */
  readonly learningRate?: number | Schedule;
  /** Weight of the mean in the direction, 0.9 unless told. */
  readonly beta1?: number;
  /** Decay of the mean that is kept, 0.99 unless told. */
  readonly beta2?: number;
}

/**
 * x ← x - rate·(sign(β₁m + (1-β₁)g) + weightDecay·x), then m ← β₂m + (1-β₂)g. One further copy of the parameters. Throws DomainError
 * for options out of range, DTypeError for parameters that are no real floats.
 *
 * Source: Chen and others, Symbolic discovery of optimization algorithms (2023), algorithm 2.
 */
export function lion<P, B = undefined>(
  options: LionOptions = {},
): GradientOptimizer<P, B, SlotState<P, "mean">> {
  const { learningRate = 1e-4, beta1 = 0.9, beta2 = 0.99 } = options;
  checkFraction("lion: beta1", beta1);
  checkFraction("lion: beta2", beta2);
  return elementwiseOptimizer<P, B, "mean", "rate">({
    name: "lion",
    learningRate,
    ...decayOf(options),
    slots: ["mean"],
    scalars: (rate) => ({ rate }),
    leaf: ({ x, grad, slots, decay }, { rate }) => ({
      x: shrunk(x, rate, decay).sub(sign(runningMean(beta1, slots.mean, grad)).mul(rate)),
      slots: { mean: runningMean(beta2, slots.mean, grad) },
    }),
  });
}
