// Eigenvalues and vectors of Hermitian matrices, on tensors.
import { bind, bindOne } from "../../ops/bind.ts";
import { diagonal } from "../../ops/movement.ts";
import { type Abstract, definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { realDType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, columnProducts, hermitianPart } from "../base/derivative.ts";
import { differences, divideByGap } from "../base/gap.ts";
import {
  checkSquare,
  equilibrate,
  FACTORED,
  factorable,
  type HermitianParams,
  hermitianTo,
  load,
  makeHermitian,
  overBatch,
  store,
  storeVector,
  withMatrix,
} from "../base/matrix.ts";
import { tridiagonalEigen } from "../kernels/divideAndConquer.ts";
import { applyReflectors } from "../kernels/householder.ts";
import { lapackFor } from "../kernels/native.ts";
import { tridiagonalize } from "../kernels/tridiagonal.ts";
import { tridiagonalQL } from "../kernels/tridiagonalQL.ts";
import type { Width } from "../kernels/vector.ts";

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
  const lapack = lapackFor(n);
  if (lapack) return lapack.hermitianEigen(w, n, a);
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

/** Eigenvalues alone, ascending, of a column-major Hermitian matrix of moderate norm, which is destroyed. */
export function hermitianValues(w: Width, n: number, a: Float64Array): Float64Array {
  const lapack = lapackFor(n);
  if (lapack) return lapack.hermitianValues(w, n, a);
  const { diagonal: values, offDiagonal } = tridiagonalize(w, n, a);
  tridiagonalQL(values, offDiagonal, 0, n);
  return values.sort();
}

const eighP: Primitive<HermitianParams> = definePrimitive<HermitianParams>({
  name: "eigh",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!), a!],
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("eigh", x!);
      makeHermitian("eigh", work, params);
      const back = equilibrate(work);
      const n = work.rows;
      const found = hermitianEigen(work.width, n, work.data);
      return [storeVector(found.values, work.dtype, back), store(found.vectors, n, n, work.dtype)];
    }),
  jvp: ({ tangents: [da], outputs: [values, vectors] }) => {
    const n = vectors!.shape.at(-1)!;
    if (n === 0) return [null, null];
    // In the basis of the vectors the diagonal moves the values, and the rest turns the vectors.
    const moved = adjoint(vectors!).matmul(hermitianPart(da!).matmul(vectors!));
    const turn = divideByGap(moved, differences(values!, n));
    return [diagonal(moved).real(), vectors!.matmul(turn)];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const eigvalshP: Primitive<HermitianParams> = definePrimitive<HermitianParams>({
  name: "eigvalsh",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!)],
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("eigvalsh", x!);
      makeHermitian("eigvalsh", work, params);
      const back = equilibrate(work);
      return [storeVector(hermitianValues(work.width, work.rows, work.data), work.dtype, back)];
    }),
  jvp: ({ inputs: [a], tangents: [da], params }) => {
    const [, vectors] = bind(eighP, [a!], params);
    return [columnProducts(vectors!, hermitianPart(da!).matmul(vectors!))];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const valuesOf = (a: Abstract): Abstract => ({
  shape: withMatrix(a, a.shape.at(-1)!),
  dtype: realDType(a.dtype),
});

/**
 * Eigendecomposition a = V diag(values) Vᴴ of Hermitian `[…, n, n]`, values ascending, V unitary.
 *
 * Blocked Householder reduction to a real tridiagonal matrix, divide and conquer with deflation (Gu and Eisenstat
 * 1995) on it, and back-transformation in blocks; O(n³).
 *
 * Derivatives are those along Hermitian matrices: the gradient with respect to a is Hermitian. First derivatives of
 * values are right always (those of a repeated value: along the basis of its space that is returned). Vectors have a
 * derivative only where values differ by more than n eps of the largest: an infinity or NaN comes from vectors of a
 * repeated value, and from second derivatives of its values, also where a sum over all of them would be smooth. The
 * phase of a vector is free, so only what does not depend on it can be differentiated.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity and for a matrix that is
 * not Hermitian (to 1000 eps of its dtype).
 */
export function eigh(a: Tensor): Eigh {
  checkSquare("eigh", a);
  const [values, vectors] = bind(eighP, [factorable("eigh", a)], hermitianTo("eigh", a));
  return { values: values!, vectors: vectors! };
}

/**
 * Eigenvalues `[…, n]`, ascending, of Hermitian `[…, n, n]`: the reduction of `eigh` and implicit QL without vectors;
 * 4/3 n³ operations and O(n²). Derivatives as those of `eigh`, which finds the vectors for them.
 *
 * @throws as `eigh` does.
 */
export function eigvalsh(a: Tensor): Tensor {
  checkSquare("eigvalsh", a);
  return bindOne(eigvalshP, [factorable("eigvalsh", a)], hermitianTo("eigvalsh", a));
}
