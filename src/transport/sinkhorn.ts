// Sinkhorn's algorithm for entropic optimal transport: rows and columns of the plan are scaled in turn.

import { checkAborted, type IterationOptions } from "../tensor/progress.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkPositive, checkSteps, type ProblemOptions, transportProblem } from "./arguments.ts";
import { finish, type TransportResult } from "./result.ts";
import { Scaling } from "./scaling.ts";

export interface SinkhornOptions extends ProblemOptions, IterationOptions {
  /** Most iterations, each an update of all rows and of all columns; 1000 unless told. */
  readonly iterations?: number;
  /** Stop at this marginal error; 1e-9 unless told. */
  readonly tolerance?: number;
}

/** Iterations between two looks at the caller. */
const EVERY = 16;

/**
 * The plan P of marginals a `[n]` and b `[m]` that minimises ⟨C, P⟩ + (1 / eta) Σ P ln P for a cost matrix `[n, m]`, by
 * Sinkhorn's iteration. Converges linearly, the slower the larger `eta` is: `sinkhornNewtonSparse` goes on from there.
 * O(nm) an iteration and in memory.
 *
 * Source: Cuturi, "Sinkhorn distances", NIPS 2013, with the stabilisation of Schmitzer (2019).
 *
 * @throws DTypeError unless all are float32 or float64; ShapeError; DomainError for weights that are negative, zero
 *   (unless `dropZeros`) or do not sum to 1, costs that are not finite, bad options; TracerError inside of transforms.
 */
export function sinkhorn(a: Tensor, b: Tensor, cost: Tensor, options: SinkhornOptions): TransportResult {
  const { iterations = 1000, tolerance = 1e-9, signal, onProgress } = options;
  checkSteps("sinkhorn", "iterations", iterations);
  checkPositive("sinkhorn", "tolerance", tolerance);
  const problem = transportProblem("sinkhorn", a, b, cost, options);
  const scaling = new Scaling(problem, new Float64Array(problem.n), new Float64Array(problem.m));
  const errors = iterate(scaling, iterations, tolerance, (done, error) => {
    checkAborted(signal, "sinkhorn");
    onProgress?.({ fraction: done / iterations, stage: `error ${error.toExponential(1)}` });
  });
  return finish(problem, scaling.u, scaling.v, {
    errors,
    sinkhornIterations: errors.length,
    newtonIterations: 0,
    cgIterations: 0,
    kept: [],
    converged: errors.length > 0 && errors.at(-1)! <= tolerance,
  });
}

/** Errors after each of at most `iterations` updates; the potentials are up to date afterwards. */
export function iterate(
  scaling: Scaling,
  iterations: number,
  tolerance: number,
  look: (done: number, error: number) => void,
): number[] {
  const errors: number[] = [];
  while (errors.length < iterations) {
    scaling.update();
    const error = scaling.rowError();
    errors.push(error);
    if (errors.length % EVERY === 0) look(errors.length, error);
    if (error <= tolerance) break;
  }
  scaling.absorb();
  return errors;
}
