// The shape that all optimizers share.

import type { Key } from "../random/key.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { valueAndGrad } from "../transform/gradient.ts";

/** What a step of an optimizer needs. P: parameters, B: data of a step, S: state of the optimizer; all are trees. */
export interface StepInput<P, B, S> {
  readonly params: P;
  readonly state: S;
  /** The scalar to minimise. Optimizers differentiate it, or evaluate it, as often as they need. */
  loss(params: P, batch: B, key: Key): Tensor;
  readonly batch: B;
  /** Handed to the loss; may be left out for a loss that is not random. */
  readonly key?: Key;
}

/** Scalars that tell of a step: its length, the damping, the number of evaluations. */
export type StepInfo = Readonly<Record<string, Tensor>>;

/** The result of a step. */
export interface StepOutput<P, S> {
  readonly params: P;
  readonly state: S;
  /** The loss before the step. */
  readonly value: Tensor;
  readonly info?: StepInfo;
}

/**
 * An optimizer of functions of a tree of tensors. Both functions are pure and made of differentiable operations, so a
 * step can stand inside `jit`. The loss is handed over: first-, second- and zeroth-order methods have one shape.
 */
export interface Optimizer<P, B, S> {
  /**
   * The state before the first step. Methods that learn from the layers of a model (`kfac`) know the shapes of their state
   * from an example of a step; without one they complete it in the first step.
   */
  init(params: P, example?: Pick<StepInput<P, B, S>, "loss" | "batch" | "key">): S;
  step(input: StepInput<P, B, S>): StepOutput<P, S>;
}

/** What a step needs of a method that knows of the loss only its gradient. */
export interface UpdateInput<P, S> {
  readonly params: P;
  readonly state: S;
  readonly grad: P;
}

/** An optimizer whose step depends on the loss by one gradient only, so that the gradient can come from elsewhere or be changed on its way. */
export interface GradientOptimizer<P, B, S> extends Optimizer<P, B, S> {
  /** The step along a gradient that is known. */
  update(input: UpdateInput<P, S>): Omit<StepOutput<P, S>, "value">;
}

/** The optimizer that differentiates the loss and hands the gradient to `update`. */
export function gradientOptimizer<P, B, S>(
  method: Pick<GradientOptimizer<P, B, S>, "init" | "update">,
): GradientOptimizer<P, B, S> {
  return {
    init: method.init,
    update: method.update,
    step: ({ params, state, loss, batch, key }) => {
      const { value, grad } = valueAndGrad((p: P) => loss(p, batch, key!))(params);
      return { ...method.update({ params, state, grad: grad as P }), value };
    },
  };
}
