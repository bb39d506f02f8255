import {
  add,
  full,
  norm,
  parameters,
  type Ring,
  ranks,
  relativeError,
  ring,
  round,
  scale,
} from "polyadic/decompose";
import { qr } from "polyadic/linalg";
import { matmul, transpose } from "polyadic/ops";
import { foldIn, key, normal } from "polyadic/random";
import { tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { squarestPair } from "../../src/decompose/ring/svd.ts";
import { distance, randomDecomposition } from "./kinds.ts";
import { hilbert, sumFunction } from "./tensors.ts";

const randomRing = (
  shape: readonly number[],
  seed: number,
  dtype: "float64" | "complex128" = "float64",
): Ring => randomDecomposition({ kind: "ring", shape, rank: 3, seed, dtype }) as Ring;

describe("tensor ring by SVD", () => {
  it("splits numbers into the nearest factors", () => {
    expect([1, 2, 4, 6, 7, 12, 16, 17, 36].map(squarestPair)).toEqual([
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
      [1, 7],
      [3, 4],
      [4, 4],
      [1, 17],
      [6, 6],
    ]);
  });

  it("meets the tolerance at every edge and knows its error", () => {
    for (const order of [2, 3, 4])
      for (const rtol of [1e-1, 1e-3, 1e-5, 1e-8, 1e-11])
        for (let split = 0; split < order; split++) {
          const x = hilbert(order, 8);
          const d = ring(x, { rtol, split });
          const error = relativeError(x, d);
          expect(error).toBeLessThanOrEqual(rtol);
          expect(Math.abs(d.error - error)).toBeLessThanOrEqual(0.01 * error + 1e-14);
          const list = ranks(d);
          d.cores.forEach((core, k) => {
            expect(core.shape).toEqual([list[k], 8, list[(k + 1) % order]]);
          });
        }
  });

  it("starts at the mode that it is told", () => {
    const x = full(
      randomDecomposition({ kind: "tt", shape: [5, 6, 7, 4], rank: 3, seed: 4, dtype: "float64" }),
    );
    const turned = transpose(x, [2, 3, 0, 1]);
    const direct = ring(x, { rtol: 1e-10, split: 2 });
    const other = ring(turned, { rtol: 1e-10 });
    for (let k = 0; k < 4; k++)
      expect(direct.cores[(k + 2) % 4]!.toTypedArray()).toEqual(other.cores[k]!.toTypedArray());
  });

  it("represents random rings exactly, real and complex", () => {
    for (const dtype of ["float64", "complex128"] as const) {
      const x = full(randomRing([4, 5, 4, 3], 3, dtype));
      expect(distance(full(ring(x, { rtol: 1e-12 })), x)).toBeLessThan(1e-12);
    }
  });

  it("raises a prime rank by one where that makes the ring smaller, and only there", () => {
    // 7 = 1 · 7 needs 49 + 441 + 1050 numbers here, 8 = 2 · 4 needs 56 + 144 + 1200.
    const long = normal(key(1), [7, 3, 50]);
    const d = ring(long, { rtol: 1e-10 });
    expect(ranks(d)).toEqual([2, 4, 12]);
    expect(relativeError(long, d)).toBeLessThan(1e-10);
    expect(ranks(ring(normal(key(1), [7, 12, 12]), { rtol: 1e-10 }))).toEqual([1, 7, 12]);
    // The sum to the power 4 has rank 5: 2 · 3 would double the last rank for nothing.
    const power = sumFunction(3, 12, (s) => (s / 36) ** 4);
    expect(ranks(ring(power, { rtol: 1e-10 }))).toEqual([1, 5, 5]);
  });

  it("a raised rank is as exact as the tolerance asks", () => {
    const u = qr(normal(key(1), [9, 9])).q;
    const v = qr(normal(key(2), [150, 9])).q;
    const values = tensor([1, 1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-9, 1e-11, 1e-12]);
    const x = matmul(u.mul(values), v.transpose()).reshape([9, 3, 50]);
    const d = ring(x, { rtol: 1e-10 });
    expect(ranks(d).slice(0, 2)).toEqual([2, 4]);
    expect(relativeError(x, d)).toBeLessThanOrEqual(1e-10);
  });

  it("limits ranks and takes given ones", () => {
    const x = hilbert(4, 8);
    for (const maxRank of [1, 2, 3, 5])
      expect(Math.max(...ranks(ring(x, { rtol: 1e-8, maxRank })))).toBeLessThanOrEqual(maxRank);
    expect(ranks(ring(x, { ranks: [2, 2, 3, 4] }))).toEqual([2, 2, 3, 4]);
    expect(ranks(ring(x, { ranks: [2, 2, 3, 4], split: 3 }))).toEqual([2, 2, 3, 4]);
  });

  it("takes one mode, and zeros", () => {
    expect(full(ring(tensor([1, 2, 3]), { rtol: 0.1 })).toTypedArray()).toEqual(Float64Array.of(1, 2, 3));
    const nothing = ring(zeros([3, 4, 5]), { rtol: 1e-3 });
    expect([nothing.error, ...ranks(nothing)]).toEqual([0, 1, 1, 1]);
  });

  it("bad arguments throw", () => {
    const x = hilbert(3, 3);
    expect(() => ring(x, {})).toThrow(/one of rtol, ranks and maxRank/);
    expect(() => ring(x, { rtol: 2 })).toThrow(/tolerance/);
    expect(() => ring(x, { rtol: 0.1, split: 3 })).toThrow(/split must be a mode from 0 to 2/);
    expect(() => ring(x, { ranks: [1, 1] })).toThrow(/3 ranks were expected/);
    expect(() => ring(x, { ranks: [1, 0, 1] })).toThrow(/rank 1 must be/);
    expect(() => ring(x, { rtol: 0.1, maxRank: 0 })).toThrow(/maxRank/);
    expect(() => ring(tensor([Number.POSITIVE_INFINITY]), { rtol: 0.1 })).toThrow(/not finite/);
    expect(() => ring(x, { rtol: 0.1, method: "als", signal: AbortSignal.abort() })).toThrow(/stopped/);
  });
});

describe("tensor ring by alternating least squares", () => {
  it("never raises the error from sweep to sweep", () => {
    const x = hilbert(3, 8);
    const d = ring(x, { ranks: [2, 2, 2], method: "als", maxIterations: 40 });
    d.history.slice(1).forEach((error, i) => {
      expect(error).toBeLessThanOrEqual(d.history[i]! + 1e-9);
    });
    expect(d.iterations).toBe(d.history.length);
    expect(d.error).toBeCloseTo(d.history.at(-1)!, 7);
    expect(d.error).toBeCloseTo(relativeError(x, d), 10);
  });

  it("improves on the SVD at the same ranks", () => {
    const x = hilbert(3, 10);
    const start = ring(x, { ranks: [2, 2, 2] });
    const refined = ring(x, { ranks: [2, 2, 2], method: "als" });
    expect(refined.error).toBeLessThan(0.9 * start.error);
  });

  it("finds rings that the SVD cannot, from random starts", () => {
    for (const dtype of ["float64", "complex128"] as const) {
      const cores = [6, 5, 6, 5].map((n, k) => normal(foldIn(key(3), k), [2, n, 2], { dtype }));
      const made: Ring = { kind: "ring", cores };
      const x = full(made);
      const d = ring(x, { ranks: [2, 2, 2, 2], method: "als", restarts: 8, maxIterations: 300, key: key(1) });
      expect(d.error).toBeLessThan(1e-5);
      expect(parameters(d)).toBe(parameters(made));
      expect(parameters(ring(x, { rtol: 1e-5 }))).toBeGreaterThan(parameters(made));
    }
  });

  it("gives the same for the same key", () => {
    const x = hilbert(3, 6);
    const options = { ranks: [2, 2, 2], method: "als", key: key(5), maxIterations: 20 } as const;
    expect(full(ring(x, options)).toTypedArray()).toEqual(full(ring(x, options)).toTypedArray());
  });
});

describe("ring rules", () => {
  it("rounding drops what does not show", () => {
    const d = randomRing([6, 5, 6, 5], 1);
    const noise = scale(randomRing([6, 5, 6, 5], 2), 1e-7 * (norm(d) / norm(randomRing([6, 5, 6, 5], 2))));
    const sum = add(d, noise);
    const rounded = round(sum, { rtol: 1e-4 });
    expect(ranks(rounded)).toEqual(ranks(d));
    expect(distance(full(rounded), full(sum))).toBeLessThan(1e-4);
    expect(Math.abs(norm(sum) / frobenius(full(sum)) - 1)).toBeLessThan(1e-12);
  });
});
