// Sinkhorn-Newton-Sparse: a few Sinkhorn iterations, then Newton steps with a Hessian of which only the largest entries
// are kept.

import { DomainError } from "../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../tensor/progress.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  checkPositive,
  checkSteps,
  type Problem,
  type ProblemOptions,
  transportProblem,
} from "./arguments.ts";
import { type NewtonDirection, newtonDirection } from "./newtonSystem.ts";
import { finish, type TransportResult } from "./result.ts";
import { objective, Plan, Scaling } from "./scaling.ts";
import { iterate } from "./sinkhorn.ts";
import type { Enough } from "./sparsify.ts";

export interface SinkhornNewtonSparseOptions extends ProblemOptions, IterationOptions {
  /** Sinkhorn iterations before the first Newton step; 50 unless told. */
  readonly warmup?: number;
  /**
   * Share of the plan's entries that stay in the Hessian. "auto" (unless told) keeps what holds 99.9 % of the mass, at
   * least 2 (n + m) and 1024 entries, twice as many after each step that was slow, and at most 15 % of all (or 1024); the
   * paper's choice is a fixed 2 / n.
   */
  readonly density?: number | "auto";
  /** Most Newton steps; 60 unless told. */
  readonly newton?: number;
  /** Stop at this marginal error; 1e-9 unless told. */
  readonly tolerance?: number;
  /** Relative tolerance of conjugate gradients; 1e-3 min(0.1, √error) unless told. */
  readonly cgTolerance?: number;
}

const NAME = "sinkhornNewtonSparse";
/** Sinkhorn iterations in place of a Newton step that cannot be used. */
const RESCUE = 10;
/** Step lengths are halved down to this share of the first one. */
const SHORTEST_STEP = 1e-4;
/**
 * How far exponents are moved at once: at first this, then four times further after each step that was not far enough,
 * and as far as the line search went after one that was too far. Where parts of the plan hardly touch, mass must flow
 * through an entry p that has to grow by a factor: Newton's step is about 1 / p, what is wanted is the logarithm of it.
 */
const REACH = 8;
const SUFFICIENT = 1e-4;
/** Below this many entries nothing is won by keeping fewer. */
const FEWEST = 1024;
/** A whole step that leaves more than this share of the error has lost too much of the Hessian: twice as many stay. */
const SLOW = 0.2;
/** Changes of the objective below this are rounding. */
const ROUNDING = 1e-12;

/**
 * The plan P of marginals a `[n]` and b `[m]` that minimises ⟨C, P⟩ + (1 / eta) Σ P ln P for a cost matrix `[n, m]`, to
 * high accuracy in tens of steps where `sinkhorn` takes thousands: Newton's method on the dual, its Hessian sparsified,
 * its systems solved by conjugate gradients, with a line search on the dual objective, which no step may lower. A step
 * of no use is replaced by Sinkhorn iterations.
 *
 * O(nm) a step besides O(kept entries) for each inner one; O(nm) in memory. Very small temperatures may end before the
 * tolerance is met, with `converged: false`.
 *
 * Source: Tang, Shavlovsky, Rahmanian, Tardini, Thekumparampil, Xiao and Ying, "Accelerating Sinkhorn algorithm with
 * sparse Newton iterations", ICLR 2024; the automatic density and the safeguards are this library's.
 *
 * @throws DTypeError unless all are float32 or float64; ShapeError; DomainError for weights that are negative, zero
 *   (unless `dropZeros`) or do not sum to 1, costs that are not finite, bad options; TracerError inside of transforms.
 */
