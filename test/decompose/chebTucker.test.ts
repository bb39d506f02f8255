import { cos, exp, type Tensor } from "polyadic";
import {
  ChebTucker,
  chebTrain,
  chebTucker,
  chebTuckerFromCp,
  full,
  newtonKernel,
  particlePotential,
  pointwise,
  rangeSeparate,
} from "polyadic/decompose";
import { key, uniform } from "polyadic/random";
import { linspace, tensor } from "polyadic/tensor";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";

const domain = [
  [-1, 1],
  [0, 2],
  [1, 3],
] as const;
const f = pointwise((x, y, z) => Math.exp(x * y) * Math.cos(z + x), 3);
const form = chebTucker(f, { domain, tol: 1e-10 });
const points = tensor([
  [0.3, 0.7, 2.2],
  [-0.9, 1.9, 1.1],
]);

describe("chebTucker", () => {
  it("evaluates, on points and on grids", () => {
    expect(form.info.error).toBeLessThan(1e-8);
    expect(form.evaluate(points).sub(f(points)).abs().max().item()).toBeLessThan(1e-8);
    const grids = domain.map(([a, b]) => linspace(a, b, 4));
    const value = full(form.onGrid(grids)).element(1, 2, 3) as number;
    const [x, y, z] = [grids[0]!.item(1), grids[1]!.item(2), grids[2]!.item(3)];
    expect(value).toBeCloseTo(Math.exp(x * y) * Math.cos(z + x), 8);
  });

  it("differentiates, by its series and by its points", () => {
    const slope = (x: number, y: number, z: number): number => -Math.exp(x * y) * Math.sin(z + x);
    const byZ = form.derivative(2).evaluate(points);
    expect(byZ.item(0)).toBeCloseTo(slope(0.3, 0.7, 2.2), 7);
    const gradient = grad((p: Tensor) => form.evaluate(p))(tensor([0.3, 0.7, 2.2]));
    expect(gradient.item(2)).toBeCloseTo(slope(0.3, 0.7, 2.2), 7);
  });

  it("integrates, adds and rounds", () => {
    const square = chebTucker(
      pointwise((x, y) => x * x + y, 2),
      {
        domain: [
          [0, 1],
          [0, 2],
        ],
      },
    );
    expect(square.integral()).toBeCloseTo(2 / 3 + 2, 10);
    const twice = square.add(square).round({ rtol: 1e-10 });
    expect(twice.ranks).toEqual(square.ranks);
    expect(twice.integral()).toBeCloseTo(2 * (2 / 3 + 2), 9);
  });

  it("takes a constant at rank and degree 1", () => {
    const flat = chebTucker(
      pointwise(() => 3, 3),
      { domain },
    );
    expect(flat.ranks).toEqual([1, 1, 1]);
    expect(flat.degrees).toEqual([1, 1, 1]);
    expect(flat.evaluate(points).toArray()).toEqual([expect.closeTo(3, 12), expect.closeTo(3, 12)]);
  });

  it("takes canonical sums without forming their tensor", () => {
    const g = (t: Tensor): Tensor => exp(t.reshape([-1, 1]).mul(tensor([[1, -2, 0.5]])));
    const sum = chebTuckerFromCp({ weights: tensor([1, 2, -1]), factors: [g, g, g] }, { domain, tol: 1e-10 });
    expect(sum.info.error).toBeLessThan(1e-8);
    expect(sum.ranks).toEqual([3, 3, 3]);
  });

  it("approximates functions of many variables by trains", () => {
    const box = new Array<readonly [number, number]>(6).fill([0, 1]);
    const train = chebTrain((p) => cos(p.sum({ axis: 1 })), { domain: box, tol: 1e-7 });
    expect(train.info.error).toBeLessThan(1e-6);
    expect(train.ranks).toEqual([2, 2, 2, 2, 2]);
  });

  it("refuses bad input", () => {
    expect(() => chebTucker(f, { domain: [[1, 1]] })).toThrow(/a < b/);
    expect(() =>
      chebTucker(
        pointwise((x, y) => (x > 0 ? Number.NaN : y), 2),
        { domain: domain.slice(0, 2) },
      ),
    ).toThrow(/is NaN at the point \(/);
    expect(() => chebTucker(f, { domain, degree: [1, 5, 5] })).toThrow(/at least 2/);
    expect(() => form.evaluate(tensor([[0, 0, 9]]))).toThrow(/outside of the domain/);
    expect(() => new ChebTucker(form.core, form.factors.slice(1), domain)).toThrow(/factors/);
    expect(() => particlePotential(uniform(key(0), [5, 2]), uniform(key(0), [5]))).toThrow(/\[N, 3\]/);
    expect(() => particlePotential(tensor([[2, 0, 0]]), tensor([1]))).toThrow(/particle 0 lies outside/);
  });
});

describe("Newton's kernel", () => {
  it("has the accuracy of its terms, and splits", () => {
    const kernel = newtonKernel({ terms: 80 });
    const { long, short } = rangeSeparate(kernel, 4);
    expect(long.rates.length + short.rates.length).toBe(161);
    for (const r of [0.05, 0.5, 6]) {
      let sum = 0;
      kernel.rates.forEach((t, k) => {
        sum += kernel.weights[k]! * Math.exp(-t * t * r * r);
      });
      expect(Math.abs(sum * r - 1)).toBeLessThan(1e-6);
    }
  });

  it("gives the potential of particles", () => {
    const positions = tensor([
      [0.1, 0.2, 0.3],
      [-0.5, 0.4, 0],
    ]);
    const potential = particlePotential(positions, tensor([1, -2]), { terms: 80 });
    const at = tensor([[0.9, -0.8, 0.7]]);
    const distance = (i: number): number =>
      Math.hypot(...[0, 1, 2].map((k) => (at.element(0, k) as number) - (positions.element(i, k) as number)));
    expect(potential.evaluate(at).item(0)).toBeCloseTo(1 / distance(0) - 2 / distance(1), 4);
  });
});
