// Incomplete factorizations as preconditioners: triangular factors that are solved with, differentiable in what they are
// applied to.

import { bindOne } from "../../ops/bind.ts";
import { astype } from "../../ops/cast.ts";
import { allocate, type DType, isComplex, promote } from "../../tensor/dtype.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkSquareShape, columnsOf, denseOperand, loadValues } from "../base/arguments.ts";
import { filterRows } from "../base/rearrange.ts";
import { fromRows, type SparseMatrix } from "../base/sparseMatrix.ts";
import type { Rows } from "../base/structure.ts";
import {
  diagonalPlaces,
  incompleteCholesky,
  incompleteLU,
  type RealRows,
  thresholdLU,
} from "./incompleteKernel.ts";
import { type SystemParams, sparseSystemP } from "./system.ts";

/** An approximate inverse of a matrix. */
export interface Preconditioner {
  /** The approximate inverse times r `[n]` or `[n, k]`; differentiable in r. Needs no `this`. */
  readonly apply: (r: Tensor) => Tensor;
}

export interface IncompleteLU extends Preconditioner {
  /** Unit lower triangular, its diagonal not stored. */
  readonly l: SparseMatrix;
  readonly u: SparseMatrix;
}

export interface IncompleteCholesky extends Preconditioner {
  readonly l: SparseMatrix;
  /** The share of the diagonal that was added to it. */
  readonly shift: number;
}

/** The rows of a real square matrix, with its values in float64. */
export function realRows(name: string, a: SparseMatrix): RealRows {
  checkSquareShape(name, a.shape);
  if (isComplex(a.dtype)) throw new DTypeError(`${name}: a real matrix was expected, got ${a.dtype}`);
  const { pattern, values } = a.rows;
  return { pattern, values: loadValues(`${name}: a`, values).data };
}

function toRows({ pattern, values }: RealRows, dtype: DType): Rows {
  const data = allocate(dtype, values.length);
  data.set(values);
  return { pattern, values: new Tensor(data, [values.length], dtype) };
}

type Triangle = Omit<SystemParams, "caller" | "pattern">;

/** Solves with triangular matrices one after the other. */
function solvesInTurn(
  caller: string,
  n: number,
  triangles: readonly { readonly rows: Rows; readonly params: Triangle }[],
): (r: Tensor) => Tensor {
  return (r) => {
    const right = denseOperand(`${caller}: r`, r);
    const { columns, restore } = columnsOf(caller, right, n, "r");
    let x = columns;
    for (const { rows, params } of triangles) {
      const dtype = promote(rows.values.dtype, x.dtype);
      x = bindOne(sparseSystemP, [astype(rows.values, dtype), astype(x, dtype)], {
        caller,
        pattern: rows.pattern,
        ...params,
      });
    }
    return restore(x);
  };
}

function luPreconditioner(caller: string, l: Rows, u: Rows): IncompleteLU {
  return {
    l: fromRows(l),
    u: fromRows(u),
    apply: solvesInTurn(caller, l.pattern.rows, [
      { rows: l, params: { kind: "lower", transposed: false, unit: true } },
      { rows: u, params: { kind: "upper", transposed: false, unit: false } },
    ]),
  };
}

/**
 * Incomplete LU factorization without fill: l u agrees with the real matrix a on the places of a. O(Σ of squared row
 * lengths).
 *
 * Source: Saad, "Iterative methods for sparse linear systems" (2nd ed.), 10.3.
 *
 * @throws ShapeError unless square; DTypeError for complex matrices; DomainError for NaN and infinity, and for a diagonal
 * entry that is not stored or a pivot that is zero.
 */
export function ilu0(a: SparseMatrix): IncompleteLU {
  const rows = realRows("ilu0", a);
  const combined = toRows({ pattern: rows.pattern, values: incompleteLU("ilu0", rows) }, a.dtype);
  return luPreconditioner(
    "ilu0",
    filterRows(combined, (i, j) => j < i),
    filterRows(combined, (i, j) => j >= i),
  );
}

export interface IlutOptions {
  /** Entries below this share of the 2-norm of their row are dropped; 1e-4 unless told. */
  readonly dropTolerance?: number;
  /** The most entries that a row keeps on either side of the diagonal; 20 unless told. */
  readonly maxFill?: number;
}

/**
 * Incomplete LU factorization with a threshold and a limit on the entries of each row.
 *
 * Source: Saad, "ILUT: a dual threshold incomplete LU factorization", Numerical Linear Algebra with Applications 1 (1994).
 *
 * @throws as `ilu0` (missing diagonal entries are zeros here); DomainError for options out of range.
 */
export function ilut(a: SparseMatrix, options: IlutOptions = {}): IncompleteLU {
  const { dropTolerance = 1e-4, maxFill = 20 } = options;
  if (!(dropTolerance >= 0 && dropTolerance < 1))
    throw new DomainError(`ilut: dropTolerance must be in [0, 1), got ${dropTolerance}`);
  if (!(Number.isInteger(maxFill) && maxFill >= 0))
    throw new DomainError(`ilut: maxFill must be an integer >= 0, got ${maxFill}`);
  const { lower, upper } = thresholdLU("ilut", realRows("ilut", a), dropTolerance, maxFill);
  return luPreconditioner("ilut", toRows(lower, a.dtype), toRows(upper, a.dtype));
}

export interface Ic0Options {
  /** The share of the diagonal that is added to it; 0 unless told. It grows until all pivots are positive. */
  readonly shift?: number;
}

const FIRST_SHIFT = 1e-3;
const MOST_SHIFT = 1e6;

/**
 * Incomplete Cholesky factorization without fill of a real symmetric matrix, of which the lower triangle is read: l lᵀ
 * agrees with a, its diagonal times 1 + shift, on the places of a. Where a pivot is not positive the shift grows (from 10⁻³,
 * twice as large each time). O(Σ of squared row lengths) each time.
 *
 * Sources: Meijerink and van der Vorst, "An iterative solution method for linear systems of which the coefficient matrix is
 * a symmetric M-matrix" (1977); Manteuffel (1980).
 *
 * @throws as `ilu0`; DomainError for a shift that is negative and for diagonal entries that are not positive.
 */
export function ic0(a: SparseMatrix, options: Ic0Options = {}): IncompleteCholesky {
  const { shift = 0 } = options;
  if (!(shift >= 0 && Number.isFinite(shift)))
    throw new DomainError(`ic0: shift must be a number >= 0, got ${shift}`);
  realRows("ic0", a);
  const part = filterRows(a.rows, (i, j) => j <= i);
  const diagonal = diagonalPlaces("ic0", part.pattern);
  const lower = { pattern: part.pattern, values: Float64Array.from(part.values.data()) };
  diagonal.forEach((p, i) => {
    if (!(lower.values[p] > 0))
      throw new DomainError(`ic0: a is not positive definite: diagonal entry ${i} is ${lower.values[p]}`);
  });
  for (let share = shift; ; share = Math.max(2 * share, FIRST_SHIFT)) {
    const l = incompleteCholesky(lower, share);
    if (typeof l === "number") {
      if (share > MOST_SHIFT) throw new DomainError(`ic0: pivot ${l} is not positive for any shift`);
      continue;
    }
    const rows = toRows({ pattern: part.pattern, values: l }, a.dtype);
    return {
      l: fromRows(rows),
      shift: share,
      apply: solvesInTurn("ic0", part.pattern.rows, [
        { rows, params: { kind: "lower", transposed: false, unit: false } },
        { rows, params: { kind: "lower", transposed: true, unit: false } },
      ]),
    };
  }
}
