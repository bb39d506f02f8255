// Backward differentiation formulas of orders 1 to 5.

import type { Segment } from "../dense.ts";
import { initialStepOf } from "../initialStep.ts";
import {
  type AnyFields,
  allFinite,
  type OdeMethod,
  type Outcome,
  type Problem,
  type Stepper,
} from "../problem.ts";
import { type Factored, type ImplicitOptions, ImplicitSystem, NewtonWatch } from "./system.ts";

const HIGHEST = 5;
const MOST_ITERATIONS = 4;

/** Parameters of the numerical differentiation formulas, which trade some stability of BDF for smaller errors. */
const KAPPA = [0, -0.185, -1 / 9, -0.0823, -0.0415, 0];
/** Harmonic numbers. */
const GAMMA = [0, 1, 3 / 2, 11 / 6, 25 / 12, 137 / 60];
const ALPHA = GAMMA.map((gamma, k) => (1 - KAPPA[k]!) * gamma);
const ERROR = GAMMA.map((gamma, k) => KAPPA[k]! * gamma + 1 / (k + 1));

/** The matrix that turns backward differences for steps of one length into those for steps `factor` times as long. */
function rescaling(order: number, factor: number): number[][] {
  const products = (ratio: number): number[][] => {
    const rows = [new Array<number>(order + 1).fill(1)];
    for (let i = 1; i <= order; i++)
      rows.push(
        Array.from({ length: order + 1 }, (_, j) =>
          j === 0 ? 0 : (rows[i - 1]![j]! * (i - 1 - ratio * j)) / i,
        ),
      );
    return rows;
  };
  const r = products(factor);
  const u = products(1);
  return r.map((row) => u[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * u[k]![j]!, 0)));
}

class BdfStepper implements Stepper {
  t: number;
  y: Float64Array;
  readonly isStarted: boolean;
  readonly #system: ImplicitSystem;
  readonly #highest: number;
  /** Backward differences of the state, from order 0 on. */
  readonly #differences: Float64Array[];
  #order = 1;
  #equalSteps = 0;
  #size: number;
  #jacobian: Float64Array | null = null;
  #isCurrent = false;
  #factors: Factored | null = null;
  #last: { start: number; end: number; size: number } = { start: 0, end: 0, size: 0 };
  /** What the segment of the last step is made of, before order and length change. */
  #kept: { order: number; differences: readonly Float64Array[] } = { order: 1, differences: [] };

