// The Tucker decomposition: HOSVD, ST-HOSVD and HOOI (De Lathauwer, De Moor, Vandewalle 2000).

import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { frobenius } from "./frobenius.ts";
import { checkAborted, checkInput, checkRanks, checkTolerance, type IterationOptions } from "./input.ts";
import { type OrthogonalTucker, type SthosvdOptions, sthosvd } from "./sthosvd.ts";
import { leftBasis, type TruncationMethod } from "./truncation.ts";
import { multiModeProduct } from "./unfold.ts";

export interface HooiOptions extends IterationOptions {
  /** Relative change of the error at which to stop; 1e-8 unless told. */
  readonly tol?: number;
  /** 50 unless told. */
  readonly maxIterations?: number;
  readonly truncation?: TruncationMethod;
}

export interface HooiResult extends OrthogonalTucker {
  readonly iterations: number;
  readonly converged: boolean;
  /** Relative error after each sweep. */
  readonly history: readonly number[];
}

/**
 * HOSVD: the leading left singular vectors of every unfolding of x itself. ‖X − X̂‖² ≤ Σ_k τ_k² ≤ d · best². With
 * `rtol` each mode may cut off rtol·‖X‖/√d.
 */
export function hosvd(x: Tensor, options: SthosvdOptions): OrthogonalTucker {
  const input = checkInput(x, "hosvd");
  const { rtol, ranks, truncation = "auto", maxRank, key } = options;
  if (rtol !== undefined) checkTolerance(rtol, "hosvd");
  if (ranks) checkRanks(ranks, x.shape, "hosvd: ranks");
  if (rtol === undefined && !ranks) throw new DomainError("hosvd: one of rtol and ranks was expected");
  const norm = frobenius(input);
  const delta = ((rtol ?? 0) * norm) / Math.sqrt(input.ndim);
  const factors = input.shape.map((_, mode) => {
    checkAborted(options.signal, "hosvd");
    return leftBasis(
      input,
      mode,
      {
        delta,
        method: truncation,
        ...(ranks && { rank: ranks[mode]! }),
        ...(maxRank !== undefined && { maxRank }),
        ...(key && { key }),
      },
      norm,
    ).u;
  });
  const core = multiModeProduct(input, factors, { adjoint: true });
  return { kind: "tucker", core, factors, error: projectionError(norm, core) };
}

/** Relative error of an orthogonal projection, from the norms. Below about 1e-8 rounding hides it. */
function projectionError(norm: number, core: Tensor): number {
  if (norm === 0) return 0;
  const kept = frobenius(core) / norm;
  return Math.sqrt(Math.max(0, (1 - kept) * (1 + kept)));
}

/**
 * HOOI: alternating improvement of orthonormal factors, U_k = leading left vectors of x ×_{j≠k} U_jᴴ. The error never grows. Neither checks nor converts
 * x. O(Σ_k size · r_k) a sweep.
 */
export function hooi(x: Tensor, start: OrthogonalTucker, options: HooiOptions = {}): HooiResult {
  const { tol = 1e-8, maxIterations = 50, truncation = "auto" } = options;
  const norm = frobenius(x);
  const ranks = start.core.shape;
  const factors = [...start.factors];
  let core = start.core;
  let error = start.error;
  const history: number[] = [];
  let converged = x.ndim < 2;
  while (!converged && history.length < maxIterations) {
    checkAborted(options.signal, "hooi");
    for (let mode = 0; mode < x.ndim; mode++) {
      const projected = multiModeProduct(
        x,
        factors.map((u, k) => (k === mode ? null : u)),
        { adjoint: true },
      );
      factors[mode] = leftBasis(projected, mode, { rank: ranks[mode]!, method: truncation }, norm).u;
      if (mode === x.ndim - 1)
        core = multiModeProduct(
          projected,
          factors.map((u, k) => (k === mode ? u : null)),
          { adjoint: true },
        );
    }
    const next = projectionError(norm, core);
    converged = Math.abs(error - next) <= tol * Math.max(next, Number.MIN_VALUE) || next <= tol;
    error = next;
    history.push(error);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: "hooi" });
  }
  return { kind: "tucker", core, factors, error, iterations: history.length, converged, history };
}

export interface TuckerOptions extends SthosvdOptions, HooiOptions {
  /** `sthosvd` (default), `hosvd`, or `hooi`: the first followed by alternating improvement at its ranks. */
  readonly method?: "sthosvd" | "hosvd" | "hooi";
}

/**
 * Tucker decomposition of a tensor, real or complex, at given `ranks` or to a relative error `rtol`.
 *
 * @throws ShapeError for a scalar or empty tensor, DomainError for entries that are not finite, a tolerance outside [0, 1) or a rank
 * below 1 or above the mode's length.
 */
export function tucker(x: Tensor, options: TuckerOptions): OrthogonalTucker & Partial<HooiResult> {
  const { method = "sthosvd" } = options;
  if (method === "hosvd") return hosvd(x, options);
  const input = checkInput(x, "tucker");
  const start = sthosvd(input, options);
  return method === "sthosvd" ? start : hooi(input, start, options);
}
