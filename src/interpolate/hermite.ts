// Cubic pieces from values and slopes at the nodes, and the ways to choose the slopes.

import { abs, sign } from "../ops/arithmetic.ts";
import { logicalAnd, logicalOr, notEqual } from "../ops/comparison.ts";
import { concat } from "../ops/join.ts";
import { readable } from "../ops/known.ts";
import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { addTo, banded, bandedSolve } from "./base/banded.ts";
import { ascending, column, type Numbers, valuesAt } from "./base/nodes.ts";
import {
  checkExtrapolation,
  type Extrapolation,
  type ExtrapolationOptions,
  type Interpolant,
  piecewise,
} from "./base/piecewise.ts";

/** Nodes, values, widths and secant slopes. */
interface Data {
  readonly x: Float64Array;
  readonly y: Tensor;
  readonly h: Float64Array;
  /** `[n - 1, …]` */
  readonly secants: Tensor;
}

function prepare(name: string, x: Numbers, y: Numbers, least = 2): Data {
  const nodes = ascending(x, `${name}: x`, least);
  const values = valuesAt(y, nodes.length, `${name}: y`);
  const h = nodes.slice(1).map((b, i) => b - nodes[i]!);
  return {
    x: nodes,
    y: values,
    h,
    secants: values.at("1:").sub(values.at(":-1")).div(column(h, values.ndim)),
  };
}

function cubic(
  name: string,
  { x, y, h, secants }: Data,
  slopes: Tensor,
  extrapolate: Extrapolation,
): Interpolant {
  checkExtrapolation(name, extrapolate);
  const left = slopes.at(":-1");
  const right = slopes.at("1:");
  const width = column(h, y.ndim);
  return piecewise({
    name,
    breaks: x,
    extrapolate,
    coefficients: [
      y.at(":-1"),
      left,
      secants.mul(3).sub(left.mul(2)).sub(right).div(width),
      left.add(right).sub(secants.mul(2)).div(width.square()),
    ],
  });
}

/** The cubic pieces with given values and slopes `[n, …]` at the nodes x `[n]`. Throws as `cubicSpline`. */
export function cubicHermite(
  x: Numbers,
  y: Numbers,
  slopes: Numbers,
  { extrapolate = "continue" }: ExtrapolationOptions = {},
): Interpolant {
  const data = prepare("cubicHermite", x, y);
  return cubic("cubicHermite", data, valuesAt(slopes, data.x.length, "cubicHermite: slopes"), extrapolate);
}

/**
 * What determines the two ends of a cubic spline: the second piece goes on ("not-a-knot"), second derivatives 0 ("natural"), slopes 0
 * ("clamped") or as given, or value and two derivatives agree ("periodic").
 */
export type SplineBoundary =
  | "not-a-knot"
  | "natural"
  | "clamped"
  | "periodic"
  | { readonly slopes: readonly [number | Tensor, number | Tensor] };

export interface CubicSplineOptions extends ExtrapolationOptions {
  /** "not-a-knot" unless told. */
  readonly boundary?: SplineBoundary;
}

/**
 * The cubic spline through values y `[n, …]` at ascending nodes x `[n]`: twice continuously differentiable. Differentiable with respect
 * to values and points. O(n) to make, O(log n) a point. Extrapolation is "continue" unless told, "periodic" with that boundary.
 *
 * Throws ShapeError when x and y do not fit; DomainError for nodes that do not ascend, numbers that are not finite, and values at the
 * ends of a periodic spline that differ.
 *
 * Source: de Boor, A Practical Guide to Splines (1978), chapter IV.
 */
export function cubicSpline(x: Numbers, y: Numbers, options: CubicSplineOptions = {}): Interpolant {
  const name = "cubicSpline";
  const { boundary = "not-a-knot" } = options;
  const data = prepare(name, x, y);
  const { extrapolate = boundary === "periodic" ? "periodic" : "continue" } = options;
  if (boundary === "periodic") return cubic(name, data, periodicSlopes(data), extrapolate);
  if (typeof boundary === "string" && !["not-a-knot", "natural", "clamped"].includes(boundary))
    throw new DomainError(
      `${name}: boundary: not-a-knot, natural, clamped, periodic or { slopes } was expected, got ${boundary}`,
    );
  return cubic(name, data, splineSlopes(data, boundary), extrapolate);
}

/** Rows i = 1 … n - 2 of the system for the slopes: continuity of the second derivative at the inner nodes. */
function innerRows({ h, secants, y }: Data): Tensor {
  const inner = (side: 0 | 1): Tensor =>
    column(
      Float64Array.from({ length: h.length - 1 }, (_, i) => h[i + side]!),
      y.ndim,
    );
  return secants
    .at(":-1")
    .mul(inner(1))
    .add(secants.at("1:").mul(inner(0)))
    .mul(3);
}

