// Explicit Runge-Kutta methods with adaptive steps.

import { concat } from "../../ops/join.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { StepMemory } from "../controller.ts";
import { alternatingSegment, hermiteSegment, type Segment, stageSegment } from "../dense.ts";
import { initialStepOf } from "../initialStep.ts";
import {
  type AnyFields,
  allFinite,
  type OdeMethod,
  type Outcome,
  type Problem,
  type Stepper,
  scalar,
  vectorField,
} from "../problem.ts";
import { DOP853 } from "./dop853.ts";
import { dop853Coefficients, errorRatio, errorScale, explicitStages } from "./explicitStep.ts";
import { BOSH3, DOPRI5, EULER, type ExplicitTableau, HEUN, MIDPOINT, RK4, TSIT5 } from "./tableau.ts";

class ExplicitStepper implements Stepper {
  t: number;
  y: Float64Array;
  readonly isStarted: boolean;
  readonly #problem: Problem;
  readonly #tableau: ExplicitTableau;
  readonly #memory: StepMemory | null;
  /**
   * From `[t, h]` and state and slope, one after the other, to one vector: state and slope at the end, the error, and, where the
   * inside of the step is asked for, the slopes of all stages and at the end. One tensor each way keeps calls cheap.
   */
  readonly #trial: (time: Tensor, start: Tensor, rtol: Tensor, atol: Tensor, args: unknown) => Tensor;
  readonly #inside: (t: Tensor, h: Tensor, y: Tensor, end: Tensor, stages: Tensor, args: unknown) => Tensor;
  /** State and slope. */
  #start: Tensor;
  #size: number;
  /** The last accepted step, for its segment. */
  #last: { t: number; end: number; start: Tensor; stages: Float64Array | null } | null = null;

