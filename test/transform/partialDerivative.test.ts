// Partial derivatives of any order from Taylor series.

import fc from "fast-check";
import { DomainError, DTypeError, ShapeError, type Tensor, TracerError, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { customVjp, grad, type Indices, jet, jetPlan, partialDerivative, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "./near.ts";

describe("jetPlan", () => {
  test.each([
    [[1, 1], [2, 3], 5],
    [[2, 1], [2, 3], 7],
    [[1, 2], [3, 2], 7],
    [[1], [1], 1],
    [[4], [1], 4],
    [[2, 2], [3, 4], 14],
    [[1, 1, 1], [4, 6, 7], 17],
  ])("%j takes weights %j and order %i", (multiIndex, weights, order) => {
    expect(jetPlan(multiIndex)).toMatchObject({ weights, order });
  });

  test("no other multi-index reaches the order, and no lower order would do", () => {
    const reaches = (weights: readonly number[], order: number): number[][] => {
      const [q, ...rest] = weights;
      if (q === undefined) return order === 0 ? [[]] : [];
      const found: number[][] = [];
      for (let count = 0; count * q <= order; count++)
        for (const tail of reaches(rest, order - count * q)) found.push([count, ...tail]);
      return found;
    };
    const all = (total: number, counts: readonly number[]): number[][] => {
      const [count, ...rest] = counts;
      if (count === undefined) return total === 0 ? [[]] : [];
      const found: number[][] = [];
      for (let q = 1; q * count <= total; q++)
        for (const tail of all(total - q * count, rest)) found.push([q, ...tail]);
      return found;
    };
    const multiIndices = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(multiIndices, (multiIndex) => {
        const { weights, order } = jetPlan(multiIndex);
        expect(reaches(weights, order)).toEqual([multiIndex]);
        for (let lower = 1; lower < order; lower++)
          for (const q of all(lower, multiIndex)) expect(reaches(q, lower)).not.toHaveLength(1);
      }),
      { numRuns: 12 },
    );
  });

  test.each([[[1, 1]], [[2, 1]], [[3]], [[2, 2]], [[1, 1, 1]]])(
    "%j: a jet along the plan, times its scale, is the derivative",
    (multiIndex) => {
      const { weights, order, scale } = jetPlan(multiIndex);
      const n = multiIndex.length;
      // exp(a·x) has the derivative a^α exp(a·x).
      const a = tensor([0.7, -1.3, 0.4].slice(0, n));
      const x = tensor([0.2, 0.1, -0.5].slice(0, n));
      const series = new Array<Tensor | null>(order).fill(null);
      weights.forEach((q, i) => {
        series[q - 1] = tensor(Array.from({ length: n }, (_, j) => Number(i === j)));
      });
      const f = (y: Tensor): Tensor => a.mul(y).sum().exp();
      const derivative = jet(f, x, series).series[order - 1]!.mul(scale);
      const power = multiIndex.reduce((product, count, i) => product * a.item(i) ** count, 1);
      near(derivative, f(x).mul(power), 1e-9);
    },
  );

  test("refuses what is no derivative", () => {
    for (const bad of [[], [0], [1, 0], [-1], [1.5], [Number.NaN]])
      expect(() => jetPlan(bad)).toThrow(DomainError);
    for (const long of [[1, 1, 1, 1, 1], [10, 10], [5, 5, 5], [101]])
      expect(() => jetPlan(long)).toThrow(/order above 100; nest two jets/);
    expect(jetPlan([1, 1, 1, 1]).order).toBe(49);
  });
});

describe("partialDerivative", () => {
  // A monomial times exponentials: derivatives of all orders are short.
  const f = (x: Tensor): Tensor =>
    x
      .at(0)
      .pow(3)
      .mul(x.at(1).mul(2).sin())
      .mul(x.at(2).exp())
      .add(x.at(3).mul(x.at(0)).exp());
  const [a, b, c, d] = [0.7, 0.4, -0.2, 0.9];
  const x = tensor([a, b, c, d]);
  const e = Math.exp(c);
  const g = Math.exp(a * d);
  const cases: readonly (readonly [Indices, number])[] = [
    [[[0, 1]], 3 * a ** 2 * Math.sin(2 * b) * e + d * g],
    [[[1, 2]], -4 * a ** 3 * Math.sin(2 * b) * e],
    [
      [
        [0, 1],
        [1, 1],
      ],
      6 * a ** 2 * Math.cos(2 * b) * e,
    ],
    [
      [
        [0, 1],
        [3, 1],
      ],
      (1 + a * d) * g,
    ],
    [
      [
        [0, 2],
        [3, 1],
      ],
      (2 * d + a * d * d) * g,
    ],
    [
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
      6 * a ** 2 * Math.cos(2 * b) * e,
    ],
    [[[1, 4]], 16 * a ** 3 * Math.sin(2 * b) * e],
    [
      [
        [0, 2],
        [1, 2],
      ],
      6 * a * -4 * Math.sin(2 * b) * e,
    ],
    [
      [
        [0, 3],
        [2, 1],
      ],
      6 * Math.sin(2 * b) * e,
    ],
    [
      [
        [0, 2],
        [1, 1],
        [2, 2],
      ],
      6 * a * 2 * Math.cos(2 * b) * e,
    ],
    [
      [
        [0, 3],
        [1, 2],
      ],
      6 * -4 * Math.sin(2 * b) * e,
    ],
    [
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      0,
    ],
    [
      [
        [2, 6],
        [3, 8],
      ],
      0,
    ],
    [[[2, 5]], a ** 3 * Math.sin(2 * b) * e],
    [
      [
        [1, 1],
        [1, 2],
        [0, 2],
      ],
      6 * a * -8 * Math.cos(2 * b) * e,
    ],
  ];
  test.each(cases)("%j", (indices, expected) => {
    near(partialDerivative(f, x, { indices }), tensor(expected), 1e-9);
  });

  test("is differentiable, and can be batched and compiled", () => {
    const mixed = (y: Tensor): Tensor =>
      partialDerivative(f, y, {
        indices: [
          [0, 1],
          [1, 1],
        ],
      });
    const further = grad(mixed)(x);
    near(further.at(2), tensor(6 * a ** 2 * Math.cos(2 * b) * e));
    near(further.at(0), tensor(12 * a * Math.cos(2 * b) * e));
    const points = tensor([
      [a, b, c, d],
      [1, 2, 3, 4],
    ]);
    near(vmap(mixed)(points).at(1), mixed(points.at(1)));
    near(jit(vmap(mixed))(points), vmap(mixed)(points));
  });

  test("float32, also for derivatives whose single series would be long", () => {
    const all: Indices = [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
    ];
    const product = (y: Tensor): Tensor => y.prod().add(y.sum().exp());
    const at = tensor([0.1, 0.2, 0.3, 0.4], { dtype: "float32" });
    near(partialDerivative(product, at, { indices: all }), tensor(1 + Math.E, { dtype: "float32" }), 1e-5);
  });

  test("what does not depend on x has derivative 0", () => {
    near(
      partialDerivative(() => tensor(3), x, { indices: [[0, 2]] }),
      tensor(0),
    );
  });

  test("bad input", () => {
    const on = (indices: Indices) => () => partialDerivative(f, x, { indices });
    expect(on([])).toThrow(DomainError);
    expect(on([])).toThrow(/the order is 0/);
    expect(on([[0, 0]])).toThrow(/positive count was expected for dimension 0, got 0/);
    expect(on([[0, 1.5]])).toThrow(DomainError);
    expect(on([[4, 1]])).toThrow(ShapeError);
    expect(on([[-1, 1]])).toThrow(/from 0 to 3.*got -1/);
    const first = { indices: [[0, 1]] } as const;
    expect(() => partialDerivative((y) => y.sin(), x, first)).toThrow(/shape \[4\] where a scalar/);
    expect(() => partialDerivative(((y: Tensor) => [y.sum()]) as never, x, first)).toThrow(ShapeError);
    expect(() => partialDerivative((y) => y.astype("complex128").sum(), x, first)).toThrow(DTypeError);
    expect(() => partialDerivative((y) => y.greater(0).all(), x, first)).toThrow(DTypeError);
    expect(() => partialDerivative((y) => y.sum(), tensor(1), first)).toThrow(/a vector \[d\]/);
    expect(() => partialDerivative((y) => y.sum(), x.astype("int32"), first)).toThrow(DTypeError);
  });

  test("a function with a rule for reverse mode only is named", () => {
    const reverseOnly = customVjp((y: Tensor) => y.sum(), {
      forward: (y) => [y.sum(), y],
      backward: (y, cotangent) => [y.mul(0).add(cotangent)],
    });
    expect(() => partialDerivative(reverseOnly, x, { indices: [[0, 2]] })).toThrow(TracerError);
    expect(() => partialDerivative(reverseOnly, x, { indices: [[0, 2]] })).toThrow(/customVjp/);
  });
});
