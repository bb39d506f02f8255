// The Tucker decomposition of dense and sparse tensors: one door to HOSVD, ST-HOSVD, HOOI and the non-negative form.

import { DomainError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { cancellationLevel, residualNorm } from "../base/exactError.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkInput, checkMaxRank, checkRanks, checkTolerance } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import { isSparse, type SparseTensor } from "../base/sparse.ts";
import { leftBasis } from "../base/truncation.ts";
import { multiModeProduct } from "../base/unfold.ts";
import type { Tucker } from "../types.ts";
import { coreShape } from "./coreShapes.ts";
import { type HooiOptions, hooi, projectionError } from "./hooi.ts";
import { nonnegativeTucker } from "./nonnegative.ts";
import { sparseTucker } from "./sparse.ts";
import { type OrthogonalTucker, rankLimits, type SthosvdOptions, sthosvd } from "./sthosvd.ts";

/**
 * HOSVD (De Lathauwer, De Moor, Vandewalle 2000): the leading left singular vectors of every unfolding of x itself.
 * ‖X − X̂‖² ≤ Σ_k τ_k² ≤ d · best². With `rtol` each mode may cut off rtol·‖X‖/√d. O(Σ_k n_k · size).
 *
 * @throws as `tucker` does.
 */
export function hosvd(x: Tensor, options: SthosvdOptions): OrthogonalTucker {
  const input = checkInput(x, "hosvd");
  const { rtol, ranks, truncation = "auto", maxRank, key } = options;
  if (rtol !== undefined) checkTolerance(rtol, "hosvd");
  if (ranks) checkRanks(ranks, x.shape, "hosvd: ranks");
  if (rtol === undefined && !ranks && maxRank === undefined)
    throw new DomainError("hosvd: one of rtol, ranks and maxRank was expected");
  if (maxRank !== undefined) checkMaxRank(maxRank, "hosvd");
  const norm = frobenius(input);
  const unit = rangeScale(input, norm);
  if (unit !== 1) {
    const fit = hosvd(input.div(unit), options);
    return { ...fit, core: fit.core.mul(unit) };
  }
  const delta = ((rtol ?? 0) * norm) / Math.sqrt(input.ndim);
  const factors = input.shape.map((n, mode) => {
    checkAborted(options.signal, "hosvd");
    options.onProgress?.({ fraction: mode / input.ndim, stage: `mode ${mode}` });
    return leftBasis(
      input,
      mode,
      {
        delta,
        method: truncation,
        ...rankLimits(n, ranks?.[mode], rtol, maxRank),
        ...(key && { key }),
      },
      norm,
    ).u;
  });
  const core = multiModeProduct(input, factors, { adjoint: true });
  return { kind: "tucker", core, factors, error: projectionError(norm, core) };
}

export interface TuckerOptions extends SthosvdOptions, HooiOptions {
  /** `sthosvd` (default), `hosvd`, or `hooi`: the first followed by alternating improvement at its ranks. */
  readonly method?: "sthosvd" | "hosvd" | "hooi";
  /**
   * Numbers that core and factors may take together, instead of `rtol` or `ranks`: `coreShape` chooses the ranks,
   * `hooi` fits them unless another method is told.
   */
  readonly budget?: number;
  /**
   * Core and factors without negative numbers, at given `ranks`: see `nonnegativeTucker`. "hals" unless "mu" is told.
   */
  readonly nonneg?: boolean | "hals" | "mu";
}

/** What `tucker` returns; how it iterated where the method does. */
export interface TuckerResult extends Tucker {
  /** ‖X − X̂‖ / ‖X‖; formed explicitly where the norms could not tell it. */
  readonly error: number;
  readonly iterations?: number;
  readonly converged?: boolean;
  readonly history?: readonly number[];
}

/**
 * Tucker decomposition of a tensor, real or complex, at given `ranks` (a rank above the product of the others is
 * lowered to it) or to a relative error `rtol`, or within a `budget` of numbers. Orthonormal factors, unless
 * `nonneg`. Sparse tensors need `ranks` and go through HOOI on their entries, or non-negative updates of them. Cost as for `sthosvd`, `hosvd`, `hooi`,
 * `sparseTucker` and `nonnegativeTucker`.
 *
 * @throws ShapeError for a scalar or empty tensor; DTypeError for complex input with `nonneg`; DomainError for
 * entries that are not finite, a tolerance outside [0, 1), a rank below 1 or above the mode's length, a budget below
 * the numbers of ranks 1, an `order` that is no permutation, or options that do not go together.
 */
export function tucker(x: Tensor | SparseTensor, options: TuckerOptions): TuckerResult {
  if (options.budget !== undefined) return tuckerWithin(x, options.budget, options);
  const { method = "sthosvd", nonneg = false, ranks, ...rest } = options;
  if (isSparse(x, "tucker")) {
    if (!ranks || options.rtol !== undefined)
      throw new DomainError("tucker: a sparse tensor takes ranks, not rtol");
    if (nonneg) return nonnegativeTucker(x, { ...rest, ranks, method: nonneg === "mu" ? "mu" : "hals" });
    return sparseTucker(x, { ...rest, ranks });
  }
  if (nonneg) {
    if (!ranks) throw new DomainError("tucker: nonneg needs ranks");
    return nonnegativeTucker(x, { ...rest, ranks, method: nonneg === "mu" ? "mu" : "hals" });
  }
  const input = checkInput(x, "tucker");
  const norm = frobenius(input);
  const unit = rangeScale(input, norm);
  if (unit !== 1) {
    const fit = tucker(input.div(unit), options);
    return { ...fit, core: fit.core.mul(unit) };
  }
  const found = method === "hosvd" ? hosvd(input, options) : sthosvd(input, options);
  const fit = method === "hooi" ? hooi(input, found, options) : found;
  if (norm === 0 || fit.error > cancellationLevel(input.dtype)) return fit;
  const rows = (u: Tensor): Tensor => multiModeProduct(fit.core, [u, ...fit.factors.slice(1)]);
  return { ...fit, error: residualNorm(input, fit.factors[0]!, rows) / norm };
}

/** Ranks for the budget from the spectra alone, then the decomposition of these ranks. */
function tuckerWithin(x: Tensor | SparseTensor, budget: number, options: TuckerOptions): TuckerResult {
  const { budget: _budget, rtol, ranks, maxRank, ...rest } = options;
  if (isSparse(x, "tucker")) throw new DomainError("tucker: a sparse tensor takes ranks, but no budget");
  if (rtol !== undefined || ranks || maxRank !== undefined)
    throw new DomainError("tucker: a budget says how large; rtol, ranks and maxRank do not go with it");
  return tucker(x, { method: "hooi", ...rest, ranks: coreShape(x, { budget }).ranks });
}
