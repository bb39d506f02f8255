// Finite differences on any points.

import { concat } from "../ops/join.ts";
import { moveAxis } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { inexactDType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { normalizeAxis } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { ascending, asReal, constant, type Numbers, widenTo } from "./base/nodes.ts";

/** Weights for derivatives 0 … order at a point: `[order + 1][n]`. Fornberg's recurrence, O(n² order). */
function allWeights(points: Float64Array, at: number, order: number): Float64Array[] {
  const n = points.length;
  const weights = Array.from({ length: order + 1 }, () => new Float64Array(n));
  weights[0]![0] = 1;
  let product = 1;
  for (let i = 1; i < n; i++) {
    let next = 1;
    const most = Math.min(i, order);
    const distance = points[i]! - at;
    const distanceBefore = points[i - 1]! - at;
    for (let j = 0; j < i; j++) {
      const gap = points[i]! - points[j]!;
      next *= gap;
      if (j === i - 1)
        for (let k = most; k >= 0; k--) {
          const lower = k > 0 ? k * weights[k - 1]![i - 1]! : 0;
          weights[k]![i] = (product * (lower - distanceBefore * weights[k]![i - 1]!)) / next;
        }
      for (let k = most; k >= 0; k--) {
        const lower = k > 0 ? k * weights[k - 1]![j]! : 0;
        weights[k]![j] = (distance * weights[k]![j]! - lower) / gap;
      }
    }
    product = next;
  }
  return weights;
}

/**
 * Weights w with Σ wᵢ f(points[i]) ≈ the derivative of f of an order at a point, exact for polynomials of degree below n, as float64
 * `[n]`. O(n² order). Throws DomainError unless the points are different and finite and 0 <= order < n.
 *
 * Source: Fornberg, Generation of finite difference formulas on arbitrarily spaced grids (1988).
 */
export function finiteDifferenceWeights(points: Numbers, at: number, order: number): Tensor {
  const name = "finiteDifferenceWeights";
  const given = asReal(points, `${name}: points`);
  if (given.ndim !== 1 || given.size === 0)
    throw new ShapeError(
      `${name}: points: shape [n] was expected, got ${given.ndim} axes and ${given.size} points`,
    );
  const x = given.data() as Float64Array;
  if (!x.every(Number.isFinite) || new Set(x).size < x.length)
    throw new DomainError(`${name}: points: different finite numbers were expected, got ${x.join(", ")}`);
  if (!Number.isFinite(at)) throw new DomainError(`${name}: at: a finite number was expected, got ${at}`);
  if (!(Number.isInteger(order) && order >= 0 && order < x.length))
    throw new DomainError(`${name}: order: an integer from 0 to ${x.length - 1} was expected, got ${order}`);
  return constant(allWeights(x, at, order)[order]!);
}

/** Σ weights[i] f(x + offsets[i] h) / h^order approximates a derivative. */
export interface Stencil {
  readonly offsets: Tensor;
  readonly weights: Tensor;
}

/**
 * The shortest differences on a grid of width 1 for a derivative of an order, of an error O(h^accuracy): central, forward or backward
 * ("central" unless told). Throws DomainError unless order and accuracy are integers >= 1, the accuracy even for central differences.
 */
export function stencil(
  order: number,
  accuracy = 2,
  { side = "central" }: { readonly side?: "central" | "forward" | "backward" } = {},
): Stencil {
  if (!(Number.isInteger(order) && order >= 1))
    throw new DomainError(`stencil: order: an integer >= 1 was expected, got ${order}`);
  if (side !== "central" && side !== "forward" && side !== "backward")
    throw new DomainError(
      `stencil: side "central", "forward" or "backward" was expected, got ${String(side)}`,
    );
  const isCentral = side === "central";
  if (!(Number.isInteger(accuracy) && accuracy >= 1 && (!isCentral || accuracy % 2 === 0)))
    throw new DomainError(
      `stencil: accuracy: ${isCentral ? "an even" : "an"} integer >= 1 was expected, got ${accuracy}`,
    );
  const reach = Math.floor((order + 1) / 2) - 1 + accuracy / 2;
  const count = isCentral ? 2 * reach + 1 : order + accuracy;
  const first = isCentral ? -reach : side === "forward" ? 0 : 1 - count;
  const offsets = Float64Array.from({ length: count }, (_, i) => first + i);
  return { offsets: constant(offsets), weights: finiteDifferenceWeights(constant(offsets), 0, order) };
}

export interface GradientOptions {
  /** The last axis unless told. */
  readonly axis?: number;
  /** Order of accuracy at both ends: 1 (unless told) or 2. */
  readonly edgeOrder?: 1 | 2;
}

/**
 * The derivative of samples y along an axis, of the same shape: central differences of second order inside, one-sided ones at the ends,
 * also where the samples are not evenly spaced. `spacing` is the distance between samples (1 unless told) or their ascending places
 * `[n]`. Differentiable with respect to y. O(size). Throws ShapeError for fewer than edgeOrder + 1 samples; DomainError for a spacing
 * of 0, not finite, or places that do not ascend.
 */
export function gradient(y: Numbers, spacing: number | Numbers = 1, options: GradientOptions = {}): Tensor {
  const { axis = -1, edgeOrder = 1 } = options;
  if (edgeOrder !== 1 && edgeOrder !== 2)
    throw new DomainError(`gradient: edgeOrder 1 or 2 was expected, got ${String(edgeOrder)}`);
  const given = y instanceof Tensor ? y : constant(y);
  const x = given.astype(inexactDType(asTensor(given).dtype));
  const along = normalizeAxis(axis, x.ndim, "gradient: axis");
  const n = x.shape[along]!;
  if (n < edgeOrder + 1)
    throw new ShapeError(
      `gradient: y: at least ${edgeOrder + 1} samples were expected along axis ${along}, got ${n}`,
    );
  if (typeof spacing === "number" && !(Number.isFinite(spacing) && spacing !== 0))
    throw new DomainError(`gradient: spacing: a finite number other than 0 was expected, got ${spacing}`);
  const places =
    typeof spacing === "number"
      ? Float64Array.from({ length: n }, (_, i) => i * spacing)
      : ascending(spacing, "gradient: spacing");
  if (places.length !== n)
    throw new ShapeError(`gradient: spacing: ${n} places were expected, got ${places.length}`);
  const f = moveAxis(x, along, 0);
  const vector = (values: ArrayLike<number>): Tensor => widenTo(constant(values), f.ndim - 1).astype(x.dtype);
  const edge = (start: number, at: number): Tensor => {
    const points = places.subarray(start, start + edgeOrder + 1);
    const weights = allWeights(points, at, 1)[1]!;
    return f
      .at(`${start}:${start + edgeOrder + 1}`)
      .mul(vector(weights))
      .sum({ axis: 0, keepDims: true });
  };
  const parts = [edge(0, places[0]!)];
  if (n > 2) {
    const w = [new Float64Array(n - 2), new Float64Array(n - 2), new Float64Array(n - 2)];
    for (let i = 1; i < n - 1; i++) {
      const inner = allWeights(places.subarray(i - 1, i + 2), places[i]!, 1)[1]!;
      for (let k = 0; k < 3; k++) w[k]![i - 1] = inner[k]!;
    }
    parts.push(
      f
        .at(":-2")
        .mul(vector(w[0]!))
        .add(f.at("1:-1").mul(vector(w[1]!)))
        .add(f.at("2:").mul(vector(w[2]!))),
    );
  }
  parts.push(edge(n - edgeOrder - 1, places[n - 1]!));
  return moveAxis(concat(parts, 0), 0, along);
}
