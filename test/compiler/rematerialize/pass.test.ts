import fc from "fast-check";
import { DomainError, matmul, type Tensor, zeros } from "polyadic";
import { costGraph, flopsOf, graphFlops, graphPeak, rematerializePass, runGraph } from "polyadic/compiler";
import { key, normal, split } from "polyadic/random";
import { cond, type Graph, grad, scan, trace, Variable, whileLoop } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { randomFunction } from "../randomGraphs.ts";

type Params = { readonly w: Tensor; readonly b: Tensor }[];

/** The gradient of a network of tanh layers: graph and its inputs. */
function network(layers: number): { readonly graph: Graph; readonly inputs: readonly Tensor[] } {
  const keys = split(key(layers), layers + 1);
  const x = normal(keys[layers]!, [16, 8]);
  const params = keys.slice(0, layers).map((k) => ({ b: normal(k, [8]), w: normal(k, [8, 8]).mul(0.3) }));
  const loss = (all: Params): Tensor =>
    all
      .reduce((h, { w, b }) => matmul(h, w).add(b).tanh(), x)
      .square()
      .mean();
  return { graph: trace(grad(loss))(params), inputs: params.flatMap(({ b, w }) => [b, w]) };
}

const same = (actual: readonly Tensor[], expected: readonly Tensor[]): void => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((x, i) => {
    expect(x.shape).toEqual(expected[i]!.shape);
    expect(x.toTypedArray()).toEqual(expected[i]!.toTypedArray());
  });
};

/** Bytes of a value. */
const bytes = ({ shape, dtype }: Variable): number =>
  shape.reduce((a, b) => a * b, 1) * { float64: 8, float32: 4, int32: 4, bool: 1 }[dtype as "float64"];

/** The peak variable by variable, from the definition; never above that of whole equations. */
function peakOfVariables({ inputs, equations, outputs }: Graph): number {
  let peak = 0;
  equations.forEach((_, t) => {
    const needed = new Set<Variable>(equations[t]!.outputs);
    for (const atom of [...equations.slice(t).flatMap((equation) => equation.inputs), ...outputs])
      if (atom instanceof Variable && equations.slice(0, t).some((e) => e.outputs.includes(atom)))
        needed.add(atom);
    for (const input of inputs) needed.delete(input);
    peak = Math.max(
      peak,
      [...needed].reduce((sum, variable) => sum + bytes(variable), 0),
    );
  });
  return peak;
}

describe("rematerializePass", () => {
  const { graph, inputs } = network(6);
  const peak = graphPeak(graph);
  const expected = runGraph(graph, inputs);

  test.each([1, 0.85, 0.7, 0.6])("keeps the gradient of a network within %f of its peak", (share) => {
    const budget = Math.floor(share * peak);
    const { graph: result, report } = rematerializePass(graph, { budget });
    expect(report).toMatchObject({ feasible: true, peakBefore: peak, before: graph.equations.length });
    expect(graphPeak(result)).toBe(report.peakAfter);
    expect(report.peakAfter).toBeLessThanOrEqual(budget);
    expect(peakOfVariables(result)).toBe(report.peakAfter);
    expect(result.equations.length).toBe(report.after);
    expect(report.flopsAfter).toBe(graphFlops(result));
    expect(report.increase).toBeCloseTo(report.flopsAfter / report.flopsBefore - 1, 12);
    if (share === 1) expect(report.after).toBe(report.before);
    else expect(report.after).toBeGreaterThan(report.before);
    expect(report.increase).toBeLessThan(0.25);
    same(runGraph(result, inputs), expected);
  });

  test("gives every value one variable", () => {
    const { graph: result } = rematerializePass(graph, { budget: Math.floor(0.6 * peak) });
    const ids = [...result.inputs, ...result.equations.flatMap(({ outputs }) => outputs)].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.max(...ids)).toBeLessThan(result.count);
    expect(String(result)).toContain("tanh");
  });

  test("keeps the values of random functions, whatever the budget", () => {
    fc.assert(
      fc.property(randomFunction, fc.double({ min: 0.5, max: 1, noNaN: true }), ({ f, args }, share) => {
        const traced = trace(f)(...args);
        const whole = graphPeak(traced);
        let result: ReturnType<typeof rematerializePass>;
        try {
          result = rematerializePass(traced, { budget: Math.floor(share * whole), iterations: 30 });
        } catch (error) {
          // A budget below what one equation needs.
          expect(error).toBeInstanceOf(DomainError);
          return;
        }
        expect(graphPeak(result.graph)).toBe(result.report.peakAfter);
        expect(result.report.feasible).toBe(result.report.peakAfter <= Math.floor(share * whole));
        same(runGraph(result.graph, args), runGraph(traced, args));
      }),
      { numRuns: 60 },
    );
  });

  test("names the equation that needs more than the budget", () => {
    const small = trace((x: Tensor) => x.sin().add(x.cos()).sum())(zeros([100]));
    expect(() => rematerializePass(small, { budget: 2000 })).toThrow(DomainError);
    expect(() => rematerializePass(small, { budget: 2000 })).toThrow(
      /2000 bytes are too few for any order: add → float64\[100\] with its inputs needs 2400/,
    );
    const many = trace((x: Tensor) => [x.sin(), x.cos(), x.exp()])(zeros([100]));
    expect(() => rematerializePass(many, { budget: 2000 })).toThrow(/what the graph returns needs 2400/);
  });

  test("says so when nothing fits", () => {
    const { report, graph: result } = rematerializePass(graph, { budget: Math.floor(0.42 * peak) });
    expect(report.feasible).toBe(false);
    expect(report.peakAfter).toBeLessThan(peak);
    same(runGraph(result, inputs), expected);
  });

  test("leaves graphs without equations alone", () => {
    const nothing = trace((x: Tensor) => x)(zeros([4]));
    expect(rematerializePass(nothing, { budget: 0 }).report).toMatchObject({ before: 0, after: 0 });
  });
});

describe("costs", () => {
  const x = zeros([4, 3]);
  const y = zeros([3, 5]);

  test("a node for every equation and one for the results", () => {
    const graph = trace((a: Tensor) => a.sin().add(a.cos()))(x);
    expect(costGraph(graph)).toEqual({
      n: 4,
      edges: [
        [0, 2],
        [1, 2],
        [2, 3],
      ],
      memory: [96, 96, 96, 0],
      duration: [12, 12, 12, 0],
    });
    expect(graphPeak(graph)).toBe(3 * 96);
  });

  test.each<readonly [string, (a: Tensor, b: Tensor) => unknown, number]>([
    ["contraction", (a, b) => matmul(a, b), 2 * 4 * 3 * 5],
    ["element-wise", (a) => a.exp(), 12],
    ["reduction", (a) => a.sum(), 12],
    ["broadcast", (a) => a.sum().broadcastTo([20]), 20],
    ["loop", (a) => scan((c: Tensor) => [c.sin(), null], a, null, { length: 10 }).carry, 120],
    [
      "loop of unknown length",
      (a) =>
        whileLoop(
          (c) => c.at(0, 0).less(1),
          (c) => c.add(1),
          a,
        ),
      26, // slice, reshape and less; add
    ],
    [
      "dearest branch",
      (a) =>
        cond(
          a.at(0, 0).less(1),
          (c) => c.sin(),
          (c) => c.sin().cos(),
          a,
        ),
      24,
    ],
  ])("operations of a %s", (_name, f, flops) => {
    const { equations } = trace(f)(x, y);
    expect(Math.max(...equations.map(flopsOf))).toBe(flops);
  });
});
