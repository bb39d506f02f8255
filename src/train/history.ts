// What is kept of a training run: one record per round, the best of them, and when to stop.

import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Means over the examples of a round, or of the validation data. */
export interface Measured {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A round of training: an epoch, or `every` steps. */
export interface TrainingRecord extends Measured {
  /** Steps done when it was made. */
  readonly step: number;
  /** Epochs begun. */
  readonly epoch: number;
  /** At the end of the round. */
  readonly validation?: Measured;
  /** Since training began, time before a restart included. */
  readonly seconds: number;
}

export interface EarlyStopping {
  /** Rounds in a row without a better one after which training stops. */
  readonly patience: number;
  /** By how much a value must be smaller than the best to count; 0 unless told. */
  readonly minDelta?: number;
  /** Return the parameters of the best round rather than the last; true unless told. */
  readonly restoreBest?: boolean;
}

/** What is to become small: the validation loss where there is validation data, else the training loss. */
export type Monitor = (record: TrainingRecord) => number;

export const defaultMonitor: Monitor = ({ loss, validation }) => validation?.loss ?? loss;

/** The best round so far, and how many came after it. */
export interface Best {
  readonly index: number;
  readonly value: number;
  readonly since: number;
}

export const NO_BEST: Best = { index: -1, value: Number.POSITIVE_INFINITY, since: 0 };

/** The best after another round, the one numbered `index`. NaN is never better. */
export function bestAfter(
  best: Best,
  record: TrainingRecord,
  index: number,
  monitor: Monitor,
  minDelta: number,
): Best {
  const value = monitor(record);
  // The first round need not be better by anything.
  return value < best.value - (best.index < 0 ? 0 : minDelta)
    ? { index, value, since: 0 }
    : { ...best, since: best.since + 1 };
}

/** Throws DomainError for options out of range. */
export function checkEarlyStopping({ patience, minDelta = 0 }: EarlyStopping): void {
  if (!(Number.isInteger(patience) && patience > 0))
    throw new DomainError(`fit: earlyStopping.patience: a positive integer was expected, got ${patience}`);
  if (!(minDelta >= 0 && minDelta < Number.POSITIVE_INFINITY))
    throw new DomainError(
      `fit: earlyStopping.minDelta: a finite number of at least 0 was expected, got ${minDelta}`,
    );
}

/** Running sums of a round, weighted by examples. */
export interface Sums {
  readonly examples: number;
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export const NO_SUMS: Sums = { examples: 0, loss: 0, metrics: {} };

export function addTo(
  sums: Sums,
  examples: number,
  loss: number,
  metrics: Readonly<Record<string, number>>,
): Sums {
  const added: Record<string, number> = {};
  for (const name of Object.keys(metrics))
    added[name] = (sums.metrics[name] ?? 0) + examples * metrics[name]!;
  return { examples: sums.examples + examples, loss: sums.loss + examples * loss, metrics: added };
}

export const meanOf = ({ examples, loss, metrics }: Sums): Measured => ({
  loss: loss / examples,
  metrics: Object.fromEntries(Object.entries(metrics).map(([name, sum]) => [name, sum / examples])),
});

/** The values of scalar tensors. */
export function numbersOf(tensors: Readonly<Record<string, Tensor>>): Record<string, number> {
  const values: Record<string, number> = {};
  for (const name of Object.keys(tensors)) values[name] = tensors[name]!.item();
  return values;
}
