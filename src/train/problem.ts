// What is trained: a model with a loss of its output, or any scalar function of parameters and data.

import { modelLoss } from "../optim/curvature/modelLoss.ts";
import { isOutputLoss } from "../optim/losses/outputLoss.ts";
import type { Layer, Pass } from "../optim/model.ts";
import type { Key } from "../random/key.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Loss } from "./accumulate.ts";

/** Any scalar function of parameters. */
export interface FunctionProblem<P, B> {
  readonly params: P;
  /** The scalar to minimise. */
  readonly loss: Loss<P, B>;
  /** Further scalars that are recorded; they are not differentiated. */
  readonly metrics?: Readonly<Record<string, Loss<P, B>>>;
}

/** A model, and a loss that compares its output with a target. Batches are pairs `[input, target]`. */
export interface ModelProblem<P, X, Y, T> {
  readonly model: Layer<P, X, Y>;
  /** Where training starts; `model.init` of a key split from `key` unless told. */
  readonly params?: P;
  /**
   * The scalar to minimise, of the model's output in training. Optimizers that look inside the model (`kfac`,
   * `gaussNewtonCg`) need one that brings its curvature: `mse`, `halfSquaredError`, `softmaxCrossEntropy` or `binaryCrossEntropy`.
   */
  readonly loss: (output: Y, target: T) => Tensor;
  readonly metrics?: Readonly<Record<string, (output: Y, target: T) => Tensor>>;
}

/** Scalars that a batch was measured by, and values of statistics that a model keeps beside its weights. */
export interface Observation {
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** By leaf of the parameters. */
  readonly statistics: ReadonlyMap<Tensor, Tensor>;
}

/** What the loop needs of either. */
export interface Problem<P, B> {
  readonly params: P;
  readonly metricNames: readonly string[];
  readonly loss: Loss<P, B>;
  /** What a batch in training tells beside its loss; equal computations are merged with those of `loss`. */
  observe(params: P, batch: B, key: Key): Observation;
  /** Loss and metrics of the model as in use. */
  evaluate(
    params: P,
    batch: B,
    key: Key,
  ): { readonly loss: Tensor; readonly metrics: Record<string, Tensor> };
}

export const functionProblem = <P, B>({
  params,
  loss,
  metrics = {},
}: FunctionProblem<P, B>): Problem<P, B> => {
  const measured = (p: P, batch: B, key: Key): Record<string, Tensor> =>
    mapValues(metrics, (metric, name) => scalar(metric(p, batch, key), `metrics.${name}`));
  return {
    params,
    metricNames: Object.keys(metrics),
    loss: (p, batch, key) => scalar(loss(p, batch, key), "loss"),
    observe: (p, batch, key) => ({ metrics: measured(p, batch, key), statistics: new Map() }),
    evaluate: (p, batch, key) => ({
      loss: scalar(loss(p, batch, key), "loss"),
      metrics: measured(p, batch, key),
    }),
  };
};

export function modelProblem<P, X, Y, T>(
  { model, params, loss, metrics = {} }: ModelProblem<P, X, Y, T>,
  key: Key,
): Problem<P, readonly [X, T]> {
  const measured = (output: Y, target: T): Record<string, Tensor> =>
    mapValues(metrics, (metric, name) => scalar(metric(output, target), `metrics.${name}`));
  return {
    params: params ?? model.init(key),
    metricNames: Object.keys(metrics),
    loss: isOutputLoss(loss)
      ? modelLoss(model as Layer<P, X>, loss, {
          input: ([x]: readonly [X, T]) => x,
          target: ([, target]) => target as Tensor,
        })
      : (p, [x, target], k) => scalar(loss(model.apply(p, x, { training: true, key: k }), target), "loss"),
    observe: (p, [x, target], k) => {
      const statistics = new Map<Tensor, Tensor>();
      const pass: Pass = {
        training: true,
        key: k,
        update: (old, next) => {
          statistics.set(old, next);
        },
      };
      return { metrics: measured(model.apply(p, x, pass), target), statistics };
    },
    evaluate: (p, [x, target]) => {
      const output = model.apply(p, x);
      return { loss: scalar(loss(output, target), "loss"), metrics: measured(output, target) };
    },
  };
}

const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  f: (value: A, name: string) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));

/** Throws unless a loss or metric is one number. */
function scalar(x: Tensor, what: string): Tensor {
  if (typeof x?.dtype !== "string")
    throw new DomainError(
      `fit: ${what}: a scalar tensor was expected, got ${x === null ? "null" : typeof x}`,
    );
  if (x.size !== 1)
    throw new ShapeError(
      `fit: ${what}: one number was expected, got shape ${formatShape(x.shape)}; reduce it with mean() or sum()`,
    );
  return x.shape.length === 0 ? x : x.reshape([]);
}
