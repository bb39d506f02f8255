// What interpolants promise: they go through their values, reproduce polynomials, converge, can be differentiated.
import fc from "fast-check";
import { DomainError, ShapeError, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  akima,
  barycentric,
  bspline,
  cubicHermite,
  cubicSpline,
  designMatrix,
  finiteDifferenceWeights,
  floaterHormann,
  gradient,
  gridInterpolator,
  type Interpolant,
  interpolatingSpline,
  leastSquaresSpline,
  linear,
  nearest,
  pchip,
  rbf,
  smoothingSpline,
  stencil,
} from "polyadic/interpolate";
import { grad, jacfwd, jvp, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";

const nodes = (n: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.double({ min: 0.2, max: 2, noNaN: true }), { minLength: n, maxLength: n })
    .map((steps) => steps.map((_, i) => steps.slice(0, i + 1).reduce((a, b) => a + b, 0)));
const numbers = (n: number): fc.Arbitrary<number[]> =>
  fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: n, maxLength: n });
const curve = fc.integer({ min: 5, max: 9 }).chain((n) => fc.tuple(nodes(n), numbers(n)));

type Make = (x: readonly number[], y: Tensor) => Interpolant;
const KINDS: Readonly<Record<string, { readonly make: Make; readonly degree: number }>> = {
  linear: { make: (x, y) => linear(x, y), degree: 1 },
  cubicSpline: { make: (x, y) => cubicSpline(x, y), degree: 3 },
  natural: { make: (x, y) => cubicSpline(x, y, { boundary: "natural" }), degree: 1 },
  akima: { make: (x, y) => akima(x, y), degree: 1 },
  makima: { make: (x, y) => akima(x, y, { method: "makima" }), degree: 1 },
  pchip: { make: (x, y) => pchip(x, y), degree: 1 },
  quadratic: { make: (x, y) => interpolatingSpline(x, y, { degree: 2 }), degree: 2 },
  quartic: { make: (x, y) => interpolatingSpline(x, y, { degree: 4 }), degree: 4 },
  smoothing: { make: (x, y) => smoothingSpline(x, y, { smoothing: 0 }), degree: 1 },
};

const largest = (x: Tensor): number => x.abs().max().item();

describe.each(Object.entries(KINDS))("%s", (_name, { make, degree }) => {
  test("goes through the values, several columns at once", () => {
    fc.assert(
      fc.property(curve, ([x, y]) => {
        const both = tensor(y.map((v) => [v, 2 - v]));
        const at = make(x, both)(tensor(x));
        expect(at.shape).toEqual([x.length, 2]);
        expect(largest(at.sub(both))).toBeLessThan(1e-9);
      }),
      { numRuns: 25 },
    );
  });
  test("reproduces polynomials of its degree, with derivative and integral", () => {
    const x = [-1, -0.6, 0.1, 0.5, 1.3, 2];
    const p = (t: Tensor): Tensor => t.pow(degree).mul(0.7).add(t.mul(-1.5)).add(0.3);
    const s = make(x, p(tensor(x)));
    const points = tensor([-1.2, -0.3, 0.7, 1.9, 2.3]);
    expect(largest(s(points).sub(p(points)))).toBeLessThan(1e-12);
    const exact = grad((t: Tensor) => p(t).sum())(points);
    expect(largest(s.derivative(points).sub(exact))).toBeLessThan(1e-11);
    const primitive = (t: number): number =>
      (0.7 * t ** (degree + 1)) / (degree + 1) - 0.75 * t * t + 0.3 * t;
    expect(s.integral(-0.9, 1.7).item()).toBeCloseTo(primitive(1.7) - primitive(-0.9), 11);
    expect(s.integral(1.7, -0.9).item()).toBeCloseTo(primitive(-0.9) - primitive(1.7), 11);
  });
  test("is differentiated in points and values, in jit and vmap", () => {
    const x = [0, 0.7, 1.1, 2, 2.6, 3.1];
    const y = tensor([0.3, 1.1, -0.4, 0.6, 0.9, 2]);
    const points = tensor([0.2, 0.9, 1.7, 2.9]);
    const s = make(x, y);
    const slope = grad((t: Tensor) => s(t).sum())(points);
    expect(largest(slope.sub(s.derivative(points)))).toBeLessThan(1e-12);
    const byEnds = grad((b: Tensor) => s.integral(0.1, b))(tensor(1.6)).item();
    expect(byEnds).toBeCloseTo(s(1.6).item(), 12);
    const f = (values: Tensor): Tensor => make(x, values)(points);
    const direction = tensor([0.1, -0.7, 0.4, 0.2, 0.8, -0.3]);
    const { tangent } = jvp(f, [y], [direction]);
    const h = 1e-5;
    const difference = f(y.add(direction.mul(h)))
      .sub(f(y.sub(direction.mul(h))))
      .div(2 * h);
    expect(largest(tangent.sub(difference))).toBeLessThan(1e-8);
    const pulled = grad((values: Tensor) => f(values).sum())(y)
      .mul(direction)
      .sum()
      .item();
    expect(pulled).toBeCloseTo(tangent.sum().item(), 11);
    expect(largest(jit(s)(points).sub(s(points)))).toBeLessThan(1e-13);
    const rows = vmap(f)(tensor([y.toTypedArray(), direction.toTypedArray()].map((row) => [...row])));
    expect(largest(rows.at(1).sub(f(direction)))).toBeLessThan(1e-12);
    expect(largest(vmap((t: Tensor) => s(t))(points).sub(s(points)))).toBeLessThan(1e-13);
  });
});

