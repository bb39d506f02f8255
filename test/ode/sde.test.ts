// Stochastic equations: paths that repeat and refine, strong and weak orders, gradients.

import { DomainError, exp, ones, ShapeError, stack, type Tensor, tensor, zeros } from "polyadic";
import {
  brownianPath,
  eulerMaruyama,
  milstein,
  type SdeMethod,
  solveSde,
  stochasticHeun,
} from "polyadic/ode";
import { key } from "polyadic/random";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { fittedOrder } from "./problems.ts";

const MU = 0.5;
const SIGMA = 0.6;

describe("Brownian paths", () => {
  test("the same at the same times, whatever was asked for before", () => {
    const a = brownianPath(key(1), { t1: 2, size: 3 });
    const b = brownianPath(key(1), { t1: 2, size: 3 });
    const fine = a.at(Array.from({ length: 65 }, (_, i) => i / 32));
    const coarse = b.at([2, 0.5, 1.3, 1, 0]);
    expect(coarse.at(1).toArray()).toEqual(fine.at(16).toArray());
    expect(coarse.at(3).toArray()).toEqual(fine.at(32).toArray());
    expect(coarse.at(4).toArray()).toEqual([0, 0, 0]);
    expect(a.at([1.3]).at(0).toArray()).toEqual(coarse.at(2).toArray());
  });
  test("increments are independent normals of the right variance", () => {
    const size = 4000;
    const w = brownianPath(key(2), { t1: 1, size }).at([0, 0.3, 0.5, 1]);
    const steps = w.at("1:").sub(w.at(":-1"));
    [0.3, 0.2, 0.5].forEach((h, i) => {
      expect(Math.abs(steps.at(i).square().mean().item() / h - 1)).toBeLessThan(0.1);
    });
    const mixed = steps.at(0).mul(steps.at(1)).mean().item() / Math.sqrt(0.06);
    expect(Math.abs(mixed)).toBeLessThan(4 / Math.sqrt(size));
  });
  test("bad input throws", () => {
    expect(() => brownianPath(key(1), { t1: 0 })).toThrow(DomainError);
    expect(() => brownianPath(key(1), { t1: 1 }).at([2])).toThrow(DomainError);
  });
});

/** Geometric Brownian motion, many paths at once, in the meaning of the method. */
const drift =
  ({ interpretation }: SdeMethod) =>
  (_t: Tensor, y: Tensor): Tensor =>
    y.mul(interpretation === "ito" ? MU : MU - SIGMA ** 2 / 2);
const diffusion = (_t: Tensor, y: Tensor): Tensor => y.mul(SIGMA);

describe("orders", () => {
  const n = 400;
  const path = brownianPath(key(3), { t1: 1, size: n });
  const exact = exp(
    path
      .at([1])
      .at(0)
      .mul(SIGMA)
      .add(MU - SIGMA ** 2 / 2),
  );
  test.each([
    [eulerMaruyama(), 0.5],
    [milstein(), 1],
    [stochasticHeun(), 1],
  ] as const)("strong: one path on nested meshes, %o", (method, order) => {
    const errors = [16, 32, 64, 128].map((count) => {
      const s = solveSde(key(0), drift(method), diffusion, ones([n]), {
        ...{ t1: 1, dt: 1 / count, method, path, saveAt: { times: [1] } },
      });
      return s.y.at(0).sub(exact).abs().mean().item();
    });
    expect(Math.abs(fittedOrder(errors) - order)).toBeLessThan(0.15);
  });
  test.each([eulerMaruyama(), milstein()])("weak: the mean of many paths, %o", (method) => {
    // The path's own exact mean takes the place of the expectation, which removes most of the noise.
    const size = 20000;
    const w = brownianPath(key(4), { t1: 1, size });
    const mean = exp(
      w
        .at([1])
        .at(0)
        .mul(SIGMA)
        .add(MU - SIGMA ** 2 / 2),
    )
      .mean()
      .item();
    const errors = [2, 4, 8].map((count) => {
      const options = { t1: 1, dt: 1 / count, method, path: w, saveAt: { times: [1] } };
      return Math.abs(
        solveSde(key(0), drift(method), diffusion, ones([size]), options)
          .y.mean()
          .item() - mean,
      );
    });
    expect(fittedOrder(errors)).toBeGreaterThan(0.75);
    expect(errors[0]).toBeLessThan(0.2);
  });
  test("without noise Heun's scheme has order 2", () => {
    const errors = [8, 16, 32].map((count) => {
      const s = solveSde(
        key(0),
        (_t, y: Tensor) => y.neg(),
        (_t, y: Tensor) => y.mul(0),
        tensor([1]),
        {
          ...{ t1: 1, dt: 1 / count, method: stochasticHeun() },
        },
      );
      return Math.abs(s.y.item(count, 0) - Math.exp(-1));
    });
    expect(fittedOrder(errors)).toBeGreaterThan(1.85);
  });
});

