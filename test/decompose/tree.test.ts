import fc from "fast-check";
import { type DimTree, full, ranks, relativeError, round, type TreeOptions, tree } from "polyadic/decompose";
import { svdvals } from "polyadic/linalg";
import { transpose } from "polyadic/ops";
import { key, normal } from "polyadic/random";
import { eye, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { adjoint } from "../../src/decompose/base/unfold.ts";
import { balancedTree, checkTree, linearTree, nodesOf } from "../../src/decompose/tree/dimTree.ts";
import { matmul } from "../../src/ops/contract.ts";
import { distance, randomDecomposition } from "./kinds.ts";
import { hilbert } from "./tensors.ts";

const TREES: readonly (TreeOptions["tree"] & {})[] = [
  "balanced",
  "tt",
  "auto",
  [
    [0, 2],
    [3, 1],
  ],
  [[[3, 0], 2], 1],
];

describe("trees over modes", () => {
  it("balanced and linear ones", () => {
    expect(balancedTree(5)).toEqual([
      [[0, 1], 2],
      [3, 4],
    ]);
    expect(linearTree(4)).toEqual([0, [1, [2, 3]]]);
    expect([balancedTree(1), linearTree(1)]).toEqual([0, 0]);
  });

  it("walks in pre-order", () => {
    const nodes = nodesOf([[2, 0], 1]);
    expect(nodes.map(({ modes }) => modes)).toEqual([[2, 0, 1], [2, 0], [2], [0], [1]]);
    expect(nodes.map(({ parent }) => parent)).toEqual([-1, 0, 1, 1, 0]);
    expect(nodes.map(({ inner }) => inner)).toEqual([0, 1, -1, -1, -1]);
    expect(nodes[0]).toMatchObject({ left: 1, right: 4 });
  });

  it("rejects what is no tree of the modes", () => {
    const check = (part: unknown, order: number) => () => checkTree(part as DimTree, order, "tree");
    expect(check([0, [1, 2]], 3)).not.toThrow();
    expect(check([0, [1, 1]], 3)).toThrow(/mode 1 occurs twice/);
    expect(check([0, 1], 3)).toThrow(/mode 2 is missing/);
    expect(check([0, [1, 3]], 3)).toThrow(/modes from 0 to 2, got 3/);
    expect(check([0, 1, 2], 3)).toThrow(/pairs, got 3/);
    expect(check([0, "1"], 2)).toThrow(/got 1/);
  });
});

describe("hierarchical SVD", () => {
  it("meets the tolerance on every tree and knows its error", () => {
    const x = hilbert(4, 9);
    for (const which of TREES)
      for (const rtol of [1e-1, 1e-3, 1e-5, 1e-8, 1e-11]) {
        const d = tree(x, { rtol, tree: which });
        const error = relativeError(x, d);
        expect(error).toBeLessThanOrEqual(rtol);
        expect(Math.abs(d.error / error - 1)).toBeLessThan(0.01);
      }
  });

  it("uses its tolerance: a tenth of it needs larger ranks", () => {
    const x = hilbert(4, 9);
    const size = (rtol: number): number => ranks(tree(x, { rtol })).reduce((a, b) => a + b);
    expect(size(1e-4)).toBeLessThan(size(1e-5));
    expect(size(1e-5)).toBeLessThan(size(1e-6));
  });

  it("finds the ranks of a tree again, real and complex", () => {
    for (const dtype of ["float64", "complex128", "float32", "complex64"] as const) {
      const tolerance = dtype === "float32" || dtype === "complex64" ? 1e-5 : 1e-12;
      const shape: DimTree = [
        [0, 2],
        [1, [3, 4]],
      ];
      const made = randomDecomposition({
        kind: "tree",
        tree: shape,
        shape: [5, 4, 6, 3, 4],
        rank: 3,
        seed: 2,
        dtype,
      });
      const x = full(made);
      const d = tree(x, { rtol: tolerance, tree: shape });
      expect(distance(full(d), x)).toBeLessThan(tolerance);
      expect(ranks(d).every((r, i) => r <= ranks(made)[i]!)).toBe(true);
      expect(ranks(round(made, { rtol: tolerance }))).toEqual(ranks(d));
      for (const u of d.leaves)
        expect(distance(matmul(adjoint(u), u), eye(u.shape[1]!, u.shape[1]!, { dtype }))).toBeLessThan(
          tolerance,
        );
    }
  });

  it("is within √(2d - 3) of the best of given ranks", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const x = normal(key(seed), [4, 4, 4, 4]);
        const d = tree(x, { ranks: [3, 2, 2, 3, 2, 2] });
        expect(ranks(d)).toEqual([3, 2, 2, 3, 2, 2]);
        // No tensor of these ranks comes nearer than the tail of any single unfolding; the cuts lose at most the
        // tails of all.
        const tail = (modes: readonly number[], rank: number): number => {
          const others = [0, 1, 2, 3].filter((k) => !modes.includes(k));
          const matrix = transpose(x, [...modes, ...others]).reshape([4 ** modes.length, -1]);
          const values = svdvals(matrix.contiguous()).data() as Float64Array;
          return Math.hypot(...values.slice(rank)) / Math.hypot(...values);
        };
        const tails = [tail([0, 1], 3), ...[0, 1, 2, 3].map((k) => tail([k], 2))];
        expect(d.error).toBeGreaterThanOrEqual(Math.max(...tails) - 1e-12);
        expect(d.error).toBeLessThanOrEqual(Math.hypot(...tails) + 1e-12);
        expect(relativeError(x, d)).toBeCloseTo(d.error, 10);
      }),
      { numRuns: 10 },
    );
  });

  it("auto joins the modes that belong together", () => {
    // A matrix over modes 0 and 3 times one over 1 and 2: no rank between the two pairs.
    const a = normal(key(1), [6, 1, 1, 5]);
    const b = normal(key(2), [1, 5, 6, 1]);
    const d = tree(a.mul(b), { rtol: 1e-9, tree: "auto" });
    const pairs = nodesOf(d.tree).filter(({ modes, parent }) => parent === 0 && modes.length === 2);
    expect(pairs.map(({ modes }) => [...modes].sort().join()).sort()).toEqual(["0,3", "1,2"]);
    expect(Math.min(...ranks(d))).toBe(1);
  });

  it("auto asks the caller for ranks when it may", () => {
    const asked: string[] = [];
    const d = tree(hilbert(4, 4), {
      rtol: 1e-3,
      tree: "auto",
      rankOf: (modes) => {
        asked.push(modes.join());
        return ["0,2", "1,3"].includes(modes.join()) ? 1 : 4;
      },
    });
    expect(d.tree).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect(asked.length).toBe(new Set(asked).size);
  });

  it("takes one and two modes, and zeros", () => {
    const vector = tensor([1, 2, 3]);
    expect(full(tree(vector, { rtol: 1e-3 })).toTypedArray()).toEqual(vector.toTypedArray());
    const matrix = hilbert(2, 6);
    expect(distance(full(tree(matrix, { rtol: 1e-10 })), matrix)).toBeLessThan(1e-10);
    const nothing = tree(zeros([3, 4, 5]), { rtol: 1e-3 });
    expect([nothing.error, ...ranks(nothing)]).toEqual([0, 1, 1, 1, 1]);
  });

  it("limits ranks, reports progress and stops when told", () => {
    const steps: number[] = [];
    const x = hilbert(4, 6);
    const d = tree(x, { rtol: 1e-8, maxRank: 2, onProgress: ({ fraction }) => steps.push(fraction) });
    expect(Math.max(...ranks(d))).toBe(2);
    expect(steps.at(-1)).toBe(1);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(() => tree(x, { rtol: 0.1, signal: AbortSignal.abort() })).toThrow(/stopped/);
  });

  it("bad arguments throw", () => {
    const x = hilbert(3, 3);
    expect(() => tree(x, {})).toThrow(/one of rtol, ranks and maxRank/);
    expect(() => tree(x, { rtol: -1 })).toThrow(/tolerance/);
    expect(() => tree(x, { rtol: 0.1, tree: [0, 1] })).toThrow(/mode 2 is missing/);
    expect(() => tree(x, { ranks: [1, 1] })).toThrow(/4 ranks were expected/);
    expect(() => tree(x, { ranks: [1, 1, 1, 4] })).toThrow(/rank 3 must be/);
    expect(() => tree(x, { ranks: [1, 1, 1, 1], tree: "auto" })).toThrow(/tree that is known/);
    expect(() => tree(tensor([1, Number.NaN]), { rtol: 0.1 })).toThrow(/not finite/);
    expect(() => tree(tensor(1), { rtol: 0.1 })).toThrow(/scalar/);
  });
});
