import fc from "fast-check";
import { key } from "polyadic/random";
import { DomainError, DTypeError, ones, ShapeError, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import type { TruncationMethod } from "../../src/decompose/base/truncation.ts";
import { nonnegativeTucker } from "../../src/decompose/tucker/nonnegative.ts";
import { tuckerRules } from "../../src/decompose/tucker/rules.ts";
import { type TuckerOptions, type TuckerResult, tucker } from "../../src/decompose/tucker/tucker.ts";
import {
  ALL_DTYPES,
  distance,
  gaussian,
  noisy,
  plantedTucker,
  positive,
  REAL_AND_COMPLEX,
  roundoff,
} from "./planted.ts";
import { reference, unpack } from "./reference.ts";

const METHODS = ["sthosvd", "hosvd", "hooi"] as const;
const measured = (x: Tensor, fit: TuckerResult): number => distance(x, tuckerRules.full(fit));

/** Entries 1 / (1 + i + j + …): singular values fall quickly and smoothly. */
function hilbert(shape: readonly number[]): Tensor {
  return shape
    .map((n, k) =>
      tensor(Array.from({ length: n }, (_, i) => i)).reshape(shape.map((_, j) => (j === k ? n : 1))),
    )
    .reduce((sum, index) => sum.add(index))
    .add(1)
    .pow(-1);
}

describe("against NumPy", () => {
  const { truncations } = reference;
  const x = unpack(truncations.x);
  it.each([
    ["hosvd", {}, truncations.hosvd],
    ["sthosvd", { order: [2, 0, 1] }, truncations.sthosvd],
    ["hooi", { tol: 1e-14, maxIterations: 500 }, truncations.hooi],
  ] as const)("%s has the same error", (method, options, expected) => {
    const fit = tucker(x, { ranks: truncations.ranks, method, ...options });
    expect(fit.error).toBeCloseTo(expected, 9);
    expect(measured(x, fit)).toBeCloseTo(expected, 9);
    expect(fit.core.shape).toEqual(truncations.ranks);
  });
});

describe.each(ALL_DTYPES)("errors in %s", (dtype) => {
  const x = noisy(plantedTucker(1, [9, 8, 7], [3, 2, 4], dtype).x, 0.1, 2);
  it.each(METHODS)("%s: the reported one is the measured one, factors are orthonormal", (method) => {
    const fit = tucker(x, { ranks: [2, 2, 3], method });
    expect(Math.abs(fit.error - measured(x, fit))).toBeLessThan(roundoff(dtype));
    for (const u of fit.factors) {
      const gram = u.conj().mT().matmul(u);
      expect(
        distance(
          gram,
          tensor(gram.shape.map(() => 0))
            .sum()
            .add(gram),
        ),
      ).toBe(0);
      for (let a = 0; a < gram.shape[0]!; a++)
        for (let b = 0; b < gram.shape[0]!; b++)
          expect(gram.at(a, b).abs().item()).toBeCloseTo(a === b ? 1 : 0, 5);
    }
  });
  it.each(METHODS)("%s: exact at the true ranks", (method) => {
    const { x: exact } = plantedTucker(3, [6, 9, 5], [2, 3, 4], dtype);
    const fit = tucker(exact, { ranks: [2, 3, 4], method });
    expect(fit.error).toBeLessThan(10 * roundoff(dtype));
    expect(Math.abs(fit.error - measured(exact, fit))).toBeLessThan(roundoff(dtype));
  });
});

it("bounds: HOOI ≤ ST-HOSVD, both within √d of the best, HOSVD within the sum of tails", () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 3, maxLength: 4 }),
      fc.nat(1000),
      fc.constantFrom(...REAL_AND_COMPLEX),
      (shape, seed, dtype) => {
        const x = gaussian(seed, shape, dtype);
        const ranks = shape.map((n, k) => 1 + ((seed + k) % Math.min(n, 3)));
        const [st, ho, oi] = METHODS.map((method) => tucker(x, { ranks, method }).error);
        expect(oi!).toBeLessThan(st! + 1e-12);
        // HOOI is at least as large as the best.
        expect(st!).toBeLessThan(Math.sqrt(shape.length) * oi! + 1e-12);
        expect(ho!).toBeLessThan(Math.sqrt(shape.length) * oi! + 1e-12);
      },
    ),
    { numRuns: 30 },
  ));

