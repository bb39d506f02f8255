// Derivatives example by example.

import type { Tensor } from "../../tensor/tensor.ts";
import { jacrev } from "../../transform/jacobian.ts";
import { vmap } from "../../transform/vmap.ts";
import { ravelTree } from "../blocks/ravelTree.ts";

/**
 * The Jacobian of every example by all p parameters as one vector: `f(params, x)` of one example gives `[k]` (or any shape of k
 * elements), examples lie along the first axis of every tensor of `xs`, the result is `[n, k, p]` in the order of `ravelTree`.
 * Reverse mode, k pullbacks an example, all in one batch.
 */
export function perSampleJacobian<P, X>(f: (params: P, x: X) => Tensor, params: P, xs: X): Tensor {
  const { vector, unravel } = ravelTree(params);
  const ofOne = (x: X): Tensor => jacrev((v: Tensor) => f(unravel(v), x).ravel())(vector) as Tensor;
  return vmap(ofOne)(xs);
}
