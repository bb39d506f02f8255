// Operators on functions: their values, derivatives and transposes against closed forms.
import {
  add,
  concat,
  DomainError,
  DTypeError,
  matmul,
  ShapeError,
  sin,
  type Tensor,
  TracerError,
  tensor,
} from "polyadic";
import {
  asFn,
  checkpoint,
  compose,
  divergence,
  type Fn,
  fn,
  grad,
  inner,
  integrate,
  jacfwd,
  jvp,
  linearizeFn,
  linearTranspose,
  nabla,
  partial,
  permuteArgs,
  productGrid,
  quadrature,
  scan,
  split,
  trace,
  vjp,
  vmap,
  zipFns,
} from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { binary, expectAdjoint, expectFunction, planar, scalar } from "./functions.ts";

const grid = quadrature("legendre", 24, [0, 1]);
const f = scalar((x) => x.mul(2).sin());
const g = scalar((x) => x.square().add(1));
const h = scalar((x) => x.exp());
/** Vanishes at 0 and 1 with its derivatives up to the third. */
const bump = scalar((x) => x.mul(x.sub(1)).mul(2).pow(4).mul(x.add(1)));
const k = binary((y, x) => x.sub(y).square().neg().exp().add(y));

describe("fn", () => {
  test("values, composition with tensors and other transforms", () => {
    expect(f.call(0.3).item()).toBe(Math.sin(0.6));
    expect(f.shape).toEqual([]);
    expect(String(f)).toBe("Fn((float64) → float64)");
    expect(grad((x: Tensor) => f.call(x))(tensor(0.3)).item()).toBeCloseTo(2 * Math.cos(0.6), 14);
    const points = tensor([0.1, 0.2, 0.3]);
    expect(vmap((x: Tensor) => f.call(x))(points).toArray()).toEqual(points.mul(2).sin().toArray());
    const matrix = tensor([
      [1, 2],
      [3, 4],
    ]);
    const linear = fn({ in: [[2]], out: [2] }, (x) => matmul(matrix, x));
    expect(linear.call(tensor([1, 1])).toArray()).toEqual([3, 7]);
    expect(asFn(sin(g)).call(0.5).item()).toBe(Math.sin(1.25));
    expect(fn({ in: [[]], out: [], dtype: "float32" }, (x) => x.mul(2)).call(0.5).dtype).toBe("float32");
    expect(
      scalar(() => tensor(2))
        .call(9)
        .item(),
    ).toBe(2);
  });

  test("code with loops and derivatives of its own", () => {
    // xᵏ⁺¹ by a loop, then its derivative.
    const power = (x: Tensor): Tensor =>
      scan((carry: Tensor, _: null) => [carry.mul(x), null] as const, x, null, { length: 3 }).carry;
    const slope = scalar((x) => grad(power)(x));
    expectFunction(slope, (x) => 4 * x ** 3);
    expectFunction(grad((u: Fn) => integrate(u.mul(slope)))(f), (x) => 4 * x ** 3);
  });

  test("parameters from outside are differentiated", () => {
    const weights = { a: tensor([0.5, 2]), b: tensor(1.5) };
    const functional = ({ a, b }: typeof weights): Tensor => {
      const model = scalar((x) => a.at(0).mul(x).sin().mul(a.at(1)).add(b));
      return integrate(model.square(), { grid });
    };
    const direct = ({ a, b }: typeof weights): Tensor => {
      const values = a.at(0).mul(grid.nodes).sin().mul(a.at(1)).add(b);
      return values.square().mul(grid.weights).sum();
    };
    const found = grad(functional)(weights);
    const expected = grad(direct)(weights);
    expect(found.b.item()).toBeCloseTo(expected.b.item(), 13);
    expect(found.a.sub(expected.a).abs().max().item()).toBeLessThan(1e-13);
    // A result that does not depend on the point.
    expect(
      grad((c: Tensor) =>
        integrate(
          scalar(() => c.square()),
          { grid },
        ),
      )(tensor(3)).item(),
    ).toBeCloseTo(6, 12);
  });

  test("functions of functions inside of code, where nothing is differentiated", () => {
    const image = scalar((y) => integrate(asFn(partial(k, { args: 0, at: y }).mul(f)), { grid }));
    const direct = integrate(
      binary((y, x) => k.call(y, x).mul(f.call(x))),
      { args: 1, grid },
    );
    expectFunction(image, (y) => direct.call(y).item());
    // Evaluated at all nodes together.
    expect(integrate(image, { grid }).item()).toBeCloseTo(integrate(direct, { grid }).item(), 13);
  });

  test("functions inside of code that a derivative follows", () => {
    const c = scalar((y) => y.cos());
    // (Kf)(y) = ∫ k(y, x) f(x) dx, in four ways.
    const operators: ((u: Fn) => Fn)[] = [
      (u) => scalar((y) => integrate(partial(k, { args: 0, at: y }).mul(u), { grid })),
      (u) =>
        scalar((y) =>
          integrate(
            scalar((x) => k.call(y, x).mul(u.call(x))),
            { grid },
          ),
        ),
      (u) =>
        integrate(
          binary((y, x) => k.call(y, x).mul(u.call(x))),
          { args: 1, grid },
        ),
      (u) => scalar((y) => inner(partial(k, { args: 0, at: y }), u, { grid })),
    ];
    for (const operator of operators) {
      expectFunction(operator(f), (y) => operators[2]!(f).call(y).item());
      expectAdjoint(operator, { f, df: h, c }, grid, grid);
    }
    // Derivatives and compositions of inner functions: ∫ (u(x + y))' g(x) dx.
    const shifted = (u: Fn): Fn =>
      scalar((y) => integrate(nabla(scalar((x) => u.call(x.add(y)))).mul(g), { grid }));
    const derivative = jvp(shifted, [f], [h]).tangent;
    const moment = integrate(h.mul(g), { grid }).item();
    expectFunction(derivative, (y) => Math.exp(y) * moment);
    // A function that depends on the point, called at the point.
    const twice = (u: Fn): Fn => scalar((y) => asFn(u.mul(y)).call(y).mul(y));
    expectFunction(jvp(twice, [f], [h]).tangent, (y) => y * y * Math.exp(y));
    const slopes = (u: Fn): Fn => scalar((y) => linearizeFn(u).call(y, y.square()));
    expectFunction(slopes(f), (y) => 2 * y * y * Math.cos(2 * y));
  });

  test("bad input", () => {
    expect(() => fn({ in: [[]], out: [2] }, (x) => x)).toThrow(
      /out says \[2\], the function returned shape \[\]/,
    );
    expect(() => fn({ in: [], out: [] }, () => tensor(1))).toThrow(DomainError);
    expect(() => fn({ in: [[]], out: [] }, (x) => x.astype("float32"))).toThrow(DTypeError);
    expect(() => fn({ in: [[]], out: [], dtype: "int32" }, (x) => x)).toThrow(DTypeError);
    expect(() => fn({ in: [[]], out: [] }, () => f)).toThrow(/returned a function/);
    expect(() => scalar((x) => (x.item() > 0 ? x : x.neg()))).toThrow(TracerError);
    expect(() => f.call(tensor([1, 2]))).toThrow(
      /argument 0 of a function of \(float64\) has shape \[\], got \[2\]/,
    );
    expect(() => f.call(1, 2)).toThrow(/takes 1 arguments/);
    expect(() => f.call(tensor(1, { dtype: "float32" }))).toThrow(DTypeError);
    expect(() => f.item()).toThrow(/f.call\(x\)/);
    expect(() => asFn(tensor(1))).toThrow(ShapeError);
    expect(() => f.add(k)).toThrow(/functions of \(float64\) and of \(float64, float64\)/);
  });
});

