// The CP decomposition of lowest rank within a tolerance, found on the Tucker core; for matrices, the singular value decomposition.

import { svd } from "../../linalg/svd.ts";
import { conj } from "../../ops/complex.ts";
import { concat } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn } from "../../random/key.ts";
import { ones } from "../../tensor/create.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type CpResult, cp } from "../cp.ts";
import { cpRules } from "../formats/cp.ts";
import { rankFor } from "../truncation.ts";
import type { CP } from "../types.ts";
import type { Find, NoFind, Task } from "./search.ts";
import { coreTolerance, liftFactors, type Projected } from "./searchTucker.ts";

/** Starts tried at each rank. */
const RESTARTS = 3;

/**
 * Ranks 1, 2, 4 … until the tolerance is met, then bisection. Each rank starts from the best components so far with new ones from the residual, then from singular
 * vectors, then at random. Gives up at the rank whose numbers exceed `maxBytes`, which another format needs.
 */
export function searchCp(
  { x, tol, norm, key, clock }: Task,
  projected: Projected,
  maxBytes: number,
): Find | NoFind {
  const { core, bases } = projected;
  const rtol = coreTolerance(projected, tol, norm);
  const perRank = (x.shape.reduce((sum, n) => sum + n, 0) + 1) * dtypeInfo(x.dtype).bytes;
  const affordable = Math.floor(maxBytes / perRank);
  if (affordable < 1) return { reason: "larger than another format already at rank 1" };
  let previous: CpResult | null = null;
  const attempt = (rank: number): CpResult => {
    let best: CpResult | null = null;
    for (let start = 0; start < RESTARTS; start++) {
      clock.tick(0.6, `cp rank ${rank}`);
      const from = foldIn(key, 16 * rank + start);
      const warm = start === 0 && previous ? extended(core, previous, rank, from) : null;
      const init = warm ?? (start <= 1 && !(start === 1 && !previous) ? "svd" : "random");
      const trial = cp(core, rank, { init, key: from, tol: rtol * 1e-3, maxIterations: 60 });
      if (!best || trial.error < best.error) best = trial;
      if (best.error <= rtol || clock.isOver) break;
    }
    previous = best;
    return best!;
  };
  let low = 0;
  let high = 0;
  let found: CpResult | null = null;
  let closest = Number.POSITIVE_INFINITY;
  for (
    let rank = 1;
    rank <= affordable && !found;
    rank = rank === affordable ? rank + 1 : Math.min(2 * rank, affordable)
  ) {
    if (clock.isOver) return { reason: `out of time at rank ${rank}` };
    const trial = attempt(rank);
    closest = Math.min(closest, trial.error);
    if (trial.error <= rtol) {
      found = trial;
      high = rank;
    } else low = rank;
  }
  if (!found)
    return {
      reason: `error ${closest.toPrecision(2)} at rank ${low}; more components would be larger than another format`,
    };
  while (high - low > 1 && !clock.isOver) {
    const middle = (low + high) >> 1;
    const trial = attempt(middle);
    if (trial.error <= rtol) {
      found = trial;
      high = middle;
    } else low = middle;
  }
  const decomposition: CP = {
    kind: "cp",
    weights: found.weights,
    factors: liftFactors(bases, found.factors),
  };
  return { format: "cp", detail: found.degenerate ? "degenerate components" : "", decomposition };
}

/** Factors of a former solution, cut or extended by components fitted to what it leaves. */
function extended(core: Tensor, from: CpResult, rank: number, key: Tensor): readonly Tensor[] {
  const known = from.weights.size;
  const withWeights = from.factors.map((u, k) => (k === from.factors.length - 1 ? u.mul(from.weights) : u));
  if (known >= rank) return withWeights.map((u) => narrowAxis(u, 1, 0, rank).contiguous());
  const rest = core.sub(cpRules.full(from));
  const extra = rank - known;
  if (core.shape.some((n) => n < extra)) {
    return withWeights.map((u, k) =>
      concat([u, normal(foldIn(key, k), [u.shape[0]!, extra], { dtype: u.dtype }).mul(0.1)], 1),
    );
  }
  const added = cp(rest, extra, { init: "svd", maxIterations: 10, lineSearch: false });
  return withWeights.map((u, k) => {
    const column = added.factors[k]!;
    return concat([u, k === withWeights.length - 1 ? column.mul(added.weights) : column], 1);
  });
}

/** The truncated singular value decomposition with the root of each value on both sides. */
export function searchSvd({ x, tol, norm }: Task): Find {
  const { u, s, v } = svd(x);
  const { rank } = rankFor(s.data(), tol * norm);
  const root = narrowAxis(s, 0, 0, rank).sqrt().astype(x.dtype);
  const left = narrowAxis(u, 1, 0, rank).mul(root);
  const right = conj(narrowAxis(v, 1, 0, rank)).mul(root);
  const decomposition: CP = { kind: "cp", weights: ones([rank], x.dtype), factors: [left, right] };
  return { format: "cp", detail: "singular value decomposition", decomposition };
}
