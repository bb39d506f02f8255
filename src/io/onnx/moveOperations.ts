// ONNX operators that move, select and reduce elements.

import { cumsum } from "../../ops/cumulative.ts";
import { einsum } from "../../ops/einsum.ts";
import { take, takeAlongAxis } from "../../ops/gather.ts";
import { concat, type PadMode, pad, splitAxis, tril, triu } from "../../ops/join.ts";
import { logSumExp } from "../../ops/reduce.ts";
import { argsort } from "../../ops/sort.ts";
import { fromTypedArray, full } from "../../tensor/create.ts";
import { broadcastShapes, sizeOf } from "../../tensor/shape.ts";
import type { Index, Reduction, Tensor } from "../../tensor/tensor.ts";
import type { Operation } from "./node.ts";

const vector = (values: readonly number[]): Tensor =>
  fromTypedArray(Int32Array.from(values), [values.length], "int32");

const reshape: Operation = (node) => {
  const x = node.input(0);
  const wanted = node.list("shape", 1) ?? [];
  const keepsZero = node.int("allowzero", 0) === 1;
  return x.reshape(wanted.map((n, i) => (n === 0 && !keepsZero ? x.shape[i]! : n)));
};

const flatten: Operation = (node) => {
  const x = node.input(0);
  const axis = node.int("axis", 1);
  const at = axis < 0 ? axis + x.ndim : axis;
  return x.reshape([sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))]);
};

const squeeze: Operation = (node) => {
  const x = node.input(0);
  const axes = node.list("axes", 1)?.map((axis) => node.axis(axis, x.ndim));
  return x.reshape(x.shape.filter((n, i) => (axes ? !axes.includes(i) : n !== 1)));
};

const unsqueeze: Operation = (node) => {
  const x = node.input(0);
  const added = node.list("axes", 1) ?? [];
  const rank = x.ndim + added.length;
  const at = added.map((axis) => node.axis(axis, rank));
  let next = 0;
  return x.reshape(Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : x.shape[next++]!)));
};

const expand: Operation = (node) => {
  const x = node.input(0);
  return x.broadcastTo(broadcastShapes(x.shape, node.integers(1)));
};

const slice: Operation = (node) => {
  const x = node.input(0);
  const starts = node.list("starts", 1) ?? [];
  const ends = node.list("ends", 2) ?? [];
  const axes = node.list("axes", 3) ?? starts.map((_, i) => i);
  const steps = node.optional(4) ? node.integers(4) : starts.map(() => 1);
  const index: Index[] = x.shape.map(() => ":");
  axes.forEach((value, i) => {
    const axis = node.axis(value, x.ndim);
    const [n, step] = [x.shape[axis]!, steps[i]!];
    // Positions from the end are counted; then all are kept within what the direction can reach.
    const place = (position: number): number => {
      const at = position < 0 ? position + n : position;
      return step > 0 ? Math.max(0, Math.min(n, at)) : Math.max(-1, Math.min(n - 1, at));
    };
    const [start, stop] = [place(starts[i]!), place(ends[i]!)];
    // Behind the first element there is no position: the end is left out.
    index[axis] = stop < 0 ? { start, step } : { start, stop, step };
    if ((stop - start) * step <= 0) index[axis] = { start: 0, stop: 0 };
  });
  return x.at(...index);
};

const split: Operation = (node) => {
  const x = node.input(0);
  const axis = node.axis(node.int("axis", 0), x.ndim);
  const n = x.shape[axis]!;
  // Equal parts, of which the last may be shorter.
  const size = Math.ceil(n / node.outputs);
  const lengths = node.list("split", 1) ?? Array.from({ length: node.outputs - 1 }, () => size);
  let end = 0;
  const ends = lengths.map((length) => {
    end += length;
    return Math.min(n, end);
  });
  return splitAxis(x, ends.slice(0, node.outputs - 1), axis);
};

