import fc from "fast-check";
import {
  type CoreShape,
  coreShape,
  type DimTree,
  type ModeSpectra,
  modeSpectra,
  parameters,
  relativeError,
  type TreeSpectra,
  tree,
  treeRanks,
  treeSpectra,
  tucker,
  tuckerSize,
} from "polyadic/decompose";
import { DomainError, ShapeError, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { nodesOf } from "../../src/decompose/tree/dimTree.ts";
import { gaussian, plantedTucker } from "./planted.ts";
import { hilbert } from "./tensors.ts";

const descending = (n: number): fc.Arbitrary<Float64Array> =>
  fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: n, maxLength: n })
    .map((values) => Float64Array.from(values.sort((a, b) => b - a)));

/** Spectra of 2 to 4 modes, scaled to one total as those of a tensor are. */
const spectra: fc.Arbitrary<ModeSpectra> = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 })
  .chain((shape) =>
    fc.tuple(...shape.map(descending)).map((squares) => ({
      shape,
      squares: squares.map((values) => {
        const total = values.reduce((sum, value) => sum + value, 0);
        return total > 0 ? values.map((value) => value / total) : values.map((_, i) => Number(i === 0));
      }),
    })),
  );

/** All shapes without wasted ranks. */
function* shapes(lengths: readonly number[]): Generator<number[]> {
  const ranks = lengths.map(() => 1);
  for (;;) {
    const product = ranks.reduce((p, r) => p * r, 1);
    if (ranks.every((r) => r * r <= product)) yield [...ranks];
    let k = 0;
    while (k < ranks.length && ranks[k] === lengths[k]) ranks[k++] = 1;
    if (k === ranks.length) return;
    ranks[k]!++;
  }
}

const lossOf = ({ squares }: ModeSpectra, ranks: readonly number[]): number =>
  squares.reduce((sum, values, k) => sum + values.slice(ranks[k]).reduce((a, b) => a + b, 0), 0);

const smallest = (shape: readonly number[]): number => 1 + shape.reduce((a, b) => a + b, 0);

function checkShape(found: CoreShape, given: ModeSpectra, budget: number): void {
  expect(found.size).toBe(tuckerSize(given.shape, found.ranks));
  expect(found.size).toBeLessThanOrEqual(budget);
  const product = found.ranks.reduce((p, r) => p * r, 1);
  for (const r of found.ranks) expect(r * r).toBeLessThanOrEqual(product);
  expect(found.surrogateError).toBeCloseTo(lossOf(given, found.ranks), 12);
  expect(found.lowerBound).toBeCloseTo(found.surrogateError / given.shape.length, 14);
}

