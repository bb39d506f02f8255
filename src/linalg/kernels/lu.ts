// LU factorization with partial pivoting on a column-major array, right-looking and blocked.
// Source: Golub and Van Loan, "Matrix Computations" (4th ed.), 3.2 and 3.4.
import { lapackFor } from "./native.ts";
import { divide, solveTriangle } from "./triangular.ts";
import { axpy, multiply, negated, type Width } from "./vector.ts";

const PANEL = 32;

/**
 * P A = L U in place: U on and above the diagonal, L (unit diagonal, not stored) below it. Returns the row exchanges
 * (row i with row `pivots[i]`, in order). The step of a column without any pivot is skipped; U then has a zero there.
 */
export function factorLU(w: Width, n: number, a: Float64Array): Int32Array {
  const lapack = lapackFor(n);
  if (lapack) return lapack.lu(w, n, n, a);
  const pivots = new Int32Array(n);
  const ld = n * w;
  for (let first = 0; first < n; first += PANEL) {
    const last = Math.min(first + PANEL, n);
    for (let j = first; j < last; j++) {
      const column = j * ld;
      const pivot = largest(w, a, column, j, n);
      pivots[j] = pivot;
      if (pivot !== j) exchange(w, a, ld, first, last, j, pivot);
      const at = column + j * w;
      if (a[at] === 0 && (w === 1 || a[at + 1] === 0)) continue;
      for (let i = j + 1; i < n; i++) divide(w, a, column + i * w, a, at);
      for (let c = j + 1; c < last; c++) {
        const p = c * ld + j * w;
        axpy(w, -a[p], w === 2 ? -a[p + 1] : 0, a, at + w, a, p + w, n - j - 1);
      }
    }
    for (let j = first; j < last; j++) {
      if (pivots[j] === j) continue;
      exchange(w, a, ld, 0, first, j, pivots[j]);
      exchange(w, a, ld, last, n, j, pivots[j]);
    }
    updateTrailing(w, n, a, first, last);
  }
  return pivots;
}

function updateTrailing(w: Width, n: number, a: Float64Array, first: number, last: number): void {
  const rest = n - last;
  const count = last - first;
  if (rest === 0) return;
  const ld = n * w;
  const right = last * ld + first * w;
  solveTriangle(w, count, a, first * (ld + w), ld, { lower: true, unitDiagonal: true }, a, right, ld, rest);
  const minus = negated(w, count, rest, a, right, ld);
  multiply(
    w,
    rest,
    rest,
    count,
    { data: a, offset: first * ld + last * w, ld },
    minus,
    { data: a, offset: last * (ld + w), ld },
    { accumulate: true },
  );
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
