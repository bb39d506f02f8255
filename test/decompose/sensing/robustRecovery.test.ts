import {
  gaussianSensing,
  type RobustRecoveryOptions,
  robustMatrixRecovery,
  signRip,
} from "polyadic/decompose";
import { norm } from "polyadic/linalg";
import { lowRankMatrix } from "polyadic/linalg/problems";
import { sign } from "polyadic/ops";
import { key, normal, permutation } from "polyadic/random";
import { eye, type Tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const n = 10;
const m = 400;
const truth = lowRankMatrix(key(1), [n, n], [1, 0.7], { symmetric: true }).matrix;
const op = gaussianSensing(key(2), { m, shape: [n, n], symmetric: true, variance: 1 });
const isWrong = permutation(key(3), m).less(40).astype("float64");
const outliers = normal(key(4), [m]).mul(100).mul(isWrong);
const y = op.apply(truth.ravel()).add(outliers);
const relative = (a: Tensor, by = 1): number => norm(a.div(by).sub(truth)).item() / norm(truth).item();
const run = (options: Partial<RobustRecoveryOptions>, values = y, measurements: Tensor | typeof op = op) =>
  robustMatrixRecovery(key(0), { measurements, y: values }, { searchRank: n, ...options });

describe("robustMatrixRecovery", () => {
  it("finds the matrix in spite of gross errors, by either schedule and start", () => {
    expect(relative(run({}).matrix)).toBeLessThan(4e-3);
    expect(relative(run({ searchRank: 2 }).matrix)).toBeLessThan(5e-4);
    const adaptive = run({ schedule: "adaptive", iterations: 300 });
    expect(relative(adaptive.matrix)).toBeLessThan(2e-3);
    expect(relative(run({ init: "spectral" }).matrix)).toBeLessThan(2e-2);
    // A large start leaves the spare columns in.
    expect(relative(run({ scale: 0.3 }).matrix)).toBeGreaterThan(3 * relative(run({}).matrix));
    const { factor, matrix, losses, stepSizes } = adaptive;
    expect(norm(factor.matmul(factor.mT()).sub(matrix)).item()).toBeLessThan(1e-12);
    expect([losses.length, stepSizes.length]).toEqual([301, 300]);
    const residuals = op.apply(matrix.ravel()).sub(y);
    expect(losses.at(-1)).toBeCloseTo(residuals.abs().mean().item(), 10);
  });
  it("makes the steps of its definition", () => {
    const [before, after] = [4, 5].map((iterations) => run({ iterations, scale: 0.5 }));
    const away = op.apply(before!.matrix.ravel()).sub(y);
    const signs = sign(away);
    const d = op.transpose().apply(signs).reshape([n, n]);
    const u = before!.factor;
    const step = d.matmul(u);
    const moved = u.sub(after!.factor);
    const factor = moved.mul(step).sum().item() / step.mul(step).sum().item();
    expect(norm(moved.sub(step.mul(factor))).item()).toBeLessThan(1e-12);
    // The size of measurements is estimated by random products: about 1 here.
    const unit = (factor * m) / (2 * after!.stepSizes[4]!);
    expect(unit).toBeGreaterThan(0.85);
    expect(unit).toBeLessThan(1.15);
    expect(after!.stepSizes[4]).toBeCloseTo(0.25 * 0.985 ** 4, 12);
  });
  it("does not depend on units, nor on how the measurements are given", () => {
    const plain = run({ schedule: "adaptive", iterations: 100 });
    const matrices = op.toDense().reshape([m, n, n]);
    const options = { schedule: "adaptive", iterations: 100 } as const;
    expect(relative(run(options, y, matrices).matrix)).toBeCloseTo(relative(plain.matrix), 8);
    const scaled = run(options, y.mul(3e4), matrices.mul(30));
    expect(relative(scaled.matrix, 1e3)).toBeCloseTo(relative(plain.matrix), 8);
    // Only symmetric parts matter.
    const skew = normal(key(9), [m, n, n]);
    const bent = run(options, y, matrices.add(skew).sub(skew.mT()));
    expect(relative(bent.matrix)).toBeCloseTo(relative(plain.matrix), 8);
    expect(run(options, y.astype("float32")).matrix.dtype).toBe("float32");
  });
  it("takes clean measurements, one number, and zero", () => {
    expect(relative(run({}, op.apply(truth.ravel())).matrix)).toBeLessThan(4e-3);
    expect(norm(run({}, zeros([m])).matrix).item()).toBeLessThan(1e-5);
    expect(norm(run({ init: "spectral" }, zeros([m])).matrix).item()).toBe(0);
    const one = robustMatrixRecovery(
      key(0),
      { measurements: zeros([5, 1, 1]).add(1), y: zeros([5]).add(4) },
      { searchRank: 1 },
    );
    expect(one.matrix.item()).toBeCloseTo(4, 2);
  });
  it("throws typed errors", () => {
    expect(() => run({ searchRank: 0 })).toThrow(/searchRank: an integer from 1 to 10 was expected, got 0/);
    expect(() => run({ searchRank: 11 })).toThrow(/from 1 to 10/);
    expect(() => run({ scale: 0 })).toThrow(/scale: a positive/);
    expect(() => run({ decay: 1 })).toThrow(/decay: a number between 0 and 1/);
    expect(() => run({ decay: 0 })).toThrow(/decay: a number between 0 and 1/);
    expect(() => run({ schedule: "none" as "adaptive" })).toThrow(/"geometric" or "adaptive"/);
    expect(() => run({ init: "none" as "small" })).toThrow(/"small" or "spectral"/);
    expect(() => run({}, zeros([m - 1]))).toThrow(/y: shape \[400\] was expected/);
    expect(() => run({}, y, zeros([m, n, n + 1]))).toThrow(/shape \[m, n, n\]/);
    expect(() => run({}, y, zeros([m, n, n], "int32"))).toThrow(/float64 or float32/);
    expect(() => run({}, zeros([2]), eye(2).mul(Number.NaN).reshape([2, 1, 2]) as Tensor)).toThrow(
      /\[m, n, n\]/,
    );
    expect(() => run({}, y, zeros([m, n, n]).add(Number.NaN))).toThrow(/not finite/);
    const rectangular = gaussianSensing(key(0), { m: 4, shape: [2, 3] });
    expect(() => run({}, zeros([4]), rectangular)).toThrow(/operator \[m, 4\]/);
    expect(() => run({ signal: AbortSignal.abort() })).toThrow(/stopped/);
  });
});

describe("signRip", () => {
  it("has the scale of normal measurements, and deviations that fall with more of them", () => {
    const at = (count: number) =>
      signRip(key(5), gaussianSensing(key(6), { m: count, shape: [n, n], symmetric: true, variance: 1 }), {
        rank: 2,
        trials: 5,
      });
    const [few, many] = [at(500), at(8000)];
    expect(many.scale).toBeCloseTo(Math.sqrt(2 / Math.PI), 1);
    expect(many.delta / few.delta).toBeGreaterThan(0.15);
    expect(many.delta / few.delta).toBeLessThan(0.4);
    const wrong = signRip(key(5), op, { rank: 2, trials: 5, corruption: outliers });
    expect(wrong.scale).toBeLessThan(signRip(key(5), op, { rank: 2, trials: 5 }).scale);
  });
  it("throws typed errors", () => {
    expect(() => signRip(key(0), op, { rank: 0 })).toThrow(/signRip: rank/);
    expect(() => signRip(key(0), op, { rank: 2, trials: 0 })).toThrow(/signRip: trials/);
    expect(() => signRip(key(0), op, { rank: 2, corruption: zeros([3]) })).toThrow(/shape \[400\]/);
  });
});
