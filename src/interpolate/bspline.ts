// Splines of any degree as sums of B-splines.

import { cumsum } from "../ops/cumulative.ts";
import { take } from "../ops/gather.ts";
import { concat } from "../ops/join.ts";
import { readable } from "../ops/known.ts";
import { splineValues } from "../special/polynomials/splineKernel.ts";
import { eye, zeros } from "../tensor/create.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { addTo, banded, bandedSolve } from "./base/banded.ts";
import { interval, locate } from "./base/locate.ts";
import { ascending, asReal, column, constant, type Numbers, valuesAt, widenTo } from "./base/nodes.ts";
import {
  checkExtrapolation,
  checkInside,
  checkOrder,
  type Extrapolation,
  type ExtrapolationOptions,
  type Interpolant,
  placed,
} from "./base/piecewise.ts";

/** A spline Σ cᵢ Bᵢ with what it is made of. */
export interface BSpline extends Interpolant {
  /** `[n + degree + 1]`, not descending. */
  readonly knots: Tensor;
  /** `[n, …]` */
  readonly coefficients: Tensor;
  readonly degree: number;
}

interface Spline {
  readonly t: Float64Array;
  readonly c: Tensor;
  readonly degree: number;
  readonly extrapolate: Extrapolation;
}

function checkDegree(name: string, degree: number): void {
  if (!(Number.isInteger(degree) && degree >= 0 && degree <= 20))
    throw new DomainError(`${name}: degree: an integer from 0 to 20 was expected, got ${degree}`);
}

function checkKnots(name: string, knots: Numbers, degree: number): Float64Array {
  const t = asReal(knots, `${name}: knots`);
  if (t.ndim !== 1 || t.size < 2 * degree + 2)
    throw new ShapeError(
      `${name}: knots: shape [m] with m >= ${2 * degree + 2} was expected, got ${formatShape(t.shape)}`,
    );
  const data = t.data() as Float64Array;
  for (let i = 0; i < data.length; i++)
    if (!(Number.isFinite(data[i]!) && (i === 0 || data[i]! >= data[i - 1]!)))
      throw new DomainError(
        `${name}: knots: finite numbers that do not descend were expected, got ${data[i]}`,
      );
  if (!(data[degree]! < data[data.length - degree - 1]!))
    throw new DomainError(
      `${name}: knots: an interval of positive length was expected between the inner knots`,
    );
  return data;
}

/** The intervals in which the spline is a combination of all its pieces. */
const inner = (t: Float64Array, degree: number): Float64Array => t.subarray(degree, t.length - degree);

/** Breaks with the last interval before a repeated end made the one that counts. */
function searchBreaks(t: Float64Array, degree: number): Float64Array {
  const breaks = inner(t, degree).slice();
  // Points at or beyond the right end belong to the last interval that is not empty.
  const end = breaks[breaks.length - 1]!;
  for (let i = breaks.length - 2; i > 0 && breaks[i] === end; i--) breaks[i] = Number.POSITIVE_INFINITY;
  return breaks;
}

/** De Boor's recurrence. O(degree²) a point and trailing element. */
function deBoor({ t, c, degree, extrapolate }: Spline, points: TensorLike): Tensor {
  const given = asReal(points, "bspline: points");
  const domain = inner(t, degree);
  const { points: x, outside } = placed("bspline", given, domain[0]!, domain.at(-1)!, extrapolate);
  const extra = c.ndim - 1;
  const first = locate(x, searchBreaks(t, degree));
  const knots = constant(t);
  const knot = (shift: number): Tensor => take(knots, first.add(shift));
  let d = Array.from({ length: degree + 1 }, (_, j) => take(c, first.add(j)));
  for (let r = 1; r <= degree; r++) {
    const next: Tensor[] = [];
    for (let j = r; j <= degree; j++) {
      const low = knot(j);
      const share = widenTo(x.sub(low).div(knot(j + degree + 1 - r).sub(low)), extra);
      const [a, b] = [d[j - r]!, d[j - r + 1]!];
      next.push(a.add(b.sub(a).mul(share)));
    }
    d = next;
  }
  let value = d[0]!;
  if (degree === 0) value = value.add(widenTo(x.mul(0), extra));
  return outside === null ? value : widenTo(outside, extra).where(Number.NaN, value);
}

