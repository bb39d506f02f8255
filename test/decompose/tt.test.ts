import fc from "fast-check";
import type { DType } from "polyadic/tensor";
import { DomainError, ShapeError, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { ttRules } from "../../src/decompose/train/rules.ts";
import { maximalRanks, tt, ttOrthogonalize, ttRound } from "../../src/decompose/train/tt.ts";
import type { TT } from "../../src/decompose/types.ts";
import { ALL_DTYPES, distance, gaussian, noisy, REAL_AND_COMPLEX, roundoff } from "./planted.ts";
import { reference, unpack } from "./reference.ts";

function plantedTrain(seed: number, shape: readonly number[], ranks: readonly number[], dtype: DType): TT {
  const bounds = [1, ...ranks, 1];
  return {
    kind: "tt",
    cores: shape.map((n, k) => gaussian(seed + k, [bounds[k]!, n, bounds[k + 1]!], dtype)),
  };
}

const measured = (x: Tensor, train: TT): number => distance(x, ttRules.full(train));

it("has the error of NumPy's TT-SVD", () => {
  const { truncations } = reference;
  const x = unpack(truncations.x);
  const train = tt(x, { ranks: [2, 3] });
  expect(train.error).toBeCloseTo(truncations.tt, 9);
  expect(measured(x, train)).toBeCloseTo(truncations.tt, 9);
});

describe.each(ALL_DTYPES)("in %s", (dtype) => {
  const train = plantedTrain(3, [5, 4, 6, 3], [2, 4, 3], dtype);
  const x = ttRules.full(train);
  it("finds planted ranks", () => {
    const found = tt(x, { rtol: 100 * roundoff(dtype) });
    expect(ttRules.ranks(found)).toEqual([2, 4, 3]);
    expect(measured(x, found)).toBeLessThan(100 * roundoff(dtype));
  });
  it("reports the measured error, within the budget", () => {
    const y = noisy(x, 0.2, 9);
    for (const rtol of [0.5, 0.3, 0.1, 0.03]) {
      const found = tt(y, { rtol });
      expect(found.error).toBeLessThanOrEqual(rtol);
      expect(Math.abs(measured(y, found) - found.error)).toBeLessThan(10 * roundoff(dtype));
    }
  });
});

it("tolerances are met down to 1e-10", () => {
  const index = [9, 8, 7].map((n, k) =>
    tensor(Array.from({ length: n }, (_, i) => i)).reshape([0, 1, 2].map((j) => (j === k ? n : 1))),
  );
  const x = index
    .reduce((sum, i) => sum.add(i))
    .add(1)
    .pow(-1);
  for (let digits = 0.5; digits <= 10; digits += 0.5) {
    const rtol = 10 ** -digits;
    expect(measured(x, tt(x, { rtol }))).toBeLessThanOrEqual(rtol);
  }
});

describe.each(REAL_AND_COMPLEX)("orthogonal trains in %s", (dtype) => {
  it("are the same tensor, orthogonal around any pivot", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
        fc.nat(1000),
        (shape, seed) => {
          const ranks = shape.slice(1).map((_, k) => 1 + ((seed + k) % 5));
          const train = plantedTrain(seed, shape, ranks, dtype);
          const pivot = seed % shape.length;
          const moved = ttOrthogonalize(train, pivot);
          expect(distance(ttRules.full(train), ttRules.full(moved))).toBeLessThan(1e-12);
          expect(frobenius(moved.cores[pivot]!)).toBeCloseTo(frobenius(ttRules.full(train)), 8);
          moved.cores.forEach((core, k) => {
            if (k === pivot) return;
            const [r0, n, r1] = core.shape as [number, number, number];
            const q = k < pivot ? core.reshape([r0 * n, r1]) : core.reshape([r0, n * r1]).mT();
            const gram = q.conj().mT().matmul(q).contiguous();
            for (let a = 0; a < gram.shape[0]!; a++)
              for (let b = 0; b < gram.shape[0]!; b++)
                expect(gram.at(a, b).abs().item()).toBeCloseTo(a === b ? 1 : 0, 10);
          });
        },
      ),
      { numRuns: 25 },
    ));
  it("rounding undoes an addition, and its error is the measured one", () => {
    const train = plantedTrain(5, [4, 5, 6, 3], [2, 3, 2], dtype);
    const twice = ttRules.add(train, train);
    expect(ttRules.ranks(twice)).toEqual([4, 6, 4]);
    const back = ttRound(twice, { rtol: 1e-10 });
    expect(ttRules.ranks(back)).toEqual([2, 3, 2]);
    expect(distance(ttRules.full(train).mul(2), ttRules.full(back))).toBeLessThan(1e-10);
    const rough = ttRound(train, { ranks: [1, 2, 1] });
    expect(Math.abs(measured(ttRules.full(train), rough) - rough.error)).toBeLessThan(1e-10);
  });
});

it("is within √(d-1) of the best: no better than the tails of all cuts", () =>
  fc.assert(
    fc.property(fc.nat(1000), (seed) => {
      const x = gaussian(seed, [4, 3, 4, 3]);
      const found = tt(x, { ranks: [2, 2, 2] });
      // Each cut alone bounds the best train from below.
      const cuts = [0, 1, 2].map((k) => {
        const left = x.shape.slice(0, k + 1).reduce((a, b) => a * b, 1);
        return tt(x.reshape([left, -1]), { ranks: [2] }).error;
      });
      expect(found.error).toBeGreaterThan(Math.max(...cuts) - 1e-12);
      expect(found.error).toBeLessThan(Math.hypot(...cuts) + 1e-12);
    }),
    { numRuns: 20 },
  ));

it("edges: zeros, vectors, size-1 modes, integers, caps", () => {
  const zero = tt(zeros([3, 4, 5]), { rtol: 0.1 });
  expect([zero.error, ...ttRules.ranks(zero)]).toEqual([0, 1, 1]);
  expect(tt(gaussian(1, [5]), { rtol: 0.1 }).cores[0]!.shape).toEqual([1, 5, 1]);
  const thin = gaussian(2, [1, 4, 1, 3]);
  expect(measured(thin, tt(thin, { rtol: 0 }))).toBeLessThan(1e-13);
  expect(
    tt(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: "int32" },
      ),
      { rtol: 0 },
    ).cores[0]!.dtype,
  ).toBe("float64");
  expect(ttRules.ranks(tt(gaussian(3, [4, 4, 4]), { maxRank: 2 }))).toEqual([2, 2]);
  expect(maximalRanks([2, 3, 4, 5])).toEqual([2, 6, 5]);
});

it("bad input", () => {
  const x = gaussian(1, [3, 4, 5]);
  expect(() => tt(x, {})).toThrow(DomainError);
  expect(() => tt(x, { rtol: 1 })).toThrow(DomainError);
  expect(() => tt(x, { rtol: Number.NaN })).toThrow(DomainError);
  expect(() => tt(x, { ranks: [4, 1] })).toThrow(/from 1 to 3/);
  expect(() => tt(x, { ranks: [1] })).toThrow(ShapeError);
  expect(() => tt(zeros([]), { rtol: 0.1 })).toThrow(ShapeError);
  expect(() => tt(zeros([2, 0]), { rtol: 0.1 })).toThrow(ShapeError);
  expect(() => tt(tensor([Number.NaN]), { rtol: 0.1 })).toThrow(/not finite/);
});