describe("compose", () => {
  const outer = binary((a, b) => a.square().mul(b.sin()));

  test("values, with shared and with separate arguments", () => {
    const shared = compose(outer, f, g, { shareInputs: true });
    expectFunction(shared, (x) => Math.sin(2 * x) ** 2 * Math.sin(x * x + 1));
    const separate = compose(outer, f, g);
    expect(separate.call(0.3, 0.4).item()).toBeCloseTo(Math.sin(0.6) ** 2 * Math.sin(1.16), 14);
    expectFunction(compose(h, g), (x) => Math.exp(x * x + 1));
    expectFunction(asFn(h.call(g as unknown as Tensor)), (x) => Math.exp(x * x + 1));
  });

  test("jvp in the outer and in the inner functions", () => {
    const { tangent } = jvp((a: Fn, b: Fn) => compose(a, b), [h, g], [f, bump]);
    const at = (u: Fn, x: number): number => u.call(x).item();
    expectFunction(tangent, (x) => at(f, at(g, x)) + at(h, at(g, x)) * at(bump, x));
  });

  test("transpose in the inner functions", () => {
    for (const known of [outer, nablaOuter()]) {
      expectAdjoint((u) => compose(known, u, g, { shareInputs: true }), { f, df: h, c: g }, grid, grid);
      expectAdjoint((u) => compose(known, g, u, { shareInputs: true }), { f, df: h, c: g }, grid, grid);
      expectAdjoint((u) => compose(known, u, u, { shareInputs: true }), { f, df: h, c: g }, grid, grid);
    }
    const functional = (u: Fn): Tensor => integrate(compose(h, u));
    expectFunction(grad(functional)(f), (x) => Math.exp(Math.sin(2 * x)));
  });

  function nablaOuter(): Fn {
    return nabla(outer, { arg: 1 });
  }

  test("vector values between", () => {
    const norm = fn({ in: [[2]], out: [] }, (v) => v.square().sum().sqrt());
    const curve = fn({ in: [[]], out: [2] }, (t) => concat([t.cos().reshape([1]), t.mul(2).reshape([1])]));
    const c = scalar((t) => t.add(1));
    const { pullback } = vjp((u: Fn) => compose(norm, u), curve);
    const [x, y] = [Math.cos(0.3), 0.6];
    const pulled = pullback(c)[0].call(0.3);
    expect(pulled.item(0)).toBeCloseTo((1.3 * x) / Math.hypot(x, y), 14);
    expect(pulled.item(1)).toBeCloseTo((1.3 * y) / Math.hypot(x, y), 14);
  });

  test("there is no transpose in the outer function, except over arguments", () => {
    expect(() => grad((u: Fn) => integrate(compose(u, g)))(f)).toThrow(
      /no transpose with respect to the outer function/,
    );
    expect(() => grad((u: Fn) => u.call(0.5))(f)).toThrow(TracerError);
    const second = binary((_y, x) => x);
    const extended = (u: Fn): Fn => compose(u, second);
    const plane = binary((y, x) => x.mul(y).exp());
    const functional = (u: Fn): Tensor => integrate(plane.mul(extended(u)), { grid: [grid, grid] });
    // ∫₀¹ exp(xy) dy
    expectFunction(grad(functional)(f), (x) => (Math.exp(x) - 1) / x);
  });

  test("functions that do not fit are listed", () => {
    expect(() => compose(outer, f)).toThrow(/\(float64, float64\).*\(float64\)/);
    const vector = fn({ in: [[]], out: [2] }, (t) => tensor([1, 2]).mul(t));
    expect(() => compose(h, vector)).toThrow(/\(float64\).*float64\[2\]/);
    expect(() =>
      compose(
        outer,
        f,
        planar((a) => a),
        { shareInputs: true },
      ),
    ).toThrow(/\(float64\) and of \(float64\[2\]\)/);
    expect(() => compose(tensor(1), f)).toThrow(/a function made by fn\(\) was expected/);
  });
});

