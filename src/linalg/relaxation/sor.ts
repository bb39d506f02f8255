// Successive over-relaxation, and the symmetric pair of its sweeps as a preconditioner.

import { fromDense } from "../../sparse/base/constructors.ts";
import { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { realRows } from "../../sparse/direct/incomplete.ts";
import { diagonalPlaces, type RealRows } from "../../sparse/direct/incompleteKernel.ts";
import { multiplyVector } from "../../sparse/kernels/product.ts";
import { gaussSeidel, type Smoother } from "../../sparse/multigrid/smoothers.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkTolerances, type KrylovOptions, watch } from "../krylov/problem.ts";
import { checkVector, VectorSpace } from "../krylov/space.ts";
import type { Linear } from "../operator/asOperator.ts";
import { Dense } from "../operator/dense.ts";
import { isKnown, LinearOperator, meetDTypes } from "../operator/operator.ts";
import { Sparse } from "../operator/sparse.ts";

export interface SorOptions extends Omit<KrylovOptions, "preconditioner"> {
  /** The relaxation parameter, in (0, 2); 1 is the method of Gauss and Seidel. */
  readonly omega: number;
}

export interface RelaxationSolution {
  /** `[n]` */
  readonly x: Tensor;
  /** Sweeps. */
  readonly iterations: number;
  /** ‖b − A x‖ */
  readonly residual: number;
  /** ‖b − A x‖ at the start and after each sweep. */
  readonly residuals: readonly number[];
  readonly converged: boolean;
}

/** A matrix that is swept through, and the inverse of its diagonal. */
export interface Sweepable {
  readonly rows: RealRows;
  readonly inverse: Float64Array;
}

/**
 * The entries of a real square matrix by rows. Throws ShapeError unless square, DTypeError for complex matrices, and
 * DomainError for an operator without entries, values that are not finite and zeros on the diagonal.
 */
export function sweepable(name: string, a: Linear): Sweepable {
  const rows = realRows(name, entriesOf(name, a));
  const { values } = rows;
  const inverse = Float64Array.from(diagonalPlaces(name, rows.pattern), (p, i) => {
    if (values[p] === 0) throw new DomainError(`${name}: diagonal entry ${i} of a is zero`);
    return 1 / values[p];
  });
  return { rows, inverse };
}

function entriesOf(name: string, a: Linear): SparseMatrix {
  if (a instanceof SparseMatrix) return a;
  if (a instanceof Sparse) return a.matrix;
  if (a instanceof LinearOperator && !(a instanceof Dense))
    throw new DomainError(`${name}: a must be a matrix whose entries are known, got a ${a.kind} operator`);
  const matrix = a instanceof Dense ? a.matrix : a;
  if (matrix.ndim !== 2)
    throw new ShapeError(`${name}: a must be a matrix, got shape ${formatShape(matrix.shape)}`);
  return fromDense(matrix);
}

/** Throws DomainError unless 0 < omega < 2: elsewhere no sweep converges. */
export function checkOmega(what: string, omega: number): void {
  if (!(omega > 0 && omega < 2)) throw new DomainError(`${what} must lie in (0, 2), got ${omega}`);
}

/** One sweep with the parameter omega. */
const sweepOf = ({ rows, inverse }: Sweepable, omega: number): Smoother =>
  gaussSeidel(
    rows,
    inverse.map((d) => omega * d),
  );

/**
 * Solves a x = b for a real matrix `[n, n]` (dense or sparse) and b `[n]` by successive over-relaxation: x += M⁻¹ (b − A x)
 * with M = D/ω + L, D the diagonal of A and L what is below it. Converges for every ω in (0, 2) where A is symmetric
 * positive definite; elsewhere it may diverge, which is reported and not thrown. O(nnz) a sweep; at most 10,000 of them
 * unless told.
 *
 * Source: Young, "Iterative methods for solving partial difference equations of elliptic type", Trans. AMS 76 (1954).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for complex numbers; DomainError for omega outside (0, 2), a zero
 * on the diagonal, values that are not finite, bad tolerances and operators whose entries are not known; AbortedError.
 */
export function sor(a: Linear, b: Tensor, options: SorOptions): RelaxationSolution {
  const name = "sor";
  const { omega, maxIterations = 10_000, x0 } = options;
  checkOmega(`${name}: omega`, omega);
  const matrix = sweepable(name, a);
  const { rows } = matrix;
  const n = rows.pattern.rows;
  checkVector(name, b, n);
  if (x0) checkVector(name, x0, n, "x0");
  checkTolerances(name, options, maxIterations);
  const space = new VectorSpace(n, meetDTypes(a, b, ...(x0 ? [x0] : [])));
  if (space.w === 2) throw new DTypeError(`${name}: b and x0 must be real, got ${b.dtype}`);
  const right = space.entries(b);
  const x = x0 ? space.entries(x0).slice() : space.zeros();
  const r = space.zeros();
  const residualOf = (): number => {
    multiplyVector(n, rows.pattern.indptr, rows.pattern.indices, rows.values, x, r);
    for (let i = 0; i < n; i++) r[i] = right[i] - r[i];
    return space.norm(r);
  };
  const sweep = sweepOf(matrix, omega);
  const { limit, goesOn, residuals } = watch(name, space.norm(right), options, maxIterations);
  let residual = residualOf();
  while (goesOn(residual)) {
    sweep(right, x, false);
    residual = residualOf();
  }
  return {
    x: space.tensor(x),
    iterations: residuals.length - 1,
    residual,
    residuals,
    converged: residual <= limit,
  };
}

/**
 * The symmetric preconditioner of over-relaxation, M = (D + ωL) D⁻¹ (D + ωLᵀ) / (ω (2 − ω)): one sweep forward and one
 * back, from zero. For `cg` with a symmetric positive definite matrix a `[n, n]`. O(nnz) each time.
 *
 * Source: Axelsson, "A generalized SSOR method", BIT 13 (1972).
 *
 * @throws as `sor` does.
 */
export function ssor(
  a: Linear,
  options: { readonly omega: number },
): { readonly apply: (r: Tensor) => Tensor } {
  checkOmega("ssor: omega", options.omega);
  const matrix = sweepable("ssor", a);
  const sweep = sweepOf(matrix, options.omega);
  const n = matrix.rows.pattern.rows;
  return {
    apply: (r) => {
      if (!isKnown(r) || r.ndim !== 1 || r.shape[0] !== n)
        throw new ShapeError(`ssor: r must be a known vector [${n}], got shape ${formatShape(r.shape)}`);
      const space = new VectorSpace(n, r.dtype);
      const right = space.entries(r);
      const x = new Float64Array(n);
      sweep(right, x, false);
      sweep(right, x, true);
      return space.tensor(x);
    },
  };
}
