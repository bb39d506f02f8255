// Gaussian process regression along a line by Kalman filter and Rauch-Tung-Striebel smoother. `components` independent
// processes share the points; what was seen of all of them at a point enters as precision Λ and information η = Λ y, so
// that a point where nothing was seen (Λ = 0) is as good as any other.

import { solveGeneral } from "../../linalg/kernels/dense.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { multiply, solveHeld, symmetrize, transposeInto } from "../base/rowMajor.ts";
import type { MaternSde, SdeStep } from "./maternSde.ts";

/** Gaussian observations of `components` processes at `n` points. */
export interface Messages {
  readonly components: number;
  /** Points in ascending order, `[n]`. */
  readonly points: Float64Array;
  /** Λ, `[n, components, components]` row-major; positive semidefinite, 0 where nothing was seen. */
  readonly precision: Float64Array;
  /** η = Λ y, `[n, components]`. */
  readonly information: Float64Array;
}

/** A Gaussian state: mean `[s]` and covariance `[s, s]` of (f_1, f_1', …, f_2, f_2', …). */
export interface State {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/** What the filter knows at every point, from the points up to it. */
export interface Filtered {
  readonly sde: MaternSde;
  readonly components: number;
  readonly points: Float64Array;
  readonly states: readonly State[];
}

/** A filtered line with what all points say about each. */
export interface Smoothed extends Filtered {
  readonly smoothed: readonly State[];
}

/** Means `[n, components]` and covariances `[n, components, components]` of the processes themselves. */
export interface LineMoments {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/**
 * Runs the filter over the points: predict by the differential equation, then condition on the message with S = I + Λ H
 * P Hᵀ, which needs no inverse of Λ. O(n s³) with s = components · order. Throws ShapeError for arrays whose lengths do
 * not agree, or points out of order.
 */
export function kalmanFilter(sde: MaternSde, messages: Messages): Filtered {
  const { components: r, points, precision, information } = messages;
  const n = points.length;
  if (precision.length !== n * r * r || information.length !== n * r)
    throw new ShapeError(
      `kalmanFilter: ${n} points of ${r} components need ${n * r * r} numbers of precision and ${n * r} of information, got ${precision.length} and ${information.length}`,
    );
  for (let i = 1; i < n; i++)
    if (!(points[i]! >= points[i - 1]!))
      throw new ShapeError(
        `kalmanFilter: points: ascending ones were expected, got ${points[i - 1]} before ${points[i]}`,
      );
  const states: State[] = [];
  let state = prior(sde, r);
  for (let i = 0; i < n; i++) {
    if (i > 0) state = advance(state, sde.step(points[i]! - points[i - 1]!), sde.order, r);
    state = condition(
      state,
      precision.subarray(i * r * r, (i + 1) * r * r),
      information.subarray(i * r, (i + 1) * r),
      sde.order,
      r,
    );
    states.push(state);
  }
  return { sde, components: r, points, states };
}

/** Hands what later points know back to earlier ones. O(n s³). */
export function rtsSmoother(filtered: Filtered): Smoothed {
  const { sde, components, points, states } = filtered;
  const smoothed = states.slice();
  for (let i = states.length - 2; i >= 0; i--) {
    const step = sde.step(points[i + 1]! - points[i]!);
    smoothed[i] = lookBack(states[i]!, smoothed[i + 1]!, step, sde.order, components);
  }
  return { ...filtered, smoothed };
}

/** Moments of the processes at the points of the line. */
export function lineMoments({ sde, components: r, smoothed }: Smoothed): LineMoments {
  const mean = new Float64Array(smoothed.length * r);
  const covariance = new Float64Array(smoothed.length * r * r);
  smoothed.forEach((state, i) => {
    project(state, sde.order, r, mean, covariance, i);
  });
  return { mean, covariance };
}

/**
 * Moments of the processes anywhere: between two points conditioned on both, before the first and after the last by the
 * equation run backwards and forwards. O(log n + s³) a point.
 */
export function predictLine(line: Smoothed, at: ArrayLike<number>): LineMoments {
  const { sde, components: r } = line;
  const mean = new Float64Array(at.length * r);
  const covariance = new Float64Array(at.length * r * r);
  for (let i = 0; i < at.length; i++) project(stateAt(line, at[i]!), sde.order, r, mean, covariance, i);
  return { mean, covariance };
}

function stateAt({ sde, components: r, points, states, smoothed }: Smoothed, x: number): State {
  let low = 0;
  let high = points.length;
  // The first point beyond x.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  const before = low - 1;
  if (before >= 0 && points[before] === x) return smoothed[before]!;
  const here =
    before < 0 ? prior(sde, r) : advance(states[before]!, sde.step(x - points[before]!), sde.order, r);
  if (low === points.length) return here;
  return lookBack(here, smoothed[low]!, sde.step(points[low]! - x), sde.order, r);
}

function prior({ order: p, stationary }: MaternSde, r: number): State {
  const s = p * r;
  const covariance = new Float64Array(s * s);
  for (let c = 0; c < r; c++)
    for (let i = 0; i < p; i++)
      for (let j = 0; j < p; j++) covariance[(c * p + i) * s + c * p + j] = stationary[i * p + j]!;
  return { mean: new Float64Array(s), covariance };
}

/** Rows of (I ⊗ A) X for X `[r p, columns]`. */
function applyBlocks(a: Float64Array, x: Float64Array, p: number, r: number, columns: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let c = 0; c < r; c++)
    for (let i = 0; i < p; i++)
      for (let j = 0; j < p; j++) {
        const factor = a[i * p + j]!;
        if (factor === 0) continue;
        const from = (c * p + j) * columns;
        const to = (c * p + i) * columns;
        for (let k = 0; k < columns; k++) out[to + k]! += factor * x[from + k]!;
      }
  return out;
}

function transposed(x: Float64Array, s: number): Float64Array {
  const out = new Float64Array(s * s);
  transposeInto(x, s, s, out);
  return out;
}

function advance({ mean, covariance }: State, { transition, noise }: SdeStep, p: number, r: number): State {
  const s = p * r;
  const half = applyBlocks(transition, covariance, p, r, s);
  const next = applyBlocks(transition, transposed(half, s), p, r, s);
  for (let c = 0; c < r; c++)
    for (let i = 0; i < p; i++)
      for (let j = 0; j < p; j++) next[(c * p + i) * s + c * p + j]! += noise[i * p + j]!;
  symmetrize(next, 0, s);
  return { mean: applyBlocks(transition, mean, p, r, 1), covariance: next };
}

function condition(
  { mean, covariance }: State,
  precision: Float64Array,
  information: Float64Array,
  p: number,
  r: number,
): State {
  const s = p * r;
  // P Hᵀ: columns of the processes themselves.
  const ph = new Float64Array(s * r);
  const hph = new Float64Array(r * r);
  for (let c = 0; c < r; c++) {
    for (let i = 0; i < s; i++) ph[i * r + c] = covariance[i * s + c * p]!;
    for (let d = 0; d < r; d++) hph[c * r + d] = covariance[c * p * s + d * p]!;
  }
  // Row by row these are the transposes of S = I + Λ H P Hᵀ and Λ H P: by columns, as the solver reads them, themselves.
  const system = new Float64Array(r * r);
  multiply(r, r, r, hph, precision, system);
  for (let c = 0; c < r; c++) system[c * r + c]! += 1;
  // S⁻¹ [Λ H P | η − Λ H m].
  const right = new Float64Array((s + 1) * r);
  multiply(s, r, r, ph, precision, right);
  for (let c = 0; c < r; c++) {
    let gap = information[c]!;
    for (let d = 0; d < r; d++) gap -= precision[c * r + d]! * mean[d * p]!;
    right[s * r + c] = gap;
  }
  solveGeneral(1, r, system, right, s + 1);
  const nextMean = Float64Array.from(mean);
  const next = Float64Array.from(covariance);
  for (let i = 0; i < s; i++)
    for (let c = 0; c < r; c++) {
      const factor = ph[i * r + c]!;
      if (factor === 0) continue;
      nextMean[i]! += factor * right[s * r + c]!;
      for (let j = 0; j < s; j++) next[i * s + j]! -= factor * right[j * r + c]!;
    }
  symmetrize(next, 0, s);
  return { mean: nextMean, covariance: next };
}

/** The state at a point from what is known up to it and the smoothed state of the next point. */
function lookBack(here: State, later: State, step: SdeStep, p: number, r: number): State {
  const s = p * r;
  const predicted = advance(here, step, p, r);
  // Gᵀ = P_pred⁻¹ (A P).
  const gain = applyBlocks(step.transition, here.covariance, p, r, s);
  solveHeld(Float64Array.from(predicted.covariance), gain, s, s);
  const mean = Float64Array.from(here.mean);
  const change = new Float64Array(s * s);
  for (let j = 0; j < s; j++) {
    const moved = later.mean[j]! - predicted.mean[j]!;
    for (let i = 0; i < s; i++) mean[i]! += gain[j * s + i]! * moved;
  }
  for (let i = 0; i < s * s; i++) change[i] = later.covariance[i]! - predicted.covariance[i]!;
  const held = new Float64Array(s * s);
  const covariance = new Float64Array(s * s);
  multiply(s, s, s, transposed(gain, s), change, held);
  multiply(s, s, s, held, gain, covariance);
  for (let i = 0; i < s * s; i++) covariance[i]! += here.covariance[i]!;
  symmetrize(covariance, 0, s);
  return { mean, covariance };
}

function project(
  { mean, covariance }: State,
  p: number,
  r: number,
  means: Float64Array,
  covariances: Float64Array,
  at: number,
): void {
  const s = p * r;
  for (let c = 0; c < r; c++) {
    means[at * r + c] = mean[c * p]!;
    for (let d = 0; d < r; d++) covariances[(at * r + c) * r + d] = covariance[c * p * s + d * p]!;
  }
}
