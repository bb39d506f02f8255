// CP: a sum of rank-one tensors (Carroll and Chang 1970, Harshman 1970), by alternating least squares and its variants.

import { matmul } from "../../ops/contract.ts";
import type { Key } from "../../random/key.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";
import type { IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { cancellationLevel, residualNorm } from "../base/exactError.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkInput } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import { checkSparse, isSparse, type SparseTensor, sparseNorm } from "../base/sparse.ts";
import { mergeRepeated, SparseMttkrp } from "../base/sparseEntries.ts";
import { adjoint } from "../base/unfold.ts";
import { maskedAls } from "../completion/cpMasked.ts";
import { checkMask, withoutMasked } from "../completion/mask.ts";
import type { CP } from "../types.ts";
import { type AlsResult, alternate, type CpProblem } from "./als.ts";
import { DenseMttkrp } from "./mttkrp.ts";
import { cpRules, heaviestFirst } from "./rules.ts";
import {
  type CpInit,
  compress,
  compressionBudget,
  givenStart,
  ModeBases,
  randomStart,
  startFor,
} from "./start.ts";
import { type FactorUpdate, halsUpdate, leastSquaresUpdate, multiplicativeUpdate } from "./update.ts";

export interface CpOptions extends IterationOptions {
  /**
   * `svd` (default): leading left singular vectors of each unfolding, padded with normal columns when the rank
   * exceeds the mode; `random`: normal columns; or factors to start from.
   */
  readonly init?: CpInit;
  /** For the random parts of the start; key(0) unless told. */
  readonly key?: Key;
  /** Bro's extrapolation between sweeps; on unless told (never with `nonneg` or `mask`). */
  readonly lineSearch?: boolean;
  /** Factors without negative entries: by hierarchical ALS (`true` or "hals") or multiplicative updates. */
  readonly nonneg?: boolean | "hals" | "mu";
  /** Which entries count: bool, or weights >= 0. Entries with weight 0 are not looked at. */
  readonly mask?: Tensor;
  /** Added to the normal equations, relative to their mean eigenvalue; cures degenerate components. 0 unless told. */
  readonly ridge?: number;
  /** Change of the relative error at which to stop; 1e-8 unless told. */
  readonly tol?: number;
  /** 200 unless told. */
  readonly maxIterations?: number;
}

export interface CpResult extends AlsResult {
  /** Relative error of the last sweep (on the entries that count, when there is a mask). */
  readonly error: number;
  /** Two components nearly cancel: their cosine is below -0.95 and their weights exceed 10 ‖X‖. */
  readonly degenerate: boolean;
}

/**
 * CP decomposition of rank `rank`, components in order of weight, signs such that the largest entry of every column
 * but the last factor's is positive. O(size · rank) a sweep; sparse input costs O(entries · d · rank).
 *
 * There is no best rank-r approximation in general (components may diverge while they cancel): `degenerate` reports
 * it, `ridge` cures it.
 *
 * @throws ShapeError for a scalar or empty tensor or a mask of another shape; DomainError for a rank below 1, entries
 * that are not finite, an empty mask or negative weights; DTypeError for complex input with `nonneg`.
 */
export function cp(x: Tensor | SparseTensor, rank: number, options: CpOptions = {}): CpResult {
  checkOptions(rank, options);
  if (isSparse(x, "cp")) return sparseCp(x, rank, options);
  const { mask, nonneg = false } = options;
  const filled = mask ? withoutMasked(x, checkMask(mask, x.shape, "cp")) : x;
  const input = checkInput(filled, "cp");
  if (nonneg && isComplex(input.dtype))
    throw new DTypeError(`cp: nonneg needs a real tensor, got ${input.dtype}`);
  const norm = frobenius(input);
  const unit = rangeScale(input, norm);
  if (unit !== 1) {
    const fit = cp(input.div(unit), rank, options);
    return { ...fit, weights: fit.weights.mul(unit) };
  }
  const bases = new ModeBases(input);
  if (mask) return finish(maskedAls(input, mask, startFor(bases, rank, options), loopOptions(options)), norm);
  const shrunk =
    nonneg || norm === 0 || typeof (options.init ?? "svd") !== "string"
      ? null
      : compress(bases, compressionBudget(input, norm, options.tol ?? 1e-8));
  if (!shrunk) {
    const fit = alternate(denseProblem(input, norm), startFor(bases, rank, options), loopOptions(options));
    return finish(withExplicitError(fit, input, norm), norm);
  }
  // CANDELINC: a CP model of the core is one of the tensor.
  const { core, factors } = shrunk;
  const start = startFor(new ModeBases(core), rank, options);
  const small = alternate(denseProblem(core, norm), start, loopOptions(options));
  const lifted = { ...small, factors: small.factors.map((u, k) => matmul(factors[k]!, u)) };
  return finish(withExplicitError(lifted, input, norm), norm);
}

function checkOptions(rank: number, options: CpOptions): void {
  if (!(Number.isInteger(rank) && rank >= 1))
    throw new DomainError(`cp: a rank of at least 1 was expected, got ${rank}`);
  const { tol = 1e-8, maxIterations = 200, ridge = 0 } = options;
  if (!(tol >= 0 && tol < 1)) throw new DomainError(`cp: tol from 0 to below 1 was expected, got ${tol}`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1))
    throw new DomainError(`cp: maxIterations of at least 1 was expected, got ${maxIterations}`);
  if (!(ridge >= 0 && Number.isFinite(ridge)))
    throw new DomainError(`cp: a ridge of at least 0 was expected, got ${ridge}`);
}

