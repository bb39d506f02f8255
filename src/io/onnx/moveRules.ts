// How primitives that move, reduce and sort elements are written in ONNX.

import type { GatherParams, ScatterParams } from "../../ops/gather.ts";
import type { ConcatParams, PadParams, SliceParams } from "../../ops/moves.ts";
import { inversePermutation } from "../../ops/moves.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { GraphBuilder, Length, Value } from "./builder.ts";
import type { Call, Rule } from "./rules.ts";

const END = 2 ** 31 - 1;

/** A fixed length. Throws DomainError where it depends on the batch. */
export function fixed(length: Length, what: string): number {
  if (typeof length === "number") return length;
  throw new DomainError(
    `exportOnnx: dynamicBatch: ${what} depends on the batch size, which ONNX cannot follow there; export with a fixed batch size`,
  );
}

/** The product of lengths. */
export const times = (lengths: readonly Length[]): Length =>
  lengths.reduce<Length>((product, length) => {
    if (typeof product === "number")
      return typeof length === "number" ? product * length : { batch: product * length.batch };
    return { batch: product.batch * fixed(length, "a product of two axes") };
  }, 1);

/** The elements [start, start + step, ...] along each axis. */
function slice({ g, inputs: [x], outputs: [output], params }: Call): Value {
  const { starts, steps, lengths } = params as SliceParams;
  const from: number[] = [];
  const to: number[] = [];
  const axes: number[] = [];
  const strides: number[] = [];
  x!.shape.forEach((length, axis) => {
    const [start, step, count] = [starts[axis]!, steps[axis]!, output!.shape[axis]!];
    if (typeof length !== "number") {
      const isWhole = typeof count !== "number" && count.batch === length.batch && Math.abs(step) === 1;
      if (!isWhole) fixed(length, "a slice");
      if (step === 1) return;
      from.push(END);
      to.push(-END);
    } else {
      if (start === 0 && step === 1 && count === length) return;
      const end = start + lengths[axis]! * step;
      from.push(start);
      to.push(end < 0 ? -END : end);
    }
    axes.push(axis);
    strides.push(step);
  });
  if (axes.length === 0) return x!;
  const name = g.node("Slice", [x!.name, ...[from, to, axes, strides].map((list) => g.integers(list))]);
  return { name, ...output! };
}

function pad({ g, inputs, outputs: [output], params }: Call): Value {
  const { before, after, interior } = params as PadParams;
  const [x, value] = inputs as [Value, Value];
  let current = x;
  interior.forEach((gap, axis) => {
    if (gap > 0) current = spread(g, current, value, axis, gap);
  });
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return current;
  const name = g.node("Pad", [current.name, g.integers([...before, ...after]), value.name]);
  return { name, ...output! };
}

/** `gap` copies of a value between neighbours along an axis: a further axis, filled up, joined, and cut. */
export function spread(g: GraphBuilder, x: Value, value: Value, axis: number, gap: number): Value {
  const length = fixed(x.shape[axis]!, "the distance between elements");
  if (length === 0) return x;
  const parted = g.reshape(x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)]);
  const pads = parted.shape.map((_, i) => (i === axis + 1 ? gap : 0));
  const filled: Value = {
    name: g.node("Pad", [parted.name, g.integers([...pads.map(() => 0), ...pads]), value.name]),
    shape: parted.shape.map((n, i) => (i === axis + 1 ? gap + 1 : n)),
    dtype: x.dtype,
  };
  const joined = g.reshape(
    filled,
    x.shape.map((n, i) => (i === axis ? length * (gap + 1) : n)),
  );
  const count = (length - 1) * (gap + 1) + 1;
  const name = g.node("Slice", [joined.name, g.integers([0]), g.integers([count]), g.integers([axis])]);
  return { name, shape: x.shape.map((n, i) => (i === axis ? count : n)), dtype: x.dtype };
}

function diagonal({ g, inputs: [x], outputs: [output], params }: Call): Value {
  const { first, second } = params as { first: number; second: number };
  const others = x!.shape.map((_, i) => i).filter((i) => i !== first && i !== second);
  const rows = fixed(x!.shape[first]!, "a diagonal");
  const columns = fixed(x!.shape[second]!, "a diagonal");
  const behind = g.transpose(x!, [...others, first, second]);
  const flat = g.reshape(behind, [...others.map((i) => x!.shape[i]!), rows * columns]);
  // In C order, neighbours on the diagonal lie one row and one element apart.
  const end = Math.min(rows, columns) * (columns + 1) - columns;
  const lists = [[0], [Math.max(0, end)], [others.length], [columns + 1]];
  return { name: g.node("Slice", [flat.name, ...lists.map((list) => g.integers(list))]), ...output! };
}

