// Neural tensor completion: cells predicted from learned embeddings of their positions. While it trains it can trace how much
// each training cell moves the validation error.

import { permutation } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { checkCount, checkPositive } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkColumn, checkFiniteRows, checkIndices, realNumbers } from "../base/observations.ts";
import { cellTensors, type Network, type NetworkParams, network } from "./network.ts";

export interface CellData {
  /** `[n, d]`: positions of the cells. */
  readonly indices: Tensor;
  /** `[n]` */
  readonly values: Tensor;
}

export interface CompletionData extends CellData {
  readonly shape: readonly number[];
  /** Cells to stop by; 18 % of the given ones unless told. */
  readonly validation?: CellData;
  /** Cells to measure the error on; 10 % of the given ones unless told. */
  readonly test?: CellData;
}

export interface NeuralCompletionOptions extends IterationOptions {
  /** Features of each position, 50 unless told. */
  readonly embedding?: number;
  /** Widths of the hidden layers, [1024, 1024, 128] unless told. */
  readonly hidden?: readonly number[];
  /** 50 unless told. */
  readonly epochs?: number;
  /** 1024 unless told. */
  readonly batch?: number;
  /** Of Adam, 1e-3 unless told. */
  readonly learningRate?: number;
  /** Epochs without a better validation error after which training stops, 10 unless told. */
  readonly patience?: number;
  /** Whether parameters of every epoch up to the best are kept, for `cellInfluence`; unless told. */
  readonly keepCheckpoints?: boolean;
}

export interface NeuralCompletion {
  readonly shape: readonly number[];
  /** Values `[m]` of cells at positions `[m, d]`. */
  predict(indices: Tensor): Tensor;
  /** Of the best epoch. */
  readonly params: NetworkParams;
  /** Parameters before each epoch up to the best. */
  readonly checkpoints: readonly NetworkParams[];
  readonly train: CellData;
  readonly validation: CellData;
  readonly test: CellData;
  /** Root mean square error on the test cells; NaN where there are none. */
  readonly testError: number;
  /** Root mean square error on the validation cells after each epoch. */
  readonly history: readonly number[];
  readonly bestEpoch: number;
  /**
   * How much each training cell `[n]` moves the validation error, as `cellInfluence` of the training and validation cells,
   * but collected on the way.
   */
  readonly influence: Tensor;
}

const TRAIN_SHARE = 0.72;
const VALIDATION_SHARE = 0.18;
const FEWEST = 20;

/** What `cellInfluence` needs beside the public fields. */
interface Inner {
  readonly net: Network;
  readonly mean: number;
  readonly scale: number;
}
const inners = new WeakMap<NeuralCompletion, Inner>();

/**
 * Fits a perceptron on joined embeddings to the given cells by Adam on the squared error, in float32, and keeps the epoch
 * with the smallest validation error. Values are standardised inside. O(n · parameters of the perceptron) an epoch.
 *
 * @throws ShapeError for indices that are not `[n, d]` or outside of the shape (names the row), values that are not `[n]`;
 * DomainError for fewer than 20 cells, values that are not finite, options out of range; AbortedError.
 */
