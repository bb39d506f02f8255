// A convolution without gaps between the elements of x, as numbers and strides: what the algorithms work on.

import type { MatrixType } from "../../device/device.ts";
import type { Storage } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** One spatial axis: window p meets element k of the kernel at x[p · stride + k · dilation − before]. */
export interface SpatialAxis {
  readonly length: number;
  readonly windows: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  /** Elements between neighbours in the storage of x. */
  readonly step: number;
}

/** Offsets and steps count elements. The kernel is contiguous, and so are the windows of each plane of the result. */
export interface DenseConvolution {
  readonly type: MatrixType;
  readonly groups: number;
  readonly images: number;
  readonly channels: number;
  readonly features: number;
  /** Three, the last one the quickest. */
  readonly axes: readonly [SpatialAxis, SpatialAxis, SpatialAxis];
  readonly x: {
    readonly data: Storage;
    readonly offset: number;
    readonly groupStep: number;
    readonly imageStep: number;
    readonly channelStep: number;
  };
  /** `[G, O, C, ...K]` */
  readonly w: Storage;
  /** `[N, G, O, ...P]` */
  readonly out: Storage;
}

const SINGLE: SpatialAxis = {
  length: 1,
  windows: 1,
  kernel: 1,
  stride: 1,
  dilation: 1,
  before: 0,
  step: 0,
};

/** Spatial axes of x, joined where they are walked as one, and filled up to three. */
export function spatialAxesOf(
  x: Tensor,
  kernel: readonly number[],
  windows: readonly number[],
  strides: readonly number[],
  dilation: readonly number[],
  before: readonly number[],
): DenseConvolution["axes"] {
  const axes: SpatialAxis[] = [];
  kernel.forEach((count, i) => {
    const axis: SpatialAxis = {
      length: x.shape[3 + i]!,
      windows: windows[i]!,
      kernel: count,
      stride: strides[i]!,
      dilation: dilation[i]!,
      before: before[i]!,
      step: x.strides[3 + i]!,
    };
    const joined = axes.length > 0 ? join(axes.at(-1)!, axis) : null;
    if (joined) axes[axes.length - 1] = joined;
    else axes.push(axis);
  });
  while (axes.length < 3) axes.unshift(SINGLE);
  return axes as unknown as DenseConvolution["axes"];
}

/** Two neighbouring axes as one, where x has no gap between them and either the windows or the kernel walk all of it. */
function join(outer: SpatialAxis, inner: SpatialAxis): SpatialAxis | null {
  if (outer.length > 1 && inner.length > 1 && outer.step !== inner.step * inner.length) return null;
  if (outer.length === 1 && isPoint(outer)) return inner;
  const length = outer.length * inner.length;
  const step = inner.length === 1 ? outer.step : inner.step;
  const whole = { length, stride: 1, dilation: 1, before: 0, step };
  const pair = [outer, inner];
  if (
    pair.every(
      (axis) => axis.kernel === 1 && axis.windows === axis.length && axis.stride === 1 && axis.before === 0,
    )
  )
    return { ...whole, kernel: 1, windows: length };
  if (
    pair.every(
      (axis) => axis.windows === 1 && axis.kernel === axis.length && axis.dilation === 1 && axis.before === 0,
    )
  )
    return { ...whole, kernel: length, windows: 1 };
  return null;
}

const isPoint = ({ windows, kernel, before }: SpatialAxis): boolean =>
  windows === 1 && kernel === 1 && before === 0;
