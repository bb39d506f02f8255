import fc from "fast-check";
import { avgPool, DomainError, DTypeError, maxPool, ShapeError, type Tensor, tensor } from "polyadic";
import { key, normal } from "polyadic/random";
import { grad, jet } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { poolingByLoops } from "./oracle.ts";

const setting = fc.integer({ min: 1, max: 3 }).chain((axes) => {
  const each = (min: number, max: number): fc.Arbitrary<number[]> =>
    fc.array(fc.integer({ min, max }), { minLength: axes, maxLength: axes });
  return fc.record({
    lengths: each(3, axes === 3 ? 4 : 7),
    window: each(2, 3),
    strides: each(1, 4),
    before: each(0, 1),
    after: each(0, 1),
    images: fc.integer({ min: 0, max: 2 }),
  });
});

test("maxima and means of every window", () => {
  fc.assert(
    fc.property(setting, ({ lengths, window, strides, before, after, images }) => {
      const x = normal(key(1), [images, 2, ...lengths]);
      const padding = before.map((n, i) => [n, after[i]!] as const);
      const dilation = window.map(() => 1);
      const options = { window, strides, padding };
      const looped = (join: (elements: readonly number[]) => number): number[] =>
        Array.from(poolingByLoops(x, window, { strides, padding, dilation }, join).toTypedArray());
      const sum = (elements: readonly number[]): number => elements.reduce((a, b) => a + b, 0);
      const count = window.reduce((a, b) => a * b, 1);
      const close = (actual: Tensor, expected: number[]): void => {
        const numbers = Array.from(actual.toTypedArray());
        expect(numbers.length).toBe(expected.length);
        expected.forEach((value, i) => {
          expect(numbers[i]).toBeCloseTo(value, 12);
        });
      };
      close(
        maxPool(x, options),
        looped((elements) => Math.max(...elements)),
      );
      close(
        avgPool(x, options),
        looped((elements) => sum(elements) / count),
      );
      close(
        avgPool(x, { ...options, countIncludesPadding: false }),
        looped((elements) => sum(elements) / elements.length),
      );
    }),
  );
});

describe("maxPool", () => {
  test("differentiates at the first of equal maxima", () => {
    const x = tensor([[[1, 3, 3, 0, 2, 2]]]);
    const f = (v: Tensor): Tensor => maxPool(v, { window: 3 }).sum();
    expect(grad(f)(x).toArray()).toEqual([[[0, 1, 0, 0, 1, 0]]]);
    const { value, series } = jet((v: Tensor) => maxPool(v, { window: 3 }), x, [
      tensor([[[1, 2, 3, 4, 5, 6]]]),
      tensor([[[9, 8, 7, 6, 5, 4]]]),
    ]);
    expect(value.toArray()).toEqual([[[3, 2]]]);
    expect(series.map((c) => c.toArray())).toEqual([[[[2, 5]]], [[[8, 5]]]]);
  });

  test("hands NaN on and never picks padding", () => {
    const x = tensor([[[-5, Number.NaN, -7, -Infinity]]]);
    expect(maxPool(x, { window: 2, strides: 1, padding: 1 }).toArray()).toEqual([
      [[-5, Number.NaN, Number.NaN, -7, -Infinity]],
    ]);
  });

  test("takes integers", () => {
    const x = tensor([[[3, -1, 200, 7]]], { dtype: "int32" });
    expect(maxPool(x, { window: 2 }).dtype).toBe("int32");
    expect(maxPool(x, { window: 2 }).toArray()).toEqual([[[3, 200]]]);
  });
});

test("avgPool of integers and of narrow floats", () => {
  const x = tensor([[[3, 4, 200, 7]]], { dtype: "int32" });
  expect(avgPool(x, { window: 2 }).toArray()).toEqual([[[3.5, 103.5]]]);
  const narrow = avgPool(tensor([[[60000, 60000]]], { dtype: "float16" }), { window: 2 });
  expect([narrow.dtype, narrow.item()]).toEqual(["float16", 60000]);
});

test("bad options are named", () => {
  const x = normal(key(0), [1, 2, 6, 6]);
  expect(() => maxPool(x.at(0, 0), { window: 2 })).toThrow(ShapeError);
  expect(() => maxPool(x, { window: [2, 2, 2] })).toThrow(/maxPool: window/);
  expect(() => maxPool(x, { window: 0 })).toThrow(DomainError);
  expect(() => maxPool(x, { window: 2, padding: 2 })).toThrow(/lies beside/);
  expect(() => maxPool(x, { window: 2, dilation: 8, strides: 3, padding: 7 })).toThrow(/lies beside/);
  expect(() => avgPool(x, { window: 2, padding: -1 })).toThrow(/integers >= 0/);
  expect(() => maxPool(x.astype("complex128"), { window: 2 })).toThrow(DTypeError);
});
