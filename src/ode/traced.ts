// Integration by tensor operations alone: what `odeint` is made of.

import { sign } from "../ops/arithmetic.ts";
import { logicalAnd, where } from "../ops/comparison.ts";
import { concat } from "../ops/join.ts";
import { arange, full, tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { scan } from "../transform/control/scan.ts";
import { whileLoop } from "../transform/control/whileLoop.ts";
import { stopGradient } from "../transform/stop.ts";
import { LEAST_ERROR, type PidController } from "./controller.ts";
import { weightedNorm } from "./methods/explicitStep.ts";
import type { OdeMethod } from "./problem.ts";

type Field = (t: Tensor, y: Tensor, args: unknown) => Tensor;

export interface AdaptiveOptions {
  readonly method: OdeMethod<"plain">;
  readonly controller: PidController;
  readonly rtol: Tensor;
  readonly atol: Tensor;
  readonly maxSteps: number;
  readonly initialStep: number | undefined;
}

export interface TracedSolution {
  /** `[m, n]` */
  readonly y: Tensor;
  /** Trial steps and accepted ones (int32 scalars), and whether the last time was reached. */
  readonly steps: Tensor;
  readonly accepted: Tensor;
  readonly converged: Tensor;
}

/** The first step's length by the rule of `initialStep`, not differentiated. */
function firstStep(
  f: Field,
  args: unknown,
  t: Tensor,
  span: Tensor,
  y: Tensor,
  slope: Tensor,
  { method, rtol, atol }: AdaptiveOptions,
): Tensor {
  const scale = y.abs().mul(rtol).add(atol);
  const d0 = weightedNorm(y, scale);
  const d1 = weightedNorm(slope, scale);
  const isTiny = d0.minimum(d1).less(1e-5);
  const guess = where(isTiny, tensor(1e-6), d0.mul(0.01).div(where(isTiny, tensor(1), d1))).minimum(
    span.abs(),
  );
  const h = sign(span).mul(guess);
  const d2 = weightedNorm(f(t.add(h), y.add(slope.mul(h)), args).sub(slope), scale).div(
    guess.maximum(1e-300),
  );
  const largest = d1.maximum(d2);
  const fitted = where(
    largest.lessEqual(1e-15),
    guess.mul(1e-3).maximum(1e-6),
    tensor(0.01)
      .div(largest.maximum(1e-15))
      .pow(1 / method.errorPower!),
  );
  return stopGradient(guess.mul(100).minimum(fitted).minimum(span.abs()));
}

/**
 * States `[m, n]` at the times `[m]`, the first of which is where y belongs, by steps of controlled error that end at
 * each time. One loop whose length depends on the values. Derivatives are those of the accepted steps, whose lengths are
 * constants but for the last ones before each time. Rows that `maxSteps` do not reach are NaN.
 */
export function adaptiveSolve(
  f: Field,
  y: Tensor,
  times: Tensor,
  args: unknown,
  options: AdaptiveOptions,
): TracedSolution {
  const { method, controller, rtol, atol, maxSteps, initialStep } = options;
  const m = times.shape[0]!;
  const n = y.shape[0]!;
  const t = times.at(0);
  const slope = f(t, y, args);
  const span = times.at(m - 1).sub(t);
  const direction = stopGradient(sign(span));
  const positions = arange(m, undefined, 1, "int32");
  const size =
    initialStep === undefined
      ? firstStep(f, args, t, span, y, slope, options)
      : tensor(initialStep).add(span.mul(0));
  const rest = full([m - 1, n], Number.NaN).astype(y.dtype);
  const one = tensor(1);
  const start = {
    t,
    y,
    slope,
    size: stopGradient(size),
    errors: [one, one] as readonly [Tensor, Tensor],
    sizes: [one, one] as readonly [Tensor, Tensor],
    next: tensor(1, { dtype: "int32" }),
    steps: tensor(0, { dtype: "int32" }),
    accepted: tensor(0, { dtype: "int32" }),
    wasRejected: tensor(false),
    out: concat([y.reshape([1, n]), rest], 0),
  };
  const k = method.errorPower!;
  const { errors, ratios, safety, minFactor, maxFactor } = controller;
  const final = whileLoop(
    (c) => logicalAnd(logicalAnd(c.next.less(m), c.steps.less(maxSteps)), c.size.greater(1e-300)),
    (c) => {
      const isNext = positions.equal(c.next);
      const target = where(isNext, times, times.mul(0)).sum();
      const left = target.sub(c.t);
      const isCut = c.size.mul(1 + 1e-9).greaterEqual(left.abs());
      const h = where(isCut, left, direction.mul(c.size));
      const trial = method.trial!({ f, args, t: c.t, h, y: c.y, slope: c.slope, rtol, atol });
      const error = stopGradient(trial.error);
      const isGood = error.lessEqual(1);
      const length = stopGradient(h.abs());
      const e0 = error.maximum(LEAST_ERROR);
      const first = e0.pow(-errors[0] / k).mul(safety);
      let grow = first;
      if (errors[1] !== 0) grow = grow.mul(c.errors[0].pow(-errors[1] / k));
      if (errors[2] !== 0) grow = grow.mul(c.errors[1].pow(-errors[2] / k));
      if (ratios[0] !== 0) grow = grow.mul(length.div(c.sizes[0]).pow(-ratios[0]));
      if (ratios[1] !== 0) grow = grow.mul(c.sizes[0].div(c.sizes[1]).pow(-ratios[1]));
      const most = where(c.wasRejected, tensor(1), tensor(maxFactor));
      const grown = length.mul(grow.maximum(minFactor).minimum(most));
      // A step cut short by a time says little of what the next one may be.
      const accepted = where(isCut, grown.maximum(c.size), grown);
      // An error that is no number fails both comparisons, and the step shrinks most.
      const shrink = where(
        error.less(Number.POSITIVE_INFINITY),
        e0.pow(-1 / k).mul(safety),
        tensor(minFactor),
      );
      const rejected = length.mul(shrink.maximum(minFactor).minimum(1));
      const isSaved = logicalAnd(isGood, isCut);
      const keep = (now: Tensor, before: Tensor): Tensor => where(isGood, now, before);
      return {
        t: keep(where(isCut, target, c.t.add(h)), c.t),
        y: keep(trial.y, c.y),
        slope: keep(trial.slope, c.slope),
        size: stopGradient(where(isGood, accepted, rejected)),
        errors: [keep(e0, c.errors[0]), keep(c.errors[0], c.errors[1])] as readonly [Tensor, Tensor],
        sizes: [keep(length, c.sizes[0]), keep(c.sizes[0], c.sizes[1])] as readonly [Tensor, Tensor],
        next: c.next.add(isSaved.astype("int32")),
        steps: c.steps.add(1),
        accepted: c.accepted.add(isGood.astype("int32")),
        wasRejected: isGood.equal(false),
        out: where(logicalAnd(isNext, isSaved).reshape([m, 1]), trial.y.reshape([1, n]), c.out),
      };
    },
    start,
    { maxIterations: maxSteps },
  );
  return {
    y: final.out,
    steps: final.steps,
    accepted: final.accepted,
    converged: final.next.greaterEqual(m),
  };
}

/** States `[m, n]` at the times `[m]` by the same number of equal steps between each two. */
export function fixedSolve(
  step: (t: Tensor, h: Tensor, y: Tensor) => Tensor,
  y: Tensor,
  times: Tensor,
  steps: number,
): Tensor {
  const m = times.shape[0]!;
  const interval = (state: Tensor, from: Tensor, to: Tensor): Tensor => {
    const h = to.sub(from).div(steps);
    return scan(
      (inner: Tensor, i: Tensor) => [step(from.add(h.mul(i)), h, inner), null] as const,
      state,
      arange(steps),
    ).carry;
  };
  const { ys } = scan(
    (state: Tensor, [from, to]: readonly [Tensor, Tensor]) => {
      const next = interval(state, from, to);
      return [next, next] as const;
    },
    y,
    [times.at(`:${m - 1}`), times.at("1:")] as const,
  );
  return concat([y.reshape([1, y.size]), ys], 0);
}
