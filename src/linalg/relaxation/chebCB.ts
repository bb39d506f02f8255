// A bandit that sees a number before it chooses, and learns each action's cost as a polynomial of it.

import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Bandit, checkActions, checkContext, checkInterval, checkObservation } from "./bandit.ts";
import { boxQuadratic } from "./boxQuadratic.ts";

export interface ChebState {
  readonly rounds: number;
  readonly largest: number;
  readonly smallest: number;
  /** Σ (prediction − (cost − 1))², in units of the cost. */
  readonly errors: number;
  /** `[actions, degree, degree]`: normal equations of each action, Σ f fᵀ … */
  readonly gram: readonly Float64Array[];
  /** … and Σ f (cost − 1). */
  readonly moment: readonly Float64Array[];
  /** `[actions, degree]`: coefficients of (cost − 1) / scale. */
  readonly theta: readonly Float64Array[];
  readonly scale: number;
}

/**
 * A contextual bandit for costs that depend smoothly on a number in the interval [a, b]: each action's cost is fitted by
 * Chebyshev polynomials of degree below `degree`, with bounds on the coefficients that hold for Lipschitz functions, and
 * actions are chosen with probabilities that fall with the inverse of the predicted gap. The rate of exploration is that
 * of the official code: η = 2 t √(d t / (R + 2 α² t)) after t rounds with d actions, R the squared errors of all
 * predictions, α what a polynomial of this degree may miss.
 *
 * Costs are counts, at least 1. O(actions · degree) to choose; O(degree³) to learn, O(actions · degree³) where the range
 * of the costs grew.
 *
 * Source: Khodak, Chow, Balcan and Talwalkar, "Learning to relax: setting solver parameters across a sequence of linear
 * system instances" (2024).
 *
 * @throws DomainError for actions or degree that are no positive integers, an interval that is empty, contexts outside of
 * it, unknown actions, and costs that are not finite.
 */
export function chebCB(options: {
  readonly actions: number;
  /** Number of polynomials; 6 unless told. */
  readonly degree?: number;
  readonly interval: readonly [number, number];
}): Bandit<ChebState> {
  const name = "chebCB";
  const { actions: d, degree: m = 6, interval } = options;
  checkActions(name, d);
  checkInterval(name, interval);
  if (!(Number.isInteger(m) && m >= 1))
    throw new DomainError(`${name}: degree must be a positive integer, got ${m}`);
  const [a, b] = interval;
  const featuresAt = (context: number | undefined): Float64Array =>
    chebyshev(m, (2 * (checkContext(name, context, interval) - a)) / (b - a) - 1);
  return {
    actions: d,
    init: () => {
      const each = (length: number): Float64Array[] =>
        Array.from({ length: d }, () => new Float64Array(length));
      return {
        ...{ rounds: 0, largest: 0, smallest: Number.POSITIVE_INFINITY, errors: 0, scale: 0 },
        ...{ gram: each(m * m), moment: each(m), theta: each(m) },
      };
    },
    probabilities: (state, context) => {
      const f = featuresAt(context);
      return new Tensor(inverseGaps(state.theta, f, rateOf(state, d, m)), [d], "float64");
    },
    update: (state, observation) => {
      checkObservation(name, observation, d);
      const { action, cost } = observation;
      const f = featuresAt(observation.context);
      const error = state.scale * dot(state.theta[action]!, f) - (cost - 1);
      const gram = state.gram[action]!.slice();
      const moment = state.moment[action]!.slice();
      for (let i = 0; i < m; i++) {
        moment[i] += f[i] * (cost - 1);
        for (let j = 0; j < m; j++) gram[i * m + j] += f[i] * f[j];
      }
      const next = {
        rounds: state.rounds + 1,
        largest: Math.max(state.largest, cost),
        smallest: Math.min(state.smallest, cost),
        errors: state.errors + error * error,
        gram: state.gram.with(action, gram),
        moment: state.moment.with(action, moment),
      };
      const { scale, share } = rangeOf(next, m);
      const bounds = Float64Array.from({ length: m }, (_, j) => (j === 0 ? share : boundOf(next, scale, j)));
      const fitted = (i: number): Float64Array =>
        boxQuadratic(
          m,
          next.gram[i]!,
          next.moment[i]!.map((value) => value / scale),
          bounds,
        );
      const theta =
        scale === state.scale
          ? state.theta.with(action, fitted(action))
          : state.theta.map((old, i) => (next.gram[i]![0] > 0 ? fitted(i) : old));
      return { ...next, theta, scale };
    },
  };
}

type Range = Pick<ChebState, "largest" | "smallest">;

/** (b − a) times the Lipschitz constant: what costs may differ by. */
const spread = ({ largest, smallest }: Range): number => largest - smallest;

/** The scale S = K N of the costs, and 1/N. */
function rangeOf(range: Range, m: number): { scale: number; share: number } {
  const top = Math.max(range.largest, 1);
  const factor = 2 + ((4 * spread(range)) / top) * (1 + Math.log(m));
  return { scale: top * factor, share: 1 / factor };
}

/** What the coefficient of Chebyshev's polynomial j can be at most. */
const boundOf = (range: Range, scale: number, j: number): number => (2 * spread(range)) / (scale * j);

/** How much the predictions are trusted. */
function rateOf(state: ChebState, d: number, m: number): number {
  const { rounds: t, scale, errors } = state;
  if (t === 0) return 0;
  const missed = ((Math.PI + (2 / Math.PI) * Math.log(2 * m + 1)) * spread(state)) / (2 * scale * (m + 1));
  const risk = errors / scale ** 2 + 2 * missed ** 2 * t;
  return 2 * t * Math.sqrt((d * t) / risk);
}

/** Probabilities 1 / (d + η gap) for all but the best, which has the rest. */
function inverseGaps(theta: readonly Float64Array[], f: Float64Array, eta: number): Float64Array {
  const d = theta.length;
  const predicted = Float64Array.from(theta, (row) => dot(row, f));
  let best = 0;
  for (let i = 1; i < d; i++) if (predicted[i] < predicted[best]) best = i;
  const p = new Float64Array(d);
  let others = 0;
  for (let i = 0; i < d; i++) {
    const gap = predicted[i] - predicted[best];
    if (i === best) continue;
    // Without a risk the rate is infinite; actions without a gap stay alike.
    p[i] = 1 / (d + (gap > 0 ? eta * gap : 0));
    others += p[i];
  }
  p[best] = 1 - others;
  return p;
}

/** T₀(x) … T of degree m − 1. */
function chebyshev(m: number, x: number): Float64Array {
  const t = new Float64Array(m);
  for (let j = 0; j < m; j++) t[j] = j === 0 ? 1 : j === 1 ? x : 2 * x * t[j - 1] - t[j - 2];
  return t;
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}
