import fc from "fast-check";
import {
  full,
  inner,
  ranks,
  relativeError,
  round,
  type TT,
  tt,
  ttAdd,
  ttHadamard,
  ttInner,
  ttMatrix,
  ttMatrixFull,
  ttMatvec,
  ttNorm,
  ttOrthogonalize,
  ttSum,
  tucker,
} from "polyadic/decompose";
import { svdvals } from "polyadic/linalg";
import { matmul } from "polyadic/ops";
import { key, normal } from "polyadic/random";
import { eye, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { adjoint } from "../../src/decompose/base/unfold.ts";
import { distance, randomDecomposition } from "./kinds.ts";
import { hilbert, quantized } from "./tensors.ts";

const train = (shape: readonly number[], seed: number, dtype: "float64" | "complex128" = "float64"): TT =>
  randomDecomposition({ kind: "tt", shape, rank: 3, seed, dtype }) as TT;

describe("TT-SVD", () => {
  it("known ranks of 1 / (i + j + k + 1), n = 30", () => {
    const x = hilbert(3, 30);
    const found = [1e-2, 1e-4, 1e-6].map((rtol) => [ranks(tucker(x, { rtol })), ranks(tt(x, { rtol }))]);
    expect(found.map(([, inner]) => inner)).toEqual([
      [4, 4],
      [6, 6],
      [8, 8],
    ]);
    expect(found[1]![0]).toEqual([6, 6, 6]);
    expect(found[2]![0]).toEqual([8, 8, 8]);
    expect([...found[0]![0]!].sort()).toEqual([3, 4, 4]);
  });

  it("known ranks of 1 / (i + j + k + l + 1), n = 16", () => {
    expect(ranks(tt(hilbert(4, 16), { rtol: 1e-6 }))).toEqual([7, 8, 7]);
  });

  it("quantized exponentials have rank 1, sines rank 2", () => {
    expect(ranks(tt(quantized(12, Math.exp), { rtol: 1e-9 }))).toEqual(new Array(11).fill(1));
    expect(
      ranks(
        tt(
          quantized(12, (x) => Math.sin(40 * x)),
          { rtol: 1e-9 },
        ),
      ),
    ).toEqual(new Array(11).fill(2));
  });

  it("meets the tolerance and knows its error", () => {
    const x = hilbert(4, 9);
    for (const rtol of [1e-1, 1e-3, 1e-5, 1e-8, 1e-11]) {
      const d = tt(x, { rtol });
      const error = relativeError(x, d);
      expect(error).toBeLessThanOrEqual(rtol);
      expect(Math.abs(d.error / error - 1)).toBeLessThan(0.01);
    }
  });

  it("is within √(d - 1) of the best of given ranks", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const x = normal(key(seed), [4, 3, 5, 4]);
        const d = tt(x, { ranks: [2, 3, 2] });
        const tails = [2, 3, 2].map((rank, k) => {
          const rows = [4, 12, 60][k]!;
          const values = svdvals(x.reshape([rows, -1])).data() as Float64Array;
          return Math.hypot(...values.slice(rank)) / Math.hypot(...values);
        });
        expect(d.error).toBeGreaterThanOrEqual(Math.max(...tails) - 1e-12);
        expect(d.error).toBeLessThanOrEqual(Math.hypot(...tails) + 1e-12);
        expect(relativeError(x, d)).toBeCloseTo(d.error, 10);
      }),
      { numRuns: 10 },
    );
  });
});

