// Layers that bring activations to mean 0 and variance 1.

import { sqrt } from "../../ops/arithmetic.ts";
import type { Layer } from "../../optim/model.ts";
import {
  checkAxis,
  checkCount,
  checkDivides,
  checkFloats,
  checkFraction,
  checkPositive,
  checkRank,
  parameterDType,
} from "../../tensor/check.ts";
import { ones, zeros } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { stopGradient } from "../../transform/stop.ts";

interface NormOptions {
  /** Added to the variance, 1e-5 unless told. */
  readonly epsilon?: number;
  /** Whether a learned scale and shift follow; yes unless told. */
  readonly affine?: boolean;
  /** Of the parameters, float32 unless told. */
  readonly dtype?: DType;
}

/** The learned scale and shift; empty without. */
export interface NormParams {
  readonly weight?: Tensor;
  readonly bias?: Tensor;
}

interface Settings {
  readonly epsilon: number;
  readonly affine: boolean;
  readonly dtype: DType;
}

function settings(name: string, options: NormOptions): Settings {
  const { epsilon = 1e-5, affine = true } = options;
  return {
    epsilon: checkPositive(`${name}: epsilon`, epsilon),
    affine,
    dtype: parameterDType(name, options.dtype),
  };
}

/** (x - mean) / √(variance + ε) over `axes`. */
function standardized(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const centered = x.sub(x.mean({ axis: axes, keepDims: true }));
  const variance = centered.square().mean({ axis: axes, keepDims: true });
  return centered.div(sqrt(variance.add(epsilon)));
}

const lastAxes = (count: number): number[] => Array.from({ length: count }, (_, i) => i - count);

/** x · weight + bias, with parameters that broadcast from `shape`. */
function rescaled(x: Tensor, { weight, bias }: NormParams, shape: Shape): Tensor {
  const scaled = weight ? x.mul(weight.reshape(shape)) : x;
  return bias ? scaled.add(bias.reshape(shape)) : scaled;
}

export interface LayerNormOptions extends NormOptions {
  /** Lengths of the last axes, over which mean and variance are taken. */
  readonly shape: number | Shape;
}

function featureShape(name: string, shape: number | Shape): Shape {
  const list = typeof shape === "number" ? [shape] : shape;
  for (const n of list) checkCount(`${name}: shape`, n);
  return list;
}

function checkFeatures(name: string, x: Tensor, shape: Shape): void {
  checkFloats(`${name}: x`, x);
  if (!sameShape(x.shape.slice(Math.max(x.ndim - shape.length, 0)), shape))
    throw new ShapeError(
      `${name}: x: last axes ${formatShape(shape)} were expected, got shape ${formatShape(x.shape)}`,
    );
}

/**
 * Each example to mean 0 and variance 1 over its last axes, then scaled and shifted by learned `weight` and `bias` of
 * their shape. O(size). Throws DomainError for options out of range, ShapeError for other last axes.
 *
 * Source: Ba, Kiros and Hinton, Layer normalization (2016).
 */
export function layerNorm(options: LayerNormOptions): Layer<NormParams> {
  const shape = featureShape("layerNorm", options.shape);
  const { epsilon, affine, dtype } = settings("layerNorm", options);
  return {
    init: () => (affine ? { weight: ones(shape, dtype), bias: zeros(shape, dtype) } : {}),
    apply: (params, x) => {
      checkFeatures("layerNorm", x, shape);
      return rescaled(standardized(x, lastAxes(shape.length), epsilon), params, shape);
    },
  };
}

/**
 * Each example divided by the root of its mean square over the last axes, then scaled by a learned `weight`. O(size).
 * Throws as `layerNorm`.
 *
 * Source: Zhang and Sennrich, Root mean square layer normalization (2019).
 */
export function rmsNorm(options: LayerNormOptions): Layer<NormParams> {
  const shape = featureShape("rmsNorm", options.shape);
  const { epsilon, affine, dtype } = settings("rmsNorm", options);
  return {
    init: () => (affine ? { weight: ones(shape, dtype) } : {}),
    apply: (params, x) => {
      checkFeatures("rmsNorm", x, shape);
      const square = x.square().mean({ axis: lastAxes(shape.length), keepDims: true });
      return rescaled(x.div(sqrt(square.add(epsilon))), params, shape);
    },
  };
}

export interface GroupNormOptions extends NormOptions {
  readonly groups: number;
  readonly channels: number;
}

