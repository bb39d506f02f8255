// B-splines on open uniform knots, in units of a knot span: the domain is [0, n], ends are repeated p + 1 times.

import { rgamma } from "../../special/gamma/gammaKernel.ts";
import { gaussLegendre } from "../../special/polynomials/quadrature.ts";
import { splineValues } from "../../special/polynomials/splineKernel.ts";

/** The knot of a number, for n spans and degree p. */
export const knotAt = (k: number, n: number, p: number): number => Math.min(n, Math.max(0, k - p));

/** The value of B-spline j at x, 0 outside of its support. O(p²). */
export function splineValue(j: number, n: number, p: number, x: number): number {
  if (x < 0 || x > n) return 0;
  // The last span is closed.
  const span = Math.min(n - 1, Math.floor(x));
  if (span < j - p || span > j) return 0;
  const knots = Float64Array.from({ length: 2 * p + 2 }, (_, k) => knotAt(span + k, n, p));
  return splineValues(knots, p, p, x)[j - span]!;
}

/** A B-spline as fractional derivatives from the left see it. */
export interface LeftPiece {
  readonly start: number;
  readonly end: number;
  /** Where derivatives jump, which, and by how much over Γ(q + 1 − α). */
  readonly places: Float64Array;
  readonly orders: Int32Array;
  readonly jumps: Float64Array;
  /** Quadrature of the spline: nodes, and weights that hold its values over Γ(−α). */
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
  /** Coefficients of the same integral in powers of 1 over the distance from the middle. */
  readonly farField: Float64Array;
}

/** Powers that are kept, and from how many half widths on they reach rounding: 6^-24 is 2e-19. */
const FAR_POWERS = 24;
const FAR = 6;

/** ∫ B(t) (x − t)^(−α − 1) dt = y^(−α − 1) Σ c[k] y^−k with y = x − middle: binomial coefficients times moments. */
function farField(
  middle: number,
  nodes: readonly number[],
  weights: readonly number[],
  alpha: number,
): Float64Array {
  const out = new Float64Array(FAR_POWERS);
  nodes.forEach((node, i) => {
    let power = weights[i];
    for (let k = 0; k < FAR_POWERS; k++) {
      out[k] += power;
      power *= ((alpha + 1 + k) / (k + 1)) * (node - middle);
    }
  });
  return out;
}

/**
 * Jumps of B-spline j of the derivatives that jump by construction: the last one at simple knots, and at 0 all from the
 * order of contact on. Jumps of others are rounding. O(p²).
 */
export function leftPiece(j: number, n: number, p: number, alpha: number): LeftPiece {
  const t = (k: number): number => knotAt(k, n, p);
  const places: number[] = [];
  const orders: number[] = [];
  const jumps: number[] = [];
  const add = (place: number, order: number, jump: number): void => {
    if (jump === 0) return;
    places.push(place);
    orders.push(order);
    jumps.push(jump * rgamma(order + 1 - alpha));
  };
  // c[i] belongs to B-spline j + i of the degree that is left.
  let c = new Float64Array(p + 2);
  c[0] = 1;
  for (let q = 0; q <= p; q++) {
    if (q > 0) {
      const next = new Float64Array(p + 2);
      for (let i = 0; i <= q; i++) {
        const width = t(j + i + p - q + 1) - t(j + i);
        next[i] = width > 0 ? ((p - q + 1) * (c[i] - (i > 0 ? c[i - 1] : 0))) / width : 0;
      }
      c = next;
    }
    if (q >= j) add(0, q, c[q - j]);
  }
  for (let k = Math.max(j, p + 1); k <= Math.min(j + p + 1, n + p - 1); k++)
    add(k - p, p, (k - j <= p ? c[k - j] : 0) - (k > j ? c[k - j - 1] : 0));
  const [start, end] = [t(j), t(j + p + 1)];
  const rule = gaussLegendre(p + 10);
  const [points, shares] = [rule.nodes.data(), rule.weights.data()];
  const nodes: number[] = [];
  const weights: number[] = [];
  const scale = rgamma(-alpha) / 2;
  for (let span = start; span < end; span++)
    for (let i = 0; i < points.length; i++) {
      const x = span + (1 + Number(points[i])) / 2;
      nodes.push(x);
      weights.push(scale * Number(shares[i]) * splineValue(j, n, p, x));
    }
  return {
    start,
    end,
    places: Float64Array.from(places),
    orders: Int32Array.from(orders),
    jumps: Float64Array.from(jumps),
    nodes: Float64Array.from(nodes),
    weights: Float64Array.from(weights),
    farField: farField((start + end) / 2, nodes, weights, alpha),
  };
}

/**
 * The Riemann-Liouville derivative of order α from the left at x. Near the support it is the sum over jumps; that sum
 * cancels far from it, where the derivative is the integral of the spline over (x − t)^(α + 1): by quadrature, and by its
 * moments where x is many widths away.
 */
export function leftDerivative(piece: LeftPiece, alpha: number, x: number): number {
  const { start, end, places, orders, jumps, nodes, weights, farField: far } = piece;
  if (x <= start) return 0;
  const y = x - (start + end) / 2;
  if (y > Math.max((FAR * (end - start)) / 2, (end - start) / 2 + 1)) {
    const inverse = 1 / y;
    let series = 0;
    for (let k = FAR_POWERS - 1; k >= 0; k--) series = series * inverse + far[k];
    return series * y ** (-alpha - 1);
  }
  let sum = 0;
  if (x > end + 1) for (let i = 0; i < nodes.length; i++) sum += weights[i] * (x - nodes[i]) ** (-alpha - 1);
  else
    for (let i = 0; i < places.length; i++)
      if (x > places[i]) sum += jumps[i] * (x - places[i]) ** (orders[i] - alpha);
  return sum;
}

/** All B-splines of n spans: inner ones are one, moved. */
export class Pieces {
  readonly n: number;
  readonly p: number;
  readonly alpha: number;
  readonly #kept = new Map<number, LeftPiece>();

  constructor(n: number, p: number, alpha: number) {
    this.n = n;
    this.p = p;
    this.alpha = alpha;
  }

  #piece(j: number): LeftPiece {
    let piece = this.#kept.get(j);
    if (!piece) {
      // The inner one has room for its last knot.
      piece =
        j < 0
          ? leftPiece(this.p, 2 * this.p + 4, this.p, this.alpha)
          : leftPiece(j, this.n, this.p, this.alpha);
      this.#kept.set(j, piece);
    }
    return piece;
  }

  isInner(j: number): boolean {
    return j >= this.p && j < this.n;
  }

  left(j: number, x: number): number {
    const { p, alpha } = this;
    return this.isInner(j)
      ? leftDerivative(this.#piece(-1), alpha, x - (j - p))
      : leftDerivative(this.#piece(j), alpha, x);
  }

  /** −d^α/d|x|^α of B-spline j at x: both sides, of which the right one is the left one mirrored. */
  riesz(j: number, x: number): number {
    const { n, p, alpha } = this;
    const sum = this.left(j, x) + this.left(n + p - 1 - j, n - x);
    return sum / (2 * Math.cos((Math.PI * alpha) / 2));
  }
}
