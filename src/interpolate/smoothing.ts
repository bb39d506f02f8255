// Smoothing splines: Σ wᵢ (yᵢ - g(xᵢ))² + λ ∫ g''² at its smallest, which a natural cubic spline attains.

import { concat } from "../ops/join.ts";
import { zeros } from "../tensor/create.ts";
import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { addTo, banded, bandedSolve } from "./base/banded.ts";
import { ascending, column, type Numbers, valuesAt } from "./base/nodes.ts";
import type { ExtrapolationOptions, Interpolant } from "./base/piecewise.ts";
import { checkWeights } from "./bspline.ts";
import { cubicSpline } from "./hermite.ts";

export interface SmoothingSplineOptions extends ExtrapolationOptions {
  /** λ >= 0: 0 interpolates, ∞ would give the straight line of least squares. */
  readonly smoothing: number;
  /** How much each squared residual counts, `[n]` > 0; 1 unless told. */
  readonly weights?: Numbers;
}

/**
 * The cubic smoothing spline of values y `[n, …]` at ascending nodes x `[n]`: a natural spline, differentiable with respect to values and
 * points. O(n). Throws as `cubicSpline`, and DomainError unless the smoothing is a finite number >= 0.
 *
 * Source: Reinsch, Smoothing by spline functions (1967).
 */
export function smoothingSpline(x: Numbers, y: Numbers, options: SmoothingSplineOptions): Interpolant {
  const name = "smoothingSpline";
  const { smoothing, weights, ...rest } = options;
  if (!(smoothing >= 0 && smoothing < Number.POSITIVE_INFINITY))
    throw new DomainError(`${name}: smoothing: a finite number >= 0 was expected, got ${smoothing}`);
  const nodes = ascending(x, `${name}: x`, 3);
  const n = nodes.length;
  const values = valuesAt(y, n, `${name}: y`);
  const w = weights ? checkWeights(name, weights, n) : new Float64Array(n).fill(1);
  const h = nodes.slice(1).map((b, i) => b - nodes[i]!);
  // Row i of Qᵀ takes the second difference at node i + 1.
  const q = (i: number): readonly number[] => [1 / h[i]!, -1 / h[i]! - 1 / h[i + 1]!, 1 / h[i + 1]!];
  const matrix = banded(n - 2, 2, 2);
  for (let i = 0; i < n - 2; i++) {
    addTo(matrix, i, i, (h[i]! + h[i + 1]!) / 3);
    if (i < n - 3) {
      addTo(matrix, i, i + 1, h[i + 1]! / 6);
      addTo(matrix, i + 1, i, h[i + 1]! / 6);
    }
    for (let j = Math.max(0, i - 2); j <= Math.min(n - 3, i + 2); j++) {
      let sum = 0;
      for (let k = Math.max(i, j); k <= Math.min(i, j) + 2; k++) sum += (q(i)[k - i]! * q(j)[k - j]!) / w[k]!;
      addTo(matrix, i, j, smoothing * sum);
    }
  }
  const part = (k: 0 | 1 | 2): Tensor =>
    column(
      Float64Array.from({ length: n - 2 }, (_, i) => q(i)[k]!),
      values.ndim,
    );
  const bends = bandedSolve(
    matrix,
    values
      .at(":-2")
      .mul(part(0))
      .add(values.at("1:-1").mul(part(1)))
      .add(values.at("2:").mul(part(2))),
  );
  // Q γ, where row i of Qᵀ meets nodes i, i + 1 and i + 2.
  const padded = (t: Tensor, before: number): Tensor =>
    concat([zeros([before, ...t.shape.slice(1)]), t, zeros([2 - before, ...t.shape.slice(1)])], 0);
  const pull = padded(bends.mul(part(0)), 0)
    .add(padded(bends.mul(part(1)), 1))
    .add(padded(bends.mul(part(2)), 2))
    .div(column(w, values.ndim));
  return cubicSpline(x, values.sub(pull.mul(smoothing)), { ...rest, boundary: "natural" });
}
