// Systems with operators: the structure's own way where it has one, else the Krylov method that its tags allow.

import { stack } from "../../ops/join.ts";
import { ConvergenceError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { cg } from "../krylov/cg.ts";
import { gmres } from "../krylov/gmres.ts";
import { minres } from "../krylov/minres.ts";
import type { KrylovOptions, KrylovSolution } from "../krylov/problem.ts";
import { linearSolve } from "../systems/linearSolve.ts";
import { solve as solveDense } from "../systems/solve.ts";
import { FunctionOperator } from "./dense.ts";
import { checkSquareOperator, LinearOperator, type Tags } from "./operator.ts";

/** The method that the tags allow. */
const methodFor = ({ positiveDefinite, hermitian }: Tags): typeof cg =>
  positiveDefinite ? cg : hermitian ? minres : gmres;

/**
 * Solves a x = b.
 *
 * For a matrix `[…, n, n]` and b `[n]` or `[…, n, k]` (leading axes broadcast): LU with partial pivoting; O(n³ + n² k). The
 * factors are kept as long as the tensor a is: another system with it, also one of a derivative, costs O(n² k).
 *
 * For an operator and b `[n]` or `[n, k]`: in the way that its structure offers (substitution, transforms, factor by factor),
 * else by conjugate gradients, MINRES or GMRES, as its tags allow, to `rtol` (1e-10 unless told). Call those methods
 * themselves to see how they fared. Derivatives by b and by the operator's tensors are exact solutions too.
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity, and a matrix in which
 * elimination meets an exact zero (one that is singular only to rounding gives a large x); ConvergenceError when an
 * iterative method does not reach its tolerance.
 */
export function solve(a: Tensor | LinearOperator, b: Tensor, options: KrylovOptions = {}): Tensor {
  if (!(a instanceof LinearOperator)) return solveDense(a, b);
  const n = checkSquareOperator("solve", a);
  if ((b.ndim !== 1 && b.ndim !== 2) || b.shape[0] !== n)
    throw new ShapeError(
      `solve: b must be [${n}] or [${n}, k] for the ${a}, got shape ${formatShape(b.shape)}`,
    );
  const own = a.solver();
  if (own) return own(b);
  if (b.ndim === 1) return iterative(a, b, options);
  const columns = Array.from({ length: b.shape[1]! }, (_, j) => iterative(a, b.at(":", j), options));
  return columns.length ? stack(columns, 1) : b;
}

function iterative(a: LinearOperator, b: Tensor, options: KrylovOptions): Tensor {
  const method = methodFor(a.tags);
  const { shape, dtype, tags } = a;
  return linearSolve((x: Tensor) => a.apply(x), b, {
    solve: (product, right) => {
      const operator = new FunctionOperator(product, { shape, dtype, tags });
      return converged(method.name, method(operator, right, { rtol: 1e-10, ...options }));
    },
  });
}

function converged(name: string, { x, iterations, residual, converged: isGood }: KrylovSolution): Tensor {
  if (!isGood)
    throw new ConvergenceError(
      `solve: ${name} stopped at a residual of ${residual.toExponential(2)} after ${iterations} steps; give a preconditioner, a larger rtol or more maxIterations`,
    );
  return x;
}