describe("nabla and divergence", () => {
  test("values", () => {
    expectFunction(nabla(f), (x) => 2 * Math.cos(2 * x));
    expectFunction(nabla(nabla(nabla(f))), (x) => -8 * Math.cos(2 * x));
    const field = fn({ in: [[3]], out: [2] }, (p) =>
      concat([p.prod().reshape([1]), p.square().sum().reshape([1])]),
    );
    const p = tensor([1, 2, 3]);
    for (const mode of ["forward", "reverse"] as const) {
      const jacobian = nabla(field, { mode });
      expect(jacobian.shape).toEqual([2, 3]);
      expect(jacobian.call(p).toArray()).toEqual([
        [6, 3, 2],
        [2, 4, 6],
      ]);
      const flow = fn({ in: [[3]], out: [3] }, (q) => q.square());
      expect(divergence(flow, { mode }).call(p).item()).toBe(12);
    }
    expect(nabla(k, { arg: -1 }).call(0.2, 0.5).item()).toBeCloseTo(-0.6 * Math.exp(-0.09), 14);
  });

  test("jvp is the derivative of the tangent; transposes integrate by parts", () => {
    expectFunction(jvp((u: Fn) => nabla(u), [f], [h]).tangent, Math.exp);
    for (const mode of ["forward", "reverse"] as const) {
      expectAdjoint((u) => nabla(u, { mode }), { f, df: bump, c: h }, grid, grid);
      expectAdjoint((u) => nabla(nabla(u, { mode }), { mode }), { f, df: bump, c: h }, grid, grid);
      const plane = productGrid(grid, grid);
      const vanishing = planar((a, b) => bump.call(a).mul(bump.call(b)));
      const flow = fn({ in: [[2]], out: [2] }, (p) => p.square().mul(p.flip().exp()));
      expectAdjoint((u) => nabla(u, { mode }), { f: vanishing, df: vanishing, c: flow }, plane, plane);
      const still = fn({ in: [[2]], out: [2] }, (p) => vanishing.call(p).mul(p));
      const weight = planar((a, b) => a.mul(b).exp());
      expectAdjoint((u) => divergence(u, { mode }), { f: still, df: still, c: weight }, plane, plane);
    }
  });

  test("bad input", () => {
    expect(() => nabla(f, { arg: 1 })).toThrow(DomainError);
    expect(() => nabla(f, { mode: "sideways" as "forward" })).toThrow(/"forward" or "reverse"/);
    expect(() => nabla(tensor(1))).toThrow(ShapeError);
    expect(() => nabla(asFn(f.greater(0)))).toThrow(DTypeError);
    expect(() => divergence(planar((a) => a))).toThrow(/\[\.\.\., 2\]/);
  });
});

