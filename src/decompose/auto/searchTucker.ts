// The smallest Tucker decomposition within a tolerance.

import { matmul } from "../../ops/contract.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { eye } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { modeGram, symmetricBasis } from "../base/truncation.ts";
import { multiModeProduct } from "../base/unfold.ts";
import { coreShape, type ModeSpectra, tuckerSize } from "../tucker/coreShapes.ts";
import { hooi } from "../tucker/hooi.ts";
import { type OrthogonalTucker, sthosvd } from "../tucker/sthosvd.ts";
import type { Tucker } from "../types.ts";
import type { Find, Task } from "./search.ts";

/**
 * The tensor seen through an orthogonal projection that loses next to nothing, so that searches work on a small core.
 */
export interface Projected {
  readonly core: Tensor;
  readonly bases: readonly Tensor[];
  /** ‖core‖ */
  readonly norm: number;
  /** Squared relative error of the projection, against ‖X‖². */
  readonly lost: number;
}

/**
 * Share of the tolerance that the projection may use up; the directions that it cuts off are the first to go in any
 * case.
 */
const PROJECTION_SHARE = 0.3;

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

/** Rounds of lowering ranks and fitting again; the first does nearly all of the work. */
const ROUNDS = 4;

/**
 * Ranks from the core-shape problem, ST-HOSVD, two HOOI sweeps. The surrogate behind the ranks overstates the error,
 * so ranks are then lowered on the small core, where each cut adds a known amount, until the tolerance is spent; a
 * new fit at those ranks may leave room for more.
 */
export function searchTucker({ x, norm, tol, clock }: Task, projected: Projected): Find {
  const { core, bases } = projected;
  const rtol = coreTolerance(projected, tol, norm);
  const spectra = coreSpectra(core, x.shape);
  const ranks = coreShape(spectra, { rtol: Math.min(rtol, 1 - 1e-12) }).ranks.map((r, k) =>
    Math.min(r, core.shape[k]!),
  );
  let best = refine(core, ranks);
  while (best.error > rtol && grow(ranks, core.shape)) best = refine(core, ranks);
  for (let round = 0; round < ROUNDS && !clock.isOver; round++) {
    clock.tick(0.2, `tucker ${best.core.shape.join(" ")}`);
    const room = (rtol * rtol - best.error * best.error) * projected.norm ** 2;
    const cut = lowered(best.core, x.shape, room);
    if (cut.core === best.core) break;
    const cutFactors = best.factors.map((u, k) => matmul(u, cut.factors[k]!));
    // The cut itself already meets the tolerance; a fit at its ranks can only do better.
    const fitted = refine(core, cut.core.shape, {
      kind: "tucker",
      core: cut.core,
      factors: cutFactors,
      error: Math.hypot(best.error, Math.sqrt(cut.spent) / projected.norm),
    });
    if (fitted.error > rtol) break;
    best = fitted;
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

/** Alternating improvement pays while the fitted core is at most this share of what it is fitted to. */
const WORTH_REFINING = 0.25;

/** Two HOOI sweeps, from ST-HOSVD unless there is something better to start from. */
function refine(
  core: Tensor,
  ranks: readonly number[],
  start: OrthogonalTucker = sthosvd(core, { ranks }),
): OrthogonalTucker {
  const isSmall = ranks.reduce((size, r) => size * r, 1) <= WORTH_REFINING * core.size;
  return isSmall ? hooi(core, start, { maxIterations: 2 }) : start;
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

/**
 * The core in coordinates where each mode's directions come in order of weight, cut in the mode that frees the most
 * numbers per error it adds, again and again, as long as the squares cut off stay within `room`. Returns the same
 * core when nothing can go.
 */
function lowered(core: Tensor, shape: readonly number[], room: number): Tucker & { readonly spent: number } {
  const bases = core.shape.map((r, mode) =>
    r <= core.size / r ? symmetricBasis(modeGram(core, mode)).vectors : eye(r, r, { dtype: core.dtype }),
  );
  const ordered = multiModeProduct(core, bases, { adjoint: true });
  // Only views are cut; a slice's weight is read from the last of each mode.
  let current = ordered;
  let spent = 0;
  for (;;) {
    const ranks = current.shape;
    const size = tuckerSize(shape, ranks);
    let best: { mode: number; lost: number; rate: number } | null = null;
    for (const [mode, r] of ranks.entries()) {
      if (r <= 1) continue;
      const lost = frobenius(narrowAxis(current, mode, r - 1, r)) ** 2;
      const cutRanks = ranks.map((other, k) => (k === mode ? other - 1 : other));
      const rate = (size - tuckerSize(shape, cutRanks)) / (lost + Number.MIN_VALUE);
      if (spent + lost <= room && (!best || rate > best.rate)) best = { mode, lost, rate };
    }
    if (!best) break;
    spent += best.lost;
    current = narrowAxis(current, best.mode, 0, ranks[best.mode]! - 1);
  }
  if (current === ordered) return { kind: "tucker", core, factors: bases, spent: 0 };
  const factors = bases.map((u, k) => narrowAxis(u, 1, 0, current.shape[k]!).contiguous());
  return { kind: "tucker", core: current.contiguous(), factors, spent };
}
