import { device } from "../device/current.ts";
import type { BinaryKernel, FloatArray, ReduceKernel } from "../device/device.ts";
import {
  allocate,
  type DType,
  dtypeInfo,
  inexactDType,
  isComplex,
  isFloat,
  realDType,
  type Storage,
} from "../tensor/dtype.ts";
import { DomainError, DTypeError } from "../tensor/errors.ts";
import { formatShape, normalizeAxes, normalizeAxis, type Shape, sizeOf } from "../tensor/shape.ts";
import { type Reduction, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { abs, add, div, maximum, square, sub } from "./arithmetic.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { logicalNot, notEqual, where } from "./comparison.ts";
import { imag, real } from "./complex.ts";
import { multiplyComplex } from "./complexMath.ts";
import { reshape, transpose } from "./movement.ts";
import { asTensor } from "./operands.ts";
import { definePrimitive, NUMERIC, ORDERED_NUMERIC, type Primitive, REAL, type Series } from "./primitive.ts";
import { treeProduct } from "./products.ts";
import { constantSeries, linear, noDerivative } from "./rules.ts";
import { mapSeries } from "./series.ts";
import { exp, log } from "./transcendental.ts";

export interface ReduceParams {
  /** Sorted axes that disappear. */
  readonly axes: readonly number[];
}

/** Elements as `[outer, length, inner]` entries of which the middle is reduced. */
interface Grouped {
  readonly data: Storage;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Neighbouring reduced axes become the middle of three; scattered ones are moved to the end first. */
function group(x: Tensor, axes: readonly number[]): Grouped {
  const { width } = dtypeInfo(x.dtype);
  const adjacent = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1);
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const ordered = adjacent ? x : transpose(x, [...kept, ...axes]);
  const first = adjacent ? (axes[0] ?? x.ndim) : kept.length;
  const { shape } = ordered;
  return {
    data: ordered.data(),
    outer: sizeOf(shape.slice(0, first)),
    length: sizeOf(shape.slice(first, first + axes.length)),
    inner: sizeOf(shape.slice(first + axes.length)) * width,
  };
}

interface ReduceRules {
  readonly dtypes: readonly DType[];
  readonly kernel: ReduceKernel;
  /** The kernel that joins two rows when the reduced axis is not the last. */
  readonly join: BinaryKernel;
  readonly identity: number;
  readonly scalar: (a: number, b: number) => number;
  readonly differential: Differential;
}

type Differential = Pick<Primitive<ReduceParams>, "jvp" | "jet" | "transpose">;

function reducePrimitive(name: string, rules: ReduceRules): Primitive<ReduceParams> {
  return definePrimitive<ReduceParams>({
    name,
    lower: { kind: "fold", kernel: rules.kernel },
    dtypes: rules.dtypes,
    abstractEval: ([x], { axes }) => [
      { shape: x!.shape.filter((_, i) => !axes.includes(i)), dtype: x!.dtype },
    ],
    evaluate: ([x], { axes }, [output]) => {
      const grouped = group(x!, axes);
      const out = allocate(output!.dtype, sizeOf(output!.shape));
      if (isComplex(x!.dtype) && name === "prod") complexProduct(grouped, out);
      else if (isFloat(realDType(x!.dtype))) floatReduce(rules, grouped, out as FloatArray);
      else loopReduce(rules, grouped, out);
      return [new Tensor(out, output!.shape, output!.dtype)];
    },
    ...rules.differential,
    batch: ({ inputs: [x], params: { axes }, self }) => [
      bindOne(self, [x!], { axes: axes.map((axis) => axis + 1) }),
    ],
  });
}

function floatReduce(rules: ReduceRules, { data, outer, length, inner }: Grouped, out: FloatArray): void {
  const x = data as FloatArray;
  if (inner === 1) {
    for (let i = 0; i < outer; i++) out[i] = device.reduce(rules.kernel, x, i * length, length);
    return;
  }
  if (length === 0) {
    out.fill(rules.identity);
    return;
  }
  for (let i = 0; i < outer; i++) {
    const to = i * inner;
    const from = i * length * inner;
    for (let p = 0; p < inner; p++) out[to + p] = x[from + p]!;
    for (let j = 1; j < length; j++)
      device.binary(rules.join, out, to, 1, x, from + j * inner, 1, out, to, inner);
  }
}

function loopReduce(rules: ReduceRules, { data, outer, length, inner }: Grouped, out: Storage): void {
  for (let i = 0; i < outer; i++)
    for (let p = 0; p < inner; p++) {
      let value = rules.identity;
      for (let j = 0, at = i * length * inner + p; j < length; j++, at += inner)
        value = rules.scalar(value, data[at]!);
      out[i * inner + p] = value;
    }
}

function complexProduct({ data, outer, length, inner }: Grouped, out: Storage): void {
  for (let i = 0; i < outer; i++)
    for (let p = 0; p < inner; p += 2) {
      const to = i * inner + p;
      out[to] = 1;
      out[to + 1] = 0;
      for (let j = 0, at = i * length * inner + p; j < length; j++, at += inner)
        multiplyComplex(out[to]!, out[to + 1]!, data[at]!, data[at + 1]!, out, to);
    }
}

/** The shape before a reduction with length 1 on the reduced axes. */
const keptShape = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((n, i) => (axes.includes(i) ? 1 : n));

const summing: Differential = {
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [x], params: { axes } }) => [
    c!.reshape(keptShape(x!.shape, axes)).broadcastTo(x!.shape),
  ],
};

