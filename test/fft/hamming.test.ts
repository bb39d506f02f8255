import fc from "fast-check";
import { tensor, zeros } from "polyadic";
import {
  approximateHammingDistances,
  countingThreeSum,
  type HammingWork,
  hammingDistances,
  hammingDistancesBounded,
  sumsetCounts,
} from "polyadic/fft";
import { key, randint } from "polyadic/random";
import { describe, expect, it } from "vitest";
import { CommonExtensions, suffixArray } from "../../src/fft/hamming/suffixArray.ts";

const METHODS = ["auto", "naive", "fft", "heavy-light", "hashed"] as const;

function count(text: ArrayLike<number>, pattern: ArrayLike<number>): number[] {
  return Array.from({ length: text.length - pattern.length + 1 }, (_, i) => {
    let mismatches = 0;
    for (let j = 0; j < pattern.length; j++) if (text[i + j] !== pattern[j]) mismatches++;
    return mismatches;
  });
}

const symbols = (seed: number, n: number, alphabet: number): Uint32Array =>
  Uint32Array.from(randint(key(seed), [n], 0, alphabet).data() as ArrayLike<number>);

const texts = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 }))
  .chain(([alphabet, n, m]) =>
    fc.tuple(
      fc.array(fc.integer({ min: 0, max: alphabet }), { minLength: n, maxLength: n }),
      fc.array(fc.integer({ min: 0, max: alphabet }), {
        minLength: Math.min(n, m),
        maxLength: Math.min(n, m),
      }),
    ),
  );

describe("exact distances", () => {
  it("of all methods, with and without packing, are the direct count", () => {
    fc.assert(
      fc.property(
        texts,
        fc.boolean(),
        fc.integer({ min: 0, max: 6 }),
        ([text, pattern], packing, threshold) => {
          const [t, p] = [Uint32Array.from(text), Uint32Array.from(pattern)];
          const expected = count(text, pattern);
          for (const method of METHODS)
            expect(Array.from(hammingDistances(t, p, { method, packing, threshold }))).toEqual(expected);
        },
      ),
    );
  });

  it.each([
    [20000, 300, 17],
    [5000, 4999, 70],
    [9000, 1, 3],
    [6000, 1500, 2],
  ])("text %i, pattern %i, alphabet %i: several blocks", (n, m, alphabet) => {
    const [t, p] = [symbols(n, n, alphabet), symbols(m, m, alphabet)];
    const expected = count(t, p);
    for (const method of METHODS) {
      if (method === "hashed" && n > 10000) continue;
      expect(Array.from(hammingDistances(t, p, { method }))).toEqual(expected);
    }
  });

  it("of one symbol, of symbols that are all different, of a pattern that is the text", () => {
    const same = new Uint32Array(50).fill(7);
    const different = Uint32Array.from({ length: 50 }, (_, i) => 2 ** 32 - 1 - i);
    for (const method of METHODS) {
      expect(new Set(hammingDistances(same, same.slice(0, 9), { method }))).toEqual(new Set([0]));
      expect(Array.from(hammingDistances(different, different, { method }))).toEqual([0]);
      expect(Array.from(hammingDistances(different, different.slice(3, 13), { method })).indexOf(0)).toBe(3);
    }
  });

  it("take tensors and bytes", () => {
    expect(Array.from(hammingDistances(tensor([1, 2, 1, 2]), tensor([1, 2])))).toEqual([0, 2, 0]);
    const bytes = new TextEncoder().encode("abracadabra");
    const found = hammingDistances(bytes, new TextEncoder().encode("abra"));
    expect(Array.from(found)).toEqual([0, 4, 3, 3, 3, 3, 4, 0]);
  });

  it("heavy and light symbols share the work", () => {
    const [n, m, alphabet] = [8192, 1024, 32];
    const [t, p] = [symbols(1, n, alphabet), symbols(2, m, alphabet)];
    const work = (method: (typeof METHODS)[number], packing = true): HammingWork => {
      let seen: HammingWork | undefined;
      hammingDistances(t, p, {
        method,
        packing,
        onWork: (w) => {
          seen = w;
        },
      });
      return seen!;
    };
    expect(work("naive").comparisons).toBe(m * (n - m + 1));
    expect(work("heavy-light").increments).toBeLessThan((1.2 * n * m) / alphabet);
    expect(work("heavy-light").heavy).toBe(0);
    const [packed, single] = [work("fft"), work("fft", false)];
    expect(packed.increments).toBe(0);
    expect(packed.heavy).toBe(alphabet);
    expect(single.transforms / packed.transforms).toBeGreaterThan(1.6);
  });
});

