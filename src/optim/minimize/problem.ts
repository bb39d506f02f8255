// A function of a tree as a function of one vector of numbers: what minimizers that run in JavaScript work on.

import { asTensor } from "../../ops/operands.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { valueAndGrad } from "../../transform/gradient.ts";
import { hvp } from "../../transform/products.ts";

export interface MinimizeProgress {
  readonly iteration: number;
  readonly value: number;
  /** The largest element of the gradient, in size; NaN for methods without gradients. */
  readonly gradientNorm: number;
}

export interface MinimizeOptions {
  /** Largest element of the gradient, in size, at which iteration ends. 1e-5 unless told. */
  readonly gtol?: number;
  /** 200 per parameter unless told. */
  readonly maxIterations?: number;
  /** Most evaluations of the function; no bound unless told. Checked between iterations. */
  readonly maxEvaluations?: number;
  readonly onProgress?: (progress: MinimizeProgress) => void;
  /** Checked before every iteration. */
  readonly signal?: AbortSignal;
}

/** Why a minimizer ended. Only "tolerance" is convergence. */
export type MinimizeReason = "tolerance" | "maxIterations" | "maxEvaluations" | "noDescent";

export interface MinimizeResult<P> {
  readonly x: P;
  readonly value: number;
  readonly gradient: P;
  readonly iterations: number;
  /** How often the function (and its gradient, where the method takes it) was computed. */
  readonly evaluations: number;
  readonly converged: boolean;
  readonly reason: MinimizeReason;
}

/** A point with what is known there. */
export interface Place {
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

/** A tree as a vector of float64, and back. */
export class Packing<P> {
  readonly size: number;
  readonly #leaves: readonly Tensor[];
  readonly #rebuild: (parts: readonly Tensor[]) => P;
  readonly start: P;

  /** Throws DTypeError unless all leaves are real floats, DomainError when there are none. */
  constructor(name: string, x0: P) {
    this.start = (typeof x0 === "number" ? asTensor(x0) : x0) as P;
    const { leaves, structure } = tree.flatten(this.start);
    leaves.forEach(({ dtype }, i) => {
      if (!isFloat(dtype))
        throw new DTypeError(
          `${name}: x0${structure.paths[i]}: real floating-point numbers were expected, got ${dtype}`,
        );
    });
    this.size = leaves.reduce((sum, { size }) => sum + size, 0);
    if (this.size === 0) throw new DomainError(`${name}: x0 holds no numbers`);
    this.#leaves = leaves;
    this.#rebuild = (parts) => tree.unflatten<P>(structure, parts);
  }

  pack(p: P): Float64Array {
    const flat = new Float64Array(this.size);
    let at = 0;
    for (const leaf of tree.leaves(p)) {
      flat.set(leaf.astype("float64").data() as Float64Array, at);
      at += leaf.size;
    }
    return flat;
  }

  unpack(flat: Float64Array): P {
    let at = 0;
    return this.#rebuild(
      this.#leaves.map(({ size, shape, dtype }) => {
        const part = fromTypedArray(flat.slice(at, at + size), shape, "float64");
        at += size;
        return part.astype(dtype);
      }),
    );
  }
}

/** The function, its options checked, and the counters of a run. */
export class MinimizeProblem<P> {
  readonly packing: Packing<P>;
  readonly gtol: number;
  readonly #name: string;
  readonly #f: (x: P) => Tensor;
  readonly #differentiate: (x: P) => { readonly value: Tensor; readonly grad: unknown };
  readonly #options: MinimizeOptions;
  readonly #maxIterations: number;
  iterations = 0;
  evaluations = 0;

  constructor(name: string, f: (x: P) => Tensor, x0: P, options: MinimizeOptions) {
    this.packing = new Packing(name, x0);
    const { gtol = 1e-5, maxIterations = 200 * this.packing.size, maxEvaluations } = options;
    if (!(gtol >= 0)) throw new DomainError(`${name}: gtol >= 0 was expected, got ${gtol}`);
    if (!(Number.isInteger(maxIterations) && maxIterations >= 0))
      throw new DomainError(`${name}: maxIterations: an integer >= 0 was expected, got ${maxIterations}`);
    if (maxEvaluations !== undefined && !(maxEvaluations > 0))
      throw new DomainError(`${name}: maxEvaluations: a positive number was expected, got ${maxEvaluations}`);
    this.gtol = gtol;
    this.#name = name;
    this.#f = f;
    this.#differentiate = valueAndGrad<readonly [P]>(f);
    this.#options = options;
    this.#maxIterations = maxIterations;
  }

  /** The function at the start. Throws DomainError when it or its gradient is not finite. */
  first(): Place {
    const place = this.at(this.packing.pack(this.packing.start));
    if (!Number.isFinite(place.value) || !place.gradient.every(Number.isFinite))
      throw new DomainError(
        `${this.#name}: the function is ${place.value} at x0, or its gradient is not finite`,
      );
    return place;
  }

  at(x: Float64Array): Place {
    this.evaluations++;
    const { value, grad } = this.#differentiate(this.packing.unpack(x));
    return { x, value: value.item(), gradient: this.packing.pack(grad as P) };
  }

  /** The value alone. */
  valueAt(x: Float64Array): number {
    this.evaluations++;
    return this.#f(this.packing.unpack(x)).item();
  }

  /** The product of the Hessian at x with v. */
  hessianTimes(x: Float64Array, v: Float64Array): Float64Array {
    const { product } = hvp(this.#f, this.packing.unpack(x), this.packing.unpack(v));
    return this.packing.pack(product);
  }

  /** Whether a further iteration is allowed. Throws AbortedError when the caller says so. */
  goesOn(): boolean {
    checkAborted(this.#options.signal, this.#name);
    return this.stopped() === null;
  }

  stopped(): "maxIterations" | "maxEvaluations" | null {
    if (this.iterations >= this.#maxIterations) return "maxIterations";
    return this.evaluations >= (this.#options.maxEvaluations ?? Number.POSITIVE_INFINITY)
      ? "maxEvaluations"
      : null;
  }

  /** Counts an iteration and reports it. */
  advance(value: number, gradientNorm: number): void {
    this.iterations++;
    this.#options.onProgress?.({ iteration: this.iterations, value, gradientNorm });
  }

  finish({ x, value, gradient }: Place, converged: boolean): MinimizeResult<P> {
    return {
      x: this.packing.unpack(x),
      value,
      gradient: this.packing.unpack(gradient),
      iterations: this.iterations,
      evaluations: this.evaluations,
      converged,
      reason: converged ? "tolerance" : (this.stopped() ?? "noDescent"),
    };
  }
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The largest element in size; NaN when there is one. */
export function largest(a: Float64Array): number {
  let top = 0;
  for (let i = 0; i < a.length; i++) top = Math.max(top, Math.abs(a[i]!));
  return top;
}
