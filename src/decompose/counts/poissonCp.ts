// CP of counts by the Poisson likelihood.

import type { Key } from "../../random/key.ts";
import { checkCount } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { CP } from "../types.ts";
import { type CountData, checkCounts, emptyNotes } from "./countData.ts";
import {
  asCp,
  emptyRows,
  fillEmptyRows,
  poissonLoss,
  ratesOf,
  startPoisson,
  updateFactors,
} from "./poissonModel.ts";

export interface PoissonCpOptions extends IterationOptions {
  readonly rank: number;
  /** Takes counts that are no integers. */
  readonly allowReal?: boolean;
  /** Relative change of the loss at which to stop, 1e-6 unless told. */
  readonly tol?: number;
  /** Sweeps, 200 unless told. */
  readonly maxIterations?: number;
}

export interface PoissonCpResult extends CP {
  /** Σ λ − y log λ over the observed entries, after each sweep; it never grows. */
  readonly history: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
  /** Rows of each mode without any observed entry; they are the mean of the others. */
  readonly emptyRows: readonly (readonly number[])[];
  readonly notes: readonly string[];
}

/**
 * Non-negative CP of counts at scattered entries, y ~ Poisson(λ), by multiplicative updates (expectation-maximisation);
 * a local minimum. Entries that are not given are unknown, not 0. O(m d² rank) a sweep.
 *
 * @throws ShapeError for indices that are not `[m, d]` or outside of the shape, or counts that are not `[m]`;
 * DomainError for counts that are negative, no integers, not finite or all 0, and options out of range; AbortedError.
 */
export function poissonCp(key: Key, data: CountData, options: PoissonCpOptions): PoissonCpResult {
  const { rank, allowReal = false, tol = 1e-6, maxIterations = 200 } = options;
  checkCount("poissonCp: rank", rank);
  checkCount("poissonCp: maxIterations", maxIterations);
  if (!(tol >= 0)) throw new DomainError(`poissonCp: tol: a number of at least 0 was expected, got ${tol}`);
  const { indices, counts, notes } = checkCounts(data, "poissonCp", allowReal);
  const model = startPoisson(key, { shape: data.shape, rank, indices, counts }, 1);
  const detected = new Float64Array(counts.length).fill(1);
  const history: number[] = [];
  let converged = false;
  while (history.length < maxIterations && !converged) {
    checkAborted(options.signal, "poissonCp");
    updateFactors(model, detected);
    const loss = poissonLoss(ratesOf(model), counts, detected);
    const before = history.at(-1);
    converged = before !== undefined && Math.abs(before - loss) <= tol * Math.abs(loss);
    history.push(loss);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: `sweep ${history.length}` });
  }
  const empty = emptyRows(model);
  fillEmptyRows(model, empty);
  return {
    ...asCp(model),
    history,
    iterations: history.length,
    converged,
    emptyRows: empty,
    notes: [...notes, ...emptyNotes(empty)],
  };
}