/** The product over `axes`, of at least one element each, as a series. */
function productSeries(x: Series, { axes }: ReduceParams): Series {
  const kept = x[0].shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const shape = kept.map((i) => x[0].shape[i]!);
  const count = sizeOf(axes.map((i) => x[0].shape[i]!));
  const rows = mapSeries(x, (c) => c.transpose([...kept, ...axes]).reshape([...shape, count]));
  return mapSeries(treeProduct(rows, kept.length), (c) => c.reshape(shape));
}

const multiplying: Differential = {
  jvp: ({ inputs: [x], tangents: [t], params }) => [
    x!.size === 0 ? null : productSeries([x!, t!], params)[1]!,
  ],
  jet: ({ series: [x], outputs: [y], order, params }) => {
    if (x![0].size === 0) return [constantSeries(y!, order)];
    const [, ...rest] = productSeries(x!, params);
    return [[y!, ...rest]];
  },
};

/** The mean of the tangents at the elements that are the extremum. */
function atExtremum(x: Tensor, y: Tensor, axes: readonly number[]): (t: Tensor) => Tensor {
  const isChosen = x.equal(y.reshape(keptShape(x.shape, axes)));
  const count = isChosen.astype(x.dtype).sum({ axis: axes });
  return (t) => isChosen.where(t, 0).sum({ axis: axes }).div(count);
}

const choosing: Differential = {
  jvp: ({ inputs: [x], tangents: [t], outputs: [y], params: { axes } }) => [atExtremum(x!, y!, axes)(t!)],
  jet: ({ series: [[x, ...coefficients]], outputs: [y], params: { axes } }) => {
    const choose = atExtremum(x, y!, axes);
    return [[y!, ...coefficients.map((c) => c && choose(c))]];
  },
};

export const sumP: Primitive<ReduceParams> = reducePrimitive("sum", {
  differential: summing,
  dtypes: NUMERIC,
  kernel: "sum",
  join: "add",
  identity: 0,
  scalar: (a, b) => a + b,
});
export const prodP: Primitive<ReduceParams> = reducePrimitive("prod", {
  differential: multiplying,
  dtypes: NUMERIC,
  kernel: "prod",
  join: "mul",
  identity: 1,
  scalar: Math.imul,
});
export const maxP: Primitive<ReduceParams> = reducePrimitive("max", {
  differential: choosing,
  dtypes: REAL,
  kernel: "max",
  join: "max",
  identity: Number.NEGATIVE_INFINITY,
  scalar: Math.max,
});
export const minP: Primitive<ReduceParams> = reducePrimitive("min", {
  differential: choosing,
  dtypes: REAL,
  kernel: "min",
  join: "min",
  identity: Number.POSITIVE_INFINITY,
  scalar: Math.min,
});

