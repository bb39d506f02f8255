// Augmentation of neural tensor completion with cells of the entities that matter. Source: Oh, Kim, Rossi, Kumar,
// "Influence-guided data augmentation for neural tensor completion" (2021).

import { categorical } from "../../random/categorical.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkColumn, checkIndices, realNumbers } from "../base/observations.ts";
import {
  type CellData,
  type CompletionData,
  type NeuralCompletion,
  type NeuralCompletionOptions,
  neuralTensorCompletion,
} from "./neuralCompletion.ts";

/**
 * How much the positions of each mode matter: the sum of |influence| over the training cells `[n]` at each, made to sum to 1
 * (even where all are 0). One tensor `[n_k]` a mode. O(n d). Throws ShapeError for arrays that do not fit.
 */
export function entityImportance(influence: Tensor, indices: Tensor, shape: readonly number[]): Tensor[] {
  const places = checkIndices(indices, shape, "entityImportance: indices");
  checkColumn(influence, indices.shape[0]!, "entityImportance: influence");
  const size = realNumbers(influence, "entityImportance: influence").map(Math.abs);
  const order = shape.length;
  const total = size.reduce((sum, value) => sum + value, 0);
  return shape.map((n, mode) => {
    const out = new Float64Array(n);
    if (!(total > 0)) out.fill(1 / n);
    else
      size.forEach((value, i) => {
        out[places[i * order + mode]!]! += value / total;
      });
    return fromTypedArray(out, [n], "float64");
  });
}

export interface DainOptions {
  /** New cells for each training cell, 0.5 unless told. */
  readonly amount?: number;
  /** "influence" (default), or "uniform": any position alike, to compare with. */
  readonly sampling?: "influence" | "uniform";
  readonly model?: NeuralCompletionOptions;
}

export interface Dain
  extends Pick<NeuralCompletion, "predict" | "testError" | "train" | "validation" | "test"> {
  /** Of each training cell `[n]`, the largest size being 1; a large size marks cells that matter, or that are wrong. */
  readonly influence: Tensor;
  /** Distribution over the positions of each mode. */
  readonly importance: readonly Tensor[];
  /** The cells that were added, with values of the first model. */
  readonly augmented: CellData;
  /** Test error of the first model, without augmentation. */
  readonly plainTestError: number;
}

/**
 * Trains a model, traces which training cells move its validation error, draws new cells at positions that matter with the
 * model's values, and trains again from scratch on both. Costs two trainings.
 *
 * @throws as `neuralTensorCompletion`; DomainError for a negative amount.
 */
export function dain(key: Key, data: CompletionData, options: DainOptions = {}): Dain {
  const { amount = 0.5, sampling = "influence", model = {} } = options;
  if (!(amount >= 0 && Number.isFinite(amount)))
    throw new DomainError(`dain: amount: a number of at least 0 was expected, got ${amount}`);
  if (sampling !== "influence" && sampling !== "uniform")
    throw new DomainError(`dain: sampling: "influence" or "uniform" was expected, got ${String(sampling)}`);
  const [firstKey, drawKey, secondKey] = split(key, 3) as [Key, Key, Key];
  const progress = (part: number): NeuralCompletionOptions => ({
    ...model,
    keepCheckpoints: false,
    ...(model.onProgress && {
      onProgress: ({ fraction, stage }) => model.onProgress!({ fraction: (part + fraction) / 2, stage }),
    }),
  });
  const first = neuralTensorCompletion(firstKey, data, progress(0));
  const { train, validation, test } = first;
  const raw = realNumbers(first.influence, "dain: influence");
  const top = raw.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const influence = fromTypedArray(top > 0 ? raw.map((value) => value / top) : raw, [raw.length], "float64");
  const importance = entityImportance(influence, train.indices, data.shape);
  const count = Math.round(amount * raw.length);
  const order = data.shape.length;
  const positions = new Int32Array(count * order);
  importance.forEach((weights, mode) => {
    if (count === 0) return;
    const logits = sampling === "influence" ? weights.maximum(Number.MIN_VALUE).log() : weights.mul(0);
    const drawn = categorical(foldIn(drawKey, mode), logits, { shape: [count] }).data();
    for (let i = 0; i < count; i++) positions[i * order + mode] = Number(drawn[i]);
  });
  const indices = fromTypedArray(positions, [count, order], "int32");
  const augmented: CellData = { indices, values: first.predict(indices) };
  const union: CellData = {
    indices: joined(train.indices, indices),
    values: joined(train.values, augmented.values),
  };
  const second = neuralTensorCompletion(
    secondKey,
    { ...union, shape: data.shape, validation, test },
    progress(1),
  );
  return {
    predict: second.predict,
    testError: second.testError,
    plainTestError: first.testError,
    train,
    validation,
    test,
    influence,
    importance,
    augmented,
  };
}

/** Rows of a, then rows of b, as float64. */
function joined(a: Tensor, b: Tensor): Tensor {
  const [x, y] = [realNumbers(a, "dain"), realNumbers(b, "dain")];
  const out = new Float64Array(x.length + y.length);
  out.set(x);
  out.set(y, x.length);
  return fromTypedArray(out, [a.shape[0]! + b.shape[0]!, ...a.shape.slice(1)], "float64");
}
