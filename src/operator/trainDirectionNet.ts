// Training of networks that propose search directions, and their use.

import { jit } from "../compiler/jit.ts";
import { directionLoss } from "../linalg/directions/directionLoss.ts";
import { ritzDataset } from "../linalg/directions/ritzDataset.ts";
import { asOperator, type Linear } from "../linalg/operator/asOperator.ts";
import { checkSquareOperator } from "../linalg/operator/operator.ts";
import { adam } from "../optim/first/adam.ts";
import type { Layer } from "../optim/model.ts";
import type { Schedule } from "../optim/schedules/decay.ts";
import { type Key, split } from "../random/key.ts";
import { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import type { IterationOptions } from "../tensor/progress.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { fit as train } from "../train/fit.ts";

export interface TrainDirectionOptions<P> extends IterationOptions {
  /** From `[batch, 1, ...grid]` to the same shape: `conjugateDirectionNet`, or any other. */
  readonly net: Layer<P>;
  /** The grid whose points are the unknowns, in C order. */
  readonly grid: readonly number[];
  readonly steps: number;
  /** Right-hand sides of a step; 10 unless told. */
  readonly batch?: number;
  /** Of Adam: a number, or a function of the step. 1e-4 unless told. */
  readonly learningRate?: number | Schedule;
  /** Right-hand sides `[samples, n]`; those of `ritzDataset` unless told. */
  readonly data?: Tensor;
  /** For the data set that is made: min(n, 100) vectors and 1000 samples unless told. */
  readonly vectors?: number;
  readonly samples?: number;
  /** Where training starts; `net.init` unless told. */
  readonly params?: P;
}

export interface DirectionTraining<P> {
  readonly params: P;
  /** The mean loss of each hundredth of the steps: the share of ‖b‖² that one step along the direction leaves. */
  readonly losses: readonly number[];
}

/**
 * Trains a network to propose search directions for systems with the matrix a: it lowers the mean `directionLoss` over
 * right-hand sides that are rich in the modes which make a system hard. No solutions are needed. A step is one compiled
 * function of float32 numbers.
 *
 * Source: Kaneda and others (see `dcdm`).
 *
 * @throws ShapeError for a grid or data that do not fit the matrix; DomainError for counts out of range, and for a loss
 * that becomes infinite; as `ritzDataset` does; AbortedError.
 */
export async function trainDirectionNet<P>(
  key: Key,
  a: Linear,
  options: TrainDirectionOptions<P>,
): Promise<DirectionTraining<P>> {
  const name = "trainDirectionNet";
  const n = checkSquareOperator(name, asOperator(a));
  const { net, grid, steps, batch = 10, learningRate = 1e-4, signal, onProgress } = options;
  checkGrid(name, grid, n);
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new DomainError(`${name}: steps must be a positive integer, got ${steps}`);
  const [dataKey, initKey, fitKey] = split(key, 3) as [Key, Key, Key];
  const { data: given, vectors = Math.min(n, 100), samples = 1000 } = options;
  if (given && (given.ndim !== 2 || given.shape[1] !== n))
    throw new ShapeError(`${name}: data must be [samples, ${n}], got shape ${formatShape(given.shape)}`);
  const params = options.params ?? net.init(initKey);
  const data = given ?? ritzDataset(dataKey, a, { vectors, samples, ...(signal && { signal }) });
  if (!(Number.isInteger(batch) && batch >= 1 && batch <= data.shape[0]!))
    throw new DomainError(`${name}: batch must be an integer from 1 to ${data.shape[0]}, got ${batch}`);
  const loss = directionLoss(narrow(a));
  const found = await train({
    params,
    loss: (p: P, b: Tensor) => loss(b, onGrid(net, p, b, grid)).mean(),
    data: data.astype("float32"),
    optimizer: adam({ learningRate }),
    key: fitKey,
    ...{ steps, batchSize: batch, lastBatch: "drop" },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  return { params: found.params, losses: found.history.map((record) => record.loss) };
}

/**
 * The directions of a trained network as a function for `dcdm`: from a residual `[n]` on a grid, not necessarily the one
 * that it was trained on, to a direction `[n]`. Compiled at the first call.
 *
 * @throws ShapeError for residuals of another length; as the network does.
 */
export function netDirection<P>(net: Layer<P>, params: P, grid: readonly number[]): (r: Tensor) => Tensor {
  const n = sizeOf(grid);
  const apply = jit((p: P, r: Tensor) => onGrid(net, p, r.reshape([1, n]), grid).ravel());
  return (r) => {
    if (r.ndim !== 1 || r.size !== n)
      throw new ShapeError(`netDirection: a residual [${n}] was expected, got shape ${formatShape(r.shape)}`);
    return apply(params, r.astype("float32"));
  };
}

/** The network on rows `[batch, n]`. */
const onGrid = <P>(net: Layer<P>, params: P, rows: Tensor, grid: readonly number[]): Tensor =>
  net.apply(params, rows.reshape([rows.shape[0]!, 1, ...grid])).reshape(rows.shape);

function checkGrid(name: string, grid: readonly number[], n: number): void {
  if (!grid.every((length) => Number.isInteger(length) && length >= 1) || sizeOf(grid) !== n)
    throw new ShapeError(
      `${name}: grid must have ${n} points as the matrix has rows, got ${formatShape(grid)}`,
    );
}

/** The matrix in the precision of the network, where it is one. */
const narrow = (a: Linear): Linear =>
  a instanceof SparseMatrix || a instanceof Tensor ? a.astype("float32") : a;
