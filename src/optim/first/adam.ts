// Adam and its relatives: steps along a running mean of gradients, scaled by the running size of each entry.

import { where } from "../../ops/comparison.ts";
import { asTensor } from "../../ops/operands.ts";
import { checkFraction } from "../../tensor/check.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkAtLeastZero } from "../blocks/options.ts";
import { type GradientOptimizer, gradientOptimizer } from "../optimizer.ts";
import type { Schedule } from "../schedules/decay.ts";
import {
  correction,
  type DecayOptions,
  elementwiseOptimizer,
  runningMean,
  type SlotState,
} from "./elementwise.ts";

export interface AdamOptions {
  /** A number, or a function of the step. 1e-3 unless told. */
  readonly learningRate?: number | Schedule;
  /** Decay of the running mean of gradients, 0.9 unless told. */
  readonly beta1?: number;
  /** Decay of the running mean of their squares, 0.999 unless told. */
  readonly beta2?: number;
  /** Added to the root of the mean square, 1e-8 unless told. */
  readonly epsilon?: number;
}

/** Running means like the parameters, in float32 where those are narrower. */
export type AdamState<P> = SlotState<P, "mean" | "square">;

/** The options of a relative of Adam, checked and complete. */
export function adamOptions(name: string, options: AdamOptions, epsilon0 = 1e-8): Required<AdamOptions> {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = epsilon0 } = options;
  checkFraction(`${name}: beta1`, beta1);
  checkFraction(`${name}: beta2`, beta2);
  checkAtLeastZero(epsilon, `${name}: epsilon`);
  return { learningRate, beta1, beta2, epsilon };
}

/**
 * Adam with bias correction: m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g², x ← x - rate·m̂ / (√v̂ + ε), where m̂ and v̂ are divided
 * by 1 - βᵗ. Takes trees of any real floating dtype; memory of two further copies of the parameters.
 *
 * Throws DomainError for options out of range, DTypeError for parameters that are no real floats.
 *
 * Source: Kingma and Ba, Adam: a method for stochastic optimization (2015).
 */
export const adam = <P, B = undefined>(options: AdamOptions = {}): GradientOptimizer<P, B, AdamState<P>> =>
  adamLike<P, B>("adam", options);

/**
 * Adam with weight decay beside the gradient, not in it: x ← (1 - rate·weightDecay)·x before the step of `adam`.
 * `weightDecay` is 0.01 unless told. Throws what `adam` throws.
 *
 * Source: Loshchilov and Hutter, Decoupled weight decay regularization (2019).
 */
export const adamw = <P, B = undefined>(
  options: AdamOptions & DecayOptions = {},
): GradientOptimizer<P, B, AdamState<P>> => adamLike<P, B>("adamw", { weightDecay: 0.01, ...options });

function adamLike<P, B>(
  name: string,
  options: AdamOptions & DecayOptions,
): GradientOptimizer<P, B, AdamState<P>> {
  const { learningRate, beta1, beta2, epsilon } = adamOptions(name, options);
  return elementwiseOptimizer<P, B, "mean" | "square", "rate" | "step" | "root">({
    name,
    learningRate,
    ...decayOf(options),
    slots: ["mean", "square"],
    scalars: (rate, count) => ({
      rate,
      step: rate.div(correction(beta1, count)),
      root: correction(beta2, count).sqrt(),
    }),
    leaf: ({ x, grad, slots, decay }, { rate, step, root }) => {
      const mean = runningMean(beta1, slots.mean, grad);
      const square = runningMean(beta2, slots.square, grad.square());
      const move = mean.div(square.sqrt().div(root).add(epsilon)).mul(step);
      return { x: shrunk(x, rate, decay).sub(move), slots: { mean, square } };
    },
  });
}

/** The options of weight decay alone, without keys that were left out. */
export const decayOf = ({ weightDecay, decays }: DecayOptions): DecayOptions => ({
  ...(weightDecay === undefined ? {} : { weightDecay }),
  ...(decays === undefined ? {} : { decays }),
});

/** (1 - rate·decay)·x */
export const shrunk = (x: Tensor, rate: Tensor, decay: number): Tensor =>
  decay === 0 ? x : x.mul(rate.mul(-decay).add(1));

/**
 * Adam whose divisor never falls: the largest mean square so far takes the place of the mean square. Throws what `adam` throws.
 *
 * Source: Reddi, Kale, Kumar, On the convergence of Adam and beyond (2018); bias corrections as in PyTorch.
 */
