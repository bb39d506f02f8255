// The sequentially truncated higher-order SVD: Vannieuwenhoven, Vandebril, Meerbergen (2012).

import type { Key } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkMaxRank, checkRanks, checkTolerance } from "../base/input.ts";
import { leftBasis, type Truncation, type TruncationMethod } from "../base/truncation.ts";
import { adjoint, modeProduct } from "../base/unfold.ts";
import type { Tucker } from "../types.ts";

export interface SthosvdOptions extends IterationOptions {
  /** Largest relative error; what one mode does not need passes on to the next. */
  readonly rtol?: number;
  /** One a mode, instead of `rtol`. */
  readonly ranks?: readonly number[];
  /** Cap on every rank, on top of `rtol` or alone; the error may then exceed `rtol`. */
  readonly maxRank?: number;
  /** The order in which modes are truncated; largest reduction first unless told. */
  readonly order?: readonly number[];
  readonly truncation?: TruncationMethod;
  readonly key?: Key;
}

/** A Tucker decomposition with orthonormal factors and the relative error that it is known to have. */
export interface OrthogonalTucker extends Tucker {
  /**
   * ‖X − X̂‖ / ‖X‖, from what each truncation cut off; rounding hides it below about 1e-8 (float32: 1e-4) unless
   * `truncation` is "svd".
   */
  readonly error: number;
}

/**
 * ST-HOSVD: modes are truncated one after the other, each on the tensor that the former left. Error exactly
 * sqrt(Σ_k τ_k²) ≤ √d · best. Neither checks nor converts x (`tucker` does). O(size · n_k) for the first mode, less
 * for each next one.
 *
 * @throws DomainError for a tolerance outside [0, 1), ranks outside 1 … n_k, an `order` that is no permutation;
 * ShapeError for a wrong number of ranks.
 */
export function sthosvd(x: Tensor, options: SthosvdOptions): OrthogonalTucker {
  const { rtol, ranks, maxRank, truncation = "auto", key } = options;
  if (rtol === undefined && !ranks && maxRank === undefined)
    throw new DomainError("sthosvd: one of rtol, ranks and maxRank was expected");
  if (rtol !== undefined && ranks)
    throw new DomainError("sthosvd: either rtol or ranks was expected, not both");
  if (rtol !== undefined) checkTolerance(rtol, "sthosvd");
  if (ranks) checkRanks(ranks, x.shape, "sthosvd: ranks");
  if (maxRank !== undefined) checkMaxRank(maxRank, "sthosvd");
  if (options.order) checkOrder(options.order, x.ndim);
  const norm = frobenius(x);
  const budget = rtol === undefined ? 0 : (rtol * norm) ** 2;
  const order = options.order ?? reductionOrder(x.shape, ranks);
  const factors = new Array<Tensor>(x.ndim);
  let core = x;
  let spent = 0;
  order.forEach((mode, done) => {
    checkAborted(options.signal, "sthosvd");
    const basis = leftBasis(
      core,
      mode,
      {
        delta: Math.sqrt(Math.max(0, budget - spent) / (order.length - done)),
        method: truncation,
        ...rankLimits(x.shape[mode]!, ranks?.[mode], rtol, maxRank),
        ...(key && { key }),
      },
      norm,
    );
    spent += basis.discarded;
    factors[mode] = basis.u;
    core = modeProduct(core, adjoint(basis.u), mode);
    options.onProgress?.({ fraction: (done + 1) / order.length, stage: `mode ${mode}` });
  });
  return { kind: "tucker", core, factors, error: norm === 0 ? 0 : Math.sqrt(spent) / norm };
}

/**
 * Known ranks: largest reduction first. Unknown ones: short modes first, whose Gram matrices are cheapest while the
 * tensor is whole.
 */
function reductionOrder(shape: readonly number[], ranks?: readonly number[]): number[] {
  const modes = shape.map((_, k) => k);
  return ranks
    ? modes.sort((a, b) => ranks[a]! / shape[a]! - ranks[b]! / shape[b]!)
    : modes.sort((a, b) => shape[a]! - shape[b]!);
}

function checkOrder(order: readonly number[], count: number): void {
  const seen = new Set(order.filter((mode) => Number.isInteger(mode) && mode >= 0 && mode < count));
  if (order.length !== count || seen.size !== count)
    throw new DomainError(`sthosvd: order must name each of ${count} modes once, got [${order.join(", ")}]`);
}

/** What a mode of length n may keep. A cap alone is a rank: no tolerance asks for fewer. */
export function rankLimits(
  n: number,
  rank: number | undefined,
  rtol: number | undefined,
  maxRank: number | undefined,
): Pick<Truncation, "rank" | "maxRank"> {
  const cap = maxRank ?? Number.POSITIVE_INFINITY;
  if (rank !== undefined || rtol === undefined) return { rank: Math.min(rank ?? n, cap) };
  return { maxRank: cap };
}
