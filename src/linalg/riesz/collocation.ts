// Collocation with B-splines for the fractional derivative of Riesz: a Toeplitz matrix but for its border.

import { concat } from "../../ops/join.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { LowRank, Toeplitz } from "../operator/structured.ts";
import { ToeplitzPlus } from "../operator/toeplitzPlus.ts";
import { knotAt, Pieces } from "./openSplines.ts";
import { checkSplineDegree } from "./symbol.ts";

export interface RieszOptions {
  /** p, from 2 on. */
  readonly degree: number;
  /** n, more than the degree. */
  readonly intervals: number;
  /** Order of the derivative, between 1 and 2. */
  readonly alpha: number;
}

export interface RieszCollocation {
  /** `[n + p − 2, n + p − 2]`: −d^α/d|x|^α of B-splines 1 to n + p − 2 at the points. */
  readonly operator: ToeplitzPlus;
  /** The inner Greville points, `[n + p − 2]`. */
  readonly points: Tensor;
  /** Open uniform knots on [0, 1], `[n + 2 p + 1]`. */
  readonly knots: Tensor;
}

const vector = (data: Float64Array): Tensor => new Tensor(data, [data.length], "float64");

/** Throws DomainError unless the options are fine. */
export function checkRiesz(caller: string, { degree, intervals, alpha }: RieszOptions): void {
  checkSplineDegree(caller, degree);
  if (!(Number.isInteger(intervals) && intervals > degree))
    throw new DomainError(
      `${caller}: intervals must be an integer above the degree ${degree}, got ${intervals}`,
    );
  if (!(alpha > 1 && alpha < 2))
    throw new DomainError(`${caller}: alpha must be between 1 and 2, got ${alpha}`);
}

/** Greville point i in units of a knot span. */
export function greville(i: number, n: number, p: number): number {
  let sum = 0;
  for (let k = 1; k <= p; k++) sum += knotAt(i + k, n, p);
  return sum / p;
}

/**
 * The collocation matrix of −d^α u/d|x|^α on (0, 1) with u = 0 outside, in the B-splines of degree p on n intervals
 * without the first and the last, at the inner Greville points. It is T + U Vᵀ: T is Toeplitz with the symbol
 * n^α · `rieszSymbol`, and p − 1 rows and columns at either end differ from it. Entries are exact fractional derivatives
 * of the splines. O(n p) for T, O(n p²) values for the border; a product costs O(n (log n + p)).
 *
 * Source: M. Mazza, M. Donatelli, C. Manni and H. Speleers, arXiv 2106.14834.
 *
 * @throws DomainError unless 1 < alpha < 2, degree is an integer from 2 to 20 and intervals one above it.
 */
export function rieszCollocation(options: RieszOptions): RieszCollocation {
  checkRiesz("rieszCollocation", options);
  const { degree: p, intervals: n, alpha } = options;
  const size = n + p - 2;
  const pieces = new Pieces(n, p, alpha);
  const scale = n ** alpha;
  const points = Float64Array.from({ length: size }, (_, i) => greville(i + 1, n, p));
  // Entries of a cardinal spline at whole steps from its middle, on a line that ends nowhere.
  const line = new Pieces(2 * p + 4, p, alpha);
  const half = 2 * Math.cos((Math.PI * alpha) / 2);
  const middle = (p + 1) / 2;
  const column = Float64Array.from(
    { length: size },
    (_, k) => (scale * (line.left(p, middle + k) + line.left(p, middle - k))) / half,
  );
  const edge: number[] = [];
  for (let i = 0; i < size; i++) if (!pieces.isInner(i + 1)) edge.push(i);
  const m = edge.length;
  const excess = (i: number, j: number): number =>
    scale * pieces.riesz(j + 1, points[i]) - column[Math.abs(i - j)];
  // Whole columns of the border, then what is left of its rows.
  const columns = new Float64Array(size * m);
  const rows = new Float64Array(size * m);
  const unit = new Float64Array(size * m);
  edge.forEach((e, k) => {
    unit[e * m + k] = 1;
    for (let i = 0; i < size; i++) {
      columns[i * m + k] = excess(i, e);
      if (pieces.isInner(i + 1)) rows[i * m + k] = excess(e, i);
    }
  });
  const matrix = (data: Float64Array): Tensor => new Tensor(data, [size, m], "float64");
  const correction = new LowRank(
    concat([matrix(columns), matrix(unit)], 1),
    concat([matrix(unit), matrix(rows)], 1),
  );
  return {
    operator: new ToeplitzPlus(new Toeplitz(vector(column)), correction),
    points: vector(points.map((x) => x / n)),
    knots: vector(Float64Array.from({ length: n + 2 * p + 1 }, (_, k) => knotAt(k, n, p) / n)),
  };
}

/**
 * The matrix of the same operator in values at `intervals − 1` inner points by second-order weighted and shifted
 * differences of Grünwald, a symmetric Toeplitz matrix over equal steps. O(n).
 *
 * Source: W. Tian, H. Zhou and W. Deng, "A class of second order difference approximations for solving space fractional
 * diffusion equations", Mathematics of Computation 84 (2015).
 *
 * @throws DomainError unless 1 < alpha < 2 and intervals is an integer of at least 2.
 */
export function rieszDifferences(options: { readonly intervals: number; readonly alpha: number }): Toeplitz {
  const { intervals: n, alpha } = options;
  if (!(Number.isInteger(n) && n >= 2))
    throw new DomainError(`rieszDifferences: intervals must be an integer of at least 2, got ${n}`);
  if (!(alpha > 1 && alpha < 2))
    throw new DomainError(`rieszDifferences: alpha must be between 1 and 2, got ${alpha}`);
  const w = new Float64Array(n + 1);
  for (let k = 0, g = 1, before = 0; k <= n; k++) {
    w[k] = (alpha / 2) * g + ((2 - alpha) / 2) * before;
    before = g;
    g *= 1 - (alpha + 1) / (k + 1);
  }
  const scale = n ** alpha / (2 * Math.cos((Math.PI * alpha) / 2));
  const column = Float64Array.from({ length: n - 1 }, (_, k) => {
    if (k === 0) return 2 * scale * w[1];
    return scale * (w[k + 1] + (k === 1 ? w[0] : 0));
  });
  return new Toeplitz(vector(column), undefined, { positiveDefinite: true });
}
