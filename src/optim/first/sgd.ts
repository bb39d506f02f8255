// Gradient descent, with momentum where wanted.

import { where } from "../../ops/comparison.ts";
import { checkFraction } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAtLeastZero } from "../blocks/options.ts";
import type { GradientOptimizer } from "../optimizer.ts";
import type { Schedule } from "../schedules/decay.ts";
import { decayOf } from "./adam.ts";
import { type DecayOptions, elementwiseOptimizer, type SlotState } from "./elementwise.ts";

export interface SgdOptions extends DecayOptions {
  /** A number, or a function of the step. */
  readonly learningRate: number | Schedule;
  /** Share of the last velocity that is kept, 0 unless told. */
  readonly momentum?: number;
  /** Steps along the gradient after the velocity is applied once more; false unless told. */
  readonly nesterov?: boolean;
  /** Share of a gradient, after the first, that does not enter the velocity; 0 unless told. */
  readonly dampening?: number;
}

/**
 * Gradient descent: v ← μv + (1 - dampening)·g, x ← x - rate·v, or x - rate·(g + μv) with `nesterov`. The first velocity is the first
 * gradient. `weightDecay` adds its share of x to g. One further copy of the parameters with momentum, none without.
 *
 * Throws DomainError for options out of range or Nesterov's rule without momentum or with dampening, DTypeError for
 * parameters that are no real floats.
 *
 * Source: Sutskever and others, On the importance of initialization and momentum in deep learning (2013); the
 * arrangement of PyTorch.
 */
export function sgd<P, B = undefined>(
  options: SgdOptions,
): GradientOptimizer<P, B, SlotState<P, "velocity">> {
  const { learningRate, momentum = 0, nesterov = false, dampening = 0 } = options;
  checkFraction("sgd: momentum", momentum);
  checkAtLeastZero(dampening, "sgd: dampening");
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new DomainError(
      `sgd: nesterov needs a momentum above 0 and no dampening, got momentum ${momentum} and dampening ${dampening}`,
    );
  return elementwiseOptimizer<P, B, "velocity", "rate" | "share">({
    name: "sgd",
    learningRate,
    ...decayOf(options),
    slots: momentum > 0 ? ["velocity"] : [],
    scalars: (rate, count) => ({ rate, share: where(count.equal(1), 1, 1 - dampening).astype("float64") }),
    leaf: ({ x, grad, slots, decay }, { rate, share }) => {
      const g = decay > 0 ? grad.add(x.mul(decay)) : grad;
      if (momentum === 0) return { x: x.sub(g.mul(rate)), slots };
      const velocity = slots.velocity.mul(momentum).add(dampening === 0 ? g : g.mul(share));
      const direction = nesterov ? velocity.mul(momentum).add(g) : velocity;
      return { x: x.sub(direction.mul(rate)), slots: { velocity } };
    },
  });
}
