// The driver: a stepper is moved from t0 to t1, and what was asked for is kept on the way.

import { concat, stack } from "../ops/join.ts";
import { tensor } from "../tensor/create.ts";
import { AbortedError, DomainError, TracerError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { pid } from "./controller.ts";
import { type Segment, segmentAt } from "./dense.ts";
import { checkEvents, EventWatch, type OdeEvent } from "./events.ts";
import { dopri5 } from "./methods/explicit.ts";
import { absoluteTolerance, finite, positive, type SolveOdeOptions, saveTimes } from "./options.ts";
import {
  type AnyFields,
  allFinite,
  type FieldKind,
  type Fields,
  type OdeMethod,
  Problem,
  type Statistics,
  vectorField,
} from "./problem.ts";
import { checkFinite, isTraced, type Layout, layoutOf, ravelState, unravelState } from "./state.ts";
import { adaptiveSolve } from "./traced.ts";

/** How integration ended. */
export type OdeStatus = "finished" | "event" | "maxSteps" | "stepTooSmall" | "notFinite";

export interface OdeSolution<Y> {
  /** `[m]`: the saved times. */
  readonly t: Tensor;
  /** The state at each of them: a new axis 0 of length m. */
  readonly y: Y;
  /** The solution at a time, or at several `[k]`; only with `saveAt: { dense: true }`. */
  readonly dense: ((t: number | Tensor) => Y) | null;
  /** The zeros of each event, and the states there with a new axis 0. */
  readonly events: readonly { readonly t: Tensor; readonly y: Y }[];
  readonly statistics: Readonly<Statistics>;
  readonly status: OdeStatus;
  /** Whether t1, or a terminal event, was reached. */
  readonly converged: boolean;
  readonly message: string;
}

/**
 * Solves y' = f(t, y) from t0 to t1 (forwards or backwards) with y(t0) = y0, where y is a tensor or a tree of tensors, real
 * or complex. The step of the method, right-hand side included, is compiled once and runs as one WebAssembly function;
 * it is kept as long as f is, so hand the same function and other `args` to solve again. For gradients and for use
 * inside of `jit` and `vmap` take `odeint`.
 *
 * Not reaching t1 (too many steps, steps lost in rounding, numbers that are not finite) is reported by `status` and
 * `converged`; what was computed until then is returned. Throws DomainError for times, tolerances, events or states that
 * make no sense, ShapeError, DTypeError or TreeError when f does not return a tree like y0, TracerError for traced
 * arguments, AbortedError when stopped. O(steps) evaluations; memory for what is saved.
 */
export function solveOde<Y, A = undefined, K extends FieldKind = "plain">(
  f: Fields<Y, A>[K],
  y0: Y,
  options: SolveOdeOptions<Y, A, K>,
): OdeSolution<Y> {
  const { maxSteps = 100_000, onProgress, signal } = options;
  const method = (options.method ?? dopri5()) as unknown as OdeMethod;
  const t0 = finite(options.t0 ?? 0, "t0");
  const t1 = finite(options.t1, "t1");
  if (isTraced(y0, options.args ?? null))
    throw new TracerError("solveOde: y0 and args must be known; inside grad, vmap or jit take odeint");
  const layout = layoutOf("solveOde", y0);
  const rtol = positive(options.rtol, "rtol") ?? 1e-6;
  const atol = absoluteTolerance(layout, options.atol ?? 1e-9);
  const start = ravelState(layout, y0, "solveOde: y0").toTypedArray() as Float64Array;
  checkFinite("solveOde", "y0", start);
  if (!(Number.isInteger(maxSteps) && maxSteps > 0))
    throw new DomainError(`solveOde: maxSteps: a positive integer was expected, got ${maxSteps}`);
  const { times: given, dense: keepsAll = false } = options.saveAt ?? {};
  const times = given === undefined ? null : saveTimes(given, t0, t1);
  const keepsSteps = options.saveAt?.steps ?? (times === null && !keepsAll);
  const events = (options.events ?? []) as readonly OdeEvent<unknown, unknown>[];
  checkEvents(events);
  checkField(method, f);
  const needsInside = keepsAll || events.length > 0 || (times?.some((t) => t !== t0 && t !== t1) ?? false);

  const problem = new Problem({
    layout,
    t0,
    t1,
    y0: start,
    rtol,
    atol,
    args: options.args,
    controller: options.controller ?? pid(),
    initialStep: positive(options.initialStep, "initialStep"),
    maxStep: positive(options.maxStep, "maxStep") ?? Number.POSITIVE_INFINITY,
    isDense: needsInside,
    compiles: options.compile ?? true,
    owner: f as object,
  });
  const keepsEnds = !keepsSteps && !needsInside && problem.maxStep === Number.POSITIVE_INFINITY;
  if (keepsEnds && (options.compile ?? true) && !onProgress && !signal && t0 !== t1) {
    const end = straightThrough(problem, method, f as AnyFields["plain"], maxSteps);
    if (end) {
      const { statistics } = problem;
      const kept = times!.map((t) => (t === t0 ? start : end));
      return {
        t: tensor(Float64Array.from(times!)),
        y: statesOf<Y>(layout, kept),
        dense: null,
        events: [],
        statistics,
        status: "finished",
        converged: true,
        message: messageOf("finished", t1, maxSteps),
      };
    }
  }
  const stepper = method.start(problem, f as never);
  const { statistics, direction } = problem;
  const watch = events.length > 0 ? new EventWatch(problem, events) : null;
  const saved = new Saved(times, keepsSteps);
  const segments: Segment[] = [];
  saved.start(t0, start);
  let status: OdeStatus | null = stepper.isStarted ? null : "notFinite";
  if (status === null && t0 === t1) status = "finished";
  while (status === null) {
    if (signal?.aborted) throw new AbortedError("solveOde: stopped by the caller");
    if (statistics.steps >= maxSteps) {
      status = "maxSteps";
      break;
    }
    const outcome = stepper.attempt();
    if (outcome === "stepTooSmall" || outcome === "notFinite") {
      status = outcome;
      break;
    }
    statistics.steps++;
    if (outcome === "rejected") {
      statistics.rejected++;
      continue;
    }
    statistics.accepted++;
    let segment: Segment | undefined;
    const inside = (): Segment => {
      segment ??= stepper.segment();
      return segment;
    };
    if (keepsAll) segments.push(inside());
    const stop = watch?.check(stepper.t, stepper.y, inside) ?? null;
    const t = stop ? stop.t : stepper.t;
    saved.step(t, stop ? stop.y : stepper.y, direction, inside);
    if (stop) status = "event";
    else if (stepper.t === t1) status = "finished";
    onProgress?.({ t, fraction: (t - t0) / (t1 - t0), steps: statistics.steps });
  }
  return {
    t: tensor(Float64Array.from(saved.times)),
    y: statesOf<Y>(layout, saved.states),
    dense: keepsAll && segments.length > 0 ? interpolant<Y>(layout, segments) : null,
    events: events.map((_, i) => ({
      t: tensor(Float64Array.from(watch!.times[i]!)),
      y: statesOf<Y>(layout, watch!.states[i]!),
    })),
    statistics,
    status,
    converged: status === "finished" || status === "event",
    message: messageOf(status, stepper.t, maxSteps),
  };
}

/**
 * The state at t1 by a whole integration that is one compiled loop, for methods that can be traced, when nothing on the way
 * is asked for; null when it does not get there, so that the driver may find out why.
 */
function straightThrough(
  problem: Problem,
  method: OdeMethod,
  f: AnyFields["plain"],
  maxSteps: number,
): Float64Array | null {
  const { controller, layout, t0, t1, args, initialStep } = problem;
  // Implicit methods keep Jacobians and factors from step to step, which only their steppers can.
  if (!method.trial || !method.evaluations || method.kind !== "plain" || controller.kind !== "pid")
    return null;
  const name = `straight:${method.name}:${initialStep}:${maxSteps}:${JSON.stringify(controller)}`;
  const run = problem.compile(name, (y: Tensor, times: Tensor, rtol: Tensor, atol: Tensor, own: unknown) => {
    const field = (t: Tensor, x: Tensor, inner: unknown): Tensor =>
      vectorField(layout, f as never, inner, "solveOde: f's result")(t, x);
    const options = { method: method as OdeMethod<"plain">, controller, rtol, atol, maxSteps, initialStep };
    const { y: states, steps, accepted, converged } = adaptiveSolve(field, y, times, own, options);
    // All in one vector, which comes back faster than a tree.
    const counts = stack([steps, accepted, converged.astype("int32")]).astype(states.dtype);
    return concat([states.at(1), counts], 0);
  });
  const times = tensor(Float64Array.of(t0, t1));
  const data = run(
    problem.vector(problem.y0),
    times,
    problem.rtolTensor,
    problem.atol,
    args,
  ).data() as Float64Array;
  const { entries, width, statistics } = problem;
  const [steps, accepted, converged] = [0, 1, 2].map((i) => data[entries + i * width]!);
  if (converged !== 1 || !allFinite(data.subarray(0, entries))) return null;
  statistics.steps = steps!;
  statistics.accepted = accepted!;
  statistics.rejected = steps! - accepted!;
  statistics.evaluations = (initialStep === undefined ? 2 : 1) + steps! * method.evaluations!;
  return data.slice(0, entries);
}

/** The times and states that are kept. */
class Saved {
  readonly times: number[] = [];
  readonly states: Float64Array[] = [];
  readonly #wanted: readonly number[] | null;
  readonly #keepsSteps: boolean;
  #next = 0;

  constructor(wanted: readonly number[] | null, keepsSteps: boolean) {
    this.#wanted = wanted;
    this.#keepsSteps = keepsSteps;
  }

  #keep(t: number, y: Float64Array): void {
    this.times.push(t);
    this.states.push(y);
  }

  start(t: number, y: Float64Array): void {
    if (this.#wanted?.[0] === t) this.#next = 1;
    if (this.#keepsSteps || this.#next === 1) this.#keep(t, y);
  }

  /** What is wanted of an accepted step that ends at t. */
  step(t: number, y: Float64Array, direction: number, inside: () => Segment): void {
    const wanted = this.#wanted;
    if (wanted)
      for (; this.#next < wanted.length && direction * (wanted[this.#next]! - t) <= 0; this.#next++) {
        const time = wanted[this.#next]!;
        if (time !== t) this.#keep(time, inside().at(time));
        else if (!this.#keepsSteps) this.#keep(t, y);
      }
    if (this.#keepsSteps) this.#keep(t, y);
  }
}

function statesOf<Y>(layout: Layout, states: readonly Float64Array[]): Y {
  const entries = layout.size * (layout.dtype === "complex128" ? 2 : 1);
  const all = new Float64Array(states.length * entries);
  states.forEach((state, i) => {
    all.set(state, i * entries);
  });
  return unravelState<Y>(layout, new Tensor(all, [states.length, layout.size], layout.dtype));
}

/** The solution as a function of the time. */
function interpolant<Y>(layout: Layout, segments: readonly Segment[]): (t: number | Tensor) => Y {
  const ends = [segments[0]!.start, segments.at(-1)!.end];
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const at = (t: number): Float64Array => {
    if (!(t >= low && t <= high))
      throw new DomainError(`dense: the solution is known from ${low} to ${high}, not at ${t}`);
    return segmentAt(segments, t).at(t);
  };
  return (t) => {
    if (typeof t === "number") return unravelState<Y>(layout, new Tensor(at(t), [layout.size], layout.dtype));
    const times = t.astype("float64").ravel().data() as Float64Array;
    return statesOf<Y>(layout, Array.from(times, at));
  };
}

function messageOf(status: OdeStatus, t: number, maxSteps: number): string {
  switch (status) {
    case "finished":
      return "the end was reached";
    case "event":
      return "a terminal event was met";
    case "maxSteps":
      return `${maxSteps} steps led no further than t = ${t}`;
    case "stepTooSmall":
      return `at t = ${t} the tolerance asks for steps that are lost in the rounding of the time`;
    case "notFinite":
      return `at t = ${t} the right-hand side, or a step from there, is not finite`;
  }
}

const PARTS: Readonly<Record<FieldKind, readonly string[]>> = {
  plain: [],
  split: ["explicit", "implicit"],
  semilinear: ["linear", "nonlinear"],
  hamiltonian: ["velocity", "force"],
  flows: ["flows"],
};

/** Throws DomainError when the right-hand side is not of the kind that the method takes. */
function checkField(method: OdeMethod, f: unknown): void {
  const parts = PARTS[method.kind];
  if (parts.length === 0) {
    if (typeof f !== "function")
      throw new DomainError(
        `solveOde: method ${method.name} takes a function f(t, y, args), got ${typeof f}`,
      );
    return;
  }
  if (typeof f !== "object" || f === null || parts.some((part) => !(part in f)))
    throw new DomainError(
      `solveOde: method ${method.name} takes an object with ${parts.join(" and ")}, see ${method.kind} problems`,
    );
}