export function amsgrad<P, B = undefined>(
  options: AdamOptions = {},
): GradientOptimizer<P, B, SlotState<P, "mean" | "square" | "largest">> {
  const { learningRate, beta1, beta2, epsilon } = adamOptions("amsgrad", options);
  return elementwiseOptimizer({
    name: "amsgrad",
    learningRate,
    slots: ["mean", "square", "largest"],
    scalars: (rate, count) => ({
      step: rate.div(correction(beta1, count)),
      root: correction(beta2, count).sqrt(),
    }),
    leaf: ({ x, grad, slots }, { step, root }) => {
      const mean = runningMean(beta1, slots.mean, grad);
      const square = runningMean(beta2, slots.square, grad.square());
      const largest = slots.largest.maximum(square);
      return {
        x: x.sub(mean.div(largest.sqrt().div(root).add(epsilon)).mul(step)),
        slots: { mean, square, largest },
      };
    },
  });
}

/**
 * Adam with the rectification of its variance: as long as too few squares were seen to divide by (ρ ≤ 5), steps follow the mean
 * alone. Throws what `adam` throws.
 *
 * Source: Liu and others, On the variance of the adaptive learning rate and beyond (2020), algorithm 2.
 */
export function radam<P, B = undefined>(options: AdamOptions = {}): GradientOptimizer<P, B, AdamState<P>> {
  const { learningRate, beta1, beta2, epsilon } = adamOptions("radam", options);
  const limit = 2 / (1 - beta2) - 1;
  return elementwiseOptimizer<P, B, "mean" | "square", "step" | "root" | "share" | "rest">({
    name: "radam",
    learningRate,
    slots: ["mean", "square"],
    scalars: (rate, count) => {
      const seen = correction(beta2, count);
      // Length of the simple average that the running mean of squares amounts to.
      const rho = count.mul(seen.neg().add(1)).mul(2).div(seen).neg().add(limit);
      const known = rho.maximum(5);
      const rectified = known
        .sub(4)
        .mul(known.sub(2))
        .mul(limit / ((limit - 4) * (limit - 2)))
        .div(known)
        .sqrt();
      const isKnown = rho.greater(5);
      return {
        step: rate.div(correction(beta1, count)),
        root: seen.sqrt(),
        share: where(isKnown, rectified, 0),
        rest: where(isKnown, 0, 1).astype("float64"),
      };
    },
    leaf: ({ x, grad, slots }, { step, root, share, rest }) => {
      const mean = runningMean(beta1, slots.mean, grad);
      const square = runningMean(beta2, slots.square, grad.square());
      const factor = root.mul(share).div(square.sqrt().add(epsilon)).add(rest);
      return { x: x.sub(mean.mul(factor).mul(step)), slots: { mean, square } };
    },
  });
}

/**
 * Adam with Nesterov's look ahead: the mean of the next step takes the place of this one. Decays of the mean grow with the steps,
 * β₁(1 - 0.96^(0.004 t)/2). Throws what `adam` throws.
 *
 * Source: Dozat, Incorporating Nesterov momentum into Adam (2016).
 */
export function nadam<P, B = undefined>(
  options: AdamOptions = {},
): GradientOptimizer<P, B, SlotState<P, "mean" | "square"> & { readonly product: Tensor }> {
  const { learningRate, beta1, beta2, epsilon } = adamOptions("nadam", {
    learningRate: 2e-3,
    ...options,
  });
  const decayAt = (count: Tensor): Tensor =>
    count
      .mul(0.004 * Math.log(0.96))
      .exp()
      .mul(-0.5)
      .add(1)
      .mul(beta1);
  // The product of all decays so far is the only state beside the means.
  const withProduct = (product: Tensor) =>
    elementwiseOptimizer<P, B, "mean" | "square", "fresh" | "old" | "root">({
      name: "nadam",
      learningRate,
      slots: ["mean", "square"],
      scalars: (rate, count) => {
        const now = decayAt(count);
        const next = decayAt(count.add(1));
        const done = product.mul(now);
        return {
          fresh: rate.mul(now.neg().add(1)).div(done.neg().add(1)),
          old: rate.mul(next).div(done.mul(next).neg().add(1)),
          root: correction(beta2, count).sqrt(),
        };
      },
      leaf: ({ x, grad, slots }, { fresh, old, root }) => {
        const mean = runningMean(beta1, slots.mean, grad);
        const square = runningMean(beta2, slots.square, grad.square());
        const move = grad.mul(fresh).add(mean.mul(old));
        return { x: x.sub(move.div(square.sqrt().div(root).add(epsilon))), slots: { mean, square } };
      },
    });
  const one = asTensor(1).astype("float64");
  const { init } = withProduct(one);
  return gradientOptimizer({
    init: (params: P) => ({ ...init(params), product: one }),
    update: ({ params, state: { product, ...state }, grad }) => {
      const next = withProduct(product).update({ params, state, grad });
      const done = product.mul(decayAt(next.state.step.astype("float64")));
      return { ...next, state: { ...next.state, product: done } };
    },
  });
}
