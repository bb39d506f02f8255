// Radau IIA of order 5.

import { PolynomialSegment, type Segment } from "../dense.ts";
import { initialStepOf } from "../initialStep.ts";
import {
  type AnyFields,
  allFinite,
  type OdeMethod,
  type Outcome,
  type Problem,
  type Stepper,
} from "../problem.ts";
import { RADAU_C, RADAU_ERROR, RADAU_IM, RADAU_RE, RADAU_REAL } from "./radauTableau.ts";
import { type Factored, type ImplicitOptions, ImplicitSystem, NewtonWatch } from "./system.ts";
import { radauStep, radauTrial } from "./tracedSteps.ts";

const S6 = Math.sqrt(6);
/** Its eigenvectors, those of the pair as real and imaginary part, and their inverse. */
const T = [
  [0.09443876248897524, -0.14125529502095421, 0.03002919410514742],
  [0.25021312296533332, 0.20412935229379994, -0.38294211275726192],
  [1, 1, 0],
] as const;
const TI = [
  [4.178718591551904, 0.32768282076106237, 0.52337644549944951],
  [-4.178718591551904, -0.32768282076106237, 0.47662355450055044],
  [0.5028726349457868, -2.571926949855605, 0.59603920482822492],
] as const;

/** Coefficients of θ, θ², θ³ of the collocation polynomial, for each stage. */
const P = [
  [(13 + 7 * S6) / 3, (-23 - 22 * S6) / 3, 10 / 3 + 5 * S6],
  [(13 - 7 * S6) / 3, (-23 + 22 * S6) / 3, 10 / 3 - 5 * S6],
  [1 / 3, -8 / 3, 10 / 3],
] as const;

const MOST_ITERATIONS = 6;

class RadauStepper implements Stepper {
  t: number;
  y: Float64Array;
  readonly isStarted: boolean;
  readonly #system: ImplicitSystem;
  #slope: Float64Array;
  #size: number;
  #jacobian: Float64Array | null = null;
  #isCurrent = false;
  /** Factors for steps of length `#factoredFor`. */
  #real: Factored | null = null;
  #complex: Factored | null = null;
  #factoredFor = 0;
  #segment: Segment | null = null;
  #last: { size: number; error: number } | null = null;
  #wasRejected = false;

