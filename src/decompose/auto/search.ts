// What the searches of all formats share: the task, the clock, and what a find looks like.

import type { Key } from "../../random/key.ts";
import { checkAborted, type Progress } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { bytes, ranks, shapeOf } from "../operations.ts";
import type { Decomposition, Format } from "../types.ts";
import type { BipartitionSpectra } from "./spectra.ts";

/** When two formats are within this share of each other, the one that is cheaper to read wins. */
export const TIE = 0.02;

/** Floating-point operations that are assumed to take a second, so that what cannot end in time is not begun. */
export const ASSUMED_SPEED = 4e9;

/** One call of `decompose`. */
export interface Task {
  readonly x: Tensor;
  readonly norm: number;
  /** Largest relative error. */
  readonly tol: number;
  readonly spectra: BipartitionSpectra;
  /** Ranks that were asked for; the tolerance is then not looked at. */
  readonly ranks?: readonly number[];
  readonly nonneg: boolean;
  readonly key: Key;
  readonly clock: Clock;
}

/** Time that is left, and the way to report what is being done. */
export class Clock {
  readonly #start = performance.now();
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((progress: Progress) => void) | undefined;

  constructor(maxSeconds: number, signal?: AbortSignal, onProgress?: (progress: Progress) => void) {
    this.#limit = maxSeconds;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  /** Seconds since the beginning. */
  get elapsed(): number {
    return (performance.now() - this.#start) / 1000;
  }

  get isOver(): boolean {
    return this.elapsed >= this.#limit;
  }

  get remaining(): number {
    return Math.max(0, this.#limit - this.elapsed);
  }

  /** Throws AbortedError when the caller has stopped the work; else reports a stage. */
  tick(fraction: number, stage: string): void {
    checkAborted(this.#signal, "decompose");
    this.#onProgress?.({ fraction, stage });
  }
}

/** A decomposition that a search proposes; its error is measured by the caller. */
export interface Find {
  readonly format: Format;
  readonly detail: string;
  readonly decomposition: Decomposition;
}

/** Integers of 4 bytes that a reader needs beside the numbers: shape, ranks, order of modes, splits, tree. */
function headerBytes(d: Decomposition): number {
  const structure = d.kind === "tree" ? 2 * d.leaves.length : 0;
  if (d.kind !== "arranged") return 4 * (shapeOf(d).length + ranks(d).length + structure);
  const { shape, padded, splits, order } = d.layout;
  return 4 * (shape.length + padded.length + splits.flat().length + order.length) + headerBytes(d.inner);
}

/**
 * Bytes that a decomposition takes: its numbers and what is needed to read them. The measure by which formats
 * compete.
 */
export function storedBytes(d: Decomposition): number {
  return bytes(d) + headerBytes(d);
}

/** Why a search came back without a find. */
export interface NoFind {
  readonly reason: string;
}

/** The largest factor from 1 to `limit` for which `meets` holds, given that it grows worse with the factor. */
export function largestFactor(limit: number, meets: (factor: number) => boolean, steps: number): number {
  if (meets(limit)) return limit;
  let low = 1;
  let high = limit;
  for (let i = 0; i < steps; i++) {
    const middle = Math.sqrt(low * high);
    if (meets(middle)) low = middle;
    else high = middle;
  }
  return low;
}
