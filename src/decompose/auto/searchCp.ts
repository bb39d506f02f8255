// The CP decomposition of lowest rank within a tolerance, found on the Tucker core; for matrices, the singular value
// decomposition.

import { svd } from "../../linalg/spectral/svd.ts";
import { conj } from "../../ops/complex.ts";
import { concat } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn } from "../../random/key.ts";
import { ones } from "../../tensor/create.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { rankFor } from "../base/truncation.ts";
import { type CpResult, cp } from "../cp/cp.ts";
import { cpRules } from "../cp/rules.ts";
import type { CP } from "../types.ts";
import { ASSUMED_SPEED, type Find, type NoFind, type Task } from "./search.ts";
import { coreTolerance, liftFactors, type Projected } from "./searchTucker.ts";
import type { BipartitionSpectra } from "./spectra.ts";

/** Sweeps of one attempt. */
const SWEEPS = 60;
/** The largest rank of which one attempt takes at most half of the time that is left. */
const quickestRank = (size: number, seconds: number): number =>
  Math.floor((0.5 * seconds * ASSUMED_SPEED) / (SWEEPS * 4 * size));

/** Starts tried at each rank. */
const RESTARTS = 3;

/**
 * The lowest rank whose error is within the tolerance, by doubling and bisection. The first rank is the least that
 * the spectra allow (a CP model of rank r has unfoldings of rank r at most); the last is what another format's size
 * leaves room for, and is tried first, to learn early that nothing will come of it. Each rank starts from the best
 * components so far with new ones from the residual, then from singular vectors, then at random.
 */
export function searchCp(task: Task, projected: Projected, maxBytes: number): Find | NoFind {
  const { x, tol, norm, key, clock, spectra } = task;
  const { core, bases } = projected;
  const rtol = coreTolerance(projected, tol, norm);
  const perRank = (x.shape.reduce((sum, n) => sum + n, 0) + 1) * dtypeInfo(x.dtype).bytes;
  const inTime = quickestRank(core.size, clock.remaining);
  const affordable = Math.min(Math.floor(maxBytes / perRank), inTime);
  const least = spectra.bounds(tol) ? leastRank(spectra, tol * norm) : 1;
  if (affordable < least)
    return {
      reason: `at least rank ${least} is needed, which ${affordable === inTime ? "would take too long" : "is larger than another format"}`,
    };
  let previous: CpResult | null = null;
  const attempt = (rank: number, restarts: number): CpResult => {
    let best: CpResult | null = null;
    for (let start = 0; start < restarts; start++) {
      clock.tick(0.6, `cp rank ${rank}`);
      const from = foldIn(key, 16 * rank + start);
      const starts = [
        ...(previous ? [extended(core, previous, rank, from)] : []),
        "svd",
        "random",
        "random",
      ] as const;
      const init = starts[start]!;
      const trial = cp(core, rank, { init, key: from, tol: rtol * 1e-3, maxIterations: SWEEPS });
      if (!best || trial.error < best.error) best = trial;
      if (best.error <= rtol || clock.isOver) break;
    }
    return best!;
  };
  const ceiling = attempt(affordable, 1);
  if (ceiling.error > HOPELESS * rtol)
    return {
      reason: `error ${ceiling.error.toPrecision(2)} at rank ${affordable}; a higher rank ${affordable === inTime ? "would take too long" : "is larger than another format"}`,
    };
  let found = ceiling.error <= rtol ? ceiling : null;
  let low = least - 1;
  let high = affordable + 1;
  for (let rank = least; rank < high; rank = Math.min(2 * rank, rank < affordable ? affordable : high)) {
    if (clock.isOver) break;
    const trial = attempt(rank, RESTARTS);
    previous = trial;
    if (trial.error <= rtol) {
      found = trial;
      high = rank;
    } else low = rank;
  }
  if (!found)
    return {
      reason: clock.isOver
        ? `out of time at rank ${low}`
        : `no solution within the tolerance up to rank ${affordable}`,
    };
  if (high > affordable) high = affordable;
  while (high - low > 1 && !clock.isOver) {
    const middle = (low + high) >> 1;
    const trial = attempt(middle, RESTARTS);
    if (trial.error <= rtol) {
      found = trial;
      high = middle;
    } else {
      low = middle;
      previous = trial;
    }
  }
  const decomposition: CP = {
    kind: "cp",
    weights: found.weights,
    factors: liftFactors(bases, found.factors),
  };
  return { format: "cp", detail: found.degenerate ? "degenerate components" : "", decomposition };
}

/**
 * When one start at the largest affordable rank misses the tolerance by this factor, better starts will not make up
 * for it.
 */
const HOPELESS = 2;

/** Every unfolding of a CP model has at most its rank, so each spectrum gives a lower bound. */
function leastRank(spectra: BipartitionSpectra, delta: number): number {
  let least = 1;
  for (const { values } of spectra.sets()) least = Math.max(least, rankFor(values, delta).rank);
  return least;
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