function derived({ t, c, degree, extrapolate }: Spline): Spline {
  if (degree === 0) return { t, c: c.mul(0), degree, extrapolate };
  const n = c.shape[0]!;
  const widths = Float64Array.from({ length: n - 1 }, (_, i) => {
    const width = t[i + degree + 1]! - t[i + 1]!;
    return width > 0 ? degree / width : 0;
  });
  return {
    t: t.subarray(1, t.length - 1),
    c: c.at("1:").sub(c.at(":-1")).mul(column(widths, c.ndim)),
    degree: degree - 1,
    extrapolate,
  };
}

function antiderivative({ t, c, degree }: Spline): Spline {
  const widths = Float64Array.from(
    { length: c.shape[0]! },
    (_, i) => (t[i + degree + 1]! - t[i]!) / (degree + 1),
  );
  return {
    t: Float64Array.of(t[0]!, ...t, t[t.length - 1]!),
    c: concat([zeros([1, ...c.shape.slice(1)]), cumsum(c.mul(column(widths, c.ndim)), 0)], 0),
    degree: degree + 1,
    extrapolate: "continue",
  };
}

function make(spline: Spline): BSpline {
  const { t, c, degree, extrapolate } = spline;
  const domain = inner(t, degree);
  return Object.assign((points: TensorLike) => deBoor(spline, points), {
    knots: constant(t),
    coefficients: c,
    degree,
    derivative: (points: TensorLike, order = 1): Tensor => {
      checkOrder("bspline", order);
      let result = spline;
      for (let k = 0; k < order; k++) result = derived(result);
      return deBoor(result, points);
    },
    integral: (a: TensorLike, b: TensorLike): Tensor => {
      const [from, to] = [asReal(a, "bspline: a"), asReal(b, "bspline: b")];
      if (extrapolate !== "continue")
        for (const x of [from, to]) checkInside("bspline: integral", x, domain[0]!, domain.at(-1)!);
      const integrated = antiderivative(spline);
      return deBoor(integrated, to).sub(deBoor(integrated, from));
    },
  });
}

/**
 * The spline Σ cᵢ Bᵢ of a degree with knots `[n + degree + 1]` and coefficients `[n, …]`, by de Boor's recurrence. Differentiable with
 * respect to coefficients and points. O(degree²) a point. Extrapolation is "continue" unless told. Throws ShapeError when knots and
 * coefficients do not fit; DomainError for knots that descend, numbers that are not finite, and degrees beyond 20.
 *
 * Source: de Boor, A Practical Guide to Splines (1978), chapters IX and X.
 */
export function bspline(
  knots: Numbers,
  coefficients: Numbers,
  degree = 3,
  { extrapolate = "continue" }: ExtrapolationOptions = {},
): BSpline {
  checkDegree("bspline", degree);
  checkExtrapolation("bspline", extrapolate);
  const t = checkKnots("bspline", knots, degree);
  return make({
    t,
    c: valuesAt(coefficients, t.length - degree - 1, "bspline: coefficients"),
    degree,
    extrapolate,
  });
}

/** The B-splines at points `[…]`: `[…, n]`, of which degree + 1 are not 0. O(n degree²) a point. Throws as `bspline`. */
export function designMatrix(points: TensorLike, knots: Numbers, degree = 3): Tensor {
  checkDegree("designMatrix", degree);
  const t = checkKnots("designMatrix", knots, degree);
  return deBoor({ t, c: eye(t.length - degree - 1), degree, extrapolate: "throw" }, points);
}

/** The degree + 1 B-splines that are not 0 at x, of which the first is number `first`. */
function basisAt(
  t: Float64Array,
  breaks: Float64Array,
  degree: number,
  x: number,
): { first: number; values: Float64Array } {
  const first = interval(breaks, x);
  return { first, values: splineValues(t, first + degree, degree, x) };
}

/** Knots for interpolation at all nodes: those of not-a-knot for odd degrees, half-way between nodes for even ones. */
function interpolationKnots(x: Float64Array, degree: number): Float64Array {
  const n = x.length;
  const m = n - degree - 1;
  const half = Math.floor((degree + 1) / 2);
  const between = Float64Array.from({ length: m }, (_, i) =>
    degree % 2 === 1 ? x[i + half]! : (x[i + half]! + x[i + half + 1]!) / 2,
  );
  const ends = (value: number): number[] => new Array<number>(degree + 1).fill(value);
  return Float64Array.of(...ends(x[0]!), ...between, ...ends(x[n - 1]!));
}

export interface InterpolatingSplineOptions extends ExtrapolationOptions {
  /** 3 unless told. */
  readonly degree?: number;
  /** `[n + degree + 1]`; those of not-a-knot for odd degrees, half-way between nodes for even ones, unless told. */
  readonly knots?: Numbers;
}

