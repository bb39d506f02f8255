// GMRES with restarts, flexible: the preconditioner may change from step to step.
// Sources: Saad and Schultz, SIAM J. Sci. Stat. Comput. 7 (1986); Saad, "A flexible inner-outer preconditioned GMRES
// algorithm", SIAM J. Sci. Comput. 14 (1993).

import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Linear } from "../operator/asOperator.ts";
import { HessenbergProblem } from "./hessenberg.ts";
import { type KrylovOptions, type KrylovSolution, prepare, subtract } from "./problem.ts";
import { Basis } from "./space.ts";

export interface GmresOptions extends KrylovOptions {
  /** Steps after which the basis is thrown away; min(n, 30) unless told. */
  readonly restart?: number;
}

/**
 * Solves a x = b for any square operator or matrix `[n, n]` by GMRES(m). Preconditioning is from the right, so that the
 * residual is the true one, and flexible: each preconditioned vector is kept, and the preconditioner may itself be an
 * iteration. One product and O(n m) a step, with twice repeated orthogonalization; m + 1 vectors, 2 m + 1 with a
 * preconditioner. Iterations count steps, not restarts.
 *
 * @throws as `cg` does; DomainError unless restart is a positive integer.
 */
export function gmres(a: Linear, b: Tensor, options: GmresOptions = {}): KrylovSolution {
  const problem = prepare("gmres", a, b, options);
  const { space, x, precondition, isPreconditioned, goesOn } = problem;
  const { n, w } = space;
  const { restart = 30 } = options;
  if (!(Number.isInteger(restart) && restart >= 1))
    throw new DomainError(`gmres: restart must be a positive integer, got ${restart}`);
  const m = Math.min(n, restart);
  const basis = new Basis(space, m + 1);
  const images = isPreconditioned ? new Basis(space, m) : basis;
  let r = problem.r;
  let isOn = goesOn(space.norm(r));
  while (isOn) {
    basis.column(0).set(r);
    const small = new HessenbergProblem(w, m, space.normalize(basis.column(0)));
    let isInvariant = false;
    while (small.size < m && isOn && !isInvariant) {
      const j = small.size;
      if (isPreconditioned) images.column(j).set(precondition(basis.column(j)));
      const y = problem.a.apply(images.column(j));
      const column = new Float64Array((j + 2) * w);
      isInvariant = basis.extend(y, j + 1, column);
      isOn = goesOn(small.add(column));
    }
    const { y, used } = small.solve();
    images.combine(y, used, x);
    if (!isOn) break;
    r = problem.b.slice();
    subtract(r, problem.a.apply(x));
    if (used < small.size || small.size === 0) break;
    if (space.norm(r) <= problem.limit) break;
  }
  return problem.finish();
}
