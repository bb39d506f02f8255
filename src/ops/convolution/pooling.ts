// Pooling: one number for each window of an image. Means are convolutions with a kernel of ones; maxima are a primitive
// whose derivative is that of the element which it picks.

import { allocate, type DType, dtypeInfo, inexactDType, type Storage } from "../../tensor/dtype.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";
import { rowMajorStrides, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { div } from "../arithmetic.ts";
import { bindOne } from "../bind.ts";
import { astype } from "../cast.ts";
import { takeAlongAxis } from "../gather.ts";
import { broadcastTo, reshape } from "../movement.ts";
import { definePrimitive, ORDERED_NUMERIC, type Primitive } from "../primitive.ts";
import { leadingBatch, noDerivative } from "../rules.ts";
import { mapSeries } from "../series.ts";
import { convP } from "./primitive.ts";
import {
  countWindows,
  type Padding,
  type Pads,
  type PerAxis,
  padsOf,
  perAxis,
  spatialLengths,
  type Windows,
} from "./window.ts";

/** Windows over the last axes; those in front are a batch. */
export interface PoolParams {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  /** Positions before and after that windows reach but nothing is picked from. */
  readonly padding: Pads;
}

type Spatial = (
  shape: readonly number[],
  params: PoolParams,
) => { leading: number[]; lengths: number[]; windows: number[] };

const spatialOf: Spatial = (shape, params) => {
  const axes = params.window.length;
  const lengths = shape.slice(shape.length - axes);
  const leading = shape.slice(0, shape.length - axes);
  return { leading, lengths, windows: countWindows({ ...params, lengths }, params.padding) };
};

/** For each window the place, in C order of the spatial axes, of its largest element: of the first one, or the first NaN. */
const maxPlaceP: Primitive<PoolParams> = definePrimitive<PoolParams>({
  name: "maxPoolPlace",
  dtypes: ORDERED_NUMERIC,
  abstractEval: ([x], params) => {
    const { leading, windows } = spatialOf(x!.shape, params);
    return [{ shape: [...leading, ...windows], dtype: "int32" }];
  },
  evaluate: ([x], params, [output]) => {
    const places = new Int32Array(sizeOf(output!.shape));
    largestPlaces(x!, params, places);
    return [new Tensor(places, output!.shape, "int32")];
  },
  ...noDerivative,
  batch: leadingBatch,
});

/** The largest element of each window. O(elements · |window|). */
export const maxPoolP: Primitive<PoolParams> = definePrimitive<PoolParams>({
  name: "maxPool",
  dtypes: ORDERED_NUMERIC,
  abstractEval: ([x], params) => {
    const { leading, windows } = spatialOf(x!.shape, params);
    return [{ shape: [...leading, ...windows], dtype: x!.dtype }];
  },
  evaluate: ([x], params, [output]) => {
    const { shape, dtype } = output!;
    const places = new Int32Array(sizeOf(shape));
    largestPlaces(x!, params, places);
    const { lengths, windows } = spatialOf(x!.shape, params);
    return [new Tensor(picked(x!.data(), sizeOf(lengths), places, sizeOf(windows), dtype), shape, dtype)];
  },
  jvp: ({ inputs: [x], tangents: [t], params }) => [picker(x!, params)(t!)],
  jet: ({ series: [x], outputs: [y], params }) => {
    const [, ...rest] = mapSeries(x!, picker(x![0], params));
    return [[y!, ...rest]];
  },
  batch: leadingBatch,
});

/** Takes from tensors like x the elements that are the largest of x in their windows. */
function picker(x: Tensor, params: PoolParams): (t: Tensor) => Tensor {
  const { leading, lengths, windows } = spatialOf(x.shape, params);
  const places = bindOne(maxPlaceP, [x], params);
  const planes = sizeOf(leading);
  const index = reshape(places, [planes, sizeOf(windows)]);
  return (t) =>
    reshape(takeAlongAxis(reshape(t, [planes, sizeOf(lengths)]), index, 1), [...leading, ...windows]);
}

function picked(data: Storage, size: number, places: Int32Array, windows: number, dtype: DType): Storage {
  const out = allocate(dtype, places.length);
  for (let at = 0, plane = 0; at < places.length; plane += size)
    for (const end = at + windows; at < end; at++) out[at] = data[plane + places[at]!]!;
  return out;
}

/** Windows along one axis: where their first element inside x is, and behind their last. */
function ranges(
  { lengths, window, strides, dilation }: Windows,
  padding: Pads,
  axis: number,
  count: number,
): { first: Int32Array; end: Int32Array } {
  const first = new Int32Array(count);
  const end = new Int32Array(count);
  const step = dilation[axis]!;
  for (let p = 0; p < count; p++) {
    const start = p * strides[axis]! - padding[axis]![0];
    const skipped = Math.max(0, Math.ceil(-start / step));
    const inside = Math.min(window[axis]!, Math.ceil((lengths[axis]! - start) / step));
    first[p] = start + skipped * step;
    end[p] = start + Math.max(skipped, inside) * step;
  }
  return { first, end };
}

function largestPlaces(x: Tensor, params: PoolParams, places: Int32Array): void {
  const isInside = params.padding.every(([before, after]) => before === 0 && after === 0);
  (isInside ? largestInside : largestWithPadding)(x, params, places);
}

/** Without padding all windows are alike: the same distances from their first elements. */
function largestInside(x: Tensor, params: PoolParams, places: Int32Array): void {
  const { lengths, windows } = spatialOf(x.shape, params);
  const steps = rowMajorStrides(lengths);
  const distances = combinations(
    params.window,
    steps.map((step, i) => step * params.dilation[i]!),
  );
  const starts = combinations(
    windows,
    steps.map((step, i) => step * params.strides[i]!),
  );
  const data = x.data();
  const size = sizeOf(lengths);
  let next = 0;
  for (let plane = 0; next < places.length; plane += size)
    for (let s = 0; s < starts.length; s++) {
      const start = starts[s]!;
      let best = start;
      let record = data[plane + start]!;
      for (let w = 1; w < distances.length; w++) {
        const value = data[plane + start + distances[w]!]!;
        if (isAbove(value, record)) {
          record = value;
          best = start + distances[w]!;
        }
      }
      places[next++] = best;
    }
}

/** NaN is above all, and the first of equals stays. */
const isAbove = (value: number, record: number): boolean => !(value <= record) && !Number.isNaN(record);

/** Σ index·step for all indices below the counts, in C order. */
function combinations(counts: readonly number[], steps: readonly number[]): Int32Array {
  let sums = Int32Array.of(0);
  counts.forEach((count, axis) => {
    const next = new Int32Array(sums.length * count);
    for (let i = 0; i < sums.length; i++)
      for (let j = 0; j < count; j++) next[i * count + j] = sums[i]! + j * steps[axis]!;
    sums = next;
  });
  return sums;
}

/** Up to three axes, filled up in front with single ones. */
function largestWithPadding(x: Tensor, params: PoolParams, places: Int32Array): void {
  const { lengths, windows } = spatialOf(x.shape, params);
  const missing = 3 - lengths.length;
  const fill = <T>(list: readonly T[], value: T): T[] => [...new Array<T>(missing).fill(value), ...list];
  const full: Windows = {
    lengths: fill(lengths, 1),
    window: fill(params.window, 1),
    strides: fill(params.strides, 1),
    dilation: fill(params.dilation, 1),
  };
  const padding = fill<readonly [number, number]>(params.padding, [0, 0]);
  const [count0, count1, count2] = fill(windows, 1) as [number, number, number];
  const [step0, step1, step2] = full.dilation as [number, number, number];
  const [, rows, columns] = full.lengths as [number, number, number];
  const [range0, range1, range2] = [count0, count1, count2].map((count, i) =>
    ranges(full, padding, i, count),
  ) as [ReturnType<typeof ranges>, ReturnType<typeof ranges>, ReturnType<typeof ranges>];
  const data = x.data();
  const size = sizeOf(lengths);
  let next = 0;
  for (let plane = 0; next < places.length; plane += size)
    for (let p0 = 0; p0 < count0; p0++)
      for (let p1 = 0; p1 < count1; p1++)
        for (let p2 = 0; p2 < count2; p2++) {
          const first2 = range2.first[p2]!;
          const end2 = range2.end[p2]!;
          let best = (range0.first[p0]! * rows + range1.first[p1]!) * columns + first2;
          let record = data[plane + best]!;
          for (let i0 = range0.first[p0]!; i0 < range0.end[p0]!; i0 += step0)
            for (let i1 = range1.first[p1]!; i1 < range1.end[p1]!; i1 += step1) {
              const row = (i0 * rows + i1) * columns;
              for (let i2 = first2; i2 < end2; i2 += step2) {
                const value = data[plane + row + i2]!;
                if (isAbove(value, record)) {
                  record = value;
                  best = row + i2;
                }
              }
            }
          places[next++] = best;
        }
}

export interface PoolOptions {
  /** Elements of a window along each spatial axis. */
  readonly window: PerAxis;
  /** Elements from one window to the next; the window unless told, so that windows touch. */
  readonly strides?: PerAxis;
  /** None unless told. */
  readonly padding?: Padding;
}

export interface MaxPoolOptions extends PoolOptions {
  /** Distance between the elements that a window takes, 1 unless told. */
  readonly dilation?: PerAxis;
}

export interface AvgPoolOptions extends PoolOptions {
  /** Whether the zeros of the padding count as elements (yes unless told, as in PyTorch). */
  readonly countIncludesPadding?: boolean;
}

function poolParams(what: string, x: Tensor, options: MaxPoolOptions): PoolParams {
  const lengths = spatialLengths(x.shape, `${what}: x`);
  const axes = lengths.length;
  const window = perAxis(options.window, axes, `${what}: window`);
  const strides = perAxis(options.strides, axes, `${what}: strides`, window);
  const dilation = perAxis(options.dilation, axes, `${what}: dilation`);
  const padding = padsOf(options.padding, { lengths, window, strides, dilation }, `${what}: padding`);
  const params = { window, strides, dilation, padding };
  const counts = countWindows({ lengths, ...params }, padding);
  lengths.forEach((_, axis) => {
    const { first, end } = ranges({ lengths, ...params }, padding, axis, counts[axis]!);
    if (first.some((start, p) => start >= end[p]!))
      throw new DomainError(
        `${what}: padding ${JSON.stringify(padding[axis])} of axis ${2 + axis}: a window of ${window[axis]} elements lies beside all ${lengths[axis]} elements of x`,
      );
  });
  return params;
}

/**
 * The largest element of each window of x `[N, C, ...spatial]` with one to three spatial axes:
 * `[N, C, ...windows]`, along each axis ⌊(before + length + after − ((window − 1) · dilation + 1)) / stride⌋ + 1. Padding
 * is never picked; NaN is, where a window holds one. Derivatives of any order are those of the first largest element.
 * O(N · C · windows · window). Throws ShapeError for a wrong number of axes, DomainError for options out of range and
 * for windows without an element, DTypeError for complex and bool.
 */
export function maxPool(x: Tensor, options: MaxPoolOptions): Tensor {
  return bindOne(maxPoolP, [x], poolParams("maxPool", x, options));
}

/**
 * The mean of each window of x `[N, C, ...spatial]`, with shapes as for `maxPool`; integers give float64. Zeros of the
 * padding count as elements unless `countIncludesPadding` is false. O(N · C · windows · window). Throws ShapeError for a
 * wrong number of axes, DomainError for options out of range and for windows without an element.
 */
export function avgPool(x: Tensor, options: AvgPoolOptions): Tensor {
  const params = poolParams("avgPool", x, options);
  const dtype = inexactDType(x.dtype);
  if (dtype.startsWith("float8"))
    throw new DTypeError(`avgPool does not take ${dtype}: convert x with astype("float32")`);
  // Narrow floats are summed in float32 and rounded once.
  const wide = dtypeInfo(dtype).packed ? "float32" : dtype;
  const sums = windowSums(astype(x, wide), params);
  return astype(div(sums, windowSizes(x, params, options, wide)), dtype);
}

/** How many elements each window is the mean of. */
function windowSizes(
  x: Tensor,
  params: PoolParams,
  { countIncludesPadding = true }: AvgPoolOptions,
  dtype: DType,
): Tensor | number {
  if (countIncludesPadding) return sizeOf(params.window);
  return windowSums(broadcastTo(one(dtype), [1, 1, ...x.shape.slice(2)]), params);
}

const one = (dtype: DType): Tensor => astype(new Tensor(Float64Array.of(1), [], "float64"), dtype);

/** Sums over the windows of every plane: each is an image of one channel, and the kernel is all ones. */
function windowSums(x: Tensor, { window, strides, dilation, padding }: PoolParams): Tensor {
  const planes = reshape(x, [1, x.shape[0]! * x.shape[1]!, 1, ...x.shape.slice(2)]);
  const ones = broadcastTo(one(x.dtype), [1, 1, 1, ...window]);
  const inputDilation = window.map(() => 1);
  const sums = bindOne(convP, [planes, ones], { strides, padding, inputDilation, dilation });
  return reshape(sums, [...x.shape.slice(0, 2), ...sums.shape.slice(3)]);
}
