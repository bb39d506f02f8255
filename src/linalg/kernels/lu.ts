// LU factorization with partial pivoting on a column-major array, by halves, so that nearly all work is matrix products.
// Sources: Golub and Van Loan, "Matrix Computations" (4th ed.), 3.4; Toledo, "Locality of reference in LU decomposition
// with partial pivoting", SIAM J. Matrix Anal. Appl. 18(4), 1997.
import { lapackFor } from "./native.ts";
import { divide, solveTriangle } from "./triangular.ts";
import { addTimes, axpy, multiply, negated, type Width } from "./vector.ts";

/** Columns that are factored one by one. */
const LEAF = 16;

/**
 * P A = L U in place for a column-major `[rows, columns]`: U on and above the diagonal, L (unit diagonal, not stored)
 * below it. Returns the row exchanges (row i with row `pivots[i]`, in order). The step of a column without any pivot is
 * skipped; U then has a zero there.
 */
export function factorLU(w: Width, rows: number, columns: number, a: Float64Array): Int32Array {
  const least = Math.min(rows, columns);
  const lapack = lapackFor(least);
  if (lapack) return lapack.lu(w, rows, columns, a);
  const pivots = new Int32Array(least);
  const matrix = { w, rows, a, pivots };
  factorColumns(matrix, 0, least);
  if (columns > least) {
    exchangeAll(w, a, rows * w, least, columns, pivots, 0, least);
    eliminate(matrix, 0, least, columns);
  }
  return pivots;
}

interface Matrix {
  readonly w: Width;
  readonly rows: number;
  readonly a: Float64Array;
  readonly pivots: Int32Array;
}

/** Factors the columns `first … last − 1`, whose rows above `first` are done: the left half, then the right one. */
function factorColumns(matrix: Matrix, first: number, last: number): void {
  if (last - first <= LEAF) {
    factorLeaf(matrix, first, last);
    return;
  }
  const { w, rows, a, pivots } = matrix;
  const middle = first + Math.ceil((last - first) / 2 / LEAF) * LEAF;
  factorColumns(matrix, first, middle);
  exchangeAll(w, a, rows * w, middle, last, pivots, first, middle);
  eliminate(matrix, first, middle, last);
  factorColumns(matrix, middle, last);
  exchangeAll(w, a, rows * w, first, middle, pivots, middle, last);
}

/** Column by column, each brought up to date when its turn comes: one pass over it for all columns to its left. */
function factorLeaf({ w, rows, a, pivots }: Matrix, first: number, last: number): void {
  const ld = rows * w;
  for (let j = first; j < last; j++) {
    const column = j * ld;
    exchangeAll(w, a, ld, j, j + 1, pivots, first, j);
    for (let k = first; k < j; k++) {
      const p = column + k * w;
      axpy(w, -a[p], w === 2 ? -a[p + 1] : 0, a, k * (ld + w) + w, a, p + w, j - k - 1);
    }
    const rest = rows - j;
    addTimes(w, -1, a, first * ld + j * w, ld, rest, j - first, a, column + first * w, a, column + j * w);
    const pivot = largest(w, a, column, j, rows);
    pivots[j] = pivot;
    if (pivot !== j) exchange(w, a, ld, first, j + 1, j, pivot);
    divideBelow(w, a, column + j * w, rest);
  }
}

/** Divides what follows an element by it, unless it is zero. */
function divideBelow(w: Width, a: Float64Array, at: number, count: number): void {
  if (a[at] === 0 && (w === 1 || a[at + 1] === 0)) return;
  if (w === 1) {
    const pivot = a[at];
    for (let i = at + 1; i < at + count; i++) a[i] /= pivot;
  } else for (let i = 1; i < count; i++) divide(w, a, at + i * w, a, at);
}

/** The columns `last … to − 1`, with the factored columns `first … last − 1` eliminated from them. */
function eliminate({ w, rows, a }: Matrix, first: number, last: number, to: number): void {
  const count = last - first;
  const columns = to - last;
  const ld = rows * w;
  const right = last * ld + first * w;
  const unitLower = { lower: true, unitDiagonal: true } as const;
  solveTriangle(w, count, a, first * (ld + w), ld, unitLower, a, right, ld, columns);
  const minus = negated(w, count, columns, a, right, ld);
  const below = { data: a, offset: first * ld + last * w, ld };
  const target = { data: a, offset: last * (ld + w), ld };
  multiply(w, rows - last, columns, count, below, minus, target, { accumulate: true });
}

/** Applies the exchanges `from … to − 1` to the columns `firstColumn … lastColumn − 1`, one column after another. */
export function exchangeAll(
  w: Width,
  a: Float64Array,
  ld: number,
  firstColumn: number,
  lastColumn: number,
  pivots: Int32Array,
  from: number,
  to: number,
): void {
  for (let c = firstColumn; c < lastColumn; c++) {
    const column = c * ld;
    for (let i = from; i < to; i++) {
      const p = column + i * w;
      const q = column + pivots[i] * w;
      const held = a[p];
      a[p] = a[q];
      a[q] = held;
      if (w === 2) {
        const imaginary = a[p + 1];
        a[p + 1] = a[q + 1];
        a[q + 1] = imaginary;
      }
    }
  }
}

/** Row of the entry with the largest |re| + |im| in a column, from row `from` on. */
function largest(w: Width, a: Float64Array, column: number, from: number, n: number): number {
  let best = from;
  let top = -1;
  for (let i = from; i < n; i++) {
    const p = column + i * w;
    const size = w === 1 ? Math.abs(a[p]) : Math.abs(a[p]) + Math.abs(a[p + 1]);
    if (size > top) {
      top = size;
      best = i;
    }
  }
  return best;
}

/** Swaps rows i and k in the columns `from … to − 1`. */
export function exchange(
  w: Width,
  a: Float64Array,
  ld: number,
  from: number,
  to: number,
  i: number,
  k: number,
): void {
  if (i === k) return;
  for (let c = from; c < to; c++) {
    for (let part = 0; part < w; part++) {
      const p = c * ld + i * w + part;
      const q = c * ld + k * w + part;
      const held = a[p];
      a[p] = a[q];
      a[q] = held;
    }
  }
}
