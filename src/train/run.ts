// The loop of training, from any state of a run to its end.

import { foldIn, type Key } from "../random/key.ts";
import { isComplex, isFloat } from "../tensor/dtype.ts";
import { AbortedError, DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tree } from "../tensor/tree.ts";
import { examplesIn, type Source } from "./batches.ts";
import type { RunFiles } from "./files.ts";
import {
  addTo,
  type Best,
  bestAfter,
  defaultMonitor,
  type Measured,
  meanOf,
  NO_BEST,
  NO_SUMS,
  numbersOf,
  type Sums,
  type TrainingRecord,
} from "./history.ts";
import type { FitOptions, TrainingProgress } from "./options.ts";
import type { Progressed } from "./state.ts";
import type { Step } from "./step.ts";

/** Why a training ended: all epochs or steps done, no improvement, `onRecord` said so, values that are not finite. */
export type Stopped = "epochs" | "steps" | "early" | "caller" | "diverged";

export interface FitResult<P> {
  /** The last parameters, or the best ones after early stopping. */
  readonly params: P;
  readonly history: readonly TrainingRecord[];
  /** The round with the smallest monitored value; undefined when no round ended. */
  readonly best: { readonly params: P; readonly value: number; readonly step: number } | undefined;
  readonly steps: number;
  readonly stopped: Stopped;
  /** Time spent, that before a restart included. */
  readonly seconds: number;
}

/** What a run works with. */
export interface RunParts<P, B, S> {
  readonly data: Source<B>;
  readonly step: Step<P, B, S>;
  readonly key: Key;
  readonly options: FitOptions<P, B>;
  readonly validate: ((params: P) => Promise<Measured>) | undefined;
  readonly files: RunFiles<P, S> | undefined;
  readonly onProgress: ((progress: TrainingProgress) => void) | undefined;
}

/** Milliseconds after which others get their turn: signals, timers, a page that scrolls. */
const TURN = 25;

/** A training run between two steps, and how it goes on. */
export class Run<P, B, S> {
  readonly #parts: RunParts<P, B, S>;
  /** Steps in a round; undefined where a round is an epoch. */
  readonly #every: number | undefined;
  readonly #began: number;
  readonly #history: TrainingRecord[];
  #params: P;
  #state: S;
  #best: P | undefined;
  #standing: Best = NO_BEST;
  #step: number;
  #epoch: number;
  #batch: number;
  #sums: Sums;
  #turn: number = performance.now();
  #stopped: Stopped | undefined;

  constructor(start: Progressed<P, S>, parts: RunParts<P, B, S>) {
    const { options } = parts;
    const { step, epoch, batch, sums, history, seconds } = start.position;
    this.#parts = parts;
    this.#every =
      options.every ?? (options.epochs === undefined ? Math.ceil(options.steps! / 100) : undefined);
    this.#began = performance.now() - 1000 * seconds;
    this.#history = [...history];
    for (const index of history.keys()) this.#judge(index);
    this.#params = start.params;
    this.#state = start.state;
    this.#best = start.best;
    this.#step = step;
    this.#epoch = epoch;
    this.#batch = batch;
    this.#sums = sums;
  }