function reduce(
  primitive: Primitive<ReduceParams>,
  x: Tensor,
  { axis, keepDims = false }: Reduction,
): Tensor {
  const axes = normalizeAxes(axis, x.ndim, `${primitive.name}: axis`);
  const result = bindOne(primitive, [x], { axes });
  return keepDims
    ? reshape(
        result,
        x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
      )
    : result;
}

/** Narrow integers and booleans are summed in 32 bits, where sums wrap. */
function accumulating(x: Tensor): Tensor {
  if (x.dtype === "bool" || x.dtype === "int8") return astype(x, "int32");
  return x.dtype === "uint8" ? astype(x, "uint32") : x;
}

/** Sum over `axis` (all axes when left out); floats pairwise. bool and 8-bit integers give 32-bit integers. */
export const sum = (x: TensorLike, options: Reduction = {}): Tensor =>
  reduce(sumP, accumulating(asTensor(x)), options);

/** Product over `axis`; dtypes as for `sum`. */
export const prod = (x: TensorLike, options: Reduction = {}): Tensor =>
  reduce(prodP, accumulating(asTensor(x)), options);

function extremum(primitive: Primitive<ReduceParams>, value: TensorLike, options: Reduction): Tensor {
  const x = asTensor(value);
  if (countOf(x, options) === 0)
    throw new DomainError(
      `${primitive.name}: no elements of ${formatShape(x.shape)} along the axis, so no ${primitive.name}imum`,
    );
  return reduce(primitive, x, options);
}

/** Largest element; NaN when there is one. Throws DomainError when there are no elements along the axis. */
export const max = (x: TensorLike, options: Reduction = {}): Tensor => extremum(maxP, x, options);
/** Smallest element; NaN when there is one. Throws DomainError when there are no elements along the axis. */
export const min = (x: TensorLike, options: Reduction = {}): Tensor => extremum(minP, x, options);

const truth = (x: TensorLike): Tensor => {
  const value = asTensor(x);
  return value.dtype === "bool" ? value : notEqual(value, 0);
};

/** True where any element is true (not zero); false for no elements. */
export const any = (x: TensorLike, options: Reduction = {}): Tensor => reduce(maxP, truth(x), options);
/** True where all elements are true (not zero); also for no elements. */
export const all = (x: TensorLike, options: Reduction = {}): Tensor =>
  logicalNot(reduce(maxP, logicalNot(truth(x)), options));

/** How many elements a reduction joins. */
function countOf(x: Tensor, { axis }: Reduction): number {
  return normalizeAxes(axis, x.ndim).reduce((count, i) => count * x.shape[i]!, 1);
}

/** Computes in float32 what comes in a narrow float, and rounds the result once. */
function widened(value: TensorLike, compute: (x: Tensor) => Tensor): Tensor {
  const x = asTensor(value);
  const dtype = inexactDType(x.dtype);
  if (!dtypeInfo(dtype).packed) return compute(astype(x, dtype));
  return astype(compute(astype(x, "float32")), dtype);
}

/** Arithmetic mean; integers give float64. NaN for no elements. */
export function mean(value: TensorLike, options: Reduction = {}): Tensor {
  return widened(value, (x) => div(sum(x, options), countOf(x, options)));
}

/** Mean squared deviation from the mean, divided by n - `ddof` (0 unless told); real for complex x. */
export function variance(value: TensorLike, options: Reduction & { readonly ddof?: number } = {}): Tensor {
  return widened(value, (x) => {
    const center = mean(x, { ...options, keepDims: true });
    const deviation = sub(x, center);
    // Not the square of the absolute value, which has no derivative at 0.
    const squares = isComplex(x.dtype)
      ? add(square(real(deviation)), square(imag(deviation)))
      : square(deviation);
    return div(sum(squares, options), countOf(x, options) - (options.ddof ?? 0));
  });
}

