// Convolutions by multiplying transforms.

import { nextSmooth } from "../device/roots.ts";
import { conj } from "../ops/complex.ts";
import { flip, narrowAxis } from "../ops/movement.ts";
import { asTensor, unify } from "../ops/operands.ts";
import { isComplex } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, formatShape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { axesOf, complexOperand, realOperand } from "./arguments.ts";
import { fftn, ifftn, irfftn, rfftn } from "./fft.ts";

/** How much of a convolution is wanted: all, the middle as large as the first operand, or what needs no zeros. */
export type ConvolveMode = "full" | "same" | "valid";

export interface ConvolveOptions {
  /** `full` unless told. */
  readonly mode?: ConvolveMode;
  /** All unless told. The others broadcast. */
  readonly axes?: readonly number[];
}

function convolution(what: string, first: TensorLike, second: TensorLike, options: ConvolveOptions): Tensor {
  const { mode = "full" } = options;
  if (!["full", "same", "valid"].includes(mode))
    throw new DomainError(`${what}: mode must be "full", "same" or "valid", got ${String(mode)}`);
  const [a, b] = unify(asTensor(first, what), asTensor(second, what));
  if (a.ndim !== b.ndim || a.ndim === 0)
    throw new ShapeError(
      `${what}: operands with equally many axes were expected, got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  const { axes } = axesOf(what, a, undefined, options.axes);
  const others = (x: Tensor): number[] => x.shape.filter((_, axis) => !axes.includes(axis));
  broadcastShapes(others(a), others(b));
  for (const axis of axes)
    if (a.shape[axis] === 0 || b.shape[axis] === 0)
      throw new ShapeError(`${what}: axis ${axis} of an operand has no elements`);
  const lengths = axes.map((axis) => a.shape[axis]! + b.shape[axis]! - 1);
  if (mode === "valid") {
    const fits = (x: Tensor, y: Tensor): boolean => axes.every((axis) => x.shape[axis]! >= y.shape[axis]!);
    if (!fits(a, b) && !fits(b, a))
      throw new ShapeError(
        `${what}: for mode "valid" one operand must be at least as long as the other along every axis, got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
      );
  }
  if (axes.length === 0) return a.mul(b);
  const isReal = !isComplex(a.dtype);
  const shape = lengths.map((length) => nextSmooth(length, isReal ? 5 : 11));
  const whole = isReal
    ? irfftn(rfftn(realOperand(what, a), { shape, axes }).mul(rfftn(realOperand(what, b), { shape, axes })), {
        shape,
        axes,
      })
    : ifftn(
        fftn(complexOperand(what, a), { shape, axes }).mul(fftn(complexOperand(what, b), { shape, axes })),
        { axes },
      );
  return axes.reduce((y, axis, i) => {
    const [n, m] = [a.shape[axis]!, b.shape[axis]!];
    const length = mode === "full" ? lengths[i]! : mode === "same" ? n : Math.abs(n - m) + 1;
    const start = Math.floor((lengths[i]! - length) / 2);
    return narrowAxis(y, axis, start, start + length);
  }, whole);
}

/**
 * The convolution Σ a[j] b[k - j] along all or some axes, by Fourier transforms of fast lengths: O(N log N), with an
 * absolute error of about machine epsilon times the norms of both operands. Throws ShapeError for operands that do not
 * fit and DomainError for an unknown mode.
 */
export const fftConvolve = (a: TensorLike, b: TensorLike, options: ConvolveOptions = {}): Tensor =>
  convolution("fftConvolve", a, b, options);

/** The correlation Σ a[j + k] conj(b[j]): `fftConvolve` with b reversed and conjugated. */
export function fftCorrelate(a: TensorLike, b: TensorLike, options: ConvolveOptions = {}): Tensor {
  const second = asTensor(b, "fftCorrelate");
  const axes = options.axes ?? second.shape.map((_, axis) => axis);
  return convolution("fftCorrelate", a, conj(flip(second, axes)), options);
}
