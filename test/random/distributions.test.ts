// Distributions against their distribution functions, at fixed keys.
import { DomainError, DTypeError, ShapeError, type Tensor, tensor } from "polyadic";
import { cholesky } from "polyadic/linalg";
import {
  ball,
  bernoulli,
  beta,
  binomial,
  categorical,
  choice,
  dirichlet,
  exponential,
  foldIn,
  gamma,
  gumbel,
  key,
  loggamma,
  multivariateNormal,
  normal,
  poisson,
  shuffle,
  sphere,
  truncatedNormal,
  uniform,
} from "polyadic/random";
import { betainc, gammainc, gammaln, ndtr } from "polyadic/special";
import { describe, expect, test } from "vitest";
import { chiSquare, kolmogorovSmirnov, moments } from "./statistics.ts";

const N = 20_000;
const shape = [N];
const fits = (values: Tensor, cdf: (x: Tensor) => Tensor): number =>
  kolmogorovSmirnov(values.toTypedArray(), (sorted) => cdf(tensor([...sorted])).toTypedArray());

describe("continuous distributions pass Kolmogorov and Smirnov's test", () => {
  test.each<[string, Tensor, (x: Tensor) => Tensor]>([
    ["uniform", uniform(key(1), shape, { low: -1, high: 3 }), (x) => x.add(1).div(4)],
    ["normal", normal(key(2), shape), ndtr],
    ["exponential", exponential(key(3), shape, { rate: 2.5 }), (x) => x.mul(-2.5).exp().neg().add(1)],
    ["gumbel", gumbel(key(4), shape), (x) => x.neg().exp().neg().exp()],
    ...[0.05, 0.5, 1, 3.7, 200].map((a): [string, Tensor, (x: Tensor) => Tensor] => [
      `gamma ${a}`,
      gamma(foldIn(key(5), Math.round(100 * a)), a, { shape }),
      (x) => gammainc(a, x),
    ]),
    ...[
      [0.3, 0.4],
      [2, 5],
      [80, 3],
    ].map(([a, b]): [string, Tensor, (x: Tensor) => Tensor] => [
      `beta ${a} ${b}`,
      beta(foldIn(key(6), a! * 10), a!, b!, { shape }),
      (x) => betainc(a!, b!, x),
    ]),
    ...[
      [-1, 0.5],
      [2, 9],
      [Number.NEGATIVE_INFINITY, -3],
      [-0.2, Number.POSITIVE_INFINITY],
    ].map(([a, b]): [string, Tensor, (x: Tensor) => Tensor] => [
      `truncated normal ${a} ${b}`,
      truncatedNormal(foldIn(key(7), a! > 0 ? 1 : 2), a!, b!, { shape }),
      // From the lower tail, where the distribution function has its digits.
      a! > 0
        ? (x) =>
            ndtr(-a!)
              .sub(ndtr(x.neg()))
              .div(ndtr(-a!).sub(ndtr(-b!)))
        : (x) =>
            ndtr(x)
              .sub(ndtr(a!))
              .div(ndtr(b!).sub(ndtr(a!))),
    ]),
  ])("%s", (_name, values, cdf) => {
    expect(fits(values, cdf)).toBeGreaterThan(0.001);
  });
  test("and fail it for another distribution", () => {
    expect(fits(gamma(key(5), 3.7, { shape }), (x) => gammainc(3.8, x))).toBeLessThan(0.001);
  });
});

const logFactorial = (k: number): number => gammaln(k + 1).item();
const poissonProbabilities = (rate: number): number[] =>
  Array.from({ length: Math.ceil(rate + 12 * Math.sqrt(rate) + 12) }, (_, k) =>
    Math.exp(k * Math.log(rate) - rate - logFactorial(k)),
  );
const binomialProbabilities = (n: number, p: number): number[] =>
  Array.from({ length: n + 1 }, (_, k) =>
    Math.exp(
      logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p),
    ),
  );

