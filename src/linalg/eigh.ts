// Eigenvalues and vectors of Hermitian matrices, on tensors.
import type { Tensor } from "../tensor/tensor.ts";
import { tridiagonalEigen } from "./divideAndConquer.ts";
import { applyReflectors } from "./householder.ts";
import { checkSquare, equilibrate, load, makeHermitian, overBatch, store, storeVector } from "./matrix.ts";
import { tridiagonalize } from "./tridiagonal.ts";
import { tridiagonalQL } from "./tridiagonalQL.ts";
import type { Width } from "./vector.ts";

export interface Eigh {
  /** `[…, n]`, ascending, real. */
  readonly values: Tensor;
  /** `[…, n, n]`: column i belongs to value i. */
  readonly vectors: Tensor;
}

/** Eigenvalues (ascending) and vectors of a column-major Hermitian matrix of moderate norm, which is destroyed. */
export function hermitianEigen(
  w: Width,
  n: number,
  a: Float64Array,
): { values: Float64Array; vectors: Float64Array } {
  const { diagonal, offDiagonal, reflectors } = tridiagonalize(w, n, a);
  const { values, vectors } = tridiagonalEigen(diagonal, offDiagonal);
  let full = vectors;
  if (w === 2) {
    full = new Float64Array(2 * n * n);
    for (let i = 0; i < n * n; i++) full[2 * i] = vectors[i];
  }
  applyReflectors(reflectors, full, n, false);
  return { values, vectors: full };
}

/**
 * Eigendecomposition a = V diag(values) Vᴴ of Hermitian `[…, n, n]`, values ascending, V unitary.
 *
 * Blocked Householder reduction to a real tridiagonal matrix, divide and conquer with deflation (Gu and Eisenstat
 * 1995) on it, and back-transformation in blocks; O(n³).
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity and for a matrix that is
 * not Hermitian (to 1000 eps of its dtype).
 */
export function eigh(a: Tensor): Eigh {
  checkSquare("eigh", a);
  const [values, vectors] = overBatch([a], ([x]) => {
    const work = load("eigh", x!);
    makeHermitian("eigh", work);
    const back = equilibrate(work);
    const n = work.rows;
    const found = hermitianEigen(work.width, n, work.data);
    for (let i = 0; i < n; i++) found.values[i] *= back;
    return [storeVector(found.values, work.dtype), store(found.vectors, n, n, work.dtype)];
  });
  return { values: values!, vectors: vectors! };
}

/**
 * Eigenvalues `[…, n]`, ascending, of Hermitian `[…, n, n]`: the reduction of `eigh` and implicit QL without vectors;
 * 4/3 n³ operations and O(n²).
 *
 * @throws as `eigh` does.
 */
export function eigvalsh(a: Tensor): Tensor {
  checkSquare("eigvalsh", a);
  const [values] = overBatch([a], ([x]) => {
    const work = load("eigvalsh", x!);
    makeHermitian("eigvalsh", work);
    const back = equilibrate(work);
    const { diagonal, offDiagonal } = tridiagonalize(work.width, work.rows, work.data);
    tridiagonalQL(diagonal, offDiagonal, 0, work.rows);
    return [
      storeVector(
        diagonal.sort().map((v) => v * back),
        work.dtype,
      ),
    ];
  });
  return values!;
}