test("extrapolation", () => {
  const x = [0, 1, 2];
  const y = [0, 1, 4];
  const points = tensor([-1, 0.5, 3]);
  expect(linear(x, y)(points).toArray()).toEqual([-1, 0.5, 7]);
  expect(linear(x, y, { extrapolate: "constant" })(points).toArray()).toEqual([0, 0.5, 4]);
  expect(linear(x, y, { extrapolate: "constant" }).derivative(points).toArray()).toEqual([0, 1, 0]);
  expect(linear(x, y, { extrapolate: "nan" })(points).toArray()).toEqual([Number.NaN, 0.5, Number.NaN]);
  expect(linear(x, y, { extrapolate: "periodic" })(points).toArray()).toEqual([1, 0.5, 1]);
  expect(() => linear(x, y, { extrapolate: "throw" })(points)).toThrow(
    /points from 0 to 2 were expected, got -1/,
  );
  expect(() => linear(x, y, { extrapolate: "nan" }).integral(0, 3)).toThrow(/integral/);
  expect(linear(x, y)(tensor([[Number.NaN]])).toArray()).toEqual([[Number.NaN]]);
});

test("nearest", () => {
  const [x, y] = [
    [0, 1, 3],
    [5, 6, 7],
  ];
  expect(nearest(x, y)(tensor([-1, 0.4, 0.5, 1.9, 2, 9])).toArray()).toEqual([5, 5, 6, 6, 7, 7]);
  expect(nearest(x, y, { side: "previous" })(tensor([0, 0.9, 1])).toArray()).toEqual([5, 5, 6]);
  expect(nearest(x, y, { side: "next" })(tensor([0.1, 0.9, 2])).toArray()).toEqual([6, 6, 7]);
});

test("splines converge with order 4, pchip stays monotone", () => {
  const error = (n: number): number => {
    const x = Array.from({ length: n + 1 }, (_, i) => (i * 3) / n);
    const s = cubicSpline(x, tensor(x).sin());
    const points = tensor(Array.from({ length: 97 }, (_, i) => (i * 3) / 96));
    return largest(s(points).sub(points.sin()));
  };
  expect(Math.log2(error(16) / error(32))).toBeGreaterThan(3.7);
  fc.assert(
    fc.property(nodes(7), numbers(7), (x, steps) => {
      let level = 0;
      const y = steps.map((step) => (level += Math.max(0, step)));
      const points = Array.from({ length: 60 }, (_, i) => x[0]! + ((x[6]! - x[0]!) * i) / 59);
      const values = pchip(x, y)(tensor(points)).toTypedArray();
      for (let i = 1; i < 60; i++) expect(values[i]! - values[i - 1]!).toBeGreaterThan(-1e-12);
    }),
    { numRuns: 25 },
  );
});

test("pchip keeps its slopes at the ends from overshooting", () => {
  // Three times the secant at most where the next secant turns, none where the parabola would.
  expect(pchip([0, 1, 2], [0, 1, -9]).derivative(0).item()).toBe(3);
  expect(pchip([0, 1, 2], [0, 1, 5]).derivative(0).item()).toBe(0);
  expect(pchip([0, 1, 2], [9, 10, 0].reverse()).derivative(2).item()).toBe(-3);
});

