import {
  kalmanFilter,
  lineMoments,
  type MaternKernel,
  maternSde,
  predictLine,
  rtsSmoother,
} from "polyadic/decompose";
import { expm, solve } from "polyadic/linalg";
import { key, normal, uniform } from "polyadic/random";
import { DomainError, eye, fromTypedArray, ShapeError, type Tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const KERNELS: readonly MaternKernel[] = ["matern12", "matern32", "matern52"];
const LENGTHSCALE = 0.3;
const VARIANCE = 1.7;

function covariance(kernel: MaternKernel, distance: number): number {
  const order = KERNELS.indexOf(kernel) + 1;
  const t = (Math.sqrt(2 * order - 1) * Math.abs(distance)) / LENGTHSCALE;
  return VARIANCE * [1, 1 + t, 1 + t + (t * t) / 3][order - 1]! * Math.exp(-t);
}

/** Points with a repeated one and two very near ones, all observed but the third. */
const points = Float64Array.of(0, 0.05, 0.3, 0.3, 0.300001, 0.7, 1.4, 5);
const noise = 0.04;
const observed = Array.from(points.keys()).filter((i) => i !== 2);
const values = normal(key(3), [points.length]).data();

/** Mean and covariance at `at` given the observed points, by the dense equations. */
function dense(kernel: MaternKernel, at: readonly number[]): { mean: Tensor; covariance: Tensor } {
  const gram = (a: readonly number[], b: readonly number[]): Tensor =>
    fromTypedArray(
      Float64Array.from(a.flatMap((x) => b.map((y) => covariance(kernel, x - y)))),
      [a.length, b.length],
      "float64",
    );
  const seen = observed.map((i) => points[i]!);
  const y = fromTypedArray(
    Float64Array.from(observed, (i) => values[i]!),
    [seen.length],
    "float64",
  );
  const inner = gram(seen, seen).add(eye(seen.length).mul(noise));
  const cross = gram(at, seen);
  return {
    mean: cross.matmul(solve(inner, y)),
    covariance: gram(at, at).sub(cross.matmul(solve(inner, cross.mT()))),
  };
}

describe.each(KERNELS)("%s", (kernel) => {
  const sde = maternSde(kernel, { lengthscale: LENGTHSCALE, variance: VARIANCE });
  const precision = Float64Array.from(points, (_, i) => (i === 2 ? 0 : 1 / noise));
  const information = Float64Array.from(points, (_, i) => (i === 2 ? 0 : values[i]! / noise));
  const line = rtsSmoother(kalmanFilter(sde, { components: 1, points, precision, information }));

  it("the transition is the exponential of the drift, and the noise what stationarity leaves", () => {
    const p = sde.order;
    const matrix = (data: Float64Array): Tensor => fromTypedArray(Float64Array.from(data), [p, p], "float64");
    for (const gap of [0, 1e-6, 0.01, 0.1, 0.5, 3]) {
      const { transition, noise: q } = sde.step(gap);
      const expected = expm(matrix(sde.drift).mul(gap)).data();
      const stationary = matrix(sde.stationary);
      const a = matrix(transition);
      const left = stationary.sub(a.matmul(stationary).matmul(a.mT())).data();
      for (let i = 0; i < p * p; i++) {
        expect(Math.abs(transition[i]! - expected[i]!)).toBeLessThan(1e-9 * (1 + Math.abs(expected[i]!)));
        expect(Math.abs(q[i]! - left[i]!)).toBeLessThan(1e-9 * Math.max(...sde.stationary));
      }
    }
  });

  it("agrees with the dense Gaussian process at its points, between and beyond them", () => {
    const at = [-2, -0.1, 0.02, 0.3, 0.3000005, 0.69, 1, 4.9, 5, 6];
    const expected = dense(kernel, at);
    const found = predictLine(line, at);
    const variances = expected.covariance.data();
    at.forEach((_, i) => {
      expect(found.mean[i]).toBeCloseTo(expected.mean.data()[i]!, 8);
      expect(found.covariance[i]).toBeCloseTo(variances[i * at.length + i]!, 8);
    });
    const own = lineMoments(line);
    const there = dense(kernel, [...points]);
    points.forEach((_, i) => {
      expect(own.mean[i]).toBeCloseTo(there.mean.data()[i]!, 8);
    });
  });
});

it("components that are seen only together are told apart as the dense equations do", () => {
  // Two processes; at each point one noisy sum with its own coefficients is seen.
  const n = 12;
  const at = Float64Array.from(uniform(key(1), [n]).data()).sort();
  const coefficients = normal(key(2), [n, 2]).data();
  const y = normal(key(4), [n]).data();
  const precision = new Float64Array(n * 4);
  const information = new Float64Array(n * 2);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < 2; c++) {
      information[2 * i + c] = (coefficients[2 * i + c]! * y[i]!) / noise;
      for (let d = 0; d < 2; d++)
        precision[4 * i + 2 * c + d] = (coefficients[2 * i + c]! * coefficients[2 * i + d]!) / noise;
    }
  const sde = maternSde("matern32", { lengthscale: LENGTHSCALE, variance: VARIANCE });
  const line = rtsSmoother(kalmanFilter(sde, { components: 2, points: at, precision, information }));
  const inner = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      inner[i * n + j] =
        (coefficients[2 * i]! * coefficients[2 * j]! + coefficients[2 * i + 1]! * coefficients[2 * j + 1]!) *
          covariance("matern32", at[i]! - at[j]!) +
        (i === j ? noise : 0);
  const weights = solve(
    fromTypedArray(inner, [n, n], "float64"),
    fromTypedArray(Float64Array.from(y), [n], "float64"),
  ).data();
  const x = 0.4321;
  const found = predictLine(line, [x]);
  for (let c = 0; c < 2; c++) {
    let expected = 0;
    for (let i = 0; i < n; i++)
      expected += coefficients[2 * i + c]! * covariance("matern32", x - at[i]!) * weights[i]!;
    expect(found.mean[c]).toBeCloseTo(expected, 8);
  }
  expect(found.covariance[1]).toBeCloseTo(found.covariance[2]!, 12);
});

it("refuses what does not fit", () => {
  const sde = maternSde("matern12");
  const zeros = new Float64Array(2);
  const points = Float64Array.of(1, 0);
  expect(() => kalmanFilter(sde, { components: 1, points, precision: zeros, information: zeros })).toThrow(
    ShapeError,
  );
  expect(() =>
    kalmanFilter(sde, { components: 2, points: Float64Array.of(0), precision: zeros, information: zeros }),
  ).toThrow(/1 points of 2 components need 4/);
  expect(() => maternSde("matern72" as MaternKernel)).toThrow(DomainError);
  expect(() => maternSde("matern12", { lengthscale: 0 })).toThrow(/lengthscale/);
  expect(() => maternSde("matern12", { variance: -1 })).toThrow(/variance/);
});