describe("noise and options", () => {
  const still = (_t: Tensor, y: Tensor): Tensor => y.mul(0);
  test("additive and general noise: the mean square of a sum of motions", () => {
    const g = tensor([
      [1, 2],
      [0, 1],
    ]);
    const path = brownianPath(key(5), { t1: 1, size: 2 });
    const s = solveSde(key(0), still, () => g, zeros([2]), {
      t1: 1,
      dt: 0.25,
      noise: "general",
      noiseSize: 2,
      path,
    });
    const w = path.at([1]).at(0);
    expect(s.y.at(-1).sub(g.matmul(w)).abs().max().item()).toBeLessThan(1e-12);
    const one = brownianPath(key(6), { t1: 1 });
    const scalar = solveSde(key(0), still, (_t, y: Tensor) => y.mul(0).add(tensor([1, -3])), zeros([2]), {
      ...({ t1: 1, dt: 0.1, noise: "scalar", path: one } as const),
    });
    expect(scalar.y.item(10, 1)).toBeCloseTo(-3 * one.at([1]).item(0, 0), 12);
  });
  test("a key repeats its path; Ornstein-Uhlenbeck has its stationary variance", () => {
    const run = (seed: number): Tensor =>
      solveSde(
        key(seed),
        (_t, y: Tensor) => y.neg(),
        (_t, y: Tensor) => y.mul(0).add(1),
        zeros([4000]),
        {
          ...({ t1: 5, dt: 0.02, noise: "additive", saveAt: { times: [5] } } as const),
        },
      ).y;
    const y = run(7);
    expect(y.toArray()).toEqual(run(7).toArray());
    expect(y.toArray()).not.toEqual(run(8).toArray());
    expect(y.square().mean().item()).toBeCloseTo(0.5, 1);
  });
  test("gradients along a path", () => {
    const end = (rate: Tensor): Tensor =>
      solveSde(key(1), (_t, y: Tensor, a: Tensor) => y.mul(a), diffusion, tensor([1]), {
        t1: 1,
        dt: 0.1,
        args: rate,
        method: milstein(),
      })
        .y.at(-1)
        .sum();
    const e = 1e-5;
    const known = (end(tensor(0.5 + e)).item() - end(tensor(0.5 - e)).item()) / (2 * e);
    expect(grad(end)(tensor(0.5)).item()).toBeCloseTo(known, 6);
  });
  test("bad input throws", () => {
    const one = tensor([1]);
    expect(() => solveSde(key(1), still, diffusion, one, { t1: 1, dt: 0 })).toThrow(DomainError);
    expect(() => solveSde(key(1), still, diffusion, one, { t1: 0, dt: 0.1 })).toThrow(DomainError);
    expect(() => solveSde(key(1), still, diffusion, one, { t1: 1, dt: 0.1, noise: "general" })).toThrow(
      /noiseSize/,
    );
    const general = { t1: 1, dt: 0.1, noise: "general", noiseSize: 2 } as const;
    expect(() => solveSde(key(1), still, diffusion, one, general)).toThrow(ShapeError);
    expect(() => solveSde(key(1), still, diffusion, one, { ...general, method: milstein() })).toThrow(
      DomainError,
    );
    expect(() => solveSde(key(1), still, (_t, y: Tensor) => stack([y]), one, { t1: 1, dt: 0.1 })).toThrow(
      ShapeError,
    );
    const path = brownianPath(key(1), { t1: 0.5 });
    expect(() => solveSde(key(1), still, diffusion, one, { t1: 1, dt: 0.1, path })).toThrow(/path/);
  });
});
