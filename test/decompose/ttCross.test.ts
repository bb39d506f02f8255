import {
  entries,
  full,
  maxvol,
  ranks,
  relativeError,
  slice,
  type TT,
  tt,
  ttCross,
  ttCrossFunction,
} from "polyadic/decompose";
import { svdvals } from "polyadic/linalg";
import { exp, matmul, sin, take } from "polyadic/ops";
import { foldIn, key, normal } from "polyadic/random";
import { complex, linspace, Tensor, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { distance, randomDecomposition } from "./kinds.ts";
import { hilbert } from "./tensors.ts";

/** 1 / (1 + Σ index) at a list of indices. */
function reciprocal(index: Tensor): Tensor {
  const [m, d] = index.shape as [number, number];
  const data = index.data();
  return new Tensor(
    Float64Array.from({ length: m }, (_, i) => {
      let sum = 1;
      for (let k = 0; k < d; k++) sum += data[i * d + k]!;
      return 1 / sum;
    }),
    [m],
    "float64",
  );
}

describe("maxvol", () => {
  it("no row can be exchanged for a larger volume", () => {
    for (const dtype of ["float64", "complex128", "float32"] as const)
      for (const [m, r] of [
        [5, 5],
        [40, 1],
        [60, 7],
        [200, 20],
      ] as const) {
        const a = normal(foldIn(key(m), r), [m, r], { dtype });
        const { rows, coefficients } = maxvol(a);
        expect(new Set(rows).size).toBe(r);
        expect(coefficients.abs().max().item()).toBeLessThanOrEqual(1.05 * (1 + 1e-6));
        const chosen = take(a, tensor(rows));
        expect(distance(matmul(coefficients, chosen), a)).toBeLessThan(dtype === "float32" ? 1e-5 : 1e-12);
      }
  });

  it("finds the rows of a hidden dominant submatrix", () => {
    const data = normal(key(1), [50, 3]).mul(1e-3).toTypedArray();
    [17, 4, 33].forEach((row, j) => {
      data[row * 3 + j] = 1;
    });
    const { rows } = maxvol(new Tensor(data, [50, 3], "float64"));
    expect([...rows].sort((a, b) => a - b)).toEqual([4, 17, 33]);
  });

  it("the cross of a matrix stays below (r + 1) σ_{r+1} in the max norm", () => {
    // Alternating maxvol over rows and columns until the cross stands still.
    const a = hilbert(2, 30);
    const values = svdvals(a).data();
    for (const r of [2, 4, 6]) {
      let columns = tensor(
        Array.from({ length: r }, (_, i) => i),
        { dtype: "int32" },
      );
      let rows = columns;
      for (let step = 0; step < 5; step++) {
        rows = tensor(maxvol(take(a, columns, 1).contiguous()).rows);
        columns = tensor(maxvol(take(a, rows, 0).transpose().contiguous()).rows);
      }
      const { coefficients } = maxvol(take(a, columns, 1).contiguous());
      const chosen = tensor(maxvol(take(a, columns, 1).contiguous()).rows);
      const error = a
        .sub(matmul(coefficients, take(a, chosen)))
        .abs()
        .max()
        .item();
      // The search finds a local maximum within 1.05, so allow for that.
      expect(error).toBeLessThanOrEqual(1.05 ** (2 * r) * (r + 1) * values[r]!);
    }
  });

  it("bad arguments throw", () => {
    expect(() => maxvol(tensor([[1, 2, 3]]))).toThrow(/at least as many rows/);
    expect(() => maxvol(tensor([1, 2, 3]))).toThrow(/matrix/);
    expect(() =>
      maxvol(
        tensor([
          [1, 1],
          [2, 2],
          [3, 3],
        ]),
      ),
    ).toThrow(/column 1 depends/);
    expect(() => maxvol(tensor([[1], [2]]), { tolerance: 1 })).toThrow(/tolerance above 1/);
  });
});

describe("ttCross", () => {
  it("approximates 1 / (i + j + k + l + 1), n = 16, whole", () => {
    const x = hilbert(4, 16);
    for (const rtol of [1e-3, 1e-6]) {
      const d = ttCross(reciprocal, [16, 16, 16, 16], { rtol });
      expect(d.converged).toBe(true);
      expect(Math.max(...d.history.slice(-2))).toBeLessThanOrEqual(rtol);
      expect(d.error).toBe(d.history.at(-1));
      expect(relativeError(x, d)).toBeLessThanOrEqual(rtol);
      expect(d.evaluations).toBeLessThan(x.size);
      // Not far above the ranks of the truncated SVD.
      const best = ranks(tt(x, { rtol }));
      expect(ranks(d).every((r, k) => r <= best[k]! + 2)).toBe(true);
    }
  });

  it("needs few evaluations of many", () => {
    const d = ttCross(reciprocal, new Array<number>(8).fill(10), { rtol: 1e-6 });
    expect(d.converged).toBe(true);
    expect(d.evaluations).toBeLessThan(1e8 / 500);
    expect(d.history).toHaveLength(d.iterations);
    // A part that validation hardly ever meets: the corner with the largest entries.
    const corner = slice(d, ["0:3", "0:3", "0:3", "0:3", 0, 0, 0, 0]);
    expect(distance(corner, hilbert(4, 3))).toBeLessThan(1e-5);
  });

  it("cuts less when interpolation over many modes amplifies what it cuts", () => {
    const d = ttCross(reciprocal, new Array<number>(10).fill(20), { rtol: 1e-4 });
    expect(d.converged).toBe(true);
    expect(Math.max(...d.history.slice(-2))).toBeLessThanOrEqual(1e-4);
  });

  it("finds a train again, real and complex", () => {
    for (const dtype of ["float64", "complex128"] as const) {
      const shape = [10, 8, 12, 9, 10];
      const made = randomDecomposition({ kind: "tt", shape, rank: 4, seed: 2, dtype }) as TT;
      const d = ttCross((index) => entries(made, index), shape, { rtol: 1e-10 });
      expect(ranks(d)).toEqual(ranks(made));
      expect(distance(full(d), full(made))).toBeLessThan(1e-9);
      expect(d.evaluations).toBeLessThan(86400 / 5);
      expect(d.cores[0]!.dtype).toBe(dtype);
    }
  });

  it("functions of points: sums of frequencies have known ranks", () => {
    const grids = [1, 2, 3, 4, 5].map((n) => linspace(0, n, 20));
    const sum = ttCrossFunction((points) => sin(points.sum({ axis: 1 })), grids, { rtol: 1e-9 });
    expect(ranks(sum)).toEqual([2, 2, 2, 2]);
    const product = ttCrossFunction((points) => exp(points.sum({ axis: 1 })), grids, { rtol: 1e-9 });
    expect(ranks(product)).toEqual([1, 1, 1, 1]);
    const wave = ttCrossFunction((points) => exp(points.sum({ axis: 1 }).mul(complex(0, 1))), grids);
    expect(ranks(wave)).toEqual([1, 1, 1, 1]);
    expect(entries(wave, tensor([[19, 0, 0, 0, 0]], { dtype: "int32" })).element(0)).toMatchObject({
      re: expect.closeTo(Math.cos(1), 6),
      im: expect.closeTo(Math.sin(1), 6),
    });
  });

  it("says when it did not get there", () => {
    // Noise has no low rank.
    const noise = normal(key(1), [12, 12, 12, 12]);
    const dense = { kind: "dense", data: noise } as const;
    const d = ttCross((index) => entries(dense, index), [12, 12, 12, 12], {
      rtol: 1e-3,
      maxRank: 5,
      maxSweeps: 3,
    });
    expect(d.converged).toBe(false);
    expect(d.iterations).toBe(3);
    expect(d.error).toBeGreaterThan(0.5);
    expect(Math.max(...ranks(d))).toBeLessThanOrEqual(5);
  });

  it("takes one and two modes, modes of length 1 and zeros", () => {
    expect(full(ttCross(reciprocal, [4])).toTypedArray()).toEqual(Float64Array.of(1, 1 / 2, 1 / 3, 1 / 4));
    expect(relativeError(hilbert(2, 12), ttCross(reciprocal, [12, 12]))).toBeLessThan(1e-6);
    const thin = ttCross(reciprocal, [1, 5, 1, 5]);
    expect(distance(full(thin).reshape([5, 5]), hilbert(2, 5))).toBeLessThan(1e-6);
    const nothing = ttCross(
      (index) => new Tensor(new Float64Array(index.shape[0]!), [index.shape[0]!], "float64"),
      [4, 4, 4],
    );
    expect([nothing.converged, nothing.error, ...ranks(nothing)]).toEqual([true, 0, 1, 1]);
  });

  it("calls the function in batches, gives the same for the same key, and stops when told", () => {
    const sizes: number[] = [];
    const sampled = (index: Tensor): Tensor => {
      sizes.push(index.shape[0]!);
      return reciprocal(index);
    };
    const dims = [8, 8, 8];
    const a = ttCross(sampled, dims, { key: key(3), batch: 100 });
    expect(Math.max(...sizes)).toBe(100);
    expect(sizes.reduce((x, y) => x + y)).toBe(a.evaluations);
    const b = ttCross(reciprocal, dims, { key: key(3) });
    expect(b.cores.map((core) => core.toTypedArray())).toEqual(a.cores.map((core) => core.toTypedArray()));
    expect(() => ttCross(reciprocal, dims, { signal: AbortSignal.abort() })).toThrow(/stopped/);
  });

  it("bad arguments throw", () => {
    expect(() => ttCross(reciprocal, [])).toThrow(/mode lengths/);
    expect(() => ttCross(reciprocal, [3, 0])).toThrow(/mode lengths/);
    expect(() => ttCross(reciprocal, [3, 3], { rtol: 1 })).toThrow(/tolerance/);
    expect(() => ttCross(reciprocal, [3, 3], { maxRank: 0 })).toThrow(/maxRank must be/);
    expect(() => ttCross(reciprocal, [3, 3], { batch: 0 })).toThrow(/batch must be/);
    expect(() => ttCross(() => tensor([1, 2]), [3, 3])).toThrow(/must return a tensor \[9\]/);
    expect(() => ttCross((index) => reciprocal(index).mul(Number.NaN), [3, 3])).toThrow(/not finite/);
    expect(() => ttCrossFunction(reciprocal, [tensor([[1, 2]])])).toThrow(/grid 0 must be a vector/);
  });
});