/** log Σ eˣ without overflow. Throws DomainError when there are no elements along the axis. */
export function logSumExp(value: TensorLike, options: Reduction = {}): Tensor {
  return widened(value, (x) => logSumExpOf(x, options));
}

function logSumExpOf(x: Tensor, options: Reduction): Tensor {
  const top = max(x, { ...options, keepDims: true });
  // A row of -∞ has no finite shift.
  const shift = where(notEqual(abs(top), Number.POSITIVE_INFINITY), top, 0);
  const total = log(sum(exp(sub(x, shift)), { ...options, keepDims: true }));
  const result = maximum(total.add(shift), Number.NEGATIVE_INFINITY);
  const axes = normalizeAxes(options.axis, x.ndim);
  return options.keepDims
    ? result
    : reshape(
        result,
        x.shape.filter((_, i) => !axes.includes(i)),
      );
}

interface ArgParams {
  readonly axis: number;
}

function argPrimitive(
  name: string,
  better: (candidate: number, best: number) => boolean,
): Primitive<ArgParams> {
  return definePrimitive<ArgParams>({
    name,
    dtypes: REAL,
    abstractEval: ([x], { axis }) => [{ shape: x!.shape.filter((_, i) => i !== axis), dtype: "int32" }],
    evaluate: ([x], { axis }, [output]) => {
      const { data, outer, length, inner } = group(x!, [axis]);
      const out = new Int32Array(sizeOf(output!.shape));
      for (let i = 0; i < outer; i++)
        for (let p = 0; p < inner; p++) {
          const first = i * length * inner + p;
          let best = 0;
          for (let j = 1; j < length; j++) {
            const value = data[first + j * inner]!;
            const record = data[first + best * inner]!;
            // The first NaN wins, as in NumPy.
            if (Number.isNaN(record)) break;
            if (better(value, record) || Number.isNaN(value)) best = j;
          }
          out[i * inner + p] = best;
        }
      return [new Tensor(out, output!.shape, "int32")];
    },
    ...noDerivative,
    batch: ({ inputs: [x], params: { axis }, self }) => [bindOne(self, [x!], { axis: axis + 1 })],
  });
}

export const argmaxP: Primitive<ArgParams> = argPrimitive("argmax", (a, b) => a > b);
export const argminP: Primitive<ArgParams> = argPrimitive("argmin", (a, b) => a < b);

export interface ArgReduction {
  /** One axis; the flattened tensor when left out. */
  readonly axis?: number;
  readonly keepDims?: boolean;
}

function argReduce(primitive: Primitive<ArgParams>, value: TensorLike, options: ArgReduction): Tensor {
  const x = asTensor(value);
  if (!ORDERED_NUMERIC.includes(x.dtype) && x.dtype !== "bool")
    throw new DTypeError(`${primitive.name} does not take ${x.dtype}`);
  if (countOf(x, options) === 0)
    throw new DomainError(`${primitive.name}: no elements of ${formatShape(x.shape)} along the axis`);
  if (options.axis === undefined) {
    const flat = bindOne(primitive, [reshape(x, [x.size])], { axis: 0 });
    return options.keepDims
      ? reshape(
          flat,
          x.shape.map(() => 1),
        )
      : flat;
  }
  const axis = normalizeAxis(options.axis, x.ndim);
  const result = bindOne(primitive, [x], { axis });
  return options.keepDims
    ? reshape(
        result,
        x.shape.map((n, i) => (i === axis ? 1 : n)),
      )
    : result;
}

/** Position of the first largest element along `axis`, as int32. */
export const argmax = (x: TensorLike, options: ArgReduction = {}): Tensor => argReduce(argmaxP, x, options);
/** Position of the first smallest element along `axis`, as int32. */
export const argmin = (x: TensorLike, options: ArgReduction = {}): Tensor => argReduce(argminP, x, options);
