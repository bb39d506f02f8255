import { key, uniform } from "polyadic/random";
import { DomainError, DTypeError, ones, ShapeError, Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { cp } from "../../src/decompose/cp/cp.ts";
import { cpRules } from "../../src/decompose/cp/rules.ts";
import { ALL_DTYPES, distance, gaussian, noisy, plantedCp, positive, REAL_AND_COMPLEX } from "./planted.ts";

/** True for about `share` of the entries. */
const randomMask = (shape: readonly number[], share: number, seed = 1): Tensor =>
  uniform(key(seed), shape).less(share);

/** x where the mask is true, NaN elsewhere. */
function withGaps(x: Tensor, mask: Tensor): Tensor {
  const data = x.toTypedArray();
  const keep = mask.data();
  const width = data.length / keep.length;
  for (let i = 0; i < data.length; i++) if (keep[Math.floor(i / width)] === 0) data[i] = Number.NaN;
  return new Tensor(data, x.shape, x.dtype);
}

describe.each(ALL_DTYPES)("a planted tensor with gaps, %s", (dtype) => {
  const single = dtype === "float32" || dtype === "complex64";
  // Row by row for real tensors with few entries, filled for complex ones.
  it.each([0.9, 0.5])("is found again from a share %d of its entries", (share) => {
    const { x } = plantedCp(3, [12, 11, 10], 2, dtype);
    const mask = randomMask(x.shape, share);
    const fit = cp(withGaps(x, mask), 2, { mask, tol: 1e-12, maxIterations: 400 });
    expect(distance(x, cpRules.full(fit))).toBeLessThan(single ? 1e-3 : 1e-6);
    expect(fit.error).toBeLessThan(single ? 1e-3 : 1e-6);
  });
});

it("few entries are enough: a fifth of a tensor of rank 2, also of four modes", () => {
  for (const shape of [
    [14, 13, 12],
    [8, 7, 6, 5],
  ]) {
    const { x } = plantedCp(4, shape, 2);
    const mask = randomMask(shape, 0.2);
    const fit = cp(withGaps(x, mask), 2, { mask, tol: 1e-13, maxIterations: 500 });
    expect(distance(x, cpRules.full(fit))).toBeLessThan(1e-5);
  }
});

describe.each(REAL_AND_COMPLEX)("errors, %s", (dtype) => {
  it("are those of the present entries, and never grow", () => {
    const x = noisy(plantedCp(5, [8, 9, 7], 2, dtype).x, 0.3, 6);
    const mask = randomMask(x.shape, 0.6);
    const fit = cp(x, 3, { mask, maxIterations: 40, tol: 0 });
    const keep = mask.astype(dtype);
    const measured = frobenius(x.sub(cpRules.full(fit)).mul(keep)) / frobenius(x.mul(keep));
    expect(fit.error).toBeCloseTo(measured, 9);
    for (let i = 1; i < fit.history.length; i++)
      expect(fit.history[i]!).toBeLessThan(fit.history[i - 1]! + 1e-9);
  });
});

it("a mask without gaps gives the fit without a mask", () => {
  const x = noisy(plantedCp(7, [6, 7, 8], 2).x, 0.2, 8);
  const whole = cp(x, 2, { tol: 1e-12, maxIterations: 500, lineSearch: false });
  const masked = cp(x, 2, { tol: 1e-12, maxIterations: 500, mask: ones(x.shape, "bool") });
  expect(masked.error).toBeCloseTo(whole.error, 7);
});

describe("weights", () => {
  const x = noisy(plantedCp(9, [6, 7, 8], 2).x, 0.3, 10);
  it("of one value count as none", () => {
    const plain = cp(x, 2, { mask: ones(x.shape, "bool"), maxIterations: 30, tol: 0 });
    const weighted = cp(x, 2, { mask: ones(x.shape).mul(7), maxIterations: 30, tol: 0 });
    expect(weighted.error).toBeCloseTo(plain.error, 9);
  });
  it("count an entry as often as they say", () => {
    // Weight 3 on a slice is the same as the slice three times.
    const weights = ones(x.shape).set([0], 3);
    const fit = cp(x, 1, { mask: weights, tol: 1e-14, maxIterations: 2000 });
    const repeated = x.at([0, 0, 0, 1, 2, 3, 4, 5]);
    const other = cp(repeated, 1, { tol: 1e-14, maxIterations: 2000 });
    expect(fit.error).toBeCloseTo(other.error, 6);
    expect(distance(cpRules.full(other).at("2:"), cpRules.full(fit))).toBeLessThan(1e-4);
  });
});

it("non-negative factors with gaps", () => {
  const factors = [9, 8, 7].map((n, k) => positive(60 + k, [n, 2]));
  const x = cpRules.full({ kind: "cp", weights: ones([2]), factors });
  const mask = randomMask(x.shape, 0.7);
  const fit = cp(withGaps(x, mask), 2, { mask, nonneg: true, tol: 1e-12, maxIterations: 3000 });
  for (const u of fit.factors) expect(u.min().item()).toBeGreaterThanOrEqual(0);
  expect(distance(x, cpRules.full(fit))).toBeLessThan(0.02);
});

it("slices without entries, and with fewer than the rank, do not break it", () => {
  const { x } = plantedCp(13, [6, 7, 8], 3);
  const mask = randomMask(x.shape, 0.8).set([0], false).set([1, "1:"], false);
  const fit = cp(withGaps(x, mask), 3, { mask, ridge: 1e-6 });
  expect(fit.error).toBeLessThan(0.01);
  expect(fit.factors[0]!.at(0).abs().max().item()).toBe(0);
});

it("zeros with gaps", () => {
  const mask = randomMask([3, 4, 5], 0.5);
  expect(cp(zeros([3, 4, 5]), 2, { mask }).error).toBe(0);
});

it("refuses masks that do not fit", () => {
  const x = gaussian(1, [3, 4]);
  expect(() => cp(x, 1, { mask: ones([4, 3], "bool") })).toThrow(ShapeError);
  expect(() => cp(x, 1, { mask: zeros([3, 4], "bool") })).toThrow(/leaves no entry/);
  expect(() => cp(x, 1, { mask: ones([3, 4]).neg() })).toThrow(DomainError);
  expect(() => cp(x, 1, { mask: ones([3, 4]).div(0) })).toThrow(/finite/);
  expect(() => cp(x, 1, { mask: ones([3, 4], "complex128") })).toThrow(DTypeError);
  expect(() => cp(tensor([[1, Number.NaN]]), 1, { mask: ones([1, 2], "bool") })).toThrow(/not finite/);
});
