// How contractions, convolutions and pooling are written in ONNX.

import type { PoolParams } from "../../ops/convolution/pooling.ts";
import type { ConvParams } from "../../ops/convolution/window.ts";
import type { ContractParams } from "../../ops/productPlan.ts";
import type { GraphBuilder, Length, Value } from "./builder.ts";
import { fixed, spread, times } from "./moveRules.ts";
import type { Call, Rule } from "./rules.ts";

/** One MatMul, with axes brought into its order where they are not. */
function contract({ g, inputs, outputs: [output], params }: Call): Value {
  const { contract: sums, batch } = params as ContractParams;
  // Truth values and short integers have no product.
  const narrow = ["bool", "int8", "uint8"].includes(output!.dtype);
  const [a, b] = inputs.map((x) => (narrow ? g.cast(x, "int32") : x)) as [Value, Value];
  const free = (x: Value, side: 0 | 1): number[] =>
    x.shape.map((_, i) => i).filter((i) => !sums[side].includes(i) && !batch[side].includes(i));
  const [freeA, freeB] = [free(a, 0), free(b, 1)];
  const at = (x: Value, axes: readonly number[]): Length[] => axes.map((axis) => x.shape[axis]!);
  let left = g.transpose(a, [...batch[0], ...freeA, ...sums[0]]);
  let right = g.transpose(b, [...batch[1], ...sums[1], ...freeB]);
  const batches = at(a, batch[0]);
  const k = times(at(a, sums[0]));
  // A matrix on the right takes any number of rows on the left as they are.
  const isPlain = batch[0].length === 0 && freeA.length > 0 && freeB.length === 1 && sums[0].length === 1;
  if (!isPlain) left = g.reshape(left, [...batches, times(at(a, freeA)), k]);
  right = g.reshape(right, [...batches, k, times(at(b, freeB))]);
  const shape = isPlain ? output!.shape : [...batches, times(at(a, freeA)), times(at(b, freeB))];
  const product: Value = { name: g.node("MatMul", [left.name, right.name]), shape, dtype: a.dtype };
  return g.cast(g.reshape(product, output!.shape), output!.dtype);
}

/** `[G, N, C, ...S]` as `[N, G·C, ...S]`. */
function joinGroups(g: GraphBuilder, x: Value): Value {
  const [groups, images, channels, ...rest] = x.shape as [Length, Length, Length, ...Length[]];
  const swapped = g.transpose(x, [1, 0, 2, ...rest.map((_, i) => 3 + i)]);
  return g.reshape(swapped, [images, times([groups, channels]), ...rest]);
}

function conv({ g, inputs, outputs: [output], params }: Call): Value {
  const { strides, padding, inputDilation, dilation } = params as ConvParams;
  const [x, w] = inputs as [Value, Value];
  const groups = fixed(x.shape[0]!, "the number of groups");
  const [, , channels, ...window] = w.shape.map((length) => fixed(length, "the size of a kernel")) as [
    number,
    number,
    number,
    ...number[],
  ];
  const [, features] = w.shape as [Length, number];
  let images = joinGroups(g, x);
  const [, n, , ...places] = output!.shape as [Length, Length, Length, ...Length[]];
  const flat = [n, groups * features, ...places];
  const transposed = asTransposed(params as ConvParams, window);
  let name: string;
  if (transposed) {
    // The kernel of the convolution that this is the transpose of: mirrored, channels in front.
    const axes = window.map((_, i) => 3 + i);
    const mirrored: Value = {
      ...w,
      name: g.node("Slice", [
        w.name,
        ...[axes.map(() => -1), axes.map(() => -(2 ** 31 - 1)), axes, axes.map(() => -1)].map((list) =>
          g.integers(list),
        ),
      ]),
    };
    const swapped = g.transpose(mirrored, [0, 2, 1, ...axes]);
    const kernel = g.reshape(swapped, [groups * channels, features, ...window]);
    name = g.node("ConvTranspose", [images.name, kernel.name], {
      ...{ strides: inputDilation, dilations: dilation, group: groups, kernel_shape: window },
      pads: [...transposed.before, ...transposed.after],
      output_padding: transposed.added,
    });
  } else {
    const zero: Value = { name: g.scalar(0, x.dtype), shape: [], dtype: x.dtype };
    inputDilation.forEach((step, i) => {
      if (step > 1) images = spread(g, images, zero, 2 + i, step - 1);
    });
    let pads = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)];
    if (pads.some((count) => count < 0)) {
      const half = pads.length / 2;
      const list = [0, 0, ...pads.slice(0, half), 0, 0, ...pads.slice(half)];
      images = { ...images, name: g.node("Pad", [images.name, g.integers(list), zero.name]) };
      pads = pads.map(() => 0);
    }
    const kernel = g.reshape(w, [groups * features, channels, ...window]);
    name = g.node("Conv", [images.name, kernel.name], {
      ...{ strides, dilations: dilation, group: groups, kernel_shape: window, pads },
    });
  }
  const result = g.reshape({ name, shape: flat, dtype: x.dtype }, [n, groups, features, ...places]);
  return g.transpose(result, [1, 0, 2, ...places.map((_, i) => 3 + i)]);
}

/** Padding as ONNX's transposed convolution counts it, where the convolution is one. */
function asTransposed(
  { strides, padding, inputDilation, dilation }: ConvParams,
  window: readonly number[],
): { before: number[]; after: number[]; added: number[] } | null {
  if (strides.some((stride) => stride !== 1) || inputDilation.every((step) => step === 1)) return null;
  const reach = window.map((n, i) => (n - 1) * dilation[i]!);
  const before = padding.map(([n], i) => reach[i]! - n);
  const rest = padding.map(([, n], i) => reach[i]! - n);
  const added = rest.map((n) => Math.max(0, -n));
  const fits =
    before.every((n) => n >= 0) && added.every((n, i) => n < Math.max(inputDilation[i]!, dilation[i]!));
  return fits ? { before, after: rest.map((n) => Math.max(0, n)), added } : null;
}

function maxPool({ g, inputs: [x], outputs: [output], params }: Call): Value {
  const { window, strides, dilation, padding } = params as PoolParams;
  const axes = window.length;
  const leading = x!.shape.slice(0, x!.shape.length - axes);
  const front = leading.length === 2 ? leading : [1, times(leading)];
  const images = g.reshape(x!, [...front, ...x!.shape.slice(-axes)]);
  const name = g.node("MaxPool", [images.name], {
    ...{ kernel_shape: window, strides, dilations: dilation },
    pads: [...padding.map(([before]) => before), ...padding.map(([, after]) => after)],
  });
  const pooled: Value = { name, shape: [...front, ...output!.shape.slice(-axes)], dtype: x!.dtype };
  return g.reshape(pooled, output!.shape);
}

/** Rules of products, by name. */
export const productRules: Readonly<Record<string, Rule>> = { contract, conv, maxPool };
