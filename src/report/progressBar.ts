// A progress bar with the time left, for work that takes more than a second and a person who watches.
import { SingleBar } from "cli-progress";
import { formatSeconds } from "../plot/format.ts";

/** The part of a Node stream that a bar is drawn on. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Work below this many milliseconds shows nothing. */
const PATIENCE = 1000;

export interface ProgressBar {
  update(progress: { readonly fraction: number; readonly stage: string }): void;
  stop(): void;
}

/** A bar on `output` if that is a terminal; else nothing is drawn. */
export function progressBar(output: Terminal): ProgressBar {
  if (!output.isTTY) return { update: () => undefined, stop: () => undefined };
  const started = performance.now();
  let bar: SingleBar | undefined;
  return {
    update({ fraction, stage }) {
      const elapsed = performance.now() - started;
      if (elapsed < PATIENCE) return;
      const left =
        fraction > 0.02 ? `about ${formatSeconds((elapsed / 1000) * (1 / fraction - 1))} left` : "";
      const payload = { stage, left };
      if (bar) bar.update(fraction, payload);
      else {
        bar = new SingleBar({
          format: "{bar} {percentage} %  {left}  {stage}",
          stream: output as NodeJS.WritableStream,
          clearOnComplete: true,
          hideCursor: false,
          barsize: 30,
          barCompleteChar: "█",
          barIncompleteChar: "░",
          // The work does not yield to timers: the bar redraws when it is told.
          synchronousUpdate: true,
          fps: 10,
        });
        bar.start(1, fraction, payload);
      }
    },
    stop() {
      bar?.stop();
    },
  };
}
