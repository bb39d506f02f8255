// Matérn Gaussian processes on a line as linear stochastic differential equations, so that regression on n points costs
// O(n) instead of O(n³). Source: Hartikainen and Särkkä, "Kalman filtering and smoothing solutions to temporal Gaussian
// process regression models" (2010).

import { gaussLegendre, type QuadratureRule } from "../../special/polynomials/quadrature.ts";
import { checkPositive } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";

export type MaternKernel = "matern12" | "matern32" | "matern52";

export interface MaternOptions {
  /** 1 unless told. */
  readonly lengthscale?: number;
  /** Of the process at a point, 1 unless told. */
  readonly variance?: number;
}

/**
 * The process f as the first component of a state x = (f, f', …) with dx = F x dt + L dβ. Matrices are row-major
 * `[order, order]`.
 */
export interface MaternSde {
  readonly kernel: MaternKernel;
  readonly lengthscale: number;
  readonly variance: number;
  /** Length of the state: 1, 2 or 3. */
  readonly order: number;
  /** F. */
  readonly drift: Float64Array;
  /** Covariance of the state where nothing is known. */
  readonly stationary: Float64Array;
  /** A = exp(F gap) and the covariance Q of what is added on the way, for a gap of at least 0. */
  step(gap: number): SdeStep;
}

export interface SdeStep {
  readonly transition: Float64Array;
  readonly noise: Float64Array;
}

const ORDERS: Readonly<Record<MaternKernel, number>> = { matern12: 1, matern32: 2, matern52: 3 };

/** Below this many inverse decay rates Q is integrated: P∞ − A P∞ Aᵀ would cancel. */
const SHORT = 1;
/** Exact to rounding for the integrand, a polynomial of degree 4 times exp(-2 λ s) on a short interval. */
const NODES = 12;
let rule: QuadratureRule | undefined;

/**
 * The stochastic differential equation of a Matérn process with smoothness 1/2, 3/2 or 5/2. Throws DomainError for an
 * unknown kernel, or a lengthscale or variance that is not positive.
 */
export function maternSde(kernel: MaternKernel, options: MaternOptions = {}): MaternSde {
  const { lengthscale = 1, variance = 1 } = options;
  const order = ORDERS[kernel];
  if (order === undefined)
    throw new DomainError(
      `maternSde: kernel: "matern12", "matern32" or "matern52" was expected, got ${String(kernel)}`,
    );
  checkPositive("maternSde: lengthscale", lengthscale);
  checkPositive("maternSde: variance", variance);
  const rate = Math.sqrt(2 * order - 1) / lengthscale;
  const stationary = stationaryCovariance(order, rate, variance);
  const transitionAt = (gap: number): Float64Array => transition(order, rate, gap);
  return {
    kernel,
    lengthscale,
    variance,
    order,
    drift: companion(order, rate),
    stationary,
    step: (gap) => {
      const a = transitionAt(gap);
      if (rate * gap >= SHORT) return { transition: a, noise: lost(order, a, stationary) };
      const density = variance * [2, 4, 16 / 3][order - 1]! * rate ** (2 * order - 1);
      return { transition: a, noise: integrated(order, gap, density, transitionAt) };
    },
  };
}

/** The matrix whose characteristic polynomial is (s + rate)^order. */
function companion(order: number, rate: number): Float64Array {
  const binomials = [[1], [1, 2], [1, 3, 3]][order - 1]!;
  const f = new Float64Array(order * order);
  for (let i = 0; i + 1 < order; i++) f[i * order + i + 1] = 1;
  binomials.forEach((b, j) => {
    f[(order - 1) * order + j] = -b * rate ** (order - j);
  });
  return f;
}

/** exp(F t) = exp(-rate t) Σ_j (N t)^j / j!, since N = F + rate I is nilpotent. */
function transition(order: number, rate: number, gap: number): Float64Array {
  const n = companion(order, rate);
  for (let i = 0; i < order; i++) n[i * order + i]! += rate;
  const out = new Float64Array(order * order);
  let term = new Float64Array(order * order);
  for (let i = 0; i < order; i++) term[i * order + i] = 1;
  for (let power = 1; power <= order; power++) {
    for (let i = 0; i < out.length; i++) out[i]! += term[i]!;
    const next = new Float64Array(order * order);
    for (let i = 0; i < order; i++)
      for (let j = 0; j < order; j++) {
        let sum = 0;
        for (let k = 0; k < order; k++) sum += term[i * order + k]! * n[k * order + j]!;
        next[i * order + j] = (sum * gap) / power;
      }
    term = next;
  }
  const decay = Math.exp(-rate * gap);
  return out.map((value) => value * decay);
}

function stationaryCovariance(order: number, rate: number, variance: number): Float64Array {
  if (order === 1) return Float64Array.of(variance);
  if (order === 2) return Float64Array.of(variance, 0, 0, rate ** 2 * variance);
  const slope = (rate ** 2 * variance) / 3;
  return Float64Array.of(variance, 0, -slope, 0, slope, 0, -slope, 0, rate ** 4 * variance);
}

/** P∞ − A P∞ Aᵀ */
function lost(order: number, a: Float64Array, p: Float64Array): Float64Array {
  const out = Float64Array.from(p);
  for (let i = 0; i < order; i++)
    for (let j = 0; j < order; j++)
      for (let k = 0; k < order; k++)
        for (let l = 0; l < order; l++)
          out[i * order + j]! -= a[i * order + k]! * p[k * order + l]! * a[j * order + l]!;
  return out;
}

/** ∫₀^gap φ(s) φ(s)ᵀ ds times the density of the driving noise, φ the last column of exp(F s). */
function integrated(
  order: number,
  gap: number,
  density: number,
  transitionAt: (s: number) => Float64Array,
): Float64Array {
  const out = new Float64Array(order * order);
  rule ??= gaussLegendre(NODES);
  const [x, w] = [rule.nodes.data(), rule.weights.data()];
  for (let node = 0; node < NODES; node++) {
    const a = transitionAt((gap * (x[node]! + 1)) / 2);
    const weight = (density * gap * w[node]!) / 2;
    for (let i = 0; i < order; i++)
      for (let j = 0; j < order; j++)
        out[i * order + j]! += weight * a[(i + 1) * order - 1]! * a[(j + 1) * order - 1]!;
  }
  return out;
}