describe("bounded distances", () => {
  it("are the exact ones, clipped", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 12 }), ([text, pattern], k) => {
        const expected = count(text, pattern).map((d) => Math.min(d, k + 1));
        const found = hammingDistancesBounded(Uint32Array.from(text), Uint32Array.from(pattern), k);
        expect(Array.from(found)).toEqual(expected);
      }),
    );
  });

  it("over several blocks", () => {
    const [t, p] = [symbols(3, 70000, 2), symbols(4, 40, 2)];
    t.set(p, 65530);
    const expected = count(t, p).map((d) => Math.min(d, 6));
    expect(Array.from(hammingDistancesBounded(t, p, 5))).toEqual(expected);
  });

  it("suffix arrays are sorted, and extensions are what symbols say", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 60 }), (list) => {
        const codes = Int32Array.from(list);
        const { order, rank } = suffixArray(codes);
        const text = (i: number): string => list.slice(i).join("");
        const sorted = list.map((_, i) => i).sort((i, j) => (text(i) < text(j) ? -1 : 1));
        expect(Array.from(order)).toEqual(sorted);
        expect(sorted.every((i, at) => rank[i] === at)).toBe(true);
        const extensions = new CommonExtensions(codes);
        for (let i = 0; i < list.length; i += 3)
          for (let j = 0; j < list.length; j++) {
            let h = 0;
            while (i + h < list.length && j + h < list.length && list[i + h] === list[j + h]) h++;
            expect(extensions.at(i, j)).toBe(h);
          }
      }),
    );
  });
});

describe("approximate distances", () => {
  const [n, m, alphabet] = [4096, 256, 64];
  const t = symbols(5, n, alphabet);
  const p = symbols(6, m, alphabet);
  t.set(p.subarray(0, 200), 1000);
  const exact = count(t, p);

  it.each([0.4, 0.2, 0.1])("never above the truth, and near it (epsilon %f)", (epsilon) => {
    const found = approximateHammingDistances(key(1), t, p, { epsilon, method: "hashed" });
    let loss = 0;
    found.forEach((d, i) => {
      expect(d).toBeLessThanOrEqual(exact[i]!);
      loss = Math.max(loss, 1 - d / exact[i]!);
    });
    expect(loss).toBeLessThanOrEqual(epsilon);
    expect(loss).toBeGreaterThan(0);
  });

  it("on both sides of it", () => {
    const found = approximateHammingDistances(key(2), t, p, {
      epsilon: 0.2,
      mode: "two-sided",
      method: "hashed",
    });
    const errors = Array.from(found, (d, i) => d / exact[i]! - 1);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.2);
    expect(Math.max(...errors)).toBeGreaterThan(0);
    expect(Math.min(...errors)).toBeLessThan(0);
    expect(Math.abs(errors.reduce((sum, e) => sum + e, 0) / errors.length)).toBeLessThan(0.02);
  });

  it("counts foreign symbols and small alphabets exactly", () => {
    const foreign = Uint32Array.from(t, (c, i) => (i < 2000 ? c + 1000 : c));
    const found = approximateHammingDistances(key(3), foreign, p, {
      epsilon: 0.5,
      mode: "two-sided",
      method: "hashed",
    });
    expect(found[0]).toBeCloseTo(m, 9);
    const few = Uint32Array.from(t, (c) => c % 3);
    const pattern = Uint32Array.from(p, (c) => c % 3);
    expect(Array.from(approximateHammingDistances(key(4), few, pattern, { epsilon: 0.5 }))).toEqual(
      count(few, pattern),
    );
  });

  it("is exact where that costs less than all the maps", () => {
    expect(Array.from(approximateHammingDistances(key(1), t, p, { epsilon: 0.1 }))).toEqual(exact);
    // So many pairs of equal symbols that one map onto few is cheaper.
    const [long, needle] = [symbols(7, 200_000, 64), symbols(8, 50_000, 64)];
    const found = approximateHammingDistances(key(1), long, needle, { epsilon: 0.5, repetitions: 1 });
    expect(Array.from(found)).not.toEqual(Array.from(hammingDistances(long, needle)));
  });

  it("depends on the key alone", () => {
    const run = (seed: number): number[] =>
      Array.from(approximateHammingDistances(key(seed), t, p, { epsilon: 0.4, method: "hashed" }));
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
});

describe("sumsets", () => {
  const direct = (a: ArrayLike<number>, b: ArrayLike<number>): Map<number, number> => {
    const counts = new Map<number, number>();
    for (let i = 0; i < a.length; i++)
      for (let j = 0; j < b.length; j++) counts.set(a[i]! + b[j]!, (counts.get(a[i]! + b[j]!) ?? 0) + 1);
    return counts;
  };

  it("count sums as two loops do", () => {
    const list = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 40 });
    fc.assert(
      fc.property(list, list, (a, b) => {
        const { sums, counts } = sumsetCounts(a, b);
        const expected = [...direct(a, b)].sort(([x], [y]) => x - y);
        expect(Array.from(sums, (sum, i) => [sum, counts[i]])).toEqual(expected);
      }),
    );
  });

  it("150 x 120 numbers below 20000 take a few primes", () => {
    const [a, b] = [symbols(7, 150, 20000), symbols(8, 120, 20000)];
    const { sums, counts, rounds } = sumsetCounts(a, b);
    const expected = direct(a, b);
    expect(sums.length).toBe(expected.size);
    expect(sums.every((sum, i) => counts[i] === expected.get(sum))).toBe(true);
    expect(rounds).toBeLessThanOrEqual(4);
  });

  it("finds large sums", () => {
    const [a, b] = [symbols(9, 30, 2 ** 30), symbols(10, 20, 2 ** 30)];
    const { sums, counts } = sumsetCounts(a, b);
    const expected = direct(a, b);
    expect(sums.every((sum, i) => counts[i] === expected.get(sum))).toBe(true);
    expect(sums.length).toBe(expected.size);
  });

  it("counts solutions of i + j = l", () => {
    expect(Array.from(countingThreeSum([1, 2, 3], [10, 20], [11, 12, 13, 21, 5]))).toEqual([1, 1, 1, 1, 0]);
    expect(Array.from(countingThreeSum([1, 2, 3], [1, 2, 3], [4]))).toEqual([3]);
    expect(Array.from(countingThreeSum([], [1], [1]))).toEqual([0]);
  });
});

