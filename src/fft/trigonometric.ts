// Discrete cosine and sine transforms of types I to IV, from Fourier transforms of about the same length (J. Makhoul,
// "A fast cosine transform in one and two dimensions", IEEE Trans. ASSP 28, 1980; Z. Wang, "Fast algorithms for the
// discrete W transform", IEEE Trans. ASSP 32, 1984).

import { rootsOf } from "../device/stockham.ts";
import { bindOne } from "../ops/bind.ts";
import { astype } from "../ops/cast.ts";
import { complexFrom, imag, real } from "../ops/complex.ts";
import { concat, stack } from "../ops/join.ts";
import { flip, narrowAxis } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { allocate, complexDType, type DType, isComplex } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { axesOf, axisOf, type Norm, realOperand, resize, scaleOf } from "./arguments.ts";
import { alongAxis } from "./fft.ts";
import { irfftP, rfftP, transformAxes } from "./primitives.ts";

export type TrigonometricType = 1 | 2 | 3 | 4;

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

const length = (x: Tensor): number => x.shape.at(-1)!;
const cut = (x: Tensor, start: number, stop: number): Tensor => narrowAxis(x, x.ndim - 1, start, stop);
const join = (...parts: Tensor[]): Tensor =>
  concat(
    parts.filter((part) => length(part) > 0),
    -1,
  );
const back = (x: Tensor): Tensor => flip(x, -1);

/** factor · exp(-2πi (step k + shift) / n) for k < count. */
function phases(n: number, step: number, shift: number, count: number, factor: number, dtype: DType): Tensor {
  const w = rootsOf(n, -1);
  const data = allocate(complexDType(dtype), count);
  for (let k = 0; k < count; k++) {
    const at = (step * k + shift) % n;
    data[2 * k] = factor * w[2 * at]!;
    data[2 * k + 1] = factor * w[2 * at + 1]!;
  }
  return new Tensor(data, [count], complexDType(dtype));
}

/** 1, -1, 1, … */
function alternating(n: number, dtype: DType): Tensor {
  const data = allocate(dtype, n);
  for (let i = 0; i < n; i++) data[i] = i % 2 ? -1 : 1;
  return new Tensor(data, [n], dtype);
}

const forward = (x: Tensor): Tensor => bindOne(rfftP, [x], { scale: 1 });

/** y[k] = x[0] + (-1)^k x[n-1] + 2 Σ x[j] cos(πjk / (n-1)): the even extension. */
function cosine1(x: Tensor): Tensor {
  const n = length(x);
  return real(forward(n > 2 ? join(x, back(cut(x, 1, n - 1))) : x));
}

/** y[k] = 2 Σ x[j] sin(π(j+1)(k+1) / (n+1)): the odd extension. */
function sine1(x: Tensor): Tensor {
  const n = length(x);
  const zero = cut(x, 0, 1).mul(0);
  return imag(cut(forward(join(zero, x, zero, back(x).neg())), 1, n + 1)).neg();
}

/** y[k] = 2 Σ x[j] cos(πk(2j+1) / 2n): even elements forwards, odd ones backwards (Makhoul). */
function cosine2(x: Tensor): Tensor {
  const n = length(x);
  const half = Math.floor(n / 2);
  const rest = Math.ceil(n / 2);
  const row = n === 1 ? x : join(x.at("...", "::2"), back(x.at("...", "1::2")));
  const z = forward(row).mul(phases(4 * n, 1, 0, half + 1, 2, x.dtype));
  return join(real(z), back(imag(cut(z, 1, rest))).neg());
}

/** y[k] = x[0] + 2 Σ x[j] cos(πj(2k+1) / 2n), j > 0: `cosine2` backwards. */
function cosine3(x: Tensor): Tensor {
  const n = length(x);
  if (n === 1) return x;
  const half = Math.floor(n / 2);
  // x[n - j], where x[n] is 0.
  const mirrored = join(cut(x, 0, 1).mul(0), back(cut(x, n - half, n)));
  const z = complexFrom(cut(x, 0, half + 1), mirrored.neg()).mul(
    phases(4 * n, 1, 0, half + 1, 1, x.dtype).conj(),
  );
  const y = bindOne(irfftP, [z], { n, scale: 1 });
  const even = cut(y, 0, Math.ceil(n / 2));
  const odd = back(cut(y, Math.ceil(n / 2), n));
  return interleave(even, odd);
}

