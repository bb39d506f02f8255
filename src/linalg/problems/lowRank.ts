// Matrices of known rank and singular values: the ground truth of recovery, completion and sketching.

import { matmul } from "../../ops/contract.ts";
import { type Key, split } from "../../random/key.ts";
import { orthogonal } from "../../random/matrices.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface LowRankProblem {
  /** `[m, n]` = U diag(s) Vᵀ */
  readonly matrix: Tensor;
  /** `[m, r]`, orthonormal, from Haar's measure. */
  readonly u: Tensor;
  /** `[r]` */
  readonly s: Tensor;
  /** `[n, r]`, orthonormal, from Haar's measure. */
  readonly v: Tensor;
}

/**
 * U diag(s) Vᵀ of the given shape and singular values, with U and V from Haar's measure; with `symmetric`, V = U, so
 * that ones give a projection. O(m n r).
 *
 * @throws DomainError for singular values that are negative, not finite, none or more than min(m, n), and for
 *   `symmetric` without a square shape.
 */
export function lowRankMatrix(
  key: Key,
  shape: readonly [number, number],
  singularValues: readonly number[],
  options: { readonly symmetric?: boolean } = {},
): LowRankProblem {
  const { symmetric = false } = options;
  const [m, n] = shape;
  const r = singularValues.length;
  if (r === 0 || r > Math.min(m, n))
    throw new DomainError(`lowRankMatrix: 1 to ${Math.min(m, n)} singular values were expected, got ${r}`);
  if (!singularValues.every((value) => value >= 0 && Number.isFinite(value)))
    throw new DomainError(`lowRankMatrix: singular values must be finite and not negative`);
  if (symmetric && m !== n)
    throw new DomainError(`lowRankMatrix: symmetric needs a square shape, got [${m}, ${n}]`);
  const [leftKey, rightKey] = split(key);
  const u = orthogonal(leftKey!, m, { columns: r });
  const v = symmetric ? u : orthogonal(rightKey!, n, { columns: r });
  const s = new Tensor(Float64Array.from(singularValues), [r], "float64");
  return { matrix: matmul(u.mul(s), v.transpose()), u, s, v };
}
