import fc from "fast-check";
import {
  add,
  at,
  bytes,
  convert,
  type Decomposition,
  entries,
  full,
  hadamard,
  inner,
  norm,
  parameters,
  ranks,
  relativeError,
  round,
  scale,
  shapeOf,
  slice,
} from "polyadic/decompose";
import { conj } from "polyadic/ops";
import { type Complex, type DType, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { permutation, quantizedLayout } from "../../src/decompose/base/layout.ts";
import { balancedTree, linearTree, relabelTree } from "../../src/decompose/tree/dimTree.ts";
import { distance, PLAIN_KINDS, type PlainKind, randomArranged, randomDecomposition } from "./kinds.ts";

const RUNS = { numRuns: 40 };
const STRUCTURED: readonly PlainKind[] = PLAIN_KINDS.filter((kind) => kind !== "dense" && kind !== "network");

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const dtypes = fc.constantFrom<DType>("float64", "complex128");
const seeds = fc.integer({ min: 0, max: 1000 });

/**
 * Two decompositions of one structure: every kind, trees with their modes in any order, transposed and split tensors.
 */
const pairs = fc
  .record({
    kind: fc.constantFrom<PlainKind | "permuted" | "split">(...PLAIN_KINDS, "permuted", "split"),
    inside: fc.constantFrom(...STRUCTURED),
    shape: shapes,
    dtype: dtypes,
    seed: seeds,
    rank: fc.integer({ min: 1, max: 3 }),
    shuffle: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
    linear: fc.boolean(),
  })
  .map(({ kind, inside, shape, dtype, seed, rank, shuffle, linear }): [Decomposition, Decomposition] => {
    const keys = shape.map(() => shuffle.next().value as number);
    const order = [...shape.keys()].sort((a, b) => keys[a]! - keys[b]!);
    const make = (seed: number, rank: number): Decomposition => {
      if (kind === "permuted")
        return randomArranged(permutation(shape, order), { kind: inside, dtype, seed, rank });
      if (kind === "split")
        return randomArranged(quantizedLayout(shape), { kind: inside, dtype, seed, rank: Math.min(2, rank) });
      const tree = relabelTree((linear ? linearTree : balancedTree)(shape.length), (leaf) => order[leaf]!);
      return randomDecomposition({ kind, shape, dtype, seed, rank, tree });
    };
    return [make(seed, rank), make(seed + 1, 3)];
  });

const expectNumber = (found: number | Complex, expected: unknown, size: number): void => {
  const parts = (value: unknown): number[] =>
    typeof value === "number" ? [value, 0] : [(value as Complex).re, (value as Complex).im];
  const [a, b] = [parts(found), parts(expected)];
  expect(Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!)).toBeLessThanOrEqual(1e-12 * size);
};

