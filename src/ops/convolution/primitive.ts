// The one primitive of convolution, which is its own transpose: both derivatives of a convolution are convolutions of the
// same kind, with strides and dilations in each other's place.

import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { bindOne } from "../bind.ts";
import { flip, moveAxis, reshape, swapAxes } from "../movement.ts";
import { type Abstract, definePrimitive, NUMERIC, type Primitive } from "../primitive.ts";
import { bilinear, isOpen, zerosLike } from "../rules.ts";
import { convolve } from "./evaluate.ts";
import { type ConvParams, dilated, windowCount } from "./window.ts";

/**
 * out[g, n, o, p] = Σ over c, k of x[g, n, c, p · stride + k · dilation − padding] · w[g, o, c, k] for x
 * `[G, N, C, ...S]` and w `[G, O, C, ...K]`, where x is zero outside of itself and between its elements when those are
 * dilated. Groups of features (G) are an axis that both operands share, so that either batch rule and transpose needs
 * nothing but views. O(G · N · O · C · |P| · |K|).
 */
export const convP: Primitive<ConvParams> = definePrimitive<ConvParams>({
  name: "conv",
  dtypes: NUMERIC,
  abstractEval: ([x, w], params) => {
    const [groups, images, channels, ...lengths] = x!.shape as [number, number, number, ...number[]];
    const [sameGroups, features, sameChannels, ...window] = w!.shape as [number, number, number, ...number[]];
    if (groups !== sameGroups || channels !== sameChannels || window.length !== lengths.length)
      throw new ShapeError(`conv: ${formatShape(x!.shape)} and ${formatShape(w!.shape)} do not fit`);
    return [
      { shape: [groups, images, features, ...outputLengths(lengths, window, params)], dtype: x!.dtype },
    ];
  },
  evaluate: ([x, w], params, [output]) => [convolve(x!, w!, params, output!.shape)],
  ...bilinear,
  transpose: ({ cotangents: [c], inputs: [x, w], params }) =>
    isOpen(x!)
      ? [towardsInput(c!, x!, w as Tensor, params), null]
      : [null, towardsKernel(c!, x as Tensor, w!, params)],
  batch: ({ inputs: [x, w], batched: [batchesX, batchesW], params, self }) => {
    const size = (batchesX ? x! : w!).shape[0]!;
    const groups = (batchesX ? x! : w!).shape[1]!;
    if (batchesX && batchesW) {
      const join = (y: Tensor): Tensor => reshape(y, [size * groups, ...y.shape.slice(2)]);
      const out = bindOne(self, [join(x!), join(w!)], params);
      return [reshape(out, [size, groups, ...out.shape.slice(1)])];
    }
    // Behind the groups, the batch axis joins the images of x or the features of w.
    const join = (y: Tensor): Tensor => {
      const behind = moveAxis(y, 0, 1);
      return reshape(behind, [groups, size * behind.shape[2]!, ...behind.shape.slice(3)]);
    };
    const out = bindOne(self, batchesX ? [join(x!), w!] : [x!, join(w!)], params);
    const axis = batchesX ? 1 : 2;
    const { shape } = out;
    const each = (batchesX ? x! : w!).shape[2]!;
    const parted = reshape(out, [...shape.slice(0, axis), size, each, ...shape.slice(axis + 1)]);
    return [moveAxis(parted, axis, 0)];
  },
});

function outputLengths(
  lengths: readonly number[],
  window: readonly number[],
  { strides, padding, inputDilation, dilation }: ConvParams,
): number[] {
  return lengths.map((length, i) => {
    const [before, after] = padding[i]!;
    const padded = before + dilated(length, inputDilation[i]!) + after;
    return windowCount(padded, dilated(window[i]!, dilation[i]!), strides[i]!);
  });
}

const spatialAxes = ({ ndim }: Tensor): number[] => Array.from({ length: ndim - 3 }, (_, i) => 3 + i);

/** Images that stand for channels, or features for channels. */
const swapped = (x: Tensor): Tensor => swapAxes(x, 1, 2);

/**
 * The cotangent of x: that of the result, spread by the strides, meets the mirrored kernel. The element at u of the
 * padded input takes part in the windows p with p · stride + k · dilation = u.
 */
function towardsInput(c: Tensor, x: Abstract, w: Tensor, params: ConvParams): Tensor {
  const { strides, inputDilation, dilation } = params;
  if (c.size === 0 || w.size === 0 || sizeIsZero(x)) return zerosLike(x);
  const padding = params.padding.map(([before], i) => {
    const window = dilated(w.shape[3 + i]!, dilation[i]!);
    const first = window - 1 - before;
    const spread = dilated(c.shape[3 + i]!, strides[i]!);
    return [first, dilated(x.shape[3 + i]!, inputDilation[i]!) + window - 1 - spread - first] as const;
  });
  const mirrored = flip(swapped(w), spatialAxes(w));
  return bindOne(convP, [c, mirrored], { strides: inputDilation, padding, inputDilation: strides, dilation });
}

/** The cotangent of w: that of the result is the kernel, and images are what is summed over. */
function towardsKernel(c: Tensor, x: Tensor, w: Abstract, params: ConvParams): Tensor {
  const { strides, inputDilation, dilation } = params;
  if (c.size === 0 || x.size === 0 || sizeIsZero(w)) return zerosLike(w);
  const padding = params.padding.map(([before], i) => {
    const window = dilated(w.shape[3 + i]!, dilation[i]!);
    const spread = dilated(c.shape[3 + i]!, strides[i]!);
    return [before, window - 1 + spread - before - dilated(x.shape[3 + i]!, inputDilation[i]!)] as const;
  });
  const transposed = { strides: dilation, padding, inputDilation, dilation: strides };
  return swapped(bindOne(convP, [swapped(x), swapped(c)], transposed));
}

const sizeIsZero = ({ shape }: Abstract): boolean => shape.includes(0);
