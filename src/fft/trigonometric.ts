// Discrete cosine and sine transforms of types I to IV.

import { bindOne } from "../ops/bind.ts";
import { complexFrom, imag, real } from "../ops/complex.ts";
import { asTensor } from "../ops/operands.ts";
import { isComplex } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { axesOf, axisOf, type Norm, realOperand, resize, scaleOf } from "./arguments.ts";
import {
  endWeights,
  halfPlace,
  type TrigonometricKind,
  type TrigonometricType,
  trigonometricP,
} from "./cosine.ts";
import { alongAxis } from "./fft.ts";

export interface TrigonometricOptions {
  /** 2 unless told. */
  readonly type?: TrigonometricType;
  /** Length to which the axis is cut or filled up with zeros. */
  readonly n?: number;
  /** The last one unless told. */
  readonly axis?: number;
  /** With `ortho` the ends are scaled too, so that the matrix of the transform is orthogonal. */
  readonly norm?: Norm;
}

export interface TrigonometricManyOptions {
  readonly type?: TrigonometricType;
  readonly shape?: readonly number[];
  readonly axes?: readonly number[];
  readonly norm?: Norm;
}

/** The elements at the ends that an orthogonal transform weighs by √2 before (1) and by 1/√2 after (2). */
function ends(kind: TrigonometricKind, type: TrigonometricType, n: number): readonly [number[], number[]] {
  if (type === 4 || (type === 1 && kind === "dst")) return [[], []];
  if (type === 1)
    return [
      [0, n - 1],
      [0, n - 1],
    ];
  const half = [halfPlace(kind, n)];
  return type === 2 ? [[], half] : [half, []];
}

/** What a transform and then the one of its inverse type multiply by. */
const periodOf = (kind: TrigonometricKind, type: TrigonometricType, n: number): number =>
  type > 1 ? 2 * n : kind === "dct" ? 2 * (n - 1) : 2 * (n + 1);

const INVERSE: Readonly<Record<TrigonometricType, TrigonometricType>> = { 1: 1, 2: 3, 3: 2, 4: 4 };

function alongOne(
  what: string,
  kind: TrigonometricKind,
  isInverse: boolean,
  value: Tensor,
  options: TrigonometricOptions,
): Tensor {
  const { type: named = 2, n, axis, norm } = options;
  if (!(named in INVERSE)) throw new DomainError(`${what}: type must be 1, 2, 3 or 4, got ${String(named)}`);
  if (isComplex(value.dtype)) {
    const part = (x: Tensor): Tensor => alongOne(what, kind, isInverse, x, options);
    return complexFrom(part(real(value)), part(imag(value)));
  }
  const y = realOperand(what, value);
  const at = axisOf(what, y, axis);
  const x = resize(what, y, at, n);
  const count = x.shape[at]!;
  const type = isInverse ? INVERSE[named] : named;
  if (kind === "dct" && type === 1 && count < 2)
    throw new ShapeError(`${what}: type 1 needs at least 2 elements along the axis, got ${count}`);
  const scale = scaleOf(what, norm, periodOf(kind, type, count), isInverse);
  return alongAxis(x, at, (rows) => {
    const [before, after] = norm === "ortho" ? ends(kind, type, count) : [[], []];
    const weigh = (y: Tensor, places: readonly number[], value: number): Tensor =>
      places.length ? y.mul(endWeights(count, places, value, y.dtype)) : y;
    const y = bindOne(trigonometricP, [weigh(rows, before, Math.SQRT2)], { kind, type, scale });
    return weigh(y, after, Math.SQRT1_2);
  });
}

function alongMany(
  what: string,
  kind: TrigonometricKind,
  isInverse: boolean,
  value: TensorLike,
  { type, shape, axes, norm }: TrigonometricManyOptions,
): Tensor {
  const x = asTensor(value, what);
  const along = axesOf(what, x, shape, axes);
  return along.axes.reduce((y, axis, i) => {
    const n = along.lengths[i];
    return alongOne(what, kind, isInverse, y, {
      axis,
      ...(type && { type }),
      ...(norm && { norm }),
      ...(n !== undefined && { n }),
    });
  }, x);
}

/**
 * The discrete cosine transform along an axis (type 2 unless told), without factors:
 *
 * - 1: y[k] = x[0] + (-1)^k x[n-1] + 2 Σ x[j] cos(πjk / (n-1)) over 0 < j < n-1
 * - 2: y[k] = 2 Σ x[j] cos(πk(2j+1) / 2n)
 * - 3: y[k] = x[0] + 2 Σ x[j] cos(πj(2k+1) / 2n) over j > 0
 * - 4: y[k] = 2 Σ x[j] cos(π(2j+1)(2k+1) / 4n)
 *
 * O(n log n). Throws ShapeError for a bad axis or length, DomainError for an unknown type or norm.
 */
export const dct = (x: TensorLike, options: TrigonometricOptions = {}): Tensor =>
  alongOne("dct", "dct", false, asTensor(x, "dct"), options);

/** The inverse of `dct` of the same type. */
export const idct = (x: TensorLike, options: TrigonometricOptions = {}): Tensor =>
  alongOne("idct", "dct", true, asTensor(x, "idct"), options);

/**
 * The discrete sine transform along an axis (type 2 unless told), without factors:
 *
 * - 1: y[k] = 2 Σ x[j] sin(π(j+1)(k+1) / (n+1))
 * - 2: y[k] = 2 Σ x[j] sin(π(k+1)(2j+1) / 2n)
 * - 3: y[k] = (-1)^k x[n-1] + 2 Σ x[j] sin(π(j+1)(2k+1) / 2n) over j < n-1
 * - 4: y[k] = 2 Σ x[j] sin(π(2j+1)(2k+1) / 4n)
 *
 * O(n log n). Throws as `dct` does.
 */
export const dst = (x: TensorLike, options: TrigonometricOptions = {}): Tensor =>
  alongOne("dst", "dst", false, asTensor(x, "dst"), options);

/** The inverse of `dst` of the same type. */
export const idst = (x: TensorLike, options: TrigonometricOptions = {}): Tensor =>
  alongOne("idst", "dst", true, asTensor(x, "idst"), options);

/** `dct` along several axes (all unless told). */
export const dctn = (x: TensorLike, options: TrigonometricManyOptions = {}): Tensor =>
  alongMany("dctn", "dct", false, x, options);
/** The inverse of `dctn`. */
export const idctn = (x: TensorLike, options: TrigonometricManyOptions = {}): Tensor =>
  alongMany("idctn", "dct", true, x, options);
/** `dst` along several axes (all unless told). */
export const dstn = (x: TensorLike, options: TrigonometricManyOptions = {}): Tensor =>
  alongMany("dstn", "dst", false, x, options);
/** The inverse of `dstn`. */
export const idstn = (x: TensorLike, options: TrigonometricManyOptions = {}): Tensor =>
  alongMany("idstn", "dst", true, x, options);
