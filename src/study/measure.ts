// What studies measure of time and cost.

import { fitLine, type LineFit } from "../linalg/systems/fitLine.ts";
import { DomainError } from "../tensor/errors.ts";

export interface Timed<T> {
  readonly value: T;
  /** Median over the runs. */
  readonly milliseconds: number;
}

/**
 * The result of a run and its median time over `times` runs (1 unless told), after one that is not timed where there
 * are several. Time is reported by studies, in ratios taken within one run; it passes or fails none.
 */
export function timed<T>(run: () => T, times = 1): Timed<T> {
  if (!Number.isInteger(times) || times < 1)
    throw new DomainError(`timed: times must be a positive integer, got ${times}`);
  let value: T | undefined = times > 1 ? run() : undefined;
  const spent = Array.from({ length: times }, () => {
    const start = performance.now();
    value = run();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return { value: value as T, milliseconds: spent[times >> 1]! };
}

/**
 * How a cost grows with the size: the slope of log cost over log size (1 for linear cost, 2 for quadratic).
 *
 * @throws DomainError for sizes or costs that are not positive, or fewer than four sizes: three points fit nearly
 *   anything.
 */
export function growthExponent(
  sizes: readonly number[],
  costs: readonly number[],
): LineFit & { exponent: number } {
  if (new Set(sizes).size < 4)
    throw new DomainError(`growthExponent: needs at least 4 sizes, got ${sizes.length}`);
  for (const value of [...sizes, ...costs])
    if (!(value > 0 && Number.isFinite(value)))
      throw new DomainError(`growthExponent: sizes and costs must be positive, got ${value}`);
  const line = fitLine(sizes.map(Math.log), costs.map(Math.log));
  return { ...line, exponent: line.slope };
}