export function neuralTensorCompletion(
  key: Key,
  data: CompletionData,
  options: NeuralCompletionOptions = {},
): NeuralCompletion {
  const { embedding = 50, hidden = [1024, 1024, 128], epochs = 50, batch = 1024 } = options;
  const { learningRate = 1e-3, patience = 10, keepCheckpoints = true } = options;
  const what = "neuralTensorCompletion";
  checkCount(`${what}: embedding`, embedding);
  checkCount(`${what}: epochs`, epochs);
  checkCount(`${what}: batch`, batch);
  checkCount(`${what}: patience`, patience);
  checkPositive(`${what}: learningRate`, learningRate);
  if (hidden.length === 0)
    throw new DomainError(`${what}: hidden: at least one width was expected, got none`);
  for (const width of hidden) checkCount(`${what}: hidden`, width);
  const { shape } = data;
  const [splitKey, initKey, orderKey] = split(key, 3) as [Key, Key, Key];
  const parts = splitCells(splitKey, data);
  const train = checkedCells(parts.train, shape, `${what}: train`);
  const validation = checkedCells(parts.validation, shape, `${what}: validation`);
  const test = checkedCells(parts.test, shape, `${what}: test`);
  const { mean, scale } = moments(train.values);
  const standard = train.values.map((value) => (value - mean) / scale);
  const wanted = validation.values.map((value) => (value - mean) / scale);
  const net = network({ shape, embedding, hidden, learningRate });
  const cells = cellTensors(train.indices, shape.length);
  const held = cellTensors(validation.indices, shape.length);
  let params = net.init(initKey);
  let state = net.initState(params);
  let best = { params, error: Number.POSITIVE_INFINITY, epoch: -1 };
  const n = standard.length;
  let influence: Float64Array = new Float64Array(n);
  let bestInfluence = influence;
  const checkpoints: NetworkParams[] = [];
  const history: number[] = [];
  for (let epoch = 0; epoch < epochs && epoch - best.epoch <= patience; epoch++) {
    checkAborted(options.signal, what);
    // Gradients of the validation error are taken before the epoch's steps.
    if (keepCheckpoints) checkpoints.push(params);
    influence = influenceAt(
      net,
      params,
      { cells, values: standard },
      { cells: held, values: wanted },
      influence,
    );
    const order = permutation(foldIn(orderKey, epoch), n).data();
    for (let first = 0; first < n; first += batch) {
      const rows = order.slice(first, first + batch) as Int32Array;
      const values = Float32Array.from(rows, (i) => standard[i]!);
      ({ params, state } = net.step(
        params,
        state,
        cellTensors(train.indices, shape.length, rows),
        fromTypedArray(values, [values.length], "float32"),
      ));
    }
    const error = scale * rms(net.evaluate(params, held).y.data(), wanted);
    history.push(error);
    if (error < best.error) {
      best = { params, error, epoch };
      bestInfluence = influence;
    }
    options.onProgress?.({ fraction: (epoch + 1) / epochs, stage: `epoch ${epoch + 1}` });
  }
  const predictAt = (indices: Int32Array): Float64Array =>
    Float64Array.from(
      net.evaluate(best.params, cellTensors(indices, shape.length)).y.data(),
      (y) => mean + scale * y,
    );
  const model: NeuralCompletion = {
    shape,
    predict: (indices) => {
      const found = predictAt(checkIndices(indices, shape, `${what}: predict`));
      return fromTypedArray(found, [found.length], "float64");
    },
    params: best.params,
    checkpoints: checkpoints.slice(0, best.epoch + 1),
    ...parts,
    testError: test.values.length === 0 ? Number.NaN : rms(predictAt(test.indices), test.values),
    history,
    bestEpoch: best.epoch,
    influence: fromTypedArray(bestInfluence, [n], "float64"),
  };
  inners.set(model, { net, mean, scale });
  return model;
}

/**
 * Influence of each training cell on the validation error by gradients of the last layer's weights (TracIn with a constant
 * step): I_i = Σ_e ⟨g_i, Σ_j g_j⟩ over the checkpoints e, g = (ŷ − y) h with h the last hidden activations; positive where a step
 * on cell i lowers the validation error. O((n + m) · parameters) a checkpoint. Source: Pruthi and others (2020).
 *
 * @throws DomainError for a model that kept no checkpoints, or did not come from `neuralTensorCompletion`; as there for cells.
 */
