// Tucker decomposition of the entries that are there, by expectation-maximisation: gaps are filled with what the
// model says of them, then one sweep of HOOI improves the model (Geng, Miles, Zhou, Wang, "Face image modeling by
// multilinear subspace analysis with missing values", 2009).

import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { multiModeProduct } from "../base/unfold.ts";
import { type HooiResult, hooi } from "../tucker/hooi.ts";
import { sthosvd } from "../tucker/sthosvd.ts";

export interface MaskedTuckerOptions extends IterationOptions {
  readonly ranks: readonly number[];
  readonly tol: number;
  readonly maxIterations: number;
}

/**
 * Fits the entries where the bool tensor `mask` is true; `x` holds anything finite elsewhere. Errors are relative to
 * the present entries and never grow. The share of missing entries is about the factor by which an error shrinks a
 * sweep. Checks nothing. O(Σ_k size · r_k) a sweep.
 */
export function maskedTucker(x: Tensor, mask: Tensor, options: MaskedTuckerOptions): HooiResult {
  const { ranks, tol, maxIterations } = options;
  const share = mask.astype(x.dtype);
  const present = x.mul(share);
  const scale = frobenius(present);
  const gaps = share.neg().add(1);
  // To start with, what is missing is the mean of what is there.
  let model: Tensor = present.sum().div(share.sum()).broadcastTo(x.shape);
  let filled = present.add(gaps.mul(model));
  let fit: HooiResult = {
    ...sthosvd(filled, { ranks }),
    iterations: 0,
    converged: false,
    history: [],
  };
  const history: number[] = [];
  let error = Number.POSITIVE_INFINITY;
  let converged = false;
  while (history.length < maxIterations && !converged) {
    checkAborted(options.signal, "complete");
    // The first sweep improves on the truncated start, which no error is known of.
    fit = hooi(filled, fit, { maxIterations: 1, tol: 0 });
    model = multiModeProduct(fit.core, fit.factors);
    const next = scale === 0 ? 0 : frobenius(present.sub(model.mul(share))) / scale;
    filled = present.add(gaps.mul(model));
    converged = Math.abs(error - next) < tol;
    error = next;
    history.push(error);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: `sweep ${history.length}` });
  }
  return { ...fit, error, iterations: history.length, converged, history };
}
