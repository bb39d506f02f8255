import fc from "fast-check";
import { estimateRate, gaussianSensing, type MatrixSensingOptions, matrixSensing } from "polyadic/decompose";
import { FunctionOperator, norm } from "polyadic/linalg";
import { lowRankMatrix } from "polyadic/linalg/problems";
import { key, normal } from "polyadic/random";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";

const gap = (a: Tensor, b: Tensor): number => norm(a.sub(b)).item();
const truth = (n: number, seed = 1): Tensor =>
  lowRankMatrix(key(seed), [n, n], [1, 1], { symmetric: true }).matrix;

describe("gaussianSensing", () => {
  it("has the same entries dense and streamed, both ways, with a last block that is shorter", () => {
    const options = { m: 50, shape: [3, 4] as const, blockSize: 7 };
    const dense = gaussianSensing(key(0), options);
    const streamed = gaussianSensing(key(0), { ...options, storage: "stream" });
    const x = normal(key(1), [12, 2]);
    const y = normal(key(2), [50]);
    expect(dense.shape).toEqual([50, 12]);
    expect(gap(dense.apply(x), streamed.apply(x))).toBeLessThan(1e-14);
    expect(gap(dense.transpose().apply(y), streamed.transpose().apply(y))).toBeLessThan(1e-14);
    expect(gap(streamed.toDense(), dense.toDense())).toBe(0);
    const forth = streamed.apply(x.at(":", 0)).mul(y).sum().item();
    expect(streamed.transpose().apply(y).mul(x.at(":", 0)).sum().item()).toBeCloseTo(forth, 12);
  });
  it("keeps norms on average, on symmetric matrices also when symmetrised", () => {
    const x = truth(6).ravel();
    for (const symmetric of [false, true]) {
      const op = gaussianSensing(key(3), { m: 20000, shape: [6, 6], symmetric });
      expect(op.apply(x).square().sum().item() / 2).toBeCloseTo(1, 1);
    }
    const rows = gaussianSensing(key(3), { m: 5, shape: [6, 6], symmetric: true, variance: 4 })
      .toDense()
      .reshape([5, 6, 6]);
    expect(gap(rows.ravel(), rows.mT().ravel())).toBe(0);
  });
  it("is differentiable", () => {
    const op = gaussianSensing(key(0), { m: 9, shape: [2, 3], blockSize: 4, storage: "stream" });
    const x = normal(key(1), [6]);
    const slope = grad((v: Tensor) => op.apply(v).square().sum().div(2))(x);
    expect(gap(slope, op.transpose().apply(op.apply(x)))).toBeLessThan(1e-13);
  });
  it("throws typed errors", () => {
    expect(() => gaussianSensing(key(0), { m: 0, shape: [2, 2] })).toThrow(/gaussianSensing: m: an integer/);
    expect(() => gaussianSensing(key(0), { m: 2, shape: [2, 0] })).toThrow(/two positive lengths/);
    expect(() => gaussianSensing(key(0), { m: 2, shape: [2, 3], symmetric: true })).toThrow(/square shape/);
    expect(() => gaussianSensing(key(0), { m: 2, shape: [2, 2], variance: 0 })).toThrow(
      /variance: a positive/,
    );
    const storage = "disk" as "dense";
    expect(() => gaussianSensing(key(0), { m: 2, shape: [2, 2], storage })).toThrow(/"dense" or "stream"/);
  });
});

