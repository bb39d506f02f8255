import fc from "fast-check";
import { ShapeError } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { khatriRao, unfold } from "../../src/decompose/base/unfold.ts";
import { DenseMttkrp, mttkrp } from "../../src/decompose/cp/mttkrp.ts";
import { ALL_DTYPES, distance, gaussian, roundoff } from "./planted.ts";
import { reference, unpack } from "./reference.ts";

it.each(["real", "complex"] as const)("agrees with NumPy, %s", (kind) => {
  const expected = reference[kind];
  const factors = expected.factors.map((f) => unpack(f));
  expected.mttkrp.forEach((m, k) => {
    expect(distance(unpack(m), mttkrp(unpack(expected.x), factors, k))).toBeLessThan(1e-13);
  });
});

it.each(ALL_DTYPES)("is the unfolding times the Khatri-Rao product, any order and rank, %s", (dtype) =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 5 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(1000),
      (shape, rank, seed) => {
        const x = gaussian(seed, shape, dtype);
        const factors = shape.map((n, k) => gaussian(seed + 7 * k + 1, [n, rank], dtype));
        shape.forEach((_, k) => {
          const others = khatriRao(factors.filter((_, j) => j !== k));
          expect(distance(unfold(x, k).matmul(others), mttkrp(x, factors, k))).toBeLessThan(
            10 * roundoff(dtype),
          );
        });
      },
    ),
    { numRuns: 15 },
  ),
);

describe("kept halves", () => {
  const x = gaussian(1, [6, 7, 8]);
  const draw = (seed: number) => x.shape.map((n, k) => gaussian(seed + k, [n, 3]));

  it("are not used for factors that changed", () => {
    const products = new DenseMttkrp(x);
    const factors = draw(10);
    for (let sweep = 0; sweep < 3; sweep++)
      for (let mode = 0; mode < 3; mode++) {
        expect(distance(mttkrp(x, factors, mode), products.mttkrp(factors, mode))).toBeLessThan(1e-14);
        factors[mode] = gaussian(100 + 10 * sweep + mode, [x.shape[mode]!, 3]);
      }
  });

  it.each([
    [6, 7, 8],
    [2, 3, 40],
    [40, 3, 2],
    [4, 5, 6, 3],
    [9, 8],
  ])("are combined for a step between two sets of factors: %i %i %i %i", (...lengths) => {
    const shape = lengths.filter((n): n is number => n !== undefined);
    const y = gaussian(2, shape);
    const products = new DenseMttkrp(y);
    const before = shape.map((n, k) => gaussian(20 + k, [n, 3]));
    const now = shape.map((n, k) => gaussian(40 + k, [n, 3]));
    const trial = now.map((u, k) => u.add(u.sub(before[k]!).mul(0.7)));
    for (const factors of [before, now]) for (const k of shape.keys()) products.mttkrp(factors, k);
    products.combine(trial, now, before, 0.7);
    const mode = products.probeMode;
    expect(distance(mttkrp(y, trial, mode), products.mttkrp(trial, mode))).toBeLessThan(1e-13);
  });
});

it("takes one mode and views, and refuses what does not fit", () => {
  const line = gaussian(1, [4]);
  expect(mttkrp(line, [gaussian(2, [4, 2])], 0).toArray()).toEqual(
    line.reshape([4, 1]).broadcastTo([4, 2]).toArray(),
  );
  const view = gaussian(3, [3, 4, 5]).transpose([2, 0, 1]);
  const factors = view.shape.map((n, k) => gaussian(4 + k, [n, 2]));
  expect(distance(mttkrp(view.contiguous(), factors, 1), mttkrp(view, factors, 1))).toBeLessThan(1e-15);
  expect(() => mttkrp(view, factors.slice(1), 0)).toThrow(ShapeError);
  expect(() => mttkrp(view, factors, 3)).toThrow(/mode/);
  expect(() => mttkrp(view, [factors[0]!, factors[1]!, factors[0]!], 0)).toThrow(/factor 2/);
});
