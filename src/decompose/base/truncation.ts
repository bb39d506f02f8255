// Truncated bases of unfoldings: the one step that all SVD-type formats share. Only left singular vectors are needed,
// so the Gram matrix of the short side serves whenever the tolerance allows its accuracy.

import { device } from "../../device/current.ts";
import type { MatrixType } from "../../device/device.ts";
import { qr } from "../../linalg/orthogonal/qr.ts";
import { rangeFinder } from "../../linalg/orthogonal/rangeFinder.ts";
import { eigh } from "../../linalg/spectral/eigh.ts";
import { svd } from "../../linalg/spectral/svd.ts";
import { conj } from "../../ops/complex.ts";
import { matmul } from "../../ops/contract.ts";
import { flip, moveAxis, narrowAxis } from "../../ops/movement.ts";
import { type Key, key as makeKey } from "../../random/key.ts";
import { allocate, dtypeInfo, machineEpsilon, realDType, type Storage } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint, unfold } from "./unfold.ts";

/** How left singular vectors are found; `auto` chooses by tolerance and size. */
export type TruncationMethod = "auto" | "gram" | "svd" | "randomized";

export interface Truncation {
  /** Largest 2-norm of what may be cut off. */
  readonly delta?: number;
  /** Number of vectors to keep; `delta` is then not needed. */
  readonly rank?: number;
  /** Upper limit on top of `delta`. */
  readonly maxRank?: number;
  readonly method?: TruncationMethod;
  readonly key?: Key;
}

export interface LeftBasis {
  /** Orthonormal columns `[n, r]`. */
  readonly u: Tensor;
  /** All singular values that were computed, largest first. */
  readonly singularValues: Float64Array;
  /** Σ of the squares of those cut off. */
  readonly discarded: number;
}

/** Relative tolerance below which a Gram matrix, whose eigenvalues are squares, cannot be trusted. */
export const gramFloor = (x: Tensor): number => (realDType(x.dtype) === "float32" ? 3e-3 : 1e-6);

/** A Gram matrix larger than this costs more than a sketch. */
export const LARGEST_GRAM = 2048;

/** The smallest rank (at least 1) with Σ_{i ≥ rank} s_i² ≤ delta², and that sum. */
export function rankFor(
  values: ArrayLike<number>,
  delta: number,
  maxRank: number = Number.POSITIVE_INFINITY,
): { rank: number; discarded: number } {
  let discarded = 0;
  let rank = values.length;
  const budget = delta * delta;
  while (rank > 1) {
    const next = discarded + values[rank - 1]! ** 2;
    if (next > budget) break;
    discarded = next;
    rank--;
  }
  while (rank > Math.max(1, maxRank)) discarded += values[--rank]! ** 2;
  return { rank, discarded };
}

/** The Gram matrix `[n_k, n_k]` of a mode-k unfolding, X_k X_kᴴ, without forming the unfolding. O(n_k · size / 2). */
export function modeGram(x: Tensor, mode: number): Tensor {
  const n = x.shape[mode]!;
  const left = sizeOf(x.shape.slice(0, mode));
  const right = sizeOf(x.shape.slice(mode + 1));
  const data = allocate(x.dtype, n * n);
  const type = x.dtype as MatrixType;
  const target = { data, offset: 0, rowStride: n };
  // Many short pages are gathered into one long one first.
  const single = left > 1 && right > 1 && right < 32;
  const pages = single ? moveAxis(x, mode, 0).contiguous() : x.contiguous();
  const [count, rowStride, columnStride, width] = single
    ? [1, left * right, 1, left * right]
    : right === 1
      ? [1, 1, n, left]
      : [left, right, 1, right];
  for (let page = 0; page < count; page++) {
    const view = { data: pages.storage, offset: pages.offset + page * n * right, rowStride, columnStride };
    device.gemm(
      type,
      n,
      n,
      width,
      view,
      { ...view, rowStride: columnStride, columnStride: rowStride, conjugate: true },
      target,
      { triangle: "lower", accumulate: page > 0 },
    );
  }
  mirrorLower(data, n, dtypeInfo(x.dtype).width);
  return new Tensor(data, [n, n], x.dtype);
}

/** Completes a Hermitian matrix from its lower triangle. */
function mirrorLower(data: Storage, n: number, width: 1 | 2): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const from = (i * n + j) * width;
      const to = (j * n + i) * width;
      data[to] = data[from]!;
      if (width === 2) data[to + 1] = -data[from + 1]!;
    }
}

/** Eigenvectors of a Gram matrix as singular vectors, largest first, with negative rounding clipped. */
export function symmetricBasis(gram: Tensor): { vectors: Tensor; values: Float64Array } {
  const { values, vectors } = eigh(gram);
  const ascending = values.data();
  const singular = Float64Array.from({ length: ascending.length }, (_, i) =>
    Math.sqrt(Math.max(0, ascending[ascending.length - 1 - i]!)),
  );
  return { vectors: flip(vectors, -1), values: singular };
}

function chooseMethod(
  x: Tensor,
  n: number,
  options: Truncation,
  norm: number,
): Exclude<TruncationMethod, "auto"> {
  const { method = "auto", delta, rank } = options;
  if (method !== "auto") return method;
  const tight = delta !== undefined && rank === undefined && delta < gramFloor(x) * norm;
  if (tight) return "svd";
  return Math.min(n, x.size / n) > LARGEST_GRAM ? "randomized" : "gram";
}

