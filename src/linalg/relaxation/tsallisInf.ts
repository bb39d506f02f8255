// Bandits without a model of the costs: mirror descent with Tsallis' entropy, for all contexts at once or bin by bin.

import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  type Bandit,
  checkActions,
  checkContext,
  checkInterval,
  checkObservation,
  type Observation,
} from "./bandit.ts";

export interface TsallisState {
  /** Rounds that were played. */
  readonly rounds: number;
  /** The sum of their costs. */
  readonly cost: number;
  /** `[actions]`: estimates of what each action would have cost in all rounds, beyond 1 a round. */
  readonly estimates: Float64Array;
}

/**
 * The bandit with Tsallis' entropy of order ½, which needs no tuning: its regret is of the best order whether costs are
 * random or chosen by an adversary. Costs are counts, at least 1, such as iterations of a solver; they are scaled by the
 * mean of what exceeds 1. O(actions) a round.
 *
 * The first probabilities are equal; p = 4 (η (L − x))⁻² with η = 2/√t, L the scaled estimates, and x found by Newton's
 * method such that their sum is 1.
 *
 * Sources: Zimmert and Seldin, "Tsallis-INF: an optimal algorithm for stochastic and adversarial bandits", JMLR 22 (2021);
 * Khodak, Chow, Balcan and Talwalkar, "Learning to relax" (2024).
 *
 * @throws DomainError for actions that are no positive integer, unknown actions, and costs that are not finite.
 */
export function tsallisInf({ actions }: { readonly actions: number }): Bandit<TsallisState> {
  const name = "tsallisInf";
  checkActions(name, actions);
  return {
    actions,
    init: () => ({ rounds: 0, cost: 0, estimates: new Float64Array(actions) }),
    probabilities: (state) => new Tensor(weights(state), [actions], "float64"),
    update: (state, observation) => {
      checkObservation(name, observation, actions);
      const { action, cost } = observation;
      const estimates = state.estimates.slice();
      estimates[action] += (cost - 1) / weights(state)[action];
      return { rounds: state.rounds + 1, cost: state.cost + cost, estimates };
    },
  };
}

/** Newton's method gains digits quadratically from the first step on. */
const MOST_STEPS = 60;

/** The probabilities of a round. */
function weights({ rounds, cost, estimates }: TsallisState): Float64Array {
  const d = estimates.length;
  const mean = rounds > 0 ? cost / rounds - 1 : 1;
  const scale = mean > 0 ? mean : 1;
  const eta = 2 / Math.sqrt(rounds + 1);
  const p = new Float64Array(d);
  // At 2/η below the least estimate its probability alone is 1: the sum is too large, and falls with x. Newton's steps on
  // this convex function go down to the root and never beyond it.
  let x = estimates.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY) / scale;
  x -= 2 / eta;
  let sum = 0;
  for (let step = 0; step < MOST_STEPS; step++) {
    sum = 0;
    let slope = 0;
    for (let i = 0; i < d; i++) {
      const root = 2 / (eta * (estimates[i] / scale - x));
      p[i] = root * root;
      sum += p[i];
      slope += p[i] * root;
    }
    const down = (sum - 1) / (eta * slope);
    if (!(sum - 1 > 1e-14) || x - down === x) break;
    x -= down;
  }
  for (let i = 0; i < d; i++) p[i] /= sum;
  return p;
}

/**
 * `tsallisInf` for each of several bins of a context in the interval [a, b]: it learns the best action of each bin, and
 * nothing from one bin for another. O(actions + bins) a round.
 *
 * @throws as `tsallisInf` does; DomainError for bins that are no positive integer, an interval that is empty and contexts
 * outside of it.
 */
export function binnedTsallis(options: {
  readonly actions: number;
  /** 5 unless told. */
  readonly bins?: number;
  readonly interval: readonly [number, number];
}): Bandit<readonly TsallisState[]> {
  const name = "binnedTsallis";
  const { actions, bins = 5, interval } = options;
  checkInterval(name, interval);
  if (!(Number.isInteger(bins) && bins >= 1))
    throw new DomainError(`${name}: bins must be a positive integer, got ${bins}`);
  const each = tsallisInf({ actions });
  const [a, b] = interval;
  const binOf = (context: number | undefined): number =>
    Math.min(bins - 1, Math.floor(((checkContext(name, context, interval) - a) / (b - a)) * bins));
  return {
    actions,
    init: () => Array.from({ length: bins }, () => each.init()),
    probabilities: (state, context) => each.probabilities(state[binOf(context)]!),
    update: (state, observation: Observation) => {
      const bin = binOf(observation.context);
      return state.with(bin, each.update(state[bin]!, observation));
    },
  };
}
