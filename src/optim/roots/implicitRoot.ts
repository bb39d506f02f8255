import type { LinearSolveOptions } from "../../linalg/systems/linearSolve.ts";
import { linearSolve } from "../../linalg/systems/linearSolve.ts";
import { tree } from "../../tensor/tree.ts";
import { customJvp } from "../../transform/custom/customJvp.ts";
import { jvp } from "../../transform/directional.ts";

/**
 * A solver of `residual(x, ...args) = 0` whose derivative with respect to `args` comes from the implicit function
 * theorem: ∂x = -(∂residual/∂x)⁻¹ · ∂residual/∂args · ∂args. The steps of `solve` are not differentiated: outside of
 * `vmap` and `trace` it may be any JavaScript that returns the root. Derivatives are as exact as the root is.
 *
 * `options` choose how the linear system is solved (dense elimination unless told). Throws what `linearSolve` throws;
 * a singular Jacobian at the root makes a DomainError.
 *
 * Source: Blondel and others, Efficient and modular implicit differentiation (2022).
 */
export function implicitRoot<A extends readonly unknown[], X>(
  residual: (x: X, ...args: A) => X,
  solve: (...args: A) => X,
  options: LinearSolveOptions<X> = {},
): (...args: A) => X {
  return customJvp<A, X>(solve, (args, tangents, x) => {
    const moved = jvp((...values: A) => residual(x, ...values), args, tangents).tangent;
    const jacobian = (dx: X): X => jvp((y: X) => residual(y, ...args), [x], [dx]).tangent;
    return linearSolve(
      jacobian,
      tree.map((r) => r.neg(), moved),
      options,
    );
  });
}