  constructor(problem: Problem, field: AnyFields["plain"], options: ImplicitOptions, highest: number) {
    this.#system = new ImplicitSystem(problem, field, "f", options);
    this.#highest = highest;
    this.t = problem.t0;
    this.y = problem.y0;
    const slope = this.#system.slope(this.t, this.y);
    this.isStarted = allFinite(slope);
    this.#size =
      problem.controller.kind === "constant"
        ? problem.controller.step
        : initialStepOf(problem, (t, y) => this.#system.slope(t, y), slope, 1);
    const n = this.#system.n;
    this.#differences = Array.from({ length: HIGHEST + 3 }, () => new Float64Array(n));
    this.#differences[0]!.set(this.y);
    this.#differences[1]!.set(slope.map((value) => value * this.#size * problem.direction));
  }

  /** Another step length: the differences belong to it, and the matrix of Newton's method changes. */
  #rescale(size: number): void {
    const matrix = rescaling(this.#order, size / this.#size);
    const old = this.#differences.slice(0, this.#order + 1).map((d) => d.slice());
    for (let j = 0; j <= this.#order; j++) {
      const d = this.#differences[j]!.fill(0);
      for (let k = 0; k <= this.#order; k++) {
        const factor = matrix[k]![j]!;
        if (factor !== 0) for (let i = 0; i < d.length; i++) d[i]! += factor * old[k]![i]!;
      }
    }
    this.#size = size;
    this.#equalSteps = 0;
    this.#factors = null;
  }

  attempt(): Outcome {
    const system = this.#system;
    const { problem, n } = system;
    const { t } = this;
    const isFixed = problem.controller.kind === "constant";
    if (this.#size > problem.maxStep) this.#rescale(problem.maxStep);
    if (problem.isTooSmall(t, this.#size)) return "stepTooSmall";
    const { end, h } = problem.bound(t, this.#size);
    if (end === problem.t1 && Math.abs(Math.abs(h) - this.#size) > 1e-9 * this.#size)
      this.#rescale(Math.abs(h));
    const order = this.#order;
    const d = this.#differences;
    const predicted = new Float64Array(n);
    const psi = new Float64Array(n);
    for (let k = 0; k <= order; k++)
      for (let i = 0; i < n; i++) {
        predicted[i]! += d[k]![i]!;
        psi[i]! += (GAMMA[k]! / ALPHA[order]!) * d[k]![i]!;
      }
    const c = h / ALPHA[order]!;
    const solved = this.#solve(end, predicted, psi, c);
    const fail = (factor: number, isBroken: boolean): Outcome => {
      if (isFixed) return "notFinite";
      this.#rescale(this.#size * factor);
      return isBroken && problem.isTooSmall(t, this.#size) ? "notFinite" : "rejected";
    };
    if (!solved) return fail(0.5, true);
    const { correction, watch } = solved;
    const next = predicted.map((value, i) => value + correction[i]!);
    const safety = (0.9 * (2 * MOST_ITERATIONS + 1)) / (2 * MOST_ITERATIONS + watch.iterations);
    const sizeOf = (constant: number, x: Float64Array): number => Math.abs(constant) * system.norm(x, next);
    const error = sizeOf(ERROR[order]!, correction);
    if (!isFixed && !(error <= 1)) {
      if (!Number.isFinite(error)) return fail(0.2, true);
      return fail(Math.max(0.2, safety * error ** (-1 / (order + 1))), false);
    }
    this.#isCurrent = false;
    this.#equalSteps++;
    // The correction is the difference of order + 1 at the new time; the others follow by adding.
    for (let i = 0; i < n; i++) {
      d[order + 2]![i] = correction[i]! - d[order + 1]![i]!;
      d[order + 1]![i] = correction[i]!;
    }
    for (let k = order; k >= 0; k--) for (let i = 0; i < n; i++) d[k]![i]! += d[k + 1]![i]!;
    this.#last = { start: t, end, size: h };
    if (problem.isDense) this.#kept = { order, differences: d.slice(0, order + 1).map((x) => x.slice()) };
    this.t = end;
    this.y = next;
    if (this.#equalSteps <= order) return "accepted";
    // After enough equal steps: the order, and the step, with which the next error would allow the longest.
    const errors = [
      order > 1 ? sizeOf(ERROR[order - 1]!, d[order]!) : Number.POSITIVE_INFINITY,
      error,
      order < this.#highest ? sizeOf(ERROR[order + 1]!, d[order + 2]!) : Number.POSITIVE_INFINITY,
    ];
    const factors = errors.map((value, i) => (value === 0 ? 1e3 : value ** (-1 / (order + i))));
    const best = isFixed ? 2 - (order < this.#highest ? 0 : 1) : factors.indexOf(Math.max(...factors));
    this.#order = order + best - 1;
    this.#rescale(isFixed ? this.#size : this.#size * Math.min(10, safety * factors[best]!));
    return "accepted";
  }

  /** The difference between the new state and what was predicted, by simplified Newton iterations. */
  #solve(
    end: number,
    predicted: Float64Array,
    psi: Float64Array,
    c: number,
  ): { correction: Float64Array; watch: NewtonWatch } | null {
    const system = this.#system;
    for (;;) {
      if (!this.#jacobian) {
        this.#jacobian = system.jacobian(end, predicted);
        if (!this.#jacobian) return null;
        this.#isCurrent = true;
        this.#factors = null;
      }
      this.#factors ??= system.factor(this.#jacobian, c, 1);
      const found = this.#factors && this.#iterate(end, predicted, psi, c, this.#factors);
      if (found) return found;
      if (this.#isCurrent) {
        this.#isCurrent = false;
        return null;
      }
      this.#jacobian = null;
    }
  }

  #iterate(
    end: number,
    predicted: Float64Array,
    psi: Float64Array,
    c: number,
    factors: Factored,
  ): { correction: Float64Array; watch: NewtonWatch } | null {
    const system = this.#system;
    const correction = new Float64Array(system.n);
    const watch = new NewtonWatch(system.newtonTolerance, MOST_ITERATIONS);
    for (;;) {
      const slope = system.slope(
        end,
        predicted.map((value, i) => value + correction[i]!),
      );
      const step = slope.map((value, i) => c * value - psi[i]! - correction[i]!);
      factors.solve(step);
      const state = watch.next(system.norm(step, predicted));
      if (state === "failed") return null;
      for (let i = 0; i < step.length; i++) correction[i]! += step[i]!;
      if (state === "done") return { correction, watch };
    }
  }

  /** Newton's polynomial through the last states, by their backward differences. */
  segment(): Segment {
    const { start, end, size } = this.#last;
    const { order, differences } = this.#kept;
    return {
      start,
      end,
      at: (t) => {
        const out = differences[0]!.slice();
        let product = 1;
        for (let k = 1; k <= order; k++) {
          product *= (t - (end - size * (k - 1))) / (size * k);
          const d = differences[k]!;
          for (let i = 0; i < out.length; i++) out[i]! += product * d[i]!;
        }
        return out;
      },
    };
  }
}

export interface BdfOptions extends ImplicitOptions {
  /** 5 unless told; orders 1 and 2 are A-stable. */
  readonly maxOrder?: 1 | 2 | 3 | 4 | 5;
}

/**
 * Backward differentiation formulas of variable order 1 to 5 for stiff problems, in the form of numerical
 * differentiation formulas with quasi-constant steps and their own control of order and step: one system of the size of the
 * state per Newton iteration, and few evaluations per step. O(n³) per factorization.
 *
 * Source: Shampine and Reichelt, The MATLAB ODE suite (1997); Byrne and Hindmarsh (1975) for the change of steps.
 */
export const bdf = (options: BdfOptions = {}): OdeMethod<"plain"> => ({
  name: "bdf",
  kind: "plain",
  order: options.maxOrder ?? HIGHEST,
  start: (problem, field) => new BdfStepper(problem, field, options, options.maxOrder ?? HIGHEST),
});
