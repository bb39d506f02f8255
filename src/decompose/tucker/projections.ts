// What the updates of a non-negative Tucker model need of a tensor, dense or sparse.

import type { Key } from "../../random/key.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { rangeScale } from "../base/range.ts";
import { type SparseTensor, sparseNorm, sparseProject } from "../base/sparse.ts";
import { mergeRepeated } from "../base/sparseEntries.ts";
import { multiModeProduct, unfold } from "../base/unfold.ts";
import { sparseTucker } from "./sparse.ts";
import { sthosvd } from "./sthosvd.ts";

export interface Projections {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly norm: number;
  /** By how much the tensor was divided. */
  readonly unit: number;
  /** The tensor times the transposes of all factors but one, unfolded along that mode: `[n_k, Π_{j≠k} r_j]`. */
  project(factors: readonly Tensor[], mode: number): Tensor;
  /** Orthonormal factors to start from, of ranks as asked or lower. */
  start(ranks: readonly number[], key: Key): readonly Tensor[];
}

/** A product costs O(size · r). */
export function denseProjections(given: Tensor): Projections {
  const unit = rangeScale(given);
  const x = unit === 1 ? given : given.div(unit);
  return {
    shape: x.shape,
    dtype: x.dtype,
    norm: frobenius(x),
    unit,
    project: (factors, mode) => {
      const others = factors.map((u, k) => (k === mode ? null : u));
      return unfold(multiModeProduct(x, others, { adjoint: true }), mode);
    },
    start: (ranks) => sthosvd(x, { ranks }).factors,
  };
}

/** Sweeps of HOOI for a start: a rough basis is as good as any. */
const START_SWEEPS = 3;

/** A product costs O(entries · Π_{j≠k} r_j). */
export function sparseProjections(given: SparseTensor): Projections {
  const whole = mergeRepeated(given);
  const unit = rangeScale(new Tensor(whole.values, [whole.values.length], "float64"));
  const x = unit === 1 ? whole : { ...whole, values: whole.values.map((value) => value / unit) };
  return {
    shape: x.shape,
    dtype: "float64",
    norm: sparseNorm(x),
    unit,
    project: (factors, mode) => sparseProject(x, factors, mode),
    start: (ranks, key) => sparseTucker(x, { ranks, key, maxIterations: START_SWEEPS }).factors,
  };
}
