// The shape that all optimizers share.

import type { Key } from "../random/key.ts";
import type { Tensor } from "../tensor/tensor.ts";

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

/** The result of a step. */
export interface StepOutput<P, S> {
  readonly params: P;
  readonly state: S;
  /** The loss before the step. */
  readonly value: Tensor;
}

/**
 * An optimizer of functions of a tree of tensors. Both functions are pure and made of differentiable operations, so a
 * step can stand inside `jit`. The loss is handed over: first-, second- and zeroth-order methods have one shape.
 */
export interface Optimizer<P, B, S> {
  init(params: P): S;
  step(input: StepInput<P, B, S>): StepOutput<P, S>;
}