describe("integrate and inner", () => {
  const plane = binary((y, x) => y.mul(2).add(x.square()));

  test("values", () => {
    expect(integrate(h, { grid }).item()).toBeCloseTo(Math.E - 1, 13);
    expectFunction(integrate(plane, { args: 1, grid }), (y) => 2 * y + 1 / 3);
    expectFunction(integrate(plane, { args: 0, grid }), (x) => 1 + x * x);
    const narrow = quadrature("legendre", 3, [0, 0.5]);
    // ∫₀¹ ∫₀^½ of 2y over the first and x² over the second argument, and the other way round.
    const value = (args: readonly number[]): number =>
      integrate(plane, { args, grid: [grid, narrow] }).item();
    expect(value([0, 1])).toBeCloseTo(0.5 + 1 / 24, 13);
    expect(value([1, 0])).toBeCloseTo(0.25 + 1 / 6, 13);
    expect(
      integrate(
        scalar(() => tensor(3)),
        { grid },
      ).item(),
    ).toBeCloseTo(3, 13);
    const vector = fn({ in: [[]], out: [2] }, (t) => tensor([1, 2]).mul(t));
    expect(
      integrate(vector, { grid })
        .sub(tensor([0.5, 1]))
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-14);
    expect(inner(vector, vector, { grid }).item()).toBeCloseTo(5 / 3, 13);
  });

  test("jvp integrates the tangent; transposes extend", () => {
    for (const args of [0, 1])
      expectAdjoint((u) => integrate(u, { args, grid }), { f: plane, df: k, c: h }, grid, [grid, grid]);
    expectFunction(grad((u: Fn) => inner(u, h))(f), Math.exp);
    expectFunction(grad((u: Fn) => inner(h, u))(f), Math.exp);
    expectFunction(grad((u: Fn) => inner(u, u))(f), (x) => 2 * Math.sin(2 * x));
  });

  test("non-local functionals", () => {
    const functional = (u: Fn): Tensor => {
      const product = binary((y, x) => k.call(y, x).mul(u.call(x)));
      return integrate(integrate(product, { args: 1, grid }).square(), { grid });
    };
    const rows = grid.nodes.expandDims(1);
    const matrix = grid.nodes.sub(rows).square().neg().exp().add(rows);
    const values = grid.nodes.mul(2).sin();
    const exact = matrix
      .mT()
      .matmul(grid.weights.mul(matrix.matmul(grid.weights.mul(values))))
      .mul(2);
    const derivative = grad(functional)(f);
    const found = vmap((x: Tensor) => derivative.call(x))(grid.nodes);
    expect(found.sub(exact).abs().max().item()).toBeLessThan(1e-13);
  });

  test("reading an integral without a grid", () => {
    const unknown = integrate(f);
    for (const read of [
      () => unknown.item(),
      () => unknown.toArray(),
      () => unknown.element(),
      () => `${+unknown}`,
    ])
      expect(read).toThrow(/without a grid/);
    expect(String(unknown)).toContain("no grid");
    expect(() => unknown.mul(2).add(1).item()).toThrow(/quadrature/);
    const partial = integrate(plane, { args: 0 });
    expect(() => partial.call(0.5).item()).toThrow(TracerError);
    expect(() => f.add(unknown).call(0.5).item()).toThrow(TracerError);
  });

  test("bad input", () => {
    expect(() => integrate(tensor(1))).toThrow(ShapeError);
    expect(() => integrate(f, { args: [0, 0] })).toThrow(/twice/);
    expect(() => integrate(f, { args: 2 })).toThrow(DomainError);
    expect(() => inner(f, plane)).toThrow(/\(float64\) → float64\[\] and \(float64, float64\)/);
    expect(() => inner(f, zipFns(f, f))).toThrow(ShapeError);
  });
});

