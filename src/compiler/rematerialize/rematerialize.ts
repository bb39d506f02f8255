// Schedules that fit a memory budget by computing some values again, with as little of that as the search can find.

import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { greedyPlan } from "./greedy.ts";
import { Neighbourhoods } from "./neighbourhoods.ts";
import { RandomStream } from "./prng.ts";
import { type CostGraph, type Problem, prepare } from "./problem.ts";
import { type Outcome, peakMemory, run, toSchedule } from "./retention.ts";
import { everything, isBetter, leastExtra, search } from "./search.ts";

export interface RematerializeOptions extends IterationOptions {
  /** Largest memory at any moment, in the units of `graph.memory`. */
  readonly budget: number;
  /** How often a node may be computed (2). */
  readonly maxCopies?: number;
  /** Topological order in which nodes are computed for the first time; by default 0, 1, … where that is one. */
  readonly order?: readonly number[];
  /** Seconds after which the search ends with the best schedule found. Without it, work is bounded by `iterations`. */
  readonly timeLimit?: number;
  /** Neighbourhoods that are searched; by default 400 + 40 n, without bound where a `timeLimit` is given. */
  readonly iterations?: number;
  /** Whether to try to prove the optimum; by default for graphs of at most 24 nodes, possible up to 128. */
  readonly exact?: boolean;
  /** A random key for the search; the result is the same for the same key while the time limit is not reached. */
  readonly key?: Tensor;
}

export interface Rematerialization {
  /** Nodes in the order in which they run; recomputed ones appear several times. */
  readonly schedule: number[];
  /** Sum of durations over the schedule. */
  readonly duration: number;
  /** `peakMemory` of the schedule. */
  readonly peak: number;
  /** Duration of recomputations over that of everything computed once. */
  readonly increase: number;
  /** The peak is within the budget. If not, the schedule is the one of least excess that was found. */
  readonly feasible: boolean;
  /** Proved: no schedule with this order and these copies is shorter, or, when not feasible, none fits. */
  readonly optimal: boolean;
  /** No feasible schedule is shorter than this; Infinity when it is proved that there is none. */
  readonly lowerBound: number;
  /** Decision variables of the formulation: start, end and activity of `maxCopies` intervals a node. */
  readonly variables: number;
}

/** Greedy plans, each with other random weights, of which the best is kept. */
const GREEDY_STARTS = 12;
/** Steps of the search in one neighbourhood. */
const WINDOW_STEPS = 3000;
/** Steps of a proof without a time limit. */
const PROOF_STEPS = 5e6;
/** Graphs up to this size are solved exactly unless told otherwise. */
const EXACT_NODES = 24;
/** Proofs of more are out of reach, and of the depth of the stack. */
const MOST_EXACT_NODES = 128;
/** A large-neighbourhood search before a proof is this short: the proof needs a good plan, not the best. */
const ITERATIONS_BEFORE_PROOF = 150;

/**
 * An execution order of a graph whose memory stays within a budget, with the least duration found (Bartan, Li,
 * Teague, Lott, Dilkina, "Moccasin: Efficient Tensor Rematerialization for Neural Networks", 2023). Each node has up
 * to `maxCopies` retention intervals: it is computed at the start of one and kept to its end, its last reader. Nodes
 * run for the first time in a fixed topological order; between the first runs of two neighbours, any earlier nodes
 * may run again, in the same order.
 *
 * A first plan drops values greedily; phase 1 brings its peak down to the budget, phase 2 shortens it, both by
 * large-neighbourhood search: the intervals in a window of stages are freed and solved again by branch and bound with
 * a time-table of compulsory parts. Small graphs are then solved to optimality in the same way, freed as a whole.
 *
 * The work is synchronous: a signal is seen when it was aborted before the call or by `onProgress`. O(maxCopies · n)
 * decision variables, O(n + edges) memory, O(n + edges) a neighbourhood plus its search.
 *
 * Throws ShapeError and DomainError for bad graphs and options, and for a budget below what one node needs with its
 * inputs, DTypeError for something else than a key, AbortedError.
 */
export function rematerialize(graph: CostGraph, options: RematerializeOptions): Rematerialization {
  const { budget, maxCopies = 2, order } = options;
  const problem = prepare(graph, { budget, maxCopies, ...(order && { order }) });
  checkLimits(options);
  if (options.exact && problem.n > MOST_EXACT_NODES)
    throw new DomainError(
      `rematerialize: exact is for graphs of at most ${MOST_EXACT_NODES} nodes, got ${problem.n}`,
    );
  const random = new RandomStream(options.key);
  const plain = run(
    problem,
    Array.from({ length: problem.n }, () => []),
  );
  const describe = (outcome: Outcome, least: number, proved: boolean): Rematerialization => {
    const schedule = toSchedule(problem, outcome.plan);
    const duration = schedule.reduce((sum, v) => sum + graph.duration[v]!, 0);
    const once = Array.from(graph.duration).reduce((sum, d) => sum + d, 0);
    const peak = peakMemory(graph, schedule);
    const feasible = peak <= budget;
    return {
      schedule,
      duration,
      peak,
      increase: once > 0 ? duration / once - 1 : 0,
      feasible,
      optimal: proved,
      lowerBound: proved ? (feasible ? duration : Infinity) : once + least * problem.durationUnit,
      variables: 3 * maxCopies * problem.n,
    };
  };
  const unbroken = describe(plain, 0, true);
  if (unbroken.feasible) return unbroken;
  const least = leastExtra(problem, plain);
  const solver = new Solver(problem, options, random);
  const outcome = solver.solve(plain);
  const isBound = outcome.overflow === 0 && outcome.extra <= least;
  return describe(outcome, least, solver.isProved || isBound || least === Infinity);
}

