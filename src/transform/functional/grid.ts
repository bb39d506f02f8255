// Rules of quadrature.

import { stack } from "../../ops/join.ts";
import { tensor } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Argument, Grid, Interval } from "./types.ts";

export type QuadratureKind = "legendre" | "trapezoid";

/**
 * A grid of n nodes on an interval: "legendre" is Gauss's rule, exact for polynomials below degree 2n; "trapezoid" has equal
 * steps and both ends (n ≥ 2), and converges exponentially for periodic functions. Costs O(n²) for "legendre". Throws
 * DomainError for a bad n, kind or interval.
 *
 * Source: Davis and Rabinowitz, Methods of Numerical Integration (1984), section 2.7, for Newton's iteration on
 * Legendre polynomials.
 */
export function quadrature(kind: QuadratureKind, n: number, interval: Interval): Grid {
  const [low, high] = checkedInterval(interval, "quadrature: interval");
  if (kind !== "legendre" && kind !== "trapezoid")
    throw new DomainError(`quadrature: kind "legendre" or "trapezoid" was expected, got ${String(kind)}`);
  const least = kind === "legendre" ? 1 : 2;
  if (!(Number.isInteger(n) && n >= least))
    throw new DomainError(`quadrature: an integer n of at least ${least} was expected, got ${n}`);
  const { nodes, weights } = kind === "legendre" ? legendre(n) : trapezoid(n);
  const center = (low + high) / 2;
  const radius = (high - low) / 2;
  return {
    nodes: tensor(nodes.map((x) => Math.min(high, Math.max(low, center + radius * x)))),
    weights: tensor(weights.map((w) => radius * w)),
    interval: [low, high],
  };
}

interface Rule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** On [-1, 1]. */
function trapezoid(n: number): Rule {
  const step = 2 / (n - 1);
  return {
    nodes: Float64Array.from({ length: n }, (_, i) => (2 * i - (n - 1)) / (n - 1)),
    weights: Float64Array.from({ length: n }, (_, i) => (i === 0 || i === n - 1 ? step / 2 : step)),
  };
}

/**
 * The zeros of the Legendre polynomial of degree n. Those in [0, 1) are found as distances d = 1 - x from the end, so that
 * the weights, which depend on 1 - x², keep their relative precision; the others mirror them.
 */
function legendre(n: number): Rule {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n / 2; i++) {
    // Tricomi's approximation, within O(n⁻⁴) of the zero.
    const angle = (Math.PI * (4 * i + 3)) / (4 * n + 2);
    let d = 2 * Math.sin(angle / 2) ** 2 + ((n - 1) / (8 * n ** 3)) * Math.cos(angle);
    if (2 * i + 1 === n) d = 1;
    else
      for (let step = 1, k = 0; Math.abs(step) > 1e-16 * d && k < 8; k++) {
        const { value, slope } = legendreAt(n, d);
        step = value / slope;
        d += step;
      }
    const { slope } = legendreAt(n, d);
    nodes[i] = d - 1;
    nodes[n - 1 - i] = 1 - d;
    weights[i] = 2 / (d * (2 - d) * slope * slope);
    weights[n - 1 - i] = weights[i]!;
  }
  return { nodes, weights };
}

/** Pₙ(1 - d) and P'ₙ(1 - d) for 0 < d ≤ 1, by the recurrence of three terms for differences of neighbours. */
function legendreAt(n: number, d: number): { value: number; slope: number } {
  let value = 1 - d;
  let difference = -d;
  for (let k = 1; k < n; k++) {
    difference = (k * difference - (2 * k + 1) * d * value) / (k + 1);
    value += difference;
  }
  return { value, slope: (n * (d * value - difference)) / (d * (2 - d)) };
}

function checkedInterval(interval: Interval, what: string): Interval {
  const [low, high] = interval;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high))
    throw new DomainError(`${what}: [low, high] with low < high was expected, got [${low}, ${high}]`);
  return [low, high];
}

/**
 * The tensor product of grids for scalar arguments as one grid for a vector argument: `[n₁·n₂·…, d]` nodes, the last
 * coordinate varying fastest. Throws ShapeError for grids of vector arguments.
 */
export function productGrid(...grids: readonly Grid[]): Grid {
  if (grids.length === 0) throw new ShapeError("productGrid: at least one grid was expected");
  grids.forEach((grid, i) => {
    checkGrid(grid, { shape: [] }, `productGrid: grid ${i}`);
  });
  const counts = grids.map(({ weights }) => weights.size);
  const spread = (x: Tensor, i: number): Tensor =>
    x.reshape(counts.map((count, axis) => (axis === i ? count : 1))).broadcastTo(counts);
  return {
    nodes: stack(
      grids.map(({ nodes }, i) => spread(nodes, i).ravel()),
      1,
    ),
    weights: grids
      .map(({ weights }, i) => spread(weights, i))
      .reduce((product, weights) => product.mul(weights))
      .ravel(),
    interval: grids.map(({ interval }) => interval as Interval),
  };
}

/** Throws ShapeError or DomainError unless a grid fits an argument and its nodes lie within its interval. */
export function checkGrid(grid: Grid, { shape }: Pick<Argument, "shape">, what: string): void {
  const { nodes, weights, interval } = grid;
  const expected = [weights.size, ...shape];
  if (weights.ndim !== 1 || weights.size === 0 || !sameShape(nodes.shape, expected))
    throw new ShapeError(
      `${what}: for an argument of shape ${formatShape(shape)}, weights [n] and nodes ${formatShape(shape).replace("[", shape.length ? "[n, " : "[n")} were expected, got ${formatShape(weights.shape)} and ${formatShape(nodes.shape)}`,
    );
  const intervals = Array.isArray(interval[0]) ? (interval as readonly Interval[]) : [interval as Interval];
  const width = nodes.size / weights.size;
  if (intervals.length !== 1 && intervals.length !== width)
    throw new ShapeError(`${what}: ${intervals.length} intervals for ${width} coordinates`);
  intervals.forEach((one) => {
    checkedInterval(one, `${what}: interval`);
  });
  const data = nodes.astype("float64").data();
  for (let i = 0; i < data.length; i++) {
    const [low, high] = intervals[intervals.length === 1 ? 0 : i % width]!;
    if (!(data[i]! >= low && data[i]! <= high))
      throw new DomainError(`${what}: node ${data[i]} lies outside of the interval [${low}, ${high}]`);
  }
}
