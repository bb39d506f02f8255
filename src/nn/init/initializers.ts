// How weights begin.

import { astype } from "../../ops/cast.ts";
import { truncatedNormal as drawTruncated } from "../../random/continuous.ts";
import { normal as drawNormal, uniform as drawUniform } from "../../random/distributions.ts";
import type { Key } from "../../random/key.ts";
import { orthogonal as drawOrthogonal } from "../../random/matrices.ts";
import { checkPositive } from "../../tensor/check.ts";
import { full } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A weight that is to be drawn. */
export interface WeightSpec {
  readonly shape: Shape;
  /** Inputs that meet in one output, and outputs that one input reaches. */
  readonly fanIn: number;
  readonly fanOut: number;
  readonly dtype: DType;
}

/** Draws a weight. */
export type Initializer = (key: Key, weight: WeightSpec) => Tensor;

/** Random numbers are drawn in float64 or float32; narrow floats are rounded. */
const drawn = (dtype: DType, draw: (dtype: "float32" | "float64") => Tensor): Tensor =>
  astype(draw(dtype === "float64" ? dtype : "float32"), dtype);

export type Fan = "fanIn" | "fanOut" | "fanAverage";
export type WeightDistribution = "normal" | "truncatedNormal" | "uniform";

/** Standard deviation of a standard normal variable that is cut at ±2. */
const TRUNCATED_STD = 0.8796256610342398;

/**
 * Weights of variance `scale` / fan, by one of three distributions. The truncated normal is cut at two standard
 * deviations before it is brought to the variance. O(size).
 */
export function varianceScaling(options: {
  readonly scale: number;
  readonly fan: Fan;
  readonly distribution: WeightDistribution;
}): Initializer {
  const scale = checkPositive("varianceScaling: scale", options.scale);
  return (key, { shape, fanIn, fanOut, dtype }) => {
    const fan = options.fan === "fanIn" ? fanIn : options.fan === "fanOut" ? fanOut : (fanIn + fanOut) / 2;
    const deviation = Math.sqrt(scale / Math.max(fan, 1));
    if (options.distribution === "normal") return draw(deviation, key, shape, dtype);
    if (options.distribution === "uniform") {
      const high = Math.sqrt(3) * deviation;
      return drawn(dtype, (type) => drawUniform(key, shape, { low: -high, high, dtype: type }));
    }
    return drawn(dtype, (type) =>
      drawTruncated(key, -2, 2, { shape, dtype: type }).mul(deviation / TRUNCATED_STD),
    );
  };
}

const draw = (deviation: number, key: Key, shape: Shape, dtype: DType): Tensor =>
  drawn(dtype, (type) => drawNormal(key, shape, { dtype: type }).mul(deviation));

/** Variance 2 gain² / (fanIn + fanOut), uniform: Glorot and Bengio (2010), also called Xavier. */
export const glorotUniform = (gain = 1): Initializer =>
  varianceScaling({ scale: gain ** 2, fan: "fanAverage", distribution: "uniform" });
/** Variance 2 gain² / (fanIn + fanOut), normal. */
export const glorotNormal = (gain = 1): Initializer =>
  varianceScaling({ scale: gain ** 2, fan: "fanAverage", distribution: "normal" });
/** Variance 2 / (1 + slope²) / fanIn, uniform, for (leaky) rectifiers: He et al. (2015), also called Kaiming. */
export const heUniform = (slope = 0): Initializer =>
  varianceScaling({ scale: 2 / (1 + slope ** 2), fan: "fanIn", distribution: "uniform" });
/** Variance 2 / (1 + slope²) / fanIn, normal. */
export const heNormal = (slope = 0): Initializer =>
  varianceScaling({ scale: 2 / (1 + slope ** 2), fan: "fanIn", distribution: "normal" });
/** Variance 1 / fanIn, uniform: LeCun et al. (1998). */
export const lecunUniform = (): Initializer =>
  varianceScaling({ scale: 1, fan: "fanIn", distribution: "uniform" });
/** Variance 1 / fanIn, normal. */
export const lecunNormal = (): Initializer =>
  varianceScaling({ scale: 1, fan: "fanIn", distribution: "normal" });

/** Normal weights of one standard deviation. */
export function normal(deviation: number): Initializer {
  checkPositive("normal: deviation", deviation);
  return (key, { shape, dtype }) => draw(deviation, key, shape, dtype);
}

/** Normal weights, drawn again where they lie more than two of these standard deviations from 0. */
export function truncatedNormal(deviation: number): Initializer {
  checkPositive("truncatedNormal: deviation", deviation);
  return (key, { shape, dtype }) =>
    drawn(dtype, (type) => drawTruncated(key, -2, 2, { shape, dtype: type }).mul(deviation));
}

/** Uniform weights between -bound and bound. */
export function uniform(bound: number): Initializer {
  checkPositive("uniform: bound", bound);
  return (key, { shape, dtype }) =>
    drawn(dtype, (type) => drawUniform(key, shape, { low: -bound, high: bound, dtype: type }));
}

/**
 * A matrix with orthonormal rows or columns, whichever are fewer, times `gain`: the weight as the matrix of its first
 * axis and all others. Saxe, McClelland and Ganguli (2014). O(rows columns min(rows, columns)).
 */
export function orthogonal(gain = 1): Initializer {
  return (key, { shape, dtype }) => {
    const rows = shape[0] ?? 1;
    const columns = sizeOf(shape) / Math.max(rows, 1);
    return drawn(dtype, (type) => {
      const tall = drawOrthogonal(key, Math.max(rows, columns), {
        columns: Math.min(rows, columns),
        dtype: type,
      });
      return (rows < columns ? tall.mT() : tall).mul(gain).reshape(shape);
    });
  };
}

/** The same number everywhere. */
export const constant =
  (value: number): Initializer =>
  (_key, { shape, dtype }) =>
    full(shape, value, dtype);
export const zeros: Initializer = constant(0);
export const ones: Initializer = constant(1);
