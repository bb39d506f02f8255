// Steps of implicit Runge-Kutta methods as tensor operations, for `odeint`.

import { solve } from "../../linalg/systems/solve.ts";
import { logicalAnd, where } from "../../ops/comparison.ts";
import { stack } from "../../ops/join.ts";
import { eye, tensor, zeros } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { jacfwd } from "../../transform/jacobian.ts";
import { stopGradient } from "../../transform/stop.ts";
import { advance, combine, errorScale, type Slope, weightedNorm } from "../methods/explicitStep.ts";
import type { TrialInput, TrialOutput } from "../problem.ts";
import { RADAU_C, RADAU_ERROR, RADAU_MATRIX, RADAU_REAL } from "./radauTableau.ts";
import type { AdditiveTableau } from "./tableau.ts";
import { tracedRoot } from "./tracedNewton.ts";

/** The size of a correction of a stage, in units of what is allowed. */
type Norm = (correction: Tensor) => Tensor;

/** Corrections this far below the tolerance of the step end an iteration. */
const NEWTON_PART = 0.003;
/** Of the state, for steps without error control; the last correction squares what is left. */
const FIXED_RTOL = 1e-7;

/** For fixed steps. */
const fixedNorm =
  (y: Tensor): Norm =>
  (correction) =>
    weightedNorm(
      correction,
      y
        .abs()
        .mul(FIXED_RTOL)
        .add(FIXED_RTOL * FIXED_RTOL),
    );

const identity = (y: Tensor): Tensor => eye(y.shape[0]!, y.shape[0]!, { dtype: y.dtype });

const NAN: Tensor = tensor(Number.NaN);

interface Stages {
  readonly y: Tensor;
  /** Whether all stages were solved. */
  readonly isFound: Tensor;
  /** The slopes of both parts together. */
  readonly slopes: readonly Tensor[];
}

/** A step of a diagonally implicit method; `other` is the explicit part of a split right-hand side. */
function additiveStages(
  { c, implicit, explicit, b, explicitB }: AdditiveTableau,
  { stiff, other }: { readonly stiff: Slope; readonly other: Slope | null },
  { t, h, y }: { readonly t: Tensor; readonly h: Tensor; readonly y: Tensor },
  norm: Norm,
): Stages {
  const jacobian = stopGradient(jacfwd((x: Tensor) => stiff(t, x))(y));
  const stiffs: Tensor[] = [];
  const others: Tensor[] = [];
  let isFound = tensor(true);
  c.forEach((fraction, s) => {
    const time = t.add(h.mul(fraction));
    const diagonal = implicit[s]![s]!;
    const own = advance(y, h, implicit[s]!.slice(0, s), stiffs);
    const base = other ? advance(own, h, explicit![s]!, others) : own;
    let state = base;
    if (diagonal === 0) stiffs.push(stiff(time, base));
    else {
      const factor = h.mul(diagonal);
      const last = stiffs.at(-1) ?? stiff(t, y);
      const root = tracedRoot({
        residual: (x) => x.sub(base).sub(stiff(time, x).mul(factor)),
        guess: base.add(last.mul(factor)),
        matrix: identity(y).sub(jacobian.mul(factor)),
        safe: y,
        norm,
      });
      state = root.x;
      isFound = logicalAnd(isFound, root.isFound);
      stiffs.push(state.sub(base).div(factor));
    }
    if (other) others.push(other(time, state));
  });
  const ended = advance(y, h, b, stiffs);
  return {
    y: other ? advance(ended, h, explicitB, others) : ended,
    isFound,
    slopes: stiffs.map((slope, s) => (other ? slope.add(others[s]!) : slope)),
  };
}

/** A trial step of a diagonally implicit method with an error estimate. */
export function diagonalTrial(tableau: AdditiveTableau, input: TrialInput): TrialOutput {
  const { f, args, t, h, y, rtol, atol } = input;
  const slope: Slope = (time, x) => f(time, x, args);
  const allowed = y.abs().mul(rtol).add(atol).mul(NEWTON_PART);
  const norm = (correction: Tensor): Tensor => weightedNorm(correction, allowed);
  const stages = additiveStages(tableau, { stiff: slope, other: null }, { t, h, y }, norm);
  const estimate = combine(tableau.error!, stages.slopes)!.mul(h);
  const error = weightedNorm(estimate, errorScale(y, stages.y, rtol, atol));
  return { y: stages.y, slope: slope(t.add(h), stages.y), error: where(stages.isFound, error, NAN) };
}

