// One step of training as one compiled function: loss, gradient, update, statistics, metrics.

import { jit } from "../compiler/jit.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { foldIn, type Key } from "../random/key.ts";
import { tensor } from "../tensor/create.ts";
import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tree } from "../tensor/tree.ts";
import { scan } from "../transform/control/scan.ts";
import { accumulate, clipGradient, inParts, type Loss } from "./accumulate.ts";
import type { Problem } from "./problem.ts";

export interface StepOptions {
  /** Parts that a batch is computed in; see `accumulate`. 1 unless told. */
  readonly accumulate?: number;
  /** The greatest length of the gradient; see `clipGradient`. Not bounded unless told. */
  readonly clip?: number;
  /** Compile the step; true unless told. */
  readonly jit?: boolean;
  /** Bytes that a compiled step may take; what does not fit is computed again when it is needed. See `jit`. */
  readonly memoryBudget?: number;
}

/** What a step leaves. */
export interface Stepped<P, S> {
  readonly params: P;
  readonly state: S;
  /** The loss before the step. */
  readonly value: Tensor;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

export type Step<P, B, S> = (params: P, state: S, batch: B, key: Key) => Stepped<P, S>;

/** The step of training; `key` is that of the step. */
export function trainingStep<P, B, S>(
  problem: Problem<P, B>,
  optimizer: Optimizer<P, B, S>,
  options: StepOptions,
): Step<P, B, S> {
  const { accumulate: parts = 1, clip, jit: compiled = true, memoryBudget } = options;
  const accumulated = accumulate<P, B>(problem.loss, parts);
  const loss: Loss<P, B> =
    clip === undefined
      ? accumulated
      : (params, batch, key) => accumulated(clipGradient(params, clip), batch, key);
  const observe = parts === 1 ? observeWhole : observeParts(parts);
  // Once it is known that nothing is to be observed, a step that is not compiled spares the second evaluation.
  let isPlain = false;
  const step: Step<P, B, S> = (params, state, batch, key) => {
    const { params: moved, state: next, value } = optimizer.step({ params, state, loss, batch, key });
    if (isPlain) return { params: moved, state: next, value, metrics: {} };
    const { metrics, statistics } = observe(problem, params, batch, key);
    isPlain = Object.keys(metrics).length === 0 && statistics.size === 0;
    return { params: withStatistics(moved, params, statistics), state: next, value, metrics };
  };
  return compiled ? jit(step, memoryBudget === undefined ? {} : { memoryBudget }) : step;
}

interface Observed {
  readonly metrics: Readonly<Record<string, Tensor>>;
  readonly statistics: ReadonlyMap<Tensor, Tensor>;
}

type Observe = <P, B>(problem: Problem<P, B>, params: P, batch: B, key: Key) => Observed;

const observeWhole: Observe = (problem, params, batch, key) => problem.observe(params, batch, key);

/** Part after part, as the loss is computed: statistics pass from one to the next, metrics are averaged. */
const observeParts =
  (parts: number): Observe =>
  (problem, params, batch, key) => {
    let found: readonly number[] = [];
    const leaves = tree.leaves(params);
    const { carry, ys } = scan(
      ({ i, current }, slice) => {
        const { metrics, statistics } = problem.observe(current, slice, foldIn(key, i));
        found = indicesOf(statistics, current);
        return [{ i: i.add(1), current: withStatistics(current, current, statistics) }, metrics];
      },
      { i: tensor(0, { dtype: "int32" }), current: params },
      inParts(batch, parts),
    ) as {
      carry: { current: typeof params };
      ys: Readonly<Record<string, Tensor>>;
    };
    const after = tree.leaves(carry.current);
    return {
      metrics: Object.fromEntries(Object.entries(ys).map(([name, values]) => [name, values.mean()])),
      statistics: new Map(found.map((i) => [leaves[i]!, after[i]!])),
    };
  };

/** Which leaves of the parameters are statistics. Throws DomainError for a tensor that is none of the leaves. */
function indicesOf<P>(statistics: ReadonlyMap<Tensor, Tensor>, params: P): readonly number[] {
  const leaves = tree.leaves(params);
  return [...statistics.keys()].map((old) => {
    const i = leaves.indexOf(old);
    if (i < 0)
      throw new DomainError(
        "fit: model: pass.update was called with a tensor that is not a leaf of the parameters; hand it the leaf as `apply` received it",
      );
    return i;
  });
}

/** Parameters after a step, in which statistics are those of the batch rather than what the optimizer made of them. */
function withStatistics<P>(moved: P, before: P, statistics: ReadonlyMap<Tensor, Tensor>): P {
  if (statistics.size === 0) return moved;
  indicesOf(statistics, before);
  return tree.map(
    (next, old) => {
      const value = statistics.get(old);
      return value ? value.astype(old.dtype) : next;
    },
    moved,
    before,
  );
}
