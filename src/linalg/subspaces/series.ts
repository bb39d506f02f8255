// Signals as curves of subspaces, and how fast these turn.

import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { svd } from "../spectral/svd.ts";
import {
  type DifferenceOptions,
  type DifferenceSubspace,
  differenceSubspace,
  type MeanOptions,
  type SecondDifference,
  secondDifferenceSubspace,
} from "./difference.ts";

export interface SeriesOptions extends IterationOptions {
  /** Samples in a row of the trajectory matrix. */
  readonly window: number;
  /** Dimension of the subspaces. */
  readonly rank: number;
  /** Windows that make one subspace, each one sample later than the one before; `window` unless told. */
  readonly columns?: number;
  /** Samples from one subspace to the next; 1 unless told. */
  readonly stride?: number;
}

export interface SubspaceSeries {
  /** Orthonormal, `[window · channels, rank]` each. */
  readonly bases: readonly Tensor[];
  /** First sample of each; the last one is starts[i] + window + columns − 2. */
  readonly starts: readonly number[];
}

/**
 * The subspaces that a signal `[N]` or `[N, channels]` moves in: at each start s the leading left singular vectors of the trajectory
 * matrix with columns (x[s + j], …, x[s + j + window − 1]). One singular value decomposition of `window · channels` × `columns` each.
 *
 * @throws ShapeError for a signal that is neither or too short; DTypeError unless it is float32 or float64; DomainError for values
 * that are not finite and options out of range; AbortedError.
 */
export function subspaceSeries(x: Tensor, options: SeriesOptions): SubspaceSeries {
  const { window, rank, columns = window, stride = 1 } = options;
  for (const [name, value] of Object.entries({ window, rank, columns, stride }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`subspaceSeries: ${name}: a positive integer was expected, got ${value}`);
  if (!(x instanceof Tensor) || (x.dtype !== "float64" && x.dtype !== "float32"))
    throw new DTypeError("subspaceSeries: x: a float64 or float32 tensor was expected");
  if (x.ndim !== 1 && x.ndim !== 2)
    throw new ShapeError(
      `subspaceSeries: x: shape [N] or [N, channels] was expected, got ${formatShape(x.shape)}`,
    );
  const channels = x.shape[1] ?? 1;
  const rows = window * channels;
  const samples = x.shape[0]!;
  const span = window + columns - 1;
  if (samples < span)
    throw new ShapeError(`subspaceSeries: x: at least ${span} samples were expected, got ${samples}`);
  if (rank > Math.min(rows, columns))
    throw new DomainError(
      `subspaceSeries: rank: at most ${Math.min(rows, columns)} was expected, got ${rank}`,
    );
  const data = x.contiguous().data() as Float64Array;
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new DomainError(`subspaceSeries: x: sample ${Math.floor(bad / channels)} is not a finite number`);
  const starts: number[] = [];
  const bases: Tensor[] = [];
  for (let s = 0; s + span <= samples; s += stride) {
    checkAborted(options.signal, "subspaceSeries");
    const matrix = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) matrix[i * columns + j] = data[(s + j) * channels + i]!;
    const { u } = svd(new Tensor(matrix, [rows, columns], "float64"));
    starts.push(s);
    bases.push(u.at(":", `:${rank}`));
    options.onProgress?.({ fraction: (s + span) / samples, stage: `subspace ${bases.length}` });
  }
  return { bases, starts };
}

export interface StepOptions extends DifferenceOptions {
  /** Subspaces from one to the other; 1 unless told. */
  readonly step?: number;
}

/** First differences of bases[i] and bases[i + step], for all i. Throws as `differenceSubspace`; DomainError for too few bases. */
export function subspaceVelocity(bases: readonly Tensor[], options: StepOptions = {}): DifferenceSubspace[] {
  const step = checkStep("subspaceVelocity", bases, options.step ?? 1, 1);
  return bases.slice(step).map((next, i) => differenceSubspace(bases[i]!, next, options));
}

/**
 * Second differences of bases[i − step], bases[i] and bases[i + step], for i from `step` on. Throws as `secondDifferenceSubspace`;
 * DomainError for too few bases.
 */
export function subspaceAcceleration(
  bases: readonly Tensor[],
  options: StepOptions & MeanOptions = {},
): SecondDifference[] {
  const step = checkStep("subspaceAcceleration", bases, options.step ?? 1, 2);
  return bases
    .slice(2 * step)
    .map((next, i) => secondDifferenceSubspace(bases[i]!, bases[i + step]!, next, options));
}

function checkStep(name: string, bases: readonly Tensor[], step: number, steps: number): number {
  if (!(Number.isInteger(step) && step >= 1))
    throw new DomainError(`${name}: step: a positive integer was expected, got ${step}`);
  if (bases.length <= steps * step)
    throw new DomainError(
      `${name}: at least ${steps * step + 1} bases were expected for a step of ${step}, got ${bases.length}`,
    );
  return step;
}