function groupwise(name: string, options: GroupNormOptions): Layer<NormParams> {
  const groups = checkCount(`${name}: groups`, options.groups);
  const channels = checkCount(`${name}: channels`, options.channels);
  checkDivides(`${name}: groups`, groups, channels, "channels");
  const { epsilon, affine, dtype } = settings(name, options);
  return {
    init: () => (affine ? { weight: ones([channels], dtype), bias: zeros([channels], dtype) } : {}),
    apply: (params, x) => {
      checkFloats(`${name}: x`, x);
      checkRank(`${name}: x`, x, 2, Number.POSITIVE_INFINITY);
      checkAxis(`${name}: x`, x, 1, channels);
      const grouped = x.reshape([x.shape[0]!, groups, -1]);
      const even = standardized(grouped, [2], epsilon).reshape(x.shape);
      return rescaled(even, params, [channels, ...x.shape.slice(2).map(() => 1)]);
    },
  };
}

/**
 * Groups of channels of each example of `[N, C, ...spatial]` to mean 0 and variance 1, then a learned scale and shift
 * for each channel. O(size). Throws DomainError for options out of range, ShapeError for another number of channels.
 *
 * Source: Wu and He, Group normalization (2018).
 */
export const groupNorm = (options: GroupNormOptions): Layer<NormParams> => groupwise("groupNorm", options);

/** `groupNorm` with one channel a group: Ulyanov, Vedaldi and Lempitsky (2016). */
export const instanceNorm = (options: Omit<GroupNormOptions, "groups">): Layer<NormParams> =>
  groupwise("instanceNorm", { ...options, groups: options.channels });

export interface BatchNormOptions extends NormOptions {
  /** Elements along axis 1 of the input. */
  readonly channels: number;
  /** Part of the statistics of a batch in the running ones, 0.1 unless told. */
  readonly momentum?: number;
}

export interface BatchNormParams extends NormParams {
  /** Statistics in use, `[channels]`: no derivative sees them, training reports their next values to `pass.update`. */
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

/**
 * Each channel of `[N, C, …]` to mean 0 and variance 1, over the batch in training and by running statistics in use;
 * then a learned scale and shift. In training, `pass.update` is told the statistics that should replace the running
 * ones; their variance is the unbiased one, as in PyTorch. O(size). Throws DomainError for options out of range,
 * ShapeError for another number of channels, or in training for a single value a channel.
 *
 * Source: Ioffe and Szegedy, Batch normalization (2015).
 */
export function batchNorm(options: BatchNormOptions): Layer<BatchNormParams> {
  const channels = checkCount("batchNorm: channels", options.channels);
  const momentum = checkFraction("batchNorm: momentum", options.momentum ?? 0.1, true);
  const { epsilon, affine, dtype } = settings("batchNorm", options);
  return {
    init: () => ({
      ...(affine && { weight: ones([channels], dtype), bias: zeros([channels], dtype) }),
      runningMean: zeros([channels], dtype),
      runningVariance: ones([channels], dtype),
    }),
    apply: (params, x, pass) => {
      checkFloats("batchNorm: x", x);
      checkRank("batchNorm: x", x, 2, Number.POSITIVE_INFINITY);
      checkAxis("batchNorm: x", x, 1, channels);
      const perChannel = [channels, ...x.shape.slice(2).map(() => 1)];
      const { runningMean, runningVariance } = params;
      if (!pass?.training) {
        const deviation = sqrt(stopGradient(runningVariance).add(epsilon));
        const centered = x.sub(stopGradient(runningMean).reshape(perChannel));
        return rescaled(centered.div(deviation.reshape(perChannel)), params, perChannel);
      }
      const count = x.size / channels;
      if (count < 2)
        throw new ShapeError(
          `batchNorm: x: more than one value for each channel was expected in training, got shape ${formatShape(x.shape)}`,
        );
      const axes = x.shape.map((_, i) => i).filter((i) => i !== 1);
      const mean = x.mean({ axis: axes, keepDims: true });
      const centered = x.sub(mean);
      const variance = centered.square().mean({ axis: axes, keepDims: true });
      if (pass.update) {
        const blend = (old: Tensor, next: Tensor): Tensor =>
          stopGradient(old.mul(1 - momentum).add(next.reshape([channels]).astype(old.dtype).mul(momentum)));
        pass.update(runningMean, blend(runningMean, mean));
        pass.update(runningVariance, blend(runningVariance, variance.mul(count / (count - 1))));
      }
      return rescaled(centered.div(sqrt(variance.add(epsilon))), params, perChannel);
    },
  };
}
