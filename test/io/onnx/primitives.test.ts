import { exportedPrimitives } from "polyadic/io";
import * as ops from "polyadic/ops";
import { key, normal } from "polyadic/random";
import { type DType, type Tensor, tensor } from "polyadic/tensor";
import {
  checkpoint,
  cond,
  customJvp,
  customVjp,
  grad,
  scan,
  stopGradient,
  whileLoop,
} from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { optimize } from "../../../src/compiler/passes/optimize.ts";
import { traceFlat } from "../../../src/transform/graphs/graph.ts";
import { throughRuntime } from "./runtime.ts";

const f32 = (shape: readonly number[], seed = 1): Tensor => normal(key(seed), shape, { dtype: "float32" });
const of = (values: unknown, dtype: DType = "float32"): Tensor => tensor(values as number[], { dtype });
const positive = (shape: readonly number[], seed = 1): Tensor => f32(shape, seed).abs().add(0.1);
const within = (shape: readonly number[]): Tensor => f32(shape).tanh().mul(0.9);

type F = (...xs: Tensor[]) => unknown;

const unary = (names: readonly string[], x: () => Tensor): [string, F, () => Tensor[]][] =>
  names.map((name) => [name, (ops as unknown as Record<string, F>)[name]!, () => [x()]]);
const binary = (names: readonly string[], xs: () => Tensor[]): [string, F, () => Tensor[]][] =>
  names.map((name) => [name, (ops as unknown as Record<string, F>)[name]!, xs]);

