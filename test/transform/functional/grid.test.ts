import { DomainError, ShapeError, type Tensor, tensor } from "polyadic";
import { fn, integrate, productGrid, quadrature } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import reference from "../../reference/quadrature.json" with { type: "json" };
import { scalar } from "./functions.ts";

describe("quadrature", () => {
  test.each(Object.entries(reference.legendre))("legendre %s, to the last digits", (n, rule) => {
    const { nodes, weights } = quadrature("legendre", Number(n), [-1, 1]);
    for (let i = 0; i < Number(n); i++) {
      expect(Math.abs(nodes.item(i) - rule.nodes[i]!)).toBeLessThan(3e-16);
      expect(Math.abs(weights.item(i) / rule.weights[i]! - 1)).toBeLessThan(2e-14);
    }
  });

  test("legendre is exact below degree 2n, and not at 2n", () => {
    const moment = (n: number, degree: number): number =>
      integrate(
        scalar((x) => x.pow(degree)),
        { grid: quadrature("legendre", n, [0, 2]) },
      ).item();
    for (const n of [1, 2, 5, 9]) {
      const exact = (degree: number): number => 2 ** (degree + 1) / (degree + 1);
      for (let degree = 0; degree < 2 * n; degree++)
        expect(moment(n, degree) / exact(degree)).toBeCloseTo(1, 13);
      expect(Math.abs(moment(n, 2 * n) / exact(2 * n) - 1)).toBeGreaterThan(1e-12);
    }
  });

  test("trapezoid is exact for straight lines and fast for periodic functions", () => {
    const line = scalar((x) => x.mul(3).add(1));
    expect(integrate(line, { grid: quadrature("trapezoid", 2, [1, 3]) }).item()).toBeCloseTo(14, 13);
    const wave = scalar((x) => x.sin().exp());
    const grid = quadrature("trapezoid", 25, [0, 2 * Math.PI]);
    // 2π·I₀(1)
    expect(integrate(wave, { grid }).item()).toBeCloseTo(2 * Math.PI * 1.2660658777520084, 12);
  });

  test("products of grids serve vector arguments", () => {
    const grid = productGrid(quadrature("legendre", 4, [0, 1]), quadrature("legendre", 3, [0, 2]));
    expect(grid.nodes.shape).toEqual([12, 2]);
    const f = fn({ in: [[2]], out: [] }, (p) => p.at(0).pow(2).mul(p.at(1).pow(3)));
    expect(integrate(f, { grid }).item()).toBeCloseTo(4 / 3, 13);
  });

  test("bad input", () => {
    expect(() => quadrature("legendre", 0, [0, 1])).toThrow(/at least 1/);
    expect(() => quadrature("trapezoid", 1, [0, 1])).toThrow(/at least 2/);
    expect(() => quadrature("legendre", 2.5, [0, 1])).toThrow(DomainError);
    expect(() => quadrature("legendre", 4, [1, 1])).toThrow(/low < high/);
    expect(() => quadrature("simpson" as "legendre", 4, [0, 1])).toThrow(/"simpson"|simpson/);
    const f = scalar((x) => x.square());
    const outside = { nodes: tensor([0.5, 1.5]), weights: tensor([0.5, 0.5]), interval: [0, 1] } as const;
    expect(() => integrate(f, { grid: outside })).toThrow(/node 1.5 lies outside of the interval \[0, 1\]/);
    const ragged = { nodes: tensor([0.5]), weights: tensor([0.5, 0.5]), interval: [0, 1] } as const;
    expect(() => integrate(f, { grid: ragged })).toThrow(ShapeError);
    const grid = quadrature("legendre", 4, [0, 1]);
    const g = fn({ in: [[2]], out: [] }, (p: Tensor) => p.sum());
    expect(() => integrate(g, { grid })).toThrow(/nodes \[n, 2\]/);
    expect(() => integrate(f, { grid: [grid, grid] })).toThrow(/1 grids were expected/);
    expect(() => productGrid(productGrid(grid, grid))).toThrow(ShapeError);
  });
});