describe("matrixSensing", () => {
  const shape = [10, 10] as const;
  const base = { shape, rank: 4, parameterization: "asymmetric", learningRate: 0.25 } as const;

  it("makes the steps of its definition", () => {
    const m = truth(4);
    const options: MatrixSensingOptions = { ...base, shape: [4, 4], rank: 2 };
    const at = (iterations: number): Tensor[] => [
      ...matrixSensing(key(5), "identity", m, { ...options, iterations }).factors,
    ];
    const [f, g] = at(3) as [Tensor, Tensor];
    const s = f.matmul(g.mT()).sub(m);
    const [next, other] = at(4) as [Tensor, Tensor];
    expect(gap(next, f.sub(s.matmul(g).mul(0.25)))).toBeLessThan(1e-14);
    expect(gap(other, g.sub(s.mT().matmul(f).mul(0.25)))).toBeLessThan(1e-14);
    const flat = (iterations: number): Tensor =>
      matrixSensing(key(5), "identity", m, { ...options, parameterization: "symmetric", iterations })
        .factors[0]!;
    const u = flat(3);
    expect(gap(flat(4), u.sub(u.matmul(u.mT()).sub(m).matmul(u).mul(0.25)))).toBeLessThan(1e-14);
  });
  it("is slow with a wide symmetric factor, fast with factors that differ, faster after one step", () => {
    const m = truth(10);
    const last = (options: Partial<MatrixSensingOptions>): number =>
      matrixSensing(key(0), "identity", m, { ...base, iterations: 400, ...options }).losses.at(-1)!;
    expect(last({ parameterization: "symmetric" })).toBeGreaterThan(1e-6);
    expect(last({ parameterization: "symmetric", rank: 2 })).toBeLessThan(1e-25);
    const plain = last({ scale: 0.2 });
    expect(last({})).toBeLessThan(plain / 10);
    expect(last({ scale: 0.2, accelerate: "one-step" })).toBeLessThan(1e-10 * plain);
  });
  it("keeps the product in the one step", () => {
    const run = matrixSensing(key(0), "identity", truth(10), {
      ...base,
      accelerate: "one-step",
      iterations: 200,
    });
    const at = run.acceleratedAt!;
    expect(2 * run.losses[at]!).toBeLessThan(0.1);
    expect(2 * run.losses[at - 1]!).toBeGreaterThanOrEqual(0.1);
    // Never above the loss of the step before: the change itself costs nothing.
    expect(run.losses[at + 1]!).toBeLessThan(run.losses[at]!);
  });
  it("recovers from normal measurements, whatever the units, dense, streamed or known by products", () => {
    const { matrix } = lowRankMatrix(key(4), [8, 6], [2, 1]);
    const sensing = { m: 300, shape: [8, 6] as const, blockSize: 64 };
    const dense = gaussianSensing(key(2), sensing);
    const y = dense.apply(matrix.ravel());
    const options = { shape: [8, 6], rank: 4, parameterization: "asymmetric" } as const;
    const whole = matrixSensing(key(0), dense, y, { ...options, iterations: 1500 });
    expect(whole.converged).toBe(true);
    expect(gap(whole.matrix, matrix)).toBeLessThan(1e-4);
    const short = { ...options, iterations: 60 };
    const plain = matrixSensing(key(0), dense, y, short);
    for (const op of [
      gaussianSensing(key(2), { ...sensing, storage: "stream" }),
      dense.toDense(),
      new FunctionOperator((x) => dense.apply(x), {
        shape: dense.shape,
        transpose: (r) => dense.transpose().apply(r),
      }),
    ])
      expect(gap(matrixSensing(key(0), op, y, short).matrix, plain.matrix)).toBeLessThan(1e-10);
    const huge = matrixSensing(key(0), dense, y.mul(1e6), short);
    expect(gap(huge.matrix.div(1e6), plain.matrix)).toBeLessThan(1e-10);
    const single = matrixSensing(key(0), dense, y.astype("float32"), short);
    expect(single.matrix.dtype).toBe("float32");
    expect(gap(single.matrix, plain.matrix)).toBeLessThan(1e-5);
  });
  it("takes the zero matrix, rank 1, one entry, no steps", () => {
    for (const parameterization of ["symmetric", "asymmetric"] as const)
      expect(
        matrixSensing(key(0), "identity", zeros([5, 5]), {
          shape: [5, 5],
          rank: 3,
          parameterization,
          iterations: 3000,
        }).losses.at(-1),
      ).toBeLessThan(1e-5);
    const one = { shape: [1, 1], rank: 1, parameterization: "asymmetric" } as const;
    expect(matrixSensing(key(0), "identity", tensor([-3]), one).matrix.item()).toBeCloseTo(-3, 9);
    const none = matrixSensing(key(0), "identity", eye(3), { ...one, shape: [3, 3], iterations: 0 });
    expect(none.losses.length).toBe(1);
    expect(none.converged).toBe(false);
  });
  it("stops where it diverges", () => {
    const run = matrixSensing(key(0), "identity", truth(10), { ...base, learningRate: 20, iterations: 500 });
    expect(run.converged).toBe(false);
    expect(run.losses.length).toBeLessThan(500);
  });
  it("reports progress and can be stopped", () => {
    const seen: number[] = [];
    const onProgress = ({ fraction }: { fraction: number }): number => seen.push(fraction);
    matrixSensing(key(0), "identity", truth(10), { ...base, iterations: 200, onProgress });
    expect(seen.at(-1)).toBe(1);
    const signal = AbortSignal.abort();
    expect(() => matrixSensing(key(0), "identity", truth(10), { ...base, signal })).toThrow(/stopped/);
  });
  it("throws typed errors", () => {
    const run = (options: object, y: Tensor = truth(10), op: Tensor | "identity" = "identity") =>
      matrixSensing(key(0), op, y, { ...base, ...options } as MatrixSensingOptions);
    expect(() => run({ rank: 0 })).toThrow(/rank: an integer from 1 to 10 was expected, got 0/);
    expect(() => run({ rank: 11 })).toThrow(/from 1 to 10/);
    expect(() => run({ shape: [10, 9], rank: 2, parameterization: "symmetric" })).toThrow(/square/);
    expect(() => run({ parameterization: "other" })).toThrow(/"symmetric" or "asymmetric"/);
    expect(() => run({ parameterization: "symmetric", accelerate: "one-step" })).toThrow(/asymmetric/);
    expect(() => run({}, zeros([10, 9]))).toThrow(/y: the matrix \[10, 10\]/);
    expect(() => run({}, zeros([7]), zeros([8, 100]))).toThrow(/y: shape \[8\] was expected/);
    expect(() => run({}, zeros([8]), zeros([8, 99]))).toThrow(/operator \[m, 100\]/);
    expect(() => run({}, zeros([8]), zeros([8, 100], "complex128"))).toThrow(/a real operator/);
    expect(() => run({}, zeros([10, 10], "int32"))).toThrow(/float64 or float32/);
    expect(() => run({}, eye(10).mul(Number.NaN))).toThrow(/not finite/);
    expect(() => run({ learningRate: -1 })).toThrow(/learningRate: a positive/);
    expect(() => run({ iterations: 1.5 })).toThrow(/iterations: an integer/);
  });
});

