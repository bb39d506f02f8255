// Tensors as blocks: what one position of some axes selects, as gathering and scattering move it.

import type { DType, Storage } from "../tensor/dtype.ts";
import { ShapeError } from "../tensor/errors.ts";
import { rowMajorStrides, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What happens where an update meets an element. */
export type ScatterMode = "set" | "add" | "multiply" | "max" | "min";
export const SCATTER_MODES: readonly ScatterMode[] = ["set", "add", "multiply", "max", "min"];

/** Joins `count` entries of `from` into `out`; "wrap" multiplies integers modulo 2^32. */
export function joinBlock(
  mode: ScatterMode | "wrap",
  out: Storage,
  at: number,
  from: Storage,
  start: number,
  count: number,
  width: number,
): void {
  if (mode === "multiply" && width === 2) {
    for (let i = 0; i < count; i += 2) {
      const re = out[at + i]! * from[start + i]! - out[at + i + 1]! * from[start + i + 1]!;
      out[at + i + 1] = out[at + i]! * from[start + i + 1]! + out[at + i + 1]! * from[start + i]!;
      out[at + i] = re;
    }
    return;
  }
  for (let i = 0; i < count; i++) {
    const old = out[at + i]!;
    const value = from[start + i]!;
    if (mode === "set") out[at + i] = value;
    else if (mode === "add") out[at + i] = old + value;
    // 32-bit products lose their low bits in a double.
    else if (mode === "wrap") out[at + i] = Math.imul(old, value);
    else if (mode === "multiply") out[at + i] = old * value;
    else if (mode === "max") out[at + i] = Math.max(old, value);
    else out[at + i] = Math.min(old, value);
  }
}

export const otherLengths = (shape: Shape, axes: readonly number[]): number[] =>
  shape.filter((_, i) => !axes.includes(i));

/** x with the addressed axes first, so that what one position selects is a contiguous block of `size` elements. */
export function blocksOf(x: Tensor, axes: readonly number[]): { data: Storage; size: number } {
  let moved = x;
  if (!axes.every((axis, i) => axis === i)) {
    const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const order = [...axes, ...others];
    moved = new Tensor(
      x.storage,
      order.map((i) => x.shape[i]!),
      x.dtype,
      order.map((i) => x.strides[i]!),
      x.offset,
    );
  }
  return { data: moved.data(), size: sizeOf(otherLengths(x.shape, axes)) };
}

/** The inverse of `blocksOf`. */
export function blocksToTensor(data: Storage, shape: Shape, dtype: DType, axes: readonly number[]): Tensor {
  const order = [...axes, ...shape.map((_, i) => i).filter((i) => !axes.includes(i))];
  const strides = rowMajorStrides(order.map((i) => shape[i]!));
  const back = new Array<number>(shape.length);
  order.forEach((axis, place) => {
    back[axis] = strides[place]!;
  });
  return new Tensor(data, shape, dtype, back);
}

/** For every element of the index tensors, the number of the block that they address together. */
export function blockPositions(
  shape: Shape,
  axes: readonly number[],
  indices: readonly Tensor[],
): Float64Array {
  const positions = new Float64Array(indices[0]!.size);
  axes.forEach((axis, which) => {
    const length = shape[axis]!;
    const data = indices[which]!.data();
    for (let i = 0; i < positions.length; i++) {
      const at = data[i]! < 0 ? data[i]! + length : data[i]!;
      if (!(at >= 0 && at < length))
        throw new ShapeError(`index ${data[i]} is out of range for axis ${axis} of length ${length}`);
      positions[i] = positions[i]! * length + at;
    }
  });
  return positions;
}
