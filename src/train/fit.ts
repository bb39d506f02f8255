// Training: steps of an optimizer over batches of data, with records, validation, early stopping and exact resumption.

import { jit } from "../compiler/jit.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { foldIn, type Key, split } from "../random/key.ts";
import { DomainError } from "../tensor/errors.ts";
import { checkAborted } from "../tensor/progress.ts";
import { type BatchOptions, examplesIn, type Source, source } from "./batches.ts";
import type { RunFiles } from "./files.ts";
import { addTo, type Measured, meanOf, NO_SUMS, numbersOf } from "./history.ts";
import { checkOptions, type FitOptions } from "./options.ts";
import {
  type FunctionProblem,
  functionProblem,
  type ModelProblem,
  modelProblem,
  type Problem,
} from "./problem.ts";
import { type FitResult, Run } from "./run.ts";
import type { Configuration, Progressed } from "./state.ts";
import { type StepOptions, trainingStep } from "./step.ts";

/**
 * Trains a model, `fit({ model, loss: (output, target) => scalar, data: [inputs, targets], ... })`, or minimises any
 * scalar function of parameters and data, `fit({ params, loss: (params, batch, key) => scalar, data, ... })`.
 *
 * A step is one compiled function: loss, gradient, update, statistics of the model and metrics. The order of examples and
 * the key of each step depend on `key` and their numbers alone, so that a run that was ended at any moment (by a signal, a
 * crash, SIGKILL) and is started again with the same call and a checkpoint ends with the same bits as one that was not.
 *
 * Throws DomainError for options out of range and for a loss or parameters that become infinite or NaN, ShapeError for data
 * that does not fit, FileError for files, and AbortedError when stopped by the signal (after a last checkpoint).
 */
export function fit<P, X, Y, T>(
  options: ModelProblem<P, X, Y, T> & FitOptions<P, readonly [X, T]>,
): Promise<FitResult<P>>;
export function fit<P, B>(options: FunctionProblem<P, B> & FitOptions<P, B>): Promise<FitResult<P>>;
export async function fit<P, B>(
  options: (FunctionProblem<P, B> | ModelProblem<P, unknown, unknown, unknown>) & FitOptions<P, B>,
): Promise<FitResult<P>> {
  checkOptions(options);
  checkAborted(options.signal, "fit");
  const [stepKey, initKey, dataKey, validationKey] = split(options.key, 4) as [Key, Key, Key, Key];
  const problem = ("model" in options
    ? modelProblem(options, initKey)
    : functionProblem(options)) as unknown as Problem<P, B>;
  const data = source(options.data, dataKey, options);
  checkDivision(data, options);
  const { validation, resume = true, checkpoint, log } = options;
  const optimizer = options.optimizer as unknown as Optimizer<P, B, unknown>;
  const validate = validation && validator(problem, validation, options, validationKey);

  const fresh: Progressed<P, unknown> = {
    params: problem.params,
    state: optimizer.init(problem.params, await exampleStep(data, problem.loss, stepKey)),
    best: undefined,
    position: { step: 0, epoch: 0, batch: 0, sums: NO_SUMS, history: [], seconds: 0 },
  };
  const files: RunFiles<P, unknown> | undefined =
    checkpoint || log !== undefined
      ? await (await import("./files.ts")).openFiles(fresh, configurationOf(options, data), {
          checkpoint,
          resume,
          log,
        })
      : undefined;
  const bar = options.progress ? await terminalBar() : undefined;
  try {
    const run = new Run(files?.found ?? fresh, {
      ...{ data, files, validate, options, key: stepKey },
      step: trainingStep(problem, optimizer, options),
      onProgress:
        bar || options.onProgress
          ? (progress) => {
              bar?.update(progress);
              options.onProgress?.(progress);
            }
          : undefined,
    });
    const result = await run.train();
    if (options.report !== undefined) await (await import("./curves.ts")).writeCurves(options.report, result);
    return result;
  } finally {
    bar?.stop();
  }
}

async function terminalBar(): Promise<
  | {
      update(p: { fraction: number; stage: string }): void;
      stop(): void;
    }
  | undefined
> {
  if (typeof process === "undefined" || !process.stderr) return undefined;
  const { progressBar } = await import("../report/progressBar.ts");
  return progressBar(process.stderr);
}

/** What a first step would be, where looking at its batch uses nothing up: some optimizers size their state by it. */
async function exampleStep<P, B>(
  data: Source<B>,
  loss: Problem<P, B>["loss"],
  key: Key,
): Promise<{ readonly loss: typeof loss; readonly batch: B; readonly key: Key } | undefined> {
  if (data.examples === undefined) return undefined;
  const stream = await data.epoch(0, 0);
  const batch = await stream.next();
  await stream.close();
  return batch === undefined ? undefined : { loss, batch, key };
}

/** A last batch that cannot be cut into equal parts is refused at the door. */
function checkDivision<B>({ examples, batches }: Source<B>, options: BatchOptions & StepOptions): void {
  const { accumulate = 1, batchSize = examples, lastBatch = "keep" } = options;
  if (examples === undefined || batchSize === undefined) return;
  const size = Math.min(batchSize, examples);
  const last = lastBatch === "drop" ? size : examples - (batches! - 1) * size;
  if (size % accumulate !== 0 || last % accumulate !== 0)
    throw new DomainError(
      `fit: accumulate: batches that divide into ${accumulate} parts were expected, got ${size} and a last one of ${last}; choose another batchSize or lastBatch: "drop"`,
    );
}

function configurationOf<P, B>(options: FitOptions<P, B>, data: Source<B>): Configuration {
  const { key, batchSize, shuffle = true, lastBatch = "keep", accumulate = 1, clip = null } = options;
  const seed = Array.from(key.data() as Uint32Array);
  return {
    ...{ key: seed, examples: data.examples ?? null, batchSize: batchSize ?? null },
    ...{ shuffle, lastBatch, accumulate, clip },
  };
}

/** Loss and metrics of parameters on the validation data. */
function validator<P, B>(
  problem: Problem<P, B>,
  validation: NonNullable<FitOptions<P, B>["validation"]>,
  options: FitOptions<P, B>,
  key: Key,
): (params: P) => Promise<Measured> {
  const batchSize = validation.batchSize ?? options.batchSize;
  const from = source(
    validation.data,
    key,
    { ...(batchSize === undefined ? {} : { batchSize }), shuffle: false },
    "validation.data",
  );
  const evaluate = options.jit === false ? problem.evaluate : jit(problem.evaluate);
  return async (params) => {
    const stream = await from.epoch(0, 0);
    let sums = NO_SUMS;
    try {
      for (let i = 0; ; i++) {
        const drawn = stream.next();
        const batch = drawn instanceof Promise ? await drawn : drawn;
        if (batch === undefined) break;
        const { loss, metrics } = evaluate(params, batch, foldIn(key, i));
        sums = addTo(sums, examplesIn(batch), loss.item(), numbersOf(metrics));
      }
    } finally {
      await stream.close();
    }
    if (sums.examples === 0) throw new DomainError("fit: validation.data: no batch came");
    return meanOf(sums);
  };
}
