import fc from "fast-check";
import { key } from "polyadic/random";
import {
  AbortedError,
  DomainError,
  DTypeError,
  ones,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { modeProduct } from "../../src/decompose/base/unfold.ts";
import { type CpOptions, cp } from "../../src/decompose/cp/cp.ts";
import { kruskalRanks } from "../../src/decompose/cp/kruskal.ts";
import { cpRules } from "../../src/decompose/cp/rules.ts";
import type { CP } from "../../src/decompose/types.ts";
import {
  ALL_DTYPES,
  distance,
  gaussian,
  noisy,
  plantedCp,
  positive,
  REAL_AND_COMPLEX,
  roundoff,
} from "./planted.ts";
import { reference, unpack } from "./reference.ts";

/** The least of the errors from several starts: ALS may end in a local minimum. */
function best(x: Tensor, rank: number, options: CpOptions = {}) {
  const fits = [1, 2, 3].map((seed, i) =>
    cp(x, rank, { init: i === 0 ? "svd" : "random", key: key(seed), maxIterations: 500, ...options }),
  );
  return fits.reduce((a, b) => (b.error < a.error ? b : a));
}

describe.each(["real", "complex"] as const)("against plain ALS in NumPy, %s", (kind) => {
  const { x, start, errors } = reference.als[kind];
  it("takes the same sweeps", () => {
    const fit = cp(unpack(x), 3, {
      init: start.map((u) => unpack(u)),
      lineSearch: false,
      maxIterations: 8,
      tol: 0,
    });
    fit.history.forEach((error, i) => {
      expect(error).toBeCloseTo(errors[i]!, 9);
    });
  });
});

describe.each(ALL_DTYPES)("exact recovery in %s", (dtype) => {
  const accuracy = dtype === "float32" || dtype === "complex64" ? 1e-3 : 1e-6;
  it.each([
    [[8, 7, 6], 3],
    [[5, 6, 3, 4], 3],
    [[12, 10, 3], 5],
    [[9, 8], 2],
  ])("of a planted tensor of shape %j and rank %i", (shape, rank) => {
    const { x } = plantedCp(11, shape, rank, dtype);
    const fit = best(x, rank, { tol: 1e-12 });
    expect(fit.error).toBeLessThan(accuracy);
    expect(Math.abs(distance(x, cpRules.full(fit)) - fit.error)).toBeLessThan(roundoff(dtype));
    expect(fit.factors.every((u) => u.dtype === dtype)).toBe(true);
    expect(fit.weights.dtype).toBe(dtype);
  });
});

it("finds the planted components, ordered, with signs fixed", () => {
  const { x, model } = plantedCp(5, [10, 9, 8], 3);
  const fit = best(x, 3, { tol: 1e-13 });
  const weights = fit.weights.toArray() as number[];
  expect(weights).toEqual([...weights].sort((a, b) => b - a));
  model.factors.forEach((u, k) => {
    const unit = u.div(u.square().sum({ axis: 0 }).sqrt());
    const cosines = unit.mT().matmul(fit.factors[k]!).abs().max({ axis: 0 });
    expect(cosines.min().item()).toBeGreaterThan(1 - 1e-8);
    if (k < 2)
      for (let c = 0; c < 3; c++) {
        const column = fit.factors[k]!.at(":", c);
        expect(column.max().item()).toBeGreaterThanOrEqual(column.neg().max().item());
      }
  });
});

it("compresses a large low-rank tensor first and is as exact", () => {
  const { x } = plantedCp(6, [30, 40, 20], 4);
  const fit = best(x, 4, { tol: 1e-13 });
  expect(fit.error).toBeLessThan(1e-8);
  expect(distance(x, cpRules.full(fit))).toBeLessThan(1e-8);
});

describe.each(REAL_AND_COMPLEX)("iterations in %s", (dtype) => {
  it("errors never grow, with the line search either", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(1000),
        fc.boolean(),
        (shape, rank, seed, lineSearch) => {
          const x = gaussian(seed, shape, dtype);
          const fit = cp(x, rank, { lineSearch, maxIterations: 25, tol: 0, key: key(seed), init: "random" });
          expect(fit.iterations).toBe(25);
          for (let i = 1; i < fit.history.length; i++)
            expect(fit.history[i]!).toBeLessThan(fit.history[i - 1]! + 1e-6);
          expect(Math.abs(distance(x, cpRules.full(fit)) - fit.error)).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 25 },
    ));

  it("the line search gets further where sweeps creep", () => {
    // Nearly collinear columns: the swamps of ALS.
    const base = [7, 8, 9].map((n, k) => gaussian(30 + k, [n, 1], dtype).broadcastTo([n, 3]));
    const factors = base.map((u, k) => u.add(gaussian(40 + k, u.shape, dtype).mul(0.4)));
    const x = cpRules.full({ kind: "cp", weights: ones([3], dtype), factors });
    const options = { init: "random", key: key(3), maxIterations: 60, tol: 0 } as const;
    const plain = cp(x, 3, { ...options, lineSearch: false });
    const searched = cp(x, 3, options);
    expect(searched.error).toBeLessThan(plain.error);
  });
});

