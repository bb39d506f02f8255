import { concat, eye, ones, type Tensor, tensor } from "polyadic";
import {
  type DesignKind,
  fourierBasis,
  hermiteBasis,
  legendreBasis,
  type OrthonormalBasis,
  orthonormalize,
  sampleDesign,
  stableSample,
  weightedLstsq,
} from "polyadic/linalg";
import { foldIn, key, normal, uniform } from "polyadic/random";
import { gaussHermite, gaussLegendre } from "polyadic/special";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";

const gap = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

/** Σ w φ φᵀ */
const gram = (basis: OrthonormalBasis, x: Tensor, w: Tensor): Tensor => {
  const values = basis.evaluate(x);
  return values.transpose().matmul(values.mul(w.expandDims(1)));
};

/** The distribution function at a few places, from points, against that from a fine rule. Kolmogorov's distance. */
function distance(points: Tensor, nodes: Tensor, masses: Tensor): number {
  const sorted = Array.from(points.data()).sort((a, b) => a - b);
  const x = nodes.data();
  const w = masses.data();
  const total = masses.sum().item();
  let [sum, at, worst] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    while (at < sorted.length && sorted[at]! <= x[i]!) at++;
    sum += w[i]! / 2 / total;
    worst = Math.max(worst, Math.abs(at / sorted.length - sum));
    sum += w[i]! / 2 / total;
  }
  return worst;
}