function splineSlopes(data: Data, boundary: Exclude<SplineBoundary, "periodic">): Tensor {
  const { x, y, h, secants } = data;
  const n = x.length;
  const trailing = y.shape.slice(1);
  if (boundary === "not-a-knot" && n === 2) return secants.broadcastTo([2, ...trailing]);
  if (boundary === "not-a-knot" && n === 3) {
    // The parabola through three points.
    const bend = secants
      .at(1)
      .sub(secants.at(0))
      .div(h[0]! + h[1]!);
    const at = (place: number, from: number): Tensor =>
      secants
        .at(0)
        .add(bend.mul(2 * place - from))
        .reshape([1, ...trailing]);
    const total = h[0]! + h[1]!;
    return concat([at(0, h[0]!), at(h[0]!, h[0]!), at(total, h[0]!)], 0);
  }
  const matrix = banded(n, 2, 2);
  const rows: Tensor[] = [];
  const row = (value: Tensor): Tensor => value.broadcastTo(trailing).reshape([1, ...trailing]);
  for (let i = 1; i < n - 1; i++) {
    addTo(matrix, i, i - 1, h[i]!);
    addTo(matrix, i, i, 2 * (h[i - 1]! + h[i]!));
    addTo(matrix, i, i + 1, h[i - 1]!);
  }
  // An end: its slope, that of its neighbour, and the width and secant of the first two intervals from there.
  const end = (i: number, next: number, given: number | Tensor | null): Tensor => {
    const isLeft = i === 0;
    const near = isLeft ? 0 : n - 2;
    const far = isLeft ? 1 : n - 3;
    if (given !== null) {
      addTo(matrix, i, i, 1);
      return typeof given === "number" ? y.at(0).mul(0).add(given) : given;
    }
    if (boundary === "natural") {
      addTo(matrix, i, i, 2);
      addTo(matrix, i, next, 1);
      return secants.at(near).mul(3);
    }
    const a = h[near]!;
    const b = h[far]!;
    addTo(matrix, i, i, b);
    addTo(matrix, i, next, a + b);
    return secants
      .at(near)
      .mul((2 * b + 3 * a) * b)
      .add(secants.at(far).mul(a * a))
      .div(a + b);
  };
  const [left, right] =
    boundary === "clamped" ? [0, 0] : typeof boundary === "string" ? [null, null] : boundary.slopes;
  rows.push(row(end(0, 1, left)));
  if (n > 2) rows.push(innerRows(data));
  rows.push(row(end(n - 1, n - 2, right)));
  return bandedSolve(matrix, concat(rows, 0));
}

/** The cyclic system, by the formula of Sherman and Morrison on a tridiagonal one. */
function periodicSlopes(data: Data): Tensor {
  const { x, y, h, secants } = data;
  const n = x.length;
  const gap = y.at(0).sub(y.at(-1)).abs().max();
  checkPeriod(gap, y);
  const m = n - 1;
  if (m === 1) return y.mul(0);
  if (m === 2) {
    // Both rows are the same but for the order of the slopes, which are therefore equal.
    const s = secants
      .at(0)
      .mul(h[1]!)
      .add(secants.at(1).mul(h[0]!))
      .div(h[0]! + h[1]!);
    return s.reshape([1, ...s.shape]).broadcastTo([3, ...s.shape]);
  }
  const before = (i: number): number => h[(i + m - 1) % m]!;
  const matrix = banded(m, 1, 1);
  for (let i = 0; i < m; i++) {
    if (i > 0) addTo(matrix, i, i - 1, h[i]!);
    addTo(matrix, i, i, 2 * (before(i) + h[i]!));
    if (i < m - 1) addTo(matrix, i, i + 1, before(i));
  }
  // The corners: entry (0, m-1) is h₀ and entry (m-1, 0) is h of the interval before the last node.
  const topRight = h[0]!;
  const bottomLeft = before(m - 1);
  const gamma = -2 * (before(0) + h[0]!);
  addTo(matrix, 0, 0, -gamma);
  addTo(matrix, m - 1, m - 1, (-topRight * bottomLeft) / gamma);
  const weights = (f: (i: number) => number): Tensor =>
    column(
      Float64Array.from({ length: m }, (_, i) => f(i)),
      y.ndim,
    );
  const previous = concat([secants.at("-1:"), secants.at(":-1")], 0);
  const right = previous
    .mul(weights((i) => h[i]!))
    .add(secants.mul(weights(before)))
    .mul(3);
  const z = bandedSolve(matrix, right);
  const u = new Float64Array(m);
  u[0] = gamma;
  u[m - 1] = bottomLeft;
  const w = bandedSolve(matrix, column(u, 1));
  const product = (v: Tensor): Tensor => v.at(0).add(v.at(-1).mul(topRight / gamma));
  const share = product(z).div(product(w).add(1).item());
  const slopes = z.sub(column(w.toTypedArray(), y.ndim).mul(share.reshape([1, ...share.shape])));
  return concat([slopes, slopes.at(":1")], 0);
}