describe("arguments", () => {
  const three = fn({ in: [[], [2], []], out: [2] }, (a, b, c) => b.mul(a).add(c.exp()));

  test("partial binds arguments", () => {
    const bound = partial(three, { args: [2, 0], at: [0.5, 3] });
    const b = tensor([1, 2]);
    expect(bound.call(b).toArray()).toEqual(three.call(3, b, 0.5).toArray());
    expect(partial(f, { args: 0, at: 0.3 }).item()).toBe(Math.sin(0.6));
    // The derivative by the bound value, and by the function in forward mode.
    const functional = (at: Tensor): Tensor => integrate(partial(k, { args: 0, at }).square(), { grid });
    const y = 0.3;
    const values = grid.nodes.sub(y);
    const slope = values.mul(2).mul(values.square().neg().exp()).add(1);
    const exact = values.square().neg().exp().add(y).mul(slope).mul(2).mul(grid.weights).sum().item();
    expect(grad(functional)(tensor(y)).item()).toBeCloseTo(exact, 12);
    const { tangent } = jvp((u: Fn) => partial(u, { args: 0, at: 0.2 }), [k], [binary((p, q) => p.add(q))]);
    expectFunction(tangent, (x) => 0.2 + x);
    expect(() => grad((u: Fn) => integrate(partial(u, { args: 0, at: 0.2 })))(k)).toThrow(/delta/);
    expect(() => partial(three, { args: [0, 1], at: [1] })).toThrow(/2 values were expected, got 1/);
    expect(() => partial(three, { args: 1, at: 3 })).toThrow(/has shape \[2\]/);
    expect(() => partial(f, { args: 4, at: 3 })).toThrow(DomainError);
  });

  test("permuteArgs", () => {
    const turned = permuteArgs(three, [1, 2, 0]);
    const b = tensor([1, 2]);
    expect(turned.call(b, 0.5, 3).toArray()).toEqual(three.call(3, b, 0.5).toArray());
    const flip = (u: Fn): Fn => permuteArgs(u, [1, 0]);
    const c = binary((p, q) => p.mul(q.exp()));
    expectAdjoint(flip, { f: k, df: k, c }, [grid, grid], [grid, grid]);
    expect(vjp(flip, k).pullback(c)[0].call(0.2, 0.7).item()).toBe(c.call(0.7, 0.2).item());
    const cyclic = fn({ in: [[], [], []], out: [] }, (p, q, r) => p.add(q.mul(2)).add(r.mul(4)));
    const pulled = vjp((u: Fn) => permuteArgs(u, [1, 2, 0]), cyclic).pullback(
      permuteArgs(cyclic, [1, 2, 0]),
    )[0];
    expect(pulled.call(0.1, 0.2, 0.3).item()).toBe(cyclic.call(0.1, 0.2, 0.3).item());
    expect(() => permuteArgs(three, [0, 1])).toThrow(/an order of 3 arguments/);
    expect(() => permuteArgs(three, [0, 1, 1])).toThrow(/twice/);
  });

  test("zipFns and split undo each other", () => {
    const both = zipFns(f, g);
    expect(both.shape).toEqual([2]);
    expect(both.call(0.3).toArray()).toEqual([Math.sin(0.6), 1.09]);
    const [first, second] = split(both);
    expectFunction(first!, (x) => Math.sin(2 * x));
    expectFunction(second!, (x) => x * x + 1);
    expectAdjoint((u) => zipFns(u, u.square()), { f, df: h, c: zipFns(g, h) }, grid, grid);
    expectAdjoint((u) => split(u)[1]!, { f: both, df: zipFns(h, bump), c: g }, grid, grid);
    expect(() => zipFns(f, k)).toThrow(/\(float64\) → float64\[\] and \(float64, float64\) → float64\[\]/);
    expect(() => zipFns()).toThrow(ShapeError);
    expect(() => split(f)).toThrow(/no axis/);
  });
});

