// Non-uniform Fourier transforms: sums of exponentials over points, frequencies, or both, that lie anywhere.

import { bindOne } from "../../ops/bind.ts";
import { isfinite } from "../../ops/comparison.ts";
import { asTensor } from "../../ops/operands.ts";
import { Tracer } from "../../ops/tracer.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { checkLength, complexOperand, realOperand } from "../arguments.ts";
import { nufft1P, nufft2P, nufft3P } from "./primitives.ts";

export interface NufftOptions {
  /** The sign of the exponent: -1 unless told, as in `fft` (1 for `nufft2`, as in `ifft`). */
  readonly sign?: -1 | 1;
  /** The relative error that is aimed at, in [1e-15, 0.1]: 1e-12 unless told, for complex64 1e-6. */
  readonly tolerance?: number;
}

interface Settings {
  readonly sign: -1 | 1;
  readonly tolerance: number;
}

function settings(what: string, options: NufftOptions, sign: -1 | 1, values: Tensor): Settings {
  const { tolerance = values.dtype === "complex64" ? 1e-6 : 1e-12 } = options;
  if (!(tolerance >= 1e-15 && tolerance <= 0.1))
    throw new DomainError(`${what}: tolerance must lie in [1e-15, 0.1], got ${tolerance}`);
  const chosen = options.sign ?? sign;
  if (chosen !== 1 && chosen !== -1)
    throw new DomainError(`${what}: sign must be 1 or -1, got ${String(chosen)}`);
  return { sign: chosen, tolerance };
}

/** Points `[count]` or `[count, d]`, finite, as `[count, d]`. */
function pointsOf(what: string, value: TensorLike): Tensor {
  const given = asTensor(value, what);
  if (isComplex(given.dtype))
    throw new DTypeError(`${what}: real coordinates were expected, got ${given.dtype}`);
  const x = realOperand(what, given);
  if (x.ndim !== 1 && !(x.ndim === 2 && x.shape[1]! >= 1 && x.shape[1]! <= 3))
    throw new ShapeError(
      `${what}: a shape [count] or [count, d] with d from 1 to 3 was expected, got ${formatShape(x.shape)}`,
    );
  if (!(x instanceof Tracer) && !isfinite(x).all().item())
    throw new DomainError(`${what}: coordinates must be finite`);
  return x.ndim === 1 ? x.reshape([x.size, 1]) : x;
}

function valuesOf(what: string, value: TensorLike, count: number): Tensor {
  const c = complexOperand(what, value);
  if (c.ndim === 0 || c.shape.at(-1) !== count)
    throw new ShapeError(
      `${what}: a shape […, ${count}], one value for each point, was expected, got ${formatShape(c.shape)}`,
    );
  return c;
}

/**
 * Kind 1: f[…, k] = Σ over j of c[…, j] exp(sign · i k·x[j]), from values at points of a torus (radians, any branch) to
 * integer frequencies: -⌊N/2⌋ <= k < ⌈N/2⌉ along each axis, in this order.
 *
 * `points` `[M]` or `[M, d]` with d to 3, `values` `[…, M]`, `modes` one length for each axis; the result is
 * `[…, N₁, …]`. O(M log(1/tolerance)^d + N log N) (Barnett et al. 2019). Differentiable in values and points. Throws
 * ShapeError for operands that do not fit and DomainError for points or tolerances out of range.
 */
export function nufft1(
  points: TensorLike,
  values: TensorLike,
  modes: number | readonly number[],
  options: NufftOptions = {},
): Tensor {
  const x = pointsOf("nufft1: points", points);
  const c = valuesOf("nufft1: values", values, x.shape[0]!);
  const lengths = typeof modes === "number" ? [modes] : [...modes];
  if (lengths.length !== x.shape[1])
    throw new ShapeError(
      `nufft1: one number of modes for each of ${x.shape[1]} axes was expected, got ${formatShape(lengths)}`,
    );
  for (const n of lengths) checkLength("nufft1: number of modes", n);
  return bindOne(nufft1P, [c, x], { modes: lengths, ...settings("nufft1", options, -1, c) });
}

/**
 * Kind 2: c[…, j] = Σ over k of f[…, k] exp(sign · i k·x[j]), from integer frequencies in the order of `nufft1` to
 * values at points. `points` `[M]` or `[M, d]`, `modes` `[…, N₁, …]` with d axes at the end; the result is `[…, M]`. Cost,
 * derivatives and errors are those of `nufft1`, of which it is the transpose.
 */
export function nufft2(points: TensorLike, modes: TensorLike, options: NufftOptions = {}): Tensor {
  const x = pointsOf("nufft2: points", points);
  const f = complexOperand("nufft2: modes", modes);
  const d = x.shape[1]!;
  const lengths = f.shape.slice(-d);
  if (f.ndim < d || lengths.includes(0))
    throw new ShapeError(
      `nufft2: modes along ${d} last axes were expected, at least one each, got shape ${formatShape(f.shape)}`,
    );
  return bindOne(nufft2P, [f, x], { modes: lengths, ...settings("nufft2", options, 1, f) });
}

/**
 * Kind 3: f[…, k] = Σ over j of c[…, j] exp(sign · i s[k]·x[j]), from values at points to frequencies, both anywhere.
 * `points` `[M]` or `[M, d]`, `values` `[…, M]`, `frequencies` `[K]` or `[K, d]`; the result is `[…, K]`. Takes a grid of
 * about ∏ (4 Xᵢ Sᵢ / π + a few) points, where X and S are half the extents of points and frequencies, and
 * O((M + K) log(1/tolerance)^d + grid · log grid). Differentiable in all three. Throws as `nufft1` does, and DomainError
 * for a grid of more than 2^28 points.
 */
export function nufft3(
  points: TensorLike,
  values: TensorLike,
  frequencies: TensorLike,
  options: NufftOptions = {},
): Tensor {
  const x = pointsOf("nufft3: points", points);
  const s = pointsOf("nufft3: frequencies", frequencies);
  if (s.shape[1] !== x.shape[1])
    throw new ShapeError(
      `nufft3: points and frequencies must have equally many coordinates, got ${x.shape[1]} and ${s.shape[1]}`,
    );
  const c = valuesOf("nufft3: values", values, x.shape[0]!);
  return bindOne(nufft3P, [c, x, s], settings("nufft3", options, -1, c));
}
