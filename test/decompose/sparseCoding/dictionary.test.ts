import {
  dictionaryError,
  type OnlineDictionaryOptions,
  onlineOrthogonalDictionary,
  orthogonalDictionary,
  sparseCode,
} from "polyadic/decompose";
import { norm, polar, svdvals } from "polyadic/linalg";
import { bernoulli, foldIn, key, normal, orthogonal } from "polyadic/random";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { nearestOrthogonal } from "../../../src/decompose/sparseCoding/nearestOrthogonal.ts";

const gap = (a: Tensor, b: Tensor): number => norm(a.sub(b).ravel()).item();
const n = 8;
const truth = orthogonal(key(1), n);
const sample = (seed: number, b: number): Tensor => {
  const mask = bernoulli(foldIn(key(2), seed), 0.25, { shape: [n, b] }).astype("float64");
  return truth.matmul(normal(foldIn(key(3), seed), [n, b]).mul(mask));
};

describe("nearestOrthogonal", () => {
  it("is the polar factor, of good and bad matrices of any size", () => {
    for (const m of [1, 2, 7, 20, 33])
      for (const [i, change] of [0.1, 1, 100].entries()) {
        const d = orthogonal(foldIn(key(m), i), m).add(normal(foldIn(key(m), 9 + i), [m, m]).mul(change / m));
        for (const by of [1, 1e-150, 1e150]) {
          const found = nearestOrthogonal(d.mul(by));
          expect(gap(found, polar(d).u)).toBeLessThan(1e-8);
          expect(gap(found.mT().matmul(found), eye(m))).toBeLessThan(1e-12 * m);
        }
      }
    const flat = normal(key(0), [6, 2]).matmul(normal(key(1), [2, 6]));
    const found = nearestOrthogonal(flat);
    expect(gap(found.mT().matmul(found), eye(6))).toBeLessThan(1e-12);
    expect(found.mul(flat).sum().item()).toBeCloseTo(svdvals(flat).sum().item(), 10);
  });
});

describe("onlineOrthogonalDictionary", () => {
  const learn = (options: Omit<OnlineDictionaryOptions, "dimension">, b: number, batches: number) => {
    const learner = onlineOrthogonalDictionary({ dimension: n, ...options });
    let state = learner.init(key(4));
    for (let t = 0; t < batches; t++) state = learner.push(state, sample(t, b));
    return { learner, state, dictionary: learner.dictionary(state) };
  };
  it("makes the steps of its definition", () => {
    const learner = onlineOrthogonalDictionary({ dimension: n });
    let state = learner.init(key(4));
    expect(gap(state.relaxed.mT().matmul(state.relaxed), eye(n))).toBeLessThan(1e-13);
    for (let t = 1; t <= 30; t++) {
      const y = sample(t, 3);
      const z = state.relaxed.mT().matmul(y);
      const g = y.matmul(z.abs().mul(z).mT());
      const rho = Math.min(1, 4 / Math.sqrt(t + 8));
      const gamma = Math.min(1, 2 / (t + 2) ** 0.75);
      const average = state.average.mul(1 - rho).add(g.mul(rho));
      const next = learner.push(state, y);
      expect(gap(next.average, average)).toBeLessThan(1e-12);
      const relaxed = state.relaxed.mul(1 - gamma).add(polar(average).u.mul(gamma));
      // With few samples the gradient has no full rank, and the nearest orthogonal matrix is not the only one.
      if (t > 10) expect(gap(next.relaxed, relaxed)).toBeLessThan(1e-7);
      expect(svdvals(next.relaxed).data()[0]).toBeLessThanOrEqual(1 + 1e-12);
      state = next;
    }
  });
  it("learns from one sample at a time, where the last gradient alone does not", () => {
    const { dictionary, state } = learn({}, 1, 1500);
    expect(dictionaryError(dictionary, truth)).toBeLessThan(0.02);
    expect(dictionaryError(learn({ averageRate: 1 }, 1, 300).dictionary, truth)).toBeGreaterThan(0.2);
    expect(gap(dictionary.mT().matmul(dictionary), eye(n))).toBeLessThan(1e-12);
    expect(state.relaxed.size + state.average.size).toBe(2 * n * n);
    expect(state.steps + state.skipped).toBe(1500);
    expect([state.samples, state.moment]).toEqual([state.steps, null]);
  });
  it("whitens what is not white", () => {
    const mixing = normal(key(8), [n, n]).add(eye(n).mul(2));
    const learner = onlineOrthogonalDictionary({ dimension: n, whiten: "online" });
    let state = learner.init(key(4));
    expect(learner.whitener(state)).toBe(null);
    for (let t = 0; t < 300; t++) state = learner.push(state, mixing.matmul(sample(t, 10)));
    const w = learner.whitener(state)!;
    const moment = mixing.matmul(mixing.mT()).mul(0.25);
    expect(gap(w.matmul(moment).matmul(w.mT()), eye(n))).toBeLessThan(0.5);
    const found = w.matmul(mixing).matmul(truth);
    expect(dictionaryError(learner.dictionary(state), found)).toBeLessThan(0.03);
  });
  it("skips zeros, takes one dimension and float32", () => {
    const learner = onlineOrthogonalDictionary({ dimension: 1 });
    const start = learner.init(key(0));
    const skipped = learner.push(start, zeros([1, 3]));
    expect([skipped.skipped, skipped.steps]).toEqual([1, 0]);
    expect(gap(skipped.relaxed, start.relaxed)).toBe(0);
    const moved = learner.push(skipped, tensor([[2]], { dtype: "float32" }));
    expect(Math.abs(learner.dictionary(moved).item())).toBe(1);
  });
  it("keeps the dictionary where nothing points anywhere", () => {
    const learner = onlineOrthogonalDictionary({ dimension: 2 });
    const start = {
      ...learner.init(key(0)),
      relaxed: tensor([
        [1, 0],
        [0, 0],
      ]),
    };
    const pushed = learner.push(start, tensor([[0], [1]]));
    expect(pushed.steps).toBe(1);
    expect(gap(pushed.relaxed, start.relaxed)).toBe(0);
  });
  it("throws typed errors", () => {
    expect(() => onlineOrthogonalDictionary({ dimension: 0 })).toThrow(/dimension: an integer/);
    expect(() => onlineOrthogonalDictionary({ dimension: 2, stepPower: 0 })).toThrow(/stepPower: a number/);
    expect(() => onlineOrthogonalDictionary({ dimension: 2, averagePower: 2 })).toThrow(/averagePower/);
    expect(() => onlineOrthogonalDictionary({ dimension: 2, averageRate: 0 })).toThrow(/averageRate/);
    expect(() => onlineOrthogonalDictionary({ dimension: 2, stepRate: 1.5 })).toThrow(/stepRate/);
    expect(() => onlineOrthogonalDictionary({ dimension: 2, whiten: "all" as "none" })).toThrow(/whiten/);
    const learner = onlineOrthogonalDictionary({ dimension: 2 });
    const state = learner.init(key(0));
    expect(() => learner.push(state, zeros([3, 1]))).toThrow(/columns \[2, b\] were expected/);
    expect(() => learner.push(state, zeros([2, 0]))).toThrow(/at least one/);
    expect(() => learner.push(state, zeros([2, 1], "int32"))).toThrow(/float64 or float32/);
    expect(() => learner.push(state, tensor([[Number.NaN], [1]]))).toThrow(/not finite/);
  });
});

