// Functional derivatives against Euler and Lagrange's expressions worked out by hand.

import fc from "fast-check";
import { exp, type Tensor, tensor } from "polyadic";
import {
  divergence,
  type Fn,
  fn,
  grad,
  hvp,
  inner,
  integrate,
  jet,
  jvp,
  linearize,
  nabla,
  quadrature,
  valueAndGrad,
  vjp,
} from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { expectFunction, expectPlanar, planar, scalar } from "./functions.ts";

const { sin, cos } = Math;

/** y = sin 2x + x³, and its derivatives. */
const y = scalar((x) => x.mul(2).sin().add(x.pow(3)));
const y0 = (x: number): number => sin(2 * x) + x ** 3;
const y1 = (x: number): number => 2 * cos(2 * x) + 3 * x ** 2;
const y2 = (x: number): number => -4 * sin(2 * x) + 6 * x;
const y3 = (x: number): number => -8 * cos(2 * x) + 6;
const y4 = (x: number): number => 16 * sin(2 * x);

const x = scalar((t) => t);
const second = (f: Fn): Fn => nabla(nabla(f));

describe("Lagrangians of one function of one variable", () => {
  const cases: [string, (f: Fn) => Tensor, (x: number) => number][] = [
    ["f³ + f sin x", (f) => f.pow(3).add(f.mul(x.sin())), (t) => 3 * y0(t) ** 2 + sin(t)],
    ["f'²/2", (f) => nabla(f).square().div(2), (t) => -y2(t)],
    ["f·f'²", (f) => f.mul(nabla(f).square()), (t) => -(y1(t) ** 2) - 2 * y0(t) * y2(t)],
    ["√(1 + f'²)", (f) => nabla(f).square().add(1).sqrt(), (t) => -y2(t) / (1 + y1(t) ** 2) ** 1.5],
    ["f''²/2", (f) => second(f).square().div(2), y4],
    ["x f''²", (f) => x.mul(second(f).square()), (t) => 2 * (2 * y3(t) + t * y4(t))],
    ["f f''", (f) => f.mul(second(f)), (t) => 2 * y2(t)],
    ["x³ f'''", (f) => x.pow(3).mul(nabla(second(f))), () => -6],
    ["x² f'", (f) => x.square().mul(nabla(f)), (t) => -2 * t],
    [
      "f''² f' (third derivatives)",
      (f) => second(f).square().mul(nabla(f)),
      // d²/dx² (2 f'' f') - d/dx f''²
      (t) => 4 * y2(t) * y3(t) + 2 * (y1(t) * y4(t) + y2(t) * y3(t)) - 2 * y2(t) * y3(t),
    ],
  ];
  test.each(cases)("%s", (_, lagrangian, exact) => {
    expectFunction(grad((f: Fn) => integrate(lagrangian(f)))(y), exact);
  });

  test("in reverse mode too", () => {
    const functional = (f: Fn): Tensor => {
      const slope = nabla(f, { mode: "reverse" });
      return integrate(
        slope
          .square()
          .div(2)
          .add(nabla(slope, { mode: "reverse" }).square().div(2)),
      );
    };
    expectFunction(grad(functional)(y), (t) => -y2(t) + y4(t));
  });

  test("quadratic Lagrangians with any coefficients", () => {
    const number = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(number, number, number, number, (a, b, c, d) => {
        const functional = (f: Fn): Tensor => {
          const slope = nabla(f);
          return integrate(
            f.square().mul(a).add(f.mul(slope).mul(b)).add(slope.square().mul(c)).add(x.mul(slope).mul(d)),
          );
        };
        expectFunction(grad(functional)(y), (t) => 2 * a * y0(t) - 2 * c * y2(t) - d, 1e-10);
      }),
      { numRuns: 20 },
    );
  });
});