describe("coreShape within a budget", () => {
  it("exact is as good as the best of all shapes, greedy never better", () => {
    fc.assert(
      fc.property(spectra, fc.integer({ min: 0, max: 80 }), (given, extra) => {
        const budget = smallest(given.shape) + extra;
        const found = coreShape(given, { budget }, { solver: "exact" });
        checkShape(found, given, budget);
        expect(found.optimal).toBe(true);
        let best = Number.POSITIVE_INFINITY;
        for (const ranks of shapes(given.shape))
          if (tuckerSize(given.shape, ranks) <= budget) best = Math.min(best, lossOf(given, ranks));
        expect(found.surrogateError).toBeCloseTo(best, 12);
        const greedy = coreShape(given, { budget }, { solver: "greedy" });
        checkShape(greedy, given, budget);
        expect(greedy.surrogateError).toBeGreaterThanOrEqual(found.surrogateError - 1e-12);
      }),
      { numRuns: 300 },
    );
  });
  it.each([0.1, 0.25, 0.5])(
    "ptas keeps 1 - %d of what is possible with a core smaller by that factor",
    (epsilon) => {
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 0, max: 150 }), (seed, extra) => {
          const given = modeSpectra(gaussian(seed, [5, 6, 4]));
          const total = given.squares[0]!.reduce((a, b) => a + b, 0);
          const budget = smallest(given.shape) + extra;
          const kept = (found: CoreShape): number => 3 - found.surrogateError;
          const found = coreShape(given, { budget }, { solver: "ptas", epsilon });
          expect(found.size).toBeLessThanOrEqual(budget);
          expect(found.optimal).toBe(false);
          expect(total).toBeGreaterThan(0);
          const less = Math.max(smallest(given.shape), Math.floor(budget / (1 + epsilon)));
          const exact = coreShape(given, { budget: less }, { solver: "exact" });
          expect(kept(found)).toBeGreaterThanOrEqual((1 - epsilon) * kept(exact) - 1e-12);
        }),
        { numRuns: 60 },
      );
    },
  );
  it("wastes no rank", () => {
    const sharp = Float64Array.from([0.4, 0.3, 0.2, 0.1]);
    const flat = Float64Array.from([1, 0, 0, 0]);
    const given = { shape: [4, 4, 4], squares: [sharp, flat, flat] };
    for (const solver of ["exact", "greedy", "ptas"] as const)
      expect(coreShape(given, { budget: 20 }, { solver }).ranks).toEqual([1, 1, 1]);
  });
  it("searches among shapes without waste, not among all with the waste cut off after", () => {
    const one = Float64Array.of(1, 0);
    const falling = Float64Array.of(0.99, 0.0099, 0.0001, 0, 0);
    const given = { shape: [4, 2, 5, 2], squares: [Float64Array.of(1, 1e-12, 0, 0), one, falling, one] };
    expect(coreShape(given, { budget: 39 }, { solver: "exact" }).ranks).toEqual([1, 2, 3, 2]);
  });
  it("finds the ranks of a planted tensor, of a matrix and of a vector", () => {
    const { x } = plantedTucker(3, [9, 8, 7], [3, 2, 4]);
    const size = tuckerSize([9, 8, 7], [3, 2, 4]);
    expect(coreShape(x, { budget: size }).ranks).toEqual([3, 2, 4]);
    expect(coreShape(gaussian(1, [3, 20]), { budget: 50 }).ranks).toEqual([2, 2]);
    expect(coreShape(tensor([1, 2, 3]), { budget: 100 }).ranks).toEqual([1]);
    expect(coreShape(zeros([3, 4]), { budget: 100 })).toMatchObject({ surrogateError: 0, lowerBound: 0 });
  });
  it("brackets the error of the decomposition, at any norm", () => {
    for (const factor of [1, 1e200, 1e-200]) {
      const x = hilbert(3, 8).mul(factor);
      const { surrogateError, lowerBound, ranks } = coreShape(x, { budget: 60 });
      const squared = tucker(x, { ranks, method: "hooi" }).error ** 2;
      expect(squared).toBeLessThanOrEqual(surrogateError * (1 + 1e-6));
      expect(squared).toBeGreaterThanOrEqual(lowerBound * (1 - 1e-6));
    }
  });
});

describe("coreShape for a tolerance", () => {
  it("is the smallest of all shapes that meet it", () => {
    fc.assert(
      fc.property(spectra, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (given, rtol) => {
        let best = Number.POSITIVE_INFINITY;
        for (const ranks of shapes(given.shape))
          if (lossOf(given, ranks) <= rtol ** 2) best = Math.min(best, tuckerSize(given.shape, ranks));
        // Spectra of no tensor may need ranks that are wasted.
        fc.pre(best < Number.POSITIVE_INFINITY);
        const found = coreShape(given, { rtol }, { solver: "exact" });
        expect(found.surrogateError).toBeLessThanOrEqual(rtol ** 2 * (1 + 1e-9));
        expect(found.size).toBe(best);
      }),
      { numRuns: 300 },
    );
  });
  it("other solvers meet it too", () => {
    const x = hilbert(3, 10);
    const exact = coreShape(x, { rtol: 0.01 });
    for (const solver of ["greedy", "ptas"] as const) {
      const found = coreShape(x, { rtol: 0.01 }, { solver });
      expect(found.surrogateError).toBeLessThanOrEqual(1e-4);
      expect(found.size).toBeGreaterThanOrEqual(exact.size);
    }
  });
});

