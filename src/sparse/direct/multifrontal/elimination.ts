// Elimination inside of a dense front: by halves, so that nearly all of the work is products of matrices.
// Source: Toledo, "Locality of reference in LU decomposition with partial pivoting", SIAM Journal on Matrix Analysis and
// Applications 18 (1997).

import { divideBy, sizeAt } from "../../kernels/columns.ts";
import { type FrontProducts, type Range, type Square, subtractDot, subtractRow } from "./products.ts";

/** Columns that are eliminated one by one. */
const FEW = 16;

/**
 * Turns the first `columns` columns of the lower triangle into those of its Cholesky factor, and subtracts their outer
 * products from the rest. Returns the first pivot that is not positive, -1 where all are. O(size² columns).
 */
export function partialCholesky(products: FrontProducts, square: Square, columns: number): number {
  const { size } = square;
  const panel = (from: number, to: number): number => {
    if (to - from <= FEW) return choleskyColumns(square, [from, to]);
    const middle = (from + to) >> 1;
    const failed = panel(from, middle);
    if (failed >= 0) return failed;
    products.subtractAdjoint(square, [middle, size], [middle, to], [from, middle]);
    return panel(middle, to);
  };
  const failed = panel(0, columns);
  if (failed < 0) products.subtractAdjoint(square, [columns, size], [columns, size], [0, columns]);
  return failed;
}

/** Row by row, by inner products within the given columns. */
function choleskyColumns(square: Square, [from, to]: Range): number {
  const { width, data, size } = square;
  for (let i = from; i < size; i++) {
    const row = i * size;
    const end = Math.min(i, to);
    for (let j = from; j < end; j++) {
      subtractDot(square, row + from, j * size + from, j - from, row + j);
      const pivot = data[width * (j * size + j)];
      for (let part = 0; part < width; part++) data[width * (row + j) + part] /= pivot;
    }
    if (i >= to) continue;
    let pivot = data[width * (row + i)];
    for (let p = width * (row + from); p < width * (row + i); p++) pivot -= data[p] * data[p];
    if (!(pivot > 0)) return i;
    data[width * (row + i)] = Math.sqrt(pivot);
    if (width === 2) data[2 * (row + i) + 1] = 0;
  }
  return -1;
}

export interface Pivoting {
  /** The share of the largest entry in its whole column from which on a pivot is taken; the diagonal comes first. */
  readonly threshold: number;
  /** Is told which rows change places. */
  swapped(i: number, j: number): void;
}

/**
 * Turns the first `columns` rows and columns into L (ones on the diagonal) and U, and subtracts their product from the
 * rest. Pivots come from the first `columns` rows; false where none of them is large enough. O(size² columns).
 */
export function partialLU(
  products: FrontProducts,
  square: Square,
  columns: number,
  pivoting: Pivoting,
): boolean {
  const { size } = square;
  const panel = (from: number, to: number): boolean => {
    if (to - from <= FEW) return luColumnsOf(square, columns, [from, to], pivoting);
    const middle = (from + to) >> 1;
    if (!panel(from, middle)) return false;
    solveUnitLower(products, square, [from, middle], [middle, to]);
    products.subtract(square, [middle, size], [middle, to], [from, middle]);
    return panel(middle, to);
  };
  if (!panel(0, columns)) return false;
  solveUnitLower(products, square, [0, columns], [columns, size]);
  products.subtract(square, [columns, size], [columns, size], [0, columns]);
  return true;
}

/** Column by column, each step applied to the columns up to the last of the given ones. */
function luColumnsOf(square: Square, pivots: number, [from, to]: Range, pivoting: Pivoting): boolean {
  const { width, data, size } = square;
  for (let j = from; j < to; j++) {
    const pivot = j * size + j;
    const chosen = choosePivot(square, pivots, j, pivoting.threshold);
    if (chosen < 0) return false;
    if (chosen !== j) {
      pivoting.swapped(j, chosen);
      swapRows(square, j, chosen);
    }
    const rest = to - j - 1;
    for (let i = j + 1; i < size; i++) {
      const at = i * size + j;
      if (width === 1) {
        // Most fronts are small and most of the time is spent here, so calls would cost more than they do.
        const factor = data[at] / data[pivot];
        data[at] = factor;
        if (factor !== 0) for (let t = 1; t <= rest; t++) data[at + t] -= factor * data[pivot + t];
      } else {
        divideBy(width, data, pivot, 1, data, at);
        subtractRow(square, at, pivot + 1, at + 1, rest);
      }
    }
  }
  return true;
}

/** The row of column j's pivot, among those from j on and below `pivots`; -1 where there is none. */
function choosePivot({ width, data, size }: Square, pivots: number, j: number, threshold: number): number {
  const onDiagonal = sizeAt(width, data, j * size + j);
  let best = j;
  let largest = onDiagonal;
  let top = onDiagonal;
  for (let i = j + 1; i < size; i++) {
    const entry = sizeAt(width, data, i * size + j);
    if (Number.isNaN(entry)) return -1;
    if (entry <= top) continue;
    top = entry;
    if (i >= pivots) continue;
    largest = entry;
    best = i;
  }
  if (!(top > 0 && top < Number.POSITIVE_INFINITY)) return -1;
  if (onDiagonal >= threshold * top) return j;
  return largest >= threshold * top ? best : -1;
}

function swapRows({ width, data, size }: Square, i: number, j: number): void {
  const a = width * i * size;
  const b = width * j * size;
  for (let p = 0; p < width * size; p++) {
    const entry = data[a + p];
    data[a + p] = data[b + p];
    data[b + p] = entry;
  }
}

/** Rows × columns := L⁻¹ of them, where L is the unit lower triangle of the columns with the numbers of the rows. */
function solveUnitLower(products: FrontProducts, square: Square, rows: Range, columns: Range): void {
  const [r0, r1] = rows;
  const [c0, c1] = columns;
  const { size } = square;
  if (c0 === c1) return;
  if (r1 - r0 <= FEW) {
    for (let i = r0 + 1; i < r1; i++)
      for (let t = r0; t < i; t++) subtractRow(square, i * size + t, t * size + c0, i * size + c0, c1 - c0);
    return;
  }
  const middle = (r0 + r1) >> 1;
  solveUnitLower(products, square, [r0, middle], columns);
  products.subtract(square, [middle, r1], columns, [r0, middle]);
  solveUnitLower(products, square, [middle, r1], columns);
}
