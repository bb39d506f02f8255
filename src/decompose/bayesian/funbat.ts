// Functional Bayesian Tucker decomposition: a Tucker or CP model whose factors are Gaussian processes of real
// coordinates. Source: Fang, Yu, Wang, Li, Kirby, Zhe, "Functional Bayesian Tucker decomposition for continuous-indexed
// tensor data" (2024): conditional expectation propagation, with Kalman filters for the factors.

import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { checkCount, checkFraction } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkColumn, checkFiniteRows, checkTable, realNumbers } from "../base/observations.ts";
import { kalmanFilter, lineMoments, predictLine, rtsSmoother, type Smoothed } from "../ssgp/kalman.ts";
import { type MaternKernel, type MaternSde, maternSde } from "../ssgp/maternSde.ts";
import { type CoreModel, cpCore, tuckerCore } from "./coreModels.ts";
import { type Axis, axesOf } from "./lineAxis.ts";

export interface FunbatData {
  /** `[N, d]`: real coordinates of each observation. */
  readonly coords: Tensor;
  /** `[N]` */
  readonly values: Tensor;
}

export interface FunbatOptions extends IterationOptions {
  /** Components of each mode; for the form "cp" all the same. */
  readonly ranks: readonly number[];
  /** "matern32" unless told. */
  readonly kernel?: MaternKernel;
  /** Of the factors, where each mode's coordinates span 1; 0.3 unless told. */
  readonly lengthscale?: number;
  /** Of the factors, 1 unless told. */
  readonly variance?: number;
  /** A core of its own (default), or one component with itself only. */
  readonly form?: "tucker" | "cp";
  /** Share of the old message that a new one keeps, 0.7 unless told. */
  readonly damping?: number;
  /** Sweeps, 200 unless told. */
  readonly maxIterations?: number;
  /** Relative change of the fitted values at which to stop, 1e-4 unless told. */
  readonly tol?: number;
}

/** A fitted model. Values are those of the function without noise. */
export interface FunBat {
  /** Means and variances `[m]` at coordinates `[m, d]`; anywhere, also outside of the data. */
  predict(coords: Tensor): { readonly mean: Tensor; readonly variance: Tensor };
  /** The functions of one mode at points `[m]`: means `[m, r]` and covariances `[m, r, r]`. */
  factor(mode: number, x: Tensor): { readonly mean: Tensor; readonly covariance: Tensor };
  /** Posterior mean of the core `[r_1, …, r_d]`; ones on the diagonal for the form "cp". */
  readonly core: Tensor;
  /** Standard deviation of the noise. */
  readonly noise: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Root mean square residual after each sweep. */
  readonly history: readonly number[];
}

/** Gamma(a, b) prior of the noise's precision. */
const NOISE_PRIOR = { a: 1, b: 1 };

/**
 * Fits y_n = W ×_k u^k(x_nk) + noise to scattered observations, with a Gaussian core W and Gaussian processes u^k. Equal
 * coordinates share their factors, so coordinates that repeat (stations, hours) teach more than ones that do not.
 * A sweep costs O(N Π r_k² + Σ_k n_k (p r_k)³) for n_k different coordinates and p = 1, 2, 3 by kernel. Values should
 * be of order 1, as the priors are: standardise them.
 *
 * @throws ShapeError for coordinates that are not `[N, d]` or values that are not `[N]`; DomainError for fewer than two
 * observations, numbers that are not finite, and options out of range; AbortedError.
 */
export function funbat(key: Key, data: FunbatData, options: FunbatOptions): FunBat {
  const { coords, values, order } = checkData(data);
  const settings = checkOptions(options, order);
  const { ranks, form, damping, maxIterations, tol, sde } = settings;
  const axes = axesOf(coords, order, sde);
  const n = values.length;
  const [factorKey, coreKey] = split(key, 2) as [Key, Key];
  const moments = axes.map((axis, k) => startMoments(axis, ranks[k]!, foldIn(factorKey, k)));
  const model: CoreModel = form === "tucker" ? tuckerCore(ranks, coreKey) : cpCore(ranks[0]!, order);
  const messages = axes.map((axis, k) => ({
    components: ranks[k]!,
    points: axis.points,
    precision: new Float64Array(axis.points.length * ranks[k]! ** 2),
    information: new Float64Array(axis.points.length * ranks[k]!),
  }));
  const lines: Smoothed[] = [];
  let squares = 0;
  for (const y of values) squares += y * y;
  let precision = 1;
  let fitted: Float64Array = new Float64Array(n);
  const history: number[] = [];
  let converged = false;
  while (history.length < maxIterations && !converged) {
    checkAborted(options.signal, "funbat");
    const keep = history.length === 0 ? 0 : damping;
    for (let mode = 0; mode < order; mode++) {
      const message = messages[mode]!;
      for (let i = 0; i < message.precision.length; i++) message.precision[i]! *= keep;
      for (let i = 0; i < message.information.length; i++) message.information[i]! *= keep;
      model.collect(axes, moments, values, mode, (1 - keep) * precision, message);
      lines[mode] = rtsSmoother(kalmanFilter(axes[mode]!.sde, message));
      moments[mode] = lineMoments(lines[mode]!);
    }
    const { second, cross, prediction } = model.update(axes, moments, values, precision);
    const a = NOISE_PRIOR.a + n / 2;
    const b = NOISE_PRIOR.b + Math.max(0, squares - 2 * cross + second) / 2;
    precision = a / b;
    history.push(rms(values, prediction));
    converged = history.length > 1 && change(fitted, prediction) < tol;
    fitted = prediction;
    options.onProgress?.({ fraction: history.length / maxIterations, stage: `sweep ${history.length}` });
  }
  const at = (mode: number, x: ArrayLike<number>) => predictLine(lines[mode]!, axes[mode]!.scaled(x));
  return {
    predict: (points) => {
      checkTable(points, "funbat: predict: coords", order);
      const table = realNumbers(points, "funbat: predict: coords");
      checkFiniteRows(table, order, "funbat: predict: coords");
      const m = points.shape[0]!;
      const { axes: places, moments: there } = lookUp(table, m, order, at);
      const { mean, variance } = model.moments(places, there, m);
      return { mean: column(mean), variance: column(variance) };
    },
    factor: (mode, x) => {
      if (!(Number.isInteger(mode) && mode >= 0 && mode < order))
        throw new ShapeError(`funbat: factor: a mode from 0 to ${order - 1} was expected, got ${mode}`);
      const where = realNumbers(x, "funbat: factor: x");
      checkFiniteRows(where, 1, "funbat: factor: x");
      const { mean, covariance } = at(mode, where);
      const r = ranks[mode]!;
      return {
        mean: fromTypedArray(mean, [where.length, r], "float64"),
        covariance: fromTypedArray(covariance, [where.length, r, r], "float64"),
      };
    },
    core: model.core(),
    noise: 1 / Math.sqrt(precision),
    iterations: history.length,
    converged,
    history,
  };
}