describe("bad input", () => {
  const [t, p] = [Uint32Array.of(1, 2, 3), Uint32Array.of(1, 2)];
  const cases: [string, () => unknown, RegExp][] = [
    ["a pattern that is longer", () => hammingDistances(p, t), /pattern must not be longer/],
    ["an empty pattern", () => hammingDistances(t, new Uint32Array(0)), /at least one symbol/],
    [
      "negative symbols",
      () => hammingDistances(tensor([1, -2]), p),
      /text must hold integers .* got -2 at 1/,
    ],
    ["fractions", () => hammingDistances(t, tensor([0.5])), /pattern must hold integers/],
    ["complex symbols", () => hammingDistances(t, zeros([2], "complex128")), /complex128/],
    ["a matrix", () => hammingDistances(zeros([2, 2]), p), /vector/],
    ["an unknown method", () => hammingDistances(t, p, { method: "magic" as never }), /"magic"/],
    ["a negative threshold", () => hammingDistances(t, p, { threshold: -1 }), /threshold/],
    ["k below 0", () => hammingDistancesBounded(t, p, -1), /k must be an integer >= 0/],
    ["half a mismatch", () => hammingDistancesBounded(t, p, 0.5), /k must be/],
    ["epsilon of 0", () => approximateHammingDistances(key(0), t, p, { epsilon: 0 }), /epsilon/],
    ["epsilon of 1", () => approximateHammingDistances(key(0), t, p, { epsilon: 1 }), /epsilon/],
    ["delta of 2", () => approximateHammingDistances(key(0), t, p, { epsilon: 0.5, delta: 2 }), /delta/],
    [
      "an unknown mode",
      () => approximateHammingDistances(key(0), t, p, { epsilon: 0.5, mode: "over" as never }),
      /mode/,
    ],
    [
      "no repetitions",
      () => approximateHammingDistances(key(0), t, p, { epsilon: 0.5, repetitions: 0 }),
      /repetitions/,
    ],
    [
      "an unknown way",
      () => approximateHammingDistances(key(0), t, p, { epsilon: 0.5, method: "fast" as never }),
      /method/,
    ],
    ["a bad key", () => approximateHammingDistances(tensor([1]), t, p, { epsilon: 0.5 }), /key must be/],
    ["negative places", () => sumsetCounts([-1], [1]), /a must hold integers/],
    ["places that are too large", () => sumsetCounts([1], [2 ** 31]), /b must hold integers/],
  ];
  it.each(cases)("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