/** Singular vectors as columns and their values, largest first. */
interface Singular {
  readonly vectors: Tensor;
  readonly values: Float64Array;
}

/**
 * Leading left singular vectors of the mode-k unfolding of a tensor; `norm` is the scale that tolerances are relative
 * to. `gram`: O(n_k · size), values below sqrt(machine epsilon) · ‖x‖ drown in rounding, and unless it was asked for
 * the method gives way to `svd` when those are wanted; `svd`: QR of the unfolding's adjoint, O(n_k · size) with a
 * larger constant, accurate to rounding; `randomized`: O(r · size).
 */
export function leftBasis(x: Tensor, mode: number, options: Truncation, norm: number): LeftBasis {
  const n = x.shape[mode]!;
  const method = chooseMethod(x, n, options, norm);
  const isWide = n <= x.size / n;
  if (method === "gram") {
    const basis = isWide ? wideGramBasis(x, mode, options, norm) : tallGramBasis(x, mode, options, norm);
    if (basis) return basis;
  }
  const matrix = unfold(x, mode).contiguous();
  if (method === "randomized") return sketchedBasis(x, matrix, options, norm);
  return cut(valuesOf(isWide ? shortSideSvd(matrix) : svd(matrix)), options);
}

/** Keeps what the options ask for; `missing` is already lost, `reserve` is left unspent for rounding. */
function cut({ vectors, values }: Singular, options: Truncation, missing = 0, reserve = 0): LeftBasis {
  const { delta = 0, rank, maxRank } = options;
  const found =
    rank === undefined
      ? rankFor(values, Math.sqrt(Math.max(0, delta * delta - missing - reserve)), maxRank)
      : cutAt(values, rank);
  return {
    u: narrowAxis(vectors, 1, 0, found.rank).contiguous(),
    singularValues: values,
    discarded: found.discarded + missing,
  };
}

/** Whether the vectors of a given rank reach down to where squares have no digits left. */
const drowns = (values: Float64Array, x: Tensor, { rank, method }: Truncation, norm: number): boolean =>
  method !== "gram" && rank !== undefined && rank < values.length && values[rank - 1]! < gramFloor(x) * norm;

/** From the Gram matrix of the rows; null when it is not accurate enough. */
function wideGramBasis(x: Tensor, mode: number, options: Truncation, norm: number): LeftBasis | null {
  const found = symmetricBasis(modeGram(x, mode));
  if (drowns(found.values, x, options, norm)) return null;
  // What rounding of the squares may hide (2.5 units at most on random spectra) must not push the error past the bound.
  return cut(found, options, 0, 4 * machineEpsilon(realDType(x.dtype)) * norm * norm);
}

/**
 * From the Gram matrix of the columns: the images of its leading vectors span the subspace, and QR makes them a
 * basis.
 */
function tallGramBasis(x: Tensor, mode: number, options: Truncation, norm: number): LeftBasis | null {
  const matrix = unfold(x, mode).contiguous();
  const { vectors, values } = symmetricBasis(modeGram(matrix, 1));
  if (drowns(values, x, options, norm)) return null;
  const leading = cut({ vectors: conj(vectors), values }, options);
  return { ...leading, u: qr(matmul(matrix, leading.u)).q };
}

/** From a random sketch of the range. */
function sketchedBasis(x: Tensor, matrix: Tensor, options: Truncation, norm: number): LeftBasis {
  const { delta = 0, rank } = options;
  const basis = rangeFinder(matrix, {
    // Half of the budget for what the sketch misses, the rest for the cut.
    ...(rank === undefined ? { rtol: Math.min(0.5, (0.5 * delta) / (norm || 1)) } : { rank }),
    key: options.key ?? makeKey(0),
  });
  const small = matmul(adjoint(basis.q), matrix);
  const isTight = rank === undefined && delta < gramFloor(x) * norm;
  let found: Singular = isTight ? valuesOf(shortSideSvd(small)) : symmetricBasis(modeGram(small, 0));
  if (drowns(found.values, x, options, norm)) found = valuesOf(shortSideSvd(small));
  return cut(
    { vectors: matmul(basis.q, found.vectors), values: found.values },
    options,
    basis.errorEstimate ** 2,
  );
}

const valuesOf = ({ u, s }: { u: Tensor; s: Tensor }): Singular => ({
  vectors: u,
  values: Float64Array.from(s.data()),
});

/** A given rank, lowered to the number of values: more vectors would only multiply zeros. */
function cutAt(values: Float64Array, asked: number): { rank: number; discarded: number } {
  const rank = Math.min(asked, values.length);
  let discarded = 0;
  for (let i = values.length - 1; i >= rank; i--) discarded += values[i]! ** 2;
  return { rank, discarded };
}

/** Left singular vectors and values of a wide matrix from the triangular factor of its adjoint. */
function shortSideSvd(matrix: Tensor): { u: Tensor; s: Tensor } {
  const { r } = qr(adjoint(matrix).contiguous());
  return svd(adjoint(r).contiguous());
}

/** A matrix split as u · rest with orthonormal u `[m, r]` and rest = uᴴ · matrix: the step of every train and tree. */
export function splitMatrix(
  matrix: Tensor,
  options: Truncation,
  norm: number,
): LeftBasis & { readonly rest: Tensor } {
  const basis = leftBasis(matrix, 0, options, norm);
  return { ...basis, rest: matmul(adjoint(basis.u), matrix) };
}
