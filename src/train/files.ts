// The files of a training run. Loaded only when one was asked for: browsers have none.

import { open } from "node:fs/promises";
import { fileError, writeFileAtomic } from "../io/files.ts";
import { CheckpointWriter, encodeCheckpoint, readCheckpoint } from "./checkpoint.ts";
import type { TrainingRecord } from "./history.ts";
import type { CheckpointOptions } from "./options.ts";
import type { Configuration, Progressed } from "./state.ts";

/** Checkpoints and log of one run. */
export interface RunFiles<P, S> {
  /** The run to go on with, if there was one. */
  readonly found: Progressed<P, S> | undefined;
  /** Whether it is time for a checkpoint. */
  isDue(step: number): boolean;
  save(run: Progressed<P, S>): Promise<void>;
  record(record: TrainingRecord): Promise<void>;
}

/** Opens the files of a run, reading its checkpoint where there is one. Throws FileError. */
export async function openFiles<P, S>(
  like: { readonly params: P; readonly state: S },
  configuration: Configuration,
  options: {
    readonly checkpoint?: CheckpointOptions | undefined;
    readonly resume: boolean;
    readonly log?: string | undefined;
  },
): Promise<RunFiles<P, S>> {
  const { checkpoint, resume, log } = options;
  const found = checkpoint && resume ? await readCheckpoint(checkpoint.path, like, configuration) : undefined;
  const writer =
    checkpoint && (await CheckpointWriter.at(checkpoint.path, checkpoint.keep ?? 1, found?.position.step));
  // Records after the checkpoint are made again: the log begins with those before it.
  if (log !== undefined) await writeFileAtomic(log, (found?.position.history ?? []).map(line).join(""));
  const every = checkpoint?.every ?? { seconds: 60 };
  let saved = { step: found?.position.step ?? 0, time: performance.now() };
  return {
    found,
    isDue: (step) =>
      checkpoint !== undefined &&
      ("steps" in every
        ? step - saved.step >= every.steps
        : performance.now() - saved.time >= 1000 * every.seconds),
    save: async (run) => {
      const { step } = run.position;
      await writer?.write(encodeCheckpoint(run, configuration), step);
      saved = { step, time: performance.now() };
    },
    record: async (record) => {
      if (log !== undefined) await append(log, line(record));
    },
  };
}

const line = (record: TrainingRecord): string => `${JSON.stringify(record)}\n`;

async function append(path: string, text: string): Promise<void> {
  try {
    const handle = await open(path, "a");
    try {
      await handle.write(text);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(path, error);
  }
}
