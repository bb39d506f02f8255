// Methods for large batches, whose steps are as long as a share of each tensor's norm: LAMB and LARS.

import { where } from "../../ops/comparison.ts";
import { checkFraction } from "../../tensor/check.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkAtLeastZero } from "../blocks/options.ts";
import type { GradientOptimizer } from "../optimizer.ts";
import type { Schedule } from "../schedules/decay.ts";
import { type AdamOptions, type AdamState, adamOptions, decayOf } from "./adam.ts";
import {
  correction,
  type DecayOptions,
  elementwiseOptimizer,
  runningMean,
  type SlotState,
} from "./elementwise.ts";

const norm = (x: Tensor): Tensor => x.square().sum().sqrt();

/** a/b, or 1 where either is 0. */
function ratio(a: Tensor, b: Tensor): Tensor {
  const isPlain = a.equal(0).mul(1).add(b.equal(0).mul(1)).greater(0);
  return where(isPlain, 1, a.div(where(b.equal(0), 1, b).astype(b.dtype))).astype(a.dtype);
}

/**
 * Adam's direction with weight decay, u = m̂/(√v̂ + ε) + weightDecay·x, scaled tensor by tensor: x ← x - rate·min(‖x‖, 10)/‖u‖·u, where
 * the ratio is 1 when a norm is 0. `epsilon` is 1e-6 and `weightDecay` 0.01 unless told. Throws what `adam` throws.
 *
 * Source: You and others, Large batch optimization for deep learning: training BERT in 76 minutes (2020), algorithm 2.
 */
export function lamb<P, B = undefined>(
  options: AdamOptions & DecayOptions = {},
): GradientOptimizer<P, B, AdamState<P>> {
  const { learningRate, beta1, beta2, epsilon } = adamOptions("lamb", options, 1e-6);
  return elementwiseOptimizer<P, B, "mean" | "square", "rate" | "first" | "root">({
    name: "lamb",
    learningRate,
    ...decayOf({ weightDecay: 0.01, ...options }),
    slots: ["mean", "square"],
    scalars: (rate, count) => ({
      rate,
      first: correction(beta1, count),
      root: correction(beta2, count).sqrt(),
    }),
    leaf: ({ x, grad, slots, decay }, { rate, first, root }) => {
      const mean = runningMean(beta1, slots.mean, grad);
      const square = runningMean(beta2, slots.square, grad.square());
      const adapted = mean.div(first).div(square.sqrt().div(root).add(epsilon));
      const direction = decay > 0 ? adapted.add(x.mul(decay)) : adapted;
      const trust = ratio(norm(x).minimum(10), norm(direction));
      return { x: x.sub(direction.mul(trust.mul(rate))), slots: { mean, square } };
    },
  });
}

export interface LarsOptions extends DecayOptions {
  /** A number, or a function of the step. */
  readonly learningRate: number | Schedule;
  /** Share of the last velocity that is kept, 0.9 unless told. */
  readonly momentum?: number;
  /** Length of a step as a share of the tensor's norm, at learning rate 1. 1e-3 unless told. */
  readonly trust?: number;
}

/**
 * Gradient descent with momentum whose rate is scaled tensor by tensor: v ← μv + rate·t·(g + weightDecay·x), x ← x - v with
 * t = trust·‖x‖/(‖g‖ + weightDecay·‖x‖), 1 when a norm is 0. Throws DomainError for options out of range, DTypeError for
 * parameters that are no real floats.
 *
 * Source: You, Gitman, Ginsburg, Large batch training of convolutional networks (2017), algorithm 1.
 */
export function lars<P, B = undefined>(
  options: LarsOptions,
): GradientOptimizer<P, B, SlotState<P, "velocity">> {
  const { learningRate, momentum = 0.9, trust = 1e-3 } = options;
  checkFraction("lars: momentum", momentum);
  checkAtLeastZero(trust, "lars: trust");
  return elementwiseOptimizer<P, B, "velocity", "rate">({
    name: "lars",
    learningRate,
    ...decayOf(options),
    slots: ["velocity"],
    scalars: (rate) => ({ rate }),
    leaf: ({ x, grad, slots, decay }, { rate }) => {
      const size = norm(x);
      const local = ratio(size.mul(trust), norm(grad).add(size.mul(decay)));
      const direction = decay > 0 ? grad.add(x.mul(decay)) : grad;
      const velocity = slots.velocity.mul(momentum).add(direction.mul(local.mul(rate)));
      return { x: x.sub(velocity), slots: { velocity } };
    },
  });
}
