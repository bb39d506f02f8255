// Random maps from many coordinates to few that nearly keep lengths and scalar products.
// Sources: Woodruff, "Sketching as a tool for numerical linear algebra" (2014); Clarkson and Woodruff, "Low-rank approximation and
// regression in input sparsity time" (2013); Nelson and Nguyen, "OSNAP" (2013).

import { normal, rademacher, uniform } from "../../random/distributions.ts";

import { type Key, split } from "../../random/key.ts";

import { checkKey } from "../../random/keyed.ts";

import { csc } from "../../sparse/base/constructors.ts";

import { DomainError, ShapeError } from "../../tensor/errors.ts";

import type { Tensor } from "../../tensor/tensor.ts";

import { maxAbs } from "../kernels/vector.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";

import { Dense } from "../operator/dense.ts";

import { Kronecker } from "../operator/kronecker.ts";

import type { LinearOperator } from "../operator/operator.ts";

import { Sparse } from "../operator/sparse.ts";

import { SampledHadamard, sampledHadamard } from "./sampledHadamard.ts";

/**
 * `srht` is the sampled Hadamard transform, `gaussian` a dense matrix of normal numbers, `countsketch` one sign a column, `osnap` a
 * few signs a column, `tensor-srht` a sampled Hadamard transform along each axis of a tensor.
 */
export type SketchKind = "srht" | "gaussian" | "countsketch" | "osnap" | "tensor-srht";

export const SKETCH_KINDS: readonly SketchKind[] = [
  "srht",
  "gaussian",
  "countsketch",
  "osnap",
  "tensor-srht",
];

export interface SketchOptions {
  /** m, the length of what comes out. */
  readonly rows: number;
  /** n, the length of what comes in; for `tensor-srht` the lengths of the axes, slowest first. */
  readonly size: number | readonly number[];
  /** Signs a column of `osnap`; 4 unless told. */
  readonly nonzeros?: number;
}

const isLength = (n: number): boolean => Number.isInteger(n) && n >= 1;

/**
 * A random operator S `[rows, size]` with E SᵀS = I. Products with a vector cost O(n log n) for `srht`, O(m n) for `gaussian`,
 * O(n) for `countsketch` and O(nonzeros · n) for `osnap`; matrices of columns and the adjoint go the same way.
 *
 * Dense sketches (`srht`, `gaussian`) keep single scalar products: |gᵀSᵀS h − gᵀh| is about 1/√m for any fixed unit g and h.
 * Sparse ones keep norms, but two heavy coordinates that meet move a single product by about 1/nonzeros.
 *
 * @throws DomainError for an unknown kind, and for lengths or `nonzeros` that are not positive integers or do not fit; ShapeError
 * where `size` is not what the kind takes.
 */
export function sketch(key: Key, kind: SketchKind, options: SketchOptions): LinearOperator {
  checkKey(key);
  const { rows, size, nonzeros = 4 } = options;
  if (!SKETCH_KINDS.includes(kind))
    throw new DomainError(`sketch: kind must be one of ${SKETCH_KINDS.join(", ")}, got ${String(kind)}`);
  if (!isLength(rows)) throw new DomainError(`sketch: rows must be an integer >= 1, got ${rows}`);
  const lengths = typeof size === "number" ? [size] : size;
  if (lengths.length === 0 || !lengths.every(isLength))
    throw new DomainError(`sketch: size must be made of integers >= 1, got ${String(size)}`);
  if ((kind === "tensor-srht") !== (typeof size !== "number"))
    throw new ShapeError(
      `sketch: size must be ${kind === "tensor-srht" ? "a list of lengths" : "one length"} for ${kind}, got ${String(size)}`,
    );
  const n = lengths[0]!;
  switch (kind) {
    case "srht":
    case "tensor-srht":
      return sampledHadamard(key, rows, lengths);
    case "gaussian":
      return new Dense(normal(key, [rows, n]).mul(1 / Math.sqrt(rows)));
    case "countsketch":
      return signColumns(key, rows, n, 1);
    case "osnap":
      if (!(isLength(nonzeros) && nonzeros <= rows))
        throw new DomainError(`sketch: nonzeros must be an integer from 1 to ${rows}, got ${nonzeros}`);
      return signColumns(key, rows, n, nonzeros);
  }
}

/** ± 1/√s in each column, one in each of s bands of rows. */
function signColumns(key: Key, rows: number, n: number, s: number): Sparse {
  const [placeKey, signKey] = split(key);
  const draws = uniform(placeKey!, [n, s]).data();
  const signs = rademacher(signKey!, [n * s]).mul(1 / Math.sqrt(s));
  const indptr = Int32Array.from({ length: n + 1 }, (_, j) => j * s);
  const indices = new Int32Array(n * s);
  for (let j = 0; j < n; j++)
    for (let band = 0; band < s; band++) {
      const start = Math.floor((band * rows) / s);
      const height = Math.floor(((band + 1) * rows) / s) - start;
      indices[j * s + band] = start + Math.min(height - 1, Math.floor(draws[j * s + band]! * height));
    }
  return new Sparse(csc(indptr, indices, signs, [rows, n]));
}

/** S A as a dense matrix, by the cheapest way that the structure of both offers. */
export function sketchOf(s: LinearOperator, given: Linear): Tensor {
  const a = asOperator(given);
  if (s instanceof SampledHadamard && a instanceof Kronecker && s.lengths.length === a.factors.length)
    return s.ofKronecker(a);
  if (s instanceof Sparse && a instanceof Sparse) return s.matrix.matmul(a.matrix).toDense();
  // Few columns: a product of A with unit vectors is no more work than reading it.
  return s.apply(a.toDense());
}

/** Throws DomainError, naming the argument, when an entry that the operator is made of is not finite. */
export function checkFiniteOperator(name: string, argument: string, a: LinearOperator): void {
  if (a instanceof Kronecker) {
    for (const factor of a.factors) checkFiniteOperator(name, argument, factor);
    return;
  }
  const made = a instanceof Dense ? a.matrix : a instanceof Sparse ? a.matrix.values : null;
  if (made === null) return;
  const data = made.data();
  const top = maxAbs(data instanceof Float64Array ? data : Float64Array.from(data), 0, data.length);
  if (!Number.isFinite(top))
    throw new DomainError(`${name}: ${argument} holds a value that is not finite (${top})`);
}