describe("bases", () => {
  it("are orthonormal under their measures", () => {
    const { nodes, weights } = gaussLegendre(40);
    expect(gap(gram(legendreBasis(12), nodes, weights.div(2)), eye(12))).toBeLessThan(1e-13);
    const normalRule = gaussHermite(40, { kind: "normal" });
    const density = normalRule.weights.div(Math.sqrt(2 * Math.PI));
    expect(gap(gram(hermiteBasis(12), normalRule.nodes, density), eye(12))).toBeLessThan(1e-12);
    const turn = tensor(Array.from({ length: 64 }, (_, i) => i / 64));
    expect(gap(gram(fourierBasis(9), turn, ones([64]).div(64)), eye(9))).toBeLessThan(1e-13);
    const line = nodes.toArray() as number[];
    const grid = tensor(line.flatMap((a) => line.map((b) => [a, b])));
    const both = weights.expandDims(1).mul(weights).reshape([1600]).div(4);
    const plane = legendreBasis(10, 2);
    expect(gap(gram(plane, grid, both), eye(10))).toBeLessThan(1e-13);
    // Ten functions of two variables are the polynomials of degree 3 or less: x y² is one, x⁴ is not.
    const seen = (f: Tensor): number =>
      plane.evaluate(grid).transpose().matmul(f.mul(both)).square().sum().item();
    const [x, y] = [grid.at(":", 0), grid.at(":", 1)];
    const inside = x.mul(y.square());
    expect(seen(inside)).toBeCloseTo(inside.square().mul(both).sum().item(), 12);
    expect(seen(x.pow(4))).toBeLessThan(0.99 * x.pow(4).square().mul(both).sum().item());
  });

  it("draw from the squares of their functions", () => {
    const count = 4000;
    // Kolmogorov's 0.999 quantile.
    const limit = 1.95 / Math.sqrt(count);
    const line = gaussLegendre(300);
    const legendre = legendreBasis(8);
    for (const j of [0, 1, 7]) {
      const square = legendre.evaluate(line.nodes).at(":", j).square().mul(line.weights);
      expect(distance(legendre.sampleSquare!(key(j), j, count), line.nodes, square)).toBeLessThan(
        limit + 0.005,
      );
    }
    const wide = line.nodes.mul(12);
    const bell = wide.square().div(-2).exp().mul(line.weights);
    const hermite = hermiteBasis(12);
    for (const j of [0, 1, 11]) {
      const square = hermite.evaluate(wide).at(":", j).square().mul(bell);
      expect(distance(hermite.sampleSquare!(key(j), j, count), wide, square)).toBeLessThan(limit + 0.005);
    }
    // Rejection from too low an envelope would thin the middle: E x² = 1/3, of which 0.002 are three standard errors.
    const many = legendre.sampleSquare!(key(3), 0, 200_000);
    expect(Math.abs(many.square().mean().item() - 1 / 3)).toBeLessThan(0.002);
    const plane = legendreBasis(6, 2).sampleSquare!(key(1), 4, count);
    expect(plane.shape).toEqual([count, 2]);
  });

  it("come from any features on a finite set, with repeated points and weights", () => {
    const points = tensor([0, 1, 2, 3, 3, 5]);
    const weights = tensor([1, 2, 0, 1, 1, 3]);
    const features = (x: Tensor): Tensor =>
      concat(
        [x.mul(0).add(2), x, x.square()].map((f) => f.expandDims(1)),
        1,
      );
    for (const basis of [
      orthonormalize(features, points, weights),
      orthonormalize(features(points), points, weights),
    ]) {
      expect(basis.dimension).toBe(3);
      expect(gap(gram(basis, points, weights.div(8)), eye(3))).toBeLessThan(1e-12);
      const drawn = basis.sampleMeasure(key(0), 400).toArray() as number[];
      expect(new Set(drawn)).toEqual(new Set([0, 1, 3, 5]));
      const { x, weights: w } = sampleDesign(key(3), basis, 5);
      const fit = weightedLstsq(basis, { x, weights: w, values: x.square().mul(2).sub(1) });
      expect(
        gap(basis.evaluate(points).matmul(fit.coefficients), points.square().mul(2).sub(1)),
      ).toBeLessThan(1e-10);
      // A design of three points never holds one point twice: it would be singular.
      for (let i = 0; i < 20; i++) {
        const three = sampleDesign(foldIn(key(4), i), basis, 3, { kind: "dpp" }).x.toArray() as number[];
        expect(new Set(three).size).toBe(3);
      }
    }
    const rows = tensor([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const plane = orthonormalize(concat([ones([4, 1]), rows], 1), rows);
    expect(gap(plane.evaluate(rows.at([2, 0])), plane.evaluate(rows).at([2, 0]))).toBe(0);
    expect(() => plane.evaluate(tensor([[2, 2]]))).toThrow(/\(2 2\) is none of the 4 candidate points/);
    expect(() => plane.evaluate(tensor([2]))).toThrow(/points as the candidates/);
  });
});

const KINDS: readonly [DesignKind, number][] = [
  ["christoffel", 10],
  ["dpp", 5],
  ["volume", 10],
  ["repeated-dpp", 10],
  ["repeated-volume", 12],
];

describe("sampleDesign", () => {
  it.each(KINDS)("%s: points of density k/m, weights m/k", (kind, n) => {
    const basis = legendreBasis(5);
    const samples = Array.from({ length: 300 }, (_, i) =>
      sampleDesign(foldIn(key(1), i), basis, n, { kind }),
    );
    const { x, weights } = samples[0]!;
    expect([x.shape, weights.shape]).toEqual([[n], [n]]);
    expect(gap(weights, basis.evaluate(x).square().sum({ axis: 1 }).pow(-1).mul(5))).toBeLessThan(1e-14);
    const { nodes, weights: line } = gaussLegendre(200);
    const density = basis.evaluate(nodes).square().sum({ axis: 1 }).mul(line);
    const all = concat(samples.map((sample) => sample.x));
    expect(distance(all, nodes, density)).toBeLessThan(1.95 / Math.sqrt(300 * n) + 0.01);
    // 1/n Σ w g estimates ∫ g dμ.
    const mean = samples.reduce((sum, s) => sum + s.x.square().mul(s.weights).mean().item() / 300, 0);
    expect(Math.abs(mean - 1 / 3)).toBeLessThan(0.03);
  });

  it("two points of a dpp repel each other as the determinant says", () => {
    // Of the functions 1 and √3 x the density is (k(x) k(y) − k(x, y)²)/2 = 3 (x − y)²/2.
    const basis = legendreBasis(2);
    const gaps = Array.from({ length: 2000 }, (_, i) => {
      const [a, b] = sampleDesign(foldIn(key(2), i), basis, 2, { kind: "dpp" }).x.toArray() as number[];
      return (a! - b!) ** 2;
    });
    const mean = gaps.reduce((sum, v) => sum + v, 0) / gaps.length;
    // ∫∫ 3/2 (x − y)⁴ dx/2 dy/2 = 3/2 · (2/5 + 2/3) = 8/5; independent points of density k/m would give 2 · 7/15.
    const spread = Math.sqrt(gaps.reduce((sum, v) => sum + (v - mean) ** 2, 0)) / gaps.length;
    expect(Math.abs(mean - 8 / 5)).toBeLessThan(4 * spread);
  });

  it("works in several variables, by rejection, and for one function", () => {
    const plane = sampleDesign(key(0), legendreBasis(6, 2), 12);
    expect(plane.x.shape).toEqual([12, 2]);
    const turn = sampleDesign(key(0), fourierBasis(5), 10, { kind: "repeated-dpp" });
    expect(turn.x.greaterEqual(0).all().item()).toBe(1);
    expect(gap(turn.weights, ones([10]))).toBeLessThan(1e-13);
    const constant = sampleDesign(key(0), legendreBasis(1), 3);
    expect(gap(constant.weights, ones([3]))).toBe(0);
    expect(sampleDesign(key(0), hermiteBasis(20), 20, { kind: "dpp" }).x.abs().max().item()).toBeLessThan(12);
    const once = sampleDesign(key(5), hermiteBasis(4), 8).x;
    expect(gap(once, sampleDesign(key(5), hermiteBasis(4), 8).x)).toBe(0);
  });

  const legendre = legendreBasis(3);
  const bare = { dimension: 3, evaluate: legendre.evaluate, sampleMeasure: legendre.sampleMeasure };
  it.each<[string, () => unknown, RegExp]>([
    ["kind", () => sampleDesign(key(0), legendre, 3, { kind: "grid" as DesignKind }), /kind must be one of/],
    ["n", () => sampleDesign(key(0), legendre, 0), /n must be an integer >= 1/],
    ["few", () => sampleDesign(key(0), legendre, 2), /at least the dimension 3 for volume, got 2/],
    ["dpp", () => sampleDesign(key(0), legendre, 4, { kind: "dpp" }), /a dpp has n = 3 points, got n = 4/],
    [
      "multiple",
      () => sampleDesign(key(0), legendre, 7, { kind: "repeated-dpp" }),
      /n must be repeats times 3/,
    ],
    [
      "repeats",
      () => sampleDesign(key(0), legendre, 6, { kind: "repeated-dpp", repeats: 3 }),
      /got n = 6 and repeats = 3/,
    ],
    [
      "no repeats",
      () => sampleDesign(key(0), legendre, 6, { repeats: 0 }),
      /repeats must be an integer >= 1/,
    ],
    [
      "parts",
      () => sampleDesign(key(0), legendre, 7, { kind: "repeated-volume" }),
      /repeats times at least 3/,
    ],
    ["no way", () => sampleDesign(key(0), bare, 3), /needs sampleSquare, or squareBound/],
    ["bound", () => sampleDesign(key(0), { ...bare, squareBound: 0.5 }, 3), /squareBound must be at least/],
    [
      "never accepted",
      () =>
        sampleDesign(key(0), { ...bare, evaluate: (x) => legendre.evaluate(x).mul(1e-9), squareBound: 5 }, 3),
      /rejection accepted 0 of \d+ points \(rate 0.0e\+0\)/,
    ],
    [
      "NaN",
      () => sampleDesign(key(0), { ...legendre, evaluate: (x) => legendre.evaluate(x).mul(Number.NaN) }, 3),
      /the basis gives NaN/,
    ],
    [
      "a basis of other size",
      () => sampleDesign(key(0), { ...legendre, dimension: 2 }, 3),
      /must give \[16, 2\] for 16 points, got shape \[16, 3\]/,
    ],
    ["m", () => legendreBasis(0), /m must be an integer >= 1/],
    ["dims", () => legendreBasis(2, 0), /dims must be/],
    ["points", () => hermiteBasis(2).evaluate(ones([2, 2])), /points \[n\] were expected/],
    ["plane", () => legendreBasis(2, 2).evaluate(ones([2])), /points \[n, 2\] were expected/],
    [
      "dependent",
      () => orthonormalize(ones([4, 2]), ones([4])),
      /2 independent features were expected, got 1/,
    ],
    ["weights", () => orthonormalize(ones([2, 1]), ones([2]), tensor([1, -1])), /weights must be finite/],
    ["weights' length", () => orthonormalize(ones([2, 1]), ones([2]), ones([3])), /weights must be \[2\]/],
    ["features", () => orthonormalize(ones([3, 1]), ones([2])), /features must be \[2, m\]/],
    ["NaN features", () => orthonormalize(ones([2, 1]).mul(Number.NaN), ones([2])), /features holds NaN/],
    ["ambiguous", () => orthonormalize(tensor([[1], [2]]), ones([2])), /twice with different features/],
  ])("throws for bad input: %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("weightedLstsq", () => {
  it("finds what is in the span, by n = m points too, and tells its Gram matrix", () => {
    const basis = legendreBasis(6);
    const exact = tensor([1, -2, 0.5, 3, 0, 1]);
    for (const n of [6, 15]) {
      const { x, weights } = sampleDesign(key(n), basis, n);
      const values = basis.evaluate(x).matmul(exact);
      const fit = weightedLstsq(basis, { x, weights, values });
      expect(gap(fit.coefficients, exact)).toBeLessThan(1e-10);
      expect(gap(fit.gram, gram(basis, x, weights.div(n)))).toBeLessThan(1e-12);
      const several = weightedLstsq(basis, { x, weights, values: values.expandDims(1).mul(tensor([1, 2])) });
      expect(gap(several.coefficients.at(":", 1), exact.mul(2))).toBeLessThan(1e-10);
    }
  });
  it("is differentiable in the values", () => {
    const basis = legendreBasis(3);
    const { x, weights } = sampleDesign(key(0), basis, 6);
    const f = (values: Tensor): Tensor =>
      weightedLstsq(basis, { x, weights, values }).coefficients.square().sum();
    const values = normal(key(1), [6]);
    const slope = grad(f)(values);
    const step = normal(key(2), [6]);
    const h = 1e-6;
    const ratio =
      f(values.add(step.mul(h)))
        .sub(f(values.sub(step.mul(h))))
        .item() /
      (2 * h);
    expect(slope.mul(step).sum().item()).toBeCloseTo(ratio, 6);
  });
  it("volume samples give the best approximation on average", () => {
    const basis = legendreBasis(4);
    const { nodes, weights: line } = gaussLegendre(60);
    const best = basis.evaluate(nodes).transpose().matmul(nodes.exp().mul(line).div(2));
    const count = 400;
    const fits = Array.from({ length: count }, (_, i) => {
      const { x, weights } = sampleDesign(foldIn(key(8), i), basis, 6);
      return weightedLstsq(basis, { x, weights, values: x.exp() }).coefficients;
    });
    const mean = fits.reduce((sum, c) => sum.add(c)).div(count);
    const error = fits
      .reduce((sum, c) => sum.add(c.sub(mean).square()), best.mul(0))
      .div(count * (count - 1))
      .sqrt();
    expect(mean.sub(best).abs().lessEqual(error.mul(4)).all().item()).toBe(1);
  });
  it("throws for bad input", () => {
    const basis = legendreBasis(3);
    const attempt = (x: Tensor, weights: Tensor, values: Tensor): unknown =>
      weightedLstsq(basis, { x, weights, values });
    expect(() => attempt(ones([2]), ones([2]), ones([2]))).toThrow(/at least 3 points were expected/);
    expect(() => attempt(ones([4]), ones([3]), ones([4]))).toThrow(/weights must be \[4\]/);
    expect(() => attempt(ones([4]), ones([4]).neg(), ones([4]))).toThrow(/weights must be finite and >= 0/);
    expect(() => attempt(ones([4]), ones([4]), ones([3]))).toThrow(/values must be \[4\] or \[4, k\]/);
    expect(() => attempt(ones([4]).mul(Number.NaN), ones([4]), ones([4]))).toThrow(/the basis gives NaN/);
    expect(() => attempt(uniform(key(0), [4]), ones([4]), ones([4]).mul(Number.NaN))).toThrow(/not finite/);
  });
});

describe("stableSample", () => {
  it("draws until the smallest eigenvalue is large enough", () => {
    const basis = legendreBasis(6);
    const sample = stableSample(key(0), basis, 12, { kind: "christoffel" });
    expect(sample.lambdaMin).toBeGreaterThanOrEqual(0.5);
    expect(sample.draws).toBeGreaterThan(1);
    const fit = weightedLstsq(basis, { ...sample, values: sample.x });
    expect(fit.lambdaMin).toBeCloseTo(sample.lambdaMin, 12);
  });
  it("gives up with a number, and refuses what makes no sense", () => {
    const basis = legendreBasis(6);
    expect(() => stableSample(key(0), basis, 6, { kind: "dpp", delta: 0.01, maxDraws: 3 })).toThrow(
      /none of 3 samples was stable: the smallest eigenvalue of the best is 0\.\d+, 0.99 was expected/,
    );
    expect(() => stableSample(key(0), basis, 12, { delta: 1 })).toThrow(/delta must lie in \(0, 1\)/);
    expect(() => stableSample(key(0), basis, 12, { maxDraws: 0 })).toThrow(/maxDraws/);
    expect(() => stableSample(key(0), basis, 5, { kind: "christoffel" })).toThrow(/at least the dimension 6/);
    expect(() => stableSample(key(0), basis, 12, { signal: AbortSignal.abort() })).toThrow(/stopped/);
  });
});
