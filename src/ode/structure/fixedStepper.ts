// Methods that are one tensor function from step to step, without an estimate of their error.

import type { Tensor } from "../../tensor/tensor.ts";
import { hermiteSegment, type Segment } from "../dense.ts";
import { vectorFields } from "../fields.ts";
import {
  type AnyFields,
  allFinite,
  type FieldKind,
  type OdeMethod,
  type Outcome,
  type Problem,
  type Stepper,
  scalar,
  type VectorFields,
} from "../problem.ts";

export interface FixedMethod<K extends FieldKind> {
  readonly name: string;
  readonly kind: K;
  readonly order: number;
  /** Evaluations per step. */
  readonly evaluations: number;
  /** What a step needs that depends on its length alone. */
  readonly prepare?: (field: VectorFields[K], h: Tensor) => readonly Tensor[];
  readonly step: (
    field: VectorFields[K],
    t: Tensor,
    h: Tensor,
    y: Tensor,
    prepared: readonly Tensor[],
  ) => Tensor;
  /** dy/dt, where there is one: for the inside of steps. */
  readonly slope: ((field: VectorFields[K], t: Tensor, y: Tensor) => Tensor) | null;
}

class FixedStepper<K extends FieldKind> implements Stepper {
  t: number;
  y: Float64Array;
  readonly isStarted = true;
  readonly #problem: Problem;
  readonly #method: FixedMethod<K>;
  readonly #size: number;
  readonly #step: (t: Tensor, h: Tensor, y: Tensor, prepared: readonly Tensor[], args: unknown) => Tensor;
  readonly #prepare: (h: Tensor, args: unknown) => readonly Tensor[];
  /** For steps of length `h`. */
  #prepared: { readonly h: number; readonly parts: readonly Tensor[] } | null = null;
  readonly #slope: (t: Tensor, y: Tensor, args: unknown) => Tensor;
  #last: { t: number; y: Float64Array } | null = null;

  constructor(problem: Problem, field: AnyFields[K], method: FixedMethod<K>) {
    this.#problem = problem;
    this.#method = method;
    this.#size = problem.fixedStep(method.name);
    const fieldOf = (args: unknown): VectorFields[K] =>
      vectorFields(problem.layout, method.kind, field, args, "solveOde");
    this.#step = problem.compile(
      `${method.name}:step`,
      (t: Tensor, h: Tensor, y: Tensor, prepared: readonly Tensor[], args: unknown) =>
        method.step(fieldOf(args), t, h, y, prepared),
    );
    this.#prepare = (h, args) => method.prepare?.(fieldOf(args), h) ?? [];
    // Flows have no slope: the inside of their steps is a straight line.
    this.#slope = problem.compile(`${method.name}:slope`, (t: Tensor, y: Tensor, args: unknown) =>
      method.slope ? method.slope(fieldOf(args), t, y) : y,
    );
    this.t = problem.t0;
    this.y = problem.y0;
  }

  attempt(): Outcome {
    const problem = this.#problem;
    const size = Math.min(this.#size, problem.maxStep);
    if (problem.isTooSmall(this.t, size)) return "stepTooSmall";
    const { end, h } = problem.bound(this.t, size);
    // Rounding of the time must not change equal steps: factors that depend on them are constants then.
    const even = Math.abs(Math.abs(h) - size) < 1e-9 * size ? problem.direction * size : h;
    if (this.#prepared?.h !== even)
      this.#prepared = { h: even, parts: this.#prepare(scalar(even), problem.args) };
    const { parts } = this.#prepared;
    const next = this.#step(scalar(this.t), scalar(even), problem.vector(this.y), parts, problem.args);
    problem.statistics.evaluations += this.#method.evaluations;
    const y = next.data() as Float64Array;
    if (!allFinite(y)) return "notFinite";
    this.#last = { t: this.t, y: this.y };
    this.t = end;
    this.y = y;
    return "accepted";
  }

  segment(): Segment {
    const { t, y } = this.#last!;
    const problem = this.#problem;
    const slopeAt = (time: number, state: Float64Array): Float64Array => {
      problem.statistics.evaluations++;
      return this.#slope(scalar(time), problem.vector(state), problem.args).data() as Float64Array;
    };
    const h = this.t - t;
    if (!this.#method.slope) {
      const chord = y.map((value, i) => (this.y[i]! - value) / h);
      return hermiteSegment(t, this.t, y, this.y, chord, chord);
    }
    return hermiteSegment(t, this.t, y, this.y, slopeAt(t, y), slopeAt(this.t, this.y));
  }
}

/** A method for steps of one length, eagerly and traced. */
export const fixedMethod = <K extends FieldKind>(method: FixedMethod<K>): OdeMethod<K> => ({
  name: method.name,
  kind: method.kind,
  order: method.order,
  start: (problem, field) => new FixedStepper(problem, field, method),
  step: (field, t, h, y) => method.step(field, t, h, y, method.prepare?.(field, h) ?? []),
});
