// Diagonally implicit Runge-Kutta methods, alone (stiff problems) or with an explicit method for a part that is not stiff.

import { StepMemory } from "../controller.ts";
import { hermiteSegment, type Segment } from "../dense.ts";
import { initialStepOf } from "../initialStep.ts";
import {
  type AnyFields,
  allFinite,
  type OdeMethod,
  type Outcome,
  type Problem,
  type RightHandSide,
  type Stepper,
} from "../problem.ts";
import { type Factored, type ImplicitOptions, ImplicitSystem, NewtonWatch } from "./system.ts";
import { type AdditiveTableau, ARK4, ARS222, ARS443, ESDIRK4, SDIRK4 } from "./tableau.ts";
import { diagonalStep, diagonalTrial } from "./tracedSteps.ts";

const MOST_ITERATIONS = 8;

type Side = RightHandSide<unknown, unknown>;

/** The state at the end of a step and what its stages were. */
interface Stages {
  readonly y: Float64Array;
  readonly implicit: readonly Float64Array[];
  readonly explicit: readonly Float64Array[];
}

class AdditiveStepper implements Stepper {
  t: number;
  y: Float64Array;
  readonly isStarted: boolean;
  readonly #tableau: AdditiveTableau;
  readonly #stiff: ImplicitSystem;
  readonly #other: ImplicitSystem | null;
  readonly #memory: StepMemory | null;
  #stiffSlope: Float64Array;
  #otherSlope: Float64Array | null;
  #size: number;
  #jacobian: Float64Array | null = null;
  #isCurrent = false;
  #factors: Factored | null = null;
  #factoredFor = 0;
  #slowest = 0;
  #last: { t: number; y: Float64Array; slope: Float64Array } | null = null;

  constructor(
    problem: Problem,
    implicit: Side,
    explicit: Side | null,
    tableau: AdditiveTableau,
    options: ImplicitOptions,
  ) {
    const { controller } = problem;
    this.#tableau = tableau;
    if (controller.kind === "pid" && !tableau.error) problem.fixedStep(tableau.name);
    this.#stiff = new ImplicitSystem(problem, implicit, explicit ? "implicit" : "f", options);
    this.#other = explicit ? new ImplicitSystem(problem, explicit, "explicit") : null;
    this.t = problem.t0;
    this.y = problem.y0;
    this.#stiffSlope = this.#stiff.slope(this.t, this.y);
    this.#otherSlope = this.#other?.slope(this.t, this.y) ?? null;
    const slope = this.#slope();
    this.isStarted = allFinite(slope);
    this.#memory = controller.kind === "pid" ? new StepMemory(controller, tableau.errorOrder + 1) : null;
    const both = (t: number, y: Float64Array): Float64Array => {
      const stiff = this.#stiff.slope(t, y);
      const other = this.#other?.slope(t, y);
      return other ? stiff.map((value, i) => value + other[i]!) : stiff;
    };
    this.#size =
      controller.kind === "constant"
        ? controller.step
        : initialStepOf(problem, both, slope, tableau.errorOrder);
  }