/** One step of a diagonally implicit method without error control; NaN where a stage could not be solved. */
export function diagonalStep(
  tableau: AdditiveTableau,
  fields: { readonly stiff: Slope; readonly other: Slope | null },
  at: { readonly t: Tensor; readonly h: Tensor; readonly y: Tensor },
): Tensor {
  const { y, isFound } = additiveStages(tableau, fields, at, fixedNorm(at.y));
  return where(isFound, y, NAN);
}

/** The distances `z` of the three stages of Radau IIA from y, `[3, n]`. */
function radauStages(
  f: Slope,
  { t, h, y }: { readonly t: Tensor; readonly h: Tensor; readonly y: Tensor },
  jacobian: Tensor,
  norm: Norm,
): { readonly z: Tensor; readonly isFound: Tensor } {
  const n = y.shape[0]!;
  const blocks = RADAU_MATRIX.map((row) => row.map((weight) => jacobian.mul(weight)));
  const joined = stack(blocks.map((row) => stack(row, 1))).reshape([3 * n, 3 * n]);
  const whole = eye(3 * n, 3 * n, { dtype: y.dtype }).sub(joined.mul(h));
  const residual = (x: Tensor): Tensor => {
    const z = x.reshape([3, n]);
    const slopes = RADAU_C.map((c, s) => f(t.add(h.mul(c)), y.add(z.at(s))));
    const rows = RADAU_MATRIX.map((weights) => combine(weights, slopes)!);
    return z.sub(stack(rows).mul(h)).reshape([3 * n]);
  };
  // Slopes would be a wild guess: in stiff directions they hold little but rounding errors.
  const guess = zeros([3 * n], y.dtype);
  const { x, isFound } = tracedRoot({
    residual,
    guess,
    safe: guess,
    matrix: whole,
    norm: (correction) => norm(correction.reshape([3, n])),
  });
  return { z: x.reshape([3, n]), isFound };
}

/** One step of Radau IIA without error control. */
export function radauStep(f: Slope, t: Tensor, h: Tensor, y: Tensor): Tensor {
  const jacobian = stopGradient(jacfwd((x: Tensor) => f(t, x))(y));
  const { z, isFound } = radauStages(f, { t, h, y }, jacobian, fixedNorm(y));
  return where(isFound, y.add(z.at(2)), NAN);
}

/** A trial step of Radau IIA; the estimate is filtered by a system, so that it stays bounded for stiff components. */
export function radauTrial({ f: field, args, t, h, y, slope, rtol, atol }: TrialInput): TrialOutput {
  const f: Slope = (time, x) => field(time, x, args);
  const jacobian = stopGradient(jacfwd((x: Tensor) => f(t, x))(y));
  const allowed = y.abs().mul(rtol).add(atol).mul(NEWTON_PART);
  const { z, isFound } = radauStages(f, { t, h, y }, jacobian, (x) => weightedNorm(x, allowed));
  const end = y.add(z.at(2));
  const rest = combine(
    RADAU_ERROR,
    [0, 1, 2].map((s) => z.at(s)),
  )!;
  const filter = identity(y).mul(RADAU_REAL).sub(jacobian.mul(h));
  const scale = errorScale(y, end, rtol, atol);
  const filtered = (start: Tensor): Tensor => solve(filter, rest.add(start.mul(h)));
  const first = filtered(slope);
  const once = weightedNorm(first, scale);
  // Filtered once more, what is far from a stiff equilibrium does not look worse than it is.
  const second = filtered(f(t, y.add(first)));
  const error = where(once.greater(1), weightedNorm(second, scale), once);
  return { y: end, slope: f(t.add(h), end), error: where(isFound, error, NAN) };
}
