// Hermitian eigenproblems with a second, positive definite matrix.
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, hermitianPart } from "../base/derivative.ts";
import { broadcastBatch, checkSquare, meet } from "../base/matrix.ts";
import { cholesky } from "../systems/cholesky.ts";
import { solveTriangular } from "../systems/solveTriangular.ts";
import { type Eigh, eigh } from "./eigh.ts";

/** What is solved: a x = λ b x, a b x = λ x or b a x = λ x. */
export type EighProblem = "a x = λ b x" | "a b x = λ x" | "b a x = λ x";

const PROBLEMS: readonly EighProblem[] = ["a x = λ b x", "a b x = λ x", "b a x = λ x"];

/**
 * Eigenvalues, ascending, and vectors of a x = λ b x for Hermitian a and Hermitian positive definite b, both
 * `[…, n, n]` (leading axes broadcast), or of a b x = λ x or b a x = λ x. Vectors are orthonormal with respect to b (for
 * b a x = λ x: to its inverse). By the Cholesky factor of b, so that the accuracy suffers from a b that is badly
 * conditioned; O(n³). Derivatives as those of `eigh`.
 *
 * @throws as `eigh` and `cholesky` do; ShapeError for different orders; DomainError for an unknown problem.
 */
export function generalizedEigh(a: Tensor, b: Tensor, problem: EighProblem = "a x = λ b x"): Eigh {
  const caller = "generalizedEigh";
  checkSquare(caller, a);
  checkSquare(caller, b, "b");
  if (a.shape.at(-1) !== b.shape.at(-1))
    throw new ShapeError(
      `${caller}: matrices of one order were expected, got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  if (!PROBLEMS.includes(problem))
    throw new DomainError(`${caller}: problem must be one of "${PROBLEMS.join('", "')}", got ${problem}`);
  const { dtype } = meet(caller, a, b);
  const [x, y] = broadcastBatch(a.astype(dtype), b.astype(dtype)) as [Tensor, Tensor];
  const l = cholesky(y);
  const lower = { lower: true } as const;
  if (problem === "a x = λ b x") {
    const half = solveTriangular(l, x, lower);
    const { values, vectors } = eigh(hermitianPart(solveTriangular(l, adjoint(half), lower)));
    return { values, vectors: solveTriangular(l, vectors, { ...lower, transpose: "adjoint" }) };
  }
  const { values, vectors } = eigh(hermitianPart(adjoint(l).matmul(x).matmul(l)));
  return {
    values,
    vectors:
      problem === "b a x = λ x"
        ? l.matmul(vectors)
        : solveTriangular(l, vectors, { ...lower, transpose: "adjoint" }),
  };
}