const CASES: readonly [string, F, () => Tensor[]][] = [
  ...unary(
    ["neg", "abs", "sign", "square", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh"],
    () => f32([3, 4]),
  ),
  ...unary(["exp", "exp2", "expm1", "erf", "erfc", "cbrt", "sigmoid", "floor", "ceil", "trunc"], () =>
    f32([3, 4]),
  ),
  ...unary(["log", "log2", "log10", "log1p", "sqrt", "reciprocal"], () => positive([3, 4])),
  ...unary(["asin", "acos", "atanh"], () => within([3, 4])),
  ["acosh", ops.acosh, () => [positive([5]).add(1)]],
  ["log1p near 0", ops.log1p, () => [of([1e-7, -1e-6, 0, 3, -0.6])]],
  ["expm1 near 0", ops.expm1, () => [of([1e-7, -1e-6, 0, 3, -3])]],
  ["round", ops.round, () => [of([0.5, 1.5, -0.5, 2.4, -2.6])]],
  ...binary(["add", "sub", "mul", "div", "maximum", "minimum", "hypot", "atan2"], () => [
    f32([3, 4]),
    f32([4], 2),
  ]),
  ...binary(["less", "lessEqual", "greater", "greaterEqual", "equal", "notEqual"], () => [
    of([1, 2, 3, 4]),
    of([2, 2, 2, 4]),
  ]),
  ["pow", ops.pow, () => [positive([3, 4]), f32([3, 4], 2)]],
  ["mod of floats", ops.mod, () => [of([5.5, -5.5, 5.5, -5.5]), of([3, 3, -3, -3])]],
  ["mod of integers", ops.mod, () => [of([7, -7, 7, -7], "int32"), of([3, 3, -3, -3], "int32")]],
  ["floorDivide", ops.floorDivide, () => [of([7, -7, 7, -7], "int32"), of([3, 3, -3, -3], "int32")]],
  ["floorDivide of floats", ops.floorDivide, () => [of([5.5, -5.5]), of([3, 3])]],
  ["atan2 on the axes", ops.atan2, () => [of([1, -1, 0, 0, 1, -1]), of([0, 0, 1, -1, -1, -1])]],
  ["hypot of zeros", ops.hypot, () => [of([0, 3]), of([0, 4])]],
  [
    "logic",
    (a, b) =>
      ops.logicalOr(
        ops.logicalAnd(a!.less(0), b!.less(0)),
        ops.logicalXor(a!.less(0), ops.logicalNot(b!.less(1))),
      ),
    () => [f32([6]), f32([6], 2)],
  ],
  [
    "isnan, isfinite",
    (x) => [ops.isnan(x!), ops.isfinite(x!)],
    () => [of([1, Number.NaN, Number.POSITIVE_INFINITY, -3])],
  ],
  ["where", (x) => x!.greater(0).where(x!, 0.5), () => [f32([3, 4])]],
  [
    "cast",
    (x) => [
      x!.astype("int32"),
      x!.astype("float64"),
      x!.greater(0).astype("float32"),
      x!.astype("float16").astype("float32"),
    ],
    () => [f32([6]).mul(3)],
  ],
  [
    "reshape and transpose",
    (x) => x!.reshape([4, 2, 3]).transpose([2, 0, 1]).reshape([3, 8]).transpose(),
    () => [f32([6, 4])],
  ],
  ["broadcastTo", (x) => x!.broadcastTo([2, 3, 4]), () => [f32([3, 1])]],
  [
    "slices",
    (x) => [x!.at(":", 1), x!.at({ start: 1, stop: 4, step: 2 }), x!.flip(1), x!.at(-1)],
    () => [f32([5, 4])],
  ],
  ["diagonal", (x) => [ops.diagonal(x!), ops.diagonal(x!.at(0))], () => [f32([4, 3, 4])]],
  [
    "concat, stack",
    (x, y) => [ops.concat([x!, y!], 1), ops.stack([x!, x!], 0)],
    () => [f32([2, 3]), f32([2, 4], 2)],
  ],
  [
    "pad",
    (x) =>
      ops.pad(
        x!,
        [
          [1, 2],
          [0, 3],
        ],
        { value: 7 },
      ),
    () => [f32([2, 3])],
  ],
  [
    "interior padding, by the derivative of a slice",
    (x) => grad((y: Tensor) => y.at({ start: 0, step: 3 }).square().sum())(x!),
    () => [f32([8, 2])],
  ],
  [
    "take",
    (x) => [ops.take(x!, of([2, 0, 0, -1], "int32"), 0), ops.take(x!, of([1, 0], "int32"), 1)],
    () => [f32([3, 4])],
  ],
  ["takeAlongAxis", (x) => ops.takeAlongAxis(x!, ops.argsort(x!, { axis: 1 }), 1), () => [f32([3, 5])]],
  ["gather at pairs", (x) => x!.at([0, 2, 1], [1, 1, 3]), () => [f32([3, 4, 2])]],
  ["scatter", (x, y) => x!.set([[2, 0]], y!), () => [f32([3, 4]), f32([2, 4], 2)]],
  [
    "scatter that adds, by the derivative of a gather",
    (x) =>
      grad((y: Tensor) =>
        ops
          .take(y, of([2, 0, 2], "int32"), 0)
          .square()
          .sum(),
      )(x!),
    () => [f32([3, 4])],
  ],
  [
    "sum",
    (x) => [x!.sum(), x!.sum({ axis: 1 }), x!.sum({ axis: [0, 2], keepDims: true })],
    () => [f32([2, 3, 4])],
  ],
  [
    "prod, max, min, mean, variance",
    (x) => [
      x!.prod({ axis: 0 }),
      x!.max({ axis: 1 }),
      x!.min(),
      x!.mean({ axis: 1 }),
      x!.variance({ axis: 0 }),
    ],
    () => [f32([3, 4])],
  ],
  ["any, all", (x) => [x!.greater(0).any({ axis: 0 }), x!.greater(0).all({ axis: 1 })], () => [f32([3, 4])]],
  [
    "argmax, argmin",
    (x) => [x!.argmax({ axis: 1 }), x!.argmin({ axis: 0 }), x!.argmax()],
    () => [f32([3, 4])],
  ],
  ["logSumExp", (x) => ops.logSumExp(x!, { axis: 1 }), () => [f32([3, 4])]],
  ["cumsum", (x) => [x!.cumsum(0), x!.cumsum(1)], () => [f32([3, 4])]],
  [
    "sort, argsort, topK",
    (x) => [ops.sort(x!), ops.argsort(x!, { axis: 0 }), ops.sort(x!, { descending: true })],
    () => [f32([3, 5])],
  ],
  ["matmul", (a, b) => a!.matmul(b!), () => [f32([3, 4]), f32([4, 5], 2)]],
  ["batched matmul", (a, b) => a!.matmul(b!), () => [f32([2, 3, 4]), f32([2, 4, 5], 2)]],
  ["rows of many axes", (a, b) => a!.matmul(b!), () => [f32([2, 3, 4]), f32([4, 5], 2)]],
  ["vectors", (a, b) => [a!.matmul(b!), ops.dot(b!, b!)], () => [f32([3, 4]), f32([4], 2)]],
  ["outer", (a, b) => ops.outer(a!, b!), () => [f32([3]), f32([4], 2)]],
  [
    "einsum",
    (a, b) => ops.einsum("bhid,bhjd->bihj", a!, b!),
    () => [f32([2, 3, 4, 5]), f32([2, 3, 6, 5], 2)],
  ],
  ["tensordot", (a, b) => ops.tensordot(a!, b!, 2), () => [f32([2, 3, 4]), f32([3, 4, 5], 2)]],
  [
    "integer product",
    (a, b) => a!.matmul(b!),
    () => [
      of(
        [
          [1, 2],
          [3, 4],
        ],
        "int32",
      ),
      of(
        [
          [5, 6],
          [7, 8],
        ],
        "int32",
      ),
    ],
  ],
  ["conv", (x, w) => ops.conv(x!, w!, { padding: 1 }), () => [f32([2, 3, 6, 5]), f32([4, 3, 3, 3], 2)]],
  [
    "strided, dilated, grouped conv",
    (x, w) =>
      ops.conv(x!, w!, {
        strides: 2,
        padding: [
          [1, 2],
          [2, 0],
        ],
        dilation: [1, 2],
        groups: 2,
      }),
    () => [f32([2, 4, 9, 8]), f32([6, 2, 3, 3], 2)],
  ],
  ["conv in one dimension", (x, w) => ops.conv(x!, w!), () => [f32([2, 3, 9]), f32([4, 3, 4], 2)]],
  [
    "conv that crops",
    (x, w) => ops.conv(x!, w!, { padding: [[-1, 1]] }),
    () => [f32([2, 3, 9]), f32([4, 3, 2], 2)],
  ],
  [
    "conv with gaps",
    (x, w) => ops.conv(x!, w!, { inputDilation: 2, strides: 2 }),
    () => [f32([1, 2, 5, 5]), f32([3, 2, 2, 2], 2)],
  ],
  [
    "convTranspose",
    (x, w) => ops.convTranspose(x!, w!, { strides: 2, padding: 1, outputPadding: 1 }),
    () => [f32([2, 4, 5, 6]), f32([4, 3, 3, 3], 2)],
  ],
  [
    "grouped, dilated convTranspose",
    (x, w) => ops.convTranspose(x!, w!, { strides: [2, 3], dilation: 2, groups: 2 }),
    () => [f32([2, 4, 4, 3]), f32([4, 2, 2, 3], 2)],
  ],
  ["maxPool", (x) => ops.maxPool(x!, { window: 3, strides: 2, padding: 1 }), () => [f32([2, 3, 8, 7])]],
  ["avgPool", (x) => ops.avgPool(x!, { window: 2 }), () => [f32([2, 3, 8, 6])]],
  [
    "cond",
    (x) =>
      cond(
        x!.sum().greater(0),
        (y: Tensor) => y.mul(2),
        (y: Tensor) => y.neg(),
        x!,
      ),
    () => [f32([3])],
  ],
  [
    "scan",
    (x) => {
      const { carry, ys } = scan(
        (c: Tensor, y: Tensor) => [c.mul(0.5).add(y), c.sin()] as const,
        x!.at(0),
        x!,
      );
      return [carry, ys];
    },
    () => [f32([5, 3])],
  ],
  [
    "reversed scan without slices",
    (x) => {
      const { carry, ys } = scan((c: Tensor, _y: null) => [c.mul(0.5).add(1), c] as const, x!, null, {
        length: 4,
        reverse: true,
      });
      return [carry, ys];
    },
    () => [f32([3])],
  ],
  [
    "while",
    (x) =>
      whileLoop(
        (c: Tensor) => c.sum().less(100),
        (c: Tensor) => c.mul(2),
        x!.abs(),
      ),
    () => [f32([3])],
  ],
  [
    "checkpoint, stopGradient",
    (x) => checkpoint((y: Tensor) => stopGradient(y).mul(y))(x!),
    () => [f32([3])],
  ],
  [
    "customJvp, customVjp",
    (x) => [
      customJvp(
        (y: Tensor) => y.exp(),
        (_p, [t]) => t,
      )(x!),
      customVjp((y: Tensor) => y.sin(), {
        forward: (y) => [y.sin(), null],
        backward: (_r, c) => [c] as const,
      })(x!),
    ],
    () => [f32([3])],
  ],
  [
    "the gradient of a network",
    (x, w) => grad((v: Tensor) => x!.matmul(v).tanh().square().mean())(w!),
    () => [f32([5, 3]), f32([3, 2], 2)],
  ],
  [
    "a constant result and an input handed on",
    (x) => [x!, tensor([1, 2], { dtype: "float32" }), x!],
    () => [f32([3])],
  ],
];

const seen = new Set<string>();

describe.each([17, 21])("opset %i", (opset) => {
  test.each(CASES)("%s", async (_name, f, inputs) => {
    const xs = inputs();
    const plain = f(...xs);
    const expected = (Array.isArray(plain) ? plain : [plain]) as Tensor[];
    const actual = await throughRuntime(f as never, xs, { opset });
    expect(actual).toHaveLength(expected.length);
    actual.forEach((y, i) => {
      expect(y.shape).toEqual(expected[i]!.shape);
      expect(y.dtype).toBe(expected[i]!.dtype);
      const [a, b] = [y, expected[i]!].map((z) => Array.from(z.astype("float64").data() as Float64Array));
      const size = Math.max(1, ...b!.filter(Number.isFinite).map(Math.abs));
      b!.forEach((value, k) => {
        if (Number.isNaN(value)) expect(a![k]).toBeNaN();
        else expect(Math.abs(a![k]! - value)).toBeLessThanOrEqual(2e-5 * size);
      });
    });
    const graph = optimize(traceFlat((ys) => [f(...ys)].flat() as Tensor[], xs)).graph;
    const note = ({ equations }: typeof graph): void => {
      for (const { primitive, params } of equations) {
        seen.add(primitive.name);
        for (const value of Object.values((params ?? {}) as object).flat())
          if (value && typeof value === "object" && "equations" in value) note(value as typeof graph);
      }
    };
    note(graph);
  });
});

test("every primitive that has a rule was run", () => {
  expect(exportedPrimitives.filter((name) => !seen.has(name) && name !== "call")).toEqual([]);
});
