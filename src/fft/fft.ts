// Discrete Fourier transforms in one and several dimensions, complex and real, with NumPy's names and conventions.

import { bindOne } from "../ops/bind.ts";
import { conj } from "../ops/complex.ts";
import { moveAxis } from "../ops/movement.ts";
import { ShapeError } from "../tensor/errors.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import {
  axesOf,
  axisOf,
  checkLength,
  complexOperand,
  type Norm,
  realOperand,
  resize,
  scaleOf,
} from "./arguments.ts";
import { irfftP, rfftP, transformAxes } from "./primitives.ts";

export interface FftOptions {
  /** Length to which the axis is cut or filled up with zeros. */
  readonly n?: number;
  /** The last one unless told. */
  readonly axis?: number;
  readonly norm?: Norm;
}

export interface FftnOptions {
  /** Lengths to which the axes are cut or filled up with zeros. */
  readonly shape?: readonly number[];
  /** All unless told, or as many of the last as `shape` has lengths. */
  readonly axes?: readonly number[];
  readonly norm?: Norm;
}

function complex(what: string, value: TensorLike, isInverse: boolean, { n, axis, norm }: FftOptions): Tensor {
  const z = complexOperand(what, value);
  const at = axisOf(what, z, axis);
  const x = resize(what, z, at, n);
  const scale = scaleOf(what, norm, x.shape[at]!, isInverse);
  return transformAxes(x, [at], isInverse ? 1 : -1, scale);
}

/**
 * The discrete Fourier transform X[k] = Σ x[j] exp(-2πi jk / n) along an axis, for any length: products of 2, 3, 5, 7,
 * 11 and 13 by Stockham's algorithm, others by Bluestein's. complex64 for float32 and narrower, else complex128; all
 * arithmetic is in float64. O(n log n). Throws ShapeError for a tensor without axes, an empty axis or a bad `n`.
 */
export const fft = (x: TensorLike, options: FftOptions = {}): Tensor => complex("fft", x, false, options);

/** The inverse of `fft`: x[j] = 1/n Σ X[k] exp(2πi jk / n). O(n log n). Throws as `fft` does. */
export const ifft = (x: TensorLike, options: FftOptions = {}): Tensor => complex("ifft", x, true, options);

