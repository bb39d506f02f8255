// CP: a sum of rank-one tensors (Carroll and Chang 1970, Harshman 1970), by alternating least squares and its variants.

import { matmul } from "../ops/contract.ts";
import { concat } from "../ops/join.ts";
import { narrowAxis } from "../ops/movement.ts";
import { normal, uniform } from "../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../random/key.ts";
import { type DType, isComplex } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type AlsResult, alternate, type CpProblem } from "./cpAls.ts";
import { maskedAls } from "./cpMasked.ts";
import { type FactorUpdate, halsUpdate, leastSquaresUpdate, multiplicativeUpdate } from "./cpUpdate.ts";
import { heaviestFirst } from "./formats/cp.ts";
import { frobenius } from "./frobenius.ts";
import { checkInput, type IterationOptions } from "./input.ts";
import { DenseMttkrp } from "./mttkrp.ts";
import { checkSparse, isSparse, type SparseTensor, sparseMttkrp, sparseNorm } from "./sparse.ts";
import { gramFloor, modeGram, rankFor, symmetricBasis } from "./truncation.ts";
import type { CP } from "./types.ts";
import { adjoint, multiModeProduct } from "./unfold.ts";

export interface CpOptions extends IterationOptions {
  /**
   * `svd` (default): leading left singular vectors of each unfolding, padded with normal columns when the rank exceeds the mode;
   * `random`: normal columns; or factors to start from.
   */
  readonly init?: "svd" | "random" | readonly Tensor[];
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
 * CP decomposition of rank `rank`, components in order of weight, signs such that the largest entry of every column but the last factor's is
 * positive. O(size · rank) a sweep; sparse input costs O(entries · d · rank).
 *
 * There is no best rank-r approximation in general (components may diverge while they cancel): `degenerate` reports it, `ridge` cures it.
 *
 * @throws ShapeError for a scalar or empty tensor or a mask of another shape; DomainError for a rank below 1, entries that are not finite, an empty
 * mask or negative weights; DTypeError for complex input with `nonneg`.
 */
export function cp(x: Tensor | SparseTensor, rank: number, options: CpOptions = {}): CpResult {
  if (!(Number.isInteger(rank) && rank >= 1))
    throw new DomainError(`cp: a rank of at least 1 was expected, got ${rank}`);
  if (isSparse(x)) return sparseCp(x, rank, options);
  const { mask, nonneg = false } = options;
  const filled = mask ? withoutMasked(x, checkMask(mask, x.shape)) : x;
  const input = checkInput(filled, "cp");
  if (nonneg && isComplex(input.dtype))
    throw new DTypeError(`cp: nonneg needs a real tensor, got ${input.dtype}`);
  if (mask) return finish(maskedAls(input, mask, startFor(input, rank, options), loopOptions(options)), 0);
  const norm = frobenius(input);
  const compressed =
    nonneg || Array.isArray(options.init) ? null : compress(input, norm, options.tol ?? 1e-8);
  if (!compressed)
    return finish(
      alternate(denseProblem(input, norm), startFor(input, rank, options), loopOptions(options)),
      norm,
    );
  // CANDELINC: a CP model of the core is one of the tensor.
  const { core, bases } = compressed;
  const small = alternate(denseProblem(core, norm), startFor(core, rank, options), loopOptions(options));
  const factors = small.factors.map((u, k) => matmul(bases[k]!, u));
  return finish({ ...small, factors }, norm);
}

function sparseCp(x: SparseTensor, rank: number, options: CpOptions): CpResult {
  checkSparse(x, "cp");
  if (options.mask) throw new DomainError("cp: a sparse tensor takes no mask; its missing entries are zeros");
  const norm = sparseNorm(x);
  const problem: CpProblem = {
    order: x.shape.length,
    norm,
    mttkrp: (factors, mode) => sparseMttkrp(x, factors, mode),
  };
  return finish(
    alternate(problem, randomStart(x.shape, rank, "float64", options), loopOptions(options)),
    norm,
  );
}

function denseProblem(x: Tensor, norm: number): CpProblem {
  const products = new DenseMttkrp(x);
  return { order: x.ndim, norm, mttkrp: (factors, mode) => products.mttkrp(factors, mode) };
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
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  };
}

function checkMask(mask: Tensor, shape: Shape): Tensor {
  if (!sameShape(mask.shape, shape))
    throw new ShapeError(
      `cp: a mask of shape ${formatShape(shape)} was expected, got ${formatShape(mask.shape)}`,
    );
  const weights = mask.data();
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! >= 0)) throw new DomainError("cp: weights of the mask must be >= 0");
    total += weights[i]!;
  }
  if (!(total > 0)) throw new DomainError("cp: the mask leaves no entry");
  return mask;
}

