import { eigvalsh } from "../../linalg/spectral/eigh.ts";
import { reshape, transpose } from "../../ops/movement.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { modeGram } from "./truncation.ts";

/**
 * Singular values, largest first, of the unfolding with `modes` along its rows, from the Gram matrix of its shorter
 * side: accurate to about √ε of the largest. As many as that side is long. O(side · size + side³).
 */
export function unfoldingSpectrum(x: Tensor, modes: readonly number[]): Float64Array {
  const lengthOf = (set: readonly number[]): number => set.reduce((size, k) => size * x.shape[k]!, 1);
  const others = x.shape.map((_, k) => k).filter((k) => !modes.includes(k));
  const isWide = lengthOf(modes) <= lengthOf(others);
  const rows = isWide ? modes : others;
  const columns = isWide ? others : modes;
  if (rows.length === 1) return rootsOf(modeGram(x, rows[0]!));
  const order = [...rows, ...columns];
  const moved = order.every((k, i) => k === i) ? x : transpose(x, order);
  const size = lengthOf(rows);
  return rootsOf(modeGram(reshape(moved, [size, x.size / size]), 0));
}

/** Singular values from a Gram matrix, largest first, with negative rounding clipped. */
const rootsOf = (gram: Tensor): Float64Array =>
  Float64Array.from(eigvalsh(gram).data(), (value) => Math.sqrt(Math.max(0, value))).reverse();

/** Throws DomainError unless the values are finite, not negative and in descending order. */
export function checkDescending(values: Float64Array, what: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! >= 0 && values[i]! < Number.POSITIVE_INFINITY))
      throw new DomainError(`${what}: finite values of at least 0 were expected, got ${values[i]} at ${i}`);
    if (i > 0 && values[i]! > values[i - 1]!)
      throw new DomainError(
        `${what}: descending values were expected, got ${values[i]} after ${values[i - 1]}`,
      );
  }
}
