// Convolution and pooling by their definitions, on nested loops over numbers.
import type { Tensor } from "polyadic";
import { tensor } from "polyadic";

export interface Setting {
  readonly strides: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly dilation: readonly number[];
  readonly inputDilation: readonly number[];
  readonly groups: number;
}

/** All positions of a box, in C order. */
export function* positions(shape: readonly number[]): Generator<number[]> {
  if (shape.length === 0) {
    yield [];
    return;
  }
  for (let i = 0; i < shape[0]!; i++) for (const rest of positions(shape.slice(1))) yield [i, ...rest];
}

/** How many windows there are along an axis, counted one by one. */
export function countWindows(
  length: number,
  reach: number,
  stride: number,
  before: number,
  after: number,
): number {
  let count = 0;
  while (count * stride + reach <= before + length + after) count++;
  return count;
}

/** The convolution of x `[N, C, ...S]` with w `[O, C / groups, ...K]`, one sum for every window. */
export function convolutionByLoops(x: Tensor, w: Tensor, setting: Setting): Tensor {
  const { strides, padding, dilation, inputDilation, groups } = setting;
  const [images, , ...lengths] = x.shape as [number, number, ...number[]];
  const [features, channels, ...kernel] = w.shape as [number, number, ...number[]];
  const windows = lengths.map((length, i) => {
    const spread = length === 0 ? 0 : (length - 1) * inputDilation[i]! + 1;
    const reach = (kernel[i]! - 1) * dilation[i]! + 1;
    return countWindows(spread, reach, strides[i]!, ...(padding[i] as [number, number]));
  });
  const out: number[] = [];
  for (const [n, o, ...p] of positions([images, features, ...windows])) {
    const group = Math.floor(o! / (features / groups));
    let sum = 0;
    for (const [c, ...k] of positions([channels, ...kernel])) {
      const at = p.map((q, i) => q * strides[i]! + k[i]! * dilation[i]! - padding[i]![0]);
      const isElement = at.every(
        (u, i) => u % inputDilation[i]! === 0 && u >= 0 && u / inputDilation[i]! < lengths[i]!,
      );
      if (!isElement) continue;
      const place = at.map((u, i) => Math.abs(u) / inputDilation[i]!);
      sum += x.item(n!, group * channels + c!, ...place) * w.item(o!, c!, ...k);
    }
    out.push(sum);
  }
  return tensor(out).reshape([images, features, ...windows]);
}

/** Pools every plane of x `[N, C, ...S]`: `join` gets the elements of a window that lie inside of x. */
export function poolingByLoops(
  x: Tensor,
  window: readonly number[],
  { strides, padding, dilation }: Pick<Setting, "strides" | "padding" | "dilation">,
  join: (elements: readonly number[]) => number,
): Tensor {
  const [images, channels, ...lengths] = x.shape as [number, number, ...number[]];
  const windows = lengths.map((length, i) => {
    const reach = (window[i]! - 1) * dilation[i]! + 1;
    return countWindows(length, reach, strides[i]!, ...(padding[i] as [number, number]));
  });
  const out: number[] = [];
  for (const [n, c, ...p] of positions([images, channels, ...windows])) {
    const elements: number[] = [];
    for (const k of positions(window)) {
      const at = p.map((q, i) => q * strides[i]! + k[i]! * dilation[i]! - padding[i]![0]);
      if (at.every((u, i) => u >= 0 && u < lengths[i]!)) elements.push(x.item(n!, c!, ...at));
    }
    out.push(join(elements));
  }
  return tensor(out).reshape([images, channels, ...windows]);
}
