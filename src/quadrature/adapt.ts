// Adaptive integration over regions of any kind: those with the largest errors are split, many at a time, until the sum is exact enough.

import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What all adaptive rules return. */
export interface QuadratureResult {
  /** `[...trailing]` for an integrand of that trailing shape. */
  readonly value: Tensor;
  /** An estimate of the absolute error of every component, of the shape of `value`. */
  readonly error: Tensor;
  /** Points at which the integrand was evaluated. */
  readonly evaluations: number;
  /** Whether the estimate met the tolerance. */
  readonly converged: boolean;
}

export interface Tolerances {
  /** Absolute error that is good enough in every component. 1e-10 unless told. */
  readonly atol?: number;
  /** The same relative to the component. 1e-10 unless told. */
  readonly rtol?: number;
}

export function checkTolerances(
  name: string,
  { atol = 1e-10, rtol = 1e-10 }: Tolerances,
): Required<Tolerances> {
  for (const [option, value] of Object.entries({ atol, rtol }))
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new DomainError(`${name}: ${option}: a finite number >= 0 was expected, got ${value}`);
  return { atol, rtol };
}

export function checkCount(name: string, option: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1))
    throw new DomainError(`${name}: ${option}: an integer >= 1 was expected, got ${value}`);
}

/** A region with its integral and the error of that, component by component. */
export interface Measured<R> {
  readonly region: R;
  readonly value: Float64Array;
  readonly error: Float64Array;
}

export interface Adapted<R> {
  readonly regions: readonly Measured<R>[];
  readonly value: Float64Array;
  readonly error: Float64Array;
  readonly converged: boolean;
}

/** Splits regions until the sum of errors meets the tolerance, `limit` regions are there, or none can be split. */
export function adapt<R>(
  start: readonly R[],
  measure: (regions: readonly R[]) => Measured<R>[],
  split: (region: Measured<R>) => readonly R[] | null,
  { atol, rtol }: Required<Tolerances>,
  limit: number,
): Adapted<R> {
  let regions = measure(start);
  for (;;) {
    const components = regions[0]!.value.length;
    const value = new Float64Array(components);
    const error = new Float64Array(components);
    for (const region of regions)
      for (let c = 0; c < components; c++) {
        value[c]! += region.value[c]!;
        error[c]! += region.error[c]!;
      }
    const allowed = value.map((v) => Math.max(atol, rtol * Math.abs(v)));
    const converged = error.every((e, c) => e <= allowed[c]!);
    if (converged || regions.length >= limit) return { regions, value, error, converged };
    // The share of the allowed error that a region uses up, in its worst component.
    const share = ({ error: own }: Measured<R>): number => {
      let worst = 0;
      own.forEach((e, c) => {
        const used = e / allowed[c]!;
        if (used > worst || Number.isNaN(used)) worst = Number.isNaN(used) ? Number.POSITIVE_INFINITY : used;
      });
      return worst;
    };
    const ranked = regions.map((region) => ({ region, used: share(region) })).sort((a, b) => b.used - a.used);
    const total = ranked.reduce((sum, { used }) => sum + used, 0);
    const kept: Measured<R>[] = [];
    const parts: R[] = [];
    let left = total;
    let count = regions.length;
    for (const { region, used } of ranked) {
      // What is left may stay once it is small against what is allowed and against the worst.
      const isWorst = used >= 0.1 * ranked[0]!.used || left > 0.5;
      const pieces = isWorst && used > 0 && count < limit ? split(region) : null;
      if (pieces === null) kept.push(region);
      else {
        parts.push(...pieces);
        count += pieces.length - 1;
        left -= used;
      }
    }
    if (parts.length === 0) return { regions, value, error, converged };
    regions = [...kept, ...measure(parts)];
  }
}
