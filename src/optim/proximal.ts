// Proximal maps: argmin_x ½‖x − v‖² + g(x) for functions g that are not smooth, so that gradient methods can handle the
// rest.

import { where } from "../ops/comparison.ts";
import { fromTypedArray } from "../tensor/create.ts";
import { isFloat } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";

function checkWeight(weight: number, what: string): void {
  if (!(weight >= 0))
    throw new DomainError(`${what}: weight: a number of at least 0 was expected, got ${weight}`);
}

/**
 * Of g = weight · ‖x‖₁: every element moves towards 0 by the weight and stops there. Differentiable almost everywhere, of any
 * shape. O(size). Throws DomainError for a negative weight.
 */
export function softThreshold(x: Tensor, weight: number): Tensor {
  checkWeight(weight, "softThreshold");
  const size = x.abs().sub(weight).maximum(0);
  return where(x.less(0), size.neg(), size);
}

/** Of the indicator of [low, high]: clipping. Throws DomainError unless low ≤ high. */
export function projectBox(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) throw new DomainError(`projectBox: low <= high was expected, got ${low} and ${high}`);
  return x.maximum(low).minimum(high);
}

/**
 * Of g = weight · Σ |x_{i+1} − x_i| along the last axis, exactly: the taut string through a tube of half-width `weight` around
 * the running sums. Linear in practice (quadratic at worst, for tubes that are met again and again). Source: Condat, "A
 * direct algorithm for 1-D total variation denoising" (2013). Throws DTypeError unless x holds real floats, ShapeError for a
 * scalar, DomainError for a negative weight or values that are not finite.
 */
export function proxTotalVariation1d(x: Tensor, weight: number): Tensor {
  const { values, length } = rowsOf(x, "proxTotalVariation1d");
  checkWeight(weight, "proxTotalVariation1d");
  const out = new Float64Array(values.length);
  for (let first = 0; first < values.length; first += length)
    tautString(values.subarray(first, first + length), weight, out.subarray(first, first + length));
  return fromTypedArray(out, x.shape, "float64").astype(x.dtype);
}

/**
 * The nearest point of {x ≥ 0, Σ x = total} along the last axis. O(n log n) a row. Throws DTypeError unless x holds real floats,
 * ShapeError for a scalar, DomainError for a total that is not positive or values that are not finite.
 */
export function projectSimplex(x: Tensor, total = 1): Tensor {
  const { values, length } = rowsOf(x, "projectSimplex");
  if (!(total > 0))
    throw new DomainError(`projectSimplex: total: a positive number was expected, got ${total}`);
  const out = new Float64Array(values.length);
  for (let first = 0; first < values.length; first += length) {
    const row = values.subarray(first, first + length);
    const sorted = Float64Array.from(row).sort().reverse();
    let sum = 0;
    let shift = 0;
    for (let i = 0; i < length; i++) {
      sum += sorted[i]!;
      const candidate = (sum - total) / (i + 1);
      if (sorted[i]! > candidate) shift = candidate;
    }
    for (let i = 0; i < length; i++) out[first + i] = Math.max(0, row[i]! - shift);
  }
  return fromTypedArray(out, x.shape, "float64").astype(x.dtype);
}

function rowsOf(x: Tensor, what: string): { values: Float64Array; length: number } {
  if (!isFloat(x.dtype))
    throw new DTypeError(`${what}: real floating-point numbers were expected, got ${x.dtype}`);
  if (x.ndim === 0) throw new ShapeError(`${what}: at least one axis was expected, got a scalar`);
  const values = x.astype("float64").toTypedArray() as Float64Array;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DomainError(`${what}: element ${bad} is not finite`);
  return { values, length: Math.max(1, x.shape.at(-1)!) };
}

/**
 * Condat's algorithm. A segment from `start` may have any value in [low, high]; the sums of what was left over, `below` and
 * `above`, say when a jump down or up is forced, and then the segment ends where it last touched the tube.
 */
function tautString(y: Float64Array, weight: number, out: Float64Array): void {
  const n = y.length;
  if (n === 0) return;
  if (n === 1 || weight === 0) {
    out.set(y);
    return;
  }
  let start = 0;
  let k = 0;
  let lastLow = 0;
  let lastHigh = 0;
  let low = y[0]! - weight;
  let high = y[0]! + weight;
  let below = weight;
  let above = -weight;
  for (;;) {
    if (k === n - 1) {
      if (below < 0) {
        // The end needs a jump down first.
        out.fill(low, start, lastLow + 1);
        start = lastLow + 1;
        k = start;
        lastLow = start;
        low = y[start]!;
        below = weight;
        above = low + weight - high;
      } else if (above > 0) {
        out.fill(high, start, lastHigh + 1);
        start = lastHigh + 1;
        k = start;
        lastHigh = start;
        high = y[start]!;
        above = -weight;
        below = high - weight - low;
      } else {
        out.fill(low + below / (k - start + 1), start, n);
        return;
      }
      continue;
    }
    const next = y[k + 1]!;
    if (next + below < low - weight) {
      out.fill(low, start, lastLow + 1);
      start = lastLow + 1;
      k = start;
      lastLow = start;
      lastHigh = start;
      low = y[start]!;
      high = low + 2 * weight;
      below = weight;
      above = -weight;
    } else if (next + above > high + weight) {
      out.fill(high, start, lastHigh + 1);
      start = lastHigh + 1;
      k = start;
      lastLow = start;
      lastHigh = start;
      high = y[start]!;
      low = high - 2 * weight;
      below = weight;
      above = -weight;
    } else {
      k++;
      below += next - low;
      above += next - high;
      if (below >= weight) {
        low += (below - weight) / (k - start + 1);
        below = weight;
        lastLow = k;
      }
      if (above <= -weight) {
        high += (above + weight) / (k - start + 1);
        above = -weight;
        lastHigh = k;
      }
    }
  }
}
