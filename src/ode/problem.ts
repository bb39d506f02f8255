// What steppers know of a problem: vectors, tolerances, and functions compiled once.

import { jit } from "../compiler/jit.ts";
import { tensor } from "../tensor/create.ts";
import { DomainError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Controller } from "./controller.ts";
import type { Segment } from "./dense.ts";
import { type Layout, ravelState, unravelState } from "./state.ts";

/** dy/dt as a function of the time (a scalar), the state (a tree) and further arguments; returns a tree like the state. */
export type RightHandSide<Y, A> = (t: Tensor, y: Y, args: A) => Y;

/** A right-hand side in two parts: one to be treated explicitly, the other, stiff one implicitly. */
export interface SplitField<Y, A> {
  readonly explicit: RightHandSide<Y, A>;
  readonly implicit: RightHandSide<Y, A>;
}

/** dy/dt = L·y + N(t, y) with L a matrix `[n, n]`, or `[n]` when it is diagonal, on the vector of the state. */
export interface SemilinearField<Y, A> {
  readonly linear: Tensor;
  readonly nonlinear: RightHandSide<Y, A>;
}

/** q' = velocity(t, p), p' = force(t, q): a separable Hamiltonian system, whose state is `{ q, p }`. */
export interface HamiltonianField<Y, A> {
  readonly velocity: (t: Tensor, p: Part<Y, "p">, args: A) => Part<Y, "q">;
  readonly force: (t: Tensor, q: Part<Y, "q">, args: A) => Part<Y, "p">;
}
type Part<Y, K extends "q" | "p"> = Y extends { readonly [P in K]: infer V } ? V : never;

/** Exact or numerical flows of parts of a right-hand side: the state after a time `h`, from time `t` on. */
export interface SplitFlows<Y, A> {
  readonly flows: readonly ((h: Tensor, y: Y, t: Tensor, args: A) => Y)[];
}

/** What a method takes as the right-hand side. */
export interface Fields<Y, A> {
  readonly plain: RightHandSide<Y, A>;
  readonly split: SplitField<Y, A>;
  readonly semilinear: SemilinearField<Y, A>;
  readonly hamiltonian: HamiltonianField<Y, A>;
  readonly flows: SplitFlows<Y, A>;
}
export type FieldKind = keyof Fields<unknown, unknown>;

/** A field of some kind before its types matter. */
export type AnyFields = Fields<unknown, unknown>;

/** Why no further step was made. */
export type Failure = "stepTooSmall" | "notFinite";
export type Outcome = "accepted" | "rejected" | Failure;

export interface Statistics {
  /** Trial steps: accepted and rejected ones. */
  steps: number;
  accepted: number;
  rejected: number;
  /** Of the right-hand side. */
  evaluations: number;
  jacobians: number;
  /** Of matrices of Newton's method. */
  factorizations: number;
}

/** A method at work: it holds time and state and moves them on, one trial step at a time. */
export interface Stepper {
  readonly t: number;
  /** The state: one entry per number, two where it is complex. */
  readonly y: Float64Array;
  /** The slope at the start holds only numbers; without it there is nothing to do. */
  readonly isStarted: boolean;
  attempt(): Outcome;
  /** The inside of the last accepted step; only where the problem `isDense`. */
  segment(): Segment;
}

/** A method as a value. */
export interface OdeMethod<K extends FieldKind = FieldKind> {
  readonly name: string;
  readonly kind: K;
  readonly order: number;
  readonly start: (problem: Problem, field: AnyFields[K]) => Stepper;
  /** One step without error control as tensor operations, on vectors, where the method can be traced. */
  readonly step?: (field: VectorFields[K], t: Tensor, h: Tensor, y: Tensor) => Tensor;
  /** One step with its error in units of the tolerance, given the slope at its start. */
  readonly trial?: (input: TrialInput) => TrialOutput;
  /** The power of the step that the error estimate is proportional to. */
  readonly errorPower?: number;
  /** Of the right-hand side, in a trial of an explicit method. */
  readonly evaluations?: number;
}

export interface TrialInput {
  readonly f: (t: Tensor, y: Tensor, args: unknown) => Tensor;
  readonly args: unknown;
  readonly t: Tensor;
  readonly h: Tensor;
  readonly y: Tensor;
  readonly slope: Tensor;
  readonly rtol: Tensor;
  readonly atol: Tensor;
}

export interface TrialOutput {
  readonly y: Tensor;
  readonly slope: Tensor;
  readonly error: Tensor;
}

type VectorFunction = (t: Tensor, y: Tensor) => Tensor;

/** Fields on vectors, with their arguments inside. */
export interface VectorFields {
  readonly plain: VectorFunction;
  readonly split: { readonly explicit: VectorFunction; readonly implicit: VectorFunction };
  readonly semilinear: { readonly linear: Tensor; readonly nonlinear: VectorFunction };
  /** Both give slopes of the whole state: zeros for p beside velocities, zeros for q beside forces. */
  readonly hamiltonian: { readonly velocity: VectorFunction; readonly force: VectorFunction };
  readonly flows: { readonly flows: readonly ((h: Tensor, y: Tensor, t: Tensor) => Tensor)[] };
}

