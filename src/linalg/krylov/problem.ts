// What all iterative solvers of A x = b have in common: options, the starting residual, preconditioners, the answer.

import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator, LinearOperator, meetDTypes } from "../operator/operator.ts";
import { CountedOperator, checkVector, VectorSpace } from "./space.ts";

/** An approximation of A⁻¹: an operator that is applied, or a function of residuals `[n]`. */
export type Preconditioner = LinearOperator | ((r: Tensor) => Tensor);

export interface KrylovOptions extends IterationOptions {
  /** Stop when the residual is at most this share of ‖b‖; 1e-8 unless told. */
  readonly rtol?: number;
  /** … or at most this; 0 unless told. */
  readonly atol?: number;
  /** 10 n unless told. */
  readonly maxIterations?: number;
  /** Where to start; zero unless told. */
  readonly x0?: Tensor;
  readonly preconditioner?: Preconditioner;
}

export interface KrylovSolution {
  /** `[n]` */
  readonly x: Tensor;
  readonly iterations: number;
  /** Products with A, and with its adjoint. */
  readonly products: number;
  /** ‖b − A x‖, computed anew at the end. */
  readonly residual: number;
  /** What the iteration knew of its residual at the start and after each step. */
  readonly residuals: readonly number[];
  readonly converged: boolean;
}

/** A system on its way: the vectors x and r = b − A x, and how far to go. */
export interface Problem {
  readonly a: CountedOperator;
  readonly space: VectorSpace;
  readonly b: Float64Array;
  readonly x: Float64Array;
  readonly r: Float64Array;
  readonly limit: number;
  readonly maxIterations: number;
  /** M⁻¹ r as a vector of its own; a copy of r without a preconditioner. */
  readonly precondition: (r: Float64Array) => Float64Array;
  readonly isPreconditioned: boolean;
  /** Notes a residual, reports progress, and tells whether to go on. */
  readonly goesOn: (residual: number) => boolean;
  /** The answer; `isDone` tells that the method has reached its goal in a norm of its own. */
  readonly finish: (isDone?: boolean) => KrylovSolution;
}

/** Checks the arguments of a solver and sets it up. */
export function prepare(name: string, given: Linear, b: Tensor, options: KrylovOptions): Problem {
  const operator = asOperator(given);
  const n = checkSquareOperator(name, operator);
  const { maxIterations = 10 * n, x0, preconditioner } = options;
  checkVector(name, b, n);
  if (x0) checkVector(name, x0, n, "x0");
  checkTolerances(name, options, maxIterations);
  const space = new VectorSpace(n, meetDTypes(operator, b, ...(x0 ? [x0] : [])));
  const a = new CountedOperator(operator, space.dtype);
  const right = space.entries(b).slice();
  const x = x0 ? space.entries(x0).slice() : space.zeros();
  const r = right.slice();
  if (x0) subtract(r, a.apply(x));
  const { limit, goesOn, residuals } = watch(name, space.norm(right), options, maxIterations);
  return {
    a,
    space,
    b: right,
    x,
    r,
    limit,
    maxIterations,
    precondition: preconditionerOf(preconditioner, space),
    isPreconditioned: preconditioner !== undefined,
    goesOn,
    finish: (isDone = false) => {
      const products = a.count;
      const rest = right.slice();
      subtract(rest, a.apply(x));
      const residual = space.norm(rest);
      return {
        x: space.tensor(x),
        iterations: residuals.length - 1,
        products,
        residual,
        residuals,
        // The recursive residual may drift from the true one; a digit is allowed for it.
        converged: isDone || residual <= 10 * limit,
      };
    },
  };
}

/** Throws DomainError for tolerances or limits that cannot be met. */
export function checkTolerances(
  name: string,
  { rtol = 1e-8, atol = 0 }: KrylovOptions,
  maxIterations: number,
): void {
  if (!(rtol >= 0 && rtol < 1)) throw new DomainError(`${name}: rtol must lie in [0, 1), got ${rtol}`);
  if (!(atol >= 0)) throw new DomainError(`${name}: atol must be >= 0, got ${atol}`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 0))
    throw new DomainError(`${name}: maxIterations must be an integer >= 0, got ${maxIterations}`);
}

/** The residual to reach, and who watches the way there. */
export function watch(
  name: string,
  size: number,
  { rtol = 1e-8, atol = 0, onProgress, signal }: KrylovOptions,
  maxIterations: number,
): { limit: number; goesOn: (residual: number) => boolean; residuals: number[] } {
  const limit = Math.max(rtol * size, atol);
  const residuals: number[] = [];
  const goesOn = (residual: number): boolean => {
    checkAborted(signal, name);
    residuals.push(residual);
    const done = residuals.length - 1;
    const [first] = residuals;
    // How far on the way from the first residual to the limit, in digits.
    const gained = Math.log(first! / residual) / Math.log(first! / limit);
    const share = Math.max(done / Math.max(1, maxIterations), Number.isFinite(gained) ? gained : 0);
    onProgress?.({ fraction: Math.min(1, share), stage: `residual ${residual.toExponential(2)}` });
    return residual > limit && done < maxIterations;
  };
  return { limit, goesOn, residuals };
}

/** M⁻¹ as a function of vectors. */
export function preconditionerOf(
  given: Preconditioner | undefined,
  space: VectorSpace,
): (r: Float64Array) => Float64Array {
  if (!given) return (r) => r.slice();
  const apply = given instanceof LinearOperator ? (r: Tensor) => given.apply(r) : given;
  return (r) => space.entries(apply(space.tensor(r.slice()))).slice();
}

export function subtract(x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] = x[i]! - y[i]!;
}
