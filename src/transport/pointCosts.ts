// Costs between two clouds of points.

import { sqrt } from "../ops/arithmetic.ts";
import { where } from "../ops/comparison.ts";
import { asTensor } from "../ops/operands.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";

export type PointMetric = "sqeuclidean" | "euclidean";

export interface PointCostsOptions {
  /** Squared distances (unless told), or distances. */
  readonly metric?: PointMetric;
}

/**
 * Distances between points x `[n, d]` and y `[m, d]`, squared unless told: `[n, m]`. Differentiable (distances of equal
 * points have derivative 0). Differences are taken before they are squared, so that near points keep their digits.
 * O(nmd). Throws ShapeError, and DomainError for an unknown metric.
 */
export function pointCosts(x: TensorLike, y: TensorLike, options: PointCostsOptions = {}): Tensor {
  const { metric = "sqeuclidean" } = options;
  const [p, q] = [asTensor(x, "pointCosts"), asTensor(y, "pointCosts")];
  if (metric !== "sqeuclidean" && metric !== "euclidean")
    throw new DomainError(
      `pointCosts: metric must be "sqeuclidean" or "euclidean", got ${JSON.stringify(metric)}`,
    );
  if (p.ndim !== 2 || q.ndim !== 2 || p.shape[1] !== q.shape[1])
    throw new ShapeError(
      `pointCosts: points [n, d] and [m, d] were expected, got shapes ${formatShape(p.shape)} and ${formatShape(q.shape)}`,
    );
  const squares = p.expandDims(1).sub(q).square().sum({ axis: -1 });
  if (metric === "sqeuclidean") return squares;
  const isZero = squares.equal(0);
  return where(isZero, 0, sqrt(where(isZero, 1, squares)));
}
