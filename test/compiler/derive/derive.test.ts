// The search: what it finds for operators that are known to gain, and that nothing it returns is wrong.

import { type Tensor, tensor } from "polyadic";
import {
  apply,
  bandExpression,
  type Candidate,
  constant,
  convolutionExpression,
  derive,
  type Expression,
  expression,
  fuseExpressions,
  input,
  interpret,
  jit,
  modelCost,
  productExpression,
  read,
  transposedConvolutionExpression,
} from "polyadic/compiler";
import { AbortedError, DomainError, ShapeError } from "polyadic/tensor";
import { describe, expect, test } from "vitest";
import { inputsOf } from "../../../src/compiler/derive/search.ts";
import { operandsOf } from "./randomExpressions.ts";

const kinds = ({ kernels }: Candidate): string => kernels.map(({ kind }) => kind).join();

const worst = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

const CASES: readonly (readonly [string, Expression, string])[] = [
  [
    "a convolution is one product and an addition of offsets",
    convolutionExpression({ length: 4, channels: 3, features: 2, window: 3 }),
    "matmul,elementwise",
  ],
  [
    "a transposed convolution is one product without zeros",
    transposedConvolutionExpression({ length: 3, channels: 4, features: 2 }),
    "matmul,elementwise",
  ],
  [
    "a dilated band is one that is not dilated",
    bandExpression({ batch: 2, length: 16, width: 2, depth: 3, dilation: 4 }),
    "layout,layout,g2bmm",
  ],
  [
    "products of one input are one",
    fuseExpressions(["P", "Q", "R"].map((w) => productExpression(4, 3, 5, w))),
    "layout,matmul",
  ],
  ["a product with a vector", productExpression(4, 3, 1), "matmul"],
];

describe.each(CASES)("%s", (_, given, wanted) => {
  const { candidates, best, original } = derive(given, { maxStates: 1500 });
  const operands = operandsOf([...inputsOf(given).values()], 5);
  const expected = interpret(given, operands);

  test("is found", () => {
    expect(candidates.map(kinds)).toContain(wanted);
  });

  test("all candidates give the values of the interpreter, eagerly and compiled", () => {
    for (const candidate of candidates) {
      expect(worst(candidate.program(operands), expected)).toBe(0);
      expect(candidate.steps.length).toBeGreaterThan(0);
    }
    expect(worst(jit(best.program)(operands), expected)).toBe(0);
  });

  test("the best is not dearer than the original", () => {
    expect(best.cost).toBeLessThanOrEqual(original.cost);
    expect(candidates).toContain(original);
  });
});

test("the transposed convolution takes a quarter of the products", () => {
  const { original, best } = derive(
    transposedConvolutionExpression({ length: 8, channels: 64, features: 32 }),
    { maxStates: 1500 },
  );
  const flops = ({ kernels }: Candidate): number =>
    kernels.filter(({ kind }) => kind === "matmul").reduce((sum, kernel) => sum + kernel.flops, 0);
  expect(flops(original)).toBe(2 * 16 * 16 * 4 * 4 * 64 * 32);
  expect(flops(best)).toBe(flops(original) / 4);
});

test("a convolution of 5 is four of 3 where those are cheap", () => {
  const isThree = (list: readonly { from: number; to: number }[]): boolean =>
    list.every(({ from, to }) => [3, 16].includes(to - from));
  const { best } = derive(convolutionExpression({ length: 14, channels: 16, features: 16, window: 5 }), {
    targets: ["conv2d", "elementwise"],
    maxStates: 3000,
    cost: (kernel) => {
      const isProduct = kernel.kind === "matmul" || kernel.kind === "conv2d";
      return (
        modelCost([kernel]) *
        (kernel.kind === "conv2d" && isThree(kernel.scope.sums) ? 0.5 : isProduct ? 4 : 1)
      );
    },
  });
  expect(kinds(best)).toBe("layout,conv2d,elementwise");
  expect(best.kernels[1]!.output.shape).toHaveLength(6);
  expect(best.kernels[1]!.output.shape.slice(-2)).toEqual([2, 2]);
});

