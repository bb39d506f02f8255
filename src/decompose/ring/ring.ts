// Tensor rings: Zhao, Zhou, Xie, Zhang, Cichocki, "Tensor ring decomposition" (2016).

import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkInput, checkRanks, checkTolerance } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import { type RingAlsResult, refineRing } from "./als.ts";
import { type RingOptions, type RingResult, ringSvd } from "./svd.ts";

/**
 * Tensor ring decomposition of a tensor, real or complex.
 *
 * TR-SVD: the first cut may remove √(2/d)·rtol·‖X‖, and its rank is split into the pair of factors r_s · r_{s+1}
 * nearest to a square; each later one rtol·‖X‖/√d, so the error is at most rtol·‖X‖. A prime rank above 3 splits
 * badly: it is also tried with one more, and the smaller ring is kept. O(size · n_s) for the first cut, less for each
 * next one.
 *
 * TR-ALS: O(size · r²) a mode and sweep; there are local minima, hence several starts.
 *
 * @throws ShapeError for a scalar or empty tensor or a wrong number of ranks; DomainError for entries that are not
 * finite, a tolerance outside [0, 1), ranks below 1 or a split that is not a mode.
 */
export function ring(x: Tensor, options: RingOptions & { readonly method: "als" }): RingAlsResult;
export function ring(x: Tensor, options: RingOptions): RingResult;
export function ring(x: Tensor, options: RingOptions): RingResult {
  const input = checkInput(x, "ring");
  const { rtol, ranks, maxRank, split = 0 } = options;
  if (rtol === undefined && !ranks && maxRank === undefined)
    throw new DomainError("ring: one of rtol, ranks and maxRank was expected");
  if (rtol !== undefined) checkTolerance(rtol, "ring");
  if (maxRank !== undefined && !(Number.isInteger(maxRank) && maxRank >= 1))
    throw new DomainError(`ring: maxRank must be an integer of at least 1, got ${maxRank}`);
  if (ranks)
    checkRanks(
      ranks,
      input.shape.map((n, k) => n * input.shape.at(k - 1)!),
      "ring: ranks",
    );
  if (!(Number.isInteger(split) && split >= 0 && split < input.ndim))
    throw new DomainError(`ring: split must be a mode from 0 to ${input.ndim - 1}, got ${split}`);
  const unit = rangeScale(input);
  if (unit !== 1) {
    const fit = ring(input.div(unit), options);
    return { ...fit, cores: [fit.cores[0]!.mul(unit), ...fit.cores.slice(1)] };
  }
  const start = ringSvd(input, options);
  return options.method === "als" ? refineRing(input, start, options) : start;
}
