// Where a command writes, so that tests can listen.
import { createColors } from "picocolors";
import type { Ink } from "../report/text.ts";

/** The part of a Node stream that commands use. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Results go to `stdout`, progress and errors to `stderr`. */
export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Colours for terminals; NO_COLOR and FORCE_COLOR are heeded. */
export function inkFor(output: Output): Ink {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const { bold, dim, green } = createColors(!NO_COLOR && (output.isTTY === true || Boolean(FORCE_COLOR)));
  return { bold, dim, green };
}

/** Columns of a terminal; a width that fits most lines where there is none. */
export const widthOf = (output: Output): number => (output.isTTY ? Math.max(60, output.columns ?? 100) : 160);
