// Reading and writing at computed positions.

import { allocate, type DType, dtypeInfo, isInteger, type Storage } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import {
  broadcastShapes,
  formatShape,
  normalizeAxis,
  rowMajorStrides,
  type Shape,
  sizeOf,
} from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { broadcastTo, moveAxis, reshape } from "./movement.ts";
import { asTensor } from "./operands.ts";
import { ALL, definePrimitive, type Primitive } from "./primitive.ts";

export interface GatherParams {
  /** The axes that the index tensors address, in their order; the others are copied whole. */
  readonly axes: readonly number[];
}

/**
 * Operands: x and one int32 tensor per axis, all of one shape `batch`. Result: `[...batch, ...other axes of x]`.
 * Negative positions count from the end; a position out of range throws ShapeError.
 */
export const gatherP: Primitive<GatherParams> = definePrimitive({
  name: "gather",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x, ...indices], { axes }) => [
    { shape: [...indices[0]!.shape, ...otherLengths(x!.shape, axes)], dtype: x!.dtype },
  ],
  evaluate: ([x, ...indices], { axes }, [output]) => {
    const { shape, dtype } = output!;
    const { width } = dtypeInfo(dtype);
    const from = blocksOf(x!, axes);
    const block = from.size * width;
    const out = allocate(dtype, sizeOf(shape));
    const positions = blockPositions(x!.shape, axes, indices);
    if (block === 1) for (let i = 0; i < positions.length; i++) out[i] = from.data[positions[i]!]!;
    else
      for (let i = 0; i < positions.length; i++) {
        const at = positions[i]! * block;
        out.set(from.data.subarray(at, at + block), i * block);
      }
    return [new Tensor(out, shape, dtype)];
  },
});

export type ScatterMode = "set" | "add" | "multiply" | "max" | "min";

/**
 * Operands: x, updates `[...batch, ...other axes]` of x's dtype and one int32 tensor per axis. A copy of x in which the
 * addressed parts are replaced by, or joined with, the updates; repeated positions join in order.
 */
export const scatterP: Primitive<GatherParams & { readonly mode: ScatterMode }> = definePrimitive({
  name: "scatter",
  dtypes: ALL,
  abstractEval: ([x, updates, ...indices], { axes }) => {
    const expected = [...indices[0]!.shape, ...otherLengths(x!.shape, axes)];
    if (formatShape(updates!.shape) !== formatShape(expected))
      throw new ShapeError(
        `scatter: updates of shape ${formatShape(expected)} were expected, got ${formatShape(updates!.shape)}`,
      );
    return [x!];
  },
  evaluate: ([x, updates, ...indices], { axes, mode }, [output]) => {
    const { dtype, shape } = output!;
    const { width } = dtypeInfo(dtype);
    const target = blocksOf(x!, axes);
    const block = target.size * width;
    const data = target.data.slice();
    const from = updates!.data();
    const positions = blockPositions(x!.shape, axes, indices);
    if (!SCATTER_MODES.includes(mode))
      throw new DomainError(`scatter: the mode must be ${SCATTER_MODES.join(", ")}, got ${mode}`);
    if (width === 2 && (mode === "max" || mode === "min"))
      throw new DTypeError(`scatter: complex numbers have no order, so no mode "${mode}" for ${dtype}`);
    if (dtype === "bool" && mode === "add")
      throw new DTypeError('scatter: bool does not add; mode "max" is a logical or');
    const isWhole = isInteger(dtype);
    for (let i = 0; i < positions.length; i++)
      joinBlock(
        isWhole && mode === "multiply" ? "wrap" : mode,
        data,
        positions[i]! * block,
        from,
        i * block,
        block,
        width,
      );
    return [blocksToTensor(data, shape, dtype, axes)];
  },
});

const SCATTER_MODES: readonly ScatterMode[] = ["set", "add", "multiply", "max", "min"];

