import { DomainError, ShapeError, type Tensor, tensor } from "polyadic";
import {
  bisect,
  brentRoot,
  chandrupatla,
  implicitRoot,
  minimizeScalar,
  newtonRoot,
  type ScalarFunction,
} from "polyadic/optim";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import data from "../reference/scalar.json" with { type: "json" };

const ROOTS: Readonly<Record<keyof typeof data.roots, (x: number) => number>> = {
  cubic: (x) => x ** 3 - 2 * x - 5,
  cosine: (x) => Math.cos(x) - x,
  flat: (x) => (x - 1) ** 3,
  steep: (x) => Math.exp(20 * x) - 5,
  pole: (x) => 1 / (x - 0.3) - 2,
};
const names = Object.keys(ROOTS) as (keyof typeof ROOTS)[];

describe("roots are SciPy's", () => {
  test.each(names)("%s", (name) => {
    const { bracket, x, evaluations } = data.roots[name];
    const [a, b] = bracket as [number, number];
    const tolerance = 4e-12;
    let calls = 0;
    const counted: ScalarFunction = (t) => {
      calls += 1;
      return ROOTS[name](t);
    };
    const found = brentRoot(counted, a, b, { maxIterations: 300 });
    expect(found.converged).toBe(true);
    expect(Math.abs(found.x - x)).toBeLessThan(tolerance);
    expect(found.value).toBe(ROOTS[name](found.x));
    expect(calls).toBeLessThan(1.3 * evaluations + 4);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const halved = bisect(ROOTS[name], from, to);
      expect(halved.converged).toBe(true);
      expect(Math.abs(halved.x - x)).toBeLessThan(tolerance);
    }
  });
});

describe("element-wise", () => {
  const c = tensor([0.5, 2, 9, 100]);
  const f = (x: Tensor): Tensor => x.square().sub(c);
  test("Chandrupatla's method finds many roots at once", () => {
    const { x, converged, iterations } = chandrupatla(f, 0, tensor([1, 4, 20, 1000]));
    expect(converged.all().item()).toBe(1);
    expect(iterations).toBeLessThan(30);
    x.toTypedArray().forEach((root, i) => {
      expect(Math.abs(root - Math.sqrt(c.item(i)))).toBeLessThan(1e-11);
    });
  });
  test("and agrees with SciPy's roots in few steps", () => {
    for (const name of names) {
      const { bracket, x } = data.roots[name];
      const of = (t: Tensor): Tensor => tensor([...t.toTypedArray()].map(ROOTS[name])).reshape(t.shape);
      const found = chandrupatla(of, tensor([bracket[0]!]), bracket[1]!);
      expect(Math.abs(found.x.item() - x)).toBeLessThan(4e-12);
      expect(found.iterations).toBeLessThan(name === "flat" ? 60 : 20);
    }
  });
  test("Newton's method converges quadratically, and says where it does not", () => {
    const { x, converged, iterations } = newtonRoot(f, tensor([1, 1, 1, 1]));
    expect(converged.all().item()).toBe(1);
    expect(iterations).toBeLessThan(14);
    expect(x.square().sub(c).div(c).abs().max().item()).toBeLessThan(1e-14);
    const stuck = newtonRoot((t) => t.square().add(1), tensor([0, 1.5]), { maxIterations: 20 });
    expect(stuck.converged.toArray()).toEqual([false, false]);
  });
});

test("a root has the derivative of the implicit function theorem", () => {
  const root = implicitRoot(
    (x: Tensor, a: Tensor) => x.pow(3).add(x.mul(a)).sub(1),
    (a: Tensor) => tensor(brentRoot((x) => x ** 3 + x * a.item() - 1, 0, 1).x),
  );
  const x = root(tensor(2)).item();
  expect(grad(root)(tensor(2)).item()).toBeCloseTo(-x / (3 * x * x + 2), 10);
});

describe("minima are SciPy's", () => {
  const MINIMA: Readonly<Record<keyof typeof data.minima, (x: number) => number>> = {
    quartic: (x) => x ** 4 - 3 * x + 1,
    sine: (x) => Math.sin(x) + 0.1 * x,
    kink: (x) => Math.abs(x - 0.3) + 0.1 * x * x,
  };
  test.each(Object.keys(MINIMA) as (keyof typeof MINIMA)[])("%s", (name) => {
    const { bounds, x, value } = data.minima[name];
    for (const method of ["brent", "golden"] as const) {
      const found = minimizeScalar(MINIMA[name], { bounds: bounds as [number, number], method });
      expect(found.converged).toBe(true);
      expect(Math.abs(found.x - x)).toBeLessThan(1e-7);
      expect(found.value).toBeLessThan(value + 1e-9);
      const free = minimizeScalar(MINIMA[name], { bracket: [x + 0.8, x + 1], method });
      expect(Math.abs(free.x - x)).toBeLessThan(1e-7);
    }
    expect(minimizeScalar(MINIMA[name], { bounds: bounds as [number, number] }).iterations).toBeLessThan(
      minimizeScalar(MINIMA[name], { bounds: bounds as [number, number], method: "golden" }).iterations,
    );
  });
  test("an end of the bounds may be the minimum; a function may fall for ever", () => {
    expect(minimizeScalar((x) => x, { bounds: [1, 2] }).x).toBeCloseTo(1, 6);
    expect(minimizeScalar((x) => -x).converged).toBe(false);
    expect(minimizeScalar((x) => tensor((x - 7) ** 2)).x).toBeCloseTo(7, 6);
  });
});

test.each<[string, () => unknown, new () => Error, RegExp]>([
  [
    "signs",
    () => brentRoot((x) => x * x + 1, -1, 1),
    DomainError,
    /different signs were expected, got f\(-1\) = 2/,
  ],
  ["NaN", () => bisect(() => Number.NaN, -1, 1), DomainError, /different signs/],
  ["ends", () => bisect((x) => x, Number.NaN, 1), DomainError, /finite ends/],
  ["atol", () => bisect((x) => x, -1, 1, { atol: -1 }), DomainError, /atol/],
  ["steps", () => brentRoot((x) => x, -1, 1, { maxIterations: 0 }), DomainError, /maxIterations/],
  ["shape", () => brentRoot(() => tensor([1, 2]), -1, 1), ShapeError, /single number/],
  ["batch signs", () => chandrupatla((x) => x, tensor([-1, 1]), 2), DomainError, /f\(1\) = 1 and f\(2\) = 2/],
  ["batch shape", () => newtonRoot((x) => x.sum(), tensor([1, 2])), ShapeError, /shape \[2\] was expected/],
  ["bounds", () => minimizeScalar((x) => x, { bounds: [2, 1] }), DomainError, /low < high/],
  ["both", () => minimizeScalar((x) => x, { bounds: [0, 1], bracket: [0, 1] }), DomainError, /got both/],
])("refuses bad input: %s", (_name, call, error, message) => {
  expect(call).toThrow(error);
  expect(call).toThrow(message);
});
