import { concat, eye, ones, type Tensor, tensor, zeros } from "polyadic";
import {
  Kronecker,
  lstsq,
  type SketchKind,
  sketchedLstsq,
  sketchPreconditionedLstsq,
  sketchRows,
} from "polyadic/linalg";
import { foldIn, key, normal } from "polyadic/random";
import { coo } from "polyadic/sparse";
import { describe, expect, it } from "vitest";

const gap = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

function problem(seed: number, n: number, d: number): { a: Tensor; b: Tensor; exact: Tensor } {
  const a = normal(key(seed), [n, d]);
  const b = normal(key(seed + 1), [n]);
  return { a, b, exact: lstsq(a, b).x };
}

describe("sketchRows", () => {
  it("is the formula, within 2d and n", () => {
    expect(sketchRows({ n: 1e6, d: 10, epsilon: 0.5, delta: 0.01 })).toBe(
      Math.ceil(4 * 4 * 10 * Math.log(1000)),
    );
    expect(sketchRows({ n: 1e6, d: 10, epsilon: 0.5, delta: 0.01, practical: false, c: 2 })).toBe(
      Math.ceil(2 * 4 * 10 * Math.log(1e8) ** 3),
    );
    expect(sketchRows({ n: 100, d: 10 })).toBe(100);
    expect(sketchRows({ n: 1000, d: 10, epsilon: 0.999, delta: 0.999 })).toBe(
      Math.ceil((4 * 10 * Math.log(10 / 0.999)) / 0.999 ** 2),
    );
  });
  it("refuses what makes no sense", () => {
    expect(() => sketchRows({ n: 3, d: 4 })).toThrow(/n >= d >= 1/);
    expect(() => sketchRows({ n: 9, d: 4, epsilon: 1 })).toThrow(/epsilon: a number in \(0, 1\)/);
    expect(() => sketchRows({ n: 9, d: 4, delta: 0 })).toThrow(/delta: a number in \(0, 1\)/);
    expect(() => sketchRows({ n: 9, d: 4, c: -1 })).toThrow(/c must be > 0/);
  });
});

