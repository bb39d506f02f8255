// Potentials of many particles: Newton's kernel as a sum of Gaussians, of which the wide ones make a smooth function
// that a Chebyshev-Tucker form holds. Range separation: Benner, Khoromskaia, Khoromskij, "Range-separated tensor format
// for many-particle modeling" (2018).

import { matmul } from "../../ops/contract.ts";
import { narrowAxis, reshape } from "../../ops/movement.ts";
import { asTensor } from "../../ops/operands.ts";
import { exp } from "../../ops/transcendental.ts";
import type { Key } from "../../random/key.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import type { IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { checkFinite } from "../base/input.ts";
import { type CanonicalFunction, checkPositiveInteger, compressSum } from "./canonical.ts";
import type { ChebTucker } from "./chebTucker.ts";
import type { Interval } from "./chebyshev.ts";
import { checkDomain } from "./chebyshev.ts";

/** Σ_k weights[k] · exp(-rates[k]² r²). */
export interface GaussianSum {
  /** Reciprocal widths t_k. */
  readonly rates: Float64Array;
  readonly weights: Float64Array;
}

export interface NewtonKernelOptions {
  /** M: 2M + 1 Gaussians; 40 unless told. */
  readonly terms?: number;
  /** Step h of the trapezium rule; 0.2 unless told. */
  readonly step?: number;
}

/**
 * 1/r as a sum of 2M + 1 Gaussians: the trapezium rule for (2/√π) ∫ exp(-r² t²) dt after t = eˢ, with nodes e^{kh} and
 * weights (2/√π) h e^{kh}. With h = 0.2 the relative error for 0.05 ≤ r ≤ 6 is 2e-3, 4e-5, 7e-7, 1e-8 at M = 40, 60, 80,
 * 100. Throws DomainError for terms below 1 or a step that is not positive.
 */
export function newtonKernel(options: NewtonKernelOptions = {}): GaussianSum {
  const { terms = 40, step = 0.2 } = options;
  checkPositiveInteger(terms, "newtonKernel: terms");
  if (!(step > 0 && step < Number.POSITIVE_INFINITY))
    throw new DomainError(`newtonKernel: step must be above 0, got ${step}`);
  const rates = Float64Array.from({ length: 2 * terms + 1 }, (_, i) => Math.exp((i - terms) * step));
  return { rates, weights: rates.map((t) => (2 / Math.sqrt(Math.PI)) * step * t) };
}

/** The wide Gaussians, with rates below the cutoff, and the narrow others. Throws DomainError unless cutoff > 0. */
export function rangeSeparate(
  kernel: GaussianSum,
  cutoff: number,
): { readonly long: GaussianSum; readonly short: GaussianSum } {
  if (!(cutoff > 0)) throw new DomainError(`rangeSeparate: cutoff must be above 0, got ${cutoff}`);
  const part = (keep: (rate: number) => boolean): GaussianSum => ({
    rates: kernel.rates.filter(keep),
    weights: kernel.weights.filter((_, k) => keep(kernel.rates[k]!)),
  });
  return { long: part((rate) => rate < cutoff), short: part((rate) => rate >= cutoff) };
}

export interface ParticleOptions extends NewtonKernelOptions, IterationOptions {
  /** Rate from which on a Gaussian counts as short range; 4 unless told. */
  readonly cutoff?: number;
  /** Chebyshev nodes in each variable; 33 unless told. */
  readonly degree?: number;
  /** 1e-6 unless told. */
  readonly tol?: number;
  /** Box that holds all particles; [-1, 1]³ unless told. */
  readonly domain?: readonly Interval[];
  readonly key?: Key;
}

export interface ParticlePotential {
  /** The smooth part. */
  readonly longRange: ChebTucker;
  /** The narrow Gaussians at points `[m, 3]`, summed directly: O(m N) each. */
  shortRange(points: TensorLike): Tensor;
  /** Both parts: the potential Σ_i q_i / |x - x_i| but for the error of the kernel. */
  evaluate(points: TensorLike): Tensor;
}

/** Terms of the sum that are held at a time. */
const BATCH = 4096;

/**
 * The electrostatic potential of N particles at `positions` `[N, 3]` with `charges` `[N]`. The long-range part, a
 * canonical sum of N times the number of wide Gaussians, becomes a Chebyshev-Tucker form in batches; its ranks hardly
 * depend on N. O(N · terms · n²) to make.
 *
 * @throws ShapeError for positions or charges of another shape; DomainError for particles outside of the domain, values
 * that are not finite and options out of range.
 */