function checkPeriod(gap: Tensor, y: Tensor): void {
  const [known, size] = [readable(gap), readable(y.abs().max())];
  if (known === null || size === null) return;
  const [difference, scale] = [known.max().item(), size.max().item()];
  if (!(difference <= 1e-12 * Math.max(1, scale)))
    throw new DomainError(
      `cubicSpline: y: equal values at both ends were expected of a periodic spline, got a difference of ${difference}`,
    );
}

export interface AkimaOptions extends ExtrapolationOptions {
  /** "makima" gives less weight to flat stretches, and no overshoot beside them. "akima" unless told. */
  readonly method?: "akima" | "makima";
}

/**
 * Akima's curve: slopes from the secants next to each node, so that an outlier is felt by its neighbours only. Once continuously
 * differentiable. O(n). Throws as `cubicSpline`, and ShapeError for fewer than 3 nodes.
 *
 * Source: Akima, A new method of interpolation and smooth curve fitting based on local procedures (1970).
 */
export function akima(x: Numbers, y: Numbers, options: AkimaOptions = {}): Interpolant {
  const { method = "akima", extrapolate = "continue" } = options;
  if (method !== "akima" && method !== "makima")
    throw new DomainError(`akima: method "akima" or "makima" was expected, got ${String(method)}`);
  const data = prepare("akima", x, y, 3);
  const { secants } = data;
  const one = (t: Tensor): Tensor => t.reshape([1, ...t.shape]);
  const beyond = (near: Tensor, far: Tensor): Tensor => near.mul(2).sub(far);
  const first = beyond(secants.at(0), secants.at(1));
  const last = beyond(secants.at(-1), secants.at(-2));
  const m = concat(
    [one(beyond(first, secants.at(0))), one(first), secants, one(last), one(beyond(last, secants.at(-1)))],
    0,
  );
  let change = abs(m.at("1:").sub(m.at(":-1")));
  if (method === "makima") change = change.add(abs(m.at("1:").add(m.at(":-1"))).div(2));
  // Between the secants m[i + 1] and m[i + 2] on both sides of node i.
  const left = change.at("2:");
  const right = change.at(":-2");
  const total = left.add(right);
  const isFlat = total.lessEqual(total.max({ axis: 0, keepDims: true }).mul(1e-9));
  const mean = m.at("3:").add(m.at(":-3")).div(2);
  const before = m.at("1:-2");
  const after = m.at("2:-1");
  const safe = isFlat.where(1, total);
  const slopes = isFlat.where(
    method === "makima" ? before.mul(0) : mean,
    left.mul(before).add(right.mul(after)).div(safe),
  );
  return cubic("akima", data, slopes, extrapolate);
}

/**
 * The curve of Fritsch and Butland: monotone where the values are, without overshoot, once continuously differentiable. O(n). Throws as
 * `cubicSpline`.
 *
 * Source: Fritsch and Butland, A method for constructing local monotone piecewise cubic interpolants (1984).
 */
export function pchip(
  x: Numbers,
  y: Numbers,
  { extrapolate = "continue" }: ExtrapolationOptions = {},
): Interpolant {
  const data = prepare("pchip", x, y);
  const { h, secants: m } = data;
  const n = data.x.length;
  const trailing = data.y.shape.slice(1);
  if (n === 2) return cubic("pchip", data, m.broadcastTo([2, ...trailing]), extrapolate);
  const w1 = column(
    Float64Array.from({ length: n - 2 }, (_, i) => 2 * h[i + 1]! + h[i]!),
    data.y.ndim,
  );
  const w2 = column(
    Float64Array.from({ length: n - 2 }, (_, i) => h[i + 1]! + 2 * h[i]!),
    data.y.ndim,
  );
  const [before, after] = [m.at(":-1"), m.at("1:")];
  const isTurn = logicalOr(notEqual(sign(before), sign(after)), logicalOr(before.equal(0), after.equal(0)));
  const harmonic = w1.add(w2).div(w1.div(isTurn.where(1, before)).add(w2.div(isTurn.where(1, after))));
  const end = (h0: number, h1: number, m0: Tensor, m1: Tensor): Tensor => {
    const slope = m0
      .mul(2 * h0 + h1)
      .sub(m1.mul(h0))
      .div(h0 + h1);
    const isSteep = logicalAnd(notEqual(sign(m0), sign(m1)), abs(slope).greater(abs(m0).mul(3)));
    return notEqual(sign(slope), sign(m0))
      .where(0, isSteep.where(m0.mul(3), slope))
      .reshape([1, ...trailing]);
  };
  const slopes = concat(
    [
      end(h[0]!, h[1]!, m.at(0), m.at(1)),
      isTurn.where(0, harmonic),
      end(h[n - 2]!, h[n - 3]!, m.at(-1), m.at(-2)),
    ],
    0,
  );
  return cubic("pchip", data, slopes, extrapolate);
}
