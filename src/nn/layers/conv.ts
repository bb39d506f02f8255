// Convolutions and transposed convolutions of images with one to three spatial axes, as layers.

import {
  type ConvOptions,
  conv as convolve,
  convTranspose as convolveTransposed,
} from "../../ops/convolution/convolution.ts";
import { type Padding, type PerAxis, perAxis } from "../../ops/convolution/window.ts";
import type { Layer } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import {
  checkAxis,
  checkCount,
  checkDivides,
  checkFloats,
  checkRank,
  parameterDType,
} from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tapped } from "../base/pass.ts";
import { patches } from "../base/patches.ts";
import { lecunNormal, zeros } from "../init/initializers.ts";
import type { WeightOptions } from "./dense.ts";

interface KernelOptions extends WeightOptions {
  /** Channels of the input and of the output. */
  readonly in: number;
  readonly out: number;
  /** Elements of the kernel: one number for each spatial axis, or one for all of `axes` axes. */
  readonly kernel: PerAxis;
  /** Spatial axes, 1 to 3; 2 unless told or given by `kernel`. */
  readonly axes?: number;
  readonly stride?: PerAxis;
  readonly dilation?: PerAxis;
  /** Channels fall into so many groups that do not meet; `groups: in` is a depthwise convolution. */
  readonly groups?: number;
}

export interface ConvLayerOptions extends KernelOptions {
  /** "valid" (none) unless told. */
  readonly padding?: Padding;
}

export interface ConvTransposeLayerOptions extends KernelOptions {
  /** Elements left out at the ends of the result, as in PyTorch; 0 unless told. */
  readonly padding?: number | readonly (number | readonly [number, number])[];
  /** Elements added at the end of each axis. */
  readonly outputPadding?: PerAxis;
}

export interface ConvParams {
  /** `[out, in / groups, ...kernel]`; of transposed convolutions `[in, out / groups, ...kernel]`, as in PyTorch. */
  readonly weight: Tensor;
  /** `[out]` */
  readonly bias?: Tensor;
}

interface Kernel {
  readonly window: readonly number[];
  readonly options: Pick<ConvOptions, "groups"> & {
    readonly strides: readonly number[];
    readonly dilation: readonly number[];
    readonly groups: number;
  };
}

function kernelOf(name: string, options: KernelOptions): Kernel {
  checkCount(`${name}: in`, options.in);
  checkCount(`${name}: out`, options.out);
  const groups = checkCount(`${name}: groups`, options.groups ?? 1);
  checkDivides(`${name}: groups`, groups, options.in, "in");
  checkDivides(`${name}: groups`, groups, options.out, "out");
  const axes = typeof options.kernel === "number" ? (options.axes ?? 2) : options.kernel.length;
  if (!(axes >= 1 && axes <= 3) || (options.axes ?? axes) !== axes)
    throw new DomainError(`${name}: kernel: 1 to 3 spatial axes were expected, got ${options.axes ?? axes}`);
  return {
    window: perAxis(options.kernel, axes, `${name}: kernel`),
    options: {
      strides: perAxis(options.stride, axes, `${name}: stride`),
      dilation: perAxis(options.dilation, axes, `${name}: dilation`),
      groups,
    },
  };
}

/** Adds one number to each channel of `[N, C, ...spatial]`. */
const shifted = (x: Tensor, bias: Tensor | undefined): Tensor =>
  bias ? x.add(bias.reshape([-1, ...x.shape.slice(2).map(() => 1)])) : x;

function checkImages(name: string, x: Tensor, channels: number, axes: number): void {
  checkFloats(`${name}: x`, x);
  checkRank(`${name}: x`, x, axes + 2);
  checkAxis(`${name}: x`, x, 1, channels);
}

/**
 * Convolution of x `[N, in, ...spatial]` with one to three spatial axes, as `conv` of `polyadic/ops` computes it, plus a
 * bias for each channel. Cost O(N · out · in / groups · |windows| · |kernel|). Throws DomainError for options out of range,
 * ShapeError or DTypeError for inputs that do not fit.
 */
export function conv(options: ConvLayerOptions): Layer<ConvParams> {
  const { window, options: sliding } = kernelOf("conv", options);
  const { in: channels, out, bias: hasBias = true, init = lecunNormal(), biasInit = zeros } = options;
  const dtype = parameterDType("conv", options.dtype);
  const { groups } = sliding;
  const fanIn = (channels / groups) * sizeOf(window);
  const fanOut = (out / groups) * sizeOf(window);
  const how = { ...sliding, ...(options.padding !== undefined && { padding: options.padding }) };
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      const shape = [out, channels / groups, ...window];
      const weight = init(first!, { shape, fanIn, fanOut, dtype });
      return hasBias
        ? { weight, bias: biasInit(second!, { shape: [out], fanIn, fanOut, dtype }) }
        : { weight };
    },
    apply: ({ weight, bias }, x, pass) => {
      checkImages("conv", x, channels, window.length);
      const result = shifted(convolve(x, weight, how), bias);
      // A grouped convolution is several linear maps in one weight.
      if (groups > 1) return result;
      const input = (): Tensor => patches(x, window, how);
      return tapped(pass, { weight, ...(bias && { bias }), input, result });
    },
  };
}

/**
 * Transposed convolution of x `[N, in, ...spatial]`, with shapes as PyTorch's `ConvTranspose`. Cost and errors as for
 * `conv`.
 */
export function convTranspose(options: ConvTransposeLayerOptions): Layer<ConvParams> {
  const { window, options: sliding } = kernelOf("convTranspose", options);
  const { in: channels, out, bias: hasBias = true, init = lecunNormal(), biasInit = zeros } = options;
  const dtype = parameterDType("convTranspose", options.dtype);
  const { groups, strides } = sliding;
  // An output meets one element in so many of the kernel as fall on the input.
  const reach = sizeOf(window.map((n, i) => Math.ceil(n / strides[i]!)));
  const fanIn = (channels / groups) * reach;
  const fanOut = (out / groups) * sizeOf(window);
  const { padding, outputPadding } = options;
  const how = {
    ...sliding,
    ...(padding !== undefined && { padding }),
    ...(outputPadding !== undefined && { outputPadding }),
  };
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      const shape = [channels, out / groups, ...window];
      const weight = init(first!, { shape, fanIn, fanOut, dtype });
      return hasBias
        ? { weight, bias: biasInit(second!, { shape: [out], fanIn, fanOut, dtype }) }
        : { weight };
    },
    apply: ({ weight, bias }, x) => {
      checkImages("convTranspose", x, channels, window.length);
      return shifted(convolveTransposed(x, weight, how), bias);
    },
  };
}
