// Factors that solve: what the kernels leave, with right-hand sides brought into their order and back.

import { DomainError } from "../../tensor/errors.ts";
import type { Pattern } from "../base/pattern.ts";
import {
  type Columns,
  sizeAt,
  solveLower,
  solveLowerTransposed,
  solveUpper,
  solveUpperTransposed,
} from "../kernels/columns.ts";
import type { Width } from "../kernels/product.ts";
import { type Ordering, orderOf } from "../orderings/ordering.ts";
import { type LUColumns, luColumns } from "./luKernel.ts";
import { choleskyColumns } from "./multifrontal/cholesky.ts";
import { frontalLU } from "./multifrontal/lu.ts";
import { analyze } from "./symbolic.ts";
import { checkTriangle, solveTriangle, type Triangle } from "./triangularKernel.ts";

/** Overwrites right-hand sides `[n, count]`, row-major in float64, by the solutions of A x = b or Aᵀ x = b. */
export interface Factor {
  readonly lower?: Columns;
  readonly upper?: Columns;
  readonly rowOrder?: Int32Array;
  readonly columnOrder?: Int32Array;
  solve(transposed: boolean, count: number, x: Float64Array): void;
}

/** Takes columns out of a row-major array one by one, in an order, and puts the results back in another. */
function columnByColumn(
  width: Width,
  count: number,
  x: Float64Array,
  from: Int32Array,
  to: Int32Array,
  solve: (column: Float64Array) => void,
): void {
  const n = from.length;
  const column = new Float64Array(n * width);
  for (let c = 0; c < count; c++) {
    for (let k = 0; k < n; k++) {
      const at = width * (from[k] * count + c);
      column[width * k] = x[at];
      if (width === 2) column[2 * k + 1] = x[at + 1];
    }
    solve(column);
    for (let k = 0; k < n; k++) {
      const at = width * (to[k] * count + c);
      x[at] = column[width * k];
      if (width === 2) x[at + 1] = column[2 * k + 1];
    }
  }
}

export function factorTriangle(name: string, triangle: Triangle): Factor {
  if (!triangle.unit) checkTriangle(name, triangle);
  return { solve: (transposed, count, x) => solveTriangle(triangle, transposed, count, x) };
}

/** Share of entries whose mirrored entry is stored too, above which a matrix is ordered as a symmetric one. */
const NEARLY_SYMMETRIC = 0.5;
/** Share of the largest entry from which on a diagonal pivot is kept, where the order was made for it. */
const DIAGONAL = 0.1;

function isNearlySymmetric(pattern: Pattern): boolean {
  const { pattern: turned } = pattern.transposed;
  let both = 0;
  for (let i = 0; i < pattern.rows; i++) {
    let p = pattern.indptr[i];
    let q = turned.indptr[i];
    while (p < pattern.indptr[i + 1] && q < turned.indptr[i + 1]) {
      const difference = pattern.indices[p] - turned.indices[q];
      if (difference === 0) both++;
      if (difference <= 0) p++;
      if (difference >= 0) q++;
    }
  }
  return both >= NEARLY_SYMMETRIC * pattern.nnz;
}

/** P A Q = L U. Without an ordering: `amd` for patterns that are nearly symmetric, `columns` for others. */
export function factorLU(
  name: string,
  pattern: Pattern,
  width: Width,
  values: Float64Array,
  ordering?: Ordering,
): Factor {
  const chosen = ordering ?? (isNearlySymmetric(pattern) ? "amd" : "columns");
  return luFactor(
    (chosen !== "columns" &&
      hasDiagonal(pattern, width, values) &&
      frontalLU(name, pattern, chosen, DIAGONAL, width, values)) ||
      columnLU(name, pattern, chosen, width, values),
  );
}

/** Whether no diagonal entry is zero: pivots are looked for near the diagonal only where there are some. */
function hasDiagonal(pattern: Pattern, width: Width, values: Float64Array): boolean {
  for (let i = 0; i < pattern.rows; i++) {
    const p = pattern.find(i, i);
    if (p < 0 || sizeAt(width, values, p) === 0) return false;
  }
  return true;
}

function columnLU(
  name: string,
  pattern: Pattern,
  ordering: Ordering,
  width: Width,
  values: Float64Array,
): LUColumns {
  const { pattern: byColumns, order } = pattern.transposed;
  const turned = new Float64Array(values.length);
  for (let q = 0; q < order.length; q++) {
    turned[width * q] = values[width * order[q]];
    if (width === 2) turned[2 * q + 1] = values[2 * order[q] + 1];
  }
  return luColumns(
    name,
    byColumns,
    orderOf(name, pattern, ordering),
    ordering === "columns" ? 1 : DIAGONAL,
    width,
    turned,
  );
}

function luFactor(factors: LUColumns): Factor {
  const { lower, upper, rowOrder, columnOrder } = factors;
  const { width } = lower;
  return {
    ...factors,
    solve: (transposed, count, x) => {
      if (!transposed)
        columnByColumn(width, count, x, rowOrder, columnOrder, (column) => {
          solveLower(lower, column);
          solveUpper(upper, column);
        });
      else
        columnByColumn(width, count, x, columnOrder, rowOrder, (column) => {
          solveUpperTransposed(upper, column);
          solveLowerTransposed(lower, 1, column);
        });
    },
  };
}

/** P A Pᵀ = L Lᴴ. */
export function factorCholesky(
  name: string,
  pattern: Pattern,
  width: Width,
  values: Float64Array,
  ordering: Ordering = "amd",
  tolerance: number = 1000 * 2 ** -52,
): Factor {
  const symbolic = analyze(name, pattern, ordering);
  checkHermitian(name, pattern, width, values, tolerance);
  const lower = choleskyColumns(name, symbolic, pattern, width, values);
  const { order } = symbolic;
  return {
    lower,
    rowOrder: order,
    columnOrder: order,
    solve: (transposed, count, x) => {
      // The transpose of a Hermitian matrix is its conjugate.
      const isConjugate = transposed && width === 2;
      if (isConjugate) conjugate(x);
      columnByColumn(width, count, x, order, order, (column) => {
        solveLower(lower, column);
        solveLowerTransposed(lower, -1, column);
      });
      if (isConjugate) conjugate(x);
    },
  };
}

function conjugate(x: Float64Array): void {
  for (let i = 1; i < x.length; i += 2) x[i] = -x[i];
}

/** Throws DomainError unless mirrored entries are conjugates up to a share of the largest entry. */
export function checkHermitian(
  name: string,
  pattern: Pattern,
  width: Width,
  values: Float64Array,
  tolerance: number,
): void {
  const { order } = pattern.transposed;
  let top = 0;
  for (let p = 0; p < values.length; p++) top = Math.max(top, Math.abs(values[p]));
  for (let p = 0; p < order.length; p++) {
    const q = order[p];
    const re = values[width * p] - values[width * q];
    const im = width === 2 ? values[2 * p + 1] + values[2 * q + 1] : 0;
    if (Math.abs(re) > tolerance * top || Math.abs(im) > tolerance * top) {
      const [i, j] = [pattern.rowOf[p], pattern.indices[p]];
      throw new DomainError(
        `${name}: a is not ${width === 2 ? "Hermitian" : "symmetric"}: entries (${i}, ${j}) and (${j}, ${i}) differ by ${Math.hypot(re, im)}`,
      );
    }
  }
}