/** Masked entries may be NaN: they are not looked at. */
function withoutMasked(x: Tensor, mask: Tensor): Tensor {
  const keep = mask.data();
  const data = x.toTypedArray();
  const width = isComplex(x.dtype) ? 2 : 1;
  for (let i = 0; i < keep.length; i++) if (keep[i] === 0) data.fill(0, i * width, (i + 1) * width);
  return new Tensor(data, x.shape, x.dtype);
}

/** Projection onto the ranges of all unfoldings when that shrinks the tensor to less than a quarter. */
function compress(x: Tensor, norm: number, tol: number): { core: Tensor; bases: Tensor[] } | null {
  if (x.ndim < 3 || norm === 0) return null;
  const delta = Math.max(tol / 10, gramFloor(x)) * norm;
  const bases: Tensor[] = [];
  for (let mode = 0; mode < x.ndim; mode++) {
    if (x.shape[mode]! > x.size / x.shape[mode]!) return null;
    const { vectors, values } = symmetricBasis(modeGram(x, mode));
    bases.push(narrowAxis(vectors, 1, 0, rankFor(values, delta).rank).contiguous());
  }
  if (4 * sizeOf(bases.map((u) => u.shape[1]!)) >= x.size) return null;
  return { core: multiModeProduct(x, bases, { adjoint: true }), bases };
}

function startFor(x: Tensor, rank: number, options: CpOptions): readonly Tensor[] {
  const { init = "svd", nonneg = false } = options;
  if (typeof init !== "string") {
    x.shape.forEach((n, k) => {
      if (!init[k] || !sameShape(init[k]!.shape, [n, rank]))
        throw new ShapeError(
          `cp: init factor ${k} must have shape [${n}, ${rank}], got ${init[k] ? formatShape(init[k]!.shape) : "none"}`,
        );
    });
    return init.map((u) => u.astype(x.dtype));
  }
  const random = randomStart(x.shape, rank, x.dtype, options);
  if (init === "random") return random;
  return x.shape.map((n, mode) => {
    if (n > x.size / n) return random[mode]!;
    const { vectors } = symmetricBasis(modeGram(x, mode));
    const leading = narrowAxis(vectors, 1, 0, Math.min(rank, n));
    const columns =
      rank > n ? concat([leading, narrowAxis(random[mode]!, 1, n, rank)], 1) : leading.contiguous();
    return nonneg ? columns.abs() : columns;
  });
}

function randomStart(shape: Shape, rank: number, dtype: DType, options: CpOptions): Tensor[] {
  const from = options.key ?? makeKey(0);
  return shape.map((n, mode) =>
    options.nonneg
      ? uniform(foldIn(from, mode), [n, rank]).astype(dtype)
      : normal(foldIn(from, mode), [n, rank], { dtype }),
  );
}

/** Orders components, fixes signs and looks for degeneracy. */
function finish(result: AlsResult, norm: number): CpResult {
  const model = positiveColumns(heaviestFirst(result));
  return {
    ...result,
    ...model,
    error: result.history.at(-1) ?? Number.NaN,
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

/**
 * Kruskal rank of each factor: the largest k such that every k columns are independent. Σ k-ranks ≥ 2 r + d - 1 makes a CP decomposition unique (Kruskal 1977,
 * Sidiropoulos and Bro 2000). Exponential in the rank: throws DomainError above 12 columns.
 */
export function kruskalRanks(d: CP): { ranks: number[]; unique: boolean } {
  const r = d.weights.size;
  if (r > 12) throw new DomainError(`kruskalRanks: at most 12 components were expected, got ${r}`);
  const ranks = d.factors.map((u) => kruskalRank(u, r));
  return { ranks, unique: ranks.reduce((a, b) => a + b, 0) >= 2 * r + d.factors.length - 1 };
}

function kruskalRank(u: Tensor, r: number): number {
  const independent = (columns: number[]): boolean => {
    const part = u.at(":", columns).contiguous();
    if (columns.length > part.shape[0]!) return false;
    const { values } = symmetricBasis(matmul(adjoint(part), part));
    return values.at(-1)! > 1e-7 * values[0]!;
  };
  let rank = 0;
  for (let size = 1; size <= r; size++) {
    if (!subsets(r, size).every(independent)) break;
    rank = size;
  }
  return rank;
}

function subsets(n: number, size: number, first = 0): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let i = first; i <= n - size; i++)
    for (const rest of subsets(n, size - 1, i + 1)) found.push([i, ...rest]);
  return found;
}