  constructor(problem: Problem, field: AnyFields["plain"], tableau: ExplicitTableau) {
    const { controller, layout, isDense } = problem;
    this.#problem = problem;
    this.#tableau = tableau;
    const { name } = tableau;
    const isAdaptive = controller.kind === "pid";
    if (isAdaptive && !tableau.error) problem.fixedStep(name);
    const slopeOf = (args: unknown) => vectorField(layout, field as never, args, "solveOde: f's result");
    const what = `${name}:${isDense}:${isAdaptive}`;
    const n = layout.size;
    this.#trial = problem.compile(what, (time, start, rtol, atol, args) => {
      const f = slopeOf(args);
      const [t, h] = [time.at(0), time.at(1)];
      const [y, slope] = [start.at(`:${n}`), start.at(`${n}:`)];
      const stages = explicitStages(tableau, f, t, h, y, slope);
      const end = f(t.add(h), stages.y);
      const slopes = [...stages.slopes, end];
      const error = isAdaptive
        ? errorRatio(tableau, slopes, h, errorScale(y, stages.y, rtol, atol))
        : stages.y.abs().sum().mul(0);
      const inside = isDense && (tableau.interpolant || tableau === DOP853) ? slopes : [];
      return concat([stages.y, end, error.reshape([1]).astype(layout.dtype), ...inside], 0);
    });
    this.#inside = problem.compile(`${name}:inside`, (t, h, y, end, stages, args) =>
      dop853Coefficients(slopeOf(args), t, h, y, end, stages),
    );
    const f = problem.compile("f", (t: Tensor, y: Tensor, args: unknown) => slopeOf(args)(t, y));
    this.t = problem.t0;
    this.y = problem.y0;
    const slope = f(scalar(problem.t0), problem.vector(problem.y0), problem.args).data() as Float64Array;
    problem.statistics.evaluations++;
    const start = new Float64Array(2 * problem.entries);
    start.set(problem.y0);
    start.set(slope, problem.entries);
    this.#start = problem.vector(start);
    const slopeAt = (t: number, y: Float64Array): Float64Array => {
      problem.statistics.evaluations++;
      return f(scalar(t), problem.vector(y), problem.args).data() as Float64Array;
    };
    this.isStarted = allFinite(slope);
    this.#memory = controller.kind === "pid" ? new StepMemory(controller, tableau.errorOrder + 1) : null;
    this.#size =
      controller.kind === "constant"
        ? controller.step
        : initialStepOf(problem, slopeAt, slope, tableau.errorOrder);
  }

  attempt(): Outcome {
    const problem = this.#problem;
    const { statistics } = problem;
    const size = Math.min(this.#size, problem.maxStep);
    if (problem.isTooSmall(this.t, size)) return "stepTooSmall";
    const { end, h } = problem.bound(this.t, size);
    const time = new Tensor(Float64Array.of(this.t, h), [2], "float64");
    const result = this.#trial(time, this.#start, problem.rtolTensor, problem.atol, problem.args);
    statistics.evaluations += this.#tableau.c.length;
    const { entries, width } = problem;
    const data = result.data() as Float64Array;
    const ratio = data[2 * entries]!;
    if (!(ratio <= 1)) {
      if (!this.#memory) return "notFinite";
      this.#size = Math.abs(h) * this.#memory.reject(ratio);
      if (!Number.isFinite(ratio) && problem.isTooSmall(this.t, this.#size)) return "notFinite";
      return "rejected";
    }
    const stages = problem.isDense ? data.subarray(2 * entries + width) : null;
    this.#last = { t: this.t, end, start: this.#start, stages };
    this.t = end;
    this.#start = new Tensor(data, [2 * problem.layout.size], result.dtype);
    this.y = data.subarray(0, entries);
    if (this.#memory) this.#size = Math.abs(h) * this.#memory.accept(ratio, Math.abs(h));
    return "accepted";
  }

  segment(): Segment {
    const problem = this.#problem;
    const { entries, layout } = problem;
    const { t, end, start, stages } = this.#last!;
    const before = start.data() as Float64Array;
    const after = this.#start.data() as Float64Array;
    const y = before.subarray(0, entries);
    const { interpolant } = this.#tableau;
    if (this.#tableau === DOP853) {
      problem.statistics.evaluations += 3;
      const [from, to] = [problem.vector(y), problem.vector(this.y)];
      const slopes = new Tensor(stages!, [this.#tableau.c.length + 1, layout.size], layout.dtype);
      const d = this.#inside(scalar(t), scalar(end - t), from, to, slopes, problem.args);
      return alternatingSegment(t, end, y, d.data() as Float64Array);
    }
    if (interpolant) return stageSegment(t, end, y, stages!, interpolant);
    return hermiteSegment(
      t,
      end,
      y,
      this.y,
      before.subarray(entries, 2 * entries),
      after.subarray(entries, 2 * entries),
    );
  }
}

/** A method of a table. */
function method(tableau: ExplicitTableau): OdeMethod<"plain"> {
  return {
    name: tableau.name,
    kind: "plain",
    order: tableau.order,
    start: (problem, field) => new ExplicitStepper(problem, field, tableau),
    step: (f, t, h, y) => explicitStages(tableau, f, t, h, y, f(t, y)).y,
    ...(tableau.error && {
      errorPower: tableau.errorOrder + 1,
      evaluations: tableau.c.length,
      trial: ({ f: field, args, t, h, y, slope, rtol, atol }) => {
        const f = (time: Tensor, state: Tensor): Tensor => field(time, state, args);
        const stages = explicitStages(tableau, f, t, h, y, slope);
        const end = f(t.add(h), stages.y);
        const error = errorRatio(tableau, [...stages.slopes, end], h, errorScale(y, stages.y, rtol, atol));
        return { y: stages.y, slope: end, error };
      },
    }),
  };
}

/**
 * Dormand and Prince's method of order 5 with an estimate of order 4 and an interpolant of order 4: six evaluations a
 * step. The first choice for problems that are not stiff, at tolerances from 1e-3 to 1e-8.
 */
export const dopri5 = (): OdeMethod<"plain"> => method(DOPRI5);

/** The Dormand-Prince method of order 8 with interpolant of order 7: twelve evaluations a step, for tolerances down to 1e-14. */
export const dop853 = (): OdeMethod<"plain"> => method(DOP853);

/** Tsitouras' method of order 5 with an estimate of order 4, of smaller errors than `dopri5` for the same work. */
export const tsit5 = (): OdeMethod<"plain"> => method(TSIT5);

/** Bogacki and Shampine's method of order 3 with an estimate of order 2: for coarse tolerances. */
export const bosh3 = (): OdeMethod<"plain"> => method(BOSH3);

/** Heun's method, of order 2 with an estimate of order 1. */
export const heun = (): OdeMethod<"plain"> => method(HEUN);

/** The midpoint rule, of order 2 with an estimate of order 1. */
export const midpoint = (): OdeMethod<"plain"> => method(MIDPOINT);

/** Euler's method, of order 1 with an estimate by the trapezoidal rule. */
export const euler = (): OdeMethod<"plain"> => method(EULER);

/** The classical method of order 4, which has no error estimate: it needs `controller: constantStep(h)`. */
export const rk4 = (): OdeMethod<"plain"> => method(RK4);