describe("discrete distributions pass the chi-square test", () => {
  test.each([0.3, 4, 9.99, 10, 37.5, 400])("poisson %d", (rate) => {
    const values = poisson(foldIn(key(11), Math.round(rate)), rate, { shape }).toTypedArray();
    expect(chiSquare(values, poissonProbabilities(rate))).toBeGreaterThan(0.001);
  });
  test.each([
    [5, 0.5],
    [40, 0.1],
    [1000, 0.002],
    [40, 0.25],
    [100, 0.8],
    [700, 0.45],
  ])("binomial %d %d", (n, p) => {
    const values = binomial(foldIn(key(12), n), n, p, { shape }).toTypedArray();
    expect(chiSquare(values, binomialProbabilities(n, p))).toBeGreaterThan(0.001);
  });
  test("and fail it for another distribution", () => {
    expect(
      chiSquare(poisson(key(11), 37.5, { shape }).toTypedArray(), poissonProbabilities(38.3)),
    ).toBeLessThan(0.001);
  });
  test("large means have their moments", () => {
    const { mean, variance } = moments(poisson(key(13), 1e8, { shape }).toTypedArray());
    expect(Math.abs(mean - 1e8)).toBeLessThan((4 * 1e4) / Math.sqrt(N));
    expect(Math.abs(variance / 1e8 - 1)).toBeLessThan(0.05);
    const other = moments(binomial(key(13), 1e9, 0.3, { shape }).toTypedArray());
    expect(Math.abs(other.mean - 3e8)).toBeLessThan(4 * Math.sqrt(2.1e8 / N));
    expect(Math.abs(other.variance / 2.1e8 - 1)).toBeLessThan(0.05);
  });
  test("edges are sure", () => {
    expect(poisson(key(1), 0, { shape: [3] }).toArray()).toEqual([0, 0, 0]);
    expect(binomial(key(1), tensor([7, 7, 0]), tensor([0, 1, 0.5])).toArray()).toEqual([0, 7, 0]);
    expect(bernoulli(key(1), tensor([0, 1])).toArray()).toEqual([false, true]);
    const share = bernoulli(key(2), 0.3, { shape }).astype("float64").mean().item();
    expect(Math.abs(share - 0.3)).toBeLessThan(0.015);
  });
});

describe("categorical", () => {
  const p = [0.1, 0.2, 0, 0.7];
  const logits = tensor(p).log();
  test("draws with the probabilities of the logits", () => {
    expect(chiSquare(categorical(key(21), logits, { shape }).toTypedArray(), p)).toBeGreaterThan(0.001);
    const rows = categorical(key(22), logits.broadcastTo([2, 4]), { shape: [N] });
    expect(rows.shape).toEqual([N, 2]);
    for (const row of [0, 1]) expect(chiSquare(rows.at(":", row).toTypedArray(), p)).toBeGreaterThan(0.001);
    const weighted = choice(key(23), 4, N, { replace: true, probabilities: tensor([1, 2, 0, 7]) });
    expect(chiSquare(weighted.toTypedArray(), p)).toBeGreaterThan(0.001);
    const even = choice(key(24), 5, N, { replace: true });
    expect(chiSquare(even.toTypedArray(), [0.2, 0.2, 0.2, 0.2, 0.2])).toBeGreaterThan(0.001);
  });
  test("without replacement draws one after the other from what is left", () => {
    const pairs = new Int32Array(4000).map((_, i) => {
      const drawn = categorical(foldIn(key(25), i), logits, { shape: [2], replace: false });
      expect(drawn.shape).toEqual([2]);
      return 4 * drawn.item(0) + drawn.item(1);
    });
    const expected = Array.from({ length: 16 }, (_, code) => {
      const [first, second] = [Math.floor(code / 4), code % 4];
      return first === second ? 0 : (p[first]! * p[second]!) / (1 - p[first]!);
    });
    expect(chiSquare(pairs, expected)).toBeGreaterThan(0.001);
    expect(() => categorical(key(1), logits, { shape: [4], replace: false })).toThrow(/at least 4 above -∞/);
  });
});