describe("estimateRate", () => {
  it("reads powers and exponentials off exactly, and stops at the floor", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 3, noNaN: true }), (rate) => {
        const power = Array.from({ length: 50 }, (_, t) => 5 * Math.max(t, 1) ** -rate);
        const found = estimateRate(power, { model: "power", from: 3 });
        expect(found.rate).toBeCloseTo(rate, 9);
        expect(found.r2).toBeCloseTo(1, 9);
        const fall = Array.from({ length: 50 }, (_, t) => Math.max(1e-20, Math.exp(-rate * t)));
        const stopped = estimateRate(fall, { model: "exponential", from: 0, floor: 1e-20 });
        expect(stopped.rate).toBeCloseTo(rate, 9);
      }),
      { numRuns: 30 },
    );
  });
  it("throws typed errors", () => {
    const losses = [4, 3, 2, 1, 0, 0];
    expect(estimateRate(losses, { model: "exponential", from: 0 }).to).toBe(4);
    expect(() => estimateRate(losses, { model: "power", from: 0 })).toThrow(/1 <= from/);
    expect(() => estimateRate(losses, { model: "power", from: 3 })).toThrow(/at least 3 losses/);
    expect(() => estimateRate([1, -1, 2], { model: "exponential", from: 0 })).toThrow(/got -1 at step 1/);
    expect(() => estimateRate(losses, { model: "linear" as "power", from: 1 })).toThrow(/"power" or/);
  });
});
