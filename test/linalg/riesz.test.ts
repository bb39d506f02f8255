import { DomainError, linspace, type Tensor, tensor, zeros } from "polyadic";
import {
  LowRank,
  rieszCollocation,
  rieszDerivative,
  rieszDifferences,
  rieszSymbol,
  solveRiesz,
  Toeplitz,
  ToeplitzPlus,
} from "polyadic/linalg";
import { key, normal } from "polyadic/random";
import { gamma } from "polyadic/special";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";

/** Power series of x⁴ (1 − x)⁴. */
const BUMP: readonly (readonly [number, number])[] = [
  [4, 1],
  [5, -4],
  [6, 6],
  [7, -4],
  [8, 1],
];
const bump = (x: number): number => x ** 4 * (1 - x) ** 4;

/** −d^α/d|x|^α of x⁴ (1 − x)⁴, which is its own mirror image. */
function source(alpha: number): (x: number) => number {
  const left = BUMP.map(
    ([q, c]) => [q - alpha, (c * gamma(q + 1).item()) / gamma(q + 1 - alpha).item()] as const,
  );
  const at = (x: number): number => left.reduce((sum, [power, c]) => sum + c * x ** power, 0);
  return (x) => (at(x) + at(1 - x)) / (2 * Math.cos((Math.PI * alpha) / 2));
}

const numbers = (x: Tensor): number[] => Array.from(x.data(), Number);
const largest = (x: Tensor): number => x.abs().max().item();

describe("rieszSymbol", () => {
  test("has the published values", () => {
    const wanted = [2.4841, 2.0201, 1.1429, 0.74737, 0.47091, 0.30071];
    wanted.forEach((value, i) => {
      expect(rieszSymbol({ degree: i + 2, alpha: 1.5 })(Math.PI) / value).toBeCloseTo(1, 3);
    });
    // Classical collocation of −u'' at alpha = 2.
    for (const degree of [2, 3]) {
      const f = rieszSymbol({ degree, alpha: 2 });
      for (const theta of [0.3, 1, 2.5, Math.PI]) expect(f(theta)).toBeCloseTo(2 - 2 * Math.cos(theta), 12);
    }
  });

  test("equals its defining series, is even and periodic", () => {
    for (const degree of [3, 4, 5, 6])
      for (const theta of [0.01, 0.7, 2, 3.1]) {
        let sum = 0;
        for (let l = -4000; l <= 4000; l++) {
          const half = theta / 2 + Math.PI * l;
          sum += Math.abs(2 * half) ** 1.3 * (Math.sin(half) / half) ** (degree + 1);
        }
        const f = rieszSymbol({ degree, alpha: 1.3 });
        expect(f(theta) / sum).toBeCloseTo(1, 5);
        expect(f(-theta)).toBeCloseTo(f(theta), 14);
        expect(f(theta + 2 * Math.PI) / f(theta)).toBeCloseTo(1, 9);
      }
  });

  test("vanishes at 0 like |θ|^α, and at π ever faster in the degree, more so for small α", () => {
    const ratios = [1.1, 1.5, 1.9].map((alpha) =>
      [5, 7, 9].map((degree) => {
        const f = rieszSymbol({ degree, alpha });
        expect(f(0)).toBe(0);
        expect(f(0.01) / 0.01 ** alpha).toBeCloseTo(1, 3);
        const top = Math.max(...numbers(linspace(0, Math.PI, 2001)).map(f));
        return f(Math.PI) / top;
      }),
    );
    const wanted = [
      [0.533, 0.252, 0.115],
      [0.698, 0.351, 0.168],
      [0.854, 0.464, 0.232],
    ];
    wanted.flat().forEach((value, i) => {
      expect(ratios.flat()[i]).toBeCloseTo(value, 2);
    });
  });
});

