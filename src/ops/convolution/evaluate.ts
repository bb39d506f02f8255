// How a convolution is computed: gaps between the elements of x are taken out first, then each group goes to the
// algorithm that is fastest for its shape: shifted images for few features, a matrix product over patches for many, and
// loops for what is too small or too odd for either.

import { device } from "../../device/current.ts";
import type { MatrixType } from "../../device/device.ts";
import { allocate, dtypeInfo, isComplex, isFloat, type Storage } from "../../tensor/dtype.ts";
import { rowMajorStrides, type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { astype } from "../cast.ts";
import { type DenseConvolution, spatialAxesOf } from "./dense.ts";
import { convolveDirectly } from "./direct.ts";
import { patchMatrix } from "./patches.ts";
import { slideOver, slidesOf } from "./slide.ts";
import type { ConvParams } from "./window.ts";

/** The convolution of x `[G, N, C, ...S]` with w `[G, O, C, ...K]` to a result of the given shape; see `convP`. */
export function convolve(x: Tensor, w: Tensor, params: ConvParams, shape: Shape): Tensor {
  const { dtype } = x;
  if (!isFloat(dtype) && !isComplex(dtype)) {
    // Integers are exact in float64 up to 2^53.
    const real = convolve(astype(x, "float64"), astype(w, "float64"), params, shape);
    return astype(real, dtype);
  }
  if (sizeOf(shape) * x.size * w.size === 0) return new Tensor(allocate(dtype, sizeOf(shape)), shape, dtype);
  const before = params.padding.map(([low]) => low);
  const windows = shape.slice(3);
  const hasGaps = params.inputDilation.some((step, i) => step > 1 && x.shape[3 + i]! > 1);
  if (hasGaps) return byPhases(x, w, params, shape);
  return convolveDense(x, w, windows, params.strides, params.dilation, before);
}

/** The greatest common divisor of positive integers. */
const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Those windows along one axis that meet the same elements of the kernel, as a convolution without gaps. */
interface Phase {
  /** Windows `first`, `first + apart` … */
  readonly first: number;
  readonly apart: number;
  readonly windows: number;
  /** Elements `start`, `start + skip` … of the kernel; none when `count` is 0. */
  readonly start: number;
  readonly skip: number;
  readonly count: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

/**
 * Window p meets an element of x, not a gap, at those k for which p · stride + k · dilation − before is a multiple of
 * the distance of the elements: the same k for every p of one residue class.
 */
function phasesOf(
  distance: number,
  stride: number,
  dilation: number,
  before: number,
  kernel: number,
  windows: number,
): Phase[] {
  const apart = distance / gcd(stride, distance);
  const skip = distance / gcd(dilation, distance);
  return Array.from({ length: Math.min(apart, windows) }, (_, first) => {
    let start = 0;
    while (start < Math.min(skip, kernel) && (first * stride + start * dilation - before) % distance !== 0)
      start++;
    const none = start === Math.min(skip, kernel);
    return {
      first,
      apart,
      windows: Math.ceil((windows - first) / apart),
      start,
      skip,
      count: none ? 0 : Math.ceil((kernel - start) / skip),
      stride: (apart * stride) / distance,
      dilation: (skip * dilation) / distance,
      before: (before - first * stride - start * dilation) / distance,
    };
  });
}

/** One convolution without gaps for every combination of phases; nothing is multiplied by the zeros between elements. */
function byPhases(x: Tensor, w: Tensor, params: ConvParams, shape: Shape): Tensor {
  const { dtype } = x;
  const out = allocate(dtype, sizeOf(shape));
  const steps = rowMajorStrides(shape);
  const phases = params.strides.map((stride, i) => {
    const distance = x.shape[3 + i]! > 1 ? params.inputDilation[i]! : 1;
    const [before] = params.padding[i]!;
    return phasesOf(distance, stride, params.dilation[i]!, before, w.shape[3 + i]!, shape[3 + i]!);
  });
  const visit = (chosen: readonly Phase[]): void => {
    const options = phases[chosen.length];
    if (options) {
      for (const phase of options) if (phase.count > 0) visit([...chosen, phase]);
      return;
    }
    const all = <K extends keyof Phase>(key: K): Phase[K][] => chosen.map((phase) => phase[key]);
    const kernel = new Tensor(
      w.storage,
      [...w.shape.slice(0, 3), ...all("count")],
      dtype,
      [...w.strides.slice(0, 3), ...chosen.map(({ skip }, i) => skip * w.strides[3 + i]!)],
      chosen.reduce((at, { start }, i) => at + start * w.strides[3 + i]!, w.offset),
    );
    const part = convolveDense(x, kernel, all("windows"), all("stride"), all("dilation"), all("before"));
    const offset = chosen.reduce((at, { first }, i) => at + first * steps[3 + i]!, 0);
    const apart = [...steps.slice(0, 3), ...chosen.map((phase, i) => phase.apart * steps[3 + i]!)];
    spread(part, out, offset, apart);
  };
  visit([]);
  return new Tensor(out, shape, dtype);
}

/** Writes the elements of x to places with the given strides. */
function spread(x: Tensor, out: Storage, offset: number, strides: readonly number[]): void {
  const data = x.data();
  const { width } = dtypeInfo(x.dtype);
  const last = x.ndim - 1;
  const length = x.shape[last]!;
  const step = strides[last]! * width;
  let next = 0;
  const visit = (axis: number, at: number): void => {
    if (axis < last) for (let i = 0; i < x.shape[axis]!; i++) visit(axis + 1, at + i * strides[axis]!);
    else
      for (let i = 0, to = at * width; i < length; i++, to += step)
        for (let part = 0; part < width; part++) out[to + part] = data[next++]!;
  };
  visit(0, offset);
}

/** Multiplications of a group that loops have done before a matrix product gets going; about right where it was tried. */
const FEW_PRODUCTS = 4000;
/** Features of a group below which loops are faster than the matrix product, for complex numbers; about right where it was tried. */
const FEW_FEATURES = 3;

function convolveDense(
  x: Tensor,
  w: Tensor,
  windows: readonly number[],
  strides: readonly number[],
  dilation: readonly number[],
  before: readonly number[],
): Tensor {
  const [groups, images, channels] = x.shape as [number, number, number];
  const features = w.shape[1]!;
  const kernel = w.shape.slice(3);
  const plane = sizeOf(windows);
  const type = x.dtype as MatrixType;
  const task: DenseConvolution = {
    type,
    groups,
    images,
    channels,
    features,
    axes: spatialAxesOf(x, kernel, windows, strides, dilation, before),
    x: {
      data: x.storage,
      offset: x.offset,
      groupStep: x.strides[0]!,
      imageStep: x.strides[1]!,
      channelStep: x.strides[2]!,
    },
    w: w.data(),
    out: allocate(type, groups * images * features * plane),
  };
  const columns = images * plane;
  const depth = channels * sizeOf(kernel);
  const isSmall = features * columns * depth < FEW_PRODUCTS;
  const slides = slidesOf(task, isSmall);
  for (let group = 0; group < groups; group++) {
    if (slides) slideOver(task, group, slides);
    else if (isSmall || features < FEW_FEATURES) convolveDirectly(task, group);
    else multiply(task, group, columns, depth);
  }
  // Images first, as they are outside: groups of features lie behind each other within an image.
  const inner = rowMajorStrides([features, ...windows]);
  const block = features * plane;
  return new Tensor(task.out, [groups, images, features, ...windows], type, [
    block,
    groups * block,
    ...inner,
  ]);
}

/** One group as the product of the kernel, `[O, C · |K|]`, and the patches. */
function multiply(task: DenseConvolution, group: number, columns: number, depth: number): void {
  const { type, features, groups, images, w, out } = task;
  const plane = columns / images;
  device.gemmImplicit(
    type,
    features,
    columns,
    depth,
    { data: w, offset: group * features * depth, rowStride: depth, columnStride: 1 },
    patchMatrix(task, group),
    {
      data: out,
      offset: group * features * plane,
      rowStride: plane,
      pieces: { length: plane, stride: groups * features * plane },
    },
  );
}