/** The axes that positions address come first, in their order. */
const addressedFirst = (x: Value, axes: readonly number[]): number[] => [
  ...axes,
  ...x.shape.map((_, i) => i).filter((i) => !axes.includes(i)),
];

/** Positions `[..., k]` for the first k axes. */
function positions(g: GraphBuilder, indices: readonly Value[]): string {
  const columns = indices.map((index) => {
    const column = g.reshape(index, [...index.shape, 1]);
    return g.wide(column);
  });
  return columns.length === 1 ? columns[0]! : g.node("Concat", columns, { axis: indices[0]!.shape.length });
}

function gather({ g, inputs, outputs: [output], params }: Call): Value {
  const { axes } = params as GatherParams;
  const [x, ...indices] = inputs as [Value, ...Value[]];
  const from = g.transpose(x, addressedFirst(x, axes));
  if (axes.length === 1)
    return { name: g.node("Gather", [from.name, indices[0]!.name], { axis: 0 }), ...output! };
  return { name: g.node("GatherND", [from.name, positions(g, indices)]), ...output! };
}

const REDUCTIONS: Readonly<Record<string, string>> = { add: "add", multiply: "mul", max: "max", min: "min" };

function scatter({ g, inputs, outputs: [output], params }: Call): Value {
  const { axes, mode } = params as ScatterParams;
  const [x, updates, ...indices] = inputs as [Value, Value, ...Value[]];
  if ((mode === "max" || mode === "min") && g.opset < 18)
    throw new DomainError(`exportOnnx: opset: scatter with "${mode}" needs 18 or more, got ${g.opset}`);
  const order = addressedFirst(x, axes);
  const from = g.transpose(x, order);
  const reduction = REDUCTIONS[mode];
  const name = g.node(
    "ScatterND",
    [from.name, positions(g, indices), updates.name],
    reduction ? { reduction } : {},
  );
  const back = g.transpose({ name, shape: from.shape, dtype: x.dtype }, inversePermutation(order));
  return { ...back, shape: output!.shape };
}

/** Sums and their like. Axes are an input since opset 18 (13 for sums). */
const reduction =
  (op: string, inputSince: number): Rule =>
  ({ g, inputs: [x], outputs: [output], params }) => {
    const { axes } = params as { axes: readonly number[] };
    if (axes.length === 0) return x!;
    // Truth values are compared as numbers.
    const from = x!.dtype === "bool" ? g.cast(x!, "int32") : x!;
    const name =
      g.opset >= inputSince
        ? g.node(op, [from.name, g.integers(axes)], { keepdims: 0 })
        : g.node(op, [from.name], { axes, keepdims: 0 });
    return g.cast({ name, shape: output!.shape, dtype: from.dtype }, output!.dtype);
  };

const place =
  (op: string): Rule =>
  ({ g, inputs: [x], outputs: [output], params }) => {
    const { axis } = params as { axis: number };
    const name = g.node(op, [x!.name], { axis, keepdims: 0 });
    return { ...output!, name: g.node("Cast", [name], { to: 6 }) };
  };

/** The last axis in ascending order; of equal elements the first comes first. */
const sorted =
  (which: 0 | 1): Rule =>
  ({ g, inputs: [x], outputs: [output] }) => {
    const length = fixed(x!.shape.at(-1)!, "the length of a sort");
    const found = g.nodeOf("TopK", [x!.name, g.integers([length])], 2, { axis: -1, largest: 0, sorted: 1 })[
      which
    ]!;
    return { ...output!, name: which === 0 ? found : g.node("Cast", [found], { to: 6 }) };
  };

/** Rules of primitives that move, reduce and sort, by name. */
export const moveRules: Readonly<Record<string, Rule>> = {
  reshape: ({ g, inputs: [x], outputs: [output] }) => g.reshape(x!, output!.shape),
  transpose: ({ g, inputs: [x], params }) => g.transpose(x!, (params as { axes: readonly number[] }).axes),
  broadcastTo: ({ g, inputs: [x], outputs: [output] }) => g.expand(x!, output!.shape),
  slice,
  diagonal,
  concat: ({ g, inputs, outputs: [output], params }) => ({
    ...output!,
    name: g.node(
      "Concat",
      inputs.map(({ name }) => name),
      { axis: (params as ConcatParams).axis },
    ),
  }),
  pad,
  gather,
  scatter,
  sum: reduction("ReduceSum", 13),
  prod: reduction("ReduceProd", 18),
  max: reduction("ReduceMax", 18),
  min: reduction("ReduceMin", 18),
  argmax: place("ArgMax"),
  argmin: place("ArgMin"),
  cumsum: ({ g, inputs: [x], outputs: [output], params }) => ({
    ...output!,
    name: g.node("CumSum", [x!.name, g.integers([(params as { axis: number }).axis], true)]),
  }),
  sort: sorted(0),
  argsort: sorted(1),
};