/** a[0], b[0], a[1], …, where a may have one element more. */
function interleave(a: Tensor, b: Tensor): Tensor {
  const [n, m] = [length(a), length(b)];
  const pairs = stack([cut(a, 0, m), b], -1);
  const even = pairs.reshape([...a.shape.slice(0, -1), 2 * m]);
  return n === m ? even : join(even, cut(a, m, n));
}

/** y[k] = 2 Σ x[j] cos(π(2j+1)(2k+1) / 4n). */
function cosine4(x: Tensor): Tensor {
  const n = length(x);
  const transform = (z: Tensor): Tensor => transformAxes(z, [z.ndim - 1], -1, 1);
  if (n % 2) {
    // exp(-iπ(2j+1)(2k+1)/4n) = exp(-iπ(2k+1)/4n) · exp(-iπj/2n) · exp(-2πi jk/2n) over 2n points.
    const wide = resize("dct", astype(x, complexDType(x.dtype)), x.ndim - 1, 2 * n);
    const z = transform(wide.mul(phases(4 * n, 1, 0, 2 * n, 1, x.dtype)));
    return real(cut(z, 0, n).mul(phases(8 * n, 2, 1, n, 2, x.dtype)));
  }
  const turn = (factor: number): Tensor => phases(16 * n, 8, 1, n / 2, factor, x.dtype);
  const z = transform(complexFrom(x.at("...", "::2"), back(x).at("...", "::2")).mul(turn(1)));
  const y = z.mul(turn(2));
  return interleave(real(y), back(imag(y)).neg());
}

type Kind = "dct" | "dst";

/** Transforms without factors along the last axis. Those of sines are those of cosines of turned rows. */
function raw(kind: Kind, type: TrigonometricType, x: Tensor): Tensor {
  const signs = (): Tensor => alternating(length(x), x.dtype);
  if (kind === "dct") return [cosine1, cosine2, cosine3, cosine4][type - 1]!(x);
  if (type === 1) return sine1(x);
  if (type === 2) return back(cosine2(x.mul(signs())));
  return (type === 3 ? cosine3 : cosine4)(back(x)).mul(signs());
}

/** A row of ones with `value` at some places. */
function endWeights(n: number, places: readonly number[], value: number, dtype: DType): Tensor {
  const data = allocate(dtype, n).fill(1);
  for (const place of places) data[place] = value;
  return new Tensor(data, [n], dtype);
}

/** The elements at the ends that an orthogonal transform weighs by √2 before (1) and by 1/√2 after (2). */
function ends(kind: Kind, type: TrigonometricType, n: number): readonly [number[], number[]] {
  const end = kind === "dct" ? 0 : n - 1;
  if (type === 1)
    return kind === "dct"
      ? [
          [0, n - 1],
          [0, n - 1],
        ]
      : [[], []];
  if (type === 2) return [[], [end]];
  return type === 3 ? [[end], []] : [[], []];
}

/** n of the transform's inverse: applying it and its inverse kind multiplies by this. */
const periodOf = (kind: Kind, type: TrigonometricType, n: number): number =>
  type > 1 ? 2 * n : kind === "dct" ? 2 * (n - 1) : 2 * (n + 1);

const INVERSE: Readonly<Record<TrigonometricType, TrigonometricType>> = { 1: 1, 2: 3, 3: 2, 4: 4 };

function alongOne(
  what: string,
  kind: Kind,
  isInverse: boolean,
  value: Tensor,
  { type: named = 2, n, axis, norm }: TrigonometricOptions,
): Tensor {
  if (!(named in INVERSE)) throw new DomainError(`${what}: type must be 1, 2, 3 or 4, got ${String(named)}`);
  if (isComplex(value.dtype)) {
    const part = (x: Tensor): Tensor =>
      alongOne(what, kind, isInverse, x, { type: named, n, axis, norm } as TrigonometricOptions);
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
    if (norm !== "ortho") return scale === 1 ? raw(kind, type, rows) : raw(kind, type, rows).mul(scale);
    const [before, after] = ends(kind, type, count);
    const weighted = before.length ? rows.mul(endWeights(count, before, Math.SQRT2, rows.dtype)) : rows;
    return raw(kind, type, weighted).mul(endWeights(count, after, Math.SQRT1_2, rows.dtype).mul(scale));
  });
}

function alongMany(
  what: string,
  kind: Kind,
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
