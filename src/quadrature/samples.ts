// Integrals of samples.

import { cumsum } from "../ops/cumulative.ts";
import { concat } from "../ops/join.ts";
import { moveAxis } from "../ops/movement.ts";
import { inexactDType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape, normalizeAxis } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export interface SampleOptions {
  /** Distance between samples (1 unless told), or their places `[n]` in any order that does not turn back. */
  readonly spacing?: number | Tensor | readonly number[];
  /** The last axis unless told. */
  readonly axis?: number;
}

interface Samples {
  /** The samples along axis 0. */
  readonly y: Tensor;
  /** The n - 1 distances. */
  readonly h: Float64Array;
  readonly axis: number;
}

function prepare(
  name: string,
  values: Tensor,
  { spacing = 1, axis = -1 }: SampleOptions,
  least: number,
): Samples {
  const along = normalizeAxis(axis, values.ndim, `${name}: axis`);
  const n = values.shape[along]!;
  if (n < least) throw new ShapeError(`${name}: y: at least ${least} samples were expected, got ${n}`);
  const y = moveAxis(values.astype(inexactDType(values.dtype)), along, 0);
  if (typeof spacing === "number") {
    if (!Number.isFinite(spacing))
      throw new DomainError(`${name}: spacing: a finite number was expected, got ${spacing}`);
    return { y, h: new Float64Array(Math.max(0, n - 1)).fill(spacing), axis: along };
  }
  const places =
    spacing instanceof Tensor ? spacing : new Tensor(Float64Array.from(spacing), [spacing.length], "float64");
  if (places.ndim !== 1 || places.size !== n)
    throw new ShapeError(
      `${name}: spacing: ${n} places were expected, got shape ${formatShape(places.shape)}`,
    );
  const x = places.astype("float64").data();
  const h = Float64Array.from({ length: Math.max(0, n - 1) }, (_, i) => x[i + 1]! - x[i]!);
  if (!h.every(Number.isFinite)) throw new DomainError(`${name}: spacing: finite places were expected`);
  return { y, h, axis: along };
}

const column = (data: ArrayLike<number>, y: Tensor): Tensor =>
  new Tensor(Float64Array.from(data), [data.length, ...y.shape.slice(1).map(() => 1)], "float64").astype(
    y.dtype,
  );

const combine = (y: Tensor, weights: Float64Array): Tensor => y.mul(column(weights, y)).sum({ axis: 0 });

/**
 * The integral of samples y along an axis by the trapezoidal rule. Differentiable. O(size). Throws ShapeError for no samples or places
 * that do not fit, DomainError for a spacing that is not finite.
 */
export function trapezoid(y: Tensor, options: SampleOptions = {}): Tensor {
  const { y: f, h } = prepare("trapezoid", y, options, 1);
  const weights = new Float64Array(h.length + 1);
  h.forEach((width, i) => {
    weights[i]! += width / 2;
    weights[i + 1]! += width / 2;
  });
  return combine(f, weights);
}

/** The integrals up to every sample by the trapezoidal rule, of the shape of y, starting with 0. Throws as `trapezoid`. */
export function cumulativeTrapezoid(y: Tensor, options: SampleOptions = {}): Tensor {
  const { y: f, h, axis } = prepare("cumulativeTrapezoid", y, options, 1);
  const first = f.at(":1").mul(0);
  if (h.length === 0) return moveAxis(first, 0, axis);
  const areas = f
    .at("1:")
    .add(f.at(":-1"))
    .mul(
      column(
        h.map((width) => width / 2),
        f,
      ),
    );
  return moveAxis(concat([first, cumsum(areas, 0)], 0), 0, axis);
}

/**
 * The integral of samples y along an axis by Simpson's rule: parabolas through three neighbours, on places that need not be even; for an
 * even number of samples the last interval gets the parabola through the last three. Exact for polynomials of degree 3 on even places
 * and odd numbers of samples, of degree 2 on all. Throws as `trapezoid`, and DomainError for equal neighbours.
 *
 * Source: Cartwright, Simpson's rule cumulative integration with MS Excel and irregularly-spaced data (2017).
 */
export function simpson(y: Tensor, options: SampleOptions = {}): Tensor {
  const { y: f, h } = prepare("simpson", y, options, 1);
  const n = h.length + 1;
  if (n <= 2) return trapezoid(y, options);
  if (h.some((width) => width === 0))
    throw new DomainError("simpson: spacing: different neighbours were expected");
  const weights = new Float64Array(n);
  for (let i = 0; i + 2 < n; i += 2) {
    const [a, b] = [h[i]!, h[i + 1]!];
    const sum = a + b;
    weights[i]! += (sum / 6) * (2 - b / a);
    weights[i + 1]! += ((sum / 6) * sum * sum) / (a * b);
    weights[i + 2]! += (sum / 6) * (2 - a / b);
  }
  if (n % 2 === 0) {
    const [a, b] = [h[n - 3]!, h[n - 2]!];
    weights[n - 1]! += (2 * b * b + 3 * a * b) / (6 * (a + b));
    weights[n - 2]! += (b * b + 3 * a * b) / (6 * a);
    weights[n - 3]! -= b ** 3 / (6 * a * (a + b));
  }
  return combine(f, weights);
}

/**
 * The integral of 2^k + 1 evenly spaced samples along an axis by Romberg's extrapolation of trapezoidal sums. Differentiable. O(size).
 * Throws ShapeError for another number of samples, DomainError for a spacing that is no finite number.
 */
export function romberg(
  y: Tensor,
  options: { readonly spacing?: number; readonly axis?: number } = {},
): Tensor {
  const { y: f, h } = prepare("romberg", y, options, 2);
  const intervals = h.length;
  const levels = Math.log2(intervals);
  if (!Number.isInteger(levels))
    throw new ShapeError(`romberg: y: 2^k + 1 samples were expected, got ${intervals + 1}`);
  // Extrapolation is linear: its weights are found once, from those of the trapezoidal sums.
  let table = Array.from({ length: levels + 1 }, (_, k) => {
    const stride = intervals / 2 ** k;
    const weights = new Float64Array(intervals + 1);
    for (let i = 0; i <= intervals; i += stride)
      weights[i] = stride * h[0]! * (i === 0 || i === intervals ? 0.5 : 1);
    return weights;
  });
  for (let m = 1; m <= levels; m++) {
    const factor = 1 / (4 ** m - 1);
    table = table.slice(1).map((fine, k) => fine.map((w, i) => w + factor * (w - table[k]![i]!)));
  }
  return combine(f, table[0]!);
}
