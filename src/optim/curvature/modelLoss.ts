// A loss that is a model and a loss of its output: what methods need that look inside.

import type { Key } from "../../random/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { OutputLoss } from "../losses/outputLoss.ts";
import type { Layer, Pass } from "../model.ts";

/** Where a model's input and target are in a batch. */
export interface BatchParts<X, B> {
  input(batch: B): X;
  target(batch: B): Tensor;
}

/** A loss like any other, `(params, batch, key) => scalar`, that also tells what it is made of. */
export interface ModelLoss<P, B, X = Tensor> extends BatchParts<X, B> {
  (params: P, batch: B, key?: Key): Tensor;
  readonly model: Layer<P, X>;
  readonly output: OutputLoss;
}

/** The usual batch. */
export interface Batch<X = Tensor> {
  readonly input: X;
  readonly target: Tensor;
}

/**
 * The loss `output(model(input), target)` of a batch `{ input, target }`, or of batches of another form with `parts`. The model runs
 * as in training, with the key of the step. K-FAC and Gauss-Newton methods take only such losses.
 */
export function modelLoss<P, X = Tensor>(model: Layer<P, X>, output: OutputLoss): ModelLoss<P, Batch<X>, X>;
export function modelLoss<P, B, X = Tensor>(
  model: Layer<P, X>,
  output: OutputLoss,
  parts: BatchParts<X, B>,
): ModelLoss<P, B, X>;
export function modelLoss(
  model: Layer<unknown, unknown>,
  output: OutputLoss,
  parts: BatchParts<unknown, unknown> = {
    input: (batch) => (batch as Batch).input,
    target: (batch) => (batch as Batch).target,
  },
): ModelLoss<unknown, unknown, unknown> {
  const loss = (params: unknown, batch: unknown, key?: Key): Tensor =>
    output(model.apply(params, parts.input(batch), trainingPass(key)), parts.target(batch));
  return Object.assign(loss, { ...parts, model, output });
}

/** How a model runs inside of a loss. */
export const trainingPass = (key: Key | undefined): Pass => ({
  training: true,
  ...(key === undefined ? {} : { key }),
});

/** Whether a loss is one that `modelLoss` made. */
export const isModelLoss = <P, B>(loss: unknown): loss is ModelLoss<P, B, unknown> =>
  typeof loss === "function" && "model" in loss && "output" in loss;

/** The same loss of another model, such as one that sees only part of the parameters. */
export const asModelLoss = <P, Q, B>(
  { output, input, target }: ModelLoss<P, B, unknown>,
  model: Layer<Q, unknown>,
): ModelLoss<Q, B, unknown> => modelLoss(model, output, { input, target });

/** The loss as a model's. Throws TypeError for a bare function. */
export function needModelLoss<P, B>(loss: unknown, optimizer: string): ModelLoss<P, B, unknown> {
  if (isModelLoss<P, B>(loss)) return loss;
  throw new TypeError(
    `${optimizer}: loss: a modelLoss(model, output) was expected, since the method looks inside the model; got ${typeof loss === "function" ? "a bare function" : typeof loss}`,
  );
}