const column = (data: Float64Array): Tensor => fromTypedArray(data, [data.length], "float64");

type Moments = ReturnType<typeof lineMoments>;

/** Each distinct coordinate is predicted once. */
function lookUp(
  table: Float64Array,
  m: number,
  order: number,
  at: (mode: number, x: ArrayLike<number>) => Moments,
): { axes: { readonly place: Int32Array }[]; moments: Moments[] } {
  const axes: { place: Int32Array }[] = [];
  const moments: Moments[] = [];
  for (let mode = 0; mode < order; mode++) {
    const seen = new Map<number, number>();
    const place = new Int32Array(m);
    for (let i = 0; i < m; i++) {
      const x = table[i * order + mode]!;
      if (!seen.has(x)) seen.set(x, seen.size);
      place[i] = seen.get(x)!;
    }
    axes.push({ place });
    moments.push(at(mode, [...seen.keys()]));
  }
  return { axes, moments };
}

/** Means uniform in (0, 1), which the authors found better than normal ones, taken as certain like those of the core. */
function startMoments(axis: Axis, r: number, key: Key): Moments {
  const n = axis.points.length;
  return {
    mean: Float64Array.from(uniform(key, [n, r]).data()),
    covariance: new Float64Array(n * r * r),
  };
}

function rms(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / a.length);
}

function change(before: Float64Array, after: Float64Array): number {
  let size = 0;
  for (const value of after) size += value * value;
  return size === 0 ? 0 : rms(before, after) / Math.sqrt(size / after.length);
}

function checkData(data: FunbatData): { coords: Float64Array; values: Float64Array; order: number } {
  checkTable(data.coords, "funbat: coords");
  const [n, order] = data.coords.shape as [number, number];
  checkColumn(data.values, n, "funbat: values");
  if (order === 0) throw new ShapeError("funbat: coords: at least one coordinate was expected, got [N, 0]");
  if (n < 2) throw new DomainError(`funbat: at least 2 observations were expected, got ${n}`);
  const coords = realNumbers(data.coords, "funbat: coords");
  const values = realNumbers(data.values, "funbat: values");
  checkFiniteRows(coords, order, "funbat: coords");
  checkFiniteRows(values, 1, "funbat: values");
  return { coords, values, order };
}

interface Settings {
  readonly ranks: readonly number[];
  readonly form: "tucker" | "cp";
  readonly damping: number;
  readonly maxIterations: number;
  readonly tol: number;
  readonly sde: MaternSde;
}

function checkOptions(options: FunbatOptions, order: number): Settings {
  const { ranks, kernel = "matern32", lengthscale = 0.3, variance = 1, form = "tucker" } = options;
  const { damping = 0.7, maxIterations = 200, tol = 1e-4 } = options;
  if (!(Array.isArray(ranks) && ranks.length === order))
    throw new ShapeError(`funbat: ranks: ${order} were expected, one a coordinate, got ${ranks?.length}`);
  for (const rank of ranks) checkCount("funbat: ranks", rank);
  if (form !== "tucker" && form !== "cp")
    throw new DomainError(`funbat: form: "tucker" or "cp" was expected, got ${String(form)}`);
  if (form === "cp" && ranks.some((r) => r !== ranks[0]))
    throw new DomainError(`funbat: ranks: equal ones were expected for the form "cp", got ${ranks}`);
  checkFraction("funbat: damping", damping);
  checkCount("funbat: maxIterations", maxIterations);
  if (!(tol >= 0)) throw new DomainError(`funbat: tol: a number of at least 0 was expected, got ${tol}`);
  return { ranks, form, damping, maxIterations, tol, sde: maternSde(kernel, { lengthscale, variance }) };
}