it("a converged fit says so, and stops at maxIterations else", () => {
  const x = noisy(plantedCp(1, [8, 9, 10], 2).x, 0.1, 2);
  const done = cp(x, 2);
  expect(done.converged).toBe(true);
  expect(done.history).toHaveLength(done.iterations);
  const cut = cp(x, 2, { maxIterations: 1, init: "random" });
  expect([cut.converged, cut.iterations]).toEqual([false, 1]);
});

describe("the tensor without a best rank-2 approximation", () => {
  // a∘a∘b + a∘b∘a + b∘a∘a has rank 3, but rank-2 tensors come as near as one likes.
  const a = [1, 0];
  const b = [0, 1];
  const x = [
    [a, a, b],
    [a, b, a],
    [b, a, a],
  ]
    .map((vectors) =>
      cpRules.full({
        kind: "cp",
        weights: ones([1]),
        factors: vectors.map((v) => tensor(v).reshape([2, 1])),
      }),
    )
    .reduce((sum, term) => sum.add(term));

  it("degenerates, and says so", () => {
    const fit = cp(x, 2, { init: "random", key: key(4), maxIterations: 1500, tol: 0 });
    expect(fit.degenerate).toBe(true);
    expect(fit.error).toBeLessThan(0.05);
    expect(cp(x, 3, { init: "random", key: key(1), maxIterations: 2000 }).degenerate).toBe(false);
  });
  it("a ridge keeps the components bounded", () => {
    const fit = cp(x, 2, { init: "random", key: key(4), maxIterations: 1000, tol: 0, ridge: 0.1 });
    expect(fit.degenerate).toBe(false);
    expect(fit.weights.max().item()).toBeLessThan(10);
    expect(fit.error).toBeLessThan(0.8);
  });
});

describe.each(["hals", "mu"] as const)("nonneg: %s", (nonneg) => {
  const factors = [9, 8, 7].map((n, k) => positive(60 + k, [n, 3]));
  const model: CP = { kind: "cp", weights: ones([3]), factors };
  const x = cpRules.full(model);
  it("fits a non-negative tensor without negative numbers, monotonically", () => {
    const fit = cp(x, 3, { nonneg, maxIterations: 1000, tol: 1e-10, init: "random", key: key(2) });
    expect(fit.error).toBeLessThan(nonneg === "hals" ? 2e-3 : 2e-2);
    for (const u of [fit.weights, ...fit.factors]) expect(u.min().item()).toBeGreaterThanOrEqual(0);
    for (let i = 1; i < fit.history.length; i++)
      expect(fit.history[i]!).toBeLessThan(fit.history[i - 1]! + 1e-9);
    expect(Math.abs(distance(x, cpRules.full(fit)) - fit.error)).toBeLessThan(1e-7);
  });
  it("takes tensors with negative entries and single precision", () => {
    const fit = cp(gaussian(3, [5, 6, 7], "float32"), 2, { nonneg, maxIterations: 30 });
    expect(fit.error).toBeLessThanOrEqual(1);
    expect(fit.factors[0]!.dtype).toBe("float32");
    const negative = cp(x.neg(), 2, { nonneg, maxIterations: 30 });
    expect(negative.error).toBeCloseTo(1, 3);
  });
});

