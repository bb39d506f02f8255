// Higher-order orthogonal iteration: De Lathauwer, De Moor, Vandewalle, "On the best rank-1 and rank-(R1, …, RN)
// approximation of higher-order tensors" (2000).

import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { leftBasis, type TruncationMethod } from "../base/truncation.ts";
import { multiModeProduct } from "../base/unfold.ts";
import type { OrthogonalTucker } from "./sthosvd.ts";

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

/** Relative error of an orthogonal projection, from the norms. Below about 1e-8 (float32: 1e-4) rounding hides it. */
export function projectionError(norm: number, core: Tensor): number {
  if (norm === 0) return 0;
  const kept = frobenius(core) / norm;
  return Math.sqrt(Math.max(0, (1 - kept) * (1 + kept)));
}

/** Whether a sweep changed the relative error by no more than `tol` of it, or the error is as small as `tol`. */
export const settled = (before: number, after: number, tol: number): boolean =>
  Math.abs(before - after) <= tol * after || after <= tol;

/**
 * HOOI: alternating improvement of orthonormal factors, U_k = leading left vectors of x ×_{j≠k} U_jᴴ. The error never
 * grows. Neither checks nor converts x. O(Σ_k size · r_k) a sweep.
 */
export function hooi(x: Tensor, start: OrthogonalTucker, options: HooiOptions = {}): HooiResult {
  const { tol = 1e-8, maxIterations = 50, truncation = "auto" } = options;
  const norm = frobenius(x);
  const ranks = start.core.shape;
  const factors = [...start.factors];
  let core = start.core;
  let error = start.error;
  const history: number[] = [];
  // One mode: the start is the tensor itself up to its rank.
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
    converged = settled(error, next, tol);
    error = next;
    history.push(error);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: "hooi" });
  }
  return { kind: "tucker", core, factors, error, iterations: history.length, converged, history };
}
