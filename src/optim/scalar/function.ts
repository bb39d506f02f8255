// What root finders and minimizers of one variable share: the function, the bracket, the tolerances.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A function of one number; a tensor that it returns must hold one element. */
export type ScalarFunction = (x: number) => number | Tensor;

export interface ScalarTolerances {
  /** Absolute error of x that is good enough. 2e-12 unless told. */
  readonly atol?: number;
  /** The same relative to x. 4 ε = 8.9e-16 unless told. */
  readonly rtol?: number;
  /** Most steps. 100 unless told. */
  readonly maxIterations?: number;
}

/** A point, the function there, the number of steps, and whether the tolerance was reached in them. */
export interface ScalarResult {
  readonly x: number;
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
}

const DEFAULTS: Required<ScalarTolerances> = { atol: 2e-12, rtol: 2 ** -50, maxIterations: 100 };

export function tolerances(
  name: string,
  given: ScalarTolerances,
  defaults: Partial<ScalarTolerances> = {},
): Required<ScalarTolerances> {
  const { atol, rtol, maxIterations } = { ...DEFAULTS, ...defaults, ...given };
  for (const [option, value] of Object.entries({ atol, rtol }))
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new DomainError(`${name}: ${option}: a finite number >= 0 was expected, got ${value}`);
  if (!(Number.isInteger(maxIterations) && maxIterations > 0))
    throw new DomainError(`${name}: maxIterations: a positive integer was expected, got ${maxIterations}`);
  return { atol, rtol, maxIterations };
}

/** The function as one from numbers to numbers. */
export function numeric(name: string, f: ScalarFunction): (x: number) => number {
  return (x) => {
    const value = f(x);
    if (typeof value === "number") return value;
    if (value.size !== 1)
      throw new ShapeError(`${name}: f: a single number was expected, got shape ${formatShape(value.shape)}`);
    return value.item();
  };
}

export function checkInterval(name: string, what: string, a: number, b: number): void {
  if (!(Number.isFinite(a) && Number.isFinite(b)))
    throw new DomainError(`${name}: ${what}: finite ends were expected, got ${a} and ${b}`);
}

/** Throws DomainError unless the signs at the ends of a bracket differ. */
export function checkSigns(name: string, a: number, b: number, fa: number, fb: number): void {
  if (!(fa * fb <= 0) && !(Math.sign(fa) * Math.sign(fb) <= 0))
    throw new DomainError(
      `${name}: bracket: values of different signs were expected, got f(${a}) = ${fa} and f(${b}) = ${fb}`,
    );
}