test("a periodic spline is one, of two intervals too", () => {
  for (const x of [
    [0, 1, 2.5],
    [0, 1, 2.5, 3],
  ]) {
    const y = [...x.slice(0, -1).map((t) => t * (3 - t)), 0];
    const s = cubicSpline(x, y, { boundary: "periodic" });
    const end = x.at(-1)!;
    for (const order of [0, 1, 2])
      expect(s.derivative(end - 1e-9, order).item()).toBeCloseTo(s.derivative(1e-9, order).item(), 6);
    expect(s(end + 0.4).item()).toBeCloseTo(s(0.4).item(), 12);
  }
  expect(() => cubicSpline([0, 1, 2], [0, 1, 2], { boundary: "periodic" })).toThrow(
    /equal values at both ends/,
  );
});

describe("B-splines", () => {
  const knots = [0, 0, 0, 0, 1, 1.5, 1.5, 2.2, 3, 3, 3, 3];
  const points = tensor([0, 0.3, 1, 1.5, 2.1, 3]);
  test("are a partition of unity, none negative", () => {
    const basis = designMatrix(points, knots);
    expect(basis.shape).toEqual([6, 8]);
    expect(largest(basis.sum({ axis: 1 }).sub(1))).toBeLessThan(1e-14);
    expect(basis.min().item()).toBeGreaterThanOrEqual(0);
    const c = tensor([1, -2, 3, 0.5, 1, 2, -1, 0]);
    expect(largest(basis.matmul(c).sub(bspline(knots, c)(points)))).toBeLessThan(1e-13);
  });
  test("have the derivative and the integral of each other", () => {
    const s = bspline(knots, [1, -2, 3, 0.5, 1, 2, -1, 0]);
    const inside = tensor([0.3, 0.8, 1.9, 2.7]);
    expect(largest(grad((t: Tensor) => s(t).sum())(inside).sub(s.derivative(inside)))).toBeLessThan(1e-12);
    expect(grad((b: Tensor) => s.integral(0.2, b))(tensor(1.9)).item()).toBeCloseTo(s(1.9).item(), 12);
    expect(s.derivative(inside, 4).toArray()).toEqual([0, 0, 0, 0]);
    expect(() => designMatrix(tensor([3.1]), knots)).toThrow(/points from 0 to 3/);
  });
  test("with as many knots as nodes, least squares interpolate", () => {
    const x = [0, 0.5, 1, 1.4, 2, 2.5, 3];
    const y = tensor(x).sin();
    const exact = interpolatingSpline(x, y);
    const fit = leastSquaresSpline(x, y, exact.knots);
    expect(largest(fit.coefficients.sub(exact.coefficients))).toBeLessThan(1e-11);
  });
});

test("smoothing goes from the values to the line of least squares", () => {
  const x = [0, 1, 2, 3, 4, 5];
  const y = tensor([0, 2, 1, 4, 3, 6]);
  const stiff = smoothingSpline(x, y, { smoothing: 1e9 })(tensor(x));
  const line = tensor(x)
    .mul(36 / 35)
    .add(2.666666666666667 - (36 / 35) * 2.5);
  expect(largest(stiff.sub(line))).toBeLessThan(1e-6);
});

describe("barycentric forms", () => {
  const x = Array.from({ length: 12 }, (_, i) => -Math.cos((Math.PI * (2 * i + 1)) / 24));
  const f = (t: Tensor): Tensor => t.mul(2).sin().add(t.pow(3));
  test.each([
    ["barycentric", barycentric],
    ["floaterHormann", (a: readonly number[], b: Tensor) => floaterHormann(a, b, 5)],
  ])("%s converges, with derivatives at nodes and between", (name, make) => {
    const tolerance = name === "barycentric" ? 1e-8 : 0.02;
    const p = make(x, f(tensor(x)));
    const points = tensor([-0.9, 0.3, x[4]!, 0.77]);
    expect(largest(p(points).sub(f(points)))).toBeLessThan(tolerance);
    const exact = points.mul(2).cos().mul(2).add(points.square().mul(3));
    expect(largest(p.derivative(points).sub(exact))).toBeLessThan(20 * tolerance);
    expect(largest(grad((t: Tensor) => p(t).sum())(points).sub(p.derivative(points)))).toBeLessThan(1e-11);
    const values = f(tensor(x));
    const byValues = jacfwd((v: Tensor) => make(x, v)(points))(values);
    expect(largest(byValues.matmul(values).sub(p(points)))).toBeLessThan(1e-12);
    expect(byValues.at(2, 4).item()).toBe(1);
  });
  test("Floater and Hormann's function of Runge's does not oscillate on even nodes", () => {
    const even = Array.from({ length: 41 }, (_, i) => -5 + i / 4);
    const runge = (t: Tensor): Tensor => t.square().add(1).pow(-1);
    const points = tensor(Array.from({ length: 50 }, (_, i) => -4.95 + i / 5.1));
    const rational = floaterHormann(even, runge(tensor(even)));
    expect(largest(rational(points).sub(runge(points)))).toBeLessThan(1e-3);
    expect(
      largest(
        rational.derivative(tensor(even)).sub(
          tensor(even)
            .mul(-2)
            .mul(runge(tensor(even)).square()),
        ),
      ),
    ).toBeLessThan(0.02);
  });
});

