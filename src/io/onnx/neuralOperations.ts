// ONNX operators of neural networks: products, convolutions, pooling, normalisation.

import { conv, convTranspose } from "../../ops/convolution/convolution.ts";
import { avgPool, maxPool } from "../../ops/convolution/pooling.ts";
import { dilated } from "../../ops/convolution/window.ts";
import { pad } from "../../ops/join.ts";
import { logSumExp } from "../../ops/reduce.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { OnnxNode, Operation } from "./node.ts";

const gemm: Operation = (node) => {
  const flipped = (x: Tensor, name: string): Tensor => (node.int(name, 0) === 1 ? x.transpose() : x);
  const alpha = node.float("alpha", 1);
  const product = flipped(node.input(0), "transA").matmul(flipped(node.input(1), "transB"));
  const scaled = alpha === 1 ? product : product.mul(alpha);
  const bias = node.optional(2);
  if (!bias) return scaled;
  const beta = node.float("beta", 1);
  return scaled.add(beta === 1 ? bias : bias.mul(beta));
};

type Pads = (readonly [number, number])[];

/** Padding of windows over the spatial axes of x. */
function padsOf(
  node: OnnxNode,
  x: Tensor,
  window: readonly number[],
  strides: readonly number[],
  dilation: readonly number[],
): Pads {
  const auto = node.text("auto_pad", "NOTSET");
  const axes = window.length;
  if (auto === "SAME_UPPER" || auto === "SAME_LOWER")
    return window.map((n, i) => {
      const length = x.shape[2 + i]!;
      const last = (Math.ceil(length / strides[i]!) - 1) * strides[i]!;
      const total = Math.max(0, last + dilated(n, dilation[i]!) - length);
      const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
      return auto === "SAME_UPPER" ? [less, more] : [more, less];
    });
  const pads = (auto === "VALID" ? undefined : node.ints("pads")) ?? new Array<number>(2 * axes).fill(0);
  return window.map((_, i) => [pads[i]!, pads[i + axes]!] as const);
}

interface Sliding {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
}

function slidingOf(node: OnnxNode, window: readonly number[]): Sliding {
  const ones = window.map(() => 1);
  return { window, strides: node.ints("strides") ?? ones, dilation: node.ints("dilations") ?? ones };
}

/** A vector over the channels of `[N, C, ...]`. */
const overChannels = (v: Tensor, rank: number): Tensor =>
  v.reshape([v.size, ...new Array<number>(rank - 2).fill(1)]);

const withBias = (y: Tensor, bias: Tensor | undefined): Tensor =>
  bias ? y.add(overChannels(bias, y.ndim)) : y;

const convolution: Operation = (node) => {
  const [x, w] = [node.input(0), node.input(1)];
  const { window, strides, dilation } = slidingOf(node, w.shape.slice(2));
  const padding = padsOf(node, x, window, strides, dilation);
  const y = conv(x, w, { strides, dilation, padding, groups: node.int("group", 1) });
  return withBias(y, node.optional(2));
};

const transposedConvolution: Operation = (node) => {
  const [x, w] = [node.input(0), node.input(1)];
  const { window, strides, dilation } = slidingOf(node, w.shape.slice(2));
  if (node.has("output_shape") || !["NOTSET", "VALID"].includes(node.text("auto_pad", "NOTSET")))
    throw node.error("output_shape and auto_pad are not supported; pads are");
  const padding = padsOf(node, x, window, strides, dilation);
  const outputPadding = node.ints("output_padding") ?? window.map(() => 0);
  const y = convTranspose(x, w, { strides, dilation, padding, outputPadding, groups: node.int("group", 1) });
  return withBias(y, node.optional(2));
};

/** Elements that windows reach behind the padding where their number is rounded up. */
function roundedUp(node: OnnxNode, x: Tensor, { window, strides, dilation }: Sliding, padding: Pads): Pads {
  if (node.int("ceil_mode", 0) === 0) return padding.map(() => [0, 0]);
  return window.map((n, i) => {
    const [before, after] = padding[i]!;
    const length = x.shape[2 + i]!;
    const rest = before + length + after - dilated(n, dilation[i]!);
    const count = Math.ceil(rest / strides[i]!);
    // A window that would begin behind the elements is left out.
    const isIn = count * strides[i]! < length + before;
    return [0, isIn ? Math.max(0, count * strides[i]! - rest) : 0] as const;
  });
}

const largest: Operation = (node) => {
  const x = node.input(0);
  if (node.outputs > 1) throw node.error("positions of the largest elements are not supported");
  const sliding = slidingOf(node, node.ints("kernel_shape") ?? []);
  const padding = padsOf(node, x, sliding.window, sliding.strides, sliding.dilation);
  const extra = roundedUp(node, x, sliding, padding);
  return maxPool(x, { ...sliding, padding: padding.map(([p, q], i) => [p, q + extra[i]![1]] as const) });
};

