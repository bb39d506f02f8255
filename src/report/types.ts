// The parts of a report, as plain data.
import type { AutoResult, Candidate, Format } from "../decompose/types.ts";
import type { SourceKind } from "../io/tensorFile.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";

/** What was decomposed. */
export interface ReportInput {
  readonly name: string;
  readonly path: string;
  readonly kind: SourceKind;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Bytes of its elements in memory, in its own dtype. */
  readonly bytes: number;
  /** Listed entries of a sparse tensor. */
  readonly entries?: number;
  readonly columns?: readonly string[];
}

/** What was asked for. */
export type Request =
  | { readonly kind: "tolerance"; readonly tolerance: number }
  | { readonly kind: "budget"; readonly maxBytes: number }
  | { readonly kind: "ranks"; readonly ranks: readonly number[] }
  /** Values were missing: errors are of the present ones; `heldOutError` is what to expect of those filled in. */
  | { readonly kind: "completion"; readonly missing: number; readonly heldOutError: number };

/** The candidate that was chosen, in numbers and in one sentence. */
export interface Choice {
  readonly sentence: string;
  readonly format: Format;
  readonly detail: string;
  readonly ranks: readonly number[];
  /** Numbers stored, and how many times fewer than the input has. */
  readonly parameters: number;
  readonly numbersRatio: number;
  /** Bytes stored, and how many times fewer than the input takes. */
  readonly bytes: number;
  readonly bytesRatio: number;
}

export interface Quality {
  /** Measured relative Frobenius error, ‖X − X̂‖ / ‖X‖. */
  readonly error: number;
  readonly maxAbsoluteError: number;
  /** Peak signal-to-noise ratio in decibels, for pictures. */
  readonly psnr: number | null;
}

/** A command line and what it is good for. */
export interface Command {
  readonly purpose: string;
  readonly command: string;
}

/** A whole report, as `--report x.json` writes it; `reportSchema` describes it. */
export interface Summary {
  readonly format: "polyadic-report";
  readonly version: 1;
  readonly input: ReportInput;
  readonly request: Request;
  readonly choice: Choice;
  readonly quality: Quality;
  readonly candidates: readonly Candidate[];
  readonly spectra: readonly {
    readonly modes: readonly number[];
    readonly values: readonly number[];
    readonly kept: number;
  }[];
  readonly curves: AutoResult["curves"];
  readonly notes: readonly string[];
  readonly next: readonly Command[];
  readonly seed: number;
  readonly seconds: number;
}
