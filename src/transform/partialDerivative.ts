// Single partial derivatives of any order.

import { zerosLike } from "../ops/rules.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { factorial } from "./jet.ts";
import { jetPlan } from "./jetPlan.ts";
import { checkPoint, scalarSeries } from "./scalarSeries.ts";

/** By which variables to differentiate, and how often by each. */
export type Indices = readonly (readonly [dimension: number, count: number])[];

/**
 * Mixed derivatives in two directions up to this order are read from one series, of order 17 at most. Beyond, two nested
 * series cost less than one, and one would leave the range of float32.
 */
const LARGEST_PLAN = 5;

/**
 * The partial derivative of a scalar function of a vector x `[d]`: `indices: [[0, 2], [3, 1]]` asks for ∂³f/∂x₀²∂x₃.
 * One Taylor series where that is short (order k for k times the same variable, 5 for ∂ᵢ∂ⱼ, 7 for ∂ᵢ²∂ⱼ), nested ones
 * otherwise. A series of order Q costs O(Q²) evaluations of f, independent of d.
 *
 * Throws DomainError without indices and for counts that are no positive integers, ShapeError for dimensions that x
 * does not have and when f does not return one scalar, DTypeError for complex results.
 */
export function partialDerivative(
  f: (x: Tensor) => Tensor,
  x: Tensor,
  options: { readonly indices: Indices },
): Tensor {
  checkPoint(x, "partialDerivative");
  return derivative(f, x, mergeIndices(options.indices, x.size, "partialDerivative: indices"));
}

function derivative(f: (x: Tensor) => Tensor, x: Tensor, indices: Indices): Tensor {
  const counts = indices.map(([, count]) => count);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (indices.length > 2 || (indices.length === 2 && total > LARGEST_PLAN)) {
    const half = indices.length >> 1;
    return derivative((y) => derivative(f, y, indices.slice(half)), x, indices.slice(0, half));
  }
  const { weights, order } = jetPlan(counts);
  const curve = new Array<Tensor | null>(order).fill(null);
  indices.forEach(([dimension], i) => {
    curve[weights[i]! - 1] = unitVector(dimension, x.size, x.dtype);
  });
  const series = scalarSeries(f, x, curve, "partialDerivative");
  const factor = counts.reduce((product, count) => product * factorial(count), 1);
  return series[order]?.mul(factor) ?? zerosLike(series[0]);
}

/** Every dimension once. Throws DomainError or ShapeError for indices that make no derivative. */
export function mergeIndices(indices: Indices, dimensions: number, what: string): Indices {
  const counts = new Map<number, number>();
  const range = Number.isFinite(dimensions) ? `from 0 to ${dimensions - 1}` : "0, 1, 2 …";
  for (const [dimension, count] of indices) {
    if (!(Number.isInteger(dimension) && dimension >= 0 && dimension < dimensions))
      throw new ShapeError(`${what}: a dimension ${range} was expected, got ${dimension}`);
    if (!(Number.isInteger(count) && count > 0))
      throw new DomainError(
        `${what}: a positive count was expected for dimension ${dimension}, got ${count}`,
      );
    counts.set(dimension, (counts.get(dimension) ?? 0) + count);
  }
  if (counts.size === 0)
    throw new DomainError(`${what}: at least one [dimension, count] was expected: the order is 0`);
  return [...counts];
}

function unitVector(at: number, length: number, dtype: DType): Tensor {
  const data = allocate("float64", length);
  data[at] = 1;
  return new Tensor(data, [length], "float64").astype(dtype);
}
