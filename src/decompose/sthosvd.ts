// The sequentially truncated higher-order SVD: Vannieuwenhoven, Vandebril, Meerbergen (2012).

import type { Key } from "../random/key.ts";
import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { frobenius } from "./frobenius.ts";
import { checkAborted, checkRanks, checkTolerance, type IterationOptions } from "./input.ts";
import { leftBasis, type TruncationMethod } from "./truncation.ts";
import type { Tucker } from "./types.ts";
import { adjoint, modeProduct } from "./unfold.ts";

export interface SthosvdOptions extends IterationOptions {
  /** Largest relative error; what one mode does not need passes on to the next. */
  readonly rtol?: number;
  readonly ranks?: readonly number[];
  readonly maxRank?: number;
  /** The order in which modes are truncated; largest reduction first unless told. */
  readonly order?: readonly number[];
  readonly truncation?: TruncationMethod;
  readonly key?: Key;
}

/** A Tucker decomposition with orthonormal factors and the relative error that it is known to have. */
export interface OrthogonalTucker extends Tucker {
  /** ‖X − X̂‖ / ‖X‖, exact: the sum of what each truncation cut off. */
  readonly error: number;
}

/**
 * ST-HOSVD: modes are truncated one after the other, each on the tensor that the former left. Error exactly
 * sqrt(Σ_k τ_k²) ≤ √d · best. Neither checks nor converts x. O(size · n_k) for the first mode, less for each next one.
 */
export function sthosvd(x: Tensor, options: SthosvdOptions): OrthogonalTucker {
  const { rtol, ranks, maxRank, truncation = "auto", key } = options;
  if ((rtol === undefined) === (ranks === undefined) && maxRank === undefined)
    throw new DomainError("sthosvd: one of rtol and ranks was expected");
  if (rtol !== undefined) checkTolerance(rtol, "sthosvd");
  if (ranks) checkRanks(ranks, x.shape, "sthosvd: ranks");
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
        ...(ranks && { rank: ranks[mode]! }),
        ...(maxRank !== undefined && { maxRank }),
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

/** Known ranks: largest reduction first. Unknown ones: short modes first, whose Gram matrices are cheapest while the tensor is whole. */
function reductionOrder(shape: readonly number[], ranks?: readonly number[]): number[] {
  const modes = shape.map((_, k) => k);
  return ranks
    ? modes.sort((a, b) => ranks[a]! / shape[a]! - ranks[b]! / shape[b]!)
    : modes.sort((a, b) => shape[a]! - shape[b]!);
}
