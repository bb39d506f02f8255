// The search for the strong Wolfe conditions as a loop of tensors, for optimizers that stand inside `jit`.

import { sign } from "../../ops/arithmetic.ts";
import { isfinite, logicalAnd, logicalNot, logicalOr, where } from "../../ops/comparison.ts";
import { asTensor } from "../../ops/operands.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { whileLoop } from "../../transform/control/whileLoop.ts";

/** Scalars of a step along a line, all float64. */
interface Point {
  readonly step: Tensor;
  readonly value: Tensor;
  readonly slope: Tensor;
}

export interface LineResult {
  /** 0 when no step was found that decreases enough. */
  readonly step: Tensor;
  readonly value: Tensor;
  readonly gradient: Tensor;
  readonly evaluations: Tensor;
}

interface Search {
  readonly low: Point;
  readonly high: Point;
  readonly gradient: Tensor;
  readonly next: Tensor;
  readonly isBracketed: Tensor;
  readonly isDone: Tensor;
  readonly evaluations: Tensor;
}

const choose = (condition: Tensor, a: Point, b: Point): Point => ({
  step: where(condition, a.step, b.step),
  value: where(condition, a.value, b.value),
  slope: where(condition, a.slope, b.slope),
});

/** The minimum of the cubic through both ends, kept away from them. */
function interpolate(a: Point, b: Point): Tensor {
  const width = b.step.sub(a.step);
  const d1 = a.slope.add(b.slope).add(a.value.sub(b.value).mul(3).div(width));
  const root = d1.square().sub(a.slope.mul(b.slope)).sqrt().mul(sign(width));
  const share = b.slope
    .add(root)
    .sub(d1)
    .div(b.slope.sub(a.slope).add(root.mul(2)))
    .neg()
    .add(1);
  const isGood = logicalAnd(share.greaterEqual(0.1), share.lessEqual(0.9));
  const isKnown = logicalAnd(isfinite(b.value), isfinite(b.slope));
  return where(isKnown, where(isGood, share, 0.5), 0.1)
    .mul(width)
    .add(a.step);
}

/**
 * As `strongWolfe`, with tensors: from a point of value `value` and gradient `gradient` along `direction`. Ends after `maxEvaluations`
 * with the best step that decreases enough, which may be 0.
 *
 * Source: Nocedal and Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6.
 */
export function wolfeLoop(
  evaluate: (step: Tensor) => { readonly value: Tensor; readonly grad: Tensor },
  start: { readonly value: Tensor; readonly gradient: Tensor; readonly direction: Tensor },
  firstStep: Tensor,
  maxEvaluations: number,
): LineResult {
  const decrease = 1e-4;
  const curvature = 0.9;
  const slopeOf = (gradient: Tensor): Tensor => gradient.mul(start.direction).sum().astype("float64");
  const zero = asTensor(0).astype("float64");
  const value0 = start.value.astype("float64");
  const slope0 = slopeOf(start.gradient);
  const origin: Point = { step: zero, value: value0, slope: slope0 };
  const no = asTensor(false);
  const end = whileLoop<Search>(
    ({ isDone, evaluations }) => logicalAnd(logicalNot(isDone), evaluations.less(maxEvaluations)),
    ({ low, high, gradient, next, isBracketed, evaluations }) => {
      const { value, grad } = evaluate(next);
      const trial: Point = { step: next, value: value.astype("float64"), slope: slopeOf(grad) };
      const isEnough = logicalAnd(
        logicalAnd(isfinite(trial.value), isfinite(trial.slope)),
        trial.value.lessEqual(value0.add(next.mul(slope0).mul(decrease))),
      );
      const isBetter = logicalOr(low.step.lessEqual(0), trial.value.less(low.value));
      const isGood = logicalAnd(isEnough, isBetter);
      const isFlat = trial.slope.abs().lessEqual(slope0.mul(-curvature));
      const away = where(isBracketed, high.step.sub(low.step), 1);
      const isTurned = logicalAnd(isGood, trial.slope.mul(away).greaterEqual(0));
      const nextHigh = choose(isGood, choose(isTurned, low, high), trial);
      const nextLow = choose(isGood, trial, low);
      const bracketed = logicalOr(isBracketed, logicalOr(logicalNot(isGood), isTurned));
      const isNarrow = logicalAnd(
        bracketed,
        nextHigh.step.sub(nextLow.step).abs().lessEqual(nextHigh.step.abs().mul(1e-16)),
      );
      return {
        low: nextLow,
        high: nextHigh,
        gradient: where(isGood, grad, gradient),
        next: where(bracketed, interpolate(nextLow, nextHigh), next.mul(2)),
        isBracketed: bracketed,
        isDone: logicalOr(logicalAnd(isGood, isFlat), isNarrow),
        evaluations: evaluations.add(1),
      };
    },
    {
      low: origin,
      high: origin,
      gradient: start.gradient,
      next: firstStep.astype("float64"),
      isBracketed: no,
      isDone: no,
      evaluations: asTensor(0).astype("int32"),
    },
  );
  return {
    step: end.low.step,
    value: end.low.value,
    gradient: end.gradient,
    evaluations: end.evaluations,
  };
}