const means: Operation = (node) => {
  const x = node.input(0);
  const sliding = slidingOf(node, node.ints("kernel_shape") ?? []);
  if (sliding.dilation.some((step) => step !== 1))
    throw node.error("dilations other than 1 are not supported");
  const padding = padsOf(node, x, sliding.window, sliding.strides, sliding.dilation);
  const extra = roundedUp(node, x, sliding, padding);
  const { window, strides } = sliding;
  const includes = node.int("count_include_pad", 0) === 1;
  if (extra.some(([, more]) => more > 0)) {
    // Sums over counts: padding may count, what rounding up adds does not.
    const all = padding.map(([p, q], i) => [p, q + extra[i]![1]] as const);
    const around = (y: Tensor, pads: Pads, value: number): Tensor =>
      pad(y, [[0, 0], [0, 0], ...pads], { value });
    const marks = x.mul(0).add(1);
    const counted = includes ? around(marks, padding, 1) : around(marks, padding, 0);
    const none = extra.map(() => [0, 0] as const);
    const sums = avgPool(around(x, all, 0), { window, strides, padding: none });
    return sums.div(avgPool(around(counted, extra, 0), { window, strides, padding: none }));
  }
  return avgPool(x, { window, strides, padding, countIncludesPadding: includes });
};

const spatial = (x: Tensor): number[] => x.shape.slice(2).map((_, i) => 2 + i);

const batchNormalization: Operation = (node) => {
  if (node.int("training_mode", 0) === 1)
    throw node.error("training mode is not supported; export the model in evaluation mode");
  const x = node.input(0);
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => overChannels(node.input(i), x.ndim)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  return x
    .sub(mean)
    .div(variance.add(node.float("epsilon", 1e-5)).sqrt())
    .mul(scale)
    .add(bias);
};

/** (x - mean) / standard deviation over some axes. */
function standardized(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const centred = x.sub(x.mean({ axis: axes, keepDims: true }));
  return centred.div(centred.square().mean({ axis: axes, keepDims: true }).add(epsilon).sqrt());
}

const layerNormalization: Operation = (node) => {
  const x = node.input(0);
  if (node.outputs > 1) throw node.error("mean and deviation as results are not supported");
  const first = node.axis(node.int("axis", -1), x.ndim);
  const axes = x.shape.map((_, i) => i).slice(first);
  const y = standardized(x, axes, node.float("epsilon", 1e-5)).mul(node.input(1));
  const bias = node.optional(2);
  return bias ? y.add(bias) : y;
};

const instanceNormalization: Operation = (node) => {
  const x = node.input(0);
  return standardized(x, spatial(x), node.float("epsilon", 1e-5))
    .mul(overChannels(node.input(1), x.ndim))
    .add(overChannels(node.input(2), x.ndim));
};

const groupNormalization: Operation = (node) => {
  const x = node.input(0);
  const groups = node.int("num_groups", 1);
  const [n, c, ...rest] = x.shape as [number, number, ...number[]];
  const parted = x.reshape([n, groups, sizeOf([c / groups, ...rest])]);
  const y = standardized(parted, [2], node.float("epsilon", 1e-5)).reshape(x.shape);
  // Until version 21 there was a factor per group.
  const each = (v: Tensor): Tensor => {
    const perChannel =
      v.size === c
        ? v
        : v
            .reshape([groups, 1])
            .broadcastTo([groups, c / groups])
            .reshape([c]);
    return overChannels(perChannel, x.ndim);
  };
  return y.mul(each(node.input(1))).add(each(node.input(2)));
};

/** Softmax and its logarithm; before version 13 over all axes from one on. */
const softmax =
  (isLog: boolean): Operation =>
  (node) => {
    const x = node.input(0);
    const axis = node.axis(node.int("axis", node.opset >= 13 ? -1 : 1), x.ndim);
    const axes = node.opset >= 13 ? [axis] : x.shape.map((_, i) => i).slice(axis);
    const logarithm = x.sub(logSumExp(x, { axis: axes, keepDims: true }));
    return isLog ? logarithm : logarithm.exp();
  };

/** Operators by name. */
export const neuralOperations: Readonly<Record<string, Operation>> = {
  AveragePool: means,
  BatchNormalization: batchNormalization,
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  Dropout: (node) => {
    if (node.outputs > 1) throw node.error("the mask as a result is not supported");
    return node.input(0);
  },
  Gemm: gemm,
  GlobalAveragePool: (node) => node.input(0).mean({ axis: spatial(node.input(0)), keepDims: true }),
  GlobalMaxPool: (node) => node.input(0).max({ axis: spatial(node.input(0)), keepDims: true }),
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LogSoftmax: softmax(true),
  MatMul: (node) => node.input(0).matmul(node.input(1)),
  MaxPool: largest,
  Softmax: softmax(false),
};
