// Brownian paths that can be asked for at any time, in any order, and on meshes that refine each other.

import { normal } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { checkKey } from "../../random/keyed.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface BrownianPath {
  readonly t0: number;
  readonly t1: number;
  /** Number of independent motions. */
  readonly size: number;
  /** The path `[m, size]` at m times between t0 and t1; it is zero at t0. */
  readonly at: (times: readonly number[]) => Tensor;
}

export interface BrownianOptions {
  /** 0 unless told. */
  readonly t0?: number;
  readonly t1: number;
  /** 1 unless told. */
  readonly size?: number;
  /** Times are halved so often; between neighbours of the last halving the path is a straight line. 24 unless told. */
  readonly depth?: number;
}

/**
 * A Brownian path as a virtual tree: the value at t1 is drawn, then values at midpoints between known ones by the Brownian
 * bridge, each with a key of its own, so that the same key always gives the same path, on coarse meshes and on fine ones.
 * Nothing is stored; O(depth · size) per time, less for times in order.
 *
 * Throws DomainError for times, sizes or depths out of range. Source: Li and others, Scalable gradients for stochastic
 * differential equations (2020), section 4.
 */
export function brownianPath(key: Key, options: BrownianOptions): BrownianPath {
  const { t0 = 0, t1, size = 1, depth = 24 } = options;
  checkKey(key);
  if (!(Number.isFinite(t0) && Number.isFinite(t1) && t1 > t0))
    throw new DomainError(`brownianPath: t0 < t1 was expected, got ${t0} and ${t1}`);
  if (!(Number.isInteger(size) && size > 0))
    throw new DomainError(`brownianPath: size: a positive integer was expected, got ${size}`);
  if (!(Number.isInteger(depth) && depth >= 1 && depth <= 30))
    throw new DomainError(`brownianPath: depth: an integer from 1 to 30 was expected, got ${depth}`);
  const draw = (node: number): Float64Array => normal(foldIn(key, node), [size]).data() as Float64Array;
  const whole = draw(0).map((z) => z * Math.sqrt(t1 - t0));
  const root: Interval = { left: t0, right: t1, from: new Float64Array(size), to: whole, node: 1 };

  /** The intervals from the root down to the one that was asked for last. */
  let trail: Interval[] = [root];
  const halves = ({ left, right, from, to, node }: Interval): readonly [Interval, Interval] => {
    const middle = (left + right) / 2;
    const spread = Math.sqrt(right - left) / 2;
    const value = draw(node).map((z, i) => (from[i]! + to[i]!) / 2 + spread * z);
    return [
      { left, right: middle, from, to: value, node: 2 * node },
      { left: middle, right, from: value, to, node: 2 * node + 1 },
    ];
  };
  const value = (t: number): Float64Array => {
    if (!(t >= t0 && t <= t1))
      throw new DomainError(`brownianPath: the path runs from ${t0} to ${t1} and is not known at ${t}`);
    trail = trail.filter(({ left, right }) => left <= t && t <= right);
    for (;;) {
      const last = trail.at(-1)!;
      const { left, right, from, to } = last;
      if (t === left) return from;
      if (t === right) return to;
      if (trail.length > depth) {
        const part = (t - left) / (right - left);
        return from.map((w, i) => w + part * (to[i]! - w));
      }
      const [first, second] = halves(last);
      trail.push(t <= first.right ? first : second);
    }
  };
  return {
    t0,
    t1,
    size,
    at: (times) => {
      const out = new Float64Array(times.length * size);
      times.forEach((t, i) => {
        out.set(value(t), i * size);
      });
      return new Tensor(out, [times.length, size], "float64");
    },
  };
}

/** Part of the time, with the path at its ends. */
interface Interval {
  readonly left: number;
  readonly right: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly node: number;
}
