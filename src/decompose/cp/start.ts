// Where CP starts: compression of the tensor by the bases of its unfoldings (CANDELINC, Carroll, Pruzansky and
// Kruskal 1980) and the first factors.

import { concat } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { normal, uniform } from "../../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../../random/key.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkFinite } from "../base/input.ts";
import { gramFloor, modeGram, rankFor, symmetricBasis } from "../base/truncation.ts";
import { multiModeProduct } from "../base/unfold.ts";

export type CpInit = "svd" | "random" | readonly Tensor[];

export interface StartOptions {
  readonly init?: CpInit;
  readonly key?: Key;
  readonly nonneg?: boolean | "hals" | "mu";
}

/** Singular bases of the unfoldings of one tensor, each computed when first asked for. */
export class ModeBases {
  readonly x: Tensor;
  readonly #known: ({ vectors: Tensor; values: Float64Array } | null)[] = [];

  constructor(x: Tensor) {
    this.x = x;
  }

  /** null for a mode longer than all others together, whose Gram matrix would be larger than the tensor. */
  of(mode: number): { readonly vectors: Tensor; readonly values: Float64Array } | null {
    const { x } = this;
    const n = x.shape[mode]!;
    this.#known[mode] ??= n > x.size / n ? null : symmetricBasis(modeGram(x, mode));
    return this.#known[mode]!;
  }
}

/**
 * Projection onto the ranges of all unfoldings, up to `delta`, when that shrinks the tensor to less than a quarter. A
 * mode that cannot be shrunk ends the attempt: then noise fills the others too.
 */
export function compress(bases: ModeBases, delta: number): { core: Tensor; factors: Tensor[] } | null {
  const { x } = bases;
  if (x.ndim < 3) return null;
  const factors: Tensor[] = [];
  for (let mode = 0; mode < x.ndim; mode++) {
    const basis = bases.of(mode);
    if (!basis) return null;
    const { rank } = rankFor(basis.values, delta);
    if (rank === x.shape[mode]! && rank > SHORT) return null;
    factors.push(narrowAxis(basis.vectors, 1, 0, rank).contiguous());
  }
  if (4 * sizeOf(factors.map((u) => u.shape[1]!)) >= x.size) return null;
  return { core: multiModeProduct(x, factors, { adjoint: true }), factors };
}

/** A mode as short as this (channels of an image) may well be full while the others are not. */
const SHORT = 8;

/** Largest norm of what compression may cut off. */
export const compressionBudget = (x: Tensor, norm: number, tol: number): number =>
  Math.max(tol / 10, gramFloor(x)) * norm;

/** The factors that `init` asks for. Throws ShapeError and DomainError for given ones that do not fit. */
export function startFor(bases: ModeBases, rank: number, options: StartOptions): readonly Tensor[] {
  const { x } = bases;
  const { init = "svd", nonneg = false } = options;
  if (typeof init !== "string") return givenStart(x.shape, rank, x.dtype, init, nonneg !== false);
  const random = randomStart(x.shape, rank, x.dtype, options);
  if (init === "random") return random;
  return x.shape.map((n, mode) => {
    const basis = bases.of(mode);
    if (!basis) return random[mode]!;
    const leading = narrowAxis(basis.vectors, 1, 0, Math.min(rank, n));
    const columns =
      rank > n ? concat([leading, narrowAxis(random[mode]!, 1, n, rank)], 1) : leading.contiguous();
    return nonneg ? columns.abs() : columns;
  });
}

/** Factors from the caller, checked. */
export function givenStart(
  shape: Shape,
  rank: number,
  dtype: DType,
  init: readonly Tensor[],
  nonneg: boolean,
): Tensor[] {
  if (init.length !== shape.length)
    throw new ShapeError(`cp: ${shape.length} init factors were expected, got ${init.length}`);
  return init.map((u, k) => {
    if (!sameShape(u.shape, [shape[k]!, rank]))
      throw new ShapeError(
        `cp: init factor ${k} must have shape [${shape[k]}, ${rank}], got ${formatShape(u.shape)}`,
      );
    const start = u.astype(dtype).contiguous();
    checkFinite(start, `cp: init factor ${k}`);
    if (nonneg && start.min().item() < 0)
      throw new DomainError(`cp: init factor ${k} has negative entries, which nonneg forbids`);
    return start;
  });
}

/** Normal columns, or uniform ones from 0 to 1 with `nonneg`. */
export function randomStart(shape: Shape, rank: number, dtype: DType, options: StartOptions): Tensor[] {
  const from = options.key ?? makeKey(0);
  return shape.map((n, mode) =>
    options.nonneg
      ? uniform(foldIn(from, mode), [n, rank]).astype(dtype)
      : normal(foldIn(from, mode), [n, rank], { dtype }),
  );
}
