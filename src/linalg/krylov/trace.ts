// What random vectors tell of a large operator: its trace, its log-determinant, the density of its spectrum.
// Sources: Hutchinson (1990); Meyer, Musco, Musco and Woodruff, "Hutch++" (2021); Ubaru, Chen and Saad, "Fast estimation of
// tr(f(A)) via stochastic Lanczos quadrature", SIAM J. Matrix Anal. Appl. 38 (2017); Lin, Saad and Yang, "Approximating
// spectral densities of large matrices", SIAM Review 58 (2016).

import { rademacher } from "../../random/distributions.ts";
import { type Key, split } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator, type LinearOperator } from "../operator/operator.ts";
import { qr } from "../orthogonal/qr.ts";
import { hermitianEigen } from "../spectral/eigh.ts";
import { Basis, CountedOperator } from "./space.ts";

export interface TraceOptions {
  /** Random vectors; 30 unless told. */
  readonly samples?: number;
  /** "hutch++" (the default) spends two thirds of the products on the large part of the spectrum. */
  readonly method?: "hutchinson" | "hutch++";
}

export interface Estimate {
  readonly value: number;
  /** Of the mean over the random vectors. */
  readonly standardError: number;
}

function checkCount(name: string, what: string, count: number, least = 1): void {
  if (!(Number.isInteger(count) && count >= least))
    throw new DomainError(`${name}: ${what} must be an integer >= ${least}, got ${count}`);
}

function meanOf(samples: readonly number[], offset = 0): Estimate {
  const mean = samples.reduce((sum, x) => sum + x, 0) / samples.length;
  const spread = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const standardError =
    samples.length > 1 ? Math.sqrt(spread / (samples.length - 1) / samples.length) : Number.NaN;
  return { value: offset + mean, standardError };
}

/** Re zᵢᴴ yᵢ for the columns of both. */
const products = (z: Tensor, y: Tensor): number[] =>
  Array.from(z.conj().mul(y).sum({ axis: 0 }).real().data());

/**
 * An estimate of the trace of a square operator or matrix from products with random signs (of a complex one: of its real
 * part). The error falls like 1 / √samples for Hutchinson's method, like 1 / samples for Hutch++. Cost: `samples` products.
 *
 * @throws ShapeError unless square; DomainError for bad options.
 */
export function stochasticTrace(from: Key, a: Linear, options: TraceOptions = {}): Estimate {
  const name = "stochasticTrace";
  const operator = asOperator(a);
  const n = checkSquareOperator(name, operator);
  const { samples = 30, method = "hutch++" } = options;
  checkCount(name, "samples", samples, method === "hutch++" ? 3 : 1);
  if (method !== "hutchinson" && method !== "hutch++")
    throw new DomainError(`${name}: method must be "hutchinson" or "hutch++", got ${method}`);
  const [first, second] = split(from, 2) as [Key, Key];
  if (method === "hutchinson") {
    const z = rademacher(first, [n, samples]);
    return meanOf(products(z, operator.apply(z)));
  }
  const sketch = Math.min(n, Math.floor(samples / 3));
  const q = qr(operator.apply(rademacher(first, [n, sketch]).astype(operator.dtype))).q;
  const large = products(q, operator.apply(q)).reduce((sum, x) => sum + x, 0);
  const z = rademacher(second, [n, Math.max(1, samples - 2 * sketch)]);
  const rest = z.sub(q.matmul(adjoint(q).matmul(z.astype(q.dtype))));
  return meanOf(products(rest, operator.apply(rest)), large);
}

export interface LanczosQuadratureOptions extends IterationOptions {
  /** Random vectors; 30 unless told. */
  readonly samples?: number;
  /** Lanczos steps for each; min(n, 30) unless told. */
  readonly steps?: number;
}