describe("arithmetic of trains", () => {
  it("the thin names do what the operations do", () => {
    for (const dtype of ["float64", "complex128"] as const) {
      const [a, b] = [train([3, 4, 5], 1, dtype), train([3, 4, 5], 2, dtype)];
      expect(distance(full(ttAdd(a, b)), full(a).add(full(b)))).toBeLessThan(1e-13);
      expect(distance(full(ttHadamard(a, b)), full(a).mul(full(b)))).toBeLessThan(1e-13);
      expect(ttInner(a, b)).toEqual(inner(a, b));
      expect(ttNorm(a)).toBeCloseTo(Math.sqrt(full(a).abs().square().sum().item()), 10);
    }
  });

  it("the norm of a difference keeps its digits", () => {
    const a = train([4, 5, 6], 1);
    const b: TT = { ...a, cores: a.cores.map((core, k) => (k === 1 ? core.mul(-1 - 1e-11) : core)) };
    expect(ttNorm(ttAdd(a, b)) / ttNorm(a) / 1e-11).toBeCloseTo(1, 3);
  });

  it("orthogonalizes towards any core", () => {
    const a = train([4, 5, 6, 3], 2, "complex128");
    for (const pivot of [0, 1, 3]) {
      const { cores } = ttOrthogonalize(a, pivot);
      expect(distance(full({ kind: "tt", cores }), full(a))).toBeLessThan(1e-13);
      cores.forEach((core, k) => {
        const [r, n, next] = core.shape as [number, number, number];
        const q = k < pivot ? core.reshape([r * n, next]) : adjoint(core.reshape([r, n * next]));
        const unit = eye(q.shape[1]!, q.shape[1]!, { dtype: "complex128" });
        if (k !== pivot) expect(distance(matmul(adjoint(q), q), unit)).toBeLessThan(1e-13);
      });
    }
  });

  it("sums over all modes and over some", () => {
    fc.assert(
      fc.property(
        fc.subarray([0, 1, 2, 3], { maxLength: 3 }),
        fc.constantFrom("float64", "complex128"),
        (modes, dtype) => {
          const a = train([3, 2, 4, 3], 3, dtype as "float64");
          const some = ttSum(a, modes);
          const expected = modes.length === 0 ? full(a) : full(a).sum({ axis: modes });
          expect(distance(full(some), expected)).toBeLessThan(1e-12);
        },
      ),
      { numRuns: 30 },
    );
    const a = train([3, 2, 4], 3);
    expect(ttSum(a)).toBeCloseTo(full(a).sum().item(), 10);
    expect(ttSum(train([3, 2], 3, "complex128"))).toMatchObject({
      re: expect.any(Number),
      im: expect.any(Number),
    });
    expect(() => ttSum(a, [0, 1, 2])).toThrow(/no mode would be left/);
    expect(() => ttSum(a, [3])).toThrow(/ttSum: mode/);
  });
});

describe("matrices as trains", () => {
  it("represents a matrix and multiplies vectors", () => {
    for (const dtype of ["float64", "complex128"] as const) {
      const a = normal(key(1), [24, 30], { dtype });
      const m = ttMatrix(a, [2, 3, 4], [3, 2, 5], { rtol: 1e-13 });
      expect(m.train.cores.map((core) => core.shape[1])).toEqual([6, 6, 20]);
      expect(distance(ttMatrixFull(m), a)).toBeLessThan(1e-12);
      const v = train([3, 2, 5], 4, dtype);
      const expected = matmul(a, full(v).reshape([30]));
      expect(distance(full(ttMatvec(m, v)).reshape([24]), expected)).toBeLessThan(1e-12);
      const rounded = ttMatvec(m, v, { rtol: 1e-12 });
      expect(distance(full(rounded).reshape([24]), expected)).toBeLessThan(1e-11);
      expect(ranks(rounded).every((r, k) => r <= [2, 4][k]!)).toBe(true);
    }
  });

  it("a Kronecker product has rank 1, the Laplacian rank 2", () => {
    const n = 4;
    const data = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      data[i * n + i] = 2;
      if (i > 0) data[i * n + i - 1] = data[(i - 1) * n + i] = -1;
    }
    const second = tensor(data, { shape: [n, n] });
    const unit = eye(n);
    const kron = (...parts: (typeof unit)[]) =>
      parts.reduce((x, y) => {
        const [p, q] = [x.shape[0]!, y.shape[0]!];
        return x
          .reshape([p, 1, p, 1])
          .mul(y.reshape([1, q, 1, q]))
          .reshape([p * q, p * q]);
      });
    const dims = [n, n, n];
    const laplacian = kron(second, unit, unit)
      .add(kron(unit, second, unit))
      .add(kron(unit, unit, second));
    expect(ranks(ttMatrix(kron(second, unit, second), dims, dims, { rtol: 1e-12 }).train)).toEqual([1, 1]);
    const m = ttMatrix(laplacian, dims, dims, { rtol: 1e-12 });
    expect(ranks(m.train)).toEqual([2, 2]);
    expect(ranks(round(ttAdd(m.train, m.train), { rtol: 1e-12 }))).toEqual([2, 2]);
  });

  it("bad arguments throw", () => {
    const a = normal(key(1), [6, 4]);
    expect(() => ttMatrix(a, [2, 3], [4], { rtol: 0.1 })).toThrow(/as many row as column/);
    expect(() => ttMatrix(a, [2, 2], [2, 2], { rtol: 0.1 })).toThrow(/a matrix \[4, 4\]/);
    expect(() => ttMatrix(a, [2, 3], [2, 2], {})).toThrow(/one of rtol/);
    const m = ttMatrix(a, [2, 3], [2, 2], { rtol: 0.1 });
    expect(() => ttMatvec(m, train([2, 3], 1))).toThrow(/a train of shape/);
  });
});
