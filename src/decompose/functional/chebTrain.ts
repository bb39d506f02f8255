// Functions of many variables: a tensor train of Chebyshev coefficients, from cross approximation at the nodes.

import { matmul } from "../../ops/contract.ts";
import { narrowAxis, reshape, transpose } from "../../ops/movement.ts";
import { asTensor } from "../../ops/operands.ts";
import { foldIn, key as makeKey } from "../../random/key.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { ttCrossFunction } from "../train/cross.ts";
import type { TT } from "../types.ts";
import {
  type ChebTuckerOptions,
  checkDegrees,
  checkTolerances,
  type PointFunction,
  PointSampler,
} from "./approximate.ts";
import type { ApproximationInfo } from "./chebTucker.ts";
import {
  chebyshevCoefficients,
  chebyshevNodes,
  checkDomain,
  clenshaw,
  type Interval,
  toReference,
} from "./chebyshev.ts";

/** A function whose Chebyshev coefficients form a tensor train. */
export class ChebTrain {
  readonly kind = "cheb-train";
  readonly coefficients: TT;
  readonly domain: readonly Interval[];
  readonly info: ApproximationInfo;

  /** Throws ShapeError unless there is one core a variable. */
  constructor(
    coefficients: TT,
    domain: readonly Interval[],
    info: ApproximationInfo = { evaluations: 0, error: Number.NaN, converged: true },
  ) {
    checkDomain(domain, "ChebTrain");
    if (coefficients.cores.length !== domain.length || coefficients.cores.some((core) => core.ndim !== 3))
      throw new ShapeError(`ChebTrain: ${domain.length} cores [r, n, r'] were expected`);
    this.coefficients = coefficients;
    this.domain = domain;
    this.info = info;
  }

  get order(): number {
    return this.domain.length;
  }

  get ranks(): readonly number[] {
    return this.coefficients.cores.slice(1).map((core) => core.shape[0]!);
  }

  get degrees(): readonly number[] {
    return this.coefficients.cores.map((core) => core.shape[1]!);
  }

  get parameters(): number {
    return this.coefficients.cores.reduce((count, core) => count + core.size, 0);
  }

  /** Values at points `[m, d]`, as `[m]`. O(Σ n r r' + r r') a point. Throws ShapeError and DomainError as `ChebTucker`. */
  evaluate(points: TensorLike): Tensor {
    const x = asTensor(points, "evaluate: points");
    if (x.ndim !== 2 || x.shape[1] !== this.order)
      throw new ShapeError(
        `evaluate: points [m, ${this.order}] were expected, got shape ${formatShape(x.shape)}`,
      );
    const m = x.shape[0]!;
    let row: Tensor | null = null;
    this.coefficients.cores.forEach((core, k) => {
      const [a, b] = this.domain[k]!;
      const column = reshape(narrowAxis(x, 1, k, k + 1), [m]);
      const t = toReference(column, [a, b]);
      if (!(t.abs().max().item() <= 1 + 1e-12))
        throw new DomainError(`evaluate: variable ${k} must lie in ${a} to ${b}`);
      const [r, n, next] = core.shape as [number, number, number];
      const flat = reshape(transpose(core, [1, 0, 2]), [n, r * next]).contiguous();
      const slices = reshape(clenshaw(flat, t), [m, r, next]);
      row = row ? matmul(row, slices) : slices;
    });
    return reshape(row!, [m]);
  }
}

/**
 * The Chebyshev form of a function of many variables as a train: `ttCross` at Chebyshev nodes, then a cosine transform of
 * each core. With `degree: "auto"` the nodes are doubled from 9 until the measured error is at most 10 · tol, or no longer
 * falls. The number of samples is linear in the number of variables.
 *
 * @throws as `chebTucker`.
 */
export function chebTrain(f: PointFunction, options: ChebTuckerOptions): ChebTrain {
  const what = "chebTrain";
  const { domain, degree = "auto", tol = 1e-8, maxDegree = 257, key = makeKey(0) } = options;
  checkDomain(domain, what);
  checkTolerances(what, tol, maxDegree);
  if (degree !== "auto") checkDegrees(degree, domain.length, what);
  const sampler = new PointSampler(f, domain, what);
  const test = sampler.random(foldIn(key, 1), 2000);
  let evaluations = test.values.length;
  let counts = degree === "auto" ? domain.map(() => Math.min(9, maxDegree)) : degree;
  let best: ChebTrain | null = null;
  for (;;) {
    const grids = counts.map((n, k) => new Tensor(chebyshevNodes(n, domain[k]!), [n], "float64"));
    const train = ttCrossFunction((points) => sampler.at(points), grids, {
      rtol: tol,
      key,
      ...(options.signal && { signal: options.signal }),
      onProgress: ({ fraction, stage }) =>
        options.onProgress?.({ fraction: 0.9 * fraction, stage: `${counts[0]} nodes, ${stage}` }),
    });
    evaluations += train.evaluations;
    const cores = train.cores.map((core) => chebyshevCoefficients(core, 1).contiguous());
    const made = new ChebTrain({ kind: "tt", cores }, domain);
    const error = sampler.error(made, test);
    const previous: number = best ? best.info.error : Number.POSITIVE_INFINITY;
    if (error < previous)
      best = new ChebTrain(made.coefficients, domain, { evaluations, error, converged: error <= 10 * tol });
    const canGrow = degree === "auto" && counts[0]! < maxDegree;
    if (error <= 10 * tol || !canGrow || (error > previous / 2 && counts[0]! > 33)) break;
    counts = counts.map((n) => Math.min(maxDegree, 2 * n - 1));
  }
  options.onProgress?.({ fraction: 1, stage: "done" });
  return new ChebTrain(best!.coefficients, domain, { ...best!.info, evaluations });
}
