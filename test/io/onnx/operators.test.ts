// Every operator that can be read, as a model of one node: ONNX Runtime and this library must agree.

import { importedOperators, importOnnx } from "polyadic/io";
import { key, normal } from "polyadic/random";
import { type DType, type Tensor, tensor } from "polyadic/tensor";
import { describe, expect, test } from "vitest";
import { type Attribute, declared, GraphBuilder } from "../../../src/io/onnx/builder.ts";
import { encodeModel } from "../../../src/io/onnx/schema.ts";
import { runModel } from "./runtime.ts";

const f32 = (shape: readonly number[], seed = 1): Tensor => normal(key(seed), shape, { dtype: "float32" });
const of = (values: unknown, dtype: DType = "float32"): Tensor => tensor(values as number[], { dtype });
const float = (value: number): Attribute => ({ float: value });

/** Inputs of a node: tensors that come from outside, lists of int64 that the file holds, or none. */
type Operand = Tensor | readonly number[] | number | null;

interface Case {
  readonly op: string;
  readonly inputs: readonly Operand[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
  readonly opset?: number;
}

function modelOf({ op, inputs, attributes = {}, outputs = 1, opset = 17 }: Case): {
  bytes: Uint8Array;
  xs: Tensor[];
} {
  const g = new GraphBuilder({ opset, batchInput: undefined });
  const xs: Tensor[] = [];
  const names = inputs.map((x) => {
    if (x === null) return "";
    if (typeof x === "number") return g.integers([x], true);
    if (Array.isArray(x)) return g.integers(x as readonly number[]);
    xs.push(x as Tensor);
    return g.name(`x${xs.length}`);
  });
  const results = g.nodeOf(op, names, outputs, attributes);
  const ins = names.flatMap((name, i) => {
    const x = inputs[i];
    return x !== null && typeof x === "object" && "dtype" in x
      ? [declared(name, { shape: x.shape, dtype: x.dtype })]
      : [];
  });
  const outs = results.map((name) => ({ name }));
  const graph = g.finish("one", ins, outs, g.initializers);
  return {
    bytes: encodeModel({ irVersion: 8, opsetImport: [{ domain: "", version: opset }], graph }),
    xs,
  };
}

const elementwise = [
  "Abs",
  "Asinh",
  "Atan",
  "Ceil",
  "Cos",
  "Cosh",
  "Erf",
  "Exp",
  "Floor",
  "HardSigmoid",
  "HardSwish",
  "Identity",
  "LeakyRelu",
  "Neg",
  "Reciprocal",
  "Relu",
  "Round",
  "Selu",
  "Sigmoid",
  "Sign",
  "Sin",
  "Sinh",
  "Softplus",
  "Softsign",
  "Tan",
  "Tanh",
  "Elu",
  "Celu",
  "ThresholdedRelu",
  "Dropout",
];
const x = f32([3, 4]);
const image = f32([2, 3, 7, 8]);
const bools = (seed: number): Tensor => f32([5], seed).greater(0);
const reductions = [
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSumExp",
  "ReduceMax",
  "ReduceMean",
  "ReduceMin",
  "ReduceProd",
  "ReduceSumSquare",
];

const CASES: readonly Case[] = [
  ...elementwise.map((op) => ({ op, inputs: [x] })),
  ...["Acos", "Asin", "Atanh"].map((op) => ({ op, inputs: [x.tanh().mul(0.9)] })),
  ...["Log", "Sqrt"].map((op) => ({ op, inputs: [x.abs().add(0.1)] })),
  { op: "Acosh", inputs: [x.abs().add(1)] },
  { op: "Mish", inputs: [x], opset: 18 },
  { op: "Gelu", inputs: [x], opset: 20 },
  { op: "Gelu", inputs: [x], attributes: { approximate: "tanh" }, opset: 20 },
  { op: "Elu", inputs: [x], attributes: { alpha: float(0.5) } },
  { op: "Celu", inputs: [x], attributes: { alpha: float(2) } },
  { op: "LeakyRelu", inputs: [x], attributes: { alpha: float(0.3) } },
  ...[
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Max",
    "Min",
    "PRelu",
    "Equal",
    "Less",
    "LessOrEqual",
    "Greater",
    "GreaterOrEqual",
  ].map((op) => ({ op, inputs: [x, f32([4], 2)] })),
  ...["Sum", "Mean"].map((op) => ({ op, inputs: [x, f32([3, 4], 2), f32([3, 4], 3)] })),
  { op: "Pow", inputs: [x.abs(), f32([3, 4], 2)] },
  { op: "Div", inputs: [of([7, -7, 7], "int32"), of([2, 2, -2], "int32")] },
  { op: "Mod", inputs: [of([7, -7, 7], "int32"), of([3, 3, -3], "int32")] },
  { op: "Mod", inputs: [of([5.5, -5.5]), of([3, 3])], attributes: { fmod: 1 } },
  ...["And", "Or", "Xor"].map((op) => ({ op, inputs: [bools(1), bools(2)] })),
  { op: "Not", inputs: [bools(1)] },
  { op: "IsNaN", inputs: [of([1, Number.NaN])] },
  { op: "IsInf", inputs: [of([1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])] },
  { op: "Where", inputs: [bools(1), f32([5]), f32([5], 2)] },
  { op: "Cast", inputs: [x.mul(3)], attributes: { to: 6 } },
  { op: "CastLike", inputs: [x, of([1], "int32")] },
  { op: "Clip", inputs: [x, of(-0.3), of(0.4)] },
  { op: "Clip", inputs: [x, null, of(0.4)] },
  { op: "ArgMax", inputs: [x], attributes: { axis: 1, keepdims: 0 } },
  { op: "ArgMin", inputs: [x], attributes: { axis: -1 } },
  { op: "ArgMax", inputs: [of([3, 1, 3])], attributes: { axis: 0, select_last_index: 1 } },
  { op: "Concat", inputs: [x, f32([3, 2], 2)], attributes: { axis: -1 } },
  { op: "Constant", inputs: [], attributes: { value_ints: [4, 5] } },
  { op: "Constant", inputs: [], attributes: { value_float: float(2.5) } },
  { op: "ConstantOfShape", inputs: [[2, 3]] },
  { op: "CumSum", inputs: [x, 1] },
  { op: "CumSum", inputs: [x, 0], attributes: { exclusive: 1, reverse: 1 } },
  { op: "DepthToSpace", inputs: [f32([2, 8, 3, 2])], attributes: { blocksize: 2 } },
  { op: "DepthToSpace", inputs: [f32([2, 8, 3, 2])], attributes: { blocksize: 2, mode: "CRD" } },
  { op: "SpaceToDepth", inputs: [f32([2, 2, 4, 6])], attributes: { blocksize: 2 } },
  { op: "Einsum", inputs: [x, f32([4, 5], 2)], attributes: { equation: "ij,jk->ki" } },
  { op: "Expand", inputs: [f32([3, 1]), [2, 1, 4]] },
  { op: "Flatten", inputs: [image], attributes: { axis: 2 } },
  {
    op: "Gather",
    inputs: [
      x,
      of(
        [
          [2, 0],
          [-1, 1],
        ],
        "int32",
      ),
    ],
    attributes: { axis: 1 },
  },
  { op: "GatherElements", inputs: [x, of([[0, 2, 1, 0]], "int32")], attributes: { axis: 0 } },
  { op: "GatherND", inputs: [image, [1, 2]] },
  { op: "ScatterND", inputs: [f32([4]), [2], of(7)] },
  { op: "Pad", inputs: [x, [1, 0, 0, 2], of(3)] },
  { op: "Pad", inputs: [x, [1, 2, 0, 1]], attributes: { mode: "reflect" } },
  { op: "Pad", inputs: [x, [0, 2, 1, 1]], attributes: { mode: "edge" } },
  { op: "Pad", inputs: [x, [-1, 0, 0, -1]] },
  { op: "Range", inputs: [2, 9, 3] },
  ...reductions.map((op) => ({ op, inputs: [x], attributes: { axes: [1], keepdims: 0 } })),
  { op: "ReduceLogSum", inputs: [x.abs()], attributes: { axes: [0] } },
  { op: "ReduceMean", inputs: [x] },
  { op: "ReduceMean", inputs: [image, [-1, 2]], opset: 18 },
  { op: "ReduceSum", inputs: [x, [-1]] },
  { op: "ReduceSum", inputs: [x], attributes: { noop_with_empty_axes: 1 } },
  { op: "Reshape", inputs: [image, [0, -1, 4]] },
  { op: "Shape", inputs: [image] },
  { op: "Shape", inputs: [image], attributes: { start: 1, end: -1 } },
  { op: "Size", inputs: [image] },
  { op: "Slice", inputs: [image, [1, -3], [100, -1], [1, 3]] },
  { op: "Slice", inputs: [image, [-1], [-100], [2], [-2]] },
  { op: "Slice", inputs: [image, [5], [2], [2], [-1]] },
  { op: "Slice", inputs: [image, [3], [3], [2]] },
  { op: "Split", inputs: [x, [1, 3]], attributes: { axis: 1 }, outputs: 2 },
  { op: "Split", inputs: [x], attributes: { axis: 1 }, outputs: 2 },
  { op: "Squeeze", inputs: [f32([1, 3, 1]), [0]] },
  { op: "Squeeze", inputs: [f32([1, 3, 1])] },
  { op: "Unsqueeze", inputs: [x, [-1, 0]] },
  { op: "Tile", inputs: [x, [2, 3]] },
  { op: "TopK", inputs: [x, [2]], outputs: 2 },
  { op: "TopK", inputs: [x, [2]], attributes: { axis: 0, largest: 0 }, outputs: 2 },
  { op: "Transpose", inputs: [image], attributes: { perm: [2, 0, 3, 1] } },
  { op: "Transpose", inputs: [x] },
  { op: "Trilu", inputs: [x, 1] },
  { op: "Trilu", inputs: [x], attributes: { upper: 0 } },
  {
    op: "Gemm",
    inputs: [f32([4, 3]), f32([5, 4], 2), f32([5], 3)],
    attributes: { transA: 1, transB: 1, alpha: float(0.5), beta: float(2) },
  },
  { op: "MatMul", inputs: [f32([2, 3, 4]), f32([4, 5], 2)] },
  {
    op: "Conv",
    inputs: [image, f32([4, 3, 3, 2], 2), f32([4], 3)],
    attributes: { pads: [1, 0, 2, 1], strides: [2, 1] },
  },
  {
    op: "Conv",
    inputs: [image, f32([4, 3, 3, 2], 2)],
    attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] },
  },
  { op: "Conv", inputs: [image, f32([4, 3, 3, 2], 2)], attributes: { auto_pad: "SAME_LOWER" } },
  {
    op: "ConvTranspose",
    inputs: [image, f32([3, 2, 3, 3], 2), f32([2], 3)],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
  },
  {
    op: "MaxPool",
    inputs: [image],
    attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1] },
  },
  { op: "MaxPool", inputs: [image], attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 } },
  {
    op: "AveragePool",
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    op: "AveragePool",
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
  },
  {
    op: "AveragePool",
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
    opset: 19,
  },
  { op: "GlobalAveragePool", inputs: [image] },
  { op: "GlobalMaxPool", inputs: [image] },
  { op: "BatchNormalization", inputs: [image, f32([3], 2), f32([3], 3), f32([3], 4), f32([3], 5).abs()] },
  { op: "LayerNormalization", inputs: [image, f32([7, 8], 2), f32([7, 8], 3)], attributes: { axis: 2 } },
  { op: "InstanceNormalization", inputs: [image, f32([3], 2), f32([3], 3)] },
  {
    op: "GroupNormalization",
    inputs: [f32([2, 4, 5]), f32([4], 2), f32([4], 3)],
    attributes: { num_groups: 2 },
    opset: 21,
  },
  { op: "Softmax", inputs: [x] },
  { op: "Softmax", inputs: [image], attributes: { axis: 1 } },
  { op: "Softmax", inputs: [image], opset: 12 },
  { op: "LogSoftmax", inputs: [x], attributes: { axis: 0 } },
];

describe("operators", () => {
  test.each(CASES.map((item, i) => [`${item.op} (${i})`, item] as const))("%s", async (_name, item) => {
    const { bytes, xs } = modelOf(item);
    const expected = await runModel(bytes, xs);
    const model = await importOnnx(bytes);
    const inputs = Object.fromEntries(model.inputs.map(({ name }, i) => [name, xs[i]!]));
    const actual = Object.values(model.apply(model.params, inputs));
    expect(actual).toHaveLength(expected.length);
    expected.forEach((y, i) => {
      expect(actual[i]!.shape).toEqual(y.shape);
      const [a, b] = [actual[i]!, y].map((z) => Array.from(z.astype("float64").data() as Float64Array));
      b!.forEach((value, k) => {
        expect(a![k]!).toBeCloseTo(value, 4);
      });
    });
  });

  test("all were run", () => {
    const run = new Set(CASES.map(({ op }) => op));
    expect(importedOperators.filter((op) => !run.has(op))).toEqual([]);
  });
});
