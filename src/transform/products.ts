// Products of second-order matrices with vectors, without the matrices.

import type { Tensor } from "../tensor/tensor.ts";
import { jvp } from "./directional.ts";
import { grad, vjp } from "./gradient.ts";

/**
 * The product of the Hessian of a scalar function at x with v, both trees of one structure: forward over reverse, at
 * about twice the cost of a gradient. Also gives the gradient. Throws what `grad` and `jvp` throw.
 */
export function hvp<A>(f: (x: A) => Tensor, x: A, v: A): { readonly grad: A; readonly product: A } {
  const { value, tangent } = jvp<readonly [A], A>(grad<readonly [A]>(f), [x], [v]);
  return { grad: value, product: tangent };
}

/**
 * The product of the generalised Gauss-Newton matrix Jᵀ·∇²loss·J with v, where J is the Jacobian of `model` at x and
 * the Hessian is that of `loss` at the model's output. Positive semidefinite when the loss is convex. Also gives the model's output.
 *
 * Source: Schraudolph, Fast curvature matrix-vector products (2002).
 */
export function gnvp<A, B>(
  model: (x: A) => B,
  loss: (output: B) => Tensor,
  x: A,
  v: A,
): { readonly output: B; readonly product: A } {
  const forward = jvp<readonly [A], B>(model, [x], [v]);
  const { value: output, pullback } = vjp(model as (...args: [A]) => B, x);
  const curved = hvp(loss, output, forward.tangent);
  const [product] = pullback(curved.product);
  return { output, product };
}
