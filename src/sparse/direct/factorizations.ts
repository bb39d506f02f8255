// Sparse Cholesky and LU as objects that are used again: for many right-hand sides, determinants, and their factors.

import { allocate, type DType } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkSquareShape } from "../base/arguments.ts";
import { Pattern } from "../base/pattern.ts";
import { fromRows, type SparseMatrix } from "../base/sparseMatrix.ts";
import type { Columns } from "../kernels/columns.ts";
import type { Ordering } from "../orderings/ordering.ts";
import type { Factor } from "./factor.ts";
import { solveWith, systemParams } from "./solve.ts";
import { analyze } from "./symbolic.ts";
import { factorOf } from "./system.ts";

export interface SparseFactorOptions {
  readonly ordering?: Ordering;
}

export interface SparseCholesky {
  /** Row and column k of l lᴴ are row and column `order[k]` of a: `a.permute(order)` is l lᴴ. */
  readonly order: Int32Array;
  /** The factor, by columns; made when it is first read. */
  readonly l: SparseMatrix;
  /** Logarithm of the determinant. */
  readonly logdet: number;
  /** The solution for b `[n]` or `[n, k]`: O(nnz(l) k), differentiable in b and in the values of a. */
  solve(b: Tensor): Tensor;
}

export interface SparseLU {
  /** `a.permute(rowOrder, columnOrder)` is l u. */
  readonly rowOrder: Int32Array;
  readonly columnOrder: Int32Array;
  /** Unit lower triangular, by columns; made when it is first read, as u is. */
  readonly l: SparseMatrix;
  /** Upper triangular, by columns. */
  readonly u: SparseMatrix;
  /** Logarithm of the absolute value of the determinant. */
  readonly logdet: number;
  /** The solution of a x = b, or of aᵀ x = b, for b `[n]` or `[n, k]`; differentiable in b and in the values of a. */
  solve(b: Tensor, options?: { readonly transpose?: boolean }): Tensor;
}

/** What is computed when it is first asked for. */
function once<T>(compute: () => T): () => T {
  let known: { value: T } | undefined;
  return () => {
    known ??= { value: compute() };
    return known.value;
  };
}

/** A factor as a matrix, with rows of each column in order. */
function columnsToMatrix({ n, indptr, indices, values, width }: Columns, dtype: DType): SparseMatrix {
  const data = allocate(dtype, indices.length);
  data.set(values.subarray(0, indices.length * width));
  const columns = new Pattern(n, n, indptr, indices);
  // Turning the pattern round sorts it.
  const { pattern, order } = columns.transposed;
  const sorted = allocate(dtype, indices.length);
  for (let p = 0; p < order.length; p++)
    for (let part = 0; part < width; part++) sorted[width * p + part] = data[width * order[p] + part];
  return fromRows({ pattern, values: new Tensor(sorted, [order.length], dtype) }).toCsc();
}

function logDiagonal({ n, indptr, values, width }: Columns, isLast: boolean): number {
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const p = isLast ? indptr[j + 1] - 1 : indptr[j];
    sum += Math.log(width === 1 ? Math.abs(values[p]) : Math.hypot(values[2 * p], values[2 * p + 1]));
  }
  return sum;
}

/**
 * Cholesky factorization of a Hermitian positive definite matrix: a.permute(order) = l lᴴ with l lower triangular. Rows and
 * columns are ordered by approximate minimum degree unless told. The analysis (order, elimination tree, column lengths) is
 * kept with the pattern: `a.withValues(…)` and conversions of it are factored without it.
 *
 * Multifrontal: O(Σ of squared column lengths), O(n^1.5) for two-dimensional and O(n²) for three-dimensional grids, nearly
 * all of it in products of dense matrices. The values must be known.
 *
 * Sources: Liu, "The multifrontal method for sparse matrix solution", SIAM Review 34 (1992); Davis, "Direct methods for
 * sparse linear systems" (2006), chapter 4.
 *
 * @throws ShapeError unless square; DomainError for NaN and infinity, a matrix that is not Hermitian (to 1000 eps of its
 * dtype) or not positive definite, naming the pivot.
 */
export function sparseCholesky(a: SparseMatrix, options: SparseFactorOptions = {}): SparseCholesky {
  const params = systemParams("sparseCholesky", a, "cholesky", options.ordering);
  const rows = a.rows;
  const { lower, rowOrder } = factorOf(rows.values, params) as Required<Factor>;
  const l = once(() => columnsToMatrix(lower, a.dtype));
  return {
    order: rowOrder.slice(),
    get l() {
      return l();
    },
    logdet: 2 * logDiagonal(lower, false),
    solve: (b) => solveWith(rows, b, params),
  };
}

/**
 * LU factorization with threshold partial pivoting: a.permute(rowOrder, columnOrder) = l u. Columns are ordered by
 * approximate minimum degree: on A + Aᵀ where the pattern is nearly symmetric, with pivots on the diagonal where they are
 * at least a tenth of the largest candidate; else on AᵀA, with the largest pivots. Nearly symmetric matrices are factored
 * by dense fronts as long as these have pivots of that size; the others, and those that turn out not to, column by column
 * in time proportional to the arithmetic. The values must be known.
 *
 * Sources: Duff and Reid, "The multifrontal solution of indefinite sparse symmetric linear equations" (1983); Gilbert and
 * Peierls, "Sparse partial pivoting in time proportional to arithmetic operations" (1988).
 *
 * @throws ShapeError unless square; DomainError for NaN and infinity and for a singular matrix, naming the column.
 */
export function sparseLU(a: SparseMatrix, options: SparseFactorOptions = {}): SparseLU {
  const params = systemParams("sparseLU", a, "lu", options.ordering);
  const rows = a.rows;
  const { lower, upper, rowOrder, columnOrder } = factorOf(rows.values, params) as Required<Factor>;
  const l = once(() => columnsToMatrix(lower, a.dtype));
  const u = once(() => columnsToMatrix(upper, a.dtype));
  return {
    rowOrder: rowOrder.slice(),
    columnOrder: columnOrder.slice(),
    get l() {
      return l();
    },
    get u() {
      return u();
    },
    logdet: logDiagonal(upper, true),
    solve: (b, { transpose = false } = {}) => solveWith(rows, b, { ...params, transposed: transpose }),
  };
}

export interface CholeskyAnalysis {
  readonly order: Int32Array;
  /** The elimination tree of `a.permute(order)`: the parent of each column, -1 for roots. */
  readonly parent: Int32Array;
  /** Entries of each column of l, diagonal included. */
  readonly columnCounts: Int32Array;
  /** Entries of l. */
  readonly nnz: number;
  /** Multiplications of the factorization: Σ of squared column lengths. */
  readonly flops: number;
}

/**
 * What the Cholesky factorization of a matrix with this pattern costs, without its values. O(nnz(l)) and the ordering;
 * the factorization uses it again.
 *
 * @throws ShapeError unless square; DomainError for a pattern that is not symmetric.
 */
export function analyzeCholesky(a: SparseMatrix, options: SparseFactorOptions = {}): CholeskyAnalysis {
  checkSquareShape("analyzeCholesky", a.shape);
  const { order, parent, counts, indptr } = analyze(
    "analyzeCholesky",
    a.rows.pattern,
    options.ordering ?? "amd",
  );
  return {
    order: order.slice(),
    parent: parent.slice(),
    columnCounts: counts.slice(),
    nnz: indptr[indptr.length - 1],
    flops: counts.reduce((sum, count) => sum + count * count, 0),
  };
}