  constructor(problem: Problem, field: AnyFields["plain"], options: ImplicitOptions) {
    this.#system = new ImplicitSystem(problem, field, "f", options);
    this.t = problem.t0;
    this.y = problem.y0;
    this.#slope = this.#system.slope(this.t, this.y);
    this.isStarted = allFinite(this.#slope);
    this.#size =
      problem.controller.kind === "constant"
        ? problem.controller.step
        : initialStepOf(problem, (t, y) => this.#system.slope(t, y), this.#slope, 3);
  }

  attempt(): Outcome {
    const system = this.#system;
    const { problem, n } = system;
    const { t, y } = this;
    const isFixed = problem.controller.kind === "constant";
    const wanted = Math.min(this.#size, problem.maxStep);
    if (problem.isTooSmall(t, wanted)) return "stepTooSmall";
    const { end, h } = problem.bound(t, wanted);
    const size = Math.abs(h);
    const solved = this.#solve(h);
    if (!solved) {
      if (isFixed) return "notFinite";
      this.#size = size / 2;
      this.#factoredFor = 0;
      return problem.isTooSmall(t, this.#size) ? "notFinite" : "rejected";
    }
    const { z, watch } = solved;
    const next = y.map((value, i) => value + z[2 * n + i]!);
    // The estimate, filtered by the real system so that it stays bounded for stiff components.
    const rest = new Float64Array(n);
    for (let s = 0; s < 3; s++) for (let i = 0; i < n; i++) rest[i]! += (RADAU_ERROR[s]! * z[s * n + i]!) / h;
    const estimate = rest.map((value, i) => value + this.#slope[i]!);
    this.#real!.solve(estimate);
    let error = system.norm(estimate, y, next);
    if (this.#wasRejected && error > 1) {
      const slope = system.slope(
        t,
        y.map((value, i) => value + estimate[i]!),
      );
      const again = rest.map((value, i) => value + slope[i]!);
      this.#real!.solve(again);
      error = system.norm(again, y, next);
    }
    const safety = (0.9 * (2 * MOST_ITERATIONS + 1)) / (2 * MOST_ITERATIONS + watch.iterations);
    if (!isFixed && !(error <= 1)) {
      const factor = Number.isFinite(error) ? safety * this.#predict(size, error) : 0;
      this.#size = size * Math.max(0.2, factor);
      this.#wasRejected = true;
      return Number.isFinite(error) || !problem.isTooSmall(t, this.#size) ? "rejected" : "notFinite";
    }
    const slope = system.slope(end, next);
    if (!allFinite(slope)) {
      if (isFixed) return "notFinite";
      this.#size = size / 2;
      return problem.isTooSmall(t, this.#size) ? "notFinite" : "rejected";
    }
    const coefficients = [0, 1, 2].map((j) => {
      const c = new Float64Array(n);
      for (let s = 0; s < 3; s++) for (let i = 0; i < n; i++) c[i]! += P[s]![j]! * z[s * n + i]!;
      return c;
    });
    this.#segment = new PolynomialSegment(t, end, y, coefficients);
    // A Jacobian that served well, and a step that would hardly change, spare the next factorization.
    const isStale = watch.iterations > 2 && watch.rate > 1e-3;
    const factor = Math.min(10, safety * this.#predict(size, error));
    if (!isFixed) this.#size = !isStale && factor < 1.2 ? size : size * Math.max(0.2, factor);
    if (isStale) this.#jacobian = null;
    this.#isCurrent = false;
    this.#last = { size, error };
    this.#wasRejected = false;
    this.t = end;
    this.y = next;
    this.#slope = slope;
    return "accepted";
  }

  /** Gustafsson's predictive controller. */
  #predict(size: number, error: number): number {
    if (error === 0) return 10;
    const trend = this.#last ? (size / this.#last.size) * (this.#last.error / error) ** 0.25 : 1;
    return Math.min(1, trend) * error ** -0.25;
  }

  /** The stages' distances from y, one after another, by simplified Newton iterations in the eigenvectors' coordinates. */
  #solve(h: number): { z: Float64Array; watch: NewtonWatch } | null {
    const system = this.#system;
    for (;;) {
      if (!this.#jacobian) {
        this.#jacobian = system.jacobian(this.t, this.y);
        if (!this.#jacobian) return null;
        this.#isCurrent = true;
        this.#factoredFor = 0;
      }
      // Rounding of the time changes equal steps a little.
      if (!(Math.abs(this.#factoredFor - h) < 1e-9 * Math.abs(h))) {
        this.#real = system.factor(this.#jacobian, 1, RADAU_REAL / h);
        this.#complex = system.factor(this.#jacobian, 1, RADAU_RE / h, RADAU_IM / h);
        this.#factoredFor = h;
      }
      const found = this.#real && this.#complex ? this.#iterate(h, this.#real, this.#complex) : null;
      if (found) return found;
      if (this.#isCurrent) return null;
      this.#jacobian = null;
    }
  }

  #iterate(h: number, real: Factored, complex: Factored): { z: Float64Array; watch: NewtonWatch } | null {
    const { t, y } = this;
    const system = this.#system;
    const { n } = system;
    const z = new Float64Array(3 * n);
    if (this.#segment)
      RADAU_C.forEach((c, s) => {
        const guess = this.#segment!.at(t + c * h);
        for (let i = 0; i < n; i++) z[s * n + i] = guess[i]! - y[i]!;
      });
    const w = multiply(TI, z, n);
    const times = Float64Array.from(RADAU_C, (c) => t + c * h);
    const states = new Float64Array(3 * n);
    const first = new Float64Array(n);
    const pair = new Float64Array(2 * n);
    const watch = new NewtonWatch(system.newtonTolerance, MOST_ITERATIONS);
    const step = new Float64Array(3 * n);
    for (;;) {
      for (let s = 0; s < 3; s++) for (let i = 0; i < n; i++) states[s * n + i] = y[i]! + z[s * n + i]!;
      const slopes = multiply(TI, system.slopes(times, states.slice()), n);
      for (let i = 0; i < n; i++) {
        const [w1, w2] = [w[n + i]!, w[2 * n + i]!];
        first[i] = slopes[i]! - (RADAU_REAL / h) * w[i]!;
        pair[2 * i] = slopes[n + i]! - (RADAU_RE * w1 - RADAU_IM * w2) / h;
        pair[2 * i + 1] = slopes[2 * n + i]! - (RADAU_RE * w2 + RADAU_IM * w1) / h;
      }
      real.solve(first);
      complex.solve(pair);
      for (let i = 0; i < n; i++) {
        step[i] = first[i]!;
        step[n + i] = pair[2 * i]!;
        step[2 * n + i] = pair[2 * i + 1]!;
      }
      const size =
        Math.hypot(...[0, 1, 2].map((s) => system.norm(step.subarray(s * n, s * n + n), y))) / Math.sqrt(3);
      const state = watch.next(size);
      if (state === "failed") return null;
      for (let i = 0; i < 3 * n; i++) w[i]! += step[i]!;
      z.set(multiply(T, w, n));
      if (state === "done") return { z, watch };
    }
  }

  segment(): Segment {
    return this.#segment!;
  }
}

/** (M ⊗ I) x for three vectors. */
function multiply(m: readonly (readonly number[])[], x: Float64Array, n: number): Float64Array {
  const out = new Float64Array(3 * n);
  for (let r = 0; r < 3; r++)
    for (let s = 0; s < 3; s++) {
      const factor = m[r]![s]!;
      for (let i = 0; i < n; i++) out[r * n + i]! += factor * x[s * n + i]!;
    }
  return out;
}

/**
 * The Radau IIA method of order 5 for stiff problems: fully implicit, L-stable, with a collocation polynomial of order 3
 * for dense output and its own control of steps. Each Newton iteration solves one real and one complex system of the
 * size of the state; Jacobian and factors are kept as long as they serve. O(n³) per factorization.
 *
 * Source: Hairer and Wanner, Solving Ordinary Differential Equations II (1996), section IV.8.
 */
export const radau5 = (options: ImplicitOptions = {}): OdeMethod<"plain"> => ({
  name: "radau5",
  kind: "plain",
  order: 5,
  start: (problem, field) => new RadauStepper(problem, field, options),
  step: radauStep,
  trial: radauTrial,
  errorPower: 4,
});
