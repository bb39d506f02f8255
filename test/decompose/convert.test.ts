import { add, convert, type Decomposition, full, norm, ranks, ttPermute } from "polyadic/decompose";
import { transpose } from "polyadic/ops";
import { describe, expect, it } from "vitest";
import { permutation, quantizedLayout } from "../../src/decompose/base/layout.ts";
import { distance, PLAIN_KINDS, type PlainKind, randomArranged, randomDecomposition } from "./kinds.ts";

const INNER = ["cp", "tucker", "tt", "ring", "tree"] as const;
const SHAPES = [[4], [3, 4], [3, 2, 4], [2, 3, 2, 3], [2, 2, 3, 2, 2]];

/** Decompositions of every kind, plain, with their modes in another order and with split modes. */
function everyKind(shape: readonly number[], dtype: "float64" | "complex128" | "float32"): Decomposition[] {
  const order = [...shape.keys()].reverse();
  if (order.length > 2) order.push(order.shift()!, order.shift()!);
  const all = PLAIN_KINDS.map((kind) => randomDecomposition({ kind, shape, rank: 3, seed: 1, dtype }));
  const trees = [
    [1, 0],
    [[2, 0], 1],
    [
      [3, 1],
      [0, 2],
    ],
    [
      [
        [4, 1],
        [0, 2],
      ],
      3,
    ],
  ] as const;
  const tree = trees[shape.length - 2];
  if (tree) all.push(randomDecomposition({ kind: "tree", shape, rank: 3, seed: 2, dtype, tree }));
  for (const kind of INNER) {
    all.push(randomArranged(permutation(shape, order), { kind, rank: 3, seed: 4, dtype }));
    all.push(randomArranged(quantizedLayout(shape), { kind, rank: 2, seed: 4, dtype }));
  }
  return all;
}

const isCp = (d: Decomposition): boolean =>
  d.kind === "cp" ||
  (d.kind === "arranged" && d.inner.kind === "cp" && d.layout.splits.every((split) => split.length === 1));

const hasSplits = (d: Decomposition): boolean =>
  d.kind === "arranged" &&
  d.layout.shape.some((n, k) => n !== d.layout.padded[k] || d.layout.splits[k]!.length > 1);

describe("convert", () => {
  for (const [dtype, tolerance] of [
    ["float64", 1e-13],
    ["complex128", 1e-13],
    ["float32", 1e-5],
  ] as const)
    it(`keeps the tensor (${dtype})`, () => {
      for (const shape of SHAPES)
        for (const d of everyKind(shape, dtype))
          for (const kind of PLAIN_KINDS) {
            if (kind === "cp" && !isCp(d)) {
              if (!hasSplits(d)) expect(() => convert(d, kind)).toThrow(/cp\(full\(d\), rank\)/);
              continue;
            }
            const converted: Decomposition = convert(d, kind);
            expect(converted.kind).toBe(kind);
            const x = full(d);
            expect(full(converted).dtype).toBe(x.dtype);
            expect(distance(full(converted), x)).toBeLessThan(tolerance);
            expect(Math.abs(norm(converted) / norm(d) - 1)).toBeLessThan(10 * tolerance);
            expect(distance(full(add(d, converted)), x.mul(2))).toBeLessThan(tolerance);
          }
    });

  it("knows the ranks of what it makes", () => {
    const make = (kind: PlainKind, shape: readonly number[]): Decomposition =>
      randomDecomposition({ kind, shape, rank: 3, seed: 1, dtype: "float64" });
    const shape = [6, 7, 6, 7];
    expect(ranks(convert(make("cp", shape), "tt"))).toEqual([3, 3, 3]);
    expect(ranks(convert(make("cp", shape), "tree"))).toEqual([3, 3, 3, 3, 3, 3]);
    expect(ranks(convert(make("cp", shape), "tucker"))).toEqual([3, 3, 3, 3]);
    const ring = make("ring", shape);
    const [open, ...others] = ranks(ring);
    expect(ranks(convert(ring, "tt"))).toEqual(others.map((r) => r * open!));
    const train = make("tt", shape);
    expect(ranks(convert(train, "ring"))).toEqual([1, ...ranks(train)]);
    expect(convert(train, "tree").tree).toEqual([0, [1, [2, 3]]]);
    // A tree is a chain whose ranks are at most products of its own, and need no more than the unfoldings.
    const tree = make("tree", shape);
    expect(ranks(convert(tree, "tt")).every((r, k) => r <= [6, 42, 7][k]!)).toBe(true);
  });

  it("holds many modes without a Tucker core", () => {
    const shape = new Array<number>(30).fill(2);
    const train = randomDecomposition({ kind: "tt", shape, rank: 2, seed: 3, dtype: "float64" });
    const there = convert(train, "tree");
    const back = convert(there, "tt");
    const difference = norm(
      add(train, { ...back, cores: back.cores.map((c, k) => (k === 0 ? c.neg() : c)) }),
    );
    expect(difference).toBeLessThan(1e-12 * norm(train));
    expect(() => convert(train, "tucker")).toThrow(/Tucker core/);
  });

  it("permutes trains", () => {
    for (const dtype of ["float64", "complex128"] as const) {
      const d = convert(
        randomDecomposition({ kind: "tt", shape: [3, 4, 2, 5], rank: 3, seed: 1, dtype }),
        "tt",
      );
      for (const order of [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [1, 3, 0, 2],
        [2, 0, 3, 1],
      ]) {
        const turned = ttPermute(d, order);
        expect(distance(full(turned), transpose(full(d), order))).toBeLessThan(1e-13);
      }
    }
  });

  it("rejects kinds that do not exist", () => {
    const d = randomDecomposition({ kind: "tt", shape: [3, 4], rank: 2, seed: 1, dtype: "float64" });
    expect(() => convert(d, "graph" as PlainKind)).toThrow(/a kind of cp, tucker/);
  });
});
