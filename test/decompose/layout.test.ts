import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arrange,
  arrangedShape,
  arrangeIndices,
  disarrange,
  isPermutation,
  paddingOf,
  permutation,
  quantizedLayout,
  smoothLength,
} from "../../src/decompose/base/layout.ts";
import type { Layout } from "../../src/decompose/types.ts";
import { gaussian } from "./planted.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });
const permuted: fc.Arbitrary<Layout> = shapes.chain((shape) =>
  fc
    .shuffledSubarray([...shape.keys()], { minLength: shape.length, maxLength: shape.length })
    .map((order) => permutation(shape, order)),
);
const layouts: fc.Arbitrary<Layout> = fc.oneof(permuted, shapes.map(quantizedLayout));

describe("layouts", () => {
  it("arrange and disarrange are inverse", () => {
    fc.assert(
      fc.property(
        layouts,
        fc.nat(),
        fc.constantFrom("float64", "float32", "complex128"),
        (layout, seed, dtype) => {
          const x = gaussian(seed, layout.shape, dtype as "float64");
          const arranged = arrange(x, layout);
          expect([...arranged.shape]).toEqual(arrangedShape(layout));
          expect(arranged.size - x.size).toBe(paddingOf(layout));
          expect(disarrange(arranged, layout).toArray()).toEqual(x.toArray());
        },
      ),
    );
  });
  it("arrangeIndices finds every element where arrange has put it", () => {
    fc.assert(
      fc.property(layouts, fc.nat(), (layout, seed) => {
        const x = gaussian(seed, layout.shape);
        const arranged = arrange(x, layout);
        const order = layout.shape.length;
        const index = new Int32Array(x.size * order);
        for (let i = 0; i < x.size; i++)
          for (let k = order - 1, rest = i; k >= 0; k--) {
            index[i * order + k] = rest % layout.shape[k]!;
            rest = Math.floor(rest / layout.shape[k]!);
          }
        const there = arrangeIndices(index, x.size, layout);
        const from = x.data();
        const data = arranged.data();
        for (let i = 0; i < x.size; i++) {
          const position = arranged.shape.reduce((at, n, k) => at * n + there[i * arranged.ndim + k]!, 0);
          expect(data[position]).toBe(from[i]);
        }
      }),
    );
  });
  it("quantized modes are prime, at most 5, and pad as little as they can", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (n) => {
        const { padded, splits } = quantizedLayout([n]);
        expect(padded[0]).toBe(smoothLength(n));
        expect(splits[0]!.reduce((a, b) => a * b, 1)).toBe(padded[0]);
        for (const prime of splits[0]!) expect(padded[0] === 1 ? [1] : [2, 3, 5]).toContain(prime);
        for (let m = n; m < padded[0]!; m++) {
          let rest = m;
          for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
          expect(rest).toBeGreaterThan(1);
        }
      }),
    );
    expect(quantizedLayout([7, 5])).toMatchObject({
      padded: [8, 5],
      splits: [[2, 2, 2], [5]],
      order: [0, 3, 1, 2],
    });
  });
  it("permutations are told from splits", () => {
    expect(isPermutation(permutation([2, 3], [1, 0]))).toBe(true);
    expect(isPermutation(quantizedLayout([4, 3]))).toBe(false);
  });
});
