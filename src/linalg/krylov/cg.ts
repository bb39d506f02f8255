// Conjugate gradients for Hermitian positive definite systems, for one right-hand side and for several at once.

import { eye } from "../../tensor/create.ts";
import { DomainError, ShapeError, TracerError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator, isKnown, meetDTypes } from "../operator/operator.ts";
import { qr } from "../orthogonal/qr.ts";
import { solve } from "../systems/solve.ts";
import { checkTolerances, type KrylovOptions, type KrylovSolution, prepare } from "./problem.ts";
import { addScaled, scaleAndAdd } from "./space.ts";

/**
 * Solves a x = b for a Hermitian positive definite operator or matrix `[n, n]` and b `[n]` by conjugate gradients. The
 * preconditioner must be Hermitian positive definite too. One product and O(n) a step; four vectors.
 *
 * A matrix that turns out not to be positive definite, or too many steps, end with `converged: false`. Source: Saad,
 * "Iterative Methods for Sparse Linear Systems" (2003), 6.7 and 9.2.
 *
 * @throws ShapeError for shapes that do not fit; DomainError for values that are not finite and bad tolerances;
 * AbortedError; TracerError inside of transforms (use `linearSolve` there).
 */
export function cg(a: Linear, b: Tensor, options: KrylovOptions = {}): KrylovSolution {
  const problem = prepare("cg", a, b, options);
  const { space, x, r, precondition, goesOn } = problem;
  let z = precondition(r);
  const p = z.slice();
  let rho = space.dot(r, z);
  for (let residual = space.norm(r); goesOn(residual); residual = space.norm(r)) {
    const q = problem.a.apply(p);
    const curvature = space.dot(p, q);
    if (!(curvature > 0)) break;
    const alpha = rho / curvature;
    addScaled(x, alpha, p);
    addScaled(r, -alpha, q);
    z = problem.isPreconditioned ? precondition(r) : r;
    const next = space.dot(r, z);
    scaleAndAdd(p, next / rho, z);
    rho = next;
  }
  return problem.finish();
}

export interface BlockSolution {
  /** `[n, k]` */
  readonly x: Tensor;
  readonly iterations: number;
  /** Products with A, each of k vectors. */
  readonly products: number;
  /** The residual of each column, `k` numbers. */
  readonly residual: readonly number[];
  readonly converged: boolean;
}

/**
 * Solves a X = B for Hermitian positive definite a `[n, n]` and B `[n, k]` in one Krylov space for all columns: fewer
 * steps than `cg` column by column, and products with k vectors at once. Residuals are kept orthonormal, so that dependent
 * columns do no harm. One product and O(n k²) a step.
 *
 * Source: Dubrulle, "Retooling the method of block conjugate gradients", ETNA 12 (2001).
 *
 * @throws as `cg` does; without a preconditioner.
 */
export function blockCg(
  a: Linear,
  b: Tensor,
  options: Omit<KrylovOptions, "preconditioner" | "x0"> = {},
): BlockSolution {
  const operator = asOperator(a);
  const n = checkSquareOperator("blockCg", operator);
  if (!isKnown(b)) throw new TracerError("blockCg: b must have known values here");
  if (b.ndim !== 2 || b.shape[0] !== n)
    throw new ShapeError(`blockCg: b must be [${n}, k], got shape ${formatShape(b.shape)}`);
  const k = b.shape[1]!;
  if (k > n) throw new ShapeError(`blockCg: at most ${n} columns were expected, got ${k}`);
  const { rtol = 1e-8, atol = 0, maxIterations = 10 * n, signal, onProgress } = options;
  checkTolerances("blockCg", options, maxIterations);
  const right = b.astype(meetDTypes(operator, b));
  const norms = columnNorms(right);
  if (!norms.every(Number.isFinite)) throw new DomainError("blockCg: b holds a value that is not finite");
  const limits = norms.map((size) => Math.max(rtol * size, atol));
  let { q, r: s } = qr(right);
  let p = q;
  let x = right.mul(0);
  let iterations = 0;
  let products = 0;
  // Residuals are q s, and q is orthonormal.
  for (; iterations < maxIterations; iterations++) {
    const sizes = columnNorms(s);
    if (sizes.every((size, i) => size <= limits[i]!)) break;
    checkAborted(signal, "blockCg");
    const share = iterations / maxIterations;
    onProgress?.({ fraction: share, stage: `residual ${Math.max(...sizes).toExponential(2)}` });
    const image = operator.apply(p);
    products++;
    // pᴴ q is the identity, so that one small matrix gives both steps.
    const inverse = solve(adjoint(p).matmul(image), eye(k, k, { dtype: right.dtype }));
    x = x.add(p.matmul(inverse.matmul(s)));
    const next = qr(q.sub(image.matmul(inverse)));
    s = next.r.matmul(s);
    p = next.q.add(p.matmul(adjoint(next.r)));
    q = next.q;
  }
  const residual = columnNorms(right.sub(operator.apply(x)));
  return {
    x,
    iterations,
    products,
    residual,
    converged: residual.every((size, i) => size <= 10 * limits[i]! || size === 0),
  };
}

const columnNorms = (x: Tensor): number[] => Array.from(x.abs().square().sum({ axis: 0 }).sqrt().data());
