import fc from "fast-check";
import { key } from "polyadic/random";
import { DomainError, DTypeError, ShapeError, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import {
  denseToSparse,
  type SparseTensor,
  sparseNorm,
  sparseProject,
  sparseToDense,
} from "../../src/decompose/base/sparse.ts";
import { entryOrder, mergeRepeated, SparseMttkrp } from "../../src/decompose/base/sparseEntries.ts";
import { multiModeProduct, unfold } from "../../src/decompose/base/unfold.ts";
import { cp } from "../../src/decompose/cp/cp.ts";
import { mttkrp } from "../../src/decompose/cp/mttkrp.ts";
import { cpRules } from "../../src/decompose/cp/rules.ts";
import { tuckerRules } from "../../src/decompose/tucker/rules.ts";
import { tucker } from "../../src/decompose/tucker/tucker.ts";
import { distance, gaussian, plantedCp } from "./planted.ts";

/** Random entries, some of them at the same place. */
const sparse: fc.Arbitrary<SparseTensor> = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })
  .chain((shape) =>
    fc
      .array(
        fc.tuple(fc.tuple(...shape.map((n) => fc.nat(n - 1))), fc.double({ min: -5, max: 5, noNaN: true })),
        { minLength: 1, maxLength: 30 },
      )
      .map((list) => ({
        kind: "sparse" as const,
        shape,
        indices: Int32Array.from(list.flatMap(([index]) => index as number[])),
        values: Float64Array.from(list, ([, value]) => value),
      })),
  );

it("products are those of the dense tensor", () =>
  fc.assert(
    fc.property(sparse, fc.integer({ min: 1, max: 4 }), (x, r) => {
      const dense = sparseToDense(x);
      const factors = x.shape.map((n, k) => gaussian(k + 1, [n, r]));
      const products = new SparseMttkrp(x);
      x.shape.forEach((_, mode) => {
        const others = factors.map((u, k) => (k === mode ? null : u));
        expect(frobenius(mttkrp(dense, factors, mode).sub(products.mttkrp(factors, mode)))).toBeLessThan(
          1e-10,
        );
        const projected = unfold(multiModeProduct(dense, others, { adjoint: true }), mode);
        expect(frobenius(projected.sub(sparseProject(x, factors, mode)).contiguous())).toBeLessThan(1e-10);
      });
    }),
    { numRuns: 60 },
  ));

it("repeated entries add up", () =>
  fc.assert(
    fc.property(sparse, (x) => {
      const merged = mergeRepeated(x);
      expect(new Set(unfoldedIndices(merged)).size).toBe(merged.values.length);
      expect(frobenius(sparseToDense(x).sub(sparseToDense(merged)))).toBeLessThan(1e-12);
      expect(sparseNorm(merged)).toBeCloseTo(frobenius(sparseToDense(x)), 9);
    }),
    { numRuns: 60 },
  ));

const unfoldedIndices = (x: SparseTensor): string[] =>
  Array.from(x.values, (_, i) => x.indices.subarray(i * x.shape.length, (i + 1) * x.shape.length).join());

it("shapes beyond 2^53 elements", () => {
  const side = 2 ** 30;
  const indices = Int32Array.of(5, side - 1, 7, 5, side - 1, 7, 1, 1, 1);
  const x: SparseTensor = {
    kind: "sparse",
    shape: [side, side, side],
    indices,
    values: Float64Array.of(1, 2, 4),
  };
  expect(mergeRepeated(x)).toMatchObject({ values: Float64Array.of(3, 4), indices: indices.slice(3) });
});

it("dense and back", () => {
  const x = tensor([
    [0, 1, 0],
    [2, 0, 3],
  ]);
  expect(denseToSparse(x)).toEqual({
    kind: "sparse",
    shape: [2, 3],
    indices: Int32Array.of(0, 1, 1, 0, 1, 2),
    values: Float64Array.of(1, 2, 3),
  });
  expect(sparseToDense(denseToSparse(x)).toArray()).toEqual(x.toArray());
});