/**
 * The spline through values y `[n, …]` at ascending nodes x `[n]`. Differentiable with respect to values and points. O(n degree²).
 * Throws as `bspline`, and DomainError for knots that do not interlace with the nodes (Schoenberg and Whitney's condition).
 */
export function interpolatingSpline(
  x: Numbers,
  y: Numbers,
  options: InterpolatingSplineOptions = {},
): BSpline {
  const name = "interpolatingSpline";
  const { degree = 3, extrapolate = "continue" } = options;
  checkDegree(name, degree);
  checkExtrapolation(name, extrapolate);
  const nodes = ascending(x, `${name}: x`, degree + 1);
  const n = nodes.length;
  const values = valuesAt(y, n, `${name}: y`);
  const t = options.knots ? checkKnots(name, options.knots, degree) : interpolationKnots(nodes, degree);
  if (t.length !== n + degree + 1)
    throw new ShapeError(`${name}: knots: ${n + degree + 1} were expected for ${n} nodes, got ${t.length}`);
  const breaks = searchBreaks(t, degree);
  const matrix = banded(n, degree, degree);
  nodes.forEach((point, i) => {
    if (!(t[i]! <= point && point <= t[i + degree + 1]!))
      throw new DomainError(
        `${name}: knots: node ${i} = ${point} was expected from ${t[i]} to ${t[i + degree + 1]}, where B-spline ${i} lives`,
      );
    const { first, values: row } = basisAt(t, breaks, degree, point);
    row.forEach((value, j) => {
      if (value !== 0) addTo(matrix, i, first + j, value);
    });
  });
  return make({ t, c: bandedSolve(matrix, values), degree, extrapolate });
}

export interface LeastSquaresSplineOptions extends ExtrapolationOptions {
  /** 3 unless told. */
  readonly degree?: number;
  /** How much each squared residual counts, `[m]` > 0; 1 unless told. */
  readonly weights?: Numbers;
}

/**
 * The spline with given knots that is closest to values y `[m, …]` at ascending points x `[m]` in least squares, by the banded normal
 * equations. Differentiable with respect to values and points of evaluation. O(m degree²). Throws as `bspline`, and DomainError when a
 * B-spline sees no point.
 */
export function leastSquaresSpline(
  x: Numbers,
  y: Numbers,
  knots: Numbers,
  options: LeastSquaresSplineOptions = {},
): BSpline {
  const name = "leastSquaresSpline";
  const { degree = 3, extrapolate = "continue", weights } = options;
  checkDegree(name, degree);
  checkExtrapolation(name, extrapolate);
  const nodes = ascending(x, `${name}: x`, degree + 1);
  const values = valuesAt(y, nodes.length, `${name}: y`);
  const t = checkKnots(name, knots, degree);
  const w = weights ? checkWeights(name, weights, nodes.length) : new Float64Array(nodes.length).fill(1);
  const n = t.length - degree - 1;
  const breaks = searchBreaks(t, degree);
  const matrix = banded(n, degree, degree);
  const firsts: number[] = [];
  const rows: Float64Array[] = [];
  nodes.forEach((point, i) => {
    const { first, values: row } = basisAt(t, breaks, degree, point);
    firsts.push(first);
    rows.push(row);
    for (let a = 0; a <= degree; a++)
      for (let b = 0; b <= degree; b++) addTo(matrix, first + a, first + b, w[i]! * row[a]! * row[b]!);
  });
  // Aᵀ W y: every B-spline meets few points, but A is small beside what it makes.
  const dense = new Float64Array(n * nodes.length);
  firsts.forEach((first, i) => {
    for (let a = 0; a <= degree; a++) dense[(first + a) * nodes.length + i] = w[i]! * rows[i]![a]!;
  });
  const right = constant(dense)
    .reshape([n, nodes.length])
    .matmul(values.reshape([nodes.length, -1]))
    .reshape([n, ...values.shape.slice(1)]);
  return make({ t, c: bandedSolve(matrix, right), degree, extrapolate });
}

export function checkWeights(name: string, weights: Numbers, n: number): Float64Array {
  const w = valuesAt(weights, n, `${name}: weights`);
  const data = readable(w)?.data();
  if (w.ndim !== 1 || !data)
    throw new ShapeError(
      `${name}: weights: known numbers of shape [${n}] were expected, got ${formatShape(w.shape)}`,
    );
  for (const each of data)
    if (!(each > 0)) throw new DomainError(`${name}: weights: numbers > 0 were expected, got ${each}`);
  return data as Float64Array;
}
