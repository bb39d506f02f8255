// What long computations have in common: they report how far they are, and can be stopped.

import { AbortedError } from "./errors.ts";

export interface Progress {
  /** Share of the work that is done, from 0 to 1. */
  readonly fraction: number;
  readonly stage: string;
}

/** What every iterative routine takes. */
export interface IterationOptions {
  /** Called after each step with the share of the work that is done, from 0 to 1. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Throws AbortedError when the caller has stopped the work. */
export function checkAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new AbortedError(`${what}: stopped by the caller`);
}
