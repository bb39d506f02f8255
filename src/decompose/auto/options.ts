import type { Key } from "../../random/key.ts";
import type { IterationOptions } from "../../tensor/progress.ts";
import type { Format } from "../types.ts";

export interface DecomposeOptions extends IterationOptions {
  /** Largest relative Frobenius error; 0.01 unless told. */
  readonly tol?: number;
  /** The question turned round: the smallest error in so many bytes. */
  readonly maxBytes?: number;
  /** Formats to try; all that fit the number of modes unless told. A dense copy is always a candidate. */
  readonly formats?: readonly Format[];
  /** One rank for a given format (all modes alike); the error is then whatever it is. */
  readonly rank?: number;
  /** Ranks for a given format, in the order of `ranks(d)`. */
  readonly ranks?: readonly number[];
  /** Factors without negative entries (CP, or Tucker at given ranks). */
  readonly nonnegative?: boolean;
  /** Split modes into prime factors and try a train on the result; on for vectors and matrices unless told. */
  readonly quantize?: boolean;
  /** Time after which no new search starts; 30 unless told. */
  readonly maxSeconds?: number;
  /** For the searches that start at random; key(0) unless told. */
  readonly key?: Key;
}
