// Schedules made of schedules.

import { where } from "../../ops/comparison.ts";
import { asTensor } from "../../ops/operands.ts";
import { checkCount } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkRate, constant, type Schedule } from "./decay.ts";

/** Rises in a straight line from `from` (0 unless told) to the first value of `inner` within `steps` steps, then follows `inner` from its beginning. */
export function warmup(
  inner: Schedule | number,
  options: { readonly steps: number; readonly from?: number },
): Schedule {
  const { steps, from = 0 } = options;
  checkCount("warmup: steps", steps);
  checkRate(from, "warmup: from");
  const then = typeof inner === "number" ? constant(inner) : inner;
  return (step) => {
    const done = step.astype("float64").div(steps);
    const first = then(step.mul(0)).astype("float64");
    return where(done.less(1), first.sub(from).mul(done).add(from), then(step.sub(steps).maximum(0)));
  };
}

/**
 * One schedule after the other: the i-th ends before step `boundaries[i]`, and each counts from its own beginning. Throws DomainError
 * unless boundaries grow and there is one fewer than schedules.
 */
export function join(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  checkBoundaries(boundaries, schedules.length, "join");
  return (step) =>
    boundaries.reduce(
      (value, boundary, i) =>
        where(step.less(boundary), value, schedules[i + 1]!(step.sub(boundary).maximum(0))),
      schedules[0]!(step).astype("float64"),
    );
}

/** `values[i]` before step `boundaries[i]`, the last value from then on. Throws DomainError as `join`. */
export function piecewise(options: {
  readonly values: readonly number[];
  readonly boundaries: readonly number[];
}): Schedule {
  const { values, boundaries } = options;
  checkBoundaries(boundaries, values.length, "piecewise");
  return join(values.map(constant), boundaries);
}

/**
 * Half a cosine up from `peak` / `startDivisor` to `peak` within the share `rise` of all steps, then half a cosine down to the
 * first value / `endDivisor` at the last step. Steps beyond stay there. The values of PyTorch's `OneCycleLR`.
 *
 * Source: Smith and Topin, Super-convergence: very fast training of neural networks using large learning rates (2019).
 */
export function oneCycle(options: {
  readonly peak: number;
  readonly steps: number;
  readonly rise?: number;
  readonly startDivisor?: number;
  readonly endDivisor?: number;
}): Schedule {
  const { peak, steps, rise = 0.3, startDivisor = 25, endDivisor = 1e4 } = options;
  checkRate(peak, "oneCycle: peak");
  checkCount("oneCycle: steps", steps);
  if (!(rise > 0 && rise < 1 && rise * steps > 1))
    throw new DomainError(
      `oneCycle: rise: a share below 1 that holds more than one step was expected, got ${rise} of ${steps}`,
    );
  for (const [name, value] of Object.entries({ startDivisor, endDivisor }))
    if (!(value > 0))
      throw new DomainError(`oneCycle: ${name}: a positive number was expected, got ${value}`);
  const first = peak / startDivisor;
  const last = first / endDivisor;
  const top = rise * steps - 1;
  const wave = (from: number, to: number, share: Tensor): Tensor =>
    share
      .mul(Math.PI)
      .cos()
      .mul((from - to) / 2)
      .add((from + to) / 2);
  return (step) => {
    const at = step.astype("float64");
    const down = at
      .sub(top)
      .div(steps - 1 - top)
      .minimum(1);
    return where(at.lessEqual(top), wave(first, peak, at.div(top)), wave(peak, last, down));
  };
}

/** The value of a schedule at a step, as a number: for tables and plots. */
export const scheduleAt = (schedule: Schedule, step: number): number =>
  schedule(asTensor(step).astype("int32")).item();

function checkBoundaries(boundaries: readonly number[], count: number, what: string): void {
  const isRising = boundaries.every((b, i) => Number.isSafeInteger(b) && b > (boundaries[i - 1] ?? 0));
  if (count === 0 || boundaries.length !== count - 1 || !isRising)
    throw new DomainError(
      `${what}: boundaries: ${Math.max(count - 1, 0)} growing positive integers were expected, got [${boundaries.join(", ")}]`,
    );
}
