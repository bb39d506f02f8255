// Bandits: their formulas, and what they learn.

import { zeros } from "polyadic";
import {
  type Bandit,
  binnedTsallis,
  chebCB,
  lstsq,
  type SequenceSystem,
  solveSequence,
  tsallisInf,
} from "polyadic/linalg";
import { categorical, foldIn, key, normal, uniform } from "polyadic/random";
import { poisson, sparseEye } from "polyadic/sparse";
import type { Tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { boxQuadratic } from "../../../src/linalg/relaxation/boxQuadratic.ts";

/** Plays a bandit against costs; returns the costs it had. */
function play<S>(
  bandit: Bandit<S>,
  rounds: number,
  costOf: (action: number, context: number) => number,
  contextOf: (t: number) => number = () => 0,
): { costs: number[]; state: S } {
  let state = bandit.init();
  const costs: number[] = [];
  for (let t = 0; t < rounds; t++) {
    const context = contextOf(t);
    const p = bandit.probabilities(state, context);
    expect(p.sum().item()).toBeCloseTo(1, 12);
    expect(p.min().item()).toBeGreaterThanOrEqual(0);
    const action = categorical(foldIn(key(5), t), p.log()).item();
    const cost = costOf(action, context);
    state = bandit.update(state, { action, cost, context });
    costs.push(cost);
  }
  return { costs, state };
}

const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;

describe("tsallisInf", () => {
  it("starts with equal probabilities, and solves Σ p = 1 for p = 4 (η (L − x))⁻²", () => {
    const bandit = tsallisInf({ actions: 4 });
    expect(bandit.probabilities(bandit.init()).toArray()).toEqual([0.25, 0.25, 0.25, 0.25]);
    const estimates = Float64Array.of(3000, 250, 900, 7000);
    const p = bandit.probabilities({ rounds: 9, cost: 909, estimates });
    // √(4/p) / η + x = L for one x and all actions.
    const eta = 2 / Math.sqrt(10);
    const roots = (p.toArray() as number[]).map(
      (value, i) => estimates[i]! / 100 - 2 / (eta * Math.sqrt(value)),
    );
    for (const root of roots) expect(root).toBeCloseTo(roots[0]!, 8);
    expect(p.argmax().item()).toBe(1);
  });

  it("divides costs by the probability that they were seen with", () => {
    const bandit = tsallisInf({ actions: 3 });
    const first = bandit.update(bandit.init(), { action: 1, cost: 21 });
    expect(Array.from(first.estimates)).toEqual([0, expect.closeTo(60, 10), 0]);
    const p = bandit.probabilities(first).toArray() as number[];
    const second = bandit.update(first, { action: 2, cost: 11 });
    expect(second.estimates[2]).toBeCloseTo(10 / p[2]!, 10);
    expect(first.rounds).toBe(1);
  });

  it("finds the cheapest action, whatever costs are measured in", () => {
    for (const unit of [2, 300]) {
      const { costs } = play(tsallisInf({ actions: 5 }), 1500, (i) => 1 + unit * (i === 3 ? 1 : 4));
      expect(mean(costs.slice(-300)) - 1).toBeLessThan(1.5 * unit);
    }
  });

  it("works with one action, no cost, and estimates far apart", () => {
    const one = tsallisInf({ actions: 1 });
    expect(one.probabilities(play(one, 3, () => 0).state).toArray()).toEqual([1]);
    const far = tsallisInf({ actions: 2 }).probabilities({
      ...{ rounds: 3, cost: 30, estimates: Float64Array.of(0, 1e18) },
    });
    expect(far.toArray()).toEqual([1, expect.closeTo(0, 10)]);
  });
});

describe("binnedTsallis", () => {
  it("learns another action in each bin", () => {
    const bandit = binnedTsallis({ actions: 3, bins: 2, interval: [0, 1] });
    const { costs } = play(
      bandit,
      1600,
      (i, c) => 1 + 10 * ((c < 0.5 ? 0 : 2) === i ? 1 : 4),
      (t) => (t % 10) / 9,
    );
    expect(mean(costs.slice(-300))).toBeLessThan(18);
    // The end of the interval belongs to the last bin.
    expect(() => bandit.probabilities(bandit.init(), 1)).not.toThrow();
  });
});

describe("chebCB", () => {
  it("fits costs that are polynomials, and plays by the inverse gap", () => {
    const bandit = chebCB({ actions: 2, degree: 3, interval: [-1, 3] });
    const costOf = (i: number, c: number): number => 20 + (i === 0 ? 3 * c + c * c : 12);
    let state = bandit.init();
    expect(bandit.probabilities(state, 0).toArray()).toEqual([0.5, 0.5]);
    for (let t = 0; t < 40; t++) {
      const context = -1 + (4 * (t >> 1)) / 19;
      state = bandit.update(state, { action: t % 2, cost: costOf(t % 2, context), context });
    }
    // Coefficients in T₀, T₁, T₂ of (c − 1) / 2, with c = 1 + 2x: 24 + 10x + 4x², less 1.
    const [first, second] = state.theta.map((row) => Array.from(row, (value) => value * state.scale));
    for (const [i, value] of [25, 10, 2].entries()) expect(first![i]).toBeCloseTo(value, 6);
    for (const [i, value] of [31, 0, 0].entries()) expect(second![i]).toBeCloseTo(value, 6);
    const p = bandit.probabilities(state, 3).toArray() as number[];
    expect(p[1]).toBeGreaterThan(p[0]!);
    expect(p[0]! + p[1]!).toBeCloseTo(1, 12);
    expect((bandit.probabilities(state, -1).toArray() as number[])[0]).toBeGreaterThan(0.5);
  });

  it("follows the best action through the contexts", () => {
    const contexts = uniform(key(6), [600]).toArray() as number[];
    const costOf = (i: number, c: number): number => 10 + 100 * (c - i / 9) ** 2;
    const { costs } = play(chebCB({ actions: 10, interval: [0, 1] }), 600, costOf, (t) => contexts[t]!);
    const fixed = mean(contexts.slice(-100).map((c) => costOf(5, c)));
    expect(mean(costs.slice(-100))).toBeLessThan(0.75 * fixed);
  });

  it("works with equal costs, no cost and one polynomial", () => {
    for (const cost of [0, 7]) {
      const { state } = play(chebCB({ actions: 3, degree: 1, interval: [0, 1] }), 8, () => cost);
      expect(Number.isFinite(state.scale)).toBe(true);
    }
  });
});

describe("boxQuadratic", () => {
  it("meets the conditions of optimality, and least squares where bounds do not bind", () => {
    const n = 5;
    for (let seed = 0; seed < 30; seed++) {
      const rows = seed % 3 === 0 ? 3 : 9;
      const f = normal(key(seed), [rows, n]);
      const y = normal(key(seed + 100), [rows]).mul(3);
      const gram = f.mT().matmul(f).data() as Float64Array;
      const h = f.mT().matmul(y).data() as Float64Array;
      const free = boxQuadratic(n, gram, h, new Float64Array(n).fill(1e6));
      const expected = lstsq(f, y).x.data();
      for (let i = 0; i < n; i++) expect(free[i]).toBeCloseTo(expected[i] as number, 6);
      const bounds = Float64Array.of(0.1, 0.3, 1, 0.2, 0.4);
      const x = boxQuadratic(n, gram, h, bounds);
      for (let i = 0; i < n; i++) {
        let slope = -h[i]!;
        for (let j = 0; j < n; j++) slope += gram[i * n + j]! * x[j]!;
        expect(Math.abs(x[i]!)).toBeLessThanOrEqual(bounds[i]! + 1e-15);
        if (Math.abs(x[i]!) < bounds[i]!) expect(Math.abs(slope)).toBeLessThan(1e-8);
        else expect(Math.sign(x[i]!) * slope).toBeLessThan(1e-8);
      }
    }
  });
});

describe("solveSequence", () => {
  const laplacian = poisson([5, 5]);
  const shifted = (c: number): SequenceSystem => ({
    a: laplacian.add(sparseEye(25).scale(c)),
    b: normal(foldIn(key(7), Math.round(1000 * c)), [25]),
    context: c,
  });
  const systems = Array.from({ length: 12 }, (_, t) => shifted(0.1 + 0.05 * t));
  const solved = (x: Tensor, { a, b }: SequenceSystem): number =>
    (a as typeof laplacian).matmul(x).sub(b).abs().max().item();

  it("solves every system with parameters of the grid, and may be taken up again", () => {
    const grid = [1, 1.3, 1.5];
    for (const solver of ["sor", "ssor-cg"] as const) {
      const bandit = tsallisInf({ actions: 3 });
      const found = solveSequence(key(0), systems, { bandit, grid, solver });
      expect(found.converged.every(Boolean)).toBe(true);
      found.solutions.forEach((x, t) => {
        expect(solved(x, systems[t]!)).toBeLessThan(1e-6);
      });
      expect(found.omegas.every((omega) => grid.includes(omega))).toBe(true);
      expect(found.state.rounds).toBe(12);
      expect(found.state.cost).toBe(found.iterations.reduce((sum, k) => sum + k, 0));
      const { state } = solveSequence(key(1), systems, { bandit, grid, solver, state: found.state });
      expect(state.rounds).toBe(24);
      expect(solveSequence(key(0), systems, { bandit, grid, solver }).omegas).toEqual(found.omegas);
    }
  });

  it("takes generators, one system, b = 0, and counts failures as the limit", () => {
    const bandit = chebCB({ actions: 20, interval: [0, 1] });
    function* one(): Generator<SequenceSystem> {
      yield { ...systems[0]!, b: zeros([25]) };
    }
    expect(solveSequence(key(0), one(), { bandit }).iterations).toEqual([0]);
    const failed = solveSequence(key(0), systems.slice(0, 1), { bandit, maxIterations: 2 });
    expect([failed.iterations, failed.converged]).toEqual([[2], [false]]);
  });

  it("refuses bad input", () => {
    const bandit = tsallisInf({ actions: 2 });
    const run = (options: object, of: readonly SequenceSystem[] = systems): (() => unknown) => {
      return () => solveSequence(key(0), of, { bandit, grid: [1, 1.5], ...options });
    };
    expect(run({ grid: [1] })).toThrow(/one parameter for each of 2 actions/);
    expect(run({ grid: [1, 2] })).toThrow(/parameter 1 must lie in \(0, 2\)/);
    expect(run({ solver: "jacobi" })).toThrow(/solver must be/);
    expect(run({ signal: AbortSignal.abort() })).toThrow(/stopped/);
    expect(run({ bandit: chebCB({ actions: 2, interval: [0, 0.2] }) })).toThrow(
      /context must lie in \[0, 0.2\]/,
    );
    expect(run({ bandit: binnedTsallis({ actions: 2, interval: [1, 2] }) })).toThrow(/context/);
    expect(() => tsallisInf({ actions: 0 })).toThrow(/actions/);
    expect(() => chebCB({ actions: 1, interval: [1, 1] })).toThrow(/interval/);
    expect(() => chebCB({ actions: 1, degree: 0, interval: [0, 1] })).toThrow(/degree/);
    expect(() => binnedTsallis({ actions: 1, bins: 0, interval: [0, 1] })).toThrow(/bins/);
    for (const cost of [Number.NaN, Number.POSITIVE_INFINITY, -1])
      expect(() => bandit.update(bandit.init(), { action: 0, cost })).toThrow(/cost/);
    expect(() => bandit.update(bandit.init(), { action: 2, cost: 1 })).toThrow(/action/);
    const contextual = chebCB({ actions: 1, interval: [0, 1] });
    expect(() => contextual.probabilities(contextual.init())).toThrow(/got undefined/);
  });
});