describe("coreShape refuses", () => {
  const given = { shape: [2, 2], squares: [Float64Array.of(2, 1), Float64Array.of(2, 1)] };
  it("budgets below ranks of 1, naming the least", () =>
    expect(() => coreShape(given, { budget: 4 })).toThrow(/at least 5 numbers/));
  it.each([Number.NaN, -1])("a budget of %d", (budget) =>
    expect(() => coreShape(given, { budget })).toThrow(DomainError),
  );
  it.each([-0.1, 1, Number.NaN])("a tolerance of %d", (rtol) =>
    expect(() => coreShape(given, { rtol })).toThrow(DomainError),
  );
  it.each([[[1, 2]], [[1, -1]], [[Number.NaN, 1]]])("squares %j", (values) =>
    expect(() =>
      coreShape({ ...given, squares: [Float64Array.from(values), given.squares[1]!] }, { budget: 9 }),
    ).toThrow(DomainError),
  );
  it("too few squares, an unknown solver, an epsilon of 0", () => {
    expect(() => coreShape({ ...given, squares: [] }, { budget: 9 })).toThrow(ShapeError);
    expect(() =>
      coreShape({ ...given, squares: [Float64Array.of(1), given.squares[1]!] }, { budget: 9 }),
    ).toThrow(ShapeError);
    expect(() => coreShape(given, { budget: 9 }, { solver: "best" as never })).toThrow(DomainError);
    expect(() => coreShape(given, { budget: 9 }, { solver: "ptas", epsilon: 0 })).toThrow(DomainError);
  });
});

describe("tucker within a budget", () => {
  it("fits, and is better than any smaller shape by hand", () => {
    const x = hilbert(3, 12);
    const fit = tucker(x, { budget: 150 });
    expect(parameters(fit)).toBeLessThanOrEqual(150);
    expect(relativeError(x, fit)).toBeCloseTo(fit.error, 8);
    expect(fit.error).toBeLessThanOrEqual(tucker(x, { ranks: [3, 3, 3], method: "hooi" }).error);
    expect(fit.iterations).toBeGreaterThan(0);
  });
  it("refuses what does not go with it", () => {
    const x = hilbert(3, 4);
    expect(() => tucker(x, { budget: 12 })).toThrow(/at least 13/);
    expect(() => tucker(x, { budget: 50, rtol: 0.1 })).toThrow(DomainError);
    expect(() => tucker(x, { budget: 50, ranks: [1, 1, 1] })).toThrow(DomainError);
    const sparse = {
      kind: "sparse" as const,
      shape: [2],
      indices: Int32Array.of(0),
      values: Float64Array.of(1),
    };
    expect(() => tucker(sparse, { budget: 50 })).toThrow(DomainError);
  });
});