export function cellInfluence(model: NeuralCompletion, train: CellData, validation: CellData): Tensor {
  const inner = inners.get(model);
  if (!inner) throw new DomainError("cellInfluence: model: one made by neuralTensorCompletion was expected");
  if (model.checkpoints.length === 0)
    throw new DomainError("cellInfluence: model: it kept no checkpoints (keepCheckpoints)");
  const { net, mean, scale } = inner;
  const standard = (given: CellData, what: string): Cells => {
    const { indices, values } = checkedCells(given, model.shape, `cellInfluence: ${what}`);
    return {
      cells: cellTensors(indices, model.shape.length),
      values: values.map((value) => (value - mean) / scale),
    };
  };
  const [own, held] = [standard(train, "train"), standard(validation, "validation")];
  const sum = model.checkpoints.reduce<Float64Array>(
    (before, params) => influenceAt(net, params, own, held, before),
    new Float64Array(own.values.length),
  );
  return fromTypedArray(sum, [sum.length], "float64");
}

interface Cells {
  readonly cells: readonly Tensor[];
  readonly values: Float64Array;
}

function influenceAt(
  net: Network,
  params: NetworkParams,
  train: Cells,
  validation: Cells,
  before: Float64Array,
): Float64Array {
  const there = net.evaluate(params, validation.cells);
  const width = there.h.shape[1]!;
  const direction = new Float64Array(width);
  const [heldY, heldH] = [there.y.data(), there.h.data()];
  for (let j = 0; j < validation.values.length; j++) {
    const gap = Number(heldY[j]) - validation.values[j]!;
    for (let c = 0; c < width; c++) direction[c]! += gap * heldH[j * width + c]!;
  }
  const here = net.evaluate(params, train.cells);
  const [y, h] = [here.y.data(), here.h.data()];
  const out = Float64Array.from(before);
  for (let i = 0; i < out.length; i++) {
    let along = 0;
    for (let c = 0; c < width; c++) along += h[i * width + c]! * direction[c]!;
    out[i]! += (Number(y[i]) - train.values[i]!) * along;
  }
  return out;
}

interface Checked {
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

function checkedCells(data: CellData, shape: readonly number[], what: string): Checked {
  const indices = checkIndices(data.indices, shape, `${what}: indices`);
  checkColumn(data.values, data.indices.shape[0]!, `${what}: values`);
  const values = realNumbers(data.values, `${what}: values`);
  checkFiniteRows(values, 1, `${what}: values`);
  return { indices, values };
}

/** Training, validation and test cells; those that were not given are drawn from the rest. */
function splitCells(
  key: Key,
  data: CompletionData,
): { train: CellData; validation: CellData; test: CellData } {
  const what = "neuralTensorCompletion";
  const { indices, values } = checkedCells(data, data.shape, what);
  const n = values.length;
  if (n < FEWEST) throw new DomainError(`${what}: at least ${FEWEST} cells were expected, got ${n}`);
  const order = data.shape.length;
  const shuffled = permutation(key, n).data();
  const validationCount = data.validation ? 0 : Math.max(1, Math.round(VALIDATION_SHARE * n));
  const testCount = data.test ? 0 : Math.round((1 - TRAIN_SHARE - VALIDATION_SHARE) * n);
  const part = (first: number, last: number): CellData => {
    const rows = Int32Array.from(shuffled.slice(first, last) as Int32Array).sort();
    const own = new Int32Array(rows.length * order);
    rows.forEach((row, i) => {
      own.set(indices.subarray(row * order, (row + 1) * order), i * order);
    });
    return {
      indices: fromTypedArray(own, [rows.length, order], "int32"),
      values: fromTypedArray(
        Float64Array.from(rows, (row) => values[row]!),
        [rows.length],
        "float64",
      ),
    };
  };
  const trainCount = n - validationCount - testCount;
  return {
    train: trainCount === n ? { indices: data.indices, values: data.values } : part(0, trainCount),
    validation: data.validation ?? part(trainCount, trainCount + validationCount),
    test: data.test ?? part(trainCount + validationCount, n),
  };
}

/** A scale of 1 for values that are all the same. */
function moments(values: Float64Array): { mean: number; scale: number } {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let square = 0;
  for (const value of values) square += (value - mean) ** 2 / values.length;
  const scale = Math.sqrt(square);
  return { mean, scale: scale > 1e-12 * Math.abs(mean) ? scale : 1 };
}

function rms(a: ArrayLike<number>, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / b.length);
}
