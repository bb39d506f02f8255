// What methods for a few eigenvalues or singular values have in common.

import { normal } from "../../random/distributions.ts";
import { type Key, key } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { multiply } from "../kernels/vector.ts";
import { type Basis, checkVector, type VectorSpace } from "./space.ts";

export interface PartialEigenOptions extends IterationOptions {
  /** How many are wanted; 6 unless told. */
  readonly k?: number;
  /** Residuals at most this share of each value; 1e-10 unless told. */
  readonly tol?: number;
  /** Restarts; 300 unless told. */
  readonly maxIterations?: number;
  /** Vectors in the basis; max(2 k + 1, 20) unless told. */
  readonly basisSize?: number;
  /** Where to start; random numbers of `key` unless told. */
  readonly v0?: Tensor;
  /** For the start and for new directions; key(0) unless told. */
  readonly key?: Key;
}

export interface Checked {
  readonly k: number;
  readonly m: number;
  readonly tol: number;
  readonly maxIterations: number;
}

/** Checks the numbers; `most` is the order of the problem. */
export function checkPartial(name: string, options: PartialEigenOptions, most: number): Checked {
  const { k = Math.min(6, most), tol = 1e-10, maxIterations = 300 } = options;
  if (!(Number.isInteger(k) && k >= 1 && k <= most))
    throw new DomainError(`${name}: k must be an integer from 1 to ${most}, got ${k}`);
  const { basisSize = Math.min(most, Math.max(2 * k + 1, 20)) } = options;
  if (!(Number.isInteger(basisSize) && basisSize >= Math.min(most, k + 2) && basisSize <= most))
    throw new DomainError(
      `${name}: basisSize must be an integer from ${Math.min(most, k + 2)} to ${most}, got ${basisSize}`,
    );
  if (!(tol > 0 && tol < 1)) throw new DomainError(`${name}: tol must lie in (0, 1), got ${tol}`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1))
    throw new DomainError(`${name}: maxIterations must be a positive integer, got ${maxIterations}`);
  return { k, m: basisSize, tol, maxIterations };
}

/** A unit vector to start from: the one that was given, or a random one. */
export function startVector(
  name: string,
  space: VectorSpace,
  { v0, key: from = key(0) }: PartialEigenOptions,
): Float64Array {
  if (v0) checkVector(name, v0, space.n, "v0");
  const v = space.entries(v0 ?? randomVector(space, from)).slice();
  if (space.normalize(v) === 0) throw new DomainError(`${name}: v0 must not be zero`);
  return v;
}

const randomVector = (space: VectorSpace, from: Key): Tensor =>
  normal(from, [space.n], { dtype: space.w === 2 ? "complex128" : "float64" });

/** A unit vector orthogonal to the first `count` columns, for a space that is invariant. */
export function freshDirection(basis: Basis, count: number, seed: number): Float64Array {
  const { space } = basis;
  const v = space.entries(randomVector(space, key(seed + 1))).slice();
  basis.orthogonalize(v, count);
  space.normalize(v);
  return v;
}

/** Replaces the first columns of a basis by its products with the first `p` columns of a real or complex m x m array. */
export function rotateBasis(basis: Basis, m: number, z: Float64Array, p: number): void {
  const { n, w } = basis.space;
  const wide = z.length === m * m * w ? z : widened(z);
  const out = new Float64Array(n * p * w);
  multiply(
    w,
    n,
    p,
    m,
    { data: basis.data, offset: 0, ld: n * w },
    { data: wide, offset: 0, ld: m * w },
    { data: out, offset: 0, ld: n * w },
  );
  basis.data.set(out);
}

function widened(x: Float64Array): Float64Array {
  const out = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) out[2 * i] = x[i]!;
  return out;
}

/** Below this values are measured against it, not against themselves: a share of nothing cannot be reached. */
export const TINY: number = 2 ** -35;
