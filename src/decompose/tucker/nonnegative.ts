// Tucker decomposition with non-negative core and factors: Kim and Choi, "Nonnegative Tucker decomposition" (2007);
// column updates of Phan and Cichocki, "Extended HALS algorithm for nonnegative Tucker decomposition" (2011).

import { matmul } from "../../ops/contract.ts";
import { mT } from "../../ops/movement.ts";
import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../../random/key.ts";
import { allocate, isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFinite, checkInput, checkRanks } from "../base/input.ts";
import { checkSparse, isSparse, type SparseTensor } from "../base/sparse.ts";
import { symmetricBasis } from "../base/truncation.ts";
import { fold, multiModeProduct, unfold } from "../base/unfold.ts";
import { type FactorUpdate, penalizedHalsUpdate, penalizedMultiplicativeUpdate } from "../cp/update.ts";
import type { Tucker } from "../types.ts";
import { denseProjections, type Projections, sparseProjections } from "./projections.ts";

export interface NonnegativeTuckerOptions extends IterationOptions {
  readonly ranks: readonly number[];
  /**
   * `hals` (default): columns one by one and projected gradients for the core; `mu`: multiplicative updates of both.
   */
  readonly method?: "hals" | "mu";
  /** Weight of the sum of all entries of core and factors in the objective ½‖X − X̂‖² + …; 0 unless told. */
  readonly l1?: number;
  /**
   * Weight of Σ_{c≠e} u_cᵀ u_e over the columns of one factor, so that columns share few rows; none unless told. A column pays no more
   * than what makes it orthogonal to the others (Kimura, Tanaka and Kudo 2014), so that no weight is too large; Infinity asks for that.
   */
  readonly orthogonal?: { readonly mode: number; readonly weight: number };
  /** Factors that stay as they are, `[n_k, r_k]` by mode; null or absent where there is none. */
  readonly fixed?: readonly (Tensor | null)[];
  /** Change of the relative error at which to stop; 1e-8 unless told. */
  readonly tol?: number;
  /** 200 unless told. */
  readonly maxIterations?: number;
  /** Of the small positive numbers mixed into the start; key(0) unless told. */
  readonly key?: Key;
}

export interface NonnegativeTuckerResult extends Tucker {
  /** ‖X − X̂‖ / ‖X‖ after the last sweep. */
  readonly error: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Relative error after each sweep; without `l1` and `orthogonal` it never grows. */
  readonly history: readonly number[];
}

/** Steps on the core a sweep: they touch only the core and its projections. */
const CORE_STEPS = 10;

/**
 * Tucker decomposition without negative numbers in core and factors (factors have unit columns, not orthogonal ones).
 * From the absolute values of ST-HOSVD (of HOOI on sparse entries); a local minimum. Entries of x may be negative: they are fitted as well as
 * non-negative models can. A sweep costs O(Σ_k size · r_k); of a sparse tensor, whose missing entries count as zeros,
 * O(entries · Σ_k Π_{j≠k} r_j): it is never densified.
 *
 * @throws ShapeError for a scalar or empty tensor, indices outside the shape, or fixed factors of another shape; DTypeError for complex input;
 * DomainError for entries that are not finite, ranks outside 1 … n_k, negative weights or fixed factors.
 */
