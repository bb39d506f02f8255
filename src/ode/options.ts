// What may be asked of `solveOde`, and the checks of it.

import { tensor } from "../tensor/create.ts";
import { DomainError, DTypeError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { treeLeaves } from "../tensor/tree.ts";
import type { Controller } from "./controller.ts";
import type { OdeEvent } from "./events.ts";
import type { FieldKind, OdeMethod } from "./problem.ts";
import { type Layout, ravelState } from "./state.ts";

export interface SaveAt {
  /** The solution at these times, in the order of integration. */
  readonly times?: readonly number[] | Tensor;
  /** The solution at the start and after every accepted step; true when neither `times` nor `dense` are given. */
  readonly steps?: boolean;
  /** The solution as a function of the time. */
  readonly dense?: boolean;
}

export interface OdeProgress {
  readonly t: number;
  /** The part of the way from t0 to t1. */
  readonly fraction: number;
  readonly steps: number;
}

export interface SolveOdeOptions<Y, A, K extends FieldKind = "plain"> {
  /** 0 unless told. */
  readonly t0?: number;
  /** May lie before t0. */
  readonly t1: number;
  /** `dopri5()` unless told. */
  readonly method?: OdeMethod<K>;
  /** Errors per step are kept below atol + rtol·|y| (root mean square over the state). 1e-6 unless told. */
  readonly rtol?: number;
  /** One number, or a tree like y0 with one per number. 1e-9 unless told. */
  readonly atol?: number | Y;
  /** Estimated from the right-hand side unless told. */
  readonly initialStep?: number;
  /** No step is longer; unbounded unless told. */
  readonly maxStep?: number;
  /** `pid()` unless told; `constantStep(h)` for steps of one length. BDF and Radau know only their own. */
  readonly controller?: Controller;
  /** What to keep: all accepted steps unless told. */
  readonly saveAt?: SaveAt;
  readonly events?: readonly OdeEvent<Y, A>[];
  /** Trial steps after which integration ends, not converged: 100000 unless told. */
  readonly maxSteps?: number;
  /** Handed to all functions as their last argument: a tree. Tensors in it may change from call to call without a new compilation. */
  readonly args?: A;
  /** The right-hand side is compiled, which takes functions that can be traced; false evaluates it as it stands. */
  readonly compile?: boolean;
  /** Called after every accepted step. */
  readonly onProgress?: (progress: OdeProgress) => void;
  /** Checked before every step. */
  readonly signal?: AbortSignal;
}

const CALLER = "solveOde";

export function finite(value: number, name: string, caller: string = CALLER): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new DomainError(`${caller}: ${name}: a finite number was expected, got ${String(value)}`);
  return value;
}

export function positive(
  value: number | undefined,
  name: string,
  caller: string = CALLER,
): number | undefined {
  if (value !== undefined && !(value > 0))
    throw new DomainError(`${caller}: ${name}: a positive number was expected, got ${value}`);
  return value;
}

/** The absolute tolerance as a scalar, or one number per number of the state. */
export function absoluteTolerance(layout: Layout, atol: unknown, caller: string = CALLER): Tensor {
  if (typeof atol === "number") {
    if (!(atol >= 0 && Number.isFinite(atol)))
      throw new DomainError(`${caller}: atol >= 0 was expected, got ${atol}`);
    return tensor(atol);
  }
  if (layout.dtype === "complex128" && treeLeaves(atol).some(({ dtype }) => dtype.startsWith("complex")))
    throw new DTypeError(`${caller}: atol: real numbers were expected, got complex ones`);
  const real: Layout = { ...layout, dtype: "float64", dtypes: layout.dtypes.map(() => "float64") };
  const vector = ravelState(real, atol, `${caller}: atol`).contiguous();
  for (const value of vector.data() as Float64Array)
    if (!(value >= 0 && Number.isFinite(value)))
      throw new DomainError(`${caller}: atol >= 0 was expected, got ${value} in it`);
  return vector;
}

/** Times to save at, checked to run from t0 to t1 in order. */
export function saveTimes(
  times: readonly number[] | Tensor,
  t0: number,
  t1: number,
  caller: string = CALLER,
): number[] {
  const list = times instanceof Tensor ? [...(times.astype("float64").data() as Float64Array)] : [...times];
  const direction = t1 >= t0 ? 1 : -1;
  list.forEach((time, i) => {
    finite(time, `times[${i}]`, caller);
    if (direction * (time - t0) < 0 || direction * (t1 - time) < 0)
      throw new DomainError(`${caller}: times[${i}] = ${time} lies outside of the way from ${t0} to ${t1}`);
    if (i > 0 && !(direction * (time - list[i - 1]!) > 0))
      throw new DomainError(
        `${caller}: times must run from t0 to t1 in order, got ${list[i - 1]} before ${time} at position ${i}`,
      );
  });
  return list;
}
