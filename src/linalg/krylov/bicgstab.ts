// BiCGStab: square systems with short recurrences.
// Source: van der Vorst, SIAM J. Sci. Stat. Comput. 13 (1992).

import type { Tensor } from "../../tensor/tensor.ts";
import { axpy, type Width } from "../kernels/vector.ts";
import type { Linear } from "../operator/asOperator.ts";
import { type KrylovOptions, type KrylovSolution, prepare } from "./problem.ts";

/** A complex number as two entries. */
type Scalar = readonly [re: number, im: number];

const times = (a: Scalar, b: Scalar): Scalar => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
const over = (a: Scalar, b: Scalar): Scalar => {
  const size = b[0] * b[0] + b[1] * b[1];
  return [(a[0] * b[0] + a[1] * b[1]) / size, (a[1] * b[0] - a[0] * b[1]) / size];
};

/** y ← y + a x. */
const add = (w: Width, n: number, y: Float64Array, a: Scalar, x: Float64Array, sign = 1): void =>
  axpy(w, sign * a[0], sign * a[1], x, 0, y, 0, n);

/**
 * Solves a x = b for any square operator or matrix `[n, n]` with memory for eight vectors, whatever the number of steps.
 * Preconditioned from the right. Two products and O(n) a step. The residual may jump about, and the recurrence may break
 * down (`converged: false`): `gmres` is the safe choice where memory allows.
 *
 * @throws as `cg` does.
 */
export function bicgstab(a: Linear, b: Tensor, options: KrylovOptions = {}): KrylovSolution {
  const problem = prepare("bicgstab", a, b, options);
  const { space, x, r, precondition, goesOn } = problem;
  const { n, w } = space;
  const dot = (u: Float64Array, v: Float64Array): Scalar => {
    const found = space.dotc(u, v);
    return [found[0]!, found[1]!];
  };
  const shadow = r.slice();
  const p = r.slice();
  let rho = dot(shadow, r);
  while (goesOn(space.norm(r))) {
    const direction = precondition(p);
    const v = problem.a.apply(direction);
    const scaleOfV = dot(shadow, v);
    if (scaleOfV[0] === 0 && scaleOfV[1] === 0) break;
    const alpha = over(rho, scaleOfV);
    add(w, n, r, alpha, v, -1);
    add(w, n, x, alpha, direction);
    if (space.norm(r) <= problem.limit) {
      goesOn(space.norm(r));
      break;
    }
    const corrector = precondition(r);
    const t = problem.a.apply(corrector);
    const size = dot(t, t)[0];
    if (size === 0) break;
    const omega = over(dot(t, r), [size, 0]);
    add(w, n, x, omega, corrector);
    add(w, n, r, omega, t, -1);
    const next = dot(shadow, r);
    const isBroken = (next[0] === 0 && next[1] === 0) || (omega[0] === 0 && omega[1] === 0);
    if (isBroken) {
      goesOn(space.norm(r));
      break;
    }
    const beta = times(over(next, rho), over(alpha, omega));
    rho = next;
    // p = r + β (p − ω v)
    add(w, n, p, omega, v, -1);
    const held = p.slice();
    p.set(r);
    add(w, n, p, beta, held);
  }
  return problem.finish();
}