describe("vectors", () => {
  test("normal ones have their mean and covariance", () => {
    const covariance = tensor([
      [2, 0.6, -0.3],
      [0.6, 1, 0.2],
      [-0.3, 0.2, 0.5],
    ]);
    const mean = tensor([1, -2, 3]);
    const x = multivariateNormal(key(31), mean, cholesky(covariance), { shape });
    const centered = x.sub(mean);
    const sample = centered.mT().matmul(centered).div(N);
    expect(sample.sub(covariance).abs().max().item()).toBeLessThan(0.08);
    expect(x.mean({ axis: 0 }).sub(mean).abs().max().item()).toBeLessThan(0.05);
  });
  test("Dirichlet ones lie in the simplex and have beta margins, also for tiny parameters", () => {
    const x = dirichlet(key(32), tensor([0.5, 2, 3.5]), { shape });
    expect(x.shape).toEqual([N, 3]);
    expect(x.sum({ axis: -1 }).sub(1).abs().max().item()).toBeLessThan(1e-14);
    expect(fits(x.at(":", 1), (t) => betainc(2, 4, t))).toBeGreaterThan(0.001);
    const tiny = dirichlet(key(33), tensor([1e-3, 1e-3]), { shape: [1000] });
    expect(Math.abs(tiny.at(":", 0).mean().item() - 0.5)).toBeLessThan(0.08);
  });
  test("of the sphere and the ball are evenly spread", () => {
    const x = sphere(key(34), [N, 3]);
    expect(x.square().sum({ axis: -1 }).sub(1).abs().max().item()).toBeLessThan(1e-14);
    // Archimedes: coordinates of the sphere in space are uniform.
    expect(fits(x.at(":", 0), (t) => t.add(1).div(2))).toBeGreaterThan(0.001);
    const inner = ball(key(35), [N, 4]);
    expect(fits(inner.square().sum({ axis: -1 }), (t) => t.square())).toBeGreaterThan(0.001);
  });
});

test("shapes broadcast, dtypes are kept", () => {
  const alpha = tensor([[1], [2]]);
  expect(gamma(key(1), alpha).shape).toEqual([2, 1]);
  expect(gamma(key(1), alpha, { shape: [3, 2, 5] }).shape).toEqual([3, 2, 5]);
  expect(beta(key(1), alpha, tensor([1, 2, 3])).shape).toEqual([2, 3]);
  expect(loggamma(key(1), 2, { shape: [2], dtype: "float32" }).dtype).toBe("float32");
  expect(truncatedNormal(key(1), -1, tensor([1, 2])).shape).toEqual([2]);
  const mixed = shuffle(key(3), tensor([[1, 2, 3, 4, 5, 6]]), 1).toTypedArray();
  expect([...mixed]).not.toEqual([1, 2, 3, 4, 5, 6]);
  expect([...mixed].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each<[string, () => unknown, new () => Error, RegExp]>([
  ["gamma", () => gamma(key(0), -1), DomainError, /gamma: alpha: a finite number > 0 was expected, got -1/],
  ["gamma NaN", () => gamma(key(0), tensor([1, Number.NaN])), DomainError, /got NaN/],
  ["gamma shape", () => gamma(key(0), tensor([1, 2]), { shape: [3] }), ShapeError, /broadcast/],
  ["gamma dtype", () => gamma(key(0), 1, { dtype: "int32" }), DTypeError, /float64 or float32/],
  ["beta", () => beta(key(0), 1, 0), DomainError, /beta: b/],
  ["dirichlet", () => dirichlet(key(0), tensor(1)), ShapeError, /last axis/],
  ["poisson", () => poisson(key(0), -1), DomainError, /poisson: rate/],
  ["binomial n", () => binomial(key(0), 2.5, 0.5), DomainError, /binomial: n: an integer/],
  ["binomial p", () => binomial(key(0), 2, 1.5), DomainError, /binomial: p/],
  ["exponential", () => exponential(key(0), [2], { rate: 0 }), DomainError, /rate/],
  ["truncated", () => truncatedNormal(key(0), 2, 2), DomainError, /low < high/],
  ["categorical", () => categorical(key(0), tensor([0, Number.NaN])), DomainError, /logits/],
  ["categorical empty", () => categorical(key(0), tensor([])), ShapeError, /at least 1/],
  ["choice", () => choice(key(0), 2, 1, { probabilities: tensor([1, -1]) }), DomainError, /probabilities/],
  ["choice size", () => choice(key(0), 2, 1, { probabilities: tensor([1]) }), ShapeError, /shape \[2\]/],
  ["sphere", () => sphere(key(0), []), ShapeError, /last axis/],
  [
    "multivariate",
    () => multivariateNormal(key(0), tensor([0, 0]), tensor([[1]])),
    ShapeError,
    /factor \[…, d, d\]/,
  ],
])("refuses bad input: %s", (_name, call, error, message) => {
  expect(call).toThrow(error);
  expect(call).toThrow(message);
});