describe("rieszCollocation", () => {
  test("rows in the middle are Fourier coefficients of the symbol", () => {
    const wanted = [1.430727, -0.58671, -0.075432, -0.021947, -0.010049];
    const { operator } = rieszCollocation({ degree: 2, intervals: 40, alpha: 1.5 });
    const row = operator
      .toDense()
      .at(20)
      .div(40 ** 1.5);
    wanted.forEach((value, k) => {
      expect(Math.abs(row.at(20 + k).item() - value)).toBeLessThan(1e-6);
      expect(Math.abs(row.at(20 - k).item() - value)).toBeLessThan(1e-6);
    });
    for (const degree of [3, 5]) {
      const f = rieszSymbol({ degree, alpha: 1.2 });
      const n = 4096;
      const entries = rieszCollocation({ degree, intervals: 30, alpha: 1.2 }).operator.toeplitz.column;
      for (const k of [0, 1, 4, 12]) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += f((2 * Math.PI * i) / n) * Math.cos((2 * Math.PI * i * k) / n);
        expect(Math.abs(entries.at(k).item() / 30 ** 1.2 - sum / n)).toBeLessThan(1e-5);
      }
    }
  });

  test("is exact for splines: entries are derivatives of B-splines, products are derivatives at the points", () => {
    for (const [degree, intervals] of [
      [2, 3],
      [3, 9],
      [5, 20],
    ]) {
      const { operator, points, knots } = rieszCollocation({ degree, intervals, alpha: 1.6 });
      expect(knots.size).toBe(intervals + 2 * degree + 1);
      const c = normal(key(degree), [intervals + degree - 2]);
      const spline = { degree, intervals, coefficients: c };
      const wanted = rieszDerivative(spline, 1.6, points).neg();
      expect(largest(operator.apply(c).sub(wanted))).toBeLessThan(1e-10 * largest(wanted));
      const dense = operator.toDense();
      expect(largest(dense.matmul(c).sub(wanted))).toBeLessThan(1e-10 * largest(wanted));
      // The problem is its own mirror image.
      const n = dense.shape[0];
      for (const [i, j] of [
        [0, 1],
        [1, n - 1],
        [2, 0],
      ])
        expect(dense.at(i, j).item() / dense.at(n - 1 - i, n - 1 - j).item()).toBeCloseTo(1, 8);
    }
  });

  test("comes to classical collocation as alpha comes to 2", () => {
    const { operator, points } = rieszCollocation({ degree: 3, intervals: 8, alpha: 2 - 1e-9 });
    // −B'' by differences of the spline itself.
    const dense = operator.toDense();
    const scale = largest(dense);
    const { evaluate } = solveRiesz({
      degree: 3,
      intervals: 8,
      alpha: 1.5,
      source: () => 1,
      method: "dense",
    });
    const c = solveRiesz({
      degree: 3,
      intervals: 8,
      alpha: 1.5,
      source: () => 1,
      method: "dense",
    }).coefficients;
    const h = 1e-4;
    const second = evaluate(points.add(h))
      .add(evaluate(points.sub(h)))
      .sub(evaluate(points).mul(2))
      .div(h * h);
    expect(largest(dense.matmul(c).add(second))).toBeLessThan(1e-3 * scale * largest(c));
  });

  test("refuses bad input", () => {
    const fine = { degree: 3, intervals: 8, alpha: 1.5 };
    for (const [over, message] of [
      [{ alpha: 1 }, /alpha/],
      [{ alpha: 2 }, /alpha/],
      [{ alpha: Number.NaN }, /alpha/],
      [{ degree: 1 }, /degree/],
      [{ degree: 2.5 }, /degree/],
      [{ intervals: 3 }, /intervals/],
    ] as const) {
      expect(() => rieszCollocation({ ...fine, ...over })).toThrow(DomainError);
      expect(() => solveRiesz({ ...fine, ...over, source: () => 1 })).toThrow(message);
    }
    expect(() => rieszSymbol({ degree: 3, alpha: 2.1 })).toThrow(/alpha/);
    expect(() => rieszSymbol({ degree: 3, alpha: 2 })(Number.NaN)).toThrow(/angle/);
    expect(() => solveRiesz({ ...fine, source: (x) => 1 / (x - 0.5) })).toThrow(/finite, got/);
    expect(() => solveRiesz({ ...fine, source: () => 1, method: "lu" as never })).toThrow(/method/);
    expect(() => rieszDifferences({ intervals: 1, alpha: 1.5 })).toThrow(/intervals/);
    expect(() => rieszDifferences({ intervals: 9, alpha: 2 })).toThrow(/alpha/);
    const spline = { degree: 3, intervals: 8, coefficients: zeros([9]) };
    expect(() => rieszDerivative(spline, 1.5, tensor([0]))).toThrow(/\(0, 1\)/);
    expect(() => rieszDerivative({ ...spline, coefficients: zeros([8]) }, 1.5, tensor([0.5]))).toThrow(/9/);
  });
});

