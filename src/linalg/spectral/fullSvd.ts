// The singular value decomposition with square factors.
import { concat } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fullQr } from "../orthogonal/fullQR.ts";
import { type SVD, svd } from "./svd.ts";

/** Orthonormal columns `[…, m, k]` and a basis of their complement: `[…, m, m]`. */
export function completeBasis(u: Tensor): Tensor {
  const [m, k] = u.shape.slice(-2) as [number, number];
  return k === m ? u : concat([u, narrowAxis(fullQr(u).q, -1, k, m)], -1);
}

/**
 * The singular value decomposition of `[…, m, n]` with square unitary factors: u `[…, m, m]`, s `[…, min(m, n)]`,
 * v `[…, n, n]`. The further columns of u or v are any basis of the null space of aᴴ or a, and only what does not depend
 * on which can be differentiated. Otherwise as `svd`. O(m n min(m, n) + max(m, n)³).
 *
 * @throws as `svd` does.
 */
export function fullSvd(a: Tensor): SVD {
  const { u, s, v } = svd(a);
  return { u: completeBasis(u), s, v: completeBasis(v) };
}