function joinBlock(
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

const otherLengths = (shape: Shape, axes: readonly number[]): number[] =>
  shape.filter((_, i) => !axes.includes(i));

/** x with the addressed axes first, so that what one position selects is a contiguous block of `size` elements. */
function blocksOf(x: Tensor, axes: readonly number[]): { data: Storage; size: number } {
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
function blocksToTensor(data: Storage, shape: Shape, dtype: DType, axes: readonly number[]): Tensor {
  const order = [...axes, ...shape.map((_, i) => i).filter((i) => !axes.includes(i))];
  const strides = rowMajorStrides(order.map((i) => shape[i]!));
  const back = new Array<number>(shape.length);
  order.forEach((axis, place) => {
    back[axis] = strides[place]!;
  });
  return new Tensor(data, shape, dtype, back);
}

/** For every element of the index tensors, the number of the block that they address together. */
function blockPositions(shape: Shape, axes: readonly number[], indices: readonly Tensor[]): Float64Array {
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

const MAX_POSITION = 2 ** 31 - 1;

/** An index argument as int32. Throws DTypeError unless it holds integers. */
export function indexTensor(value: TensorLike, what: string): Tensor {
  const index = asTensor(value, what);
  if (index.dtype === "int32") return index;
  if (isInteger(index.dtype)) {
    // Above 2^31 a cast would wrap to a valid negative position.
    if (index.dtype === "uint32" && index.data().some((position) => position > MAX_POSITION))
      throw new ShapeError(`${what}: positions above ${MAX_POSITION} are out of range`);
    return astype(index, "int32");
  }
  const data = index.data();
  if (index.dtype === "float64" && data.every((at) => Number.isInteger(at) && Math.abs(at) <= MAX_POSITION))
    return astype(index, "int32");
  throw new DTypeError(`${what}: integers were expected, got ${index.dtype}`);
}

/**
 * The slices at `indices` along one axis; the axis is replaced by the shape of `indices`. Throws ShapeError out of
 * range.
 */
export function take(x: Tensor, indices: TensorLike, axis = 0): Tensor {
  const at = normalizeAxis(axis, x.ndim, "take: axis");
  const index = indexTensor(indices, "take: indices");
  const gathered = bindOne(gatherP, [x, index], { axes: [at] });
  // The batch axes come first; bring them to the place of the axis that they replace.
  let result = gathered;
  for (let i = 0; i < at; i++) result = moveAxis(result, index.ndim + i, i);
  return result;
}

/** Index tensors that address every axis of `shape`, broadcast to it, with `index` on one axis. */
function fullIndex(shape: Shape, index: Tensor, axis: number): Tensor[] {
  return shape.map((length, i) => {
    if (i === axis) return index;
    const ramp = new Tensor(
      Int32Array.from({ length }, (_, j) => j),
      [length],
      "int32",
    );
    return broadcastTo(
      reshape(
        ramp,
        shape.map((_, j) => (j === i ? length : 1)),
      ),
      shape,
    );
  });
}

/** Elements `x[…, indices[…, j, …], …]`: positions along one axis, element by element. Other axes broadcast. */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.ndim, "takeAlongAxis: axis");
  const index = indexTensor(indices, "takeAlongAxis: indices");
  if (index.ndim !== x.ndim)
    throw new ShapeError(`takeAlongAxis: indices need ${x.ndim} axes, got shape ${formatShape(index.shape)}`);
  const rest = x.shape.map((n, i) => (i === at ? 1 : n));
  const shape = broadcastShapes(index.shape, rest);
  const source = broadcastTo(
    x,
    shape.map((n, i) => (i === at ? x.shape[at]! : n)),
  );
  const axes = x.shape.map((_, i) => i);
  return bindOne(gatherP, [source, ...fullIndex(shape, broadcastTo(index, shape), at)], { axes });
}

/**
 * A copy of `x` in which the slices at `indices` along one axis are replaced by, or joined with, `updates` (which
 * broadcast to the shape that `take` would return).
 */
export function scatter(
  x: Tensor,
  indices: TensorLike,
  updates: TensorLike,
  options: { readonly axis?: number; readonly mode?: ScatterMode } = {},
): Tensor {
  const axis = normalizeAxis(options.axis ?? 0, x.ndim, "scatter: axis");
  const index = indexTensor(indices, "scatter: indices");
  const before = x.shape.slice(0, axis);
  const shape = [...before, ...index.shape, ...x.shape.slice(axis + 1)];
  let values = broadcastTo(astype(asTensor(updates), x.dtype), shape);
  for (let i = 0; i < index.ndim; i++) values = moveAxis(values, axis + i, i);
  return bindOne(scatterP, [x, values, index], { axes: [axis], mode: options.mode ?? "set" });
}