describe("solveRiesz", () => {
  test("converges with the predicted order, by both methods", () => {
    const x = linspace(0, 1, 501);
    const exact = tensor(numbers(x).map(bump));
    for (const alpha of [1.3, 1.7])
      for (const degree of [2, 3, 4, 5]) {
        const errors = [32, 64].map((intervals) => {
          const solution = solveRiesz({ degree, intervals, alpha, source: source(alpha) });
          expect(solution.converged).toBe(true);
          expect(solution.iterations).toBeLessThan(40);
          return largest(solution.evaluate(x).sub(exact));
        });
        const predicted = degree % 2 === 0 ? degree + 2 - alpha : degree + 1 - alpha;
        const order = Math.log2(errors[0] / errors[1]);
        expect(Math.abs(order - predicted), `degree ${degree}, alpha ${alpha}: ${order}`).toBeLessThan(0.6);
      }
    const options = { degree: 5, intervals: 40, alpha: 1.4, source: source(1.4) };
    const a = solveRiesz(options);
    const b = solveRiesz({ ...options, method: "dense" });
    expect(largest(a.coefficients.sub(b.coefficients))).toBeLessThan(1e-8 * largest(b.coefficients));
    expect(b.residual).toBeLessThan(1e-12);
    const inner = linspace(0.1, 0.9, 9);
    const back = rieszDerivative(a, 1.4, inner).neg();
    const wanted = tensor(numbers(inner).map(source(1.4)));
    expect(largest(back.sub(wanted))).toBeLessThan(1e-3 * largest(wanted));
    expect(a.evaluate(tensor([-0.5, 0, 1, 2])).toArray()).toEqual([0, 0, 0, 0]);
  });

  test("does not stall at high degree", () => {
    const x = linspace(0, 1, 301);
    const exact = tensor(numbers(x).map(bump));
    const solution = solveRiesz({ degree: 5, intervals: 128, alpha: 1.3, source: source(1.3) });
    expect(largest(solution.evaluate(x).sub(exact))).toBeLessThan(3e-10);
  });

  test("differences of Grünwald are of second order", () => {
    const errors = [64, 128].map((n) => {
      const a = rieszDifferences({ intervals: n, alpha: 1.5 });
      const x = Array.from({ length: n - 1 }, (_, i) => (i + 1) / n);
      const u = tensor(x.map(bump));
      return largest(a.apply(u).sub(tensor(x.map(source(1.5)))));
    });
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(1.8);
    expect(Math.log2(errors[0] / errors[1])).toBeLessThan(2.2);
  });
});

describe("ToeplitzPlus", () => {
  test("is the sum of its parts, transposes and has derivatives", () => {
    const [column, u, v] = [normal(key(0), [6]), normal(key(1), [6, 2]), normal(key(2), [6, 2])];
    const row = normal(key(3), [6]);
    const a = new ToeplitzPlus(new Toeplitz(column, row), new LowRank(u, v));
    const dense = new Toeplitz(column, row).toDense().add(u.matmul(v.transpose()));
    const x = normal(key(4), [6, 3]);
    expect(largest(a.toDense().sub(dense))).toBeLessThan(1e-14);
    expect(largest(a.apply(x).sub(dense.matmul(x)))).toBeLessThan(1e-13);
    expect(largest(a.transpose().apply(x).sub(dense.transpose().matmul(x)))).toBeLessThan(1e-13);
    expect(largest(a.conj().diagonal().sub(a.diagonal()))).toBe(0);
    expect(a.cost()).toBeGreaterThan(0);
    const slope = grad((w: Tensor) =>
      new ToeplitzPlus(new Toeplitz(column, row), new LowRank(w, v)).apply(x).sum(),
    )(u);
    const wanted = grad((w: Tensor) => w.matmul(v.transpose()).matmul(x).sum())(u);
    expect(largest((slope as Tensor).sub(wanted as Tensor))).toBeLessThan(1e-12);
    expect(() => new ToeplitzPlus(new Toeplitz(normal(key(5), [4])), new LowRank(u, v))).toThrow(/one shape/);
  });
});