/** Nodes and weights of a quadrature rule for the spectral measure of each random vector. */
function rules(
  name: string,
  from: Key,
  operator: LinearOperator,
  options: LanczosQuadratureOptions,
): { readonly nodes: Float64Array; readonly weights: Float64Array }[] {
  const n = checkSquareOperator(name, operator);
  const { samples = 30, steps = Math.min(n, 30) } = options;
  checkCount(name, "samples", samples);
  checkCount(name, "steps", steps);
  const counted = new CountedOperator(operator, operator.dtype);
  const space = counted.from;
  return split(from, samples).map((key, done) => {
    checkAborted(options.signal, name);
    options.onProgress?.({ fraction: done / samples, stage: `vector ${done + 1} of ${samples}` });
    const most = Math.min(n, steps);
    const basis = new Basis(space, most + 1);
    basis.column(0).set(space.entries(rademacher(key, [n])));
    space.normalize(basis.column(0));
    const diagonal: number[] = [];
    const beside: number[] = [];
    for (let j = 0; j < most; j++) {
      const y = counted.apply(basis.column(j));
      const before = space.norm(y);
      const coefficients = new Float64Array((j + 1) * space.w);
      basis.orthogonalize(y, j + 1, coefficients);
      diagonal.push(coefficients[j * space.w]!);
      const rest = space.normalize(y);
      beside.push(rest);
      if (rest <= 2 ** -50 * before || rest === 0) break;
      basis.column(j + 1).set(y);
    }
    const m = diagonal.length;
    const t = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      t[i * (m + 1)] = diagonal[i]!;
      if (i + 1 < m) t[i * (m + 1) + 1] = t[i * (m + 1) + m] = beside[i]!;
    }
    const { values, vectors } = hermitianEigen(1, m, t);
    return { nodes: values, weights: Float64Array.from(values, (_, k) => vectors[k * m]! ** 2) };
  });
}

/**
 * An estimate of tr f(a) for a Hermitian operator or matrix and a real function, by Gauss quadrature from Lanczos' method for
 * each of some random vectors. Cost: samples · steps products.
 *
 * @throws ShapeError unless square; DomainError for bad options, and where f is not finite at a Ritz value; AbortedError.
 */
export function traceOfFunction(
  from: Key,
  a: Linear,
  f: (x: number) => number,
  options: LanczosQuadratureOptions = {},
): Estimate {
  const name = "traceOfFunction";
  const operator = asOperator(a);
  const n = operator.shape[0];
  return meanOf(
    rules(name, from, operator, options).map(({ nodes, weights }) => {
      let sum = 0;
      nodes.forEach((node, k) => {
        const value = f(node);
        if (!Number.isFinite(value))
          throw new DomainError(`${name}: f is not finite at the Ritz value ${node}: ${value}`);
        sum += weights[k]! * value;
      });
      return n * sum;
    }),
  );
}

/**
 * An estimate of log det a for a Hermitian positive definite operator or matrix; see `traceOfFunction`.
 *
 * @throws as `traceOfFunction` does; DomainError when a Ritz value is not positive.
 */
export const stochasticLogDeterminant = (
  from: Key,
  a: Linear,
  options: LanczosQuadratureOptions = {},
): Estimate => traceOfFunction(from, a, Math.log, options);

export interface SpectralDensityOptions extends LanczosQuadratureOptions {
  /** Where the density is wanted: `[p]`; 200 points across the spectrum unless told. */
  readonly points?: Tensor;
  /** Standard deviation of the Gaussian that each eigenvalue becomes; a hundredth of the spectrum's width unless told. */
  readonly width?: number;
}

/**
 * The density of the eigenvalues of a Hermitian operator or matrix, smoothed by a Gaussian, with integral 1: `density` `[p]` at
 * `points` `[p]`. Cost: samples · steps products.
 *
 * @throws ShapeError unless square; DomainError for bad options; AbortedError.
 */
export function spectralDensity(
  from: Key,
  a: Linear,
  options: SpectralDensityOptions = {},
): { readonly points: Tensor; readonly density: Tensor } {
  const name = "spectralDensity";
  const found = rules(name, from, asOperator(a), options);
  const all = found.flatMap(({ nodes }) => Array.from(nodes));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const { width = (high - low || Math.abs(high) || 1) / 100 } = options;
  if (!(width > 0 && Number.isFinite(width)))
    throw new DomainError(`${name}: width must be positive, got ${width}`);
  const given = options.points?.astype("float64").toTypedArray() as Float64Array | undefined;
  const count = 200;
  const [start, end] = [low - 4 * width, high + 4 * width];
  const points =
    given ?? Float64Array.from({ length: count }, (_, i) => start + ((end - start) * i) / (count - 1));
  const density = new Float64Array(points.length);
  const share = 1 / (found.length * width * Math.sqrt(2 * Math.PI));
  for (const { nodes, weights } of found)
    for (let i = 0; i < points.length; i++)
      for (let k = 0; k < nodes.length; k++)
        density[i] =
          density[i]! + share * weights[k]! * Math.exp(-0.5 * ((points[i]! - nodes[k]!) / width) ** 2);
  return {
    points: new Tensor(points, [points.length], "float64"),
    density: new Tensor(density, [points.length], "float64"),
  };
}
