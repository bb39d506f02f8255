// Angles between the column spaces of two matrices.
// Source: Knyazev and Argentati, "Principal angles between subspaces in an A-based scalar product", SIAM J. Sci. Comput.
// 23(6), 2002: sines tell small angles, cosines large ones.
import { clip } from "../../ops/arithmetic.ts";
import { where } from "../../ops/comparison.ts";
import { flip } from "../../ops/movement.ts";
import { acos, asin } from "../../ops/transcendental.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { broadcastBatch, checkMatrix, meet } from "../base/matrix.ts";
import { qr } from "../orthogonal/qr.ts";
import { svdvals } from "../spectral/svd.ts";

/**
 * The principal angles, descending, between the spaces that the columns of a `[…, m, p]` and b `[…, m, q]` span, both of
 * independent columns: `[…, min(p, q)]` in radians, from 0 to π/2, accurate at both ends. O(m (p + q)²).
 *
 * @throws ShapeError when the numbers of rows differ or are smaller than those of columns; DTypeError for float8;
 * DomainError for NaN or infinity.
 */
export function subspaceAngles(a: Tensor, b: Tensor): Tensor {
  const caller = "subspaceAngles";
  checkMatrix(caller, a);
  checkMatrix(caller, b, "b");
  const [m, p] = a.shape.slice(-2) as [number, number];
  const [rows, q] = b.shape.slice(-2) as [number, number];
  if (rows !== m || p > m || q > m)
    throw new ShapeError(
      `${caller}: a [..., m, p] and b [..., m, q] with p, q <= m were expected, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  const { dtype } = meet(caller, a, b);
  const [x, y] = broadcastBatch(a.astype(dtype), b.astype(dtype)) as [Tensor, Tensor];
  const [wide, narrow] = p >= q ? [qr(x).q, qr(y).q] : [qr(y).q, qr(x).q];
  const inner = adjoint(wide).matmul(narrow);
  const cosines = svdvals(inner);
  // Singular values of what is left of one basis outside of the other space, ascending as the cosines descend.
  const sines = flip(svdvals(narrow.sub(wide.matmul(inner))), -1);
  const isSmall = cosines.square().greaterEqual(0.5);
  const small = asin(clip(where(isSmall, sines, 0), 0, 1));
  const angles = where(isSmall, small, acos(clip(where(isSmall, 0, cosines), 0, 1)));
  return flip(angles, -1);
}
