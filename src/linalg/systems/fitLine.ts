// The straight line through points: what every rate, order and exponent of growth is read from.

import { DomainError, ShapeError } from "../../tensor/errors.ts";

export interface LineFit {
  readonly slope: number;
  readonly intercept: number;
  /** Share of the variance of y that the line explains: 1 for points on a line (also for a level one). */
  readonly r2: number;
}

/**
 * Least squares y ≈ slope · x + intercept. The slope over logarithms of both is an order or an exponent of growth, over
 * those of y alone a rate. O(n).
 *
 * @throws ShapeError where the lengths differ.
 * @throws DomainError for numbers that are not finite, or fewer than two distinct x.
 */
export function fitLine(x: ArrayLike<number>, y: ArrayLike<number>): LineFit {
  const n = x.length;
  if (y.length !== n) throw new ShapeError(`fitLine: x has ${n} numbers, y has ${y.length}`);
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[i]))
      throw new DomainError(`fitLine: numbers must be finite, got x = ${x[i]}, y = ${y[i]} at position ${i}`);
    meanX += x[i]! / n;
    meanY += y[i]! / n;
  }
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < n; i++) {
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  if (!(xx > 0)) throw new DomainError(`fitLine: x needs at least two distinct numbers, got ${n} points`);
  const slope = xy / xx;
  return { slope, intercept: meanY - slope * meanX, r2: yy > 0 ? (xy * xy) / (xx * yy) : 1 };
}