/** A right-hand side of trees as one of vectors. */
export const vectorField =
  (
    layout: Layout,
    f: (t: Tensor, y: never, args: never) => unknown,
    args: unknown,
    what: string,
  ): VectorFunction =>
  (t, y) =>
    ravelState(layout, f(t, unravelState<never>(layout, y), args as never), what);

export interface ProblemOptions {
  readonly layout: Layout;
  readonly t0: number;
  readonly t1: number;
  readonly y0: Float64Array;
  readonly rtol: number;
  readonly atol: Tensor;
  readonly args: unknown;
  readonly controller: Controller;
  readonly initialStep: number | undefined;
  readonly maxStep: number;
  readonly isDense: boolean;
  readonly compiles: boolean;
  /** What compiled functions are kept under: the functions that the user gave. */
  readonly owner: object;
}

/** Compiled functions live as long as the function that they were made of. */
const kept = new WeakMap<object, Map<string, (...args: never[]) => unknown>>();

export class Problem {
  readonly layout: Layout;
  /** Entries of the state: twice the numbers where they are complex. */
  readonly entries: number;
  readonly width: 1 | 2;
  readonly t0: number;
  readonly t1: number;
  readonly direction: 1 | -1;
  readonly y0: Float64Array;
  readonly rtol: number;
  readonly rtolTensor: Tensor;
  /** A scalar, or one number per number of the state. */
  readonly atol: Tensor;
  readonly args: unknown;
  readonly controller: Controller;
  readonly initialStep: number | undefined;
  readonly maxStep: number;
  readonly isDense: boolean;
  readonly statistics: Statistics = {
    steps: 0,
    accepted: 0,
    rejected: 0,
    evaluations: 0,
    jacobians: 0,
    factorizations: 0,
  };
  readonly #compiles: boolean;
  readonly #owner: object;

  constructor(options: ProblemOptions) {
    this.layout = options.layout;
    this.width = options.layout.dtype === "complex128" ? 2 : 1;
    this.entries = options.layout.size * this.width;
    this.t0 = options.t0;
    this.t1 = options.t1;
    this.direction = options.t1 >= options.t0 ? 1 : -1;
    this.y0 = options.y0;
    this.rtol = options.rtol;
    this.rtolTensor = tensor(options.rtol);
    this.atol = options.atol;
    this.args = options.args;
    this.controller = options.controller;
    this.initialStep = options.initialStep;
    this.maxStep = options.maxStep;
    this.isDense = options.isDense;
    this.#compiles = options.compiles;
    this.#owner = options.owner;
  }

  /** The tensor of a vector's entries, which nobody may write to again. */
  vector(entries: Float64Array): Tensor {
    return new Tensor(entries, [entries.length / this.width], this.layout.dtype);
  }

  /** A function compiled under a name; the same one for the same user's function, state and name. */
  compile<P extends readonly unknown[], R>(name: string, f: (...args: P) => R): (...args: P) => R {
    if (!this.#compiles) return f;
    let functions = kept.get(this.#owner);
    if (!functions) {
      functions = new Map();
      kept.set(this.#owner, functions);
    }
    const key = `${name}|${this.layout.signature}`;
    let compiled = functions.get(key) as ((...args: P) => R) | undefined;
    if (!compiled) {
      compiled = jit(f);
      functions.set(key, compiled as never);
    }
    return compiled;
  }

  /** A function compiled for this solution alone. */
  compileOnce<P extends readonly unknown[], R>(f: (...args: P) => R): (...args: P) => R {
    return this.#compiles ? jit(f) : f;
  }

  /** The next step's end and length: cut at t1, and not left with a crumb before it. */
  bound(t: number, size: number): { readonly end: number; readonly h: number } {
    const left = Math.abs(this.t1 - t);
    if (size * (1 + 1e-9) >= left) return { end: this.t1, h: this.t1 - t };
    const end = t + this.direction * size;
    return { end, h: end - t };
  }

  /** Whether steps of this size would be lost in the rounding of the time. */
  isTooSmall(t: number, size: number): boolean {
    return !(size > 10 * Number.EPSILON * Math.abs(t) && size > Number.MIN_VALUE * 2 ** 52);
  }

  /** The constant step, for methods that know no error. Throws DomainError when the controller is another. */
  fixedStep(method: string): number {
    if (this.controller.kind === "constant") return this.controller.step;
    throw new DomainError(
      `solveOde: method ${method} has no error estimate; give controller: constantStep(h), or take another method`,
    );
  }
}

/** A known number as a tensor, made faster than by `tensor()`. */
export const scalar = (value: number): Tensor => new Tensor(Float64Array.of(value), [], "float64");

export const allFinite = (data: Float64Array): boolean => {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return false;
  return true;
};