test("grids reproduce multilinear functions and are differentiated", () => {
  const axes = [
    [0, 1, 3],
    [-1, 0.5, 2],
  ];
  const f = (p: Tensor): Tensor =>
    p
      .at("...", 0)
      .mul(2)
      .add(p.at("...", 0).mul(p.at("...", 1)))
      .sub(p.at("...", 1));
  const corners = tensor(axes[0]!.map((a) => axes[1]!.map((b) => [a, b])));
  const g = gridInterpolator(axes, f(corners));
  const points = tensor([
    [0.3, 0.2],
    [2, 1.9],
    [-1, 3],
  ]);
  expect(largest(g(points).sub(f(points)))).toBeLessThan(1e-13);
  const slopes = grad((p: Tensor) => g(p).sum())(points);
  expect(largest(slopes.sub(grad((p: Tensor) => f(p).sum())(points)))).toBeLessThan(1e-12);
  expect(gridInterpolator(axes, f(corners), { extrapolate: "nan" })(points).at(2).item()).toBeNaN();
});

test("radial basis functions go through values, reproduce polynomials and are smooth at nodes", () => {
  const x = tensor([
    [0, 0],
    [1, 0.2],
    [0.3, 1],
    [0.9, 0.8],
    [0.5, 0.4],
    [-0.2, 0.6],
    [0.1, -0.5],
  ]);
  const y = x.at(":", 0).mul(3).sub(x.at(":", 1)).add(2);
  const points = tensor([
    [0.2, 0.2],
    [2, -1],
  ]);
  const plane = points.at(":", 0).mul(3).sub(points.at(":", 1)).add(2);
  for (const kernel of ["thinPlateSpline", "cubic", "quintic"] as const) {
    const f = rbf(x, y, { kernel });
    expect(largest(f(x).sub(y))).toBeLessThan(1e-10);
    expect(largest(f(points).sub(plane))).toBeLessThan(1e-10);
    const slope = grad((p: Tensor) => f(p))(x.at(0));
    expect(largest(slope.sub(tensor([3, -1])))).toBeLessThan(1e-9);
  }
  const pairs = rbf(x, tensor([...y.toTypedArray()].map((v) => [v, -v])), { kernel: "gaussian", epsilon: 2 });
  expect(pairs(points).shape).toEqual([2, 2]);
});

describe("finite differences", () => {
  test("weights are exact for polynomials", () => {
    fc.assert(
      fc.property(nodes(6), fc.integer({ min: 0, max: 4 }), (x, order) => {
        const w = finiteDifferenceWeights(x, 1.5, order).toTypedArray();
        for (let power = 0; power < 6; power++) {
          let factor = 1;
          for (let k = 0; k < order; k++) factor *= power - k;
          const exact = factor === 0 ? 0 : factor * 1.5 ** (power - order);
          const sum = x.reduce((total, t, i) => total + w[i]! * t ** power, 0);
          const size = x.reduce((total, t, i) => total + Math.abs(w[i]! * t ** power), 1);
          expect(Math.abs(sum - exact)).toBeLessThan(1e-11 * size);
        }
      }),
      { numRuns: 40 },
    );
  });
  test("stencils are the known ones", () => {
    expect(stencil(1).weights.toArray()).toEqual([-0.5, 0, 0.5]);
    expect(stencil(2).weights.toArray()).toEqual([1, -2, 1]);
    expect([...stencil(2, 4).weights.toTypedArray()].map((w) => Math.round(12 * w))).toEqual([
      -1, 16, -30, 16, -1,
    ]);
    expect(stencil(1, 2, { side: "forward" }).weights.toArray()).toEqual([-1.5, 2, -0.5]);
    expect(stencil(1, 1, { side: "backward" }).offsets.toArray()).toEqual([-1, 0]);
    expect(stencil(3).offsets.toArray()).toEqual([-2, -1, 0, 1, 2]);
  });
  test("gradients go through grad", () => {
    const y = tensor([1, 2, 4, 8]);
    const slope = grad((t: Tensor) => gradient(t, 0.5).square().sum())(y);
    const { tangent } = jvp((t: Tensor) => gradient(t, 0.5).square().sum(), [y], [tensor([1, 0, 0, 0])]);
    expect(slope.item(0)).toBeCloseTo(tangent.item(), 12);
  });
});