export function nonnegativeTucker(
  given: Tensor | SparseTensor,
  options: NonnegativeTuckerOptions,
): NonnegativeTuckerResult {
  const { ranks, method = "hals", tol = 1e-8, maxIterations = 200, key = makeKey(0) } = options;
  const x = sourceOf(given);
  const { norm } = x;
  const order = x.shape.length;
  if (!ranks) throw new DomainError("nonnegativeTucker: ranks were expected");
  checkRanks(ranks, x.shape, "nonnegativeTucker: ranks");
  const { l1, orthogonal, fixed } = checkPenalties(x, options);
  const updates = x.shape.map((_, mode) =>
    updateOf(method, l1, orthogonal?.mode === mode ? orthogonal.weight : 0),
  );
  let { core, factors } = positiveStart(x, ranks, key, fixed);
  const grams = factors.map((u) => matmul(mT(u), u));
  const history: number[] = [];
  let error = Number.POSITIVE_INFINITY;
  let converged = norm === 0;
  while (history.length < maxIterations && !converged) {
    checkAborted(options.signal, "nonnegativeTucker");
    let projected = core;
    for (let mode = 0; mode < order; mode++) {
      const partial = x.project(factors, mode);
      const coreRows = unfold(core, mode);
      const m = matmul(partial, mT(coreRows));
      const smoothed = multiModeProduct(
        core,
        grams.map((g, k) => (k === mode ? null : g)),
      );
      const v = matmul(unfold(smoothed, mode), mT(coreRows));
      if (!fixed[mode]) {
        const { unit, norms } = unitColumns(updates[mode]!(m.contiguous(), v.contiguous(), factors[mode]!));
        factors = factors.map((u, k) => (k === mode ? unit : u));
        grams[mode] = matmul(mT(unit), unit);
        core = scaleMode(core, norms, mode);
      }
      if (mode === order - 1) projected = coreOf(partial, factors, mode);
    }
    core = method === "hals" ? descend(core, projected.sub(l1), grams) : multiply(core, projected, grams, l1);
    const next = coreError(norm, core, projected, grams);
    converged = Math.abs(error - next) < tol;
    error = next;
    history.push(error);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: `sweep ${history.length}` });
  }
  if (norm === 0) core = core.mul(0);
  return {
    kind: "tucker",
    core: x.unit === 1 ? core : core.mul(x.unit),
    factors,
    error: history.at(-1) ?? 0,
    iterations: history.length,
    converged,
    history,
  };
}

function sourceOf(x: Tensor | SparseTensor): Projections {
  if (isSparse(x, "nonnegativeTucker: x")) {
    checkSparse(x, "nonnegativeTucker");
    return sparseProjections(x);
  }
  if (isComplex(x.dtype))
    throw new DTypeError(`nonnegativeTucker: a real tensor was expected, got ${x.dtype}`);
  return denseProjections(checkInput(x, "nonnegativeTucker"));
}

/** HALS moves by the gradient, which `l1` lowers everywhere; multiplicative updates divide by it. */
function updateOf(method: "hals" | "mu", l1: number, apart: number): FactorUpdate {
  if (method === "mu") return penalizedMultiplicativeUpdate(l1, apart);
  const update = penalizedHalsUpdate(apart);
  return l1 === 0 ? update : (m, v, previous) => update(m.sub(l1), v, previous);
}

interface Penalties {
  readonly l1: number;
  readonly orthogonal: { readonly mode: number; readonly weight: number } | undefined;
  readonly fixed: readonly (Tensor | null)[];
}

function checkPenalties(x: Projections, options: NonnegativeTuckerOptions): Penalties {
  const order = x.shape.length;
  const { l1 = 0, orthogonal, fixed = [], ranks } = options;
  if (!(l1 >= 0 && Number.isFinite(l1)))
    throw new DomainError(`nonnegativeTucker: l1: a number of at least 0 was expected, got ${l1}`);
  if (orthogonal) {
    const { mode, weight } = orthogonal;
    if (!(Number.isInteger(mode) && mode >= 0 && mode < order))
      throw new ShapeError(
        `nonnegativeTucker: orthogonal: a mode from 0 to ${order - 1} was expected, got ${mode}`,
      );
    if (!(weight >= 0))
      throw new DomainError(
        `nonnegativeTucker: orthogonal: a weight of at least 0 was expected, got ${weight}`,
      );
  }
  if (fixed.length > order)
    throw new ShapeError(
      `nonnegativeTucker: fixed: ${order} factors at most were expected, got ${fixed.length}`,
    );
  const kept = x.shape.map((n, k) => {
    const u = fixed[k];
    if (!u) return null;
    if (u.ndim !== 2 || u.shape[0] !== n || u.shape[1] !== ranks[k])
      throw new ShapeError(
        `nonnegativeTucker: fixed: factor ${k}: shape [${n}, ${ranks[k]}] was expected, got ${formatShape(u.shape)}`,
      );
    const own = u.astype(x.dtype).contiguous();
    checkFinite(own, `nonnegativeTucker: fixed: factor ${k}`);
    if (own.data().some((value) => value < 0))
      throw new DomainError(`nonnegativeTucker: fixed: factor ${k} has negative entries`);
    return own;
  });
  return { l1, orthogonal, fixed: kept };
}

