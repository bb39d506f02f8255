// Convolution and transposed convolution of images with one to three spatial axes.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { bindOne } from "../bind.ts";
import { flip, reshape, swapAxes, transpose } from "../movement.ts";
import { unify } from "../operands.ts";
import { convP } from "./primitive.ts";
import {
  type ConvParams,
  dilated,
  type Padding,
  type PerAxis,
  padsOf,
  perAxis,
  spatialLengths,
} from "./window.ts";

export interface ConvOptions {
  /** Elements from one window to the next, 1 unless told. */
  readonly strides?: PerAxis;
  /** None ("valid") unless told; negative numbers leave elements out. */
  readonly padding?: Padding;
  /** Distance between the elements of x that a window takes, 1 unless told. */
  readonly dilation?: PerAxis;
  /** Distance between the elements of x once zeros are put between them, 1 unless told. */
  readonly inputDilation?: PerAxis;
  /** Channels and features fall into this many groups that do not meet, 1 unless told. */
  readonly groups?: number;
}

export interface ConvTransposeOptions {
  /** As of the convolution that is transposed: elements of the result from one element of x to the next. */
  readonly strides?: PerAxis;
  /** Padding of the convolution that is transposed: elements left out at the ends of the result, 0 unless told. */
  readonly padding?: number | readonly (number | readonly [number, number])[];
  /** Elements added at the end of each axis of the result, below its stride or dilation; 0 unless told. */
  readonly outputPadding?: PerAxis;
  readonly dilation?: PerAxis;
  readonly groups?: number;
}

/** `[N, g · C, ...S]` as `[g, N, C, ...S]`. */
function groupChannels(x: Tensor, groups: number): Tensor {
  const [images, channels, ...rest] = x.shape as [number, number, ...number[]];
  return swapAxes(reshape(x, [images, groups, channels / groups, ...rest]), 0, 1);
}

/** The inverse of `groupChannels`. */
function ungroupChannels(x: Tensor): Tensor {
  const [groups, images, channels, ...rest] = x.shape as [number, number, number, ...number[]];
  return reshape(swapAxes(x, 0, 1), [images, groups * channels, ...rest]);
}

/** Throws ShapeError unless `w` has as many axes as `x` and windows of at least one element. */
function checkKernel(what: string, x: Shape, w: Shape): void {
  if (w.length !== x.length || w.slice(2).includes(0))
    throw new ShapeError(
      `${what}: a kernel with ${x.length} axes and at least one element along the spatial ones was expected for x of shape ${formatShape(x)}, got shape ${formatShape(w)}`,
    );
}

/** Throws DomainError unless `groups` is a positive integer, ShapeError unless it divides `count`. */
function checkGroups(what: string, groups: number, count: number, of: string): void {
  if (!(Number.isSafeInteger(groups) && groups > 0))
    throw new DomainError(`${what}: groups: an integer >= 1 was expected, got ${groups}`);
  if (count % groups !== 0)
    throw new ShapeError(`${what}: ${count} ${of} do not fall into ${groups} equal groups`);
}

/**
 * Convolution as neural networks have it (the kernel is not mirrored): x `[N, C, ...spatial]` with one to three spatial
 * axes and w `[O, C / groups, ...window]` give `[N, O, ...windows]`, along each axis
 * ⌊(before + length + after − ((window − 1) · dilation + 1)) / stride⌋ + 1 windows. Operands are promoted to one dtype;
 * integers are exact up to 2^53. Cost O(N · O · C / groups · windows · window): a matrix product over patches, or
 * plain loops for groups of one or two features. Throws ShapeError where shapes do not fit, DomainError for options out
 * of range.
 */