/** Replaces a last error that cancels by that of the explicit residual. */
function withExplicitError(fit: AlsResult, x: Tensor, norm: number): AlsResult {
  if (norm === 0 || fit.history.at(-1)! > cancellationLevel(x.dtype)) return fit;
  const model = (rows: Tensor): Tensor => cpRules.full({ ...fit, factors: [rows, ...fit.factors.slice(1)] });
  const error = residualNorm(x, fit.factors[0]!, model) / norm;
  return { ...fit, history: [...fit.history.slice(0, -1), error] };
}

function sparseCp(given: SparseTensor, rank: number, options: CpOptions): CpResult {
  checkSparse(given, "cp");
  if (options.mask) throw new DomainError("cp: a sparse tensor takes no mask; its missing entries are zeros");
  const x = mergeRepeated(given);
  const norm = sparseNorm(x);
  const products = new SparseMttkrp(x);
  const problem: CpProblem = {
    order: x.shape.length,
    norm,
    dtype: "float64",
    mttkrp: (factors, mode) => products.mttkrp(factors, mode),
  };
  const { init, nonneg = false } = options;
  const start =
    init && typeof init !== "string"
      ? givenStart(x.shape, rank, "float64", init, nonneg !== false)
      : randomStart(x.shape, rank, "float64", options);
  return finish(alternate(problem, start, loopOptions(options)), norm);
}

function denseProblem(x: Tensor, norm: number): CpProblem {
  const products = new DenseMttkrp(x);
  return {
    order: x.ndim,
    norm,
    dtype: x.dtype,
    mttkrp: (factors, mode) => products.mttkrp(factors, mode),
    probeMode: products.probeMode,
    combine: (trial, now, before, step) => products.combine(trial, now, before, step),
  };
}

function loopOptions(options: CpOptions): Parameters<typeof alternate>[2] {
  const {
    tol = 1e-8,
    maxIterations = 200,
    nonneg = false,
    ridge = 0,
    lineSearch = true,
    onProgress,
    signal,
  } = options;
  const update: FactorUpdate =
    nonneg === "mu" ? multiplicativeUpdate : nonneg ? halsUpdate : leastSquaresUpdate(ridge);
  return {
    tol,
    maxIterations,
    update,
    constrained: nonneg !== false,
    lineSearch: lineSearch && !nonneg,
    ridge,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  };
}

/** Orders components, fixes signs and looks for degeneracy. */
function finish(result: AlsResult, norm: number): CpResult {
  const model = positiveColumns(heaviestFirst(result));
  return {
    ...result,
    ...model,
    error: result.history.at(-1)!,
    degenerate: norm > 0 && isDegenerate(model, norm),
  };
}

/** Moves signs into the last factor: the largest entry of each other column becomes positive. */
function positiveColumns(d: CP): CP {
  if (isComplex(d.weights.dtype)) return d;
  const r = d.weights.size;
  const signs = new Float64Array(r).fill(1);
  const factors = d.factors.map((u, k) => {
    if (k === d.factors.length - 1) return u;
    const data = u.data();
    const flips = Float64Array.from({ length: r }, (_, c) => {
      let extreme = 0;
      for (let i = c; i < data.length; i += r) if (Math.abs(data[i]!) > Math.abs(extreme)) extreme = data[i]!;
      return extreme < 0 ? -1 : 1;
    });
    for (let c = 0; c < r; c++) signs[c]! *= flips[c]!;
    return u.mul(new Tensor(flips, [r], "float64").astype(u.dtype));
  });
  const last = factors.at(-1)!;
  factors[factors.length - 1] = last.mul(new Tensor(signs, [r], "float64").astype(last.dtype));
  return { kind: "cp", weights: d.weights, factors };
}

function isDegenerate(d: CP, norm: number): boolean {
  const cosines = d.factors
    .map((u) => matmul(adjoint(u), u).real())
    .reduce((product, gram) => product.mul(gram))
    .data();
  const weights = d.weights.abs().data();
  const r = weights.length;
  for (let a = 0; a < r; a++)
    for (let b = 0; b < a; b++)
      if (cosines[a * r + b]! < -0.95 && weights[a]! > 10 * norm && weights[b]! > 10 * norm) return true;
  return false;
}