describe("edges", () => {
  it.each(ALL_DTYPES)("an all-zero %s tensor has weights of 0 and no error", (dtype) => {
    for (const nonneg of dtype.startsWith("complex") ? [false] : [false, true]) {
      const fit = cp(zeros([3, 4, 5], dtype), 2, { nonneg });
      expect(fit.error).toBe(0);
      expect(frobenius(cpRules.full(fit))).toBe(0);
      expect([fit.converged, fit.degenerate]).toEqual([true, false]);
    }
  });
  it.each([[[1, 1, 1]], [[1, 6, 5]], [[4, 1, 1, 5]], [[7]], [[6, 1]]])("size-1 modes: %j", (shape) => {
    const { x } = plantedCp(8, shape, 1);
    const fit = cp(x, 1);
    expect(fit.error).toBeLessThan(1e-10);
    expect(distance(x, cpRules.full(fit))).toBeLessThan(1e-10);
  });
  it("ranks above what is needed do no harm", () => {
    const { x } = plantedCp(9, [4, 5, 6], 2);
    const fit = cp(x, 7);
    expect(fit.error).toBeLessThan(1e-5);
  });
  it("integers are promoted, float32 stays", () => {
    const x = tensor(
      [
        [1, 2, 3],
        [2, 4, 6],
      ],
      { dtype: "int32" },
    );
    const fit = cp(x, 1);
    expect(fit.weights.dtype).toBe("float64");
    expect(fit.error).toBeLessThan(1e-12);
  });
  it.each(["float64", "float32"] as const)("scales do not matter in %s", (dtype) => {
    const { x } = plantedCp(10, [5, 6, 7], 2, dtype);
    for (const scale of dtype === "float64" ? [1e-150, 1e120] : [1e-17, 1e17]) {
      const fit = best(x.mul(scale), 2, { tol: 1e-10 });
      // The loop stops where the difference of norms has no more digits.
      const accuracy = dtype === "float64" ? 1e-7 : 1e-3;
      expect(fit.error).toBeLessThan(accuracy);
      expect(distance(x, cpRules.full({ ...fit, weights: fit.weights.div(scale) }))).toBeLessThan(accuracy);
    }
  });
  it("views are read as they are", () => {
    const x = plantedCp(12, [5, 6, 7], 2).x.transpose([2, 0, 1]);
    expect(distance(x, cpRules.full(cp(x, 2)))).toBeLessThan(1e-5);
  });
});

it("results do not depend on when they are computed", () => {
  const x = gaussian(1, [5, 6, 7]);
  const run = () => cp(x, 8, { key: key(3), maxIterations: 20 }).weights.toArray();
  expect(run()).toEqual(run());
});

describe("bad input", () => {
  const x = gaussian(1, [3, 4, 5]);
  it.each([0, -1, 1.5, Number.NaN])("rank %d", (rank) => {
    expect(() => cp(x, rank)).toThrow(DomainError);
  });
  it("tensors and options", () => {
    expect(() => cp(zeros([]), 1)).toThrow(ShapeError);
    expect(() => cp(zeros([3, 0]), 1)).toThrow(ShapeError);
    expect(() => cp(tensor([[1, Number.NaN]]), 1)).toThrow(
      /1 entry is not finite, the first at index \[0, 1\]/,
    );
    expect(() => cp(gaussian(1, [3, 4], "complex128"), 1, { nonneg: true })).toThrow(DTypeError);
    expect(() => cp(x, 2, { tol: 1 })).toThrow(/tol/);
    expect(() => cp(x, 2, { maxIterations: 0 })).toThrow(/maxIterations/);
    expect(() => cp(x, 2, { ridge: -1 })).toThrow(/ridge/);
    expect(() => cp(x, 2, { init: [x] })).toThrow(ShapeError);
    expect(() => cp(x, 2, { init: [3, 4, 6].map((n) => ones([n, 2])) })).toThrow(/init factor 2/);
    expect(() => cp(x, 2, { nonneg: true, init: [3, 4, 5].map((n) => ones([n, 2]).neg()) })).toThrow(
      /negative/,
    );
  });
  it("an aborted signal stops the work", () => {
    const controller = new AbortController();
    let sweeps = 0;
    const onProgress = (): void => {
      if (++sweeps === 3) controller.abort();
    };
    expect(() => cp(x, 2, { tol: 0, onProgress, signal: controller.signal })).toThrow(AbortedError);
    expect(sweeps).toBe(3);
  });
});

describe("kruskalRanks", () => {
  it("are those of the factors, and tell uniqueness", () => {
    const generic = plantedCp(1, [5, 4, 6], 3).model;
    expect(kruskalRanks(generic)).toEqual({ ranks: [3, 3, 3], unique: true });
    const u = generic.factors[0]!;
    const repeated = modeProduct(
      u,
      tensor([
        [1, 0, 0],
        [1, 0, 0],
        [0, 0, 1],
      ]).mT(),
      1,
    ).contiguous();
    const twin: CP = { ...generic, factors: [repeated, ...generic.factors.slice(1)] };
    expect(kruskalRanks(twin).ranks[0]).toBeLessThan(2);
    expect(kruskalRanks(plantedCp(1, [2, 2, 2], 3).model)).toEqual({ ranks: [2, 2, 2], unique: false });
  });
  it("does not depend on the scale of columns", () => {
    const { model } = plantedCp(3, [5, 4, 6], 2);
    const scaled = { ...model, factors: model.factors.map((u) => u.mul(tensor([1, 1e-6]))) };
    expect(kruskalRanks(scaled).ranks).toEqual([2, 2, 2]);
  });
  it("stops at 12 components", () => {
    expect(() => kruskalRanks(plantedCp(1, [20, 20], 13).model)).toThrow(/12/);
  });
});