/** Absolute values of orthogonal factors with a little noise, so that no entry starts at the boundary. */
function positiveStart(
  x: Projections,
  ranks: readonly number[],
  key: Key,
  fixed: readonly (Tensor | null)[],
): { core: Tensor; factors: Tensor[] } {
  const orthogonal = x.start(ranks, key);
  const factors = ranks.map((r, k) => {
    if (fixed[k]) return fixed[k];
    const n = x.shape[k]!;
    const noise = uniform(foldIn(key, k), [n, r])
      .mul(0.1 / Math.sqrt(n))
      .astype(x.dtype);
    // Orthogonal factors may have fewer columns where the others' ranks allow no more.
    const known = orthogonal[k]!.abs();
    const data = noise.toTypedArray();
    const from = known.data();
    const columns = known.shape[1]!;
    for (let i = 0; i < n; i++)
      for (let c = 0; c < columns; c++) data[i * r + c] = data[i * r + c]! + from[i * columns + c]!;
    return unitColumns(new Tensor(data, [n, r], x.dtype)).unit;
  });
  const last = factors.length - 1;
  const core = coreOf(x.project(factors, last), factors, last).abs();
  return { core, factors };
}

/** The tensor times the transposes of all factors, from its product with all but one. */
const coreOf = (partial: Tensor, factors: readonly Tensor[], mode: number): Tensor =>
  fold(
    matmul(mT(factors[mode]!), partial),
    mode,
    factors.map((u) => u.shape[1]!),
  ).contiguous();

/** Columns of unit length; zero columns stay. */
function unitColumns(u: Tensor): { unit: Tensor; norms: Tensor } {
  const norms = u.square().sum({ axis: 0 }).sqrt();
  const safe = norms.add(norms.equal(0).astype(norms.dtype));
  return { unit: u.div(safe), norms };
}

/** Slices of one mode scaled, each by its own factor. */
const scaleMode = (core: Tensor, factors: Tensor, mode: number): Tensor =>
  core.mul(factors.reshape(core.shape.map((r, k) => (k === mode ? r : 1))));

/** Projected gradient with the step of the largest curvature, Π λ_max(U_kᵀ U_k): the error cannot grow. */
function descend(core: Tensor, projected: Tensor, grams: readonly Tensor[]): Tensor {
  const curvature = grams.reduce((product, g) => product * symmetricBasis(g).values[0]! ** 2, 1);
  if (curvature === 0) return core;
  let current = core;
  for (let step = 0; step < CORE_STEPS; step++) {
    const gradient = multiModeProduct(current, grams).sub(projected);
    current = current.sub(gradient.mul(1 / curvature)).maximum(0);
  }
  return current;
}

function multiply(core: Tensor, projected: Tensor, grams: readonly Tensor[], l1: number): Tensor {
  let current = core;
  for (let step = 0; step < CORE_STEPS; step++) {
    const denominator = multiModeProduct(current, grams).data();
    const target = projected.data();
    const from = current.data();
    const out = allocate(core.dtype, from.length);
    for (let i = 0; i < from.length; i++) {
      const below = denominator[i]! + l1;
      out[i] = below > 0 ? (from[i]! * Math.max(0, target[i]!)) / below : 0;
    }
    current = new Tensor(out, core.shape, core.dtype);
  }
  return current;
}

/** ‖X‖² − 2⟨core, X ×_k U_kᵀ⟩ + ⟨core, core ×_k U_kᵀU_k⟩, as a relative error. */
function coreError(norm: number, core: Tensor, projected: Tensor, grams: readonly Tensor[]): number {
  const g = core.data();
  const p = projected.data();
  const q = multiModeProduct(core, grams).data();
  let squared = norm * norm;
  for (let i = 0; i < g.length; i++) squared += g[i]! * (q[i]! - 2 * p[i]!);
  return Math.sqrt(Math.max(0, squared)) / norm;
}