describe("sketchedLstsq", () => {
  it.each<SketchKind>(["srht", "gaussian", "countsketch", "osnap"])(
    "%s comes near, and refines to the answer",
    (kind) => {
      const { a, b, exact } = problem(1, 900, 6);
      const rough = sketchedLstsq(key(3), a, b, { kind, rows: 300 });
      expect([rough.rows, rough.rank, rough.converged, rough.iterations]).toEqual([300, 6, true, 0]);
      expect(gap(rough.x, exact)).toBeGreaterThan(1e-6);
      expect(gap(rough.x, exact)).toBeLessThan(0.3);
      expect(rough.residualNorm).toBeCloseTo(a.matmul(rough.x).sub(b).square().sum().sqrt().item(), 12);
      const fine = sketchedLstsq(key(3), a, b, { kind, rows: 300, refine: 40 });
      expect(gap(fine.x, exact)).toBeLessThan(1e-13);
      expect(fine.iterations).toBeLessThan(40);
      expect(fine.residualNorm).toBeLessThan(rough.residualNorm);
    },
  );

  it("keeps its bound in every coordinate, also on the instance that sparse sketches fail", () => {
    const [n, d] = [512, 8];
    const hard = concat([eye(d), zeros([n - d, d])]);
    const right = concat([zeros([d]), ones([4]).mul(0.5), zeros([n - d - 4])]);
    let broken = 0;
    let dense = 0;
    let sparse = 0;
    for (let i = 0; i < 40; i++) {
      const at = foldIn(key(7), i);
      const { x, bound } = sketchedLstsq(at, hard, right, { rows: 128 });
      const error = x.abs().max().item();
      if (error > bound) broken++;
      dense = Math.max(dense, error);
      sparse = Math.max(
        sparse,
        sketchedLstsq(at, hard, right, { rows: 128, kind: "countsketch" }).x.abs().max().item(),
      );
    }
    expect(broken).toBe(0);
    // A heavy entry of the residual that falls on a coordinate moves it by its whole self.
    expect(sparse).toBeGreaterThanOrEqual(0.5 - 1e-12);
    expect(dense).toBeLessThan(0.42);
  });

  it("takes sparse matrices and Kronecker products, which it never forms", () => {
    const rows = Array.from({ length: 400 }, (_, i) => i);
    const values = normal(key(5), [400]);
    const a = coo(
      rows,
      rows.map((i) => i % 5),
      values,
      [400, 5],
    );
    const b = normal(key(6), [400]);
    const exact = lstsq(a.toDense(), b).x;
    for (const kind of ["srht", "countsketch"] as const)
      expect(gap(sketchedLstsq(key(1), a, b, { kind, rows: 100, refine: 30 }).x, exact)).toBeLessThan(1e-13);

    const product = new Kronecker([normal(key(8), [40, 3]), normal(key(9), [30, 2])]);
    const side = normal(key(10), [1200]);
    const truth = lstsq(product.toDense(), side).x;
    const options = { kind: "tensor-srht", rows: 400 } as const;
    expect(gap(sketchedLstsq(key(2), product, side, options).x, truth)).toBeLessThan(0.1);
    expect(gap(sketchedLstsq(key(2), product, side, { ...options, refine: 40 }).x, truth)).toBeLessThan(
      1e-13,
    );
  });

  it("square systems, right-hand sides in the range and single columns", () => {
    const square = problem(20, 7, 7);
    const whole = sketchedLstsq(key(0), square.a, square.b);
    expect([whole.rows, whole.bound]).toEqual([7, 0]);
    expect(gap(whole.x, square.exact)).toBeLessThan(1e-11);
    const a = normal(key(21), [600, 5]);
    const x = tensor([1, -2, 3, 0, 5]);
    const inRange = sketchedLstsq(key(0), a, a.matmul(x), { rows: 50 });
    expect(gap(inRange.x, x)).toBeLessThan(1e-13);
    expect(inRange.bound).toBeLessThan(1e-13);
    const column = sketchedLstsq(key(0), ones([3000, 1]), ones([3000]).mul(4));
    expect(column.rows).toBeLessThan(3000);
    expect(column.x.item()).toBeCloseTo(4, 12);
  });

  it("tells lost rank, and gives the answer of least norm", () => {
    const a = normal(key(30), [400, 3]);
    const twice = concat([a, a.at(":", "0:1")], 1);
    const result = sketchedLstsq(key(0), twice, a.at(":", 0), { rows: 60, refine: 5 });
    expect([result.rank, result.converged, result.bound, result.iterations]).toEqual([
      3,
      false,
      Number.POSITIVE_INFINITY,
      0,
    ]);
    expect(gap(result.x, tensor([0.5, 0, 0, 0.5]))).toBeLessThan(1e-12);
  });

  it("reports progress and stops when told", () => {
    const { a, b } = problem(40, 200, 3);
    const stages: number[] = [];
    sketchedLstsq(key(0), a, b, { rows: 40, refine: 4, onProgress: ({ fraction }) => stages.push(fraction) });
    expect(stages.length).toBeGreaterThan(2);
    expect(stages).toEqual([...stages].sort((p, q) => p - q));
    expect(() => sketchedLstsq(key(0), a, b, { signal: AbortSignal.abort() })).toThrow(
      /stopped by the caller/,
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    ["few rows", () => sketchedLstsq(key(0), ones([9, 3]), ones([9]), { rows: 2 }), /at least d = 3, got 2/],
    ["wide", () => sketchedLstsq(key(0), ones([2, 3]), ones([2])), /n >= d >= 1, got shape \[2, 3\]/],
    ["epsilon", () => sketchedLstsq(key(0), ones([9, 3]), ones([9]), { epsilon: 0 }), /epsilon: a number in/],
    ["b", () => sketchedLstsq(key(0), ones([9, 3]), ones([8])), /b must be a vector \[9\]/],
    ["NaN in b", () => sketchedLstsq(key(0), ones([9, 3]), ones([9]).mul(Number.NaN)), /b holds a value/],
    ["NaN in a", () => sketchedLstsq(key(0), ones([9, 3]).mul(Number.NaN), ones([9])), /a holds a value/],
    ["complex", () => sketchedLstsq(key(0), ones([9, 3], "complex128"), ones([9])), /must be real/],
    ["refine", () => sketchedLstsq(key(0), ones([9, 3]), ones([9]), { refine: -1 }), /refine must be/],
    [
      "kind",
      () => sketchedLstsq(key(0), ones([9, 3]), ones([9]), { kind: "fft" as SketchKind }),
      /kind must be/,
    ],
    [
      "tensor",
      () => sketchedLstsq(key(0), ones([9, 3]), ones([9]), { kind: "tensor-srht" }),
      /needs a Kronecker operator, got a dense one/,
    ],
  ])("throws for bad input: %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("sketchPreconditionedLstsq", () => {
  it("solves ill-conditioned problems in a few steps", () => {
    const { a, b } = problem(50, 800, 10);
    // Columns of very different size: condition 1e6.
    const scaled = a.mul(tensor(Array.from({ length: 10 }, (_, j) => 10 ** ((-6 * j) / 9))));
    const result = sketchPreconditionedLstsq(key(1), scaled, b);
    expect([result.rows, result.preconditioned, result.converged]).toEqual([60, true, true]);
    expect(result.iterations).toBeLessThan(50);
    expect(result.products).toBe(2 * result.iterations + 2);
    const exact = lstsq(scaled, b).x;
    expect(result.x.div(exact).sub(1).abs().max().item()).toBeLessThan(1e-10);
    const warm = sketchPreconditionedLstsq(key(1), scaled, b, { x0: exact });
    expect(warm.iterations).toBeLessThan(5);
    const rough = sketchPreconditionedLstsq(key(1), scaled, b, { rtol: 0.1 });
    expect(rough.iterations).toBeLessThan(6);
    expect(sketchPreconditionedLstsq(key(1), scaled, b, { maxIterations: 1 }).converged).toBe(false);
  });
  it("short matrices are factored themselves, dependent columns go without", () => {
    const { a, b, exact } = problem(60, 20, 6);
    const short = sketchPreconditionedLstsq(key(0), a, b);
    expect(short.rows).toBe(20);
    expect(short.iterations).toBeLessThanOrEqual(3);
    expect(gap(short.x, exact)).toBeLessThan(1e-13);
    const dependent = sketchPreconditionedLstsq(key(0), ones([40, 2]), ones([40]));
    expect([dependent.preconditioned, dependent.converged]).toEqual([false, true]);
    expect(gap(dependent.x, tensor([0.5, 0.5]))).toBeLessThan(1e-14);
  });
  it("throws for bad input", () => {
    const [a, b] = [ones([9, 3]), ones([9])];
    expect(() => sketchPreconditionedLstsq(key(0), a, b, { oversample: 0.5 })).toThrow(/oversample must be/);
    expect(() => sketchPreconditionedLstsq(key(0), a, b, { rtol: 1 })).toThrow(/rtol must lie/);
    expect(() => sketchPreconditionedLstsq(key(0), a, b, { maxIterations: 0.5 })).toThrow(/maxIterations/);
    expect(() => sketchPreconditionedLstsq(key(0), a, b, { x0: ones([2]) })).toThrow(
      /x0 must be a vector \[3\]/,
    );
  });
});
