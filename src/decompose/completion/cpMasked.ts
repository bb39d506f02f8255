// CP with entries missing or weighted. Many missing: weighted normal equations, row by row over the entries that are
// there. Few missing: expectation-maximisation, which fills the gaps with the model and takes an ordinary sweep
// (Tomasi and Bro 2005).

import { isComplex } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { unravel } from "../base/input.ts";
import { addEquation, solveShifted } from "../base/rowMajor.ts";
import { type AlsOptions, type AlsResult, alternate } from "../cp/als.ts";
import { DenseMttkrp } from "../cp/mttkrp.ts";
import { cpRules } from "../cp/rules.ts";
import type { CP } from "../types.ts";

/** Below this share of present entries the row-wise equations are cheaper than sweeps over the filled tensor. */
const SPARSE_SHARE = 0.3;

/** Row-wise equations of this many multiplications a sweep are preferred at any share: they need far fewer sweeps. */
const CHEAP = 5e7;

/**
 * CP of the entries with positive weight; `x` holds zeros (or anything finite) elsewhere. Errors are relative to
 * those entries. A sweep costs O(size · r) filled, O(present · d · r (r + d) + Σ n_k r³) row by row.
 */
export function maskedAls(x: Tensor, mask: Tensor, start: readonly Tensor[], options: AlsOptions): AlsResult {
  const weights = Float64Array.from(mask.data());
  const present = weights.reduce((count, w) => count + Number(w > 0), 0);
  const plain = weights.every((w) => w === 0 || w === 1);
  const rank = start[0]!.shape[1]!;
  const isCheap = present < SPARSE_SHARE * x.size || present * x.ndim * rank ** 2 < CHEAP;
  // Constrained updates need the full normal equations, which only the filled tensor has.
  const byRows = (isCheap || !plain) && !isComplex(x.dtype) && !options.constrained;
  return byRows ? rowwise(x, weights, present, start, options) : impute(x, weights, start, options);
}

function impute(x: Tensor, weights: Float64Array, start: readonly Tensor[], options: AlsOptions): AlsResult {
  const top = weights.reduce((a, b) => Math.max(a, b), 0);
  const share = new Tensor(
    weights.map((w) => w / top),
    x.shape,
    "float64",
  ).astype(x.dtype);
  const root = share.sqrt();
  const scale = frobenius(x.mul(root));
  let factors = start;
  let model: Tensor | null = null;
  let error = Number.POSITIVE_INFINITY;
  const history: number[] = [];
  let converged = false;
  let result: AlsResult | null = null;
  while (history.length < options.maxIterations && !converged) {
    checkAborted(options.signal, "cp");
    // w x + (1 - w) x̂: what is missing is expected to be as the model says.
    const filled: Tensor = model ? model.add(share.mul(x.sub(model))) : x.mul(share);
    const products = new DenseMttkrp(filled);
    const problem = {
      order: x.ndim,
      norm: frobenius(filled),
      dtype: x.dtype,
      mttkrp: (operands: readonly Tensor[], mode: number): Tensor => products.mttkrp(operands, mode),
    };
    const { onProgress: _, ...quiet } = options;
    result = alternate(problem, factors, { ...quiet, maxIterations: 1, lineSearch: false, tol: 0 });
    factors = spread(result);
    model = cpRules.full(result);
    const next = scale === 0 ? 0 : frobenius(x.sub(model).mul(root)) / scale;
    converged = Math.abs(error - next) < options.tol;
    error = next;
    history.push(error);
    report(options, history.length);
  }
  return { ...result!, iterations: history.length, converged, history };
}

const report = (options: AlsOptions, sweep: number): void =>
  options.onProgress?.({ fraction: sweep / options.maxIterations, stage: `cp sweep ${sweep}` });

/** Weights moved into the last factor, for a sweep that starts from factors alone. */
const spread = (d: CP): readonly Tensor[] =>
  d.factors.map((u, k) => (k === d.factors.length - 1 ? u.mul(d.weights) : u));

/** The present entries and the factors they are fitted with. */
interface Entries {
  readonly shape: readonly number[];
  readonly rank: number;
  /** d positions an entry. */
  readonly index: Int32Array;
  readonly values: Float64Array;
  readonly weight: Float64Array;
  /** `[n_k, r]` each, overwritten. */
  readonly factors: readonly Float64Array[];
  /** Scratch of one row. */
  readonly z: Float64Array;
}

/**
 * Early sweeps are damped: undamped ones may set out towards models that explode between the entries and never come
 * back. The relative shift of the equations shrinks by a factor a sweep, until it is gone.
 */
const FIRST_RIDGE = 1;
const RIDGE_DECAY = 0.8;
const NO_RIDGE = 1e-6;

