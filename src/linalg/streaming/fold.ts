// What finds the top right singular vector of a matrix whose rows pass by once: the form of such methods, their checks, and the loop
// over rows that may arrive later.

import type { Key } from "../../random/key.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A row `[d]`, or a block of rows `[b, d]`; float64 or float32. */
export type StreamRows = Tensor | Float64Array | Float32Array | readonly number[];

export interface TopEigenvector {
  /** `[d]`, of length 1. */
  readonly vector: Tensor;
  /** An estimate of the largest eigenvalue of AᵀA; 0 for a stream of zeros. */
  readonly eigenvalue: number;
  /** Rows that are stored at the end. */
  readonly heavyRows: number;
  /** Numbers that were stored at most, rows and vectors. */
  readonly storedFloats: number;
  /** Whether any row was not zero. */
  readonly converged: boolean;
}

/**
 * One pass over rows: `finish(push(push(init(key), row), row))`. A state belongs to the fold that made it: `push` takes it over and
 * gives it back, and the one that went in must not be used again.
 */
export interface StreamFold<S> {
  readonly init: (key: Key) => S;
  readonly push: (state: S, rows: StreamRows) => S;
  readonly finish: (state: S) => TopEigenvector;
}

export function checkDimension(name: string, d: number): void {
  if (!(Number.isInteger(d) && d >= 1))
    throw new DomainError(`${name}: dimension must be an integer >= 1, got ${d}`);
}

/** The rows as float64 entries, one after the other. Throws ShapeError, DTypeError or DomainError for other than finite rows `[d]`. */
export function entriesOf(name: string, rows: StreamRows, d: number): Float64Array {
  const isTensor = rows instanceof Tensor;
  if (isTensor && rows.dtype !== "float64" && rows.dtype !== "float32")
    throw new DTypeError(`${name}: rows must be float64 or float32, got ${rows.dtype}`);
  const shape = isTensor ? rows.shape : [rows.length];
  if ((shape.length !== 1 && shape.length !== 2) || shape.at(-1) !== d)
    throw new ShapeError(
      `${name}: a row [${d}] or a block [b, ${d}] was expected, got shape ${formatShape(shape)}`,
    );
  const given = isTensor ? rows.data() : rows;
  const data = given instanceof Float64Array ? given : Float64Array.from(given);
  for (let i = 0; i < data.length; i++)
    if (data[i] - data[i] !== 0)
      throw new DomainError(
        `${name}: row ${Math.floor(i / d)} holds a value that is not finite (${data[i]})`,
      );
  return data;
}

/**
 * Runs a fold over rows or blocks that are there, or that arrive as an async iterable. `onProgress` is called after each of them, with
 * the share of `rows` when their number is told.
 *
 * @throws as the fold does; AbortedError.
 */
export async function foldStream<S>(
  key: Key,
  source: Iterable<StreamRows> | AsyncIterable<StreamRows>,
  fold: StreamFold<S>,
  { signal, onProgress, rows }: IterationOptions & { readonly rows?: number } = {},
): Promise<TopEigenvector> {
  let state = fold.init(key);
  let seen = 0;
  for await (const part of source) {
    checkAborted(signal, "topEigenvectorOfStream");
    state = fold.push(state, part);
    seen += part instanceof Tensor && part.ndim === 2 ? part.shape[0]! : 1;
    onProgress?.({ fraction: rows ? Math.min(1, seen / rows) : 0, stage: `${seen} rows` });
  }
  return fold.finish(state);
}
