// The windows of a convolution as rows, by moves alone: what curvature estimates and patch embeddings look at.

import { countWindows, dilated, type Padding, padsOf } from "../../ops/convolution/window.ts";
import { at } from "../../ops/indexing.ts";
import { pad, stack } from "../../ops/join.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * The windows of x `[N, C, ...spatial]` as rows `[N · |windows|, C · |kernel|]`: row i times the weight `[O, C, ...kernel]`
 * reshaped to `[O, -1]` and transposed is output i. O(rows · columns), moves only.
 */
export function patches(
  x: Tensor,
  window: readonly number[],
  options: {
    readonly strides: readonly number[];
    readonly dilation: readonly number[];
    readonly padding?: Padding;
  },
): Tensor {
  const { strides, dilation } = options;
  const sliding = { lengths: x.shape.slice(2), window, strides, dilation };
  const pads = padsOf(options.padding, sliding, "patches: padding", true);
  const counts = countWindows(sliding, pads);
  const widths = pads.map(([before, after]) => [Math.max(before, 0), Math.max(after, 0)] as const);
  const framed = pad(x, [[0, 0], [0, 0], ...widths]);
  // Negative padding leaves elements out.
  const first = pads.map(([before]) => Math.max(-before, 0));
  const places = Array.from({ length: sizeOf(window) }, (_, p) => {
    let rest = p;
    return window
      .toReversed()
      .map((n) => {
        const place = rest % n;
        rest = Math.floor(rest / n);
        return place;
      })
      .reverse();
  });
  const parts = places.map((place) =>
    at(
      framed,
      ":",
      ":",
      ...place.map((p, i) => {
        const start = first[i]! + p * dilation[i]!;
        return { start, stop: start + dilated(counts[i]!, strides[i]!), step: strides[i]! };
      }),
    ),
  );
  // [N, C, |kernel|, ...windows], then windows in front of channels.
  const all = stack(parts, 2);
  const spatial = counts.map((_, i) => 3 + i);
  return all.transpose([0, ...spatial, 1, 2]).reshape([-1, x.shape[1]! * sizeOf(window)]);
}