function checkLimits({ timeLimit, iterations }: RematerializeOptions): void {
  if (timeLimit !== undefined && !(timeLimit >= 0))
    throw new DomainError(`rematerialize: timeLimit must be a number of seconds, got ${timeLimit}`);
  if (
    iterations !== undefined &&
    iterations !== Infinity &&
    !(Number.isInteger(iterations) && iterations >= 0)
  )
    throw new DomainError(`rematerialize: iterations must be a non-negative integer, got ${iterations}`);
}

class Solver {
  readonly #problem: Problem;
  readonly #options: RematerializeOptions;
  readonly #random: RandomStream;
  readonly #deadline: number;
  readonly #isExact: boolean;
  readonly #iterations: number;
  isProved = false;

  constructor(problem: Problem, options: RematerializeOptions, random: RandomStream) {
    const { n } = problem;
    const { timeLimit, exact = n <= EXACT_NODES } = options;
    this.#problem = problem;
    this.#options = options;
    this.#random = random;
    // The clock is not read unless a limit asks for it.
    this.#deadline = timeLimit === undefined ? Infinity : performance.now() + 1000 * timeLimit;
    this.#isExact = exact;
    this.#iterations = options.iterations ?? (timeLimit === undefined ? 400 + 40 * n : Infinity);
  }

  solve(plain: Outcome): Outcome {
    let outcome = this.#descend(this.#start(plain));
    if (this.#isExact) outcome = this.#prove(outcome);
    this.#report(1, "done");
    return outcome;
  }

  #report(fraction: number, stage: string): void {
    checkAborted(this.#options.signal, "rematerialize");
    this.#options.onProgress?.({ fraction, stage });
    checkAborted(this.#options.signal, "rematerialize");
  }

  #isLate(): boolean {
    return this.#deadline < Infinity && performance.now() > this.#deadline;
  }

  #start(plain: Outcome): Outcome {
    let best = plain;
    for (let i = 0; i < GREEDY_STARTS && !this.#isLate(); i++) {
      // Half of the starts are near the plain rule, half far from it.
      const spread = i === 0 ? 0 : i % 2 ? 1 : 3;
      const weight = (): number => 2 ** (spread * (2 * this.#random.next() - 1));
      const outcome = greedyPlan(this.#problem, plain, weight, () => {
        this.#report(0, "greedy");
        return this.#isLate();
      });
      if (isBetter(outcome, best)) best = outcome;
    }
    return best;
  }

  /** Both phases of the large-neighbourhood search: while the plan passes the budget, excess counts before duration. */
  #descend(start: Outcome): Outcome {
    const problem = this.#problem;
    const neighbourhoods = new Neighbourhoods(problem, this.#random);
    const count = this.#isExact ? Math.min(this.#iterations, ITERATIONS_BEFORE_PROOF) : this.#iterations;
    const prefer = (isPlanned: boolean): boolean => this.#random.next() < (isPlanned ? 0.85 : 0.1);
    let outcome = start;
    const began = this.#deadline < Infinity ? performance.now() : 0;
    for (let i = 0; i < count && !this.#isLate(); i++) {
      if (outcome.overflow === 0 && outcome.extra === 0) break;
      const soft = outcome.overflow > 0;
      if (i % 16 === 0) {
        const share =
          count < Infinity ? i / count : (performance.now() - began) / Math.max(1e-9, this.#deadline - began);
        this.#report(share, soft ? "phase 1: memory" : "phase 2: duration");
      }
      // Plans as good as this one are taken too: the search drifts over plateaus.
      const found = search(
        problem,
        outcome,
        { overflow: outcome.overflow, extra: outcome.extra + 0.5 },
        neighbourhoods.next(outcome),
        { soft, limit: WINDOW_STEPS, memo: false, prefer },
      );
      if (found.plan) outcome = run(problem, found.plan);
    }
    return outcome;
  }

  /** Everything freed at once. */
  #prove(start: Outcome): Outcome {
    const fits = start.overflow === 0;
    this.#report(0, "proof");
    const found = search(
      this.#problem,
      start,
      { overflow: fits ? 0 : Infinity, extra: fits ? start.extra : Infinity },
      everything(this.#problem),
      {
        soft: false,
        limit: this.#deadline < Infinity ? Infinity : PROOF_STEPS,
        memo: true,
        prefer: (isPlanned) => isPlanned,
        interrupt: () => {
          this.#report(0.5, "proof");
          return this.#isLate();
        },
      },
    );
    this.isProved = found.isComplete;
    return found.plan ? run(this.#problem, found.plan) : start;
  }
}
