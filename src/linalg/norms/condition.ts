// How singular a matrix is: condition number, rank, null space and range.
import { where } from "../../ops/comparison.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { Tracer } from "../../ops/tracer.ts";
import { ShapeError, TracerError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkMatrix, checkSquare, factorable } from "../base/matrix.ts";
import { completeBasis } from "../spectral/fullSvd.ts";
import { svd, svdvals } from "../spectral/svd.ts";
import { inv } from "../systems/determinant.ts";
import { rankTolerance } from "../systems/pseudoinverse.ts";
import { type NormKind, norm } from "./norm.ts";

/**
 * The condition number ‖a‖ ‖a⁻¹‖ of `[…, m, n]`, with the shape of the leading axes: in the norm 2 the largest singular
 * value over the smallest one, for any shape (infinite when that is 0); in the other norms of `norm` from the inverse
 * of a square matrix. O(m n min(m, n)).
 *
 * @throws ShapeError for fewer than two axes, an empty matrix, and one that is not square unless kind is 2; DTypeError;
 * DomainError for NaN, infinity, an unknown kind, and (kinds other than 2) an exactly singular matrix.
 */
export function cond(a: Tensor, kind: NormKind = 2): Tensor {
  checkMatrix("cond", a);
  if (a.shape.at(-1) === 0 || a.shape.at(-2) === 0)
    throw new ShapeError(`cond: a must not be empty, got shape ${formatShape(a.shape)}`);
  if (kind === 2) {
    const s = svdvals(a);
    return s.at("...", 0).div(s.at("...", -1));
  }
  checkSquare("cond", a);
  return norm(a, kind).mul(norm(inv(a), kind));
}

export interface RankOptions {
  /** Singular values up to this share of the largest count as zero; max(m, n) eps of the dtype unless told. */
  readonly rtol?: number;
}

/**
 * The number of singular values of `[…, m, n]` above `rtol` times the largest, as int32 with the shape of the leading
 * axes. O(m n min(m, n)).
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN, infinity or rtol outside
 * [0, 1).
 */
export function matrixRank(a: Tensor, { rtol }: RankOptions = {}): Tensor {
  checkMatrix("matrixRank", a);
  const share = rankTolerance("matrixRank", a, rtol);
  const s = svdvals(a);
  if (s.shape.at(-1) === 0) return s.sum({ axis: -1 }).astype("int32");
  const limit = s.at("...", "0:1").mul(share);
  return where(s.greater(limit), 1, 0).sum({ axis: -1 }).astype("int32");
}

/** Singular vectors of one matrix, and how many singular values count. */
function ranked(name: string, a: Tensor, { rtol }: RankOptions): { u: Tensor; v: Tensor; rank: number } {
  checkMatrix(name, a);
  if (a.ndim !== 2)
    throw new ShapeError(
      `${name}: one matrix was expected, because the number of columns depends on its rank; got shape ${formatShape(a.shape)}`,
    );
  if (a instanceof Tracer)
    throw new TracerError(
      `${name}: the number of columns depends on the values of a, so it cannot be traced`,
    );
  const share = rankTolerance(name, a, rtol);
  const { u, s, v } = svd(factorable(name, a));
  const values = s.data();
  let rank = 0;
  while (rank < values.length && values[rank]! > share * values[0]!) rank++;
  return { u, v, rank };
}

/**
 * An orthonormal basis `[n, n − rank]` of the vectors that `[m, n]` takes to zero. O(m n min(m, n) + n³).
 *
 * @throws ShapeError for anything but one matrix; TracerError inside of transforms; DTypeError; DomainError for NaN,
 * infinity or rtol outside [0, 1).
 */
export function nullSpace(a: Tensor, options: RankOptions = {}): Tensor {
  const { v, rank } = ranked("nullSpace", a, options);
  const n = a.shape[1]!;
  return narrowAxis(completeBasis(v), -1, rank, n);
}

/**
 * An orthonormal basis `[m, rank]` of the range of `[m, n]`. O(m n min(m, n)).
 *
 * @throws as `nullSpace` does.
 */
export function orth(a: Tensor, options: RankOptions = {}): Tensor {
  const { u, rank } = ranked("orth", a, options);
  return narrowAxis(u, -1, 0, rank);
}
