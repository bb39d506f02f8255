// GMRES with restarts, flexible: the preconditioner may change from step to step.
// Sources: Saad and Schultz, SIAM J. Sci. Stat. Comput. 7 (1986); Saad, "A flexible inner-outer preconditioned GMRES
// algorithm", SIAM J. Sci. Comput. 14 (1993).

import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { applyTurn, findTurn, turn } from "../kernels/planeRotations.ts";
import { solveTriangle } from "../kernels/triangular.ts";
import type { Linear } from "../operator/asOperator.ts";
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
  const rows = m + 1;
  let r = problem.r;
  let isOn = goesOn(space.norm(r));
  while (isOn) {
    basis.column(0).set(r);
    const h = new Float64Array(rows * m * w);
    const g = new Float64Array(rows * w);
    const rotations = new Float64Array(3 * m);
    g[0] = space.normalize(basis.column(0));
    let j = 0;
    while (j < m && isOn) {
      if (isPreconditioned) images.column(j).set(precondition(basis.column(j)));
      const y = problem.a.apply(images.column(j));
      const column = h.subarray(j * rows * w, (j + 1) * rows * w);
      const size = space.norm(y);
      basis.orthogonalize(y, j + 1, column);
      const rest = space.normalize(y);
      // A rest that is only rounding: the space holds the solution.
      const isInvariant = rest <= 2 ** -52 * size;
      column[(j + 1) * w] = isInvariant ? 0 : rest;
      basis.column(j + 1).set(y);
      for (let i = 0; i < j; i++)
        applyTurn(
          w,
          column,
          i * w,
          (i + 1) * w,
          w,
          1,
          rotations[3 * i]!,
          rotations[3 * i + 1]!,
          rotations[3 * i + 2]!,
        );
      const at = j * w;
      findTurn(
        w,
        column[at]!,
        w === 2 ? column[at + 1]! : 0,
        column[at + w]!,
        w === 2 ? column[at + w + 1]! : 0,
      );
      rotations.set(turn.subarray(0, 3), 3 * j);
      applyTurn(w, column, at, at + w, w, 1, turn[0]!, turn[1]!, turn[2]!);
      applyTurn(w, g, at, at + w, w, 1, turn[0]!, turn[1]!, turn[2]!);
      j++;
      isOn = goesOn(Math.hypot(g[j * w]!, w === 2 ? g[j * w + 1]! : 0));
      if (isInvariant) break;
    }
    // A zero pivot only ends a singular system: leave its direction out.
    let used = j;
    while (used > 0 && pivotSize(h, used - 1, rows, w) === 0) used--;
    solveTriangle(w, used, h, 0, rows * w, { lower: false }, g, 0, rows * w, 1);
    images.combine(g, used, x);
    r = problem.b.slice();
    subtract(r, problem.a.apply(x));
    if (used < j || j === 0) break;
    if (isOn && space.norm(r) <= problem.limit) break;
  }
  return problem.finish();
}

const pivotSize = (h: Float64Array, j: number, rows: number, w: number): number =>
  Math.hypot(h[(j * rows + j) * w]!, w === 2 ? h[(j * rows + j) * w + 1]! : 0);