describe("CP and Tucker", () => {
  // Few non-zero rows in each factor make a sparse tensor of low rank.
  const { model } = plantedCp(1, [20, 15, 10], 3);
  const thinned = model.factors.map((u, k) =>
    u.mul(
      gaussian(10 + k, u.shape)
        .greater(0.5)
        .astype("float64"),
    ),
  );
  const dense = cpRules.full({ ...model, factors: thinned });
  const x = denseToSparse(dense);

  it("CP fits as on the dense tensor", () => {
    const fit = cp(x, 3, { key: key(2), maxIterations: 500 });
    expect(fit.error).toBeLessThan(1e-6);
    expect(distance(dense, cpRules.full(fit))).toBeLessThan(1e-6);
    const positive = cp({ ...x, values: x.values.map(Math.abs) }, 3, { nonneg: true, maxIterations: 50 });
    for (const u of positive.factors) expect(u.min().item()).toBeGreaterThanOrEqual(0);
  });
  it("CP takes the same sweeps as on the dense tensor", () => {
    const init = dense.shape.map((n, k) => gaussian(30 + k, [n, 4]));
    const options = { init, maxIterations: 12, tol: 0, lineSearch: false };
    const sparseFit = cp(x, 4, options);
    cp(dense, 4, options).history.forEach((error, i) => {
      expect(sparseFit.history[i]!).toBeCloseTo(error, 8);
    });
  });
  it("Tucker by HOOI reaches the dense result", () => {
    for (const ranks of [
      [3, 3, 3],
      [2, 3, 2],
      [1, 1, 1],
    ]) {
      const fit = tucker(x, { ranks, maxIterations: 200, tol: 1e-12 });
      const expected = tucker(dense, { ranks, method: "hooi", maxIterations: 200, tol: 1e-12 });
      expect(fit.error).toBeLessThan(expected.error * 1.001 + 1e-7);
      expect(Math.abs(distance(dense, tuckerRules.full(fit)) - fit.error)).toBeLessThan(1e-7);
      expect(fit.core.shape).toEqual(ranks);
      for (let i = 1; i < fit.history!.length; i++)
        expect(fit.history![i]!).toBeLessThan(fit.history![i - 1]! + 1e-7);
    }
  });
  it("zeros, vectors, and ranks that the others cannot use", () => {
    const zero: SparseTensor = {
      kind: "sparse",
      shape: [3, 4],
      indices: Int32Array.of(1, 1),
      values: Float64Array.of(0),
    };
    expect(tucker(zero, { ranks: [1, 1] }).error).toBe(0);
    expect(cp(zero, 2).error).toBe(0);
    const line = denseToSparse(tensor([0, 3, 4]));
    expect(tucker(line, { ranks: [1] }).error).toBeLessThan(1e-7);
    const wide = tucker(x, { ranks: [5, 2, 1] });
    expect(Math.abs(distance(dense, tuckerRules.full(wide)) - wide.error)).toBeLessThan(1e-7);
  });
});

describe("bad input", () => {
  const x = denseToSparse(
    tensor([
      [0, 1],
      [2, 0],
    ]),
  );
  it("is named", () => {
    expect(() => cp({ ...x, indices: Int32Array.of(0, 2, 1, 0) }, 1)).toThrow(ShapeError);
    expect(() => cp({ ...x, indices: Int32Array.of(0, 1) }, 1)).toThrow(ShapeError);
    expect(() => cp({ ...x, values: Float64Array.of(1, Number.NaN) }, 1)).toThrow(/entry 1 is not finite/);
    expect(() => tucker({ ...x, values: new Float64Array(0) }, { ranks: [1, 1] })).toThrow(DomainError);
    expect(() => tucker(x, { rtol: 0.1 })).toThrow(/takes ranks/);
    expect(() => tucker(x, { ranks: [3, 1] })).toThrow(DomainError);
    expect(() => tucker(x, { ranks: [1] })).toThrow(ShapeError);
    expect(() => cp(x, 1, { mask: tensor([1]) })).toThrow(/no mask/);
    expect(() => denseToSparse(zeros([2, 2]))).toThrow(DomainError);
    expect(() => denseToSparse(zeros([2], "complex128"))).toThrow(DTypeError);
  });
});

it("sparse CP never forms the dense tensor, whose 800 gigabytes would not fit", () => {
  const shape = [10_000, 10_000, 1_000];
  const count = 3_000;
  const positions = gaussian(3, [count, 3]).data();
  const indices = Int32Array.from({ length: 3 * count }, (_, i) =>
    Math.floor(Math.abs((positions[i]! * 1e6) % shape[i % 3]!)),
  );
  const x: SparseTensor = { kind: "sparse", shape, indices, values: new Float64Array(count).fill(1) };
  const fit = cp(x, 2, { maxIterations: 2 });
  expect(fit.factors.map((u) => u.shape)).toEqual([
    [10_000, 2],
    [10_000, 2],
    [1_000, 2],
  ]);
  expect(fit.error).toBeLessThan(1);
});

it("entries are sorted along modes longer than a digit of the sort", () => {
  const shape = [3, 200_000];
  const indices = Int32Array.of(2, 70_000, 0, 199_999, 2, 4_464, 0, 65_536, 2, 70_000);
  const x: SparseTensor = { kind: "sparse", shape, indices, values: Float64Array.of(1, 2, 3, 4, 5) };
  expect([...entryOrder(x, [0, 1])]).toEqual([3, 1, 2, 0, 4]);
  expect(mergeRepeated(x).values).toEqual(Float64Array.of(6, 2, 3, 4));
});
