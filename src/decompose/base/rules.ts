import type { Complex } from "../../tensor/complex.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** How far a decomposition may be compressed. */
export interface RoundOptions {
  /** Relative error that may be added. */
  readonly rtol?: number;
  /** Ranks of the result, in the order of `ranks(d)`. */
  readonly ranks?: readonly number[];
  readonly maxRank?: number;
}

/**
 * Everything that the free functions (`full`, `at`, `inner`, `add` …) need to know of one format, in one place. Whoever
 * adds a format sees every rule it owes.
 */
export interface FormatRules<D> {
  /** The parameter tensors under the names that files give them. */
  tensors(d: D): Readonly<Record<string, Tensor>>;
  shape(d: D): Shape;
  ranks(d: D): readonly number[];
  full(d: D): Tensor;
  /** The same decomposition with only the given positions of each mode (null: all of them), in their order. */
  restrict(d: D, positions: readonly (Tensor | null)[]): D;
  /** The entries at `count` indices, `index[i * order + k]` being the position along mode k: a tensor `[count]`. */
  entries(d: D, index: Int32Array, count: number): Tensor;
  /** Frobenius norm. */
  norm(d: D): number;
  /** Σ conj(a)·b. */
  inner(a: D, b: D): number | Complex;
  add(a: D, b: D): D;
  scale(d: D, factor: number | Complex): D;
  /** Entry-wise product; ranks multiply. */
  hadamard(a: D, b: D): D;
  round(d: D, options: RoundOptions): D;
}