const gatherND: Operation = (node) => {
  const [x, index] = [node.input(0), node.input(1)];
  if (node.int("batch_dims", 0) !== 0) throw node.error("batch_dims other than 0 are not supported");
  const count = index.shape.at(-1)!;
  const columns = Array.from({ length: count }, (_, i) => index.at("...", i));
  return x.at(...columns);
};

const scatterND: Operation = (node) => {
  const [x, index, updates] = [node.input(0), node.input(1), node.input(2)];
  if (node.text("reduction", "none") !== "none")
    throw node.error(`the reduction "${node.text("reduction", "none")}" is not supported`);
  const count = index.shape.at(-1)!;
  const columns = Array.from({ length: count }, (_, i) => index.at("...", i));
  return x.set(columns, updates);
};

const padding: Operation = (node) => {
  const x = node.input(0);
  const pads = node.list("pads", 1) ?? [];
  const axes = node.optional(3)
    ? node.integers(3).map((axis) => node.axis(axis, x.ndim))
    : x.shape.map((_, i) => i);
  const widths = x.shape.map((): [number, number] => [0, 0]);
  axes.forEach((axis, i) => {
    widths[axis] = [pads[i]!, pads[i + axes.length]!];
  });
  const modes: Readonly<Record<string, PadMode>> = { constant: "constant", reflect: "reflect", edge: "edge" };
  const mode = modes[node.text("mode", "constant")];
  if (!mode) throw node.error(`the mode "${node.text("mode", "")}" is not supported`);
  // Negative numbers cut.
  const cut = x.at(
    ...widths.map(([before, after], i) => ({
      start: Math.max(0, -before),
      stop: x.shape[i]! - Math.max(0, -after),
    })),
  );
  const added = widths.map(([before, after]) => [Math.max(0, before), Math.max(0, after)] as const);
  const value = node.optional(2) ?? node.float("value", 0);
  return mode === "constant" ? pad(cut, added, { value }) : pad(cut, added, { mode });
};

const reduction =
  (f: (x: Tensor, options: Reduction) => Tensor): Operation =>
  (node) => {
    const x = node.input(0);
    const axes = node.list("axes", 1)?.map((axis) => node.axis(axis, x.ndim));
    if ((axes === undefined || axes.length === 0) && node.int("noop_with_empty_axes", 0) === 1) return x;
    const keepDims = node.int("keepdims", 1) === 1;
    return f(x, axes && axes.length > 0 ? { axis: axes, keepDims } : { keepDims }).astype(x.dtype);
  };

const place =
  (f: (x: Tensor, options: { axis: number; keepDims: boolean }) => Tensor): Operation =>
  (node) => {
    const x = node.input(0);
    const axis = node.axis(node.int("axis", 0), x.ndim);
    const keepDims = node.int("keepdims", 1) === 1;
    if (node.int("select_last_index", 0) === 0) return f(x, { axis, keepDims });
    const last = f(x.flip(axis), { axis, keepDims });
    return last.mul(-1).add(x.shape[axis]! - 1);
  };

const running: Operation = (node) => {
  const [axis] = node.integers(1);
  const at = node.axis(axis!, node.input(0).ndim);
  const isReversed = node.int("reverse", 0) === 1;
  const x = isReversed ? node.input(0).flip(at) : node.input(0);
  const sums = cumsum(x, at);
  const own = node.int("exclusive", 0) === 1 ? sums.sub(x) : sums;
  return isReversed ? own.flip(at) : own;
};

const range: Operation = (node) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => node.integers(i)[0]!) as [number, number, number];
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  const values = Float64Array.from({ length }, (_, i) => start + i * delta);
  return fromTypedArray(values, [length], "float64").astype(node.input(0).dtype);
};

const topK: Operation = (node) => {
  const x = node.input(0);
  const [k] = node.integers(1);
  const axis = node.axis(node.int("axis", -1), x.ndim);
  const order = argsort(x, { axis, descending: node.int("largest", 1) === 1 });
  const first = splitAxis(order, [k!], axis)[0]!;
  return [takeAlongAxis(x, first, axis), first];
};

const trilu: Operation = (node) => {
  const k = node.optional(1) ? node.integers(1)[0]! : 0;
  return (node.int("upper", 1) === 1 ? triu : tril)(node.input(0), k);
};

