// Adam: steps along a running mean of gradients, scaled by the running size of each entry.

import { asTensor } from "../ops/operands.ts";
import { zerosLike } from "../ops/rules.ts";
import { type DType, isFloat } from "../tensor/dtype.ts";
import { DomainError, DTypeError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tree } from "../tensor/tree.ts";
import { valueAndGrad } from "../transform/gradient.ts";
import type { Optimizer } from "./optimizer.ts";
import { checkRate, constant, type Schedule } from "./schedules.ts";

export interface AdamOptions {
  /** A number, or a function of the step. */
  readonly learningRate: number | Schedule;
  /** Decay of the running mean of gradients, 0.9 unless told. */
  readonly beta1?: number;
  /** Decay of the running mean of their squares, 0.999 unless told. */
  readonly beta2?: number;
  /** Added to the root of the mean square, 1e-8 unless told. */
  readonly epsilon?: number;
}

/** Running means like the parameters, in float32 where those are narrower. */
export interface AdamState<P> {
  /** Number of steps done, an int32 scalar. */
  readonly step: Tensor;
  readonly mean: P;
  readonly square: P;
}

/**
 * Adam with bias correction: m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g², x ← x - rate·m̂ / (√v̂ + ε), where m̂ and v̂ are divided
 * by 1 - βᵗ. Takes trees of any real floating dtype; memory of two further copies of the parameters.
 *
 * Throws DomainError for options out of range, DTypeError for parameters that are no real floats.
 *
 * Source: Kingma and Ba, Adam: a method for stochastic optimization (2015).
 */
export function adam<P, B = undefined>(options: AdamOptions): Optimizer<P, B, AdamState<P>> {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  for (const [name, beta] of [
    ["beta1", beta1],
    ["beta2", beta2],
  ] as const)
    if (!(beta >= 0 && beta < 1))
      throw new DomainError(`adam: ${name}: a number from 0 to below 1 was expected, got ${beta}`);
  if (!(epsilon >= 0))
    throw new DomainError(`adam: epsilon: a number of at least 0 was expected, got ${epsilon}`);
  if (typeof learningRate === "number") checkRate(learningRate, "adam: learningRate");
  const schedule = typeof learningRate === "number" ? constant(learningRate) : learningRate;
  return {
    init: (params) => {
      const zeros = (): P =>
        tree.map((x) => zerosLike({ shape: x.shape, dtype: stateDType(x.dtype) }), params);
      return { step: asTensor(0).astype("int32"), mean: zeros(), square: zeros() };
    },
    step: ({ params, state, loss, batch, key }) => {
      const { value, grad } = valueAndGrad((p: P) => loss(p, batch, key!))(params);
      const g = tree.map((x) => x.astype(stateDType(x.dtype)), grad);
      const mean = tree.map((m, x) => m.mul(beta1).add(x.mul(1 - beta1)), state.mean, g);
      const square = tree.map((v, x) => v.mul(beta2).add(x.square().mul(1 - beta2)), state.square, g);
      const step = state.step.add(1);
      // Scalars, in float64 whatever the parameters are: 1 - β₂ᵗ has few digits left in float32.
      const rate = schedule(state.step).astype("float64").div(correction(beta1, step));
      const root = correction(beta2, step).sqrt();
      const next = tree.map(
        (x, m, v) => {
          const size = v.sqrt().div(root.astype(v.dtype)).add(epsilon);
          return x.sub(m.div(size).mul(rate.astype(m.dtype)).astype(x.dtype));
        },
        params,
        mean,
        square,
      );
      return { params: next, state: { step, mean, square }, value };
    },
  };
}

/** 1 - βᵗ: the sum of the weights of the first t terms of a running mean. */
const correction = (beta: number, step: Tensor): Tensor =>
  beta === 0 ? asTensor(1) : step.astype("float64").mul(Math.log(beta)).exp().neg().add(1);

function stateDType(dtype: DType): DType {
  if (!isFloat(dtype))
    throw new DTypeError(`adam: parameters: real floating dtypes were expected, got ${dtype}`);
  return dtype === "float64" ? dtype : "float32";
}
