import { DomainError, ShapeError, type Tensor, TracerError, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { complexFrom, stack } from "polyadic/ops";
import {
  cubature,
  cumulativeTrapezoid,
  fixedQuad,
  productQuad,
  quad,
  romberg,
  simpson,
  tanhSinh,
  trapezoid,
} from "polyadic/quadrature";
import { grad, hessian, jvp, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { G7K15, G10K21 } from "../../src/quadrature/kronrod.ts";
import data from "../reference/integrals.json" with { type: "json" };

const { exact } = data;
const FAR = Number.POSITIVE_INFINITY;

describe.each([
  ["G7K15", G7K15, 7, 15],
  ["G10K21", G10K21, 10, 21],
] as const)("%s", (_name, { nodes, kronrod, gauss }, n, m) => {
  test("is exact to its degrees, and not beyond", () => {
    expect(nodes.length).toBe(m);
    const error = (weights: Float64Array, degree: number): number => {
      const sum = nodes.reduce((total, x, i) => total + weights[i]! * x ** degree, 0);
      return Math.abs(sum - (degree % 2 ? 0 : 2 / (degree + 1)));
    };
    for (let degree = 0; degree < 2 * n; degree++) expect(error(gauss, degree)).toBeLessThan(1e-15);
    for (let degree = 0; degree <= 3 * n + 1; degree++) expect(error(kronrod, degree)).toBeLessThan(1e-15);
    expect(error(gauss, 2 * n)).toBeGreaterThan(1e-8);
    expect(gauss.filter((w) => w > 0).length).toBe(n);
  });
});

type Case = readonly [keyof typeof exact, (x: Tensor) => Tensor, number, number];
const SMOOTH: readonly Case[] = [
  ["peak", (x) => x.sub(0.3).square().add(1e-4).pow(-1), 0, 1],
  ["wave", (x) => x.mul(40).cos().mul(x.exp()), 0, 2],
  ["gauss", (x) => x.square().neg().exp(), -FAR, FAR],
  ["decay", (x) => x.neg().exp().mul(x.sqrt()), 0, FAR],
  ["cauchy", (x) => x.square().add(1).pow(-1), 0, FAR],
  ["left", (x) => x.exp().div(x.square().add(1)), -FAR, 1],
];
const SINGULAR: readonly Case[] = [
  ["root", (x) => x.pow(-0.5), 0, 1],
  ["logarithm", (x) => x.log(), 0, 1],
  ["power", (x) => x.pow(-0.9), 0, 1],
];

describe("adaptive rules", () => {
  test.each(SMOOTH)("%s by Gauss and Kronrod", (name, f, a, b) => {
    for (const rule of ["G7K15", "G10K21"] as const) {
      const { value, error, converged, evaluations } = quad(f, a, b, { rule });
      expect(converged).toBe(true);
      const size = Math.abs(exact[name]);
      expect(Math.abs(value.item() - exact[name])).toBeLessThan(1e-10 * Math.max(1, size));
      expect(Math.abs(value.item() - exact[name])).toBeLessThan(error.item() + 1e-14 * size);
      expect(evaluations).toBeLessThan(3000);
      expect(quad(f, b, a, { rule }).value.item()).toBe(-value.item());
    }
  });
  test.each([...SMOOTH.slice(2), ...SINGULAR])("%s by the double exponential rule", (name, f, a, b) => {
    const { value, converged } = tanhSinh(f, a, b);
    expect(converged).toBe(true);
    expect(Math.abs(value.item() - exact[name])).toBeLessThan(1e-11 * Math.abs(exact[name]));
    expect(tanhSinh(f, b, a).value.item()).toBe(-value.item());
  });
  test.each(SINGULAR.slice(0, 2))("%s with nodes that crowd at the limits", (name, f, a, b) => {
    const plain = quad(f, a, b);
    const changed = quad(f, a, b, { singular: true });
    expect(changed.converged).toBe(true);
    expect(Math.abs(changed.value.item() - exact[name])).toBeLessThan(1e-10);
    expect(changed.evaluations).toBeLessThan(plain.evaluations / 3);
  });
  test("a kink that is told costs one split", () => {
    const f = (x: Tensor): Tensor => x.sub(1).abs();
    const told = quad(f, 0, 3, { points: [1] });
    expect(told.value.item()).toBeCloseTo(exact.kink, 13);
    expect(told.evaluations).toBe(42);
    expect(quad(f, 0, 3).evaluations).toBeGreaterThan(200);
  });
  test("what does not converge is reported", () => {
    const wild = quad((x) => x.pow(-1).sin().div(x), 0, 1, { limit: 20 });
    expect(wild.converged).toBe(false);
    const never = quad((x) => x.pow(-1), -1, 1, { limit: 100 });
    expect(never.converged).toBe(false);
    expect(quad((x) => x.mul(Number.NaN), 0, 1).converged).toBe(false);
  });
  test("vectors and complex numbers", () => {
    const { value, error } = quad((x) => stack([x, x.square(), x.exp()], 1).expandDims(1), 0, 2);
    expect(value.shape).toEqual([1, 3]);
    expect(error.shape).toEqual([1, 3]);
    [2, 8 / 3, Math.E ** 2 - 1].forEach((each, i) => {
      expect(value.at(0, i).item()).toBeCloseTo(each, 12);
    });
    const around = quad((t) => complexFrom(t.mul(3).cos(), t.mul(3).sin()), 0, 1);
    expect(around.value.dtype).toBe("complex128");
    expect(around.value.real().item()).toBeCloseTo(Math.sin(3) / 3, 13);
    expect(around.value.imag().item()).toBeCloseTo((1 - Math.cos(3)) / 3, 13);
  });
  test("boxes", () => {
    const cube = cubature(
      (p) => p.square().sum({ axis: 1 }).neg().exp(),
      [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
      { rtol: 1e-8 },
    );
    expect(cube.converged).toBe(true);
    expect(Math.abs(cube.value.item() - exact.box)).toBeLessThan(1e-8);
    const ridge = cubature(
      (p) => p.at(":", 0).sub(p.at(":", 1)).square().mul(400).add(1).pow(-1).mul(20),
      [
        [0, 1],
        [0, 1],
      ],
      { rtol: 1e-7 },
    );
    expect(Math.abs(ridge.value.item() - exact.ridge)).toBeLessThan(1e-6);
    expect(cube.evaluations).toBeLessThan(100_000);
    // Exact for polynomials of degree 7, with one box.
    const p7 = cubature(
      (p) => p.at(":", 0).pow(4).mul(p.at(":", 1).pow(2)).mul(p.at(":", 2)),
      [
        [0, 2],
        [-1, 1],
        [0, 1],
      ],
      {
        limit: 1,
      },
    );
    expect(p7.value.item()).toBeCloseTo((32 / 5) * (2 / 3) * 0.5, 12);
  });
});

describe("derivatives", () => {
  const f =
    (c: Tensor) =>
    (x: Tensor): Tensor =>
      x.mul(c).sin();
  test.each([
    ["quad", (g: (x: Tensor) => Tensor, a: Tensor, b: Tensor) => quad(g, a, b).value],
    ["tanhSinh", (g: (x: Tensor) => Tensor, a: Tensor, b: Tensor) => tanhSinh(g, a, b).value],
    ["fixedQuad", (g: (x: Tensor) => Tensor, a: Tensor, b: Tensor) => fixedQuad(g, a, b)],
  ])("%s: of closures and of limits, once and twice", (_name, integral) => {
    const of = (p: Tensor): Tensor => integral(f(p.at(0)), p.at(1), p.at(2));
    const closed = (p: Tensor): Tensor =>
      p
        .at(0)
        .mul(p.at(1))
        .cos()
        .sub(p.at(0).mul(p.at(2)).cos())
        .div(p.at(0));
    const at = tensor([1.3, 0.2, 2.1]);
    expect(grad(of)(at).sub(grad(closed)(at)).abs().max().item()).toBeLessThan(1e-11);
    expect(hessian(of)(at).sub(hessian(closed)(at)).abs().max().item()).toBeLessThan(1e-9);
    const { tangent } = jvp(of, [at], [tensor([1, 0.5, -1])]);
    expect(tangent.item()).toBeCloseTo(jvp(closed, [at], [tensor([1, 0.5, -1])]).tangent.item(), 11);
  });
  test("over half-lines the finite limit moves", () => {
    const tail = (a: Tensor): Tensor => quad((x) => x.square().neg().exp(), a, FAR).value;
    expect(grad(tail)(tensor(0.7)).item()).toBeCloseTo(-Math.exp(-0.49), 10);
    const boxed = (c: Tensor): Tensor =>
      cubature(
        (p) => p.sum({ axis: 1 }).mul(c).exp(),
        [
          [0, 1],
          [0, 1],
        ],
      ).value;
    const h = 1e-4;
    const difference =
      boxed(tensor(0.8 + h))
        .sub(boxed(tensor(0.8 - h)))
        .item() /
      (2 * h);
    expect(grad(boxed)(tensor(0.8)).item()).toBeCloseTo(difference, 6);
  });
  test("fixed rules go through jit and vmap; adaptive ones say that they do not", () => {
    const g = (b: Tensor): Tensor => fixedQuad((x) => x.exp(), 0, b);
    expect(jit(g)(tensor(1)).item()).toBeCloseTo(Math.E - 1, 13);
    const many = vmap(g)(tensor([1, 2])).toTypedArray();
    expect(many[1]).toBeCloseTo(Math.E ** 2 - 1, 13);
    expect(() => jit((b: Tensor) => quad((x) => x, 0, b).value)(tensor(1))).toThrow(TracerError);
  });
});

describe("fixed rules", () => {
  test.each(["gaussLegendre", "clenshawCurtis", "gaussLobatto"] as const)("%s", (rule) => {
    const value = fixedQuad((x) => stack([x.exp(), x.cos()], 1), -1, 2, { rule, n: 24 });
    expect(value.at(0).item()).toBeCloseTo(Math.exp(2) - Math.exp(-1), 12);
    expect(value.at(1).item()).toBeCloseTo(Math.sin(2) + Math.sin(1), 12);
  });
  test("products over boxes", () => {
    const value = productQuad(
      (p) => p.square().sum({ axis: 1 }).neg().exp(),
      [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
      { n: 12 },
    );
    expect(value.item()).toBeCloseTo(exact.box, 13);
    const slope = grad((b: Tensor) =>
      productQuad(
        (p) => p.at(":", 0).mul(p.at(":", 1)),
        [
          [0, b],
          [0, 2],
        ],
        { n: 3 },
      ),
    );
    expect(slope(tensor(1.5)).item()).toBeCloseTo(3, 12);
  });
});

describe("samples", () => {
  const y = tensor(data.y);
  const { x } = data;
  test("are integrated as by SciPy", () => {
    expect(trapezoid(y, { spacing: x }).item()).toBeCloseTo(data.trapezoid, 13);
    cumulativeTrapezoid(y, { spacing: x })
      .toTypedArray()
      .forEach((value, i) => {
        expect(value).toBeCloseTo(data.cumulative[i]!, 13);
      });
    expect(simpson(y, { spacing: x }).item()).toBeCloseTo(data.simpson8, 12);
    expect(simpson(y.at(":7"), { spacing: x.slice(0, 7) }).item()).toBeCloseTo(data.simpson7, 12);
    expect(simpson(y, { spacing: 0.3 }).item()).toBeCloseTo(data.simpsonEven, 12);
    const grid = tensor(Array.from({ length: 17 }, (_, i) => i / 8)).exp();
    expect(romberg(grid, { spacing: 0.125 }).item()).toBeCloseTo(data.romberg, 12);
  });
  test("along any axis, with derivatives", () => {
    const rows = stack([y, y.mul(2)], 1);
    expect(simpson(rows, { axis: 0 }).at(1).item()).toBeCloseTo(2 * simpson(y).item(), 12);
    expect(cumulativeTrapezoid(rows, { axis: 0 }).shape).toEqual([8, 2]);
    expect(grad((t: Tensor) => trapezoid(t))(y).toArray()).toEqual([0.5, 1, 1, 1, 1, 1, 1, 0.5]);
    expect(trapezoid(tensor([3])).item()).toBe(0);
  });
});

test.each<[string, () => unknown, new () => Error, RegExp]>([
  ["limit", () => quad((x) => x, Number.NaN, 1), DomainError, /quad: a: a number was expected, got NaN/],
  ["both infinite", () => quad((x) => x, FAR, FAR), DomainError, /limit other than/],
  ["vector limit", () => quad((x) => x, tensor([0, 1]), 1), ShapeError, /quad: a/],
  [
    "values",
    () => quad((x) => x.sum(), 0, 1),
    ShapeError,
    /shape \[21, …\] was expected for 21 points, got \[\]/,
  ],
  ["points", () => quad((x) => x, 0, 1, { points: [2] }), DomainError, /points/],
  ["rule", () => quad((x) => x, 0, 1, { rule: "G3K7" as "G7K15" }), DomainError, /rule/],
  ["rtol", () => quad((x) => x, 0, 1, { rtol: -1 }), DomainError, /rtol/],
  ["count", () => quad((x) => x, 0, 1, { limit: 0 }), DomainError, /limit/],
  ["level", () => tanhSinh((x) => x, 0, 1, { maxLevel: 0.5 }), DomainError, /maxLevel/],
  ["n", () => fixedQuad((x) => x, 0, 1, { n: 0 }), DomainError, /n: an integer/],
  ["box", () => cubature((x) => x, [[0, 1]]), ShapeError, /2 to 15/],
  [
    "infinite box",
    () =>
      cubature(
        (x) => x,
        [
          [0, 1],
          [0, FAR],
        ],
      ),
    DomainError,
    /finite limits/,
  ],
  ["no box", () => productQuad((x) => x, []), ShapeError, /at least 1 side/],
  ["places", () => trapezoid(tensor([1, 2]), { spacing: [1] }), ShapeError, /2 places/],
  ["spacing", () => simpson(tensor([1, 2, 3]), { spacing: Number.NaN }), DomainError, /spacing/],
  ["equal places", () => simpson(tensor([1, 2, 3]), { spacing: [0, 0, 1] }), DomainError, /neighbours/],
  ["romberg", () => romberg(tensor([1, 2, 3, 4])), ShapeError, /2\^k \+ 1/],
])("refuses bad input: %s", (_name, call, error, message) => {
  expect(call).toThrow(error);
  expect(call).toThrow(message);
});