describe("linearizeFn and linearTranspose", () => {
  test("the derivative as a function", () => {
    const slope = linearizeFn(k);
    const [y, x, dy, dx] = [0.2, 0.5, 2, 3];
    const e = Math.exp(-((x - y) ** 2));
    const exact = dy * (2 * (x - y) * e + 1) + dx * -2 * (x - y) * e;
    expect(slope.call(y, x, dy, dx).item()).toBeCloseTo(exact, 14);
    const { tangent } = jvp((u: Fn) => linearizeFn(u), [f], [g]);
    expect(tangent.call(0.4, 3).item()).toBeCloseTo(3 * 0.8, 14);
  });

  test("the transpose as a function", () => {
    const matrix = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const scaled = fn({ in: [[], [3]], out: [2] }, (a: Tensor, x: Tensor) => matmul(matrix, x).mul(a));
    // The two arguments have different shapes: float64 both.
    const back = linearTranspose(scaled, { args: 1 });
    expect(back.shape).toEqual([3]);
    expect(back.call(2, tensor([1, -1])).toArray()).toEqual([-6, -6, -6]);
    const pair = fn({ in: [[2], [2]], out: [2] }, (a, b) => a.mul(2).sub(b.flip()));
    const [left, right] = linearTranspose(pair, { args: [0, 1] });
    const c = tensor([1, 5]);
    expect(left!.call(c).toArray()).toEqual([2, 10]);
    expect(right!.call(c).toArray()).toEqual([-5, -1]);
    const { tangent } = jvp((u: Fn) => linearTranspose(u, { args: 0 }), [pairOf(1)], [pairOf(3)]);
    expect(tangent.call(2, 5).item()).toBe(30);
    expect(() => grad((u: Fn) => integrate(linearTranspose(u, { args: 0 })))(pairOf(1))).toThrow(TracerError);
    expect(() => linearTranspose(pair, { args: 2 })).toThrow(DomainError);
  });

  /** Linear in the first argument. */
  function pairOf(factor: number): Fn {
    return binary((a, b) => a.mul(b).mul(factor));
  }
});

describe("limits of other transforms", () => {
  const functional = (u: Fn): Tensor => integrate(nabla(u).square(), { grid });

  test("trace shows functionals", () => {
    const text = String(trace(functional)(f));
    expect(text).toContain("(float64) → float64 = nabla[arg=0] a");
    expect(text).toContain("integrate[args=[0] nodes=[24]]");
  });

  test("vmap over the values of functions", () => {
    const both = zipFns(f, h);
    const found = vmap((u: Fn) => functional(u.mul(u)))(both);
    const single = split(both).map((u) => functional(u.mul(u)).item());
    expect(found.sub(tensor(single)).abs().max().item()).toBeLessThan(1e-12);
    const slopes = vmap((u: Fn) => grad(functional)(u))(both);
    expect(slopes.call(0.3).item(1)).toBeCloseTo(-2 * Math.exp(0.3), 11);
  });

  test("what has no meaning says so", () => {
    expect(() => jacfwd((u: Fn) => functional(u))(f)).toThrow(/no finite basis/);
    expect(() => checkpoint(functional)(f)).toThrow(/these take tensors/);
    expect(() => grad((u: Fn) => u.square() as unknown as Tensor)(f)).toThrow(/integrate\(\) it/);
    expect(() => jvp(functional, [f], [k])).toThrow(/\(float64\) and of \(float64, float64\)/);
    expect(() => jvp(functional, [f], [tensor(1) as unknown as Fn])).toThrow(
      /a function of \(float64\) was expected/,
    );
    const points = tensor([0.1, 0.2]);
    expect(() => jvp((u: Fn) => vmap((x: Tensor) => u.call(x))(points), [f], [g])).toThrow(/many points/);
    expect(() => add(f, k)).toThrow(ShapeError);
  });
});