test("the same search gives the same result, and pruning leaves out nothing that is better", () => {
  const given = convolutionExpression({ length: 4, channels: 3, features: 2, window: 3 });
  const text = (options = {}): string => {
    const { candidates, states, duplicates } = derive(given, options);
    return JSON.stringify([candidates.map(({ cost, steps }) => [cost, steps]), states, duplicates]);
  };
  expect(text()).toBe(text());
  const pruned = derive(given);
  const all = derive(given, { prune: false });
  expect(all.isComplete && pruned.isComplete).toBe(true);
  expect(pruned.states).toBeLessThan(all.states);
  expect(pruned.duplicates).toBeGreaterThan(0);
  expect(pruned.best.cost).toBe(all.best.cost);
});

test("expressions without sums, scalars and measured costs pass through", () => {
  const scalar = expression({ loops: [], body: apply("mul", constant(3), read(input("s", []))) });
  expect(
    derive(scalar)
      .best.program({ s: tensor(2) })
      .item(),
  ).toBe(6);
  const sum = expression({
    loops: [{ name: "i", from: 0, to: 3 }],
    body: apply("add", read(input("a", [3]), "i"), constant(1)),
  });
  const { best } = derive(sum, { cost: "measure" });
  expect(Array.from(best.program({ a: tensor([1, 2, 3]) }).toTypedArray())).toEqual([2, 3, 4]);
  expect(best.cost).toBeGreaterThan(0);
});

test("depth 0 matches only", () => {
  const { candidates } = derive(convolutionExpression({ length: 4, channels: 3, features: 2, window: 3 }), {
    maxDepth: 0,
  });
  expect(candidates.every(({ steps }) => steps.every((step) => !step.startsWith("split")))).toBe(true);
});

test("bad input", () => {
  const i = { name: "i", from: 0, to: 3 };
  const a = input("a", [3]);
  expect(() => read(a, "i*i")).toThrow(DomainError);
  expect(() => expression({ loops: [i], body: read(a, "i + 1") })).toThrow(ShapeError);
  expect(() => expression({ loops: [i], body: read(a, "i", "i") })).toThrow(ShapeError);
  expect(() => expression({ loops: [i], body: read(a, "j") })).toThrow(/unknown variable j/);
  expect(() => expression({ loops: [i, i], body: read(a, "i") })).toThrow(/twice/);
  expect(() => expression({ loops: [{ ...i, to: 0 }], body: read(a, "i") })).toThrow(DomainError);
  expect(() =>
    expression({ loops: [i, { name: "j", from: 0, to: 2 ** 53 - 1 }], body: read(a, "i") }),
  ).toThrow(/2\^53/);
  expect(() => apply("mul", constant(1))).toThrow(/2 operands/);
  const good = expression({ loops: [i], body: read(a, "i") });
  expect(() => derive(good, { maxDepth: -1 })).toThrow(/maxDepth/);
  expect(() => derive(good, { timeLimit: 0 })).toThrow(/timeLimit/);
  expect(() => derive(good, { targets: ["nothing" as "matmul"] })).toThrow(/targets/);
  expect(() => derive(good).best.program({})).toThrow(/"a"/);
  expect(() => derive(good).best.program({ a: tensor([1]) })).toThrow(ShapeError);
  expect(() => derive(good, { signal: AbortSignal.abort() })).toThrow(AbortedError);
  expect(() => fuseExpressions([productExpression(2, 3, 4)])).toThrow(DomainError);
  expect(() => fuseExpressions([productExpression(2, 3, 4), productExpression(2, 3, 5)])).toThrow(
    DomainError,
  );
});

test("a limit on states or time stops the search", () => {
  const given = transposedConvolutionExpression({ length: 4, channels: 4, features: 4 });
  const stopped = derive(given, { maxStates: 20 });
  expect(stopped.isComplete).toBe(false);
  expect(stopped.states).toBe(20);
  expect(derive(given, { timeLimit: 1e-6 }).best.cost).toBeGreaterThan(0);
  const seen: number[] = [];
  derive(given, { maxStates: 600, onProgress: ({ states }) => seen.push(states) });
  expect(seen.length).toBeGreaterThan(1);
});