describe("operations on decompositions of every kind", () => {
  it("add, scale and hadamard do what they do to the tensors", () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: -3, max: 3, noNaN: true }), ([a, b], factor) => {
        const [x, y] = [full(a), full(b)];
        expect(x.shape).toEqual(shapeOf(a));
        const size = frobenius(x) + frobenius(y);
        expect(frobenius(full(add(a, b)).sub(x.add(y)).contiguous())).toBeLessThanOrEqual(1e-13 * size);
        const scaled = full(scale(a, factor)).sub(x.mul(factor));
        expect(frobenius(scaled.contiguous())).toBeLessThanOrEqual(1e-12 * frobenius(x));
        const product = frobenius(full(hadamard(a, b)).sub(x.mul(y)).contiguous());
        expect(product).toBeLessThanOrEqual(1e-13 * frobenius(x) * frobenius(y));
        if (x.dtype === "complex128") {
          const turned = full(scale(a, { re: 0, im: factor })).sub(x.mul({ re: 0, im: factor }));
          expect(frobenius(turned.contiguous())).toBeLessThanOrEqual(1e-12 * frobenius(x));
        }
      }),
      RUNS,
    );
  });

  it("inner and norm agree with the tensors", () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const [x, y] = [full(a), full(b)];
        const [p, q] = [frobenius(x.contiguous()), frobenius(y.contiguous())];
        expect(Math.abs(norm(a) - p)).toBeLessThanOrEqual(1e-12 * p);
        expectNumber(inner(a, b), conj(x).mul(y).sum().element(), p * q);
      }),
      RUNS,
    );
  });

  it("an ellipsis in a slice stands for the modes that are not mentioned, and nothing keeps its dtype", () => {
    const d = randomDecomposition({ kind: "tt", shape: [3, 4, 2, 5], rank: 3, seed: 1, dtype: "complex64" });
    const x = full(d);
    for (const spec of ["...,0", "1,...,-1", "::-1,1:3,...", "...", "0,1,...,0,2"])
      expect(
        distance(
          slice(d, spec),
          x.at(...spec.split(",").map((part) => (/^-?\d+$/.test(part) ? Number(part) : part))),
        ),
        spec,
      ).toBeLessThan(1e-5);
    expect(slice(d, "0:0,...")).toMatchObject({ shape: [0, 4, 2, 5], dtype: "complex64" });
  });
  it("at, entries and slice read the tensor", () => {
    fc.assert(
      fc.property(pairs, fc.array(fc.nat(), { minLength: 4, maxLength: 12 }), ([d], numbers) => {
        const x = full(d);
        const shape = shapeOf(d);
        const size = frobenius(x.contiguous());
        const count = Math.floor(numbers.length / shape.length);
        const list = Array.from({ length: count }, (_, i) =>
          shape.map((n, k) => numbers[i * shape.length + k]! % n),
        );
        const found = entries(d, tensor(list, { dtype: "int32" }));
        expect(found.shape).toEqual([count]);
        list.forEach((index, i) => {
          expectNumber(found.element(i) as number, x.element(...index), size);
          expectNumber(at(d, index), x.element(...index), size);
          expectNumber(
            at(
              d,
              index.map((p, k) => p - shape[k]!),
            ),
            x.element(...index),
            size,
          );
        });
        const parts = shape.map((n, k) => [numbers[k]! % n, `${numbers[k]! % n}:`, "::-1"][numbers[k]! % 3]!);
        const part = slice(d, parts);
        const expected = x.at(...parts);
        expect(part.shape).toEqual(expected.shape);
        expect(frobenius(part.sub(expected).contiguous())).toBeLessThanOrEqual(1e-12 * size);
      }),
      RUNS,
    );
  });

  it("round stays within the tolerance and raises no rank", () => {
    fc.assert(
      fc.property(pairs, fc.constantFrom(1e-12, 1e-6, 0.1, 0.5), ([d, other], rtol) => {
        for (const part of [d, add(d, other)]) {
          const rounded = round(part, { rtol });
          expect(rounded.kind).toBe(d.kind);
          expect(distance(full(rounded), full(part))).toBeLessThanOrEqual(rtol * (1 + 1e-9) + 1e-13);
          const before = ranks(part);
          expect(ranks(rounded).every((rank, i) => rank <= before[i]!)).toBe(true);
          expect(parameters(rounded)).toBeLessThanOrEqual(parameters(part));
        }
      }),
      RUNS,
    );
  });

  it("round finds the ranks again after a sum with itself", () => {
    const shape = [5, 6, 4, 5];
    for (const kind of ["tucker", "tt", "tree"] as const) {
      const d = round(randomDecomposition({ kind, shape, rank: 3, seed: 4, dtype: "float64" }), {
        rtol: 1e-12,
      });
      const twice = add(d, d);
      expect(ranks(twice)).toEqual(ranks(d).map((r) => 2 * r));
      expect(ranks(round(twice, { rtol: 1e-10 }))).toEqual(ranks(d));
    }
  });

  it("round keeps to the ranks that it is given", () => {
    for (const kind of STRUCTURED)
      for (const dtype of ["float64", "complex128"] as const) {
        const d = randomDecomposition({ kind, shape: [4, 5, 4], rank: 4, seed: 4, dtype });
        for (const options of [
          { ranks: ranks(d).map((r) => Math.min(2, r)) },
          { maxRank: 2 },
          { rtol: 0.2, maxRank: 2 },
        ])
          expect(Math.max(...ranks(round(d, options)))).toBeLessThanOrEqual(2);
        // Larger ranks than there are change nothing.
        expect(distance(full(round(d, { ranks: ranks(d).map((r) => r + 3) })), full(d))).toBeLessThan(1e-12);
      }
  });

  it("different kinds meet", () => {
    const shape = [3, 4, 3];
    for (const dtype of ["float64", "complex128"] as const) {
      const all: Decomposition[] = PLAIN_KINDS.map((kind, i) =>
        randomDecomposition({ kind, shape, rank: 2, seed: i, dtype }),
      );
      all.push(randomDecomposition({ kind: "tree", tree: [[2, 0], 1], shape, rank: 2, seed: 9, dtype }));
      all.push(randomArranged(permutation(shape, [2, 0, 1]), { kind: "ring", rank: 2, seed: 8, dtype }));
      all.push(randomArranged(permutation(shape, [2, 0, 1]), { kind: "tree", rank: 2, seed: 8, dtype }));
      all.push(randomArranged(quantizedLayout(shape), { kind: "tt", rank: 2, seed: 7, dtype }));
      for (const a of all)
        for (const b of all) {
          const [x, y] = [full(a), full(b)];
          expect(distance(full(add(a, b)), x.add(y))).toBeLessThan(1e-12);
          expect(distance(full(hadamard(a, b)), x.mul(y))).toBeLessThan(1e-12);
          expectNumber(inner(a, b), conj(x).mul(y).sum().element(), frobenius(x) * frobenius(y));
        }
    }
  });

  it("trees inside one layout but with different shapes of the tree meet too", () => {
    const layout = permutation([3, 4, 3], [2, 0, 1]);
    const inside = { kind: "tree", rank: 2, dtype: "float64" } as const;
    const a = randomArranged(layout, { ...inside, seed: 1, tree: [0, [1, 2]] });
    const b = randomArranged(layout, { ...inside, seed: 2, tree: [[0, 1], 2] });
    expect(distance(full(add(a, b)), full(a).add(full(b)))).toBeLessThan(1e-12);
  });

  it("what lies in the padding does not count", () => {
    const d = randomArranged(quantizedLayout([7, 7]), { kind: "tt", rank: 2, seed: 1, dtype: "float64" });
    const x = full(d);
    expectNumber(inner(d, d), x.mul(x).sum().item(), frobenius(x) ** 2);
    // 7 entries of about 1, and 1000 where the padding is.
    const padded = tensor([1, -2, 1, 3, -1, 2, 1, 1000]);
    const { cores } = convert({ kind: "dense", data: padded.reshape([2, 2, 2]) }, "tt");
    const layout = quantizedLayout([7]);
    const loud: Decomposition = { kind: "arranged", layout, inner: { kind: "tt", cores } };
    expect(norm(loud)).toBeCloseTo(Math.sqrt(21), 10);
    expect(distance(full(round(loud, { rtol: 0.1 })), full(loud))).toBeLessThanOrEqual(0.1);
  });

  it("relativeError of two decompositions is that of their tensors", () => {
    for (const kind of STRUCTURED) {
      const a = randomDecomposition({ kind, shape: [4, 3, 5], rank: 2, seed: 1, dtype: "float64" });
      const b = add(
        a,
        scale(randomDecomposition({ kind, shape: [4, 3, 5], rank: 2, seed: 2, dtype: "float64" }), 1e-3),
      );
      const expected = distance(full(b), full(a));
      expect(Math.abs(relativeError(a, b) / expected - 1)).toBeLessThan(1e-6);
      expect(relativeError(full(a), a)).toBeLessThan(1e-14);
    }
  });

  it("parameters and bytes count what is stored", () => {
    const d = randomDecomposition({ kind: "ring", shape: [3, 4], rank: 1, seed: 0, dtype: "complex128" });
    expect([parameters(d), bytes(d)]).toEqual([7, 112]);
  });

  it("bad arguments throw", () => {
    const d = randomDecomposition({ kind: "tree", shape: [3, 4], rank: 2, seed: 0, dtype: "float64" });
    const other = randomDecomposition({ kind: "tree", shape: [3, 5], rank: 2, seed: 0, dtype: "float64" });
    expect(() => add(d, other)).toThrow(/add: shapes/);
    expect(() => round(d, {})).toThrow(/one of rtol/);
    expect(() => round(d, { rtol: 1 })).toThrow(/tolerance/);
    expect(() => round(d, { ranks: [1] })).toThrow(/2 ranks were expected/);
    expect(() => round(d, { ranks: [1, 0] })).toThrow(/rank 1 must be/);
    expect(() => round(d, { maxRank: 0.5 })).toThrow(/maxRank must be/);
    expect(() => at(d, [3, 0])).toThrow(/out of range/);
    expect(() => at(d, [0])).toThrow(/2 positions/);
    expect(() => slice(d, [0, 0, 0])).toThrow(/3 parts/);
    expect(() => slice(d, "...,...")).toThrow(/more than once/);
    expect(() => full({ kind: "nothing" } as unknown as Decomposition)).toThrow(
      /a decomposition was expected/,
    );
  });
});
