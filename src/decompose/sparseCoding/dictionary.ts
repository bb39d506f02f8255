// Orthogonal dictionaries: learning one from stored samples, coding with it, and telling how far two are apart.

import { polar } from "../../linalg/orthogonal/polar.ts";
import { where } from "../../ops/comparison.ts";
import { type Key, key as makeKey } from "../../random/key.ts";
import { orthogonal } from "../../random/matrices.ts";
import { checkCount, checkFraction } from "../../tensor/check.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFinite } from "../base/input.ts";

/** Of ‖Qᵀ Y‖₃³ / b: 3 Y (|Z| ∘ Z)ᵀ / b with Z = Qᵀ Y. */
export function cubicGradient(q: Tensor, y: Tensor): Tensor {
  const z = q.mT().matmul(y);
  return y.matmul(z.abs().mul(z).mT()).mul(3 / y.shape[1]!);
}

export interface OrthogonalDictionaryOptions extends IterationOptions {
  /** Most iterations, 100 unless told. */
  readonly iterations?: number;
  /** Of the random start; key(0) unless told. */
  readonly key?: Key;
  /** Stop when the dictionary changes by at most this share of its norm; 1e-10 unless told. */
  readonly rtol?: number;
}

export interface OrthogonalDictionary {
  /** `[n, n]`, orthogonal. */
  readonly dictionary: Tensor;
  /** ‖Dᵀ Y‖₃³ / b before each iteration; it never falls. */
  readonly objective: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * An orthogonal D in which the samples Y `[n, b]` are sparse: maximizes ‖Dᵀ Y‖₃³ by power steps D ← polar(gradient). Y should be
 * centred and white. O(n² b + n³) an iteration.
 *
 * @throws ShapeError unless Y is `[n, b]` with samples in it; DTypeError for anything but float32 and float64; DomainError for
 * values that are not finite or all 0, and options out of range; AbortedError.
 */
export function orthogonalDictionary(
  y: Tensor,
  options: OrthogonalDictionaryOptions = {},
): OrthogonalDictionary {
  const { iterations: most = 100, key = makeKey(0), rtol = 1e-10 } = options;
  const samples = checkSamples(y, "orthogonalDictionary: y");
  checkCount("orthogonalDictionary: iterations", most);
  if (!(rtol >= 0))
    throw new DomainError(`orthogonalDictionary: rtol: a number of at least 0 was expected, got ${rtol}`);
  if (isZero(samples)) throw new DomainError("orthogonalDictionary: y: all samples are 0");
  const n = samples.shape[0]!;
  let q = orthogonal(key, n);
  const objective: number[] = [];
  let converged = false;
  while (objective.length < most && !converged) {
    checkAborted(options.signal, "orthogonalDictionary");
    const gradient = cubicGradient(q, samples);
    objective.push(gradient.mul(q).sum().item() / 3);
    const next = polar(gradient).u;
    converged = next.sub(q).square().sum().item() <= rtol * rtol * n;
    q = next;
    options.onProgress?.({
      fraction: converged ? 1 : objective.length / most,
      stage: `iteration ${objective.length}`,
    });
  }
  return { dictionary: q.astype(y.dtype), objective, iterations: objective.length, converged };
}

/**
 * How far a dictionary `[n, k]` is from the true one `[n, k']`, up to signs, order and lengths of columns:
 * 1 − mean over its columns q of max over true d of (d·q)² / (|d|² |q|²). 0 for the same columns, below 1 − 1/n for orthogonal ones.
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for anything but float32 and float64; DomainError for values that are
 * not finite and columns of zeros.
 */
export function dictionaryError(d: Tensor, truth: Tensor): number {
  const units = [d, truth].map((x, i) => {
    const name = `dictionaryError: ${i === 0 ? "d" : "truth"}`;
    const wide = checkSamples(x, name);
    const squares = wide.square().sum({ axis: 0 });
    if (squares.min().item() === 0) throw new DomainError(`${name}: a column holds nothing but zeros`);
    return wide.div(squares.sqrt());
  }) as [Tensor, Tensor];
  if (d.shape[0] !== truth.shape[0])
    throw new ShapeError(
      `dictionaryError: columns of one length were expected, got ${formatShape(d.shape)} and ${formatShape(truth.shape)}`,
    );
  const [own, given] = units;
  return 1 - given.mT().matmul(own).square().max({ axis: 0 }).mean().item();
}

/** The smallest magnitude that counts, or the share of all numbers that is kept, the largest of them. */
export type Threshold = number | { readonly keep: number };

/**
 * Sparse codes Dᵀ Y `[n, b]` of samples Y `[n, b]` in an orthogonal dictionary, with all that is below a threshold set to 0: of all
 * codes with so many numbers, the nearest. D times the codes is the compressed signal. O(n² b).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for anything but float32 and float64; DomainError for a threshold that
 * is negative, a share outside of 0 to 1, and values that are not finite.
 */
export function sparseCode(d: Tensor, y: Tensor, threshold: Threshold): Tensor {
  const dictionary = checkSamples(d, "sparseCode: d");
  const samples = checkSamples(y, "sparseCode: y");
  if (dictionary.shape[0] !== samples.shape[0])
    throw new ShapeError(
      `sparseCode: d [n, k] and y [n, b] were expected, got ${formatShape(d.shape)} and ${formatShape(y.shape)}`,
    );
  const codes = dictionary.mT().matmul(samples);
  const sizes = codes.abs();
  const limit = typeof threshold === "number" ? threshold : limitOf(sizes, threshold.keep);
  if (!(limit >= 0))
    throw new DomainError(`sparseCode: threshold: a number of at least 0 was expected, got ${limit}`);
  return where(sizes.greaterEqual(limit), codes, 0).astype(y.dtype);
}

/** The smallest of the share of numbers that is kept. */
function limitOf(sizes: Tensor, keep: number): number {
  checkFraction("sparseCode: threshold.keep", keep, true);
  const sorted = Float64Array.from(sizes.data()).sort();
  const count = Math.round(keep * sorted.length);
  return count === 0 ? Number.POSITIVE_INFINITY : sorted[sorted.length - count]!;
}

/** Columns `[n, b]` as float64. Throws for anything else, none at all, and values that are not finite. */
export function checkSamples(y: Tensor, what: string, n?: number): Tensor {
  if (!(y instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected; make tensors of arrays with tensor()`);
  if (y.dtype !== "float64" && y.dtype !== "float32")
    throw new DTypeError(`${what}: float64 or float32 was expected, got ${y.dtype}`);
  if (y.ndim !== 2 || y.size === 0 || (n !== undefined && y.shape[0] !== n))
    throw new ShapeError(
      `${what}: columns [${n ?? "n"}, b] were expected, at least one, got shape ${formatShape(y.shape)}`,
    );
  checkFinite(y, what);
  return y.astype("float64").contiguous();
}

export const isZero = (x: Tensor): boolean => x.abs().max().item() === 0;
