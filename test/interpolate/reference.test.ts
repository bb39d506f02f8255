// Interpolants against SciPy's and NumPy's.
import { type Tensor, tensor } from "polyadic";
import {
  akima,
  barycentric,
  cubicSpline,
  gradient,
  gridInterpolator,
  type Interpolant,
  interpolatingSpline,
  leastSquaresSpline,
  pchip,
  type RadialKernel,
  rbf,
  smoothingSpline,
} from "polyadic/interpolate";
import { describe, expect, test } from "vitest";
import data from "../reference/interpolate.json" with { type: "json" };

const { x, y, points } = data;
const periodic = [...y.slice(0, -1), y[0]!];

const MADE: Readonly<Record<keyof typeof data.cases, Interpolant>> = {
  "not-a-knot": cubicSpline(x, y),
  natural: cubicSpline(x, y, { boundary: "natural" }),
  clamped: cubicSpline(x, y, { boundary: "clamped" }),
  slopes: cubicSpline(x, y, { boundary: { slopes: [0.5, -2] } }),
  periodic: cubicSpline(x, periodic, { boundary: "periodic" }),
  three: cubicSpline(x.slice(0, 3), y.slice(0, 3)),
  akima: akima(x, y),
  makima: akima(x, y, { method: "makima" }),
  pchip: pchip(x, y),
  spline1: interpolatingSpline(x, y, { degree: 1 }),
  spline2: interpolatingSpline(x, y, { degree: 2 }),
  spline3: interpolatingSpline(x, y),
  spline5: interpolatingSpline(x, y, { degree: 5 }),
  lsq: leastSquaresSpline(x, y, data.knots, { weights: data.weights }),
};

const expectClose = (actual: Tensor, expected: readonly number[], tolerance = 1e-11): void => {
  expect(actual.size).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  actual.toTypedArray().forEach((value, i) => {
    expect(Math.abs(value - expected[i]!), `number ${i}: ${value} for ${expected[i]}`).toBeLessThan(
      tolerance * scale,
    );
  });
};

describe.each(Object.keys(MADE) as (keyof typeof MADE)[])("%s", (name) => {
  const { value, slope, bend, integral } = data.cases[name];
  const made = MADE[name];
  test("values", () => expectClose(made(tensor(points)), value));
  test("derivatives", () => {
    expectClose(made.derivative(tensor(points)), slope);
    expectClose(made.derivative(tensor(points), 2), bend, 1e-10);
  });
  test("integral", () => expectClose(made.integral(-1.1, 2.7), [integral]));
});

test("smoothing spline", () => {
  const made = smoothingSpline(x, y, { smoothing: 0.3, weights: data.weights });
  expectClose(made(tensor(data.smoothing.points)), data.smoothing.value);
});

test("barycentric polynomial", () => expectClose(barycentric(x, y)(tensor(points)), data.barycentric, 1e-12));

test.each(Object.keys(data.rbf.values) as RadialKernel[])("radial basis functions: %s", (kernel) => {
  const f = rbf(tensor(data.rbf.x), data.rbf.y, { kernel, epsilon: 1.7, smoothing: 0.01 });
  expectClose(f(tensor(data.rbf.points)), data.rbf.values[kernel], 1e-9);
});

test.each(["linear", "nearest"] as const)("grid: %s", (method) => {
  const f = gridInterpolator(data.grid.axes, tensor(data.grid.values), { method });
  expectClose(f(tensor(data.grid.points)), data.grid[method], 1e-13);
});

test("gradient", () => {
  expectClose(gradient(y, x), data.gradient.uneven1, 1e-13);
  expectClose(gradient(y, x, { edgeOrder: 2 }), data.gradient.uneven2, 1e-13);
  expectClose(gradient(tensor(data.grid.values), 0.3, { axis: 1 }), data.gradient.even.flat(2), 1e-13);
});