describe("treeRanks", () => {
  const TREES: readonly DimTree[] = [
    [0, 1],
    [[0, 2], 1],
    [
      [0, 1],
      [2, 3],
    ],
    [3, [[0, 1], 2]],
  ];
  const sizeOf = (shape: readonly number[], tree: DimTree, ranks: readonly number[]): number => {
    const nodes = nodesOf(tree);
    const at = (place: number): number => (place === 0 ? 1 : ranks[place - 1]!);
    return nodes.reduce(
      (size, { left, right, modes }, place) =>
        size + (left < 0 ? shape[modes[0]!]! : at(left) * at(right)) * at(place),
      0,
    );
  };
  const loss = ({ squares }: TreeSpectra, tree: DimTree, ranks: readonly number[]): number => {
    const shared = nodesOf(tree)[0]!.right - 1;
    return squares.reduce(
      (sum, values, i) => (i === shared ? sum : sum + values.slice(ranks[i]).reduce((a, b) => a + b, 0)),
      0,
    );
  };
  const isSound = (tree: DimTree, ranks: readonly number[]): boolean =>
    nodesOf(tree).every(({ left, right }, place) => {
      if (left < 0) return true;
      const three = [ranks[left - 1]!, ranks[right - 1]!, place === 0 ? 1 : ranks[place - 1]!];
      return three.every((r) => r * r <= three.reduce((p, other) => p * other, 1));
    });
  function* all(limits: readonly number[]): Generator<number[]> {
    const ranks = limits.map(() => 1);
    for (;;) {
      yield [...ranks];
      let k = 0;
      while (k < ranks.length && ranks[k] === limits[k]) ranks[k++] = 1;
      if (k === ranks.length) return;
      ranks[k]!++;
    }
  }

  it.each(TREES)("is as good as the best of all ranks on a full grid: %j", (...parts) => {
    const dims = parts as unknown as DimTree;
    const order = nodesOf(dims).filter(({ left }) => left < 0).length;
    const shape = [3, 2, 4, 2].slice(0, order);
    for (let seed = 0; seed < 3; seed++) {
      const x = gaussian(seed, shape).pow(3);
      const given = treeSpectra(x, dims);
      const total = given.squares[0]!.reduce((a, b) => a + b, 0);
      const everything = [...all(given.squares.map(({ length }) => length))].filter((ranks) =>
        isSound(dims, ranks),
      );
      const least = sizeOf(
        shape,
        dims,
        given.squares.map(() => 1),
      );
      for (const extra of [0, 3, 9, 20, 45, 200]) {
        const found = treeRanks(x, dims, { budget: least + extra, epsilon: 0 });
        expect(found.size).toBe(sizeOf(shape, dims, found.ranks));
        expect(found.size).toBeLessThanOrEqual(least + extra);
        let best = Number.POSITIVE_INFINITY;
        for (const ranks of everything)
          if (sizeOf(shape, dims, ranks) <= least + extra) best = Math.min(best, loss(given, dims, ranks));
        expect(found.surrogateError).toBeCloseTo(best / total, 10);
        expect(treeRanks(given, dims, { budget: least + extra, epsilon: 0 }).ranks).toEqual(found.ranks);
      }
    }
  });
  it("brackets the error of the tree, at any norm", () => {
    const dims: DimTree = [
      [0, 1],
      [2, 3],
    ];
    for (const factor of [1, 1e-200, 1e200]) {
      const x = hilbert(4, 7).mul(factor);
      const { ranks, size, surrogateError, lowerBound } = treeRanks(x, dims, { budget: 160 });
      const fit = tree(x, { ranks, tree: dims });
      expect(parameters(fit)).toBe(size);
      expect(fit.error ** 2).toBeLessThanOrEqual(surrogateError * (1 + 1e-6));
      expect(fit.error ** 2).toBeGreaterThanOrEqual(lowerBound * (1 - 1e-6));
    }
  });
  it("a coarse grid wastes little of the budget", () => {
    const x = gaussian(5, [12, 12, 12]);
    const fine = treeRanks(x, [0, [1, 2]], { budget: 900, epsilon: 0 });
    const coarse = treeRanks(x, [0, [1, 2]], { budget: 900 });
    expect(coarse.surrogateError).toBeGreaterThanOrEqual(fine.surrogateError - 1e-12);
    expect(coarse.surrogateError).toBeLessThanOrEqual(1.1 * fine.surrogateError);
  });
  it("takes vectors and tensors of zeros", () => {
    expect(treeRanks(tensor([1, 2]), 0, { budget: 9 })).toMatchObject({
      ranks: [],
      size: 2,
      surrogateError: 0,
    });
    expect(treeRanks(zeros([2, 3, 2]), [0, [1, 2]], { budget: 99 }).surrogateError).toBe(0);
  });
  it("refuses small budgets, foreign trees and bad spectra", () => {
    const x = hilbert(3, 3);
    expect(() => treeRanks(x, [0, [1, 2]], { budget: 10 })).toThrow(/at least 11 numbers/);
    expect(() => treeRanks(x, [0, 1], { budget: 99 })).toThrow(ShapeError);
    expect(() => treeRanks(x, [0, [1, 2]], { budget: 99, epsilon: -1 })).toThrow(DomainError);
    expect(() => treeRanks({ shape: [2, 2], squares: [] }, [0, 1], { budget: 99 })).toThrow(ShapeError);
    const rising = Float64Array.of(1, 2);
    expect(() => treeRanks({ shape: [2, 2], squares: [rising, rising] }, [0, 1], { budget: 99 })).toThrow(
      DomainError,
    );
  });
});
