// Functions to Chebyshev-Tucker form: samples at Chebyshev nodes, a cosine transform in each variable, and a Tucker
// decomposition of the coefficients. After Dolgov, Kressner, Strössner, "Functional Tucker approximation using
// Chebyshev interpolation" (2021) and Benner, Khoromskij, Khoromskaia, Sun, "A mesh-free hybrid Chebyshev-Tucker
// tensor format" (2025).

import { narrowAxis } from "../../ops/movement.ts";
import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../../random/key.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { hooi } from "../tucker/hooi.ts";
import { sthosvd } from "../tucker/sthosvd.ts";
import { ChebTucker } from "./chebTucker.ts";
import {
  chebyshevCoefficients,
  chebyshevNodes,
  checkDomain,
  type Interval,
  neededLength,
  sliceNorms,
} from "./chebyshev.ts";

/** A function of points `[m, d]` with values `[m]`. */
export type PointFunction = (points: Tensor) => Tensor;

export interface ChebTuckerOptions extends IterationOptions {
  /** One interval `[a, b]` a variable. */
  readonly domain: readonly Interval[];
  /** Chebyshev nodes in each variable, or `auto` (default): doubled until the series has converged. */
  readonly degree?: "auto" | readonly number[];
  /** Relative tolerance of the series and of the ranks; 1e-8 unless told. */
  readonly tol?: number;
  /** Most nodes in one variable; 257 unless told. */
  readonly maxDegree?: number;
  /** Of the random points at which the error is measured; key(0) unless told. */
  readonly key?: Key;
}

/** Nodes with which `auto` starts. */
const FIRST = 9;
/** Most samples of the function on one grid. */
const MOST_SAMPLES = 2 ** 26;
/** Points handed to the function at a time. */
const BATCH = 1 << 16;
/** Fresh random points at which the error is measured. */
const VALIDATION = 2000;
/** A measured error this many times the tolerance, while all series look converged, says that samples have missed something. */
const SUSPICIOUS = 1000;

/**
 * A function of numbers, `(x, y, z) => …`, as one of points `[m, d]`. What is slower than a function of tensors is one
 * call a point.
 */
export function pointwise(f: (...coordinates: number[]) => number, order: number): PointFunction {
  return (points) => {
    const [m] = points.shape as [number, number];
    const x = points.contiguous().data();
    const values = Float64Array.from({ length: m }, (_, i) =>
      f(...Array.from(x.subarray(i * order, (i + 1) * order) as Float64Array)),
    );
    return new Tensor(values, [m], "float64");
  };
}

/**
 * The Chebyshev-Tucker form of a function on a box. Samples at n Chebyshev nodes of the first kind in each variable,
 * coefficients by a cosine transform, ranks by ST-HOSVD and HOOI at the relative tolerance `tol`. With `degree: "auto"` n
 * is doubled in each variable where the last two coefficients (in the norm over the others) are above tol · the largest,
 * and converged series are cut there. For a function that is analytic in Bernstein ellipses of size ρ the error of the
 * series falls like ρ^(-n); the whole error is at most that plus tol times Lebesgue's constants, ((2/π) log n + 1)^d. It
 * is measured at 2000 random points, which are not nodes. Π n_k calls and memory.
 *
 * @throws DomainError for intervals with a ≥ b, degrees below 2, a tolerance outside (0, 1), values that are not finite
 * (the point is named), and more than 2^26 samples; ShapeError for a wrong number of degrees or values; DTypeError for
 * complex values.
 */
export function chebTucker(f: PointFunction, options: ChebTuckerOptions): ChebTucker {
  const { domain, degree = "auto", tol = 1e-8, maxDegree = 257, key = makeKey(0) } = options;
  checkDomain(domain, "chebTucker");
  checkTolerances("chebTucker", tol, maxDegree);
  const isAuto = degree === "auto";
  if (!isAuto) checkDegrees(degree, domain.length, "chebTucker");
  const sampler = new PointSampler(f, domain, "chebTucker");
  const cap = (n: number): number => Math.min(n, maxDegree);
  let counts: readonly number[] = isAuto ? domain.map(() => cap(FIRST)) : degree;
  const test = sampler.random(foldIn(key, 0), VALIDATION);
  for (let round = 0; ; round++) {
    checkAborted(options.signal, "chebTucker");
    options.onProgress?.({ fraction: Math.min(0.9, round / 5), stage: `${counts.join("×")} samples` });
    let coefficients = sampler.grid(counts, options.signal);
    const norms = domain.map((_, mode) => {
      coefficients = chebyshevCoefficients(coefficients, mode);
      return mode;
    });
    const tails = norms.map((mode) => sliceNorms(coefficients, mode));
    const open = tails.map((list) => isOpen(list, tol));
    if (isAuto && open.some((grow, k) => grow && counts[k]! < maxDegree)) {
      counts = counts.map((n, k) => (open[k] ? cap(2 * n - 1) : n));
      continue;
    }
    const cut = isAuto
      ? tails.reduce(
          (x, list, k) => narrowAxis(x, k, 0, neededLength(list, 0.1 * tol * Math.max(...list))),
          coefficients,
        )
      : coefficients;
    const { core, factors } = truncated(cut.contiguous(), tol);
    const error = sampler.error(new ChebTucker(core, factors, domain), test);
    const converged = !open.includes(true);
    if (isAuto && converged && error > SUSPICIOUS * tol && counts.some((n) => n < maxDegree)) {
      const next = counts.map((n) => cap(2 * n - 1));
      if (sizeOf(next) <= MOST_SAMPLES) {
        counts = next;
        continue;
      }
    }
    options.onProgress?.({ fraction: 1, stage: "done" });
    return new ChebTucker(core, factors, domain, { evaluations: sampler.evaluations, error, converged });
  }
}

