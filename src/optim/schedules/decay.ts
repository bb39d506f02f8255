// Learning rates that change from step to step.

import { floor } from "../../ops/arithmetic.ts";
import { asTensor } from "../../ops/operands.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** The learning rate of a step, by the number of steps done before it (a scalar tensor, 0 at first). */
export type Schedule = (step: Tensor) => Tensor;

/** The same at every step. Throws DomainError for a negative or infinite value. */
export function constant(value: number): Schedule {
  checkRate(value, "constant: value");
  return () => asTensor(value);
}

/** A straight line from `from` to `to` (0 unless told) within `steps` steps, then `to`. */
export function linearDecay(options: {
  readonly from: number;
  readonly to?: number;
  readonly steps: number;
}): Schedule {
  const { from, to = 0, steps } = options;
  checkDecay(from, to, steps, "linearDecay");
  return (step) =>
    progress(step, steps)
      .mul(to - from)
      .add(from);
}

/** Half a period of a cosine from `from` to `to` (0 unless told) within `steps` steps, then `to`. */
export function cosineDecay(options: {
  readonly from: number;
  readonly to?: number;
  readonly steps: number;
}): Schedule {
  const { from, to = 0, steps } = options;
  checkDecay(from, to, steps, "cosineDecay");
  return (step) =>
    progress(step, steps)
      .mul(Math.PI)
      .cos()
      .mul((from - to) / 2)
      .add((from + to) / 2);
}

/** `from`·`rate`^(step / `steps`): multiplied by `rate` every `steps` steps, smoothly in between. */
export function exponentialDecay(options: {
  readonly from: number;
  readonly rate: number;
  readonly steps?: number;
}): Schedule {
  const { from, rate, steps = 1 } = options;
  checkDecay(from, 0, steps, "exponentialDecay");
  checkFactor(rate, "exponentialDecay");
  return (step) =>
    step
      .astype("float64")
      .mul(Math.log(rate) / steps)
      .exp()
      .mul(from);
}

/** `from`·`rate`^⌊step / `every`⌋: multiplied by `rate` at every `every`-th step. */
export function stepDecay(options: {
  readonly from: number;
  readonly rate: number;
  readonly every: number;
}): Schedule {
  const { from, rate, every } = options;
  checkDecay(from, 0, every, "stepDecay");
  checkFactor(rate, "stepDecay");
  return (step) => floor(step.astype("float64").div(every)).mul(Math.log(rate)).exp().mul(from);
}

/** `to` + (`from` - `to`)·(1 - step / `steps`)^`power`, then `to` (0 unless told). */
export function polynomialDecay(options: {
  readonly from: number;
  readonly to?: number;
  readonly steps: number;
  readonly power: number;
}): Schedule {
  const { from, to = 0, steps, power } = options;
  checkDecay(from, to, steps, "polynomialDecay");
  checkFactor(power, "polynomialDecay", "power");
  return (step) => {
    const left = progress(step, steps).neg().add(1);
    return left
      .pow(power)
      .mul(from - to)
      .add(to);
  };
}

/** The share of `steps` that is done, at most 1. */
const progress = (step: Tensor, steps: number): Tensor => step.astype("float64").div(steps).minimum(1);

/** Throws DomainError for what is no learning rate. */
export function checkRate(value: number, what: string): void {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new DomainError(`${what}: a finite number of at least 0 was expected, got ${value}`);
}

function checkFactor(value: number, what: string, option = "rate"): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new DomainError(`${what}: ${option}: a positive number was expected, got ${value}`);
}

function checkDecay(from: number, to: number, steps: number, what: string): void {
  checkRate(from, `${what}: from`);
  checkRate(to, `${what}: to`);
  if (!(steps > 0 && steps < Number.POSITIVE_INFINITY))
    throw new DomainError(`${what}: steps: a positive number was expected, got ${steps}`);
}