test.each<[string, () => unknown, new () => Error, RegExp]>([
  [
    "order",
    () => linear([0, 2, 1], [1, 2, 3]),
    DomainError,
    /linear: x: strictly ascending numbers were expected, got 2 before 1/,
  ],
  ["equal", () => cubicSpline([0, 0], [1, 2]), DomainError, /ascending/],
  ["NaN x", () => pchip([0, Number.NaN], [1, 2]), DomainError, /finite/],
  ["NaN y", () => pchip([0, 1], [1, Number.NaN]), DomainError, /pchip: y: a finite number/],
  ["lengths", () => akima([0, 1, 2], [1, 2]), ShapeError, /akima: y: shape \[3, …\] was expected, got \[2\]/],
  ["few", () => akima([0, 1], [1, 2]), ShapeError, /n >= 3/],
  ["boundary", () => cubicSpline([0, 1], [1, 2], { boundary: "free" as "natural" }), DomainError, /boundary/],
  ["extrapolate", () => linear([0, 1], [1, 2], { extrapolate: "zero" as "nan" }), DomainError, /extrapolate/],
  ["derivative", () => linear([0, 1], [1, 2]).derivative(0, -1), DomainError, /order/],
  ["slopes", () => cubicHermite([0, 1], [1, 2], [1]), ShapeError, /slopes/],
  ["knots", () => bspline([0, 0, 1, 0.5], [1, 2], 1), DomainError, /knots/],
  ["coefficients", () => bspline([0, 0, 1, 1], [1, 2, 3], 1), ShapeError, /coefficients/],
  [
    "interlace",
    () =>
      interpolatingSpline([0, 1, 2, 3, 4], [0, 0, 0, 0, 0], {
        degree: 1,
        knots: [0, 0, 0.1, 0.2, 0.3, 4, 4],
      }),
    DomainError,
    /node 1/,
  ],
  [
    "unseen",
    () => leastSquaresSpline([0, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0.1, 0.2, 0.3, 3, 3], { degree: 1 }),
    DomainError,
    /singular/,
  ],
  ["smoothing", () => smoothingSpline([0, 1, 2], [0, 0, 0], { smoothing: -1 }), DomainError, /smoothing/],
  [
    "weights",
    () => smoothingSpline([0, 1, 2], [0, 0, 0], { smoothing: 1, weights: [1, 0, 1] }),
    DomainError,
    /weights/,
  ],
  ["rational degree", () => floaterHormann([0, 1], [0, 1], 2), DomainError, /degree/],
  ["kernel", () => rbf(tensor([[0], [1]]), [0, 1], { kernel: "round" as "cubic" }), DomainError, /kernel/],
  ["epsilon", () => rbf(tensor([[0], [1]]), [0, 1], { kernel: "gaussian" }), DomainError, /epsilon/],
  ["points", () => rbf(tensor([[0], [1]]), [0, 1])(tensor([[0, 1]])), ShapeError, /points/],
  ["same points", () => rbf(tensor([[0], [0], [1]]), [0, 1, 2]), DomainError, /singular/],
  ["grid", () => gridInterpolator([[0, 1]], tensor([1, 2, 3])), ShapeError, /values/],
  ["differences", () => finiteDifferenceWeights([0, 0], 0, 1), DomainError, /different/],
  ["too high", () => finiteDifferenceWeights([0, 1], 0, 2), DomainError, /order/],
  ["accuracy", () => stencil(1, 3), DomainError, /even/],
  ["gradient", () => gradient([1]), ShapeError, /at least 2/],
  ["spacing", () => gradient([1, 2], 0), DomainError, /spacing/],
])("refuses bad input: %s", (_name, call, error, message) => {
  expect(call).toThrow(error);
  expect(call).toThrow(message);
});
