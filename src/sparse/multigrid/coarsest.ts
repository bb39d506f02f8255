// Both ends of a hierarchy: what the finest matrix must be, and how the coarsest is solved.

import { type DType, machineEpsilon } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkHermitian, factorCholesky } from "../direct/factor.ts";
import type { RealRows } from "../direct/incompleteKernel.ts";
import { checkSymmetricPattern } from "../direct/symbolic.ts";

/** Throws DomainError unless a matrix, given in `dtype`, is symmetric with a positive diagonal. */
export function checkSymmetricPositive(name: string, a: RealRows, dtype: DType): void {
  checkSymmetricPattern(name, a.pattern);
  checkHermitian(name, a.pattern, 1, a.values, 1000 * machineEpsilon(dtype));
  checkPositiveDiagonal(name, a);
}

function checkPositiveDiagonal(name: string, { pattern, values }: RealRows): void {
  for (let i = 0; i < pattern.rows; i++) {
    const p = pattern.find(i, i);
    if (p < 0 || !(values[p] > 0))
      throw new DomainError(
        `${name}: a is not positive definite: diagonal entry ${i} is ${p < 0 ? "not stored" : values[p]}`,
      );
  }
}

/** Solves on the coarsest level; where its matrix is singular (no border value is given) with a slightly larger diagonal. */
export function coarseSolver(name: string, a: RealRows): (x: Float64Array) => void {
  const { pattern, values } = a;
  try {
    const factor = factorCholesky(name, pattern, 1, values, "amd", Number.POSITIVE_INFINITY);
    return (x) => factor.solve(false, 1, x);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const shifted = values.slice();
    for (let i = 0; i < pattern.rows; i++) {
      const d = pattern.find(i, i);
      if (d >= 0) shifted[d] += Math.sqrt(machineEpsilon("float64")) * Math.abs(shifted[d]);
    }
    const factor = factorCholesky(name, pattern, 1, shifted, "amd", Number.POSITIVE_INFINITY);
    return (x) => factor.solve(false, 1, x);
  }
}
