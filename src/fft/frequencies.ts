// Frequencies that go with transforms, their order, and lengths that are quick.

import { nextSmooth } from "../device/roots.ts";
import { roll } from "../ops/join.ts";
import { asTensor } from "../ops/operands.ts";
import { DomainError } from "../tensor/errors.ts";
import { normalizeAxes } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { checkFinite, checkLength } from "./arguments.ts";

function spacing(what: string, d: number): void {
  checkFinite(`${what}: d`, d);
  if (d === 0) throw new DomainError(`${what}: d must not be 0`);
}

/** Frequencies, in cycles per unit of `d`, of the entries of `fft` for `n` samples `d` apart: float64 `[n]`. */
export function fftfreq(n: number, d = 1): Tensor {
  checkLength("fftfreq: n", n);
  spacing("fftfreq", d);
  const nonNegative = Math.floor((n - 1) / 2) + 1;
  return new Tensor(
    Float64Array.from({ length: n }, (_, k) => (k < nonNegative ? k : k - n) / (n * d)),
    [n],
    "float64",
  );
}

/** Frequencies of the entries of `rfft`: float64 `[⌊n / 2⌋ + 1]`, none negative. */
export function rfftfreq(n: number, d = 1): Tensor {
  checkLength("rfftfreq: n", n);
  spacing("rfftfreq", d);
  const length = Math.floor(n / 2) + 1;
  return new Tensor(
    Float64Array.from({ length }, (_, k) => k / (n * d)),
    [length],
    "float64",
  );
}

export interface ShiftOptions {
  /** All unless told. */
  readonly axes?: number | readonly number[];
}

function shift(what: string, value: TensorLike, { axes }: ShiftOptions, by: (n: number) => number): Tensor {
  const x = asTensor(value, what);
  return normalizeAxes(axes, x.ndim, `${what}: axis`).reduce(
    (y, axis) => roll(y, by(y.shape[axis]!), axis),
    x,
  );
}

/** Puts entry 0 of a transform into the middle. */
export const fftshift = (x: TensorLike, options: ShiftOptions = {}): Tensor =>
  shift("fftshift", x, options, (n) => Math.floor(n / 2));

/** Undoes `fftshift`. */
export const ifftshift = (x: TensorLike, options: ShiftOptions = {}): Tensor =>
  shift("ifftshift", x, options, (n) => -Math.floor(n / 2));

export interface FastLengthOptions {
  /** For real transforms: products of 2, 3 and 5 only. */
  readonly real?: boolean;
}

/** The least length of at least `target` that is a product of 2, 3, 5, 7 and 11. */
export function nextFastLength(target: number, { real = false }: FastLengthOptions = {}): number {
  checkLength("nextFastLength: target", target);
  return nextSmooth(target, real ? 5 : 11);
}
