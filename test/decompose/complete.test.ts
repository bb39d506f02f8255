import { key, uniform } from "polyadic/random";
import {
  AbortedError,
  DomainError,
  DTypeError,
  ones,
  ShapeError,
  Tensor,
  tensor,
  zeros,
} from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { type CompleteOptions, complete } from "../../src/decompose/completion/complete.ts";
import { full } from "../../src/decompose/operations.ts";
import { distance, gaussian, noisy, plantedCp, plantedTucker } from "./planted.ts";

const randomMask = (shape: readonly number[], share: number, seed = 1): Tensor =>
  uniform(key(seed), shape).less(share);

/** NaN where the mask is false. */
function withGaps(x: Tensor, mask: Tensor): Tensor {
  const data = x.toTypedArray();
  const keep = mask.data();
  const width = data.length / keep.length;
  for (let i = 0; i < data.length; i++) if (keep[Math.floor(i / width)] === 0) data[i] = Number.NaN;
  return new Tensor(data, x.shape, x.dtype);
}

describe("a planted CP tensor", () => {
  it.each(["float64", "float32", "complex128"] as const)(
    "with a third missing: rank and gaps are found, %s",
    (dtype) => {
      const { x } = plantedCp(3, [12, 11, 10], 2, dtype);
      const mask = randomMask(x.shape, 0.66);
      const result = complete(withGaps(x, mask), mask, { method: "cp" });
      expect([result.method, result.ranks]).toEqual(["cp", [2]]);
      const accuracy = dtype === "float64" ? 1e-4 : 1e-3;
      expect(distance(x, full(result.decomposition))).toBeLessThan(accuracy);
      expect(result.heldOutError).toBeLessThan(accuracy);
      expect(result.error).toBeLessThan(accuracy);
    },
  );
  it("with noise: the held-out error tells what to expect of the gaps", () => {
    const clean = plantedCp(4, [14, 13, 12], 3).x;
    const x = noisy(clean, 0.1, 5);
    const mask = randomMask(x.shape, 0.5);
    const result = complete(withGaps(x, mask), mask, { key: key(2) });
    expect(result.heldOutError).toBeGreaterThan(0.07);
    expect(result.heldOutError).toBeLessThan(0.14);
    expect(distance(clean, full(result.decomposition))).toBeLessThan(0.06);
    const best = Math.min(...result.candidates.map((c) => c.heldOutError));
    expect(result.heldOutError).toBeLessThanOrEqual(best * 1.02);
    expect(result.candidates.map((c) => c.method)).toContain("tucker");
  });
});

it("a planted Tucker tensor is taken for one", () => {
  const { x } = plantedTucker(6, [12, 11, 10], [3, 3, 3]);
  const mask = randomMask(x.shape, 0.7);
  const result = complete(withGaps(x, mask), mask, { maxIterations: 400 });
  expect([result.method, result.ranks]).toEqual(["tucker", [3, 3, 3]]);
  expect(distance(x, full(result.decomposition))).toBeLessThan(1e-3);
});

it("errors are measured on the present entries", () => {
  const x = noisy(plantedCp(7, [8, 9, 7], 2).x, 0.2, 8);
  const mask = randomMask(x.shape, 0.8);
  for (const options of [{ ranks: [2] }, { ranks: [2, 2, 2] }]) {
    const result = complete(withGaps(x, mask), mask, options);
    const keep = mask.astype("float64");
    const measured = frobenius(x.sub(full(result.decomposition)).mul(keep)) / frobenius(x.mul(keep));
    expect(result.error).toBeCloseTo(measured, 9);
    expect(result.method).toBe(options.ranks.length === 1 ? "cp" : "tucker");
    expect(result.candidates).toHaveLength(1);
  }
});

it("is deterministic by its key, which chooses the held-out entries", () => {
  const x = noisy(plantedCp(9, [6, 7, 8], 2).x, 0.3, 10);
  const mask = randomMask(x.shape, 0.8);
  const run = (seed: number): unknown => {
    const { decomposition, candidates } = complete(x, mask, { key: key(seed), maxIterations: 20 });
    return [candidates, full(decomposition).toArray()];
  };
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});

describe("edges", () => {
  it("nothing is missing", () => {
    const { x } = plantedCp(11, [6, 7, 8], 2);
    const result = complete(x, ones(x.shape, "bool"));
    expect(distance(x, full(result.decomposition))).toBeLessThan(1e-4);
  });
  it("slices with fewer entries than the rank, and empty ones", () => {
    const x = noisy(plantedCp(12, [8, 7, 9], 2).x, 0.05, 13);
    const mask = randomMask(x.shape, 0.6).set([0], false).set([1, "1:"], false);
    const result = complete(withGaps(x, mask), mask);
    expect(result.error).toBeLessThan(0.1);
    expect(Number.isFinite(frobenius(full(result.decomposition)))).toBe(true);
  });
  it("a single entry", () => {
    const mask = zeros([2, 3], "bool").set([1, 2], true);
    const result = complete(ones([2, 3]).mul(5), mask);
    expect(result.heldOutError).toBeNaN();
    expect(full(result.decomposition).item(1, 2)).toBeCloseTo(5, 4);
  });
  it("all present entries are zero", () => {
    const mask = randomMask([4, 5, 3], 0.5);
    expect(complete(zeros([4, 5, 3]), mask).error).toBe(0);
  });
  it("matrices and integers", () => {
    const x = tensor(
      Array.from({ length: 8 }, (_, i) => Array.from({ length: 6 }, (_, j) => (i + 1) * (j + 1))),
      {
        dtype: "int32",
      },
    );
    const mask = randomMask([8, 6], 0.7);
    const result = complete(x, mask);
    expect(distance(x.astype("float64"), full(result.decomposition))).toBeLessThan(1e-3);
  });
});

it("reports progress and stops when told", () => {
  const x = gaussian(1, [5, 6, 7]);
  const mask = randomMask(x.shape, 0.8);
  const fractions: number[] = [];
  complete(x, mask, { maxRank: 2, maxIterations: 5, onProgress: ({ fraction }) => fractions.push(fraction) });
  expect(fractions.at(-1)).toBe(1);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  const controller = new AbortController();
  const options = { signal: controller.signal, onProgress: () => controller.abort() };
  expect(() => complete(x, mask, options)).toThrow(AbortedError);
});

describe("bad input", () => {
  const x = gaussian(1, [3, 4]);
  const mask = ones([3, 4], "bool");
  it.each<[string, CompleteOptions]>([
    ["holdOut 1", { holdOut: 1 }],
    ["holdOut 0 without ranks", { holdOut: 0 }],
    ["tol", { tol: -1 }],
    ["maxIterations", { maxIterations: 0 }],
    ["maxRank", { maxRank: 0 }],
    ["number of ranks", { ranks: [1, 1, 1] }],
    ["rank 0", { ranks: [0] }],
    ["rank over length", { ranks: [4, 1] }],
    ["cp with several ranks", { method: "cp", ranks: [1, 1] }],
  ])("%s", (_, options) => {
    expect(() => complete(x, mask, options)).toThrow(DomainError);
  });
  it("masks and entries", () => {
    expect(() => complete(x, zeros([3, 4], "bool"))).toThrow(/leaves no entry/);
    expect(() => complete(x, ones([3, 4]))).toThrow(DTypeError);
    expect(() => complete(x, ones([4, 3], "bool"))).toThrow(ShapeError);
    expect(() => complete(tensor([[1, Number.NaN]]), ones([1, 2], "bool"))).toThrow(/not finite/);
  });
});
