// Steps scaled by the running size of each entry: RMSprop, and methods that sum all squares.

import { checkFraction } from "../../tensor/check.ts";
import { checkAtLeastZero } from "../blocks/options.ts";
import type { GradientOptimizer } from "../optimizer.ts";
import { checkRate, type Schedule } from "../schedules/decay.ts";
import { elementwiseOptimizer, runningMean, type SlotState } from "./elementwise.ts";

export interface RmspropOptions {
  /** A number, or a function of the step. 1e-2 unless told. */
  readonly learningRate?: number | Schedule;
  /** Decay of the running mean of squares, 0.99 unless told. */
  readonly beta?: number;
  /** Added to the root, 1e-8 unless told. */
  readonly epsilon?: number;
  /** Share of the last velocity that is kept, 0 unless told. */
  readonly momentum?: number;
  /** Divide by the running standard deviation in place of the root mean square; false unless told. */
  readonly centered?: boolean;
}

type RmspropSlot = "square" | "mean" | "velocity";

/**
 * Gradients divided by the root of their running mean square: v ← βv + (1-β)g², x ← x - rate·g / (√v + ε). With momentum μ the
 * quotient enters a velocity, u ← μu + g / (√v + ε). `centered` subtracts the square of the running mean.
 *
 * Throws DomainError for options out of range, DTypeError for parameters that are no real floats.
 *
 * Source: Tieleman and Hinton, lecture 6.5 (2012); centered: Graves, Generating sequences with recurrent neural networks (2013).
 */
export function rmsprop<P, B = undefined>(
  options: RmspropOptions = {},
): GradientOptimizer<P, B, SlotState<P, RmspropSlot>> {
  const { learningRate = 1e-2, beta = 0.99, epsilon = 1e-8, momentum = 0, centered = false } = options;
  checkFraction("rmsprop: beta", beta);
  checkFraction("rmsprop: momentum", momentum);
  checkAtLeastZero(epsilon, "rmsprop: epsilon");
  return elementwiseOptimizer<P, B, RmspropSlot, "rate">({
    name: "rmsprop",
    learningRate,
    slots: [
      "square",
      ...(centered ? (["mean"] as const) : []),
      ...(momentum > 0 ? (["velocity"] as const) : []),
    ],
    scalars: (rate) => ({ rate }),
    leaf: ({ x, grad, slots }, { rate }) => {
      const square = runningMean(beta, slots.square, grad.square());
      const mean = centered ? runningMean(beta, slots.mean, grad) : slots.mean;
      const size = (centered ? square.sub(mean.square()) : square).sqrt().add(epsilon);
      const direction = grad.div(size);
      const velocity = momentum > 0 ? slots.velocity.mul(momentum).add(direction) : direction;
      return { x: x.sub(velocity.mul(rate)), slots: { square, mean, velocity } };
    },
  });
}

export interface AdagradOptions {
  /** A number, or a function of the step. 1e-2 unless told. */
  readonly learningRate?: number | Schedule;
  /** Added to the root, 1e-10 unless told. */
  readonly epsilon?: number;
  /** Where the sums begin, 0 unless told. */
  readonly initialAccumulator?: number;
}

/**
 * Gradients divided by the root of the sum of all their squares: v ← v + g², x ← x - rate·g / (√v + ε). Throws DomainError for options
 * out of range, DTypeError for parameters that are no real floats.
 *
 * Source: Duchi, Hazan, Singer, Adaptive subgradient methods for online learning and stochastic optimization (2011).
 */
export function adagrad<P, B = undefined>(
  options: AdagradOptions = {},
): GradientOptimizer<P, B, SlotState<P, "sum">> {
  const { learningRate = 1e-2, epsilon = 1e-10, initialAccumulator = 0 } = options;
  checkAtLeastZero(epsilon, "adagrad: epsilon");
  checkRate(initialAccumulator, "adagrad: initialAccumulator");
  return elementwiseOptimizer<P, B, "sum", "rate">({
    name: "adagrad",
    learningRate,
    initial: initialAccumulator,
    slots: ["sum"],
    scalars: (rate) => ({ rate }),
    leaf: ({ x, grad, slots }, { rate }) => {
      const sum = slots.sum.add(grad.square());
      return { x: x.sub(grad.mul(rate).div(sum.sqrt().add(epsilon))), slots: { sum } };
    },
  });
}

export interface AdadeltaOptions {
  /** A number, or a function of the step. 1 unless told. */
  readonly learningRate?: number | Schedule;
  /** Decay of both running means, 0.9 unless told. */
  readonly beta?: number;
  /** Added under the roots, 1e-6 unless told. */
  readonly epsilon?: number;
}

/**
 * Gradients times the ratio of the running sizes of steps and gradients, so that steps have the unit of the parameters:
 * d = g·√(u + ε)/√(v + ε), x ← x - rate·d, with running means u of d² and v of g². Throws DomainError for options out of range,
 * DTypeError for parameters that are no real floats.
 *
 * Source: Zeiler, ADADELTA: an adaptive learning rate method (2012).
 */
export function adadelta<P, B = undefined>(
  options: AdadeltaOptions = {},
): GradientOptimizer<P, B, SlotState<P, "square" | "moved">> {
  const { learningRate = 1, beta = 0.9, epsilon = 1e-6 } = options;
  checkFraction("adadelta: beta", beta);
  checkAtLeastZero(epsilon, "adadelta: epsilon");
  return elementwiseOptimizer<P, B, "square" | "moved", "rate">({
    name: "adadelta",
    learningRate,
    slots: ["square", "moved"],
    scalars: (rate) => ({ rate }),
    leaf: ({ x, grad, slots }, { rate }) => {
      const square = runningMean(beta, slots.square, grad.square());
      const direction = slots.moved.add(epsilon).sqrt().div(square.add(epsilon).sqrt()).mul(grad);
      const moved = runningMean(beta, slots.moved, direction.square());
      return { x: x.sub(direction.mul(rate)), slots: { square, moved } };
    },
  });
}
