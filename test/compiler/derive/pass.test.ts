// Derivation as a pass: graphs keep their values, and equations their meaning as expressions.

import fc from "fast-check";
import { contract, conv, matmul, swapAxes, type Tensor } from "polyadic";
import { derivePass, interpret, jit, modelCost, runGraph, toExpression } from "polyadic/compiler";
import { key, normal, split } from "polyadic/random";
import { trace } from "polyadic/transform";
import { expect, test } from "vitest";
import { randomFunction } from "../randomGraphs.ts";

const keys = split(key(3), 8);
const random = (i: number, shape: number[], dtype: "float32" | "float64" = "float64"): Tensor =>
  normal(keys[i]!, shape, { dtype });

const worst = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

const convolutions = [
  { x: [2, 3, 6], w: [4, 3, 3], options: { padding: 1 } },
  { x: [1, 2, 6, 5], w: [3, 2, 3, 2], options: { strides: 2, padding: [[1, 0], 2] as const } },
  { x: [1, 4, 5, 5], w: [4, 2, 2, 2], options: { groups: 2, dilation: 2 } },
  { x: [1, 2, 4, 4], w: [3, 2, 4, 4], options: { inputDilation: 2, padding: 2 } },
] as const;

test.each(convolutions)(
  "the expression of a convolution, and its programs: $options",
  ({ x, w, options }) => {
    const [a, b] = [random(0, [...x]), random(1, [...w])];
    const f = (p: Tensor, q: Tensor): Tensor => conv(p, q, options as object);
    const graph = trace(f)(a, b);
    const equation = graph.equations.find(({ primitive }) => primitive.name === "conv")!;
    const expression = toExpression(equation)!;
    const [left, right] = equation.inputs.map(({ shape }, i) => {
      // With several groups, they come first.
      const { groups } = { groups: 1, ...options };
      const given = i === 0 ? a : b;
      if (groups === 1) return given;
      const [first, second, ...rest] = given.shape as [number, number, ...number[]];
      return i === 0
        ? swapAxes(given.reshape([first, groups, second / groups, ...rest]), 0, 1)
        : given.reshape([...shape]);
    }) as [Tensor, Tensor];
    const value = interpret(expression, { a: left, b: right });
    const output = equation.outputs[0]!;
    const last = swapAxes(value.reshape(output.shape), 0, 1);
    expect(worst(last.reshape(f(a, b).shape), f(a, b))).toBeLessThan(1e-12);
    const { graph: derived } = derivePass(graph);
    expect(worst(runGraph(derived, [a, b])[0]!, f(a, b))).toBeLessThan(1e-12);
  },
);

test("the expression of a contraction", () => {
  const [a, b] = [random(0, [2, 3, 4, 5]), random(1, [5, 2, 6])];
  const f = (p: Tensor, q: Tensor): Tensor => contract(p, q, { axes: [[3], [0]], batch: [[0], [1]] });
  const [equation] = trace(f)(a, b).equations;
  expect(worst(interpret(toExpression(equation!)!, { a, b }), f(a, b))).toBeLessThan(1e-12);
});

test("equations that are no expressions stay", () => {
  const graph = trace((x: Tensor) => x.sin().cumsum(0))(random(0, [4]));
  expect(graph.equations.map((equation) => toExpression(equation))).toEqual([null, null]);
  expect(derivePass(graph).report.replaced).toEqual([]);
});

test("products of one value with constants become one, also compiled", () => {
  const weights = [1, 2, 3].map((i) => random(i, [64, 64], "float32"));
  const f = (x: Tensor): Tensor[] => weights.map((w) => matmul(x, w).tanh());
  const x = random(0, [64, 64], "float32");
  const graph = trace(f)(x);
  const { graph: derived, report } = derivePass(graph);
  const products = derived.equations.filter(({ primitive }) => primitive.name === "contract");
  expect(products).toHaveLength(1);
  expect(report.replaced).toHaveLength(1);
  const compiled = jit(f, { derive: true })(x);
  f(x).forEach((expected, i) => {
    expect(worst(runGraph(derived, [x])[i]!, expected)).toBeLessThan(1e-5);
    expect(worst(compiled[i]!, expected)).toBeLessThan(1e-5);
  });
});

test("a convolution is replaced where a model says so, with the same values", () => {
  const [x, w] = [random(0, [1, 8, 10, 10]), random(1, [4, 8, 3, 3])];
  const f = (p: Tensor): Tensor => conv(p, w, { padding: 1 });
  const { graph, report } = derivePass(trace(f)(x), {
    cost: (kernel) => modelCost([kernel]) * (kernel.kind === "conv2d" ? 100 : 0.01),
  });
  expect(report.replaced.length).toBe(1);
  expect(graph.equations.some(({ primitive }) => primitive.name === "conv")).toBe(false);
  expect(worst(runGraph(graph, [x])[0]!, f(x))).toBeLessThan(1e-12);
});

test("random graphs keep their values", () => {
  fc.assert(
    fc.property(randomFunction, ({ f, args }) => {
      const expected = f(...args);
      const actual = jit(f, { derive: true })(...args);
      actual.forEach((value, i) => {
        const a = value.toTypedArray();
        const b = expected[i]!.toTypedArray();
        const eps = value.dtype === "float32" ? 1e-4 : 1e-11;
        const scale = Math.max(1, ...Array.from(b, (y) => (Number.isFinite(y) ? Math.abs(y) : 0)));
        for (let j = 0; j < b.length; j++)
          expect(Math.abs(a[j]! - b[j]!) <= eps * scale || Object.is(a[j], b[j]) || a[j] === b[j]).toBe(true);
      });
    }),
    { numRuns: 60 },
  );
});
