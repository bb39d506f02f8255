// The state of a training run: all that the next step depends on.

import type { Sums, TrainingRecord } from "./history.ts";

/** Where a run stands. Numbers only, so that JSON holds it exactly. */
export interface Position {
  /** Steps done. */
  readonly step: number;
  readonly epoch: number;
  /** Steps done in this epoch. */
  readonly batch: number;
  /** Of the round that has not ended. */
  readonly sums: Sums;
  readonly history: readonly TrainingRecord[];
  readonly seconds: number;
}

/** A run between two steps. */
export interface Progressed<P, S> {
  readonly params: P;
  readonly state: S;
  /** Parameters at the end of the best round. */
  readonly best: P | undefined;
  readonly position: Position;
}

/** What must not change when a run resumes. */
export interface Configuration {
  readonly key: readonly number[];
  readonly examples: number | null;
  readonly batchSize: number | null;
  readonly shuffle: boolean;
  readonly lastBatch: string;
  readonly accumulate: number;
  readonly clip: number | null;
}