describe("orthogonalDictionary", () => {
  it("finds the dictionary of stored samples, climbing all the way", () => {
    const y = sample(0, 3000);
    const run = orthogonalDictionary(y, { key: key(5) });
    expect(run.converged).toBe(true);
    expect(dictionaryError(run.dictionary, truth)).toBeLessThan(5e-3);
    for (let i = 1; i < run.objective.length; i++)
      expect(run.objective[i]).toBeGreaterThanOrEqual(run.objective[i - 1]! * (1 - 1e-12));
    const cubes = run.dictionary.mT().matmul(y).abs();
    expect(cubes.mul(cubes).mul(cubes).sum().item() / 3000).toBeCloseTo(run.objective.at(-1)!, 10);
  });
  it("throws typed errors", () => {
    expect(() => orthogonalDictionary(zeros([3, 4]))).toThrow(/all samples are 0/);
    expect(() => orthogonalDictionary(zeros([3]))).toThrow(/columns \[n, b\]/);
    expect(() => orthogonalDictionary(eye(3), { iterations: 0 })).toThrow(/iterations: an integer/);
    expect(() => orthogonalDictionary(eye(3), { rtol: -1 })).toThrow(/rtol/);
    expect(() => orthogonalDictionary(eye(3), { signal: AbortSignal.abort() })).toThrow(/stopped/);
  });
});

describe("dictionaryError", () => {
  it("sees through signs, order and lengths", () => {
    const order = tensor([3, 1, 0, 2, 7, 6, 5, 4], { dtype: "int32" });
    const scales = tensor([1, -1, 2, -3, 1, 0.1, 5, -7]);
    expect(dictionaryError(truth.at(":", order).mul(scales), truth)).toBeCloseTo(0, 14);
    expect(dictionaryError(orthogonal(key(9), n), truth)).toBeGreaterThan(0.2);
    const half = Math.SQRT1_2;
    const turned = tensor([
      [half, -half],
      [half, half],
    ]);
    expect(dictionaryError(eye(2), turned)).toBeCloseTo(0.5, 12);
    expect(() => dictionaryError(eye(2), eye(3))).toThrow(/columns of one length/);
    expect(() => dictionaryError(zeros([2, 2]), eye(2))).toThrow(/d: a column holds nothing but zeros/);
  });
});

describe("sparseCode", () => {
  it("keeps what is large, and by Parseval loses what it leaves out", () => {
    const y = sample(1, 50);
    const full = sparseCode(truth, y, 0);
    expect(gap(truth.matmul(full), y)).toBeLessThan(1e-12);
    const codes = sparseCode(truth, y, 0.7);
    const left = full.abs().less(0.7).astype("float64").mul(full);
    expect(gap(truth.matmul(codes), y)).toBeCloseTo(norm(left).item(), 10);
    const tenth = sparseCode(truth, y, { keep: 0.1 });
    expect(tenth.abs().greater(0).astype("int32").sum().item()).toBe(40);
    const smallest = Math.min(...Array.from(tenth.abs().data()).filter((v) => v > 0));
    expect(
      full
        .abs()
        .greater(smallest + 1e-12)
        .astype("int32")
        .sum()
        .item(),
    ).toBe(39);
    expect(norm(sparseCode(truth, y, { keep: 0 })).item()).toBe(0);
  });
  it("throws typed errors", () => {
    expect(() => sparseCode(truth, zeros([3, 1]), 1)).toThrow(/y \[n, b\] were expected/);
    expect(() => sparseCode(truth, sample(0, 2), -1)).toThrow(/threshold: a number of at least 0/);
    expect(() => sparseCode(truth, sample(0, 2), { keep: 2 })).toThrow(/threshold.keep/);
  });
});