export function conv(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  const what = "conv";
  const lengths = spatialLengths(x.shape, `${what}: x`);
  checkKernel(what, x.shape, w.shape);
  const { groups = 1 } = options;
  checkGroups(what, groups, x.shape[1]!, "channels of x");
  checkGroups(what, groups, w.shape[0]!, "features of w");
  if (w.shape[1]! * groups !== x.shape[1])
    throw new ShapeError(
      `${what}: kernels of ${x.shape[1]! / groups} channels were expected for x of shape ${formatShape(x.shape)}${groups > 1 ? ` in ${groups} groups` : ""}, got w of shape ${formatShape(w.shape)}`,
    );
  const axes = lengths.length;
  const strides = perAxis(options.strides, axes, `${what}: strides`);
  const dilation = perAxis(options.dilation, axes, `${what}: dilation`);
  const inputDilation = perAxis(options.inputDilation, axes, `${what}: inputDilation`);
  const spread = lengths.map((length, i) => dilated(length, inputDilation[i]!));
  const windows = { lengths: spread, window: w.shape.slice(2), strides, dilation };
  const padding = padsOf(options.padding, windows, `${what}: padding`, true);
  const [images, kernel] = unify(x, w);
  return apply(images, featureGroups(kernel, groups), groups, { strides, padding, inputDilation, dilation });
}

/** `[g · O, C, ...K]` as `[g, O, C, ...K]`. */
const featureGroups = (w: Tensor, groups: number): Tensor =>
  reshape(w, [groups, w.shape[0]! / groups, ...w.shape.slice(1)]);

const apply = (x: Tensor, w: Tensor, groups: number, params: ConvParams): Tensor =>
  ungroupChannels(bindOne(convP, [groupChannels(x, groups), w], params));

/**
 * The transpose of a convolution in x, as PyTorch's `conv_transpose` has it: x `[N, C, ...spatial]` and w
 * `[C, O / groups, ...window]` give `[N, O, ...lengths]`, along each axis
 * (length − 1) · stride − before − after + (window − 1) · dilation + outputPadding + 1 elements. The cost is that of the
 * convolution from the result to x; nothing is multiplied by zeros between elements. Throws ShapeError where shapes do
 * not fit or nothing would be left, DomainError for options out of range.
 */
export function convTranspose(x: Tensor, w: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const what = "convTranspose";
  const lengths = spatialLengths(x.shape, `${what}: x`);
  checkKernel(what, x.shape, w.shape);
  const { groups = 1 } = options;
  checkGroups(what, groups, x.shape[1]!, "channels of x");
  if (w.shape[0] !== x.shape[1])
    throw new ShapeError(
      `${what}: w with ${x.shape[1]} channels first was expected for x of shape ${formatShape(x.shape)}, got shape ${formatShape(w.shape)}`,
    );
  const axes = lengths.length;
  const strides = perAxis(options.strides, axes, `${what}: strides`);
  const dilation = perAxis(options.dilation, axes, `${what}: dilation`);
  const added = perAxis(options.outputPadding, axes, `${what}: outputPadding`, 0, 0);
  added.forEach((n, i) => {
    if (n >= Math.max(strides[i]!, dilation[i]!))
      throw new DomainError(
        `${what}: outputPadding: less than the stride ${strides[i]} or the dilation ${dilation[i]} was expected, got ${n}`,
      );
  });
  const window = w.shape.slice(2);
  const cropped = padsOf(options.padding, { lengths, window, strides, dilation }, `${what}: padding`, true);
  const padding = cropped.map(([before, after], i) => {
    const reach = dilated(window[i]!, dilation[i]!) - 1;
    if (dilated(lengths[i]!, strides[i]!) + reach - before - after + added[i]! < 0)
      throw new ShapeError(
        `${what}: padding ${before} and ${after} leave less than nothing of axis ${2 + i}`,
      );
    return [reach - before, reach - after + added[i]!] as const;
  });
  const [images, kernel] = unify(x, w);
  // Groups first, features in front of channels, mirrored.
  const byGroups = reshape(kernel, [groups, w.shape[0]! / groups, ...w.shape.slice(1)]);
  const order = [0, 2, 1, ...window.map((_, i) => 3 + i)];
  const mirrored = flip(transpose(byGroups, order), order.slice(3));
  const ones = strides.map(() => 1);
  return apply(images, mirrored, groups, { strides: ones, padding, inputDilation: strides, dilation });
}
