// Optimizers side by side on one problem: at equal steps and at equal time, each baseline at the best of its learning rates.

import { jit } from "../../compiler/jit.ts";
import { permutation } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { checkCount } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import { tree } from "../../tensor/tree.ts";
import { checkAboveZero } from "../blocks/options.ts";
import type { Batch } from "../curvature/modelLoss.ts";
import type { Optimizer } from "../optimizer.ts";
import type { Problem } from "./problem.ts";

/** An optimizer to compare: as it is, or one for every learning rate of the grid. */
export type Contender<P> =
  | Optimizer<P, Batch, unknown>
  | ((learningRate: number) => Optimizer<P, Batch, unknown>);

export interface CompareOptions<P> {
  readonly problem: Problem<P>;
  readonly optimizers: Readonly<Record<string, Contender<P>>>;
  readonly key: Key;
  readonly budget: { readonly steps: number } | { readonly seconds: number };
  /** Learning rates for those that take one, at least four. */
  readonly lrGrid?: readonly number[];
  /** Examples of a step; all unless told. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

export interface Comparison {
  readonly name: string;
  /** The best of the grid; null for an optimizer that was handed over as it is. */
  readonly learningRate: number | null;
  /** The loss on all training data at the end. */
  readonly trainLoss: number;
  readonly testLoss: number;
  readonly steps: number;
  /** Mean over the steps, without the time to compile. */
  readonly msPerStep: number;
  readonly stateBytes: number;
}

/** Two tables with a row for every optimizer. */
export interface Comparisons {
  /** Every optimizer took the same number of steps. */
  readonly equalSteps: readonly Comparison[];
  /** Every optimizer had the same time. */
  readonly equalTime: readonly Comparison[];
}

/**
 * Trains one problem with several optimizers from the same parameters, with the same batches and keys. A function from a
 * learning rate to an optimizer is tried with every rate of the grid, and its best by the training loss is what counts. A budget of steps makes the
 * table of equal steps, and the longest time of its best runs the one of equal time; a budget of seconds makes both the other way
 * round. Compiled; steps of a comparison at equal time depend on the machine.
 *
 * Throws DomainError for a grid of fewer than four rates where one is needed, and bad budgets.
 */
export function compareOptimizers<P>(options: CompareOptions<P>): Comparisons {
  const { optimizers, budget, lrGrid = [], signal } = options;
  const needsGrid = Object.values(optimizers).some((entry) => typeof entry === "function");
  if (needsGrid && lrGrid.length < 4)
    throw new DomainError(
      `compareOptimizers: lrGrid: at least 4 learning rates were expected, got ${lrGrid.length}`,
    );
  if ("steps" in budget) checkCount("compareOptimizers: budget.steps", budget.steps);
  else checkAboveZero(budget.seconds, "compareOptimizers: budget.seconds");
  if (options.batchSize !== undefined) checkCount("compareOptimizers: batchSize", options.batchSize);
  const table = (limit: Limit): Comparison[] =>
    Object.entries(optimizers).map(([name, entry]) => {
      const rates = typeof entry === "function" ? lrGrid : [null];
      const runs = rates.map((rate) => {
        checkAborted(signal, "compareOptimizers");
        const optimizer = typeof entry === "function" ? entry(rate!) : entry;
        return { name, learningRate: rate, ...train(options, optimizer, limit) };
      });
      return runs.reduce((best, run) =>
        run.trainLoss < best.trainLoss || Number.isNaN(best.trainLoss) ? run : best,
      );
    });
  if ("steps" in budget) {
    const equalSteps = table({ steps: budget.steps, ms: Number.POSITIVE_INFINITY });
    const ms = Math.max(...equalSteps.map((run) => run.steps * run.msPerStep));
    return { equalSteps, equalTime: table({ steps: Number.POSITIVE_INFINITY, ms }) };
  }
  const equalTime = table({ steps: Number.POSITIVE_INFINITY, ms: 1000 * budget.seconds });
  const steps = Math.min(...equalTime.map((run) => run.steps));
  return { equalSteps: table({ steps, ms: Number.POSITIVE_INFINITY }), equalTime };
}

interface Limit {
  readonly steps: number;
  readonly ms: number;
}

function train<P>(
  { problem, key, batchSize }: CompareOptions<P>,
  optimizer: Optimizer<P, Batch, unknown>,
  limit: Limit,
): Omit<Comparison, "name" | "learningRate"> {
  const { loss } = problem;
  const [forInit, forOrder, forSteps] = split(key, 3) as [Key, Key, Key];
  const start = problem.init(forInit);
  const batchOf = batches(problem.train, forOrder, batchSize);
  const step = jit((params: P, state: unknown, batch: Batch, from: Key) =>
    optimizer.step({ params, state, loss, batch, key: from }),
  );
  const example = { loss, batch: batchOf(0), key: foldIn(forSteps, 0) };
  const initial = optimizer.init(start, example);
  step(start, initial, example.batch, example.key); // compiles
  let params = start;
  let state = initial;
  let steps = 0;
  const begin = performance.now();
  let ms = 0;
  while (steps < limit.steps && ms < limit.ms) {
    ({ params, state } = step(params, state, batchOf(steps), foldIn(forSteps, steps)));
    steps++;
    ms = performance.now() - begin;
  }
  return {
    trainLoss: loss(params, problem.train, forSteps).item(),
    testLoss: loss(params, problem.test, forSteps).item(),
    steps,
    msPerStep: ms / steps,
    stateBytes: tree.leaves(initial).reduce((sum, { nbytes }) => sum + nbytes, 0),
  };
}

/** Batches in a new random order for every pass; what does not fill one is left out. */
function batches(all: Batch, key: Key, size: number | undefined): (step: number) => Batch {
  const n = all.target.shape[0]!;
  if (size === undefined || size >= n) return () => all;
  const perPass = Math.floor(n / size);
  let pass = -1;
  let order = permutation(key, n);
  return (step) => {
    const now = Math.floor(step / perPass);
    if (now !== pass) {
      order = permutation(foldIn(key, now), n);
      pass = now;
    }
    const first = (step % perPass) * size;
    const rows = order.at(`${first}:${first + size}`);
    return { input: all.input.at(rows), target: all.target.at(rows) };
  };
}
