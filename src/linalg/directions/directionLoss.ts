// How good a search direction is: what is left of the right-hand side after the best step along it.

import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator } from "../operator/operator.ts";

/**
 * The loss of directions q `[batch, n]` for right-hand sides b `[batch, n]`: ‖b − A q (q·b) / (q·A q)‖² of each, `[batch]`.
 * It needs no solutions, and the length of q does not matter. Differentiable; one product with `batch` columns.
 *
 * Source: Kaneda and others (see `dcdm`).
 *
 * @throws ShapeError unless a is square and b and q are matrices of one shape.
 */
export function directionLoss(a: Linear): (b: Tensor, q: Tensor) => Tensor {
  const operator = asOperator(a);
  const n = checkSquareOperator("directionLoss", operator);
  return (b, q) => {
    if (b.ndim !== 2 || b.shape[1] !== n || !sameShape(b.shape, q.shape))
      throw new ShapeError(
        `directionLoss: b and q must be [batch, ${n}], got ${formatShape(b.shape)} and ${formatShape(q.shape)}`,
      );
    const image = operator.apply(q.mT()).mT();
    const along = (x: Tensor, y: Tensor): Tensor => x.mul(y).sum({ axis: 1, keepDims: true });
    const step = along(q, b).div(along(q, image));
    return b.sub(image.mul(step)).square().sum({ axis: 1 });
  };
}
