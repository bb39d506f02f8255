// Right-hand sides to learn directions from: random combinations of Ritz vectors, those of small values more heavily.

import { matmul } from "../../ops/contract.ts";
import { normal } from "../../random/distributions.ts";
import { type Key, split } from "../../random/key.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { tridiagonalEigen } from "../kernels/divideAndConquer.ts";
import { Basis, CountedOperator } from "../krylov/space.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator } from "../operator/operator.ts";

export interface RitzDatasetOptions extends IterationOptions {
  /** Steps of Lanczos' method, and so Ritz vectors; at most n. */
  readonly vectors: number;
  /** Rows of the result. */
  readonly samples: number;
  /** Standard deviation of the coefficients of the lower part of the spectrum, 1 in the upper; 9 unless told. */
  readonly boost?: number;
  /** Share of the Ritz vectors that count as the lower part; 0.5 unless told. */
  readonly lowFraction?: number;
}

/** Ritz values below this share of the largest are dropped. */
const LEAST_VALUE = 1e-8;

/**
 * Vectors `[samples, n]` of length 1 for a real symmetric operator or matrix `[n, n]`: combinations of Ritz vectors with
 * normal coefficients, larger ones where the Ritz values are small. White noise instead has next to nothing of the modes
 * that make a system hard. `vectors` products, O(n · vectors · (vectors + samples)).
 *
 * Source: Kaneda and others (see `dcdm`).
 *
 * @throws ShapeError unless square; DTypeError for complex numbers; DomainError for counts that are no positive integers,
 * more vectors than n, a boost that is not positive, a lowFraction outside [0, 1], products that are not finite; AbortedError.
 */
export function ritzDataset(key: Key, a: Linear, options: RitzDatasetOptions): Tensor {
  const name = "ritzDataset";
  const operator = asOperator(a);
  const n = checkSquareOperator(name, operator);
  const { vectors, samples, boost = 9, lowFraction = 0.5, signal, onProgress } = options;
  if (operator.dtype.startsWith("complex"))
    throw new DTypeError(`${name}: a must be real, got ${operator.dtype}`);
  if (!(Number.isInteger(vectors) && vectors >= 1 && vectors <= n))
    throw new DomainError(`${name}: vectors must be an integer from 1 to ${n}, got ${vectors}`);
  if (!(Number.isInteger(samples) && samples >= 1))
    throw new DomainError(`${name}: samples must be a positive integer, got ${samples}`);
  if (!(boost > 0 && Number.isFinite(boost)))
    throw new DomainError(`${name}: boost must be a positive number, got ${boost}`);
  if (!(lowFraction >= 0 && lowFraction <= 1))
    throw new DomainError(`${name}: lowFraction must lie in [0, 1], got ${lowFraction}`);
  const [startKey, drawKey] = split(key) as [Key, Key];
  const counted = new CountedOperator(operator, "float64");
  const space = counted.from;
  const basis = new Basis(space, vectors + 1);
  basis.column(0).set(counted.image(space.entries(normal(startKey, [n]))));
  space.normalize(basis.column(0));
  const diagonal = new Float64Array(vectors);
  const below = new Float64Array(vectors);
  let m = 0;
  while (m < vectors) {
    checkAborted(signal, name);
    const column = new Float64Array(m + 2);
    const isInvariant = basis.extend(counted.apply(basis.column(m)), m + 1, column);
    diagonal[m] = column[m];
    below[m] = column[m + 1];
    if (!Number.isFinite(diagonal[m] + below[m]))
      throw new DomainError(`${name}: a gives products that are not finite`);
    m++;
    onProgress?.({ fraction: m / vectors, stage: `Ritz vector ${m} of ${vectors}` });
    if (isInvariant) break;
  }
  const { values, vectors: z } = tridiagonalEigen(diagonal.slice(0, m), below.slice(0, m - 1));
  const least = LEAST_VALUE * values.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  const scale = values.map((value, i) => (value > least ? (i < lowFraction * m ? boost : 1) : 0));
  if (!scale.some((value) => value > 0))
    throw new DomainError(`${name}: a has no positive Ritz value; a positive definite operator was expected`);
  // Rows of both arrays are columns of the matrices they stand for.
  const mixed = normal(drawKey, [samples, m]).mul(new Tensor(scale, [m], "float64"));
  const ritz = matmul(
    new Tensor(z, [m, m], "float64"),
    new Tensor(basis.data.slice(0, m * n), [m, n], "float64"),
  );
  const rows = matmul(mixed, ritz);
  return rows.div(rows.square().sum({ axis: 1, keepDims: true }).sqrt());
}