const tile: Operation = (node) => {
  const x = node.input(0);
  const counts = node.integers(1);
  const parted = x.reshape(x.shape.flatMap((n) => [1, n]));
  const shape = x.shape.flatMap((n, i) => [counts[i]!, n]);
  return parted.broadcastTo(shape).reshape(x.shape.map((n, i) => n * counts[i]!));
};

const shapeOf: Operation = (node) => {
  const { shape, ndim } = node.input(0);
  const count = (value: number): number => (value < 0 ? value + ndim : value);
  return vector(shape.slice(count(node.int("start", 0)), count(node.int("end", ndim))));
};

const constant: Operation = (node) => {
  const value = node.tensor("value");
  if (value) return value;
  const ints = node.ints("value_ints");
  if (ints) return vector(ints);
  const floats = node.floats("value_floats");
  if (floats) return fromTypedArray(Float32Array.from(floats), [floats.length], "float32");
  if (node.has("value_int")) return full([], node.int("value_int", 0), "int32");
  if (node.has("value_float")) return full([], node.float("value_float", 0), "float32");
  throw node.error("a tensor or numbers were expected");
};

const blocks: Operation = (node) => {
  const x = node.input(0);
  const b = node.int("blocksize", 1);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  if (node.proto.opType === "SpaceToDepth")
    return x
      .reshape([n, c, h / b, b, w / b, b])
      .transpose([0, 3, 5, 1, 2, 4])
      .reshape([n, c * b * b, h / b, w / b]);
  const isColumnRow = node.text("mode", "DCR") === "CRD";
  const parted = isColumnRow ? [n, c / (b * b), b, b, h, w] : [n, b, b, c / (b * b), h, w];
  const order = isColumnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return x
    .reshape(parted)
    .transpose(order)
    .reshape([n, c / (b * b), h * b, w * b]);
};

/** Operators by name. */
export const moveOperations: Readonly<Record<string, Operation>> = {
  ArgMax: place((x, options) => x.argmax(options)),
  ArgMin: place((x, options) => x.argmin(options)),
  Concat: (node) => concat(node.inputs, node.axis(node.int("axis", 0), node.input(0).ndim)),
  Constant: constant,
  ConstantOfShape: (node) => {
    const value = node.tensor("value");
    return full(node.integers(0), value ? value.item() : 0, value?.dtype ?? "float32");
  },
  CumSum: running,
  DepthToSpace: blocks,
  Einsum: (node) => einsum(node.text("equation", ""), ...node.inputs),
  Expand: expand,
  Flatten: flatten,
  Gather: (node) => take(node.input(0), node.input(1), node.axis(node.int("axis", 0), node.input(0).ndim)),
  GatherElements: (node) =>
    takeAlongAxis(node.input(0), node.input(1), node.axis(node.int("axis", 0), node.input(0).ndim)),
  GatherND: gatherND,
  Pad: padding,
  Range: range,
  ReduceL1: reduction((x, options) => x.abs().sum(options)),
  ReduceL2: reduction((x, options) => x.square().sum(options).sqrt()),
  ReduceLogSum: reduction((x, options) => x.sum(options).log()),
  ReduceLogSumExp: reduction(logSumExp),
  ReduceMax: reduction((x, options) => x.max(options)),
  ReduceMean: reduction((x, options) => x.mean(options)),
  ReduceMin: reduction((x, options) => x.min(options)),
  ReduceProd: reduction((x, options) => x.prod(options)),
  ReduceSum: reduction((x, options) => x.sum(options)),
  ReduceSumSquare: reduction((x, options) => x.square().sum(options)),
  Reshape: reshape,
  ScatterND: scatterND,
  Shape: shapeOf,
  Size: (node) => full([], node.input(0).size, "int32"),
  Slice: slice,
  SpaceToDepth: blocks,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  TopK: topK,
  Transpose: (node) => node.input(0).transpose(node.ints("perm")),
  Trilu: trilu,
  Unsqueeze: unsqueeze,
};
