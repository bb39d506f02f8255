// MINRES: Hermitian systems that need not be definite.
// Source: Paige and Saunders, "Solution of sparse indefinite systems of linear equations", SIAM J. Numer. Anal. 12 (1975).

import type { Tensor } from "../../tensor/tensor.ts";
import { scale } from "../kernels/vector.ts";
import type { Linear } from "../operator/asOperator.ts";
import { type KrylovOptions, type KrylovSolution, prepare } from "./problem.ts";
import { addScaled } from "./space.ts";

/**
 * Solves a x = b for a Hermitian operator or matrix `[n, n]`, definite or not, such that the residual never grows. For a
 * singular system that has solutions one of them. The preconditioner must be Hermitian positive definite; residuals are
 * then measured in its norm, as shares of b in that norm. One product and O(n) a step; seven vectors.
 *
 * @throws as `cg` does.
 */
export function minres(a: Linear, b: Tensor, options: KrylovOptions = {}): KrylovSolution {
  const problem = prepare("minres", a, b, options);
  const { space, x, precondition, goesOn } = problem;
  let before = problem.r;
  let last = before;
  let y = precondition(last);
  let beta = Math.sqrt(Math.max(0, space.dot(last, y)));
  let oldBeta = 0;
  // The QR factorization of the tridiagonal matrix, one rotation a step.
  let [c, s] = [-1, 0];
  let dBar = 0;
  let epsilon = 0;
  // Residuals come in the norm of the preconditioner: they are compared with b in that norm.
  const size = Math.sqrt(Math.max(0, space.dot(problem.b, precondition(problem.b))));
  const unit = size > 0 ? space.norm(problem.b) / size : 1;
  let residual = beta;
  let direction = space.zeros();
  let oldDirection = space.zeros();
  for (let step = 0; goesOn(unit * residual) && beta > 0; step++) {
    const v = y;
    scale(space.w, 1 / beta, 0, v, 0, space.n);
    y = problem.a.apply(v);
    if (step > 0) addScaled(y, -beta / oldBeta, before);
    const alpha = space.dot(v, y);
    addScaled(y, -alpha / beta, last);
    before = last;
    last = y;
    y = precondition(last);
    oldBeta = beta;
    beta = Math.sqrt(Math.max(0, space.dot(last, y)));

    const oldEpsilon = epsilon;
    const delta = c * dBar + s * alpha;
    const gBar = s * dBar - c * alpha;
    epsilon = s * beta;
    dBar = -c * beta;
    const gamma = Math.hypot(gBar, beta);
    // A zero here means that the system is singular and the least residual is reached.
    if (gamma === 0) break;
    c = gBar / gamma;
    s = beta / gamma;
    const phi = c * residual;
    residual *= s;
    const next = v.slice();
    addScaled(next, -oldEpsilon, oldDirection);
    addScaled(next, -delta, direction);
    scale(space.w, 1 / gamma, 0, next, 0, space.n);
    oldDirection = direction;
    direction = next;
    addScaled(x, phi, direction);
  }
  return problem.finish(unit * residual <= problem.limit);
}
