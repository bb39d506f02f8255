import {
  choice,
  foldIn,
  key,
  normal,
  permutation,
  rademacher,
  randint,
  split,
  uniform,
} from "polyadic/random";
import { describe, expect, test } from "vitest";
import { threefry } from "../../src/random/threefry.ts";

const moments = (values: ArrayLike<number>): { mean: number; variance: number; fourth: number } => {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const central = (power: number): number => list.reduce((a, b) => a + (b - mean) ** power, 0) / list.length;
  return { mean, variance: central(2), fourth: central(4) };
};

describe("threefry", () => {
  // Known-answer vectors that the authors of the generator publish with Random123.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x243f6a88, 0x85a308d3],
      [0x13198a2e, 0x03707344],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])("counter %j under key %j", (counter, words, expected) => {
    const out = new Uint32Array(2);
    threefry(words[0]!, words[1]!, counter[0]!, counter[1]!, out);
    expect([...out]).toEqual(expected);
  });
});

describe("distributions", () => {
  const n = 100_000;
  test("uniform has the moments of the interval and stays inside", () => {
    const data = uniform(key(1), [n], { low: -1, high: 3 }).toTypedArray();
    const { mean, variance } = moments(data);
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(16 / 12, 1);
    expect(data.every((x) => x >= -1 && x < 3)).toBe(true);
    const single = uniform(key(2), [n], { dtype: "float32" }).toTypedArray();
    expect(single.every((x) => x >= 0 && x < 1)).toBe(true);
  });
  test("normal has the moments of the standard normal", () => {
    const { mean, variance, fourth } = moments(normal(key(3), [n]).toTypedArray());
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    expect(Math.abs(fourth - 3)).toBeLessThan(0.15);
    expect(normal(key(3), [3]).shape).toEqual([3]);
  });
  test("complex normal has unit variance in all", () => {
    const parts = normal(key(4), [n], { dtype: "complex128" }).toTypedArray();
    expect(moments(parts).variance).toBeCloseTo(0.5, 1);
    expect(parts.length).toBe(2 * n);
  });
  test("randint covers its range evenly and permutation is one", () => {
    const counts = new Array(5).fill(0);
    for (const value of randint(key(5), [50_000], -2, 3).toTypedArray()) counts[value + 2]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect([...permutation(key(6), 100).toTypedArray()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
});

describe("keys", () => {
  test("are deterministic and independent after split and foldIn", () => {
    const [a, b] = split(key(7));
    const draw = (from: typeof a): number[] => [...normal(from!, [4]).toTypedArray()];
    expect(draw(a)).toEqual(draw(split(key(7))[0]));
    expect(draw(a)).not.toEqual(draw(b));
    expect(draw(foldIn(key(7), 1))).not.toEqual(draw(foldIn(key(7), 2)));
  });
  test("refuse what is not a seed or a key", () => {
    expect(() => key(-1)).toThrow(/seed/);
    expect(() => key(0.5)).toThrow(/seed/);
    expect(() => normal(normal(key(0), [2]), [3])).toThrow(/random key/);
    expect(() => uniform(key(0), [2], { dtype: "int32" })).toThrow(/dtype/);
    expect(() => randint(key(0), [2], 3, 3)).toThrow(/low < high/);
  });
});

describe("choice", () => {
  test("gives different numbers, all of them equally often in every place", () => {
    const [n, count, draws] = [5, 3, 20_000];
    const hits = new Float64Array(n * count);
    for (let i = 0; i < draws; i++) {
      const chosen = choice(foldIn(key(3), i), n, count).toTypedArray();
      expect(new Set(chosen).size).toBe(count);
      chosen.forEach((value, place) => {
        hits[place * n + value]!++;
      });
    }
    // Binomial with p = 1/5: five standard deviations.
    for (const hit of hits) expect(Math.abs(hit - draws / n)).toBeLessThan(5 * Math.sqrt(draws * 0.16));
  });

  test("of all is a permutation, of none is empty; of many is quick", () => {
    expect([...choice(key(1), 6, 6).toTypedArray()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(choice(key(1), 6, 0).shape).toEqual([0]);
    expect(choice(key(1), 1e9, 4).size).toBe(4);
    expect(() => choice(key(1), 2 ** 32, 4)).toThrow(/at most 2\^31/);
    expect(() => choice(key(1), 3, 4)).toThrow(/4 different integers below 3/);
  });
});

test("rademacher gives signs, balanced and without correlation between neighbours", () => {
  const n = 100_000;
  for (const dtype of ["float64", "float32"] as const) {
    const x = rademacher(key(8), [n], { dtype });
    expect(x.dtype).toBe(dtype);
    const data = Array.from(x.toTypedArray());
    expect(data.every((v) => v === 1 || v === -1)).toBe(true);
    for (const lag of [1, 8, 16, 32]) {
      const products = data.slice(lag).map((v, i) => v * data[i]!);
      for (const list of [data, products])
        expect(Math.abs(moments(list).mean)).toBeLessThan(5 / Math.sqrt(n - lag));
    }
  }
  expect(() => rademacher(key(8), [2], { dtype: "int32" })).toThrow(/float64 or float32/);
});

test("what a key draws stays as it is from release to release", () => {
  const from = split(key(2026))[1]!;
  expect(from.toArray()).toEqual([2423655326, 2273120758]);
  expect(uniform(from, [3]).toArray()).toEqual([
    0.5308291681406117, 0.030311020378877507, 0.7720318761442371,
  ]);
  const normals = [1.105097621278624, 0.21304764947671687, 0.5756635755989299];
  normal(from, [3])
    .toTypedArray()
    .forEach((x, i) => {
      // Logarithms and cosines are the engine's.
      expect(x).toBeCloseTo(normals[i]!, 14);
    });
  expect(randint(from, [6], 0, 100).toArray()).toEqual([53, 3, 77, 89, 94, 50]);
  expect(permutation(from, 8).toArray()).toEqual([1, 0, 7, 5, 4, 3, 2, 6]);
  expect(choice(from, 100, 4).toArray()).toEqual([53, 4, 77, 90]);
  expect(rademacher(from, [8]).toArray()).toEqual([-1, 1, 1, -1, -1, 1, -1, 1]);
});
