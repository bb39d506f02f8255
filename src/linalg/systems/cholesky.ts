// The Cholesky factorization: kernel on a column-major array and the function on tensors.
// Sources: Golub and Van Loan, "Matrix Computations" (4th ed.), 4.2; derivative: Murray, "Differentiation of the
// Cholesky decomposition", arXiv:1602.07527 (2016).
import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, type Primitive, type Tangent } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { grow, minus } from "../../ops/series.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, hermitianPart, lowerHalf } from "../base/derivative.ts";
import {
  checkSquare,
  FACTORED,
  factorable,
  type HermitianParams,
  hermitianTo,
  load,
  makeHermitian,
  overBatch,
  storeRows,
  type Work,
} from "../base/matrix.ts";
import { lapackFor } from "../kernels/native.ts";
import { clearBelow, conjugate, divideReal } from "../kernels/triangular.ts";
import { dotc, multiply, negated, type Width } from "../kernels/vector.ts";
import { solveTriangularP } from "./solveTriangular.ts";

const BLOCK = 32;

/**
 * A = Rᴴ R in place, R upper triangular (the part below the diagonal is cleared). Returns the position of the first
 * pivot that is not positive, −1 when there is none.
 */
export function factorCholesky(w: Width, n: number, a: Float64Array): number {
  const lapack = lapackFor(n);
  if (lapack) {
    const failed = lapack.cholesky(w, n, a);
    clearBelow(w, n, a);
    return failed;
  }
  const ld = n * w;
  const sum = new Float64Array(2);
  for (let first = 0; first < n; first += BLOCK) {
    const last = Math.min(first + BLOCK, n);
    for (let j = first; j < n; j++) {
      // Columns of the block itself are factored, columns to its right solved against it.
      const column = j * ld + first * w;
      for (let i = first; i < Math.min(j, last); i++) {
        const at = j * ld + i * w;
        dotc(w, a, i * ld + first * w, a, column, i - first, sum, 0);
        a[at] = a[at] - sum[0];
        if (w === 2) a[at + 1] -= sum[1];
        divideReal(w, a, at, 1, a[i * ld + i * w]);
      }
      if (j >= last) continue;
      dotc(w, a, column, a, column, j - first, sum, 0);
      const pivot = a[j * (ld + w)] - sum[0];
      if (!(pivot > 0)) return j;
      a[j * (ld + w)] = Math.sqrt(pivot);
      if (w === 2) a[j * (ld + w) + 1] = 0;
    }
    const rest = n - last;
    if (rest === 0) break;
    const count = last - first;
    const right = last * ld + first * w;
    const minus = negated(w, count, rest, a, right, ld);
    const block = { data: a, offset: right, ld, adjoint: true };
    const target = { data: a, offset: last * (ld + w), ld };
    // The lower triangle of the transpose is the upper triangle of this matrix, the only part that is read.
    multiply(w, rest, rest, count, block, minus, target, {
      accumulate: true,
      triangle: "lower",
    });
  }
  clearBelow(w, n, a);
  return -1;
}

/** Factors a loaded Hermitian matrix or throws DomainError naming the pivot. */
export function choleskyOf(name: string, work: Work, params: HermitianParams): void {
  makeHermitian(name, work, params);
  const failed = factorCholesky(work.width, work.rows, work.data);
  if (failed >= 0)
    throw new DomainError(
      `${name}: a is not positive definite: pivot ${failed} of ${work.rows} is not positive`,
    );
}

/** L⁻¹ z L⁻ᴴ for Hermitian z. */
function congruence(l: Tensor, z: Tensor): Tensor {
  const half = solveLower(l, z);
  return adjoint(solveLower(l, adjoint(half)));
}

const solveLower = (l: Tensor, b: Tensor): Tensor =>
  bindOne(solveTriangularP, [l, b], { caller: "derivative of cholesky", lower: true });

/** The lower triangular x with x Lᴴ + L xᴴ = z, for Hermitian z: how L moves when a moves by z (Murray 2016). */
export const moved = (l: Tensor, z: Tensor): Tensor => l.matmul(lowerHalf(congruence(l, z)));

const choleskyP: Primitive<HermitianParams> = definePrimitive<HermitianParams>({
  name: "cholesky",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!],
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("cholesky", x!);
      choleskyOf("cholesky", work, params);
      // Columns of R are the rows of its transpose, the conjugate of L.
      conjugate(work.width, work.data);
      return [storeRows(work.data, work.rows, work.rows, work.dtype)];
    }),
  jvp: ({ tangents: [da], outputs: [l] }) => [moved(l!, hermitianPart(da!))],
  batch: leadingBatch,
  jet: ({ series: [a], outputs: [l], order }) => [
    grow(l!, order, (k, soFar) => {
      // Of Σ Lⱼ Lₖ₋ⱼᴴ = Aₖ all is known but the first and last summand.
      const c = a![k];
      let rest: Tangent = c ? hermitianPart(c) : null;
      for (let j = 1; j < k; j++) {
        const left = soFar[j];
        const right = soFar[k - j];
        if (left && right) rest = minus(rest, left.matmul(adjoint(right)));
      }
      return rest && moved(l!, rest);
    }),
  ],
});

/**
 * Cholesky factorization a = L Lᴴ of Hermitian positive definite `[…, n, n]`: the lower triangular L `[…, n, n]` with
 * a positive diagonal. Blocked; n³/3 multiplications. Derivatives are those along Hermitian matrices: the gradient
 * with respect to a is Hermitian.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity, for a matrix that is not
 * Hermitian (to 1000 eps of its dtype) and for one that is not positive definite, naming the pivot.
 */
export function cholesky(a: Tensor): Tensor {
  checkSquare("cholesky", a);
  return bindOne(choleskyP, [factorable("cholesky", a)], hermitianTo("cholesky", a));
}
