// Where tokens stand: rotations of queries and keys, and slopes that penalize distance.

import { concat } from "../../ops/join.ts";
import { cos, sin } from "../../ops/transcendental.ts";
import { checkAxis, checkCount, checkFloats, checkPositive, checkRank } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface RotaryOptions {
  /** Wavelengths are 2π base^(2i / d), 10000 unless told. */
  readonly base?: number;
}

/**
 * Rotary positions: x `[…, n, d]` with features i and i + d/2 turned by the angle position · base^(-2i / d), so that scalar
 * products of rotated vectors depend on differences of positions alone. `positions` `[n]` may be traced. Features are
 * paired as in LLaMA's published weights. O(size). Throws ShapeError for an odd d or another number of positions.
 *
 * Source: Su et al., RoFormer (2021).
 */
export function rotate(x: Tensor, positions: Tensor, options: RotaryOptions = {}): Tensor {
  checkFloats("rotate: x", x);
  checkRank("rotate: x", x, 2, Number.POSITIVE_INFINITY);
  checkRank("rotate: positions", positions, 1);
  checkAxis("rotate: positions", positions, 0, x.shape.at(-2)!);
  const d = x.shape.at(-1)!;
  if (d % 2 !== 0)
    throw new ShapeError(
      `rotate: x: an even number of features was expected, got shape ${formatShape(x.shape)}`,
    );
  const base = checkPositive("rotate: base", options.base ?? 10000);
  const rates = Float64Array.from({ length: d / 2 }, (_, i) => base ** ((-2 * i) / d));
  // Angles in float64: a float32 has no digits left behind the point after some thousand turns.
  const angle = positions
    .astype("float64")
    .expandDims(1)
    .mul(fromTypedArray(rates, [d / 2], "float64"));
  const c = cos(angle).astype(x.dtype);
  const s = sin(angle).astype(x.dtype);
  const first = x.at("...", `:${d / 2}`);
  const second = x.at("...", `${d / 2}:`);
  return concat([first.mul(c).sub(second.mul(s)), second.mul(c).add(first.mul(s))], -1);
}

/**
 * The slopes of ALiBi, one for each head: 2^(-8i / heads), i = 1 … heads; for numbers of heads that are no power of two
 * those of the next lower power, then every second of the next higher one.
 *
 * Source: Press, Smith and Lewis, Train short, test long (2022).
 */
export function alibiSlopes(heads: number): readonly number[] {
  checkCount("alibiSlopes: heads", heads);
  const geometric = (n: number): number[] => Array.from({ length: n }, (_, i) => 2 ** ((-8 * (i + 1)) / n));
  const power = 2 ** Math.floor(Math.log2(heads));
  const more = geometric(2 * power).filter((_, i) => i % 2 === 0);
  return [...geometric(power), ...more.slice(0, heads - power)];
}

/**
 * The table `[length, dim]` of sines and cosines of Vaswani et al. (2017): entry (t, 2i) is sin(t / base^(2i / dim)), entry
 * (t, 2i + 1) its cosine. Throws DomainError for an odd dim.
 */
export function sinusoidalPositions(length: number, dim: number, base = 10000): Tensor {
  checkCount("sinusoidalPositions: length", length);
  checkCount("sinusoidalPositions: dim", dim);
  if (dim % 2 !== 0)
    throw new DomainError(`sinusoidalPositions: dim: an even number was expected, got ${dim}`);
  const table = new Float32Array(length * dim);
  for (let t = 0; t < length; t++)
    for (let i = 0; i < dim; i += 2) {
      const angle = t / base ** (i / dim);
      table[t * dim + i] = Math.sin(angle);
      table[t * dim + i + 1] = Math.cos(angle);
    }
  return fromTypedArray(table, [length, dim], "float32");
}
