// Keys inside of transforms, derivatives with respect to parameters, and points of low discrepancy.
import { type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { stack } from "polyadic/ops";
import * as R from "polyadic/random";
import { grad, jvp, scan, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { truncatedQuantile } from "../../src/random/continuous.ts";
import { gammaShapeDerivative } from "../../src/random/shapeDerivative.ts";
import data from "../reference/random_numbers.json" with { type: "json" };

const DRAWS: Readonly<Record<string, (key: Tensor) => Tensor>> = {
  bits: (key) => R.bits(key, [5]),
  uniform: (key) => R.uniform(key, [3, 2], { low: 1, high: 2 }),
  uniform32: (key) => R.uniform(key, [5], { dtype: "float32" }),
  normal: (key) => R.normal(key, [5]),
  complex: (key) => R.normal(key, [3], { dtype: "complex128" }),
  randint: (key) => R.randint(key, [5], -3, 9),
  rademacher: (key) => R.rademacher(key, [40]),
  permutation: (key) => R.permutation(key, 7),
  choice: (key) => R.choice(key, 100, 5),
  weighted: (key) => R.choice(key, 3, 3, { probabilities: tensor([1, 2, 3]) }),
  shuffle: (key) => R.shuffle(key, tensor([1, 2, 3, 4])),
  exponential: (key) => R.exponential(key, [4]),
  truncatedNormal: (key) => R.truncatedNormal(key, tensor([-1, 3]), 4),
  gamma: (key) => R.gamma(key, tensor([0.3, 4])),
  beta: (key) => R.beta(key, tensor([0.3, 4]), 2),
  dirichlet: (key) => R.dirichlet(key, tensor([0.3, 4, 1])),
  poisson: (key) => R.poisson(key, tensor([3, 40])),
  binomial: (key) => R.binomial(key, tensor([3, 400]), 0.4),
  bernoulli: (key) => R.bernoulli(key, 0.4, { shape: [6] }),
  categorical: (key) => R.categorical(key, tensor([0, 1, 2]), { shape: [4] }),
  orthogonal: (key) => R.orthogonal(key, 4),
  unitary: (key) => R.unitary(key, 3, { columns: 2 }),
  sphere: (key) => R.sphere(key, [3, 2]),
  ball: (key) => R.ball(key, [3, 2]),
  multivariateNormal: (key) =>
    R.multivariateNormal(
      key,
      tensor([0, 1]),
      tensor([
        [1, 0],
        [2, 3],
      ]),
    ),
  sobol: (key) => R.sobol(5, 3, { key }),
  latinHypercube: (key) => R.latinHypercube(key, 5, 2),
  split: (key) => stack(R.split(key, 3)),
  foldIn: (key) => R.foldIn(key, 17),
};

const expectEqual = (actual: Tensor, expected: Tensor, tolerance: number): void => {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const numbers = expected.toTypedArray();
  actual.toTypedArray().forEach((x, i) => {
    expect(Math.abs(x - numbers[i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(numbers[i]!)));
  });
};

describe.each(Object.entries(DRAWS))("%s", (_name, draw) => {
  const keys = R.split(R.key(2026), 3);
  test("draws the same numbers eagerly, in jit, vmap, scan and twice", () => {
    const eager = keys.map(draw);
    expect(draw(keys[0]!).toArray()).toEqual(eager[0]!.toArray());
    expect(eager[0]!.toArray()).not.toEqual(eager[1]!.toArray());
    expectEqual(jit(draw)(keys[0]!), eager[0]!, 4e-16);
    expectEqual(vmap(draw)(stack(keys)), stack(eager), 4e-16);
    const { ys: scanned } = scan(
      (carry: Tensor, key: Tensor): [Tensor, Tensor] => [carry, draw(key)],
      tensor(0),
      stack(keys),
    );
    expectEqual(scanned, stack(eager), 4e-16);
  });
});

test("foldIn takes the counter of a loop", () => {
  const from = R.key(5);
  const body = (i: Tensor, _x: Tensor): [Tensor, Tensor] => [i.add(1).astype("int32"), R.foldIn(from, i)];
  const { ys: keys } = scan(body, tensor(0, { dtype: "int32" }), tensor([0, 0, 0]));
  expect(keys.toArray()).toEqual([0, 1, 2].map((i) => R.foldIn(from, i).toArray()));
  expect(R.foldIn(from, -1).toArray()).toEqual(R.foldIn(from, 2 ** 32 - 1).toArray());
  expect(() => R.foldIn(from, tensor(0.5))).toThrow(/integer/);
});

test("an element's draw depends on its place and parameter only", () => {
  const alone = R.gamma(R.key(9), tensor([0.5, 2]));
  const among = R.gamma(R.key(9), tensor([7, 2, 3]));
  expect(among.item(1)).toBe(alone.item(1));
});

describe("derivatives of draws", () => {
  const central = (f: (x: number) => number, x: number): number => {
    const h = 1e-4 * Math.abs(x);
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
  };
  test.each(data.shapeDerivatives)("gamma at %d, %d", (a, y, first, second) => {
    expect(Math.abs(gammaShapeDerivative(1, a, y).item() / first - 1)).toBeLessThan(1e-11);
    expect(Math.abs(gammaShapeDerivative(2, a, y).item() / second - 1)).toBeLessThan(1e-6);
  });
  test("of gamma means are 1: E x = alpha", () => {
    const slope = grad((a: Tensor) => R.gamma(R.key(3), a, { shape: [4000] }).mean())(tensor(2.5)).item();
    expect(Math.abs(slope - 1)).toBeLessThan(0.03);
    // E x² = alpha (alpha + 1) is twice differentiable: 2.
    const square = (a: Tensor): Tensor =>
      R.gamma(R.key(3), a, { shape: [4000] })
        .square()
        .mean();
    expect(Math.abs(grad(grad(square))(tensor(2.5)).item() - 2)).toBeLessThan(0.2);
  });
  test("of beta means are those of a / (a + b)", () => {
    const mean = (a: Tensor, b: Tensor): Tensor => R.beta(R.key(4), a, b, { shape: [8000] }).mean();
    const a = 2;
    const b = 3;
    expect(Math.abs(grad(mean)(tensor(a), tensor(b)).item() - b / (a + b) ** 2)).toBeLessThan(0.006);
  });
  test("of truncated normals follow the bounds", () => {
    for (const [low, high] of [
      [-1, 2],
      [3, 4],
      [-30, -5],
    ] as const)
      for (const u of [0.2, 0.7]) {
        const at = (a: Tensor, b: Tensor): Tensor => truncatedQuantile(u, a, b);
        const down = central((x) => truncatedQuantile(u, x, high).item(), low);
        const up = central((x) => truncatedQuantile(u, low, x).item(), high);
        const { tangent } = jvp(at, [tensor(low), tensor(high)], [tensor(1), tensor(0)]);
        expect(Math.abs(tangent.item() - down)).toBeLessThan(1e-8);
        expect(Math.abs(grad((b: Tensor) => at(tensor(low), b))(tensor(high)).item() - up)).toBeLessThan(
          1e-8,
        );
      }
  });
  test.each(data.truncated)("truncated normal quantile %d of %d … %d", (u, low, high, expected) => {
    expect(Math.abs(truncatedQuantile(u, low, high).item() - expected)).toBeLessThan(
      1e-12 * Math.abs(expected) + 1e-14,
    );
  });
  test("of exponentials and normal vectors are those of arithmetic", () => {
    const rate = tensor(2);
    const x = R.exponential(R.key(1), [3], { rate });
    const slope = grad((r: Tensor) => R.exponential(R.key(1), [3], { rate: r }).sum())(rate);
    expect(slope.item()).toBeCloseTo(-x.sum().item() / 2, 12);
  });
});

describe("low discrepancy", () => {
  test("Sobol's points are SciPy's", () => {
    expect(R.sobol(8, 256).mul(8).toArray()).toEqual(data.sobolWide);
    expect(R.sobol(5, 40, { skip: 500 }).toArray()).toEqual(data.sobolLong);
  });
  test("scrambling keeps the net: each elementary interval holds one point", () => {
    for (const scramble of ["owen", "shift"] as const) {
      const points = R.sobol(64, 2, { key: R.key(1), scramble }).toTypedArray();
      for (let level = 0; level <= 6; level++) {
        const cells = new Set<number>();
        for (let i = 0; i < 64; i++)
          cells.add(
            Math.floor(points[2 * i]! * 2 ** level) * 64 + Math.floor(points[2 * i + 1]! * 2 ** (6 - level)),
          );
        expect(cells.size).toBe(64);
      }
    }
  });
  test("Owen's scrambling integrates smooth functions better than the shift", () => {
    const error = (scramble: "owen" | "shift", n: number): number => {
      const runs = Array.from({ length: 12 }, (_, k) =>
        R.sobol(n, 2, { key: R.foldIn(R.key(7), k), scramble })
          .exp()
          .prod({ axis: 1 })
          .mean()
          .item(),
      );
      return Math.sqrt(runs.reduce((sum, x) => sum + (x - (Math.E - 1) ** 2) ** 2, 0) / 12);
    };
    // n^(-3/2) against n^(-1).
    expect(error("owen", 1024)).toBeLessThan(error("owen", 64) / 40);
    expect(error("owen", 1024)).toBeLessThan(error("shift", 1024));
  });
  test("Halton's points are SciPy's", () => {
    const points = R.halton(20, 6).toTypedArray();
    data.halton.flat().forEach((x, i) => {
      expect(points[i]).toBeCloseTo(x, 14);
    });
    expect(R.halton(3, 2, { skip: 4 }).toArray()).toEqual(R.halton(7, 2).at("4:").toArray());
  });
  test("a Latin hypercube has one point in each slice", () => {
    const points = R.latinHypercube(R.key(3), 50, 4);
    for (let j = 0; j < 4; j++) {
      const slices = [...points.at(":", j).toTypedArray()]
        .map((x) => Math.floor(50 * x))
        .sort((a, b) => a - b);
      expect(slices).toEqual(Array.from({ length: 50 }, (_, i) => i));
    }
  });
  test("refuses what it cannot do", () => {
    expect(() => R.sobol(4, 257)).toThrow(/at most 256/);
    expect(() => R.sobol(4, 2, { skip: -1 })).toThrow(/skip/);
    expect(() => R.halton(4, 2, { skip: 0.5 })).toThrow(/skip/);
  });
});

describe("Haar matrices", () => {
  test("are orthogonal and unitary, also when tall", () => {
    for (const q of [
      R.orthogonal(R.key(1), 6),
      R.orthogonal(R.key(2), 7, { columns: 3 }),
      R.unitary(R.key(3), 5),
    ]) {
      const m = q.shape[1]!;
      const gram = q.mT().conj().matmul(q);
      for (let i = 0; i < m; i++)
        for (let j = 0; j < m; j++)
          expect(
            gram
              .at(i, j)
              .sub(i === j ? 1 : 0)
              .abs()
              .item(),
          ).toBeLessThan(1e-14);
    }
    expect(() => R.orthogonal(R.key(1), 2, { columns: 3 })).toThrow(/columns/);
    expect(() => R.unitary(R.key(1), 2, { dtype: "float64" })).toThrow(/complex/);
  });
  test("are evenly spread: moments of traces", () => {
    const count = 3000;
    const keys = stack(R.split(R.key(8), count));
    const matrices = vmap((key: Tensor) => R.orthogonal(key, 4))(keys);
    let first = 0;
    let second = 0;
    let entry = 0;
    for (let k = 0; k < count; k++) {
      let trace = 0;
      for (let i = 0; i < 4; i++) trace += matrices.item(k, i, i);
      first += trace / count;
      second += trace ** 2 / count;
      entry += matrices.item(k, 3, 3) / count;
    }
    // Diaconis and Shahshahani: E tr = 0, E tr² = 1; signs of the diagonal balance.
    expect(Math.abs(first)).toBeLessThan(0.08);
    expect(Math.abs(second - 1)).toBeLessThan(0.12);
    expect(Math.abs(entry)).toBeLessThan(0.04);
    const phases = vmap((key: Tensor) => R.unitary(key, 2))(keys);
    const trace = phases.at(":", 0, 0).add(phases.at(":", 1, 1));
    expect(Math.abs(trace.abs().square().mean().item() - 1)).toBeLessThan(0.1);
    expect(trace.mean().abs().item()).toBeLessThan(0.08);
  });
});
