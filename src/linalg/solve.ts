// Linear systems with square matrices, on tensors.
import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { choleskyOf } from "./cholesky.ts";
import { exchange, factorLU } from "./lu.ts";
import { checkSquare, load, meet, overBatch, rightSides, store, type Work } from "./matrix.ts";
import { solveTriangle, type Triangle, zeroOnDiagonal } from "./triangular.ts";

/**
 * Runs a solver on each matrix of a batch with its right-hand sides: `b` is a vector `[n]`, or `[…, n, k]`. `factor`
 * gets both as working arrays of one width and overwrites the right-hand sides with the solution.
 */
function solveEach(name: string, a: Tensor, b: Tensor, factor: (matrix: Work, right: Work) => void): Tensor {
  checkSquare(name, a);
  const n = a.shape.at(-1)!;
  const { columns, restore } = rightSides(name, a, b);
  const [x] = overBatch([a, columns], ([matrix, right]) => {
    const { width, dtype } = meet(name, matrix!, right!);
    const work = load(name, matrix!, width);
    const rightWork = load(name, right!, width, "b");
    factor(work, rightWork);
    return [store(rightWork.data, n, rightWork.columns, dtype)];
  });
  return restore(x!);
}

function checkDiagonal(name: string, work: Work): void {
  const zero = zeroOnDiagonal(work.width, work.rows, work.data);
  if (zero >= 0)
    throw new DomainError(`${name}: a is singular: pivot ${zero} of ${work.rows} is exactly zero`);
}

/**
 * Solves a x = b for square a `[…, n, n]` and b `[n]` or `[…, n, k]` (leading axes broadcast). LU with partial
 * pivoting, blocked; O(n³ + n² k).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity, and a matrix
 * in which elimination meets an exact zero. A matrix that is singular only to rounding gives a large x.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  return solveEach("solve", a, b, (matrix, right) => {
    const { data, rows: n, width: w } = matrix;
    const pivots = factorLU(w, n, data);
    checkDiagonal("solve", matrix);
    const { columns } = right;
    for (let i = 0; i < n; i++) if (pivots[i] !== i) exchange(w, right.data, n * w, 0, columns, i, pivots[i]);
    solveTriangle(w, n, data, 0, n * w, { lower: true, unitDiagonal: true }, right.data, 0, n * w, columns);
    solveTriangle(w, n, data, 0, n * w, { lower: false }, right.data, 0, n * w, columns);
  });
}

/**
 * Solves op(a) x = b with the lower or upper triangle of a `[…, n, n]` (the other triangle is not read) and b `[n]` or
 * `[…, n, k]`. op is nothing, `"transpose"` or `"adjoint"`. O(n² k).
 *
 * @throws ShapeError, DTypeError; DomainError for NaN, infinity (anywhere in a) and a zero on the diagonal.
 */
export function solveTriangular(a: Tensor, b: Tensor, options: Triangle): Tensor {
  return solveEach("solveTriangular", a, b, (matrix, right) => {
    if (!options.unitDiagonal) checkDiagonal("solveTriangular", matrix);
    const { data, rows: n, width: w } = matrix;
    solveTriangle(w, n, data, 0, n * w, options, right.data, 0, n * w, right.columns);
  });
}

/**
 * Solves a x = b for Hermitian positive definite a `[…, n, n]` by Cholesky: half the work of `solve`.
 *
 * @throws as `cholesky` and `solve` do.
 */
export function solvePositive(a: Tensor, b: Tensor): Tensor {
  return solveEach("solvePositive", a, b, (matrix, right) => {
    choleskyOf("solvePositive", matrix);
    const { data, rows: n, width: w } = matrix;
    const { columns } = right;
    solveTriangle(
      w,
      n,
      data,
      0,
      n * w,
      { lower: false, transpose: "adjoint" },
      right.data,
      0,
      n * w,
      columns,
    );
    solveTriangle(w, n, data, 0, n * w, { lower: false }, right.data, 0, n * w, columns);
  });
}