/** Whether one of the last two coefficients is still above the tolerance. */
function isOpen(norms: Float64Array, tol: number): boolean {
  const largest = norms.reduce((a, b) => Math.max(a, b), 0);
  return norms.length < 3 || norms.slice(-2).some((norm) => norm > tol * largest);
}

/** ST-HOSVD and HOOI at a relative tolerance. */
export function truncated(x: Tensor, tol: number): { core: Tensor; factors: readonly Tensor[] } {
  if (frobenius(x) === 0) {
    const factors = x.shape.map((n) =>
      narrowAxis(new Tensor(new Float64Array(n), [n, 1], "float64"), 1, 0, 1),
    );
    return {
      core: new Tensor(
        new Float64Array(1),
        x.shape.map(() => 1),
        "float64",
      ),
      factors,
    };
  }
  const start = sthosvd(x, { rtol: tol, truncation: "svd" });
  const { core, factors } = hooi(x, start, { tol: 1e-4, maxIterations: 3, truncation: "svd" });
  return { core: core.contiguous(), factors };
}

export function checkTolerances(what: string, tol: number, maxDegree: number): void {
  if (!(tol > 0 && tol < 1)) throw new DomainError(`${what}: tol must lie in (0, 1), got ${tol}`);
  if (!(Number.isInteger(maxDegree) && maxDegree >= 2))
    throw new DomainError(`${what}: maxDegree must be an integer of at least 2, got ${maxDegree}`);
}

export function checkDegrees(degree: readonly number[], order: number, what: string): void {
  if (!Array.isArray(degree) || degree.length !== order)
    throw new ShapeError(`${what}: degree must be "auto" or ${order} numbers, got ${String(degree)}`);
  for (const n of degree)
    if (!(Number.isInteger(n) && n >= 2))
      throw new DomainError(`${what}: every degree must be an integer of at least 2, got ${n}`);
}

/** Calls a function in batches, checks what it returns and counts. */
export class PointSampler {
  evaluations = 0;
  private readonly f: PointFunction;
  private readonly domain: readonly Interval[];
  private readonly what: string;

  constructor(f: PointFunction, domain: readonly Interval[], what: string) {
    this.f = f;
    this.domain = domain;
    this.what = what;
  }

  /** Values on the grid of Chebyshev nodes. */
  grid(counts: readonly number[], signal?: AbortSignal): Tensor {
    const size = sizeOf(counts);
    if (size > MOST_SAMPLES)
      throw new DomainError(
        `${this.what}: ${counts.join(" × ")} samples are too many; a tensor train (ttCross) needs far fewer in many variables`,
      );
    const nodes = counts.map((n, k) => chebyshevNodes(n, this.domain[k]!));
    const order = counts.length;
    const out = new Float64Array(size);
    const index = new Int32Array(order);
    for (let start = 0; start < size; start += BATCH) {
      checkAborted(signal, this.what);
      const m = Math.min(BATCH, size - start);
      const points = new Float64Array(m * order);
      for (let i = 0; i < m; i++) {
        for (let k = 0; k < order; k++) points[i * order + k] = nodes[k]![index[k]!]!;
        for (let k = order - 1; k >= 0 && ++index[k]! === counts[k]; k--) index[k] = 0;
      }
      out.set(this.values(points, m), start);
    }
    return new Tensor(out, counts, "float64");
  }

  /** Uniformly random points of the box, and the values there. */
  random(key: Key, count: number): { points: Tensor; values: Float64Array } {
    const order = this.domain.length;
    const data = uniform(key, [count, order]).toTypedArray() as Float64Array;
    for (let i = 0; i < data.length; i++) {
      const [a, b] = this.domain[i % order]!;
      data[i] = a + (b - a) * data[i]!;
    }
    return { points: new Tensor(data, [count, order], "float64"), values: this.values(data, count) };
  }

  /** Largest error of an approximation at test points, relative to the largest value there. */
  error(of: { evaluate(points: Tensor): Tensor }, test: { points: Tensor; values: Float64Array }): number {
    const found = of.evaluate(test.points).data();
    let worst = 0;
    let largest = 0;
    for (let i = 0; i < test.values.length; i++) {
      worst = Math.max(worst, Math.abs(found[i]! - test.values[i]!));
      largest = Math.max(largest, Math.abs(test.values[i]!));
    }
    return largest > 0 ? worst / largest : worst;
  }

  /** Values at points `[m, d]`. */
  at(points: Tensor): Tensor {
    const m = points.shape[0]!;
    return new Tensor(this.values(points.contiguous().data() as Float64Array, m), [m], "float64");
  }

  private values(points: Float64Array, m: number): Float64Array {
    const order = this.domain.length;
    const values = this.f(new Tensor(points, [m, order], "float64"));
    if (!(values instanceof Tensor) || values.ndim !== 1 || values.shape[0] !== m)
      throw new ShapeError(
        `${this.what}: the function must return a tensor [${m}] for ${m} points, got ${values instanceof Tensor ? `shape ${formatShape(values.shape)}` : typeof values}`,
      );
    if (isComplex(values.dtype))
      throw new DTypeError(`${this.what}: real values were expected, got ${values.dtype}`);
    const data = Float64Array.from(values.contiguous().toTypedArray() as ArrayLike<number>);
    for (let i = 0; i < m; i++)
      if (!Number.isFinite(data[i]!))
        throw new DomainError(
          `${this.what}: the function is ${data[i]} at the point (${points.subarray(i * order, (i + 1) * order).join(", ")})`,
        );
    this.evaluations += m;
    return data;
  }
}
