// Orders of instances, and whole families of systems.

import { tensor } from "polyadic";
import { gcrodr, type RelatedSystem, solveMany, sortInstances } from "polyadic/linalg";
import { convectionDiffusion, darcy } from "polyadic/linalg/problems";
import { key, normal, permutation, uniform } from "polyadic/random";
import { poisson } from "polyadic/sparse";
import { eye, ones, type Tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const total = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0);
const points = (...x: number[]): Tensor[] => x.map((value) => tensor([value]));

describe("sortInstances", () => {
  it("goes on to the nearest instance, from the first", () => {
    expect(Array.from(sortInstances(points(5, 0, 9, 4, 1, 8)))).toEqual([0, 3, 4, 1, 5, 2]);
    expect(Array.from(sortInstances(points(3)))).toEqual([0]);
    // Ties go to the first.
    expect(Array.from(sortInstances(points(0, 1, -1, 1)))).toEqual([0, 1, 3, 2]);
  });

  it("measures by the Frobenius norm or the largest difference", () => {
    const params = [tensor([0, 0]), tensor([3, 3]), tensor([4, 0])];
    expect(Array.from(sortInstances(params))).toEqual([0, 2, 1]);
    expect(Array.from(sortInstances(params, { metric: "max" }))).toEqual([0, 1, 2]);
  });

  it("sorts in groups along the principal component where there are many", () => {
    const order = permutation(key(0), 60).toArray() as number[];
    const params = order.map((i) => tensor([i, 0.3 * Math.sin(i)]));
    const sorted = Array.from(sortInstances(params, { window: 7 })).map((i) => order[i]!);
    expect([...sorted].sort((i, j) => i - j)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    const length = total(sorted.slice(1).map((x, i) => Math.abs(x - sorted[i]!)));
    expect(length).toBeLessThan(1.6 * 59);
    // Each group holds neighbours.
    for (let at = 0; at < 56; at += 7) {
      const group = sorted.slice(at, at + 7);
      expect(Math.max(...group) - Math.min(...group)).toBe(6);
    }
  });

  it("refuses bad input", () => {
    expect(() => sortInstances([])).toThrow(/at least one/);
    expect(() => sortInstances([tensor([1]), tensor([1, 2])])).toThrow(/one shape/);
    expect(() => sortInstances([tensor([1], { dtype: "int32" })])).toThrow(/float32 or float64/);
    expect(() => sortInstances([tensor([1]), tensor([Number.NaN])])).toThrow(/not finite at 1/);
    expect(() => sortInstances(points(1), { window: 0 })).toThrow(/window/);
    expect(() => sortInstances(points(1), { metric: "cosine" as never })).toThrow(/metric/);
  });
});

describe("solveMany", () => {
  const params = Array.from({ length: 10 }, (_, i) => uniform(key(i), [12, 12], { low: 0.2, high: 5 }));
  const systems: RelatedSystem[] = params.map((field, i) => ({ a: darcy(field), b: normal(key(i), [144]) }));
  const options = { params, restart: 20, deflate: 6 };

  it("returns solutions in the order of the caller", () => {
    const found = solveMany(systems, options);
    expect(Array.from(found.order)).toEqual(Array.from(sortInstances(params)));
    systems.forEach(({ a, b }, i) => {
      const rest = (a as ReturnType<typeof darcy>).matmul(found.solutions[i]!).sub(b);
      expect(Math.sqrt(rest.square().sum().item())).toBeLessThan(1e-6 * Math.sqrt(b.square().sum().item()));
    });
    expect(found.converged.every(Boolean)).toBe(true);
    const first = gcrodr(systems[0]!.a, systems[0]!.b, { restart: 20, deflate: 6 });
    expect(found.products[0]).toBe(first.products);
  });

  it("takes any order, one system, none, b = 0 and identical systems", () => {
    const order = [3, 1, 2, 0];
    const some = systems.slice(0, 4);
    expect(Array.from(solveMany(some, { ...options, sort: order }).order)).toEqual(order);
    expect(Array.from(solveMany(some, { sort: false }).order)).toEqual([0, 1, 2, 3]);
    expect(solveMany(systems.slice(0, 1), { params: params.slice(0, 1) }).products).toHaveLength(1);
    expect(solveMany([], {}).solutions).toEqual([]);
    const zero = { ...systems[0]!, b: zeros([144]) };
    expect(solveMany([zero, systems[1]!], { sort: false }).products[0]).toBe(0);
    const same = solveMany([systems[0]!, systems[0]!, systems[0]!], { sort: false, restart: 20, deflate: 6 });
    expect(same.products[2]).toBeLessThan(0.8 * same.products[0]!);
    expect(same.droppedAfter).toBeUndefined();
  });

  it("notices where recycling does not pay, and stops it at little cost", () => {
    const winds = Array.from(
      { length: 14 },
      (_, i) => [30 * Math.cos(2.4 * i), 30 * Math.sin(2.4 * i)] as const,
    );
    const family = winds.map((wind) => ({ a: convectionDiffusion([20, 20], wind), b: ones([400]) }));
    const sizes = { restart: 30, deflate: 10, params: winds.map((wind) => tensor([...wind])) };
    const alone = total(family.map(({ a, b }) => gcrodr(a, b, sizes).products));
    const stubborn = solveMany(family, { ...sizes, adaptive: false });
    const adaptive = solveMany(family, sizes);
    expect(stubborn.droppedAfter).toBeUndefined();
    expect(total(stubborn.products)).toBeGreaterThan(1.15 * alone);
    expect(adaptive.droppedAfter).toBeLessThan(8);
    expect(total(adaptive.products)).toBeLessThan(1.1 * alone);
    expect(adaptive.converged.every(Boolean)).toBe(true);
  });

  it("reports progress and refuses bad input", () => {
    const fractions: number[] = [];
    solveMany(systems.slice(0, 2), { sort: false, onProgress: ({ fraction }) => fractions.push(fraction) });
    expect(fractions).toEqual([0.5, 1]);
    const run = (given: object, of: readonly RelatedSystem[] = systems): (() => unknown) => {
      return () => solveMany(of, { ...options, ...given });
    };
    expect(run({ deflate: 20 })).toThrow(/deflate/);
    expect(run({ params: params.slice(1) })).toThrow(/one tensor for each of 10 systems/);
    expect(() => solveMany(systems)).toThrow(/params are needed/);
    expect(run({ sort: [0, 0] })).toThrow(/permutation/);
    expect(run({}, [...systems.slice(1), { a: poisson([3, 3]), b: ones([9]) }])).toThrow(
      /one size, got 144 and 9/,
    );
    expect(run({}, [{ a: eye(3), b: ones([2]) }])).toThrow(/system 0/);
    expect(run({ signal: AbortSignal.abort() })).toThrow(/stopped/);
    const broken = { a: eye(2).mul(Number.NaN), b: ones([2]) };
    expect(run({ sort: false }, [broken])).toThrow(/finite/);
  });
});
