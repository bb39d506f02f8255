// What may be asked of `fit`, and the checks of it.

import type { StepInput, StepOutput } from "../optim/optimizer.ts";
import type { Key } from "../random/key.ts";
import { DomainError } from "../tensor/errors.ts";
import type { Progress } from "../tensor/progress.ts";
import { checkParts } from "./accumulate.ts";
import type { BatchOptions, Data } from "./batches.ts";
import { checkEarlyStopping, type EarlyStopping, type Monitor, type TrainingRecord } from "./history.ts";
import type { StepOptions } from "./step.ts";

export interface CheckpointOptions {
  /** A .safetensors file; its folder is made when it is missing. */
  readonly path: string;
  /** How often it is written, in steps or in seconds; every 60 seconds unless told, and always at the end. */
  readonly every?: { readonly steps: number } | { readonly seconds: number };
  /** How many are kept: the last, and those before it as `name-STEP.safetensors`. 1 unless told. */
  readonly keep?: number;
}

/** After a step. */
export interface TrainingProgress extends Progress {
  readonly step: number;
  readonly epoch: number;
  /** Of the last batch, before its step. */
  readonly loss: number;
}

export interface ValidationOptions<B> {
  readonly data: Data<B>;
  /** As in training unless told. */
  readonly batchSize?: number;
}

/**
 * An optimizer as `fit` takes it: of parameters and batches of any kind, so that `adam({ learningRate })` needs no types
 * written out.
 */
export interface TrainingOptimizer {
  init(params: never): unknown;
  step(input: StepInput<never, never, never>): StepOutput<unknown, unknown>;
}

export interface FitOptions<P, B> extends BatchOptions, StepOptions {
  readonly optimizer: TrainingOptimizer;
  readonly data: Data<B>;
  /** Decides the order of examples and all randomness of the model. */
  readonly key: Key;
  /** Passes over the data. Training ends at whichever of `epochs` and `steps` comes first; one must be given. */
  readonly epochs?: number;
  readonly steps?: number;
  /**
   * Steps in a round, after which there is a record in the history, a validation, a decision to stop. Unless told an epoch
   * where `epochs` is given, else a hundredth of `steps`.
   */
  readonly every?: number;
  readonly validation?: ValidationOptions<B>;
  /** What is to become small, of a record: its validation loss, or its loss where there is none, unless told. */
  readonly monitor?: Monitor;
  readonly earlyStopping?: EarlyStopping;
  readonly checkpoint?: CheckpointOptions;
  /** Go on from the checkpoint where there is one; true unless told. */
  readonly resume?: boolean;
  /** What to do about a loss or parameters that are not finite: an error, or a result with `stopped: "diverged"`. "throw" unless told. */
  readonly nonFinite?: "throw" | "stop";
  /** Checked before every step; a checkpoint is left. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Called after each round; "stop" ends the training there. */
  readonly onRecord?: (record: TrainingRecord, params: P) => unknown;
  /** A bar on the terminal, where there is one. */
  readonly progress?: boolean;
  /** A file of one JSON object per record. */
  readonly log?: string;
  /** An HTML page with the curves, written at the end. */
  readonly report?: string;
}

const positiveInteger = (value: number | undefined, what: string): void => {
  if (value !== undefined && !(Number.isInteger(value) && value > 0))
    throw new DomainError(`fit: ${what}: a positive integer was expected, got ${value}`);
};

/** Throws DomainError for options out of range, before any work. */
export function checkOptions<P, B>(options: FitOptions<P, B>): void {
  const {
    epochs,
    steps,
    every,
    accumulate = 1,
    clip,
    batchSize,
    checkpoint,
    earlyStopping,
    report,
  } = options;
  if (epochs === undefined && steps === undefined)
    throw new DomainError("fit: epochs: a number of epochs or of steps was expected, got neither");
  positiveInteger(epochs, "epochs");
  positiveInteger(steps, "steps");
  positiveInteger(every, "every");
  positiveInteger(batchSize, "batchSize");
  checkParts(accumulate, "fit: accumulate");
  if (batchSize !== undefined && batchSize % accumulate !== 0)
    throw new DomainError(
      `fit: accumulate: a divisor of the batch size ${batchSize} was expected, got ${accumulate}`,
    );
  if (clip !== undefined && !(clip > 0))
    throw new DomainError(`fit: clip: a positive number was expected, got ${clip}`);
  if (typeof options.optimizer?.step !== "function" || typeof options.optimizer.init !== "function")
    throw new DomainError("fit: optimizer: an optimizer with init() and step() was expected");
  if (options.nonFinite !== undefined && options.nonFinite !== "throw" && options.nonFinite !== "stop")
    throw new DomainError(`fit: nonFinite: "throw" or "stop" was expected, got ${String(options.nonFinite)}`);
  if (earlyStopping) checkEarlyStopping(earlyStopping);
  if (checkpoint) checkCheckpoint(checkpoint);
  if (report !== undefined && !/\.html?$/i.test(report))
    throw new DomainError(`fit: report: a path that ends in .html was expected, got "${report}"`);
}

function checkCheckpoint({ path, every, keep }: CheckpointOptions): void {
  if (typeof path !== "string" || !/\.safetensors$/i.test(path))
    throw new DomainError(
      `fit: checkpoint.path: a path that ends in .safetensors was expected, got ${typeof path === "string" ? `"${path}"` : typeof path}`,
    );
  positiveInteger(keep, "checkpoint.keep");
  if (every && "steps" in every) positiveInteger(every.steps, "checkpoint.every.steps");
  else if (every && !(every.seconds >= 0))
    throw new DomainError(
      `fit: checkpoint.every.seconds: a number of at least 0 was expected, got ${every.seconds}`,
    );
}