describe("several functions and variables", () => {
  test("a tree of functions", () => {
    const u = y;
    const v = scalar((t) => t.exp());
    const functional = (fs: { u: Fn; v: Fn[] }): Tensor => {
      const w = fs.v[0]!;
      return integrate(nabla(fs.u).mul(nabla(w)).add(fs.u.square().mul(w)));
    };
    const derivative = grad(functional)({ u, v: [v] });
    expectFunction(derivative.u, (t) => -Math.exp(t) + 2 * y0(t) * Math.exp(t));
    expectFunction(derivative.v[0]!, (t) => -y2(t) + y0(t) ** 2);
  });

  test("functions and parameters together", () => {
    const grid = quadrature("legendre", 20, [0, 1]);
    const functional = (f: Fn, c: Tensor): Tensor => integrate(f.square().mul(c), { grid });
    const [df, dc] = grad(functional, { argnums: [0, 1] })(y, tensor(3));
    expectFunction(df, (t) => 6 * y0(t));
    expect(dc.item()).toBeCloseTo(integrate(y.square(), { grid }).item(), 12);
  });

  test.each(["forward", "reverse"] as const)("Dirichlet's energy in the plane, %s", (mode) => {
    const u = planar((a, b) => a.sin().mul(b.pow(2)));
    const energy = (f: Fn): Tensor => integrate(nabla(f, { mode }).square().sum().div(2));
    expectPlanar(grad(energy)(u), (a, b) => sin(a) * b * b - 2 * sin(a));
  });

  test("weighted by the point: -div(k ∇u)", () => {
    const u = planar((a, b) => a.sin().mul(b.pow(2)));
    const k = planar((a, b) => a.mul(b).add(2));
    const energy = (f: Fn): Tensor => integrate(k.mul(nabla(f).square().sum()).div(2));
    expectPlanar(
      grad(energy)(u),
      (a, b) =>
        -(b * cos(a) * b * b + (a * b + 2) * -sin(a) * b * b + a * sin(a) * 2 * b + (a * b + 2) * 2 * sin(a)),
    );
  });

  test("∫ (div v)²/2 gives -∇ div v", () => {
    const v = fn({ in: [[2]], out: [2] }, (p) => p.square().mul(p.flip()));
    const derivative = grad((f: Fn) => integrate(divergence(f).square().div(2)))(v);
    // div v = 2xy + 2yx
    const value = derivative.call(tensor([0.3, 0.7]));
    expect(value.item(0)).toBeCloseTo(-4 * 0.7, 12);
    expect(value.item(1)).toBeCloseTo(-4 * 0.3, 12);
  });

  test("several scalar arguments: the wave equation and mixed derivatives", () => {
    const u = fn({ in: [[], []], out: [] }, (a, t) => a.mul(2).sin().mul(t.pow(3)));
    const action = (f: Fn): Tensor => {
      const [fa, ft] = [nabla(f, { arg: 0 }), nabla(f, { arg: 1 })];
      return integrate(ft.square().sub(fa.square()).div(2).add(fa.mul(ft)));
    };
    const [a, t] = [0.4, 0.6];
    // -u_tt + u_aa - 2 u_at
    const exact = sin(2 * a) * (-6 * t - 4 * t ** 3) - 2 * 2 * cos(2 * a) * 3 * t * t;
    expect(grad(action)(u).call(a, t).item()).toBeCloseTo(exact, 12);
  });

  test("curves: ∫ |γ'|²/2 gives -γ''", () => {
    const curve = fn({ in: [[]], out: [2] }, (t) => tensor([1, 2]).mul(t).sin());
    const derivative = grad((f: Fn) => integrate(nabla(f).square().sum().div(2)))(curve);
    expect(derivative.call(0.4).item(0)).toBeCloseTo(sin(0.4), 13);
    expect(derivative.call(0.4).item(1)).toBeCloseTo(4 * sin(0.8), 13);
  });
});

describe("the other transforms", () => {
  const grid = quadrature("legendre", 24, [0, 1]);
  const cubic = (f: Fn): Tensor => integrate(f.pow(3), { grid });
  const h = scalar((t) => t.cos());

  test("jvp and linearize: first variations", () => {
    const exact = integrate(y.square().mul(h).mul(3), { grid }).item();
    expect(jvp(cubic, [y], [h]).tangent.item()).toBeCloseTo(exact, 12);
    expect(linearize(cubic, y).pushforward(h).item()).toBeCloseTo(exact, 12);
    expect(valueAndGrad(cubic)(y).value.item()).toBeCloseTo(integrate(y.pow(3), { grid }).item(), 14);
  });

  test("second variations: hvp, and the gradient of a gradient", () => {
    expectFunction(hvp(cubic, y, h).product, (t) => 6 * y0(t) * cos(t));
    expectFunction(grad((f: Fn) => inner(grad(cubic)(f), h))(y), (t) => 6 * y0(t) * cos(t));
    const energy = (f: Fn): Tensor => integrate(nabla(f).square().mul(f));
    // The derivative of -f'² - 2 f f'' along h.
    expectFunction(
      hvp(energy, y, h).product,
      (t) => -2 * y1(t) * -sin(t) - 2 * cos(t) * y2(t) - 2 * y0(t) * -cos(t),
    );
  });

  test("jet: all variations along a direction", () => {
    const { series } = jet(cubic, y, [h, null, null]);
    const moment = (f: Tensor): number => integrate(f, { grid }).item();
    expect(series[0]!.item()).toBeCloseTo(moment(y.square().mul(h).mul(3)), 12);
    expect(series[1]!.item()).toBeCloseTo(moment(y.mul(h.square()).mul(6)), 12);
    expect(series[2]!.item()).toBeCloseTo(moment(h.pow(3).mul(6)), 12);
  });

  test("vjp of an operator on functions", () => {
    const { value, pullback } = vjp((f: Fn) => nabla(f.square()), y);
    expectFunction(value, (t) => 2 * y0(t) * y1(t));
    // -c'·2f
    expectFunction(pullback(h)[0], (t) => sin(t) * 2 * y0(t));
  });

  test("special functionals", () => {
    const zero = grad((_f: Fn) => integrate(h))(y);
    expectFunction(zero, () => 0);
    expectFunction(grad((_f: Fn) => tensor(2))(y), () => 0);
    const linear = grad((f: Fn) => inner(h, f));
    expectFunction(linear(y), cos);
    expectFunction(linear(scalar((t) => exp(t))), cos);
  });

  test("without a grid: functions of integrals cannot be read, their derivatives can where they do not need one", () => {
    expectFunction(grad((f: Fn) => integrate(f).mul(3).add(integrate(f.square())))(y), (t) => 3 + 2 * y0(t));
    const root = grad((f: Fn) => integrate(f.square()).sqrt())(y);
    expect(() => root.call(0.5).item()).toThrow(/without a grid/);
    const norm = integrate(y.square(), { grid }).sqrt().item();
    expectFunction(grad((f: Fn) => integrate(f.square(), { grid }).sqrt())(y), (t) => y0(t) / norm);
  });
});
