// Convolution by its definition, for so few features a group that nothing is gained by rearranging patches: depthwise
// convolutions above all. The innermost loop runs along the windows or along the kernel, whichever is longer.

import type { FloatArray } from "../../device/device.ts";
import type { DenseConvolution, SpatialAxis } from "./dense.ts";

/** Adds the convolution of one group to its result. */
export function convolveDirectly(task: DenseConvolution, group: number): void {
  if (!task.type.startsWith("complex")) {
    addReal(task, group, 1, 0, 0, 0, 1);
    return;
  }
  // Products of real and imaginary parts, which lie two entries apart.
  addReal(task, group, 2, 0, 0, 0, 1);
  addReal(task, group, 2, 1, 1, 0, -1);
  addReal(task, group, 2, 0, 1, 1, 1);
  addReal(task, group, 2, 1, 0, 1, 1);
}

/** The windows from `first` on, up to `end`, that meet x at element k of the kernel; or the same of k for a window p. */
const firstInside = (before: number, at: number, stride: number): number =>
  Math.max(0, Math.ceil((before - at) / stride));
const endInside = ({ length, before }: SpatialAxis, at: number, stride: number, count: number): number =>
  Math.min(count, Math.ceil((length + before - at) / stride));

/** One of the products of real parts: `partX`, `partW` and `part` say which entry of an element each one takes. */
function addReal(
  { axes, x, w, out, images, channels, features, groups }: DenseConvolution,
  group: number,
  width: number,
  partX: number,
  partW: number,
  part: number,
  sign: number,
): void {
  const [axis0, axis1, axis2] = axes;
  const data = x.data as FloatArray;
  const weights = w as FloatArray;
  const result = out as FloatArray;
  const kernelSize = axis0.kernel * axis1.kernel * axis2.kernel;
  const plane = axis0.windows * axis1.windows * axis2.windows;
  const alongWindows = axis2.windows >= axis2.kernel;
  for (let n = 0; n < images; n++)
    for (let o = 0; o < features; o++)
      for (let c = 0; c < channels; c++) {
        const source = x.offset + group * x.groupStep + n * x.imageStep + c * x.channelStep;
        const kernel = ((group * features + o) * channels + c) * kernelSize;
        const target = ((n * groups + group) * features + o) * plane;
        for (let k0 = 0; k0 < axis0.kernel; k0++) {
          const at0 = k0 * axis0.dilation;
          const end0 = endInside(axis0, at0, axis0.stride, axis0.windows);
          for (let p0 = firstInside(axis0.before, at0, axis0.stride); p0 < end0; p0++) {
            const from0 = source + (p0 * axis0.stride + at0 - axis0.before) * axis0.step;
            for (let k1 = 0; k1 < axis1.kernel; k1++) {
              const at1 = k1 * axis1.dilation;
              const end1 = endInside(axis1, at1, axis1.stride, axis1.windows);
              for (let p1 = firstInside(axis1.before, at1, axis1.stride); p1 < end1; p1++) {
                const from = from0 + (p1 * axis1.stride + at1 - axis1.before) * axis1.step;
                const k = (kernel + (k0 * axis1.kernel + k1) * axis2.kernel) * width + partW;
                const p = (target + (p0 * axis1.windows + p1) * axis2.windows) * width + part;
                const row = from * width + partX;
                if (alongWindows) addRow(axis2, data, row, weights, k, result, p, width, sign);
                else addDots(axis2, data, row, weights, k, result, p, width, sign);
              }
            }
          }
        }
      }
}

/** A row of windows: for each element of the kernel, a multiple of a row of x. */
function addRow(
  axis: SpatialAxis,
  x: FloatArray,
  from: number,
  w: FloatArray,
  kernel: number,
  out: FloatArray,
  to: number,
  width: number,
  sign: number,
): void {
  const { stride, dilation, before, windows } = axis;
  const step = stride * axis.step * width;
  for (let k = 0; k < axis.kernel; k++) {
    const at = k * dilation;
    const first = firstInside(before, at, stride);
    const end = endInside(axis, at, stride, windows);
    const factor = sign * w[kernel + k * width]!;
    let place = from + (first * stride + at - before) * axis.step * width;
    for (let p = to + first * width; p < to + end * width; p += width, place += step)
      out[p]! += factor * x[place]!;
  }
}

/** A row of few windows and many elements of the kernel: a product of rows for each. */
function addDots(
  axis: SpatialAxis,
  x: FloatArray,
  from: number,
  w: FloatArray,
  kernel: number,
  out: FloatArray,
  to: number,
  width: number,
  sign: number,
): void {
  const { stride, dilation, before, windows } = axis;
  const step = dilation * axis.step * width;
  for (let p = 0; p < windows; p++) {
    const at = p * stride;
    const first = firstInside(before, at, dilation);
    const end = endInside(axis, at, dilation, axis.kernel);
    let place = from + (first * dilation + at - before) * axis.step * width;
    let sum = 0;
    for (let k = kernel + first * width; k < kernel + end * width; k += width, place += step)
      sum += w[k]! * x[place]!;
    out[to + p * width]! += sign * sum;
  }
}