export function sinkhornNewtonSparse(
  a: Tensor,
  b: Tensor,
  cost: Tensor,
  options: SinkhornNewtonSparseOptions,
): TransportResult {
  const { warmup = 50, density = "auto", newton = 60, tolerance = 1e-9, cgTolerance } = options;
  const { signal, onProgress } = options;
  checkSteps(NAME, "warmup", warmup);
  checkSteps(NAME, "newton", newton);
  checkPositive(NAME, "tolerance", tolerance);
  if (cgTolerance !== undefined && !(cgTolerance > 0 && cgTolerance < 1))
    throw new DomainError(`${NAME}: cgTolerance must lie between 0 and 1, got ${cgTolerance}`);
  if (density !== "auto" && !(density > 0 && density <= 1))
    throw new DomainError(`${NAME}: density must be "auto" or lie in (0, 1], got ${density}`);
  const problem = transportProblem(NAME, a, b, cost, options);
  const { n, m } = problem;
  let u: Float64Array = new Float64Array(n);
  let v: Float64Array = new Float64Array(m);
  const look = (done: number, error: number): void => {
    checkAborted(signal, NAME);
    onProgress?.({ fraction: done / (warmup + newton), stage: `error ${error.toExponential(1)}` });
  };
  const errors = iterate(new Scaling(problem, u, v), warmup, tolerance, look);
  let sinkhornIterations = errors.length;
  let plan = new Plan(n, m);
  // Without a warm-up the plan at zero may be empty rows: Newton's diagonal needs them positive.
  if (!plan.fill(problem, u, v) || !isPositive(plan)) {
    errors.push(...iterate(new Scaling(problem, u, v), 1, tolerance, look));
    sinkhornIterations++;
    plan.fill(problem, u, v);
  }
  let trial = new Plan(n, m);
  let tryU = new Float64Array(n);
  let tryV = new Float64Array(m);
  const work = new Float64Array(n * m);
  let enough = entriesToKeep(problem, density);
  let value = objective(problem, u, v, plan);
  let error = plan.error(problem);
  let newtonIterations = 0;
  let furthest = REACH;
  let cgIterations = 0;
  const kept: number[] = [];
  while (error > tolerance && newtonIterations < newton) {
    look(warmup + newtonIterations, error);
    newtonIterations++;
    const rtol = cgTolerance ?? 1e-3 * Math.min(0.1, Math.sqrt(error));
    const direction = isPositive(plan) ? newtonDirection(problem, plan, work, enough, rtol) : null;
    const length = direction ? reach(direction) : 0;
    const first = direction && direction.slope > 0 ? Math.min(1, furthest / length) : 0;
    let step = first;
    if (direction) {
      cgIterations += direction.cgIterations;
      kept.push(direction.kept);
    }
    for (; direction && step > SHORTEST_STEP * first; step /= 2) {
      for (let i = 0; i < n; i++) tryU[i] = u[i]! + step * direction.u[i]!;
      for (let j = 0; j < m; j++) tryV[j] = v[j]! + step * direction.v[j]!;
      if (!trial.fill(problem, tryU, tryV)) continue;
      const next = objective(problem, tryU, tryV, trial);
      const isRounding = Math.abs(next - value) < ROUNDING * Math.max(1, Math.abs(value));
      if (isRounding ? trial.error(problem) < error : next >= value + SUFFICIENT * step * direction.slope) {
        [u, tryU] = [tryU, u as Float64Array<ArrayBuffer>];
        [v, tryV] = [tryV, v as Float64Array<ArrayBuffer>];
        [plan, trial] = [trial, plan];
        value = next;
        furthest = step < first ? Math.max(REACH, step * length) : first < 1 ? 4 * furthest : furthest;
        break;
      }
    }
    if (!(step > SHORTEST_STEP * first)) {
      errors.push(...iterate(new Scaling(problem, u, v), RESCUE, tolerance, () => undefined));
      sinkhornIterations += RESCUE;
      plan.fill(problem, u, v);
      value = objective(problem, u, v, plan);
    }
    const before = error;
    error = plan.error(problem);
    errors.push(error);
    if (step === 1 && error > SLOW * before && enough.least < enough.most)
      enough = { ...enough, least: Math.min(enough.most, 2 * (kept.at(-1) ?? enough.least)) };
  }
  return finish(problem, u, v, {
    errors,
    sinkhornIterations,
    newtonIterations,
    cgIterations,
    kept,
    converged: error <= tolerance,
  });
}

/** How many entries of the plan a Newton step keeps. */
function entriesToKeep({ n, m }: Problem, density: number | "auto"): Enough {
  const all = n * m;
  if (density !== "auto") {
    const count = Math.max(1, Math.round(density * all));
    return { least: count, most: count, mass: 0 };
  }
  const least = Math.min(all, Math.max(2 * (n + m), FEWEST));
  return { least, most: Math.max(least, Math.floor(0.15 * all)), mass: 0.999 };
}

function reach({ u, v }: NewtonDirection): number {
  let largest = 0;
  for (let i = 0; i < u.length; i++) largest = Math.max(largest, Math.abs(u[i]!));
  for (let j = 0; j < v.length; j++) largest = Math.max(largest, Math.abs(v[j]!));
  return largest;
}

const isPositive = ({ rowSums, columnSums }: Plan): boolean =>
  rowSums.every((sum) => sum > 0) && columnSums.every((sum) => sum > 0);