export function particlePotential(
  positions: TensorLike,
  charges: TensorLike,
  options: ParticleOptions = {},
): ParticlePotential {
  const what = "particlePotential";
  const { cutoff = 4, degree = 33, tol = 1e-6, key } = options;
  const domain: readonly Interval[] = options.domain ?? [
    [-1, 1],
    [-1, 1],
    [-1, 1],
  ];
  checkDomain(domain, what);
  const x = asTensor(positions, `${what}: positions`).astype("float64").contiguous();
  const q = asTensor(charges, `${what}: charges`).astype("float64").contiguous();
  if (x.ndim !== 2 || x.shape[1] !== 3 || x.shape[0] === 0 || domain.length !== 3)
    throw new ShapeError(`${what}: positions [N, 3] were expected, got shape ${formatShape(x.shape)}`);
  const count = x.shape[0]!;
  if (q.ndim !== 1 || q.size !== count)
    throw new ShapeError(`${what}: charges [${count}] were expected, got shape ${formatShape(q.shape)}`);
  checkFinite(x, `${what}: positions`);
  checkFinite(q, `${what}: charges`);
  const place = x.data();
  place.forEach((value, i) => {
    const [a, b] = domain[i % 3]!;
    if (!(value >= a && value <= b))
      throw new DomainError(
        `${what}: particle ${Math.floor(i / 3)} lies outside of the domain: coordinate ${i % 3} is ${value}, expected ${a} to ${b}`,
      );
  });
  const { long, short } = rangeSeparate(newtonKernel(options), cutoff);
  if (long.rates.length === 0)
    throw new DomainError(`${what}: no Gaussian has a rate below the cutoff ${cutoff}`);
  const each = Math.max(1, Math.floor(BATCH / long.rates.length));
  const longRange = compressSum(
    {
      count: Math.ceil(count / each),
      part: (index) => gaussians(x, q, long, index * each, Math.min(count, (index + 1) * each)),
    },
    {
      domain,
      degree: [degree, degree, degree],
      tol,
      ...(key && { key }),
      ...(options.signal && { signal: options.signal }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    },
    what,
  );
  const shortRange = (points: TensorLike): Tensor => directSum(asTensor(points, what), x, q, short);
  return {
    longRange,
    shortRange,
    evaluate: (points) => longRange.evaluate(points).add(shortRange(points)),
  };
}

/** The wide Gaussians of some particles as a canonical sum, particles slowest. */
function gaussians(x: Tensor, q: Tensor, kernel: GaussianSum, from: number, to: number): CanonicalFunction {
  const terms = kernel.rates.length;
  const rates = new Tensor(
    kernel.rates.map((t) => t * t),
    [1, 1, terms],
    "float64",
  );
  const weights = reshape(narrowAxis(q, 0, from, to), [-1, 1]).mul(
    new Tensor(kernel.weights, [1, terms], "float64"),
  );
  const count = to - from;
  return {
    weights: reshape(weights, [-1]).contiguous(),
    factors: [0, 1, 2].map((k) => {
      const centers = reshape(narrowAxis(narrowAxis(x, 0, from, to), 1, k, k + 1), [1, count, 1]);
      return (points) => {
        const squares = reshape(points, [-1, 1, 1]).sub(centers).square();
        return reshape(exp(squares.mul(rates).neg()), [points.size, count * terms]);
      };
    }),
  };
}

/** Points times particles that are held at a time. */
const PAIRS = 1 << 20;

/** Σ_i q_i Σ_k w_k exp(-t_k² |x - x_i|²) at points `[m, 3]`. */
function directSum(points: Tensor, x: Tensor, q: Tensor, kernel: GaussianSum): Tensor {
  if (points.ndim !== 2 || points.shape[1] !== 3)
    throw new ShapeError(`shortRange: points [m, 3] were expected, got shape ${formatShape(points.shape)}`);
  const m = points.shape[0]!;
  const count = q.size;
  const step = Math.max(1, Math.floor(PAIRS / count));
  const out = new Float64Array(m);
  for (let start = 0; start < m; start += step) {
    const end = Math.min(m, start + step);
    const part = narrowAxis(points, 0, start, end);
    const squares = reshape(part, [-1, 1, 3])
      .sub(reshape(x, [1, count, 3]))
      .square()
      .sum({ axis: 2 });
    let sum: Tensor = squares.mul(0);
    kernel.rates.forEach((rate, k) => {
      sum = sum.add(exp(squares.mul(-rate * rate)).mul(kernel.weights[k]!));
    });
    out.set(matmul(sum, q).contiguous().data() as Float64Array, start);
  }
  return new Tensor(out, [m], "float64");
}