  /** The whole slope at the present time. */
  #slope(): Float64Array {
    const other = this.#otherSlope;
    return other ? this.#stiffSlope.map((value, i) => value + other[i]!) : this.#stiffSlope;
  }

  attempt(): Outcome {
    const { problem, n } = this.#stiff;
    const wanted = Math.min(this.#size, problem.maxStep);
    if (problem.isTooSmall(this.t, wanted)) return "stepTooSmall";
    const { end, h } = problem.bound(this.t, wanted);
    const size = Math.abs(h);
    const stages = this.#stages(h);
    const shrink = (error: number): Outcome => {
      if (!this.#memory) return "notFinite";
      this.#size = size * (Number.isNaN(error) ? 0.5 : this.#memory.reject(error));
      return !Number.isFinite(error) && problem.isTooSmall(this.t, this.#size) ? "notFinite" : "rejected";
    };
    if (!stages || !allFinite(stages.y)) return shrink(Number.NaN);
    let ratio = 0;
    if (this.#memory) {
      const estimate = new Float64Array(n);
      this.#tableau.error!.forEach((weight, s) => {
        for (let i = 0; i < n; i++)
          estimate[i]! += h * weight * (stages.implicit[s]![i]! + (stages.explicit[s]?.[i] ?? 0));
      });
      ratio = this.#stiff.norm(estimate, this.y, stages.y);
      if (!(ratio <= 1)) return shrink(ratio);
    }
    const before = { t: this.t, y: this.y, slope: this.#slope() };
    // A last stage at the end of the step is its slope already.
    const { c, b, implicit } = this.#tableau;
    const isStifflyAccurate =
      c.at(-1) === 1 && implicit.at(-1)!.every((value, i) => value === b[i]) && !this.#other;
    const stiff = isStifflyAccurate ? stages.implicit.at(-1)! : this.#stiff.slope(end, stages.y);
    const other = this.#other?.slope(end, stages.y) ?? null;
    if (!allFinite(stiff) || (other && !allFinite(other))) return shrink(Number.NaN);
    this.#last = before;
    this.#stiffSlope = stiff;
    this.#otherSlope = other;
    this.t = end;
    this.y = stages.y;
    // Iterations that converge slowly ask for a Jacobian from here.
    if (this.#slowest > 0.1) this.#jacobian = null;
    this.#isCurrent = false;
    if (this.#memory) this.#size = size * this.#memory.accept(ratio, size);
    return "accepted";
  }

  #stages(h: number): Stages | null {
    for (;;) {
      if (!this.#jacobian) {
        this.#jacobian = this.#stiff.jacobian(this.t, this.y);
        if (!this.#jacobian) return null;
        this.#isCurrent = true;
        this.#factoredFor = 0;
      }
      const gamma = this.#tableau.implicit.at(-1)!.at(-1)!;
      // Factors serve steps a little longer or shorter than theirs.
      if (!(Math.abs(this.#factoredFor - h) < 0.05 * Math.abs(h))) {
        this.#factors = this.#stiff.factor(this.#jacobian, gamma * h, 1);
        this.#factoredFor = h;
      }
      this.#slowest = 0;
      const found = this.#factors && this.#through(h, this.#factors);
      if (found) return found;
      if (this.#isCurrent && this.#factoredFor === h) return null;
      if (!this.#isCurrent) this.#jacobian = null;
      this.#factoredFor = 0;
    }
  }

  /** One stage after the other; null when Newton's method does not converge. */
  #through(h: number, factors: Factored): Stages | null {
    const { t, y } = this;
    const { n } = this.#stiff;
    const { c, implicit, explicit, b, explicitB } = this.#tableau;
    const stiff: Float64Array[] = [];
    const other: Float64Array[] = [];
    const add = (to: Float64Array, weights: readonly number[], slopes: readonly Float64Array[]): void => {
      slopes.forEach((slope, s) => {
        const factor = h * (weights[s] ?? 0);
        if (factor !== 0) for (let i = 0; i < n; i++) to[i]! += factor * slope[i]!;
      });
    };
    for (let s = 0; s < c.length; s++) {
      const diagonal = implicit[s]![s]!;
      const time = t + c[s]! * h;
      if (s === 0 && diagonal === 0) {
        stiff.push(this.#stiffSlope);
        if (this.#otherSlope) other.push(this.#otherSlope);
        continue;
      }
      const base = y.slice();
      add(base, implicit[s]!, stiff);
      if (explicit) add(base, explicit[s]!, other);
      const guess = base.slice();
      const last = stiff.at(-1) ?? this.#stiffSlope;
      for (let i = 0; i < n; i++) guess[i]! += h * diagonal * last[i]!;
      const state = this.#newton(time, base, guess, h * diagonal, factors);
      if (!state) return null;
      stiff.push(state.map((value, i) => (value - base[i]!) / (h * diagonal)));
      if (this.#other) other.push(this.#other.slope(time, state));
    }
    const end = y.slice();
    add(end, b, stiff);
    add(end, explicitB, other);
    return { y: end, implicit: stiff, explicit: other };
  }

  /** The root of x = base + factor·f(t, x). */
  #newton(
    t: number,
    base: Float64Array,
    guess: Float64Array,
    factor: number,
    factors: Factored,
  ): Float64Array | null {
    const system = this.#stiff;
    const x = guess;
    // Errors of the stages add up in the estimate: they are kept well below it.
    const watch = new NewtonWatch(0.1 * system.newtonTolerance, MOST_ITERATIONS);
    for (;;) {
      const slope = system.slope(t, x.slice());
      const step = slope.map((value, i) => base[i]! + factor * value - x[i]!);
      factors.solve(step);
      const state = watch.next(system.norm(step, this.y, x));
      if (state === "failed") return null;
      for (let i = 0; i < x.length; i++) x[i]! += step[i]!;
      this.#slowest = Math.max(this.#slowest, watch.rate);
      if (state === "done") return x;
    }
  }

  segment(): Segment {
    const { t, y, slope } = this.#last!;
    return hermiteSegment(t, this.t, y, this.y, slope, this.#slope());
  }
}

const plainMethod = (tableau: AdditiveTableau, options: ImplicitOptions): OdeMethod<"plain"> => ({
  name: tableau.name,
  kind: "plain",
  order: tableau.order,
  start: (problem, field) => new AdditiveStepper(problem, field, null, tableau, options),
  step: (f, t, h, y) => diagonalStep(tableau, { stiff: f, other: null }, { t, h, y }),
  trial: (input) => diagonalTrial(tableau, input),
  errorPower: tableau.errorOrder + 1,
});

const splitMethod = (tableau: AdditiveTableau, options: ImplicitOptions): OdeMethod<"split"> => ({
  name: tableau.name,
  kind: "split",
  order: tableau.order,
  start: (problem, { implicit, explicit }: AnyFields["split"]) =>
    new AdditiveStepper(problem, implicit, explicit, tableau, options),
  step: ({ implicit, explicit }, t, h, y) =>
    diagonalStep(tableau, { stiff: implicit, other: explicit }, { t, h, y }),
});

/** Hairer and Wanner's singly diagonally implicit method of order 4 with an estimate of order 3, L-stable; for stiff problems. */
export const sdirk4 = (options: ImplicitOptions = {}): OdeMethod<"plain"> => plainMethod(SDIRK4, options);

/** Kennedy and Carpenter's method of order 4(3) with an explicit first stage, L-stable and of stage order 2; for stiff problems. */
export const esdirk4 = (options: ImplicitOptions = {}): OdeMethod<"plain"> => plainMethod(ESDIRK4, options);

/**
 * Kennedy and Carpenter's additive pair of order 4(3): takes `{ explicit, implicit }`, whose sum is the right-hand side and of
 * which only the implicit part may be stiff.
 */
export const ark4 = (options: ImplicitOptions = {}): OdeMethod<"split"> => splitMethod(ARK4, options);

/** Ascher, Ruuth and Spiteri's implicit-explicit method of order 2; needs `constantStep(h)`. */
export const ars222 = (options: ImplicitOptions = {}): OdeMethod<"split"> => splitMethod(ARS222, options);

/** Ascher, Ruuth and Spiteri's implicit-explicit method of order 3; needs `constantStep(h)`. */
export const ars443 = (options: ImplicitOptions = {}): OdeMethod<"split"> => splitMethod(ARS443, options);