it("HOOI errors never grow", () => {
  const { history } = tucker(gaussian(5, [7, 8, 9]), {
    ranks: [2, 2, 2],
    method: "hooi",
    tol: 0,
    maxIterations: 30,
  });
  expect(history).toHaveLength(30);
  for (let i = 1; i < 30; i++) expect(history![i]!).toBeLessThan(history![i - 1]! + 1e-13);
});

describe.each(["auto", "svd", "randomized"] as const)(
  "tolerances are met with truncation %s",
  (truncation) => {
    const x = hilbert([12, 10, 11]);
    it.each([0.3, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10])("rtol %d", (rtol) => {
      for (const method of METHODS) {
        const fit = tucker(x, { rtol, method, truncation });
        const error = measured(x, fit);
        expect(error).toBeLessThanOrEqual(rtol);
        expect(Math.abs(error - fit.error)).toBeLessThan(1e-3 * rtol);
      }
    });
  },
);

it.each(["float32", "complex64"] as const)("tolerances are met in %s", (dtype) => {
  const x = hilbert([12, 10, 11]).astype(dtype);
  for (const rtol of [0.3, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
    expect(measured(x, tucker(x, { rtol }))).toBeLessThanOrEqual(rtol);
});

it("unused budget moves on: ST-HOSVD needs no more numbers than HOSVD", () => {
  const x = hilbert([15, 15, 15]);
  for (const rtol of [1e-2, 1e-4, 1e-6]) {
    const st = tucker(x, { rtol });
    const ho = tucker(x, { rtol, method: "hosvd" });
    expect(st.core.size).toBeLessThanOrEqual(ho.core.size);
    // Equal modes get about equal shares of the budget.
    expect(Math.max(...st.core.shape) - Math.min(...st.core.shape)).toBeLessThanOrEqual(1);
  }
});

it("every mode order gives a valid decomposition", () => {
  const x = noisy(plantedTucker(7, [5, 6, 7], [2, 3, 2]).x, 0.05, 8);
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const fit = tucker(x, { rtol: 0.1, order });
    expect(measured(x, fit)).toBeLessThanOrEqual(0.1);
    expect(Math.abs(measured(x, fit) - fit.error)).toBeLessThan(1e-12);
  }
});

describe("edges", () => {
  it.each(METHODS)("%s: zeros, size-1 modes, vectors, integers", (method) => {
    for (const options of [{ rtol: 0.1 }, { ranks: [1, 1, 1] }, { maxRank: 2 }]) {
      const zero = tucker(zeros([3, 4, 5]), { ...options, method });
      expect(zero.error).toBe(0);
      expect(frobenius(tuckerRules.full(zero))).toBe(0);
    }
    const thin = gaussian(1, [1, 6, 1, 5]);
    const fit = tucker(thin, { rtol: 1e-9, method });
    expect(fit.core.shape).toEqual([1, 5, 1, 5]);
    expect(measured(thin, fit)).toBeLessThan(1e-9);
    const line = tucker(gaussian(2, [7]), { rtol: 1e-3, method });
    expect(line.core.shape).toEqual([1]);
    expect(line.error).toBeLessThan(1e-7);
    expect(
      tucker(
        tensor(
          [
            [1, 2],
            [2, 4],
          ],
          { dtype: "int32" },
        ),
        { rtol: 1e-6, method },
      ).core.dtype,
    ).toBe("float64");
  });
  it.each(METHODS)("%s: a rank above the product of the others is lowered", (method) => {
    const x = gaussian(3, [5, 4, 3]);
    const fit = tucker(x, { ranks: [5, 2, 1], method });
    expect(fit.core.shape[0]).toBeLessThanOrEqual(5);
    expect(Math.abs(measured(x, fit) - fit.error)).toBeLessThan(1e-12);
  });
  it("a mode longer than all others together", () => {
    const x = gaussian(4, [40, 3, 2]);
    for (const method of METHODS) expect(tucker(x, { rtol: 1e-8, method }).error).toBeLessThan(1e-8);
  });
  it("a cap on ranks, alone and with a tolerance", () => {
    const x = gaussian(5, [6, 7, 8]);
    expect(tucker(x, { maxRank: 3 }).core.shape).toEqual([3, 3, 3]);
    expect(tucker(x, { rtol: 0.1, maxRank: 3 }).core.shape).toEqual([3, 3, 3]);
    expect(tucker(x, { rtol: 0.1, maxRank: 3, method: "hosvd" }).core.shape).toEqual([3, 3, 3]);
  });
  it("scales do not matter", () => {
    const { x } = plantedTucker(6, [5, 6, 7], [2, 2, 2]);
    for (const scale of [1e-160, 1e150]) {
      const fit = tucker(x.mul(scale), { ranks: [2, 2, 2] });
      expect(fit.error).toBeLessThan(1e-12);
      expect(distance(x, tuckerRules.full({ ...fit, core: fit.core.div(scale) }))).toBeLessThan(1e-12);
    }
  });
});

describe("bad input", () => {
  const x = gaussian(1, [3, 4, 5]);
  it.each<[string, TuckerOptions, RegExp]>([
    ["nothing asked", {}, /rtol/],
    ["both asked", { rtol: 0.1, ranks: [1, 1, 1] }, /not both/],
    ["tolerance 1", { rtol: 1 }, /below 1/],
    ["negative tolerance", { rtol: -0.1 }, /from 0/],
    ["NaN tolerance", { rtol: Number.NaN }, /NaN/],
    ["rank 0", { ranks: [0, 1, 1] }, /rank 0/],
    ["rank over length", { ranks: [1, 5, 1] }, /from 1 to 4/],
    ["maxRank 0", { maxRank: 0 }, /maxRank/],
    ["order", { rtol: 0.1, order: [0, 0, 1] }, /order/],
    ["nonneg without ranks", { rtol: 0.1, nonneg: true }, /ranks/],
  ])("%s", (_, options, message) => {
    expect(() => tucker(x, options)).toThrow(DomainError);
    expect(() => tucker(x, options)).toThrow(message);
  });
  it("tensors", () => {
    expect(() => tucker(x, { ranks: [1, 1] })).toThrow(ShapeError);
    expect(() => tucker(zeros([]), { rtol: 0.1 })).toThrow(ShapeError);
    expect(() => tucker(zeros([0, 2]), { rtol: 0.1 })).toThrow(ShapeError);
    expect(() => tucker(tensor([1, Number.POSITIVE_INFINITY]), { rtol: 0.1 })).toThrow(/not finite/);
    expect(() => tucker(x.astype("complex128"), { ranks: [1, 1, 1], nonneg: true })).toThrow(DTypeError);
  });
});

describe.each(["hals", "mu"] as const)("non-negative Tucker by %s", (method) => {
  const model = {
    kind: "tucker" as const,
    core: positive(1, [2, 3, 2]),
    factors: [positive(2, [8, 2]), positive(3, [9, 3]), positive(4, [7, 2])],
  };
  const x = tuckerRules.full(model);
  it("fits without negative numbers, monotonically", () => {
    const fit = tucker(x, { ranks: [2, 3, 2], nonneg: method, maxIterations: 800, tol: 1e-9 });
    expect(fit.error).toBeLessThan(method === "hals" ? 0.01 : 0.05);
    expect(Math.abs(measured(x, fit) - fit.error)).toBeLessThan(1e-7);
    for (const part of [fit.core, ...fit.factors]) expect(part.min().item()).toBeGreaterThanOrEqual(0);
    for (let i = 1; i < fit.history!.length; i++)
      expect(fit.history![i]!).toBeLessThan(fit.history![i - 1]! + 1e-9);
  });
  it("edges: zeros, single precision, ranks that the others cannot use", () => {
    expect(nonnegativeTucker(zeros([3, 4]), { ranks: [2, 2], method }).error).toBe(0);
    const single = nonnegativeTucker(x.astype("float32"), { ranks: [2, 2, 2], method, maxIterations: 20 });
    expect(single.core.dtype).toBe("float32");
    const wide = nonnegativeTucker(x, { ranks: [5, 1, 1], method, maxIterations: 20, key: key(1) });
    expect(wide.core.shape).toEqual([5, 1, 1]);
    expect(wide.error).toBeLessThan(0.5);
    expect(nonnegativeTucker(ones([4, 5]), { ranks: [1, 1], method }).error).toBeLessThan(1e-6);
  });
});

it("truncation methods agree", () => {
  const x = hilbert([8, 9, 10]);
  const fits = (["gram", "svd", "randomized"] satisfies TruncationMethod[]).map((truncation) =>
    tuckerRules.full(tucker(x, { ranks: [3, 3, 3], truncation, key: key(1) })),
  );
  expect(distance(fits[0]!, fits[1]!)).toBeLessThan(1e-7);
  expect(distance(fits[0]!, fits[2]!)).toBeLessThan(1e-4);
});