/** A function of the last axis applied along another one. */
export function alongAxis(x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor {
  return axis === x.ndim - 1 ? f(x) : moveAxis(f(moveAxis(x, axis, -1)), -1, axis);
}

function realForward(
  what: string,
  value: TensorLike,
  isInverse: boolean,
  { n, axis, norm }: FftOptions,
): Tensor {
  const y = realOperand(what, value);
  const at = axisOf(what, y, axis);
  const x = resize(what, y, at, n);
  const scale = scaleOf(what, norm, x.shape[at]!, isInverse);
  return alongAxis(x, at, (last) => bindOne(rfftP, [last], { scale }));
}

function realBackward(
  what: string,
  value: TensorLike,
  isInverse: boolean,
  { n, axis, norm }: FftOptions,
  isConjugated = false,
): Tensor {
  const y = complexOperand(what, value);
  const at = axisOf(what, y, axis);
  const length = n ?? 2 * (y.shape[at]! - 1);
  checkLength(`${what}: n`, length);
  const z = resize(what, y, at, Math.floor(length / 2) + 1);
  const scale = scaleOf(what, norm, length, isInverse);
  return alongAxis(isConjugated ? conj(z) : z, at, (last) => bindOne(irfftP, [last], { n: length, scale }));
}

/**
 * The Fourier transform of real numbers: the entries 0 to ⌊n / 2⌋ of `fft`, of which the others are conjugates. Half
 * the work. O(n log n). Throws DTypeError for complex tensors, else as `fft` does.
 */
export const rfft = (x: TensorLike, options: FftOptions = {}): Tensor =>
  realForward("rfft", x, false, options);

/**
 * The inverse of `rfft`: `n` real numbers (2(m - 1) for m entries unless told) from the half that is given. Imaginary
 * parts of entry 0, and of entry n / 2 of an even length, are not looked at. O(n log n).
 */
export const irfft = (x: TensorLike, options: FftOptions = {}): Tensor =>
  realBackward("irfft", x, true, options);

/** The real spectrum, of length `n`, of a signal with x[-j] the conjugate of x[j], of which the first half is given. */
export const hfft = (x: TensorLike, options: FftOptions = {}): Tensor =>
  realBackward("hfft", x, false, options, true);

/** The inverse of `hfft`: half of the signal whose spectrum is real. */
export const ihfft = (x: TensorLike, options: FftOptions = {}): Tensor =>
  conj(realForward("ihfft", x, true, options));

function complexMany(what: string, value: TensorLike, isInverse: boolean, options: FftnOptions): Tensor {
  const z = complexOperand(what, value);
  const { axes, lengths } = axesOf(what, z, options.shape, options.axes);
  // Cutting comes first: it makes less work.
  const x = axes.reduce((all, axis, i) => resize(what, all, axis, lengths[i]), z);
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const scale = scaleOf(what, options.norm, count, isInverse);
  const sign = isInverse ? 1 : -1;
  return transformAxes(x, axes.toReversed(), sign, scale);
}

/** Fourier transforms along several axes (all unless told). O(N log N) for N elements. Throws as `fft` does. */
export const fftn = (x: TensorLike, options: FftnOptions = {}): Tensor =>
  complexMany("fftn", x, false, options);

/** The inverse of `fftn`. */
export const ifftn = (x: TensorLike, options: FftnOptions = {}): Tensor =>
  complexMany("ifftn", x, true, options);

/** `fftn` over the last two axes unless told. */
export const fft2 = (x: TensorLike, options: FftnOptions = {}): Tensor =>
  complexMany("fft2", x, false, { axes: [-2, -1], ...options });

/** The inverse of `fft2`. */
export const ifft2 = (x: TensorLike, options: FftnOptions = {}): Tensor =>
  complexMany("ifft2", x, true, { axes: [-2, -1], ...options });

/**
 * Fourier transforms of real numbers along several axes, of which the last one keeps ⌊n / 2⌋ + 1 entries. Throws as
 * `rfft` does.
 */
export function rfftn(value: TensorLike, options: FftnOptions = {}): Tensor {
  const y = realOperand("rfftn", value);
  const { axes, lengths } = axesOf("rfftn", y, options.shape, options.axes);
  if (axes.length === 0) throw new ShapeError("rfftn: at least one axis was expected, got none");
  const x = axes.reduce((all, axis, i) => resize("rfftn", all, axis, lengths[i]), y);
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const scale = scaleOf("rfftn", options.norm, count, false);
  const half = alongAxis(x, axes.at(-1)!, (last) => bindOne(rfftP, [last], { scale }));
  return transformAxes(half, axes.slice(0, -1).toReversed(), -1, 1);
}

/**
 * The inverse of `rfftn`. The last of the axes gets the last length of `shape`, or 2(m - 1) from m entries unless
 * told.
 */
export function irfftn(value: TensorLike, options: FftnOptions = {}): Tensor {
  const z = complexOperand("irfftn", value);
  const { axes, lengths } = axesOf("irfftn", z, options.shape, options.axes);
  if (axes.length === 0) throw new ShapeError("irfftn: at least one axis was expected, got none");
  const last = axes.at(-1)!;
  const n = lengths.at(-1) ?? 2 * (z.shape[last]! - 1);
  checkLength("irfftn: length of the last axis", n);
  const x = axes.reduce(
    (all, axis, i) => resize("irfftn", all, axis, axis === last ? Math.floor(n / 2) + 1 : lengths[i]),
    z,
  );
  const count = axes.slice(0, -1).reduce((product, axis) => product * x.shape[axis]!, n);
  const scale = scaleOf("irfftn", options.norm, count, true);
  const others = transformAxes(x, axes.slice(0, -1), 1, 1);
  return alongAxis(others, last, (rows) => bindOne(irfftP, [rows], { n, scale }));
}

/** `rfftn` over the last two axes unless told. */
export const rfft2 = (x: TensorLike, options: FftnOptions = {}): Tensor =>
  rfftn(x, { axes: [-2, -1], ...options });

/** The inverse of `rfft2`. */
export const irfft2 = (x: TensorLike, options: FftnOptions = {}): Tensor =>
  irfftn(x, { axes: [-2, -1], ...options });