function rowwise(
  x: Tensor,
  weights: Float64Array,
  present: number,
  start: readonly Tensor[],
  options: AlsOptions,
): AlsResult {
  const order = x.ndim;
  const rank = start[0]!.shape[1]!;
  const index = new Int32Array(present * order);
  const values = new Float64Array(present);
  const weight = new Float64Array(present);
  const data = x.data();
  let entry = 0;
  let scale = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! > 0)) continue;
    index.set(unravel(i, x.shape), entry * order);
    values[entry] = data[i]!;
    weight[entry] = weights[i]!;
    scale += weights[i]! * data[i]! ** 2;
    entry++;
  }
  scale = Math.sqrt(scale);
  const factors = start.map((u) => Float64Array.from(u.data()));
  const z = new Float64Array(rank);
  const problem: Entries = { shape: x.shape, rank, index, values, weight, factors, z };
  const history: number[] = [];
  let error = Number.POSITIVE_INFINITY;
  let converged = false;
  let extra = FIRST_RIDGE;
  while (history.length < options.maxIterations && !converged) {
    checkAborted(options.signal, "cp");
    extra = extra > NO_RIDGE ? extra * RIDGE_DECAY : 0;
    for (let mode = 0; mode < order; mode++) {
      updateRows(problem, mode, Math.max(options.ridge, extra));
      // Columns of unit length keep the equations of the other modes in scale; the last factor holds the weights.
      if (mode < order - 1) normalizeColumns(factors[mode]!, rank);
    }
    const next = scale === 0 ? 0 : misfit(problem) / scale;
    converged = extra <= options.ridge && Math.abs(error - next) < options.tol;
    error = next;
    history.push(error);
    report(options, history.length);
  }
  const result = factors.map((u, k) => new Tensor(u, [x.shape[k]!, rank], "float64").astype(x.dtype));
  const unit = new Tensor(new Float64Array(rank).fill(1), [rank], "float64").astype(x.dtype);
  return { kind: "cp", weights: unit, factors: result, iterations: history.length, converged, history };
}

function normalizeColumns(u: Float64Array, rank: number): void {
  for (let c = 0; c < rank; c++) {
    let total = 0;
    for (let i = c; i < u.length; i += rank) total += u[i]! * u[i]!;
    const length = Math.sqrt(total);
    if (length > 0) for (let i = c; i < u.length; i += rank) u[i] = u[i]! / length;
  }
}

/** z = the product of the rows that one entry meets in all factors but `skip`. */
function rowProduct({ shape, rank, index, factors, z }: Entries, entry: number, skip: number): void {
  const order = shape.length;
  z.fill(1);
  for (let k = 0; k < order; k++) {
    if (k === skip) continue;
    const at = index[entry * order + k]! * rank;
    const u = factors[k]!;
    for (let c = 0; c < rank; c++) z[c] = z[c]! * u[at + c]!;
  }
}

/** √Σ w (x − x̂)² over the present entries. */
function misfit(problem: Entries): number {
  const { values, weight, z, rank } = problem;
  let total = 0;
  for (let e = 0; e < values.length; e++) {
    rowProduct(problem, e, -1);
    let value = 0;
    for (let c = 0; c < rank; c++) value += z[c]!;
    total += weight[e]! * (values[e]! - value) ** 2;
  }
  return Math.sqrt(total);
}

/**
 * Solves (Σ w z zᵀ + ridge) u = Σ w x z for every row of one factor; z is the product of the other factors' rows.
 * Rows without entries become zero: nothing is known of them.
 */
function updateRows(problem: Entries, mode: number, ridge: number): void {
  const { shape, rank: r, index, values, weight, factors, z } = problem;
  const order = shape.length;
  const n = shape[mode]!;
  const grams = new Float64Array(n * r * r);
  const rights = new Float64Array(n * r);
  for (let e = 0; e < values.length; e++) {
    rowProduct(problem, e, mode);
    const i = index[e * order + mode]!;
    addEquation(grams, i * r * r, rights, i * r, z, 0, r, weight[e]!, values[e]!);
  }
  let total = 0;
  for (let i = 0; i < n; i++) total += traceAt(grams, i, r);
  const common = (ridge * total) / (n * r);
  const work = new Float64Array(r * r);
  for (let i = 0; i < n; i++) {
    const row = rights.subarray(i * r, (i + 1) * r);
    const mean = traceAt(grams, i, r) / r;
    // A row with fewer entries than columns has no unique solution: a small shift picks nearly the shortest one.
    const shift = common + 1e-12 * mean;
    if (!(mean > 0)) row.fill(0);
    else if (!solveShifted(grams.subarray(i * r * r, (i + 1) * r * r), row, r, 1, shift, mean, work))
      throw new DomainError("cp: the normal equations of a row of the masked fit are not finite");
  }
  factors[mode]!.set(rights);
}

function traceAt(grams: Float64Array, i: number, r: number): number {
  let trace = 0;
  for (let c = 0; c < r; c++) trace += grams[(i * r + c) * r + c]!;
  return trace;
}