  async train(): Promise<FitResult<P>> {
    // A first checkpoint shows that there will be others.
    if (this.#step === 0) await this.#save(true);
    this.#decide();
    while (!this.#stopped) await this.#trainEpoch();
    if (this.#stopped !== "diverged") await this.#save(true);
    const { index, value } = this.#standing;
    const best =
      this.#best === undefined || index < 0
        ? undefined
        : { params: this.#best, value, step: this.#history[index]!.step };
    const { earlyStopping } = this.#parts.options;
    const wantsBest = (earlyStopping && earlyStopping.restoreBest !== false) || this.#stopped === "diverged";
    return {
      params: wantsBest && best ? best.params : this.#params,
      history: this.#history,
      best,
      steps: this.#step,
      stopped: this.#stopped!,
      seconds: this.#seconds(),
    };
  }

  /** From where the run stands to the end of the epoch, or of the run. */
  async #trainEpoch(): Promise<void> {
    const { data } = this.#parts;
    const epoch = this.#epoch;
    const stream = await data.epoch(epoch, this.#batch);
    try {
      while (!this.#stopped && this.#epoch === epoch) {
        await this.#heedSignal();
        const drawn = stream.next();
        const batch = drawn instanceof Promise ? await drawn : drawn;
        if (batch !== undefined) this.#advance(batch);
        else if (this.#batch === 0)
          throw new DomainError(
            `fit: data: no batch came in epoch ${epoch}; an iterable that can be read only once needs to be long enough, or a function that opens it again`,
          );
        // How many batches there are is known in advance, or when no other comes.
        const isEnd = batch === undefined || this.#batch === data.batches;
        if (isEnd) {
          this.#epoch++;
          this.#batch = 0;
        }
        const isRound =
          this.#every === undefined ? isEnd : batch !== undefined && this.#step % this.#every === 0;
        const isLast = this.#step === this.#parts.options.steps;
        if (!this.#stopped && this.#sums.examples > 0 && (isRound || isLast)) await this.#record();
        this.#decide();
        if (!this.#stopped) await this.#save(false);
      }
    } finally {
      await stream.close();
    }
  }

  /** One step of the optimizer. */
  #advance(batch: B): void {
    const { step, key, options, data, onProgress } = this.#parts;
    const result = step(this.#params, this.#state, batch, foldIn(key, this.#step));
    const loss = result.value.item();
    if (!Number.isFinite(loss)) {
      this.#diverge(`the loss is ${loss} at step ${this.#step} (epoch ${this.#epoch}, batch ${this.#batch})`);
      return;
    }
    this.#params = result.params;
    this.#state = result.state;
    this.#sums = addTo(this.#sums, examplesIn(batch), loss, numbersOf(result.metrics));
    this.#step++;
    this.#batch++;
    if (!onProgress) return;
    const { steps = Number.POSITIVE_INFINITY, epochs = Number.POSITIVE_INFINITY } = options;
    const total = Math.min(steps, epochs * (data.batches ?? Number.POSITIVE_INFINITY));
    const epoch = this.#epoch + 1;
    onProgress({
      // Epochs of unknown length count when they are over.
      fraction: Number.isFinite(total) ? this.#step / total : this.#epoch / epochs,
      stage: `epoch ${epoch}, step ${this.#step}, loss ${loss.toPrecision(4)}`,
      ...{ step: this.#step, epoch, loss },
    });
  }

  /** Ends a round. */
  async #record(): Promise<void> {
    const { validate, files, options } = this.#parts;
    const means = meanOf(this.#sums);
    const validation = await validate?.(this.#params);
    const record: TrainingRecord = {
      step: this.#step,
      epoch: this.#batch === 0 ? this.#epoch : this.#epoch + 1,
      ...means,
      ...(validation ? { validation } : {}),
      seconds: this.#seconds(),
    };
    this.#history.push(record);
    this.#sums = NO_SUMS;
    this.#judge(this.#history.length - 1);
    if (this.#standing.since === 0) this.#best = this.#params;
    await files?.record(record);
    if (options.onRecord?.(record, this.#params) === "stop") this.#stopped ??= "caller";
  }

  /** Whether the run ends here. */
  #decide(): void {
    const { steps, epochs, earlyStopping } = this.#parts.options;
    if (this.#stopped) return;
    if (this.#step === 0) return;
    if (epochs !== undefined && this.#epoch >= epochs) this.#stopped = "epochs";
    else if (steps !== undefined && this.#step >= steps) this.#stopped = "steps";
    else if (earlyStopping && this.#standing.since >= earlyStopping.patience) this.#stopped = "early";
    if (this.#stopped) this.#checkParams();
  }

  #judge(index: number): void {
    const { monitor = defaultMonitor, earlyStopping } = this.#parts.options;
    const minDelta = earlyStopping?.minDelta ?? 0;
    this.#standing = bestAfter(this.#standing, this.#history[index]!, index, monitor, minDelta);
  }

  /** A checkpoint, when it is time; never one of parameters that are spoilt. */
  async #save(always: boolean): Promise<void> {
    const { files } = this.#parts;
    if (!files || !(always || files.isDue(this.#step)) || !this.#checkParams()) return;
    await files.save({
      ...{ params: this.#params, state: this.#state, best: this.#best },
      position: {
        ...{ step: this.#step, epoch: this.#epoch, batch: this.#batch },
        ...{ sums: this.#sums, history: this.#history, seconds: this.#seconds() },
      },
    });
  }

  #checkParams(): boolean {
    const isGood = tree.leaves(this.#params).every(isFiniteTensor);
    if (!isGood) this.#diverge(`parameters are not finite after step ${this.#step - 1}`);
    return isGood;
  }

  #diverge(what: string): void {
    const { options } = this.#parts;
    this.#stopped = "diverged";
    if (options.nonFinite === "stop") return;
    const where = options.checkpoint ? `; ${options.checkpoint.path} holds the last good checkpoint` : "";
    throw new DomainError(`fit: ${what}; a smaller learning rate or clip may help${where}`);
  }

  async #heedSignal(): Promise<void> {
    const now = performance.now();
    if (now - this.#turn > TURN) {
      await otherTurns();
      this.#turn = now;
    }
    if (!this.#parts.options.signal?.aborted) return;
    await this.#save(true);
    throw new AbortedError(`fit: stopped by the caller after ${this.#step} steps`);
  }

  #seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }
}

const otherTurns = (): Promise<void> =>
  new Promise((resolve) => {
    // Where there is one it costs microseconds; timers cost a millisecond.
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });

function isFiniteTensor(x: Tensor): boolean {
  if (!isFloat(x.dtype) && !isComplex(x.dtype)) return true;
  const data = (x.dtype === "float16" || x.dtype === "bfloat16" ? x.astype("float32") : x).data();
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return false;
  return true;
}
