// Sparse linear systems on tensors.

import { bindOne } from "../../ops/bind.ts";
import { astype } from "../../ops/cast.ts";
import { machineEpsilon, promote } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSquareShape, columnsOf, denseOperand } from "../base/arguments.ts";
import type { Pattern } from "../base/pattern.ts";
import { filterRows } from "../base/rearrange.ts";
import type { SparseMatrix } from "../base/sparseMatrix.ts";
import type { Rows } from "../base/structure.ts";
import type { Ordering } from "../orderings/ordering.ts";
import { type SystemKind, type SystemParams, sparseSystemP } from "./system.ts";

export interface SparseSolveOptions {
  /** What is known of the matrix: `positiveDefinite` (and Hermitian) is solved by Cholesky instead of LU. */
  readonly assume?: "general" | "positiveDefinite";
  readonly ordering?: Ordering;
}

/** Binds a system of one matrix; leaves the values as they are where their dtype allows, so that factors are found. */
export function solveWith({ values }: Rows, b: Tensor, params: SystemParams): Tensor {
  const right = denseOperand(`${params.caller}: b`, b);
  const { columns, restore } = columnsOf(params.caller, right, params.pattern.rows, "b");
  const dtype = promote(values.dtype, right.dtype);
  return restore(bindOne(sparseSystemP, [astype(values, dtype), astype(columns, dtype)], params));
}

/** Parameters of a system with a general or positive definite matrix. */
export function systemParams(
  caller: string,
  a: SparseMatrix,
  kind: SystemKind,
  ordering: Ordering | undefined,
): SystemParams {
  checkSquareShape(caller, a.shape);
  return {
    caller,
    pattern: a.rows.pattern,
    kind,
    transposed: false,
    tolerance: 1000 * machineEpsilon(a.dtype),
    ...(ordering && { ordering }),
  };
}

/**
 * The solution of a x = b for b `[n]` or `[n, k]`, by sparse LU with partial pivoting, or Cholesky where a is said to be
 * positive definite. Factors are kept with the values of a (of a matrix by rows), so that further right-hand sides and
 * derivatives only solve; the analysis of the places is kept with the pattern.
 *
 * Sources: see `sparseLU` and `sparseCholesky`.
 *
 * @throws ShapeError unless a is square and b fits; DomainError for NaN and infinity, for a matrix that is singular, and
 * (assumed positive definite) not Hermitian or not positive definite, naming the pivot.
 */
export function sparseSolve(a: SparseMatrix, b: Tensor, options: SparseSolveOptions = {}): Tensor {
  const { assume = "general", ordering } = options;
  if (assume !== "general" && assume !== "positiveDefinite")
    throw new DomainError(
      `sparseSolve: assume must be "general" or "positiveDefinite", got ${String(assume)}`,
    );
  const kind = assume === "general" ? "lu" : "cholesky";
  return solveWith(a.rows, b, systemParams("sparseSolve", a, kind, ordering));
}

export interface SparseTriangularOptions {
  /** Which triangle is read; the lower one unless told. */
  readonly lower?: boolean;
  /** Solves with the transpose of the triangle. */
  readonly transpose?: boolean;
  /** Takes the diagonal for ones, whatever is stored there. */
  readonly unitDiagonal?: boolean;
}

/** Triangles of a pattern and the entries they take, so that factors and derivatives find the same pattern again. */
const triangles = new WeakMap<Pattern, Map<string, Pattern>>();

/** A triangle of a matrix by rows. */
function triangleOf(rows: Rows, lower: boolean, unit: boolean): Rows {
  const least = unit ? 1 : 0;
  const isKept = lower
    ? (i: number, j: number): boolean => i - j >= least
    : (i: number, j: number): boolean => j - i >= least;
  const part = filterRows(rows, isKept);
  let known = triangles.get(rows.pattern);
  if (!known) triangles.set(rows.pattern, (known = new Map()));
  const key = `${lower} ${unit}`;
  const pattern = known.get(key) ?? part.pattern;
  known.set(key, pattern);
  return { pattern, values: part.values };
}

/**
 * The solution of a triangular system t x = b (or tᵀ x = b) for b `[n]` or `[n, k]`, where t is one triangle of a; the rest of
 * a is not read. O(nnz k).
 *
 * @throws ShapeError unless a is square and b fits; DomainError for NaN, infinity and a zero on the diagonal.
 */
export function sparseSolveTriangular(
  a: SparseMatrix,
  b: Tensor,
  options: SparseTriangularOptions = {},
): Tensor {
  const { lower = true, transpose = false, unitDiagonal = false } = options;
  checkSquareShape("sparseSolveTriangular", a.shape);
  const rows = triangleOf(a.rows, lower, unitDiagonal);
  return solveWith(rows, b, {
    caller: "sparseSolveTriangular",
    pattern: rows.pattern,
    kind: lower ? "lower" : "upper",
    transposed: transpose,
    unit: unitDiagonal,
  });
}
