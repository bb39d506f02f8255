// The smallest Tucker decomposition within a tolerance.

import { matmul } from "../../ops/contract.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { coreShape, type ModeSpectra, tuckerSize } from "../coreShapes.ts";
import { frobenius } from "../frobenius.ts";
import { sthosvd } from "../sthosvd.ts";
import { modeGram, symmetricBasis } from "../truncation.ts";
import { hooi } from "../tuckerHooi.ts";
import type { Tucker } from "../types.ts";
import type { Find, Task } from "./search.ts";

/** The tensor seen through an orthogonal projection that loses next to nothing, so that searches work on a small core. */
export interface Projected {
  readonly core: Tensor;
  readonly bases: readonly Tensor[];
  /** ‖core‖ */
  readonly norm: number;
  /** Squared relative error of the projection, against ‖X‖². */
  readonly lost: number;
}

/** Share of the tolerance that the projection may use up. */
const PROJECTION_SHARE = 0.1;

export function project(x: Tensor, norm: number, tol: number): Projected {
  const { core, factors, error } = sthosvd(x, { rtol: PROJECTION_SHARE * tol });
  return { core, bases: factors, norm: norm === 0 ? 0 : frobenius(core), lost: error * error };
}

/** Relative error that a decomposition of the core may have so that the whole meets `tol`. */
export function coreTolerance({ lost, norm }: Projected, tol: number, fullNorm: number): number {
  if (norm === 0) return 0;
  return (Math.sqrt(Math.max(0, tol * tol - lost)) * fullNorm) / norm;
}

/** The bases applied to the factors of a decomposition of the core. */
export const liftFactors = (bases: readonly Tensor[], factors: readonly Tensor[]): Tensor[] =>
  factors.map((u, k) => matmul(bases[k]!, u));

/** Ranks from the core-shape problem, ST-HOSVD, two HOOI sweeps, then every rank is lowered while the tolerance holds. */
export function searchTucker({ x, norm, tol, clock }: Task, projected: Projected): Find {
  const { core, bases } = projected;
  const rtol = coreTolerance(projected, tol, norm);
  // Sizes are those of the whole tensor, errors those of the core.
  const spectra = coreSpectra(core, x.shape);
  let ranks = coreShape(spectra, { rtol: Math.min(rtol, 1 - 1e-12) }).ranks.map((r, k) =>
    Math.min(r, core.shape[k]!),
  );
  let best = refine(core, ranks);
  while (best.error > rtol && grow(ranks, core.shape)) best = refine(core, ranks);
  for (let lowered = true; lowered && !clock.isOver; ) {
    lowered = false;
    for (const candidate of lowerings(ranks, x.shape, best.core)) {
      const trial = refine(core, candidate);
      if (trial.error <= rtol) {
        best = trial;
        ranks = candidate;
        lowered = true;
        break;
      }
    }
  }
  const decomposition: Tucker = {
    kind: "tucker",
    core: best.core,
    factors: liftFactors(bases, best.factors),
  };
  return { format: "tucker", detail: "", decomposition };
}

/** Squared spectra of the core, padded to the mode lengths of the tensor: what the factors cost depends on those. */
function coreSpectra(core: Tensor, shape: readonly number[]): ModeSpectra {
  const squares = shape.map((n, mode) => {
    const values = new Float64Array(n);
    if (core.shape[mode]! <= core.size / core.shape[mode]!)
      symmetricBasis(modeGram(core, mode)).values.forEach((s, i) => {
        values[i] = s * s;
      });
    else values.fill(1, 0, core.shape[mode]!);
    return values;
  });
  return { shape, squares };
}

type Fit = ReturnType<typeof hooi>;

function refine(core: Tensor, ranks: readonly number[]): Fit {
  const start = sthosvd(core, { ranks });
  return hooi(core, start, { maxIterations: 2 });
}

/** One more of every rank that can still grow; false when none can. */
function grow(ranks: number[], limits: readonly number[]): boolean {
  let grew = false;
  ranks.forEach((r, k) => {
    if (r < limits[k]!) {
      ranks[k] = r + 1;
      grew = true;
    }
  });
  return grew;
}

/** Ranks with one mode lowered by one, the one first that frees the most numbers per error it adds. */
function lowerings(ranks: readonly number[], shape: readonly number[], core: Tensor): number[][] {
  const size = tuckerSize(shape, ranks);
  const options = ranks.flatMap((r, k) => {
    if (r <= 1) return [];
    const lowered = ranks.map((other, j) => (j === k ? other - 1 : other));
    const weakest = r <= core.size / r ? symmetricBasis(modeGram(core, k)).values.at(-1)! : 0;
    return [{ lowered, gain: (size - tuckerSize(shape, lowered)) / (weakest * weakest + Number.MIN_VALUE) }];
  });
  return options.sort((a, b) => b.gain - a.gain).map(({ lowered }) => lowered);
}
