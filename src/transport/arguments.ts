// What transport problems are made of, checked at the door and brought into one form.

import { isKnown, meetDTypes } from "../linalg/operator/operator.ts";
import type { DType } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError, TracerError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A problem with all its weights positive and of sum 1. */
export interface Problem {
  readonly n: number;
  readonly m: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** η times the cost matrix, row by row. */
  readonly cost: Float64Array;
  readonly eta: number;
  /** Places of the rows and columns in what the caller gave; null where all stayed. */
  readonly rows: Int32Array | null;
  readonly columns: Int32Array | null;
  /** Shape that the caller gave, and the dtype of results. */
  readonly shape: readonly [number, number];
  readonly dtype: DType;
}

export interface ProblemOptions {
  /** Inverse temperature: the plan has entropy weighted by 1 / eta. */
  readonly eta: number;
  /** Leave points of weight 0 out instead of throwing. */
  readonly dropZeros?: boolean;
}

/** Throws TracerError, DTypeError, ShapeError or DomainError unless a, b and cost make a problem. O(nm). */
export function transportProblem(
  name: string,
  a: Tensor,
  b: Tensor,
  cost: Tensor,
  { eta, dropZeros = false }: ProblemOptions,
): Problem {
  for (const [argument, x, ndim] of [
    ["a", a, 1],
    ["b", b, 1],
    ["cost", cost, 2],
  ] as const) {
    if (!isKnown(x))
      throw new TracerError(
        `${name}: ${argument} must have known values here; inside of transforms use entropicCost`,
      );
    if (x.dtype !== "float64" && x.dtype !== "float32")
      throw new DTypeError(`${name}: ${argument} must be float64 or float32, got ${x.dtype}`);
    if (x.ndim !== ndim || x.size === 0)
      throw new ShapeError(
        `${name}: ${argument} must have ${ndim === 1 ? "one axis" : "two axes"} and elements, got shape ${formatShape(x.shape)}`,
      );
  }
  const [n, m] = [a.size, b.size];
  if (cost.shape[0] !== n || cost.shape[1] !== m)
    throw new ShapeError(
      `${name}: cost must be [${n}, ${m}] for a [${n}] and b [${m}], got shape ${formatShape(cost.shape)}`,
    );
  checkPositive(name, "eta", eta);
  const dtype = meetDTypes(a, b, cost);
  const rows = checkWeights(name, "a", a, dropZeros);
  const columns = checkWeights(name, "b", b, dropZeros);
  const given = cost.data();
  for (let i = 0; i < given.length; i++)
    if (!Number.isFinite(given[i]))
      throw new DomainError(
        `${name}: cost must be finite, got ${given[i]} at [${Math.floor(i / m)}, ${i % m}]`,
      );
  const kept = { n: rows?.length ?? n, m: columns?.length ?? m };
  const scaled = new Float64Array(kept.n * kept.m);
  for (let i = 0, at = 0; i < kept.n; i++) {
    const from = (rows ? rows[i]! : i) * m;
    for (let j = 0; j < kept.m; j++) scaled[at++] = eta * given[from + (columns ? columns[j]! : j)]!;
  }
  return {
    ...kept,
    a: weights(a, rows),
    b: weights(b, columns),
    cost: scaled,
    eta,
    rows,
    columns,
    shape: [n, m],
    dtype,
  };
}

/** Places of the positive weights where some are dropped, else null. */
function checkWeights(name: string, argument: string, x: Tensor, dropZeros: boolean): Int32Array | null {
  const data = x.data();
  let sum = 0;
  let zeros = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!(value >= 0 && value < Infinity))
      throw new DomainError(`${name}: ${argument} must be finite and not negative, got ${value} at ${i}`);
    if (value === 0) {
      if (!dropZeros)
        throw new DomainError(
          `${name}: ${argument} must be positive, got 0 at ${i}; dropZeros leaves such points out`,
        );
      zeros++;
    }
    sum += value;
  }
  // Sums of float32 weights are off by their own rounding.
  const tolerance = x.dtype === "float32" ? 1e-5 : 1e-9;
  if (!(Math.abs(sum - 1) <= tolerance))
    throw new DomainError(`${name}: ${argument} must sum to 1, got ${sum}`);
  if (zeros === 0) return null;
  const kept = new Int32Array(data.length - zeros);
  for (let i = 0, at = 0; i < data.length; i++) if (data[i]! > 0) kept[at++] = i;
  return kept;
}

/** The kept weights, of sum 1 to the last bit that rounding allows: else the marginals contradict each other. */
function weights(x: Tensor, kept: Int32Array | null): Float64Array {
  const data = x.data();
  const out = kept ? Float64Array.from(kept, (i) => data[i]!) : Float64Array.from(data);
  const sum = out.reduce((total, value) => total + value, 0);
  for (let i = 0; i < out.length; i++) out[i] = out[i]! / sum;
  return out;
}

export function checkPositive(name: string, option: string, value: number): void {
  if (!(value > 0 && value < Infinity))
    throw new DomainError(`${name}: ${option} must be a positive number, got ${value}`);
}

export function checkSteps(name: string, option: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0))
    throw new DomainError(`${name}: ${option} must be an integer >= 0, got ${value}`);
}
