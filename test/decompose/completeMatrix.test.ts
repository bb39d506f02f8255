import { type CompletedMatrix, completeMatrix, type ObservedMatrix } from "polyadic/decompose";
import { lowRankMatrix } from "polyadic/linalg/problems";
import { key, uniform } from "polyadic/random";
import { eye, type Tensor, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

/** The entries of a matrix that a draw leaves. */
function observed(matrix: Tensor, share: number, seed = 3): ObservedMatrix {
  const [m, n] = matrix.shape as [number, number];
  const draws = uniform(key(seed), [m * n]).data();
  const data = matrix.data();
  const seen = Array.from(draws.keys()).filter((position) => draws[position]! < share);
  return {
    rows: seen.map((position) => Math.floor(position / n)),
    cols: seen.map((position) => position % n),
    values: tensor(
      seen.map((position) => data[position]!),
      { dtype: matrix.dtype },
    ),
    shape: [m, n],
  };
}

const product = ({ U, V }: CompletedMatrix): Tensor => U.matmul(V.transpose());
const gap = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();
const { matrix } = lowRankMatrix(key(1), [60, 50], [2, 1.5, 1]);

describe("completeMatrix", () => {
  it.each(["sketch", "cg", "exact"] as const)("%s finds the missing entries", (inner) => {
    const data = observed(matrix, 0.5);
    const result = completeMatrix(key(0), data, { rank: 3, inner, iterations: 60 });
    expect(gap(product(result), matrix)).toBeLessThan(1e-10);
    expect([result.U.shape, result.V.shape]).toEqual([
      [60, 3],
      [50, 3],
    ]);
    expect(gap(result.V.transpose().matmul(result.V), eye(3))).toBeLessThan(1e-13);
    expect(result.converged).toBe(true);
    expect(result.underdetermined).toBe(false);
    // The residual is that of the factors that come back.
    const { rows, cols } = data as unknown as { rows: number[]; cols: number[] };
    const model = product(
      completeMatrix(key(0), data, { rank: 3, inner, iterations: 2 }),
    ).toArray() as number[][];
    const truth = matrix.toArray() as number[][];
    let [wrong, all] = [0, 0];
    rows.forEach((i, e) => {
      const value = truth[i]![cols[e]!]!;
      wrong += (model[i]![cols[e]!]! - value) ** 2;
      all += value ** 2;
    });
    expect(result.residuals[1]! / Math.sqrt(wrong / all)).toBeCloseTo(1, 8);
  });

  it("rough problems cost less and lose nothing; from zero they stall", () => {
    const { matrix: wide } = lowRankMatrix(key(2), [120, 120], new Array(10).fill(1));
    const data = observed(wide, 0.6);
    const run = (options: object): { error: number; work: number } => {
      const result = completeMatrix(key(0), data, { rank: 10, iterations: 10, tol: 0, ...options });
      return { error: gap(product(result), wide), work: result.work };
    };
    const exact = run({ inner: "exact" });
    const rough = run({ inner: "cg", innerSteps: 2, innerTolerance: 0 });
    expect(rough.error).toBeLessThan(2 * exact.error);
    expect(rough.work).toBeLessThan(exact.work / 1.8);
    const cold = run({ innerTolerance: 0.1, innerSteps: 50, warmStart: false });
    expect(cold.error).toBeGreaterThan(100 * exact.error);
  });

  it("a fully observed matrix takes one exact round", () => {
    const result = completeMatrix(key(0), observed(matrix, 2), { rank: 3, inner: "exact", iterations: 1 });
    expect(gap(product(result), matrix)).toBeLessThan(1e-13);
    const rough = completeMatrix(key(0), observed(matrix, 2), { rank: 3, innerTolerance: 0, iterations: 1 });
    expect(gap(product(rough), matrix)).toBeLessThan(1e-13);
  });

  it("fresh entries in each half round work too", () => {
    const { matrix: large } = lowRankMatrix(key(5), [150, 150], [1.2, 1]);
    const result = completeMatrix(key(0), observed(large, 0.9), { rank: 2, resample: true, iterations: 4 });
    expect(result.residuals).toHaveLength(4);
    expect(gap(product(result), large)).toBeLessThan(0.1 * large.abs().max().item());
  });

  it("rank one, zeros, lines without entries and float32", () => {
    const { matrix: one } = lowRankMatrix(key(4), [20, 15], [3]);
    const single = completeMatrix(key(0), observed(one, 0.6), { rank: 1, iterations: 100 });
    expect(gap(product(single), one)).toBeLessThan(1e-9);
    const nothing = completeMatrix(key(0), observed(one.mul(0), 0.6), { rank: 2 });
    expect([nothing.converged, nothing.work, product(nothing).abs().max().item()]).toEqual([true, 0, 0]);
    const narrow = completeMatrix(key(0), observed(one.astype("float32"), 0.6), { rank: 1 });
    expect([narrow.U.dtype, narrow.V.dtype]).toEqual(["float32", "float32"]);
    expect(gap(product(narrow), one.astype("float32"))).toBeLessThan(1e-4);
    for (const inner of ["sketch", "exact"] as const) {
      const sparse: ObservedMatrix = {
        rows: [0, 0, 1, 3],
        cols: [0, 2, 0, 2],
        values: [1, 2, 3, 4],
        shape: [4, 3],
      };
      const gaps = completeMatrix(key(0), sparse, { rank: 2, inner, iterations: 50 });
      expect(gaps.underdetermined).toBe(true);
      const model = product(gaps).toArray() as number[][];
      expect(model[2]).toEqual([0, 0, 0]);
      expect(model.map((row) => row[1]).every((value) => Math.abs(value!) < 1e-12)).toBe(true);
      expect(Math.abs(model[1]![0]! - 3)).toBeLessThan(1e-6);
      if (inner === "sketch") continue;
      // Of all rows of U that fit a single entry, the shortest: a multiple of the row of V.
      const [u, v] = [gaps.U.at(3), gaps.V.at(2)];
      expect(Math.abs(u.item(0) * v.item(1) - u.item(1) * v.item(0))).toBeLessThan(1e-6);
      expect(Math.min(v.abs().min().item(), u.abs().min().item())).toBeGreaterThan(1e-6);
    }
  });

  it("stops when told, and reports", () => {
    const seen: number[] = [];
    completeMatrix(key(0), observed(matrix, 0.5), {
      rank: 3,
      iterations: 3,
      onProgress: ({ fraction }) => seen.push(fraction),
    });
    expect(seen).toEqual([1 / 3, 2 / 3, 1]);
    const signal = AbortSignal.abort();
    expect(() => completeMatrix(key(0), observed(matrix, 0.5), { rank: 3, signal })).toThrow(/stopped/);
  });

  const small: ObservedMatrix = { rows: [0, 1], cols: [1, 0], values: [1, 2], shape: [2, 2] };
  it.each<[string, Partial<ObservedMatrix>, object, RegExp]>([
    ["rank", {}, { rank: 3 }, /rank must be an integer from 1 to 2, got 3/],
    ["iterations", {}, { iterations: 0 }, /iterations must be/],
    ["inner", {}, { inner: "lu" }, /inner must be/],
    ["tolerance", {}, { innerTolerance: 1 }, /innerTolerance must lie/],
    ["steps", {}, { innerSteps: 0 }, /innerSteps must be/],
    ["clip", {}, { clip: 0 }, /clip must be/],
    ["range", { rows: [0, 2] }, {}, /rows: integers from 0 to 1 were expected, got 2/],
    ["fraction", { cols: [0, 0.5] }, {}, /cols: integers from 0 to 1 were expected, got 0.5/],
    ["twice", { rows: [1, 1], cols: [0, 0] }, {}, /entry \(1, 0\) is given more than once/],
    ["lengths", { rows: [1] }, {}, /must have one length, got 1, 2 and 2/],
    ["NaN", { values: [1, Number.NaN] }, {}, /values holds NaN at position 1/],
    [
      "complex",
      { values: tensor([1, 2], { dtype: "complex128", shape: [2] }) },
      {},
      /float64 or float32, got complex128/,
    ],
    ["shape", { shape: [0, 2] }, {}, /two lengths >= 1/],
  ])("throws for bad input: %s", (_, changes, options, message) => {
    expect(() => completeMatrix(key(0), { ...small, ...changes }, { rank: 1, ...options })).toThrow(message);
  });
});
