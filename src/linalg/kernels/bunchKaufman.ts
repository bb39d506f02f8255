// The factorization P A Pᵀ = L D Lᴴ of indefinite Hermitian matrices with pivots of order 1 and 2, blocked: in a panel,
// columns are brought up to date when pivoting looks at them, the rest of the matrix by one product.
// Source: Bunch and Kaufman, "Some stable methods for calculating inertia and solving symmetric linear systems",
// Math. Comp. 31 (1977); Golub and Van Loan, "Matrix Computations" (4th ed.), 4.4.
import { addTimes, conjugateRow, multiply, type Width } from "./vector.ts";

/** The bound of entries of L is least for it. */
const ALPHA = (1 + Math.sqrt(17)) / 8;
const PANEL = 32;

export interface BunchKaufman {
  /** Unit lower triangular, column-major. */
  readonly l: Float64Array;
  /** The block diagonal: real entries on it, and the entries one below (0 between blocks). */
  readonly diagonal: Float64Array;
  readonly below: Float64Array;
  /** Row i of P A is row `order[i]` of A. */
  readonly order: Int32Array;
}

/** Factors a column-major Hermitian matrix, of which both triangles are given; it is destroyed. */
export function factorBunchKaufman(w: Width, n: number, a: Float64Array): BunchKaufman {
  const state = {
    w,
    n,
    a,
    l: new Float64Array(n * n * w),
    diagonal: new Float64Array(n),
    below: new Float64Array(Math.max(0, n - 1) * w),
    order: Int32Array.from({ length: n }, (_, i) => i),
    // What the columns of a panel multiply: L D, at the rows of the matrix.
    product: new Float64Array(n * (PANEL + 1) * w),
    columns: new Float64Array(2 * n * w),
  };
  for (let first = 0; first < n; ) first = factorPanel(state, first, Math.min(first + PANEL, n));
  const { l, diagonal, below, order } = state;
  return { l, diagonal, below, order };
}

interface State {
  readonly w: Width;
  readonly n: number;
  readonly a: Float64Array;
  readonly l: Float64Array;
  readonly diagonal: Float64Array;
  readonly below: Float64Array;
  readonly order: Int32Array;
  readonly product: Float64Array;
  /** Two columns of what is left of the matrix, brought up to date. */
  readonly columns: Float64Array;
}

/** Factors the columns `first … last − 1` (or one more) and updates the rest; returns the first column not done. */
function factorPanel(state: State, first: number, last: number): number {
  const { w, n, a, l, diagonal, below, product, columns } = state;
  const ld = n * w;
  let k = first;
  while (k < last) {
    current(state, first, k, k, 0);
    const pivot = Math.abs(columns[k * w]!);
    const [row, largest] = largestBelow(w, columns, 0, k, n);
    let isSingle = largest === 0 || pivot >= ALPHA * largest;
    let chosen = k;
    if (!isSingle) {
      current(state, first, k, row, ld);
      // Row `row` of what is left, apart from its diagonal.
      let sigma = 0;
      for (let i = k; i < n; i++) if (i !== row) sigma = Math.max(sigma, sizeAt(w, columns, ld + i * w));
      if (pivot * sigma >= ALPHA * largest ** 2) isSingle = true;
      else {
        chosen = row;
        isSingle = Math.abs(columns[ld + row * w]!) >= ALPHA * sigma;
        if (isSingle) columns.copyWithin(0, ld, 2 * ld);
      }
    }
    const target = isSingle ? k : k + 1;
    if (chosen !== target) exchange(state, first, k, target, chosen, isSingle ? 1 : 2);
    const at = k * ld;
    l[at + k * w] = 1;
    const slot = (k - first) * ld;
    if (isSingle) {
      const d = columns[k * w]!;
      diagonal[k] = d;
      for (let i = (k + 1) * w; i < ld; i++) {
        product[slot + i] = columns[i]!;
        l[at + i] = d === 0 ? 0 : columns[i]! / d;
      }
      k++;
      continue;
    }
    // D = [d0 ē; e d1], scaled by e so that nothing overflows.
    const next = at + ld;
    l[next + (k + 1) * w] = 1;
    const d0 = columns[k * w]!;
    const d1 = columns[ld + (k + 1) * w]!;
    const eRe = columns[(k + 1) * w]!;
    const eIm = w === 2 ? columns[(k + 1) * w + 1]! : 0;
    const e = Math.hypot(eRe, eIm);
    diagonal[k] = d0;
    diagonal[k + 1] = d1;
    below[k * w] = eRe;
    if (w === 2) below[k * w + 1] = eIm;
    // [x y] D⁻¹ with the unit u = e/|e|: det = |e|² (d0 d1/|e|² − 1).
    const f0 = d0 / e;
    const f1 = d1 / e;
    const factor = 1 / (e * (f0 * f1 - 1));
    const [uRe, uIm] = [eRe / e, eIm / e];
    for (let i = k + 2; i < n; i++) {
      const p = i * w;
      const x = [columns[p]!, w === 2 ? columns[p + 1]! : 0] as const;
      const y = [columns[ld + p]!, w === 2 ? columns[ld + p + 1]! : 0] as const;
      product[slot + p] = x[0];
      product[slot + ld + p] = y[0];
      // First column of [x y] D⁻¹: (x d1 − y e) / det; second: (y d0 − x ē) / det.
      l[at + p] = factor * (f1 * x[0] - (y[0] * uRe - y[1] * uIm));
      l[next + p] = factor * (f0 * y[0] - (x[0] * uRe + x[1] * uIm));
      if (w === 2) {
        product[slot + p + 1] = x[1];
        product[slot + ld + p + 1] = y[1];
        l[at + p + 1] = factor * (f1 * x[1] - (y[0] * uIm + y[1] * uRe));
        l[next + p + 1] = factor * (f0 * y[1] - (x[1] * uRe - x[0] * uIm));
      }
    }
    k += 2;
  }
  const rest = n - k;
  if (rest > 0) {
    const minus = new Float64Array(rest * (k - first) * w);
    for (let c = 0; c < k - first; c++)
      for (let i = 0; i < rest * w; i++) minus[c * rest * w + i] = -product[c * ld + k * w + i]!;
    multiply(
      w,
      rest,
      rest,
      k - first,
      { data: minus, offset: 0, ld: rest * w },
      { data: l, offset: first * ld + k * w, ld, adjoint: true },
      { data: a, offset: k * (ld + w), ld },
      { accumulate: true, triangle: "lower", mirror: true },
    );
  }
  return k;
}

/** Column j of what is left when k columns are done, from row k on: A_j − (L D)(row j of L)ᴴ, at `to`. */
function current(
  { w, n, a, l, product, columns }: State,
  first: number,
  k: number,
  j: number,
  to: number,
): void {
  const ld = n * w;
  const row = new Float64Array(Math.max(1, k - first) * w);
  columns.set(a.subarray(j * ld + k * w, (j + 1) * ld), to + k * w);
  conjugateRow(w, l, first * ld + j * w, ld, k - first, row);
  addTimes(w, -1, product, k * w, ld, n - k, k - first, row, 0, columns, to + k * w);
  if (w === 2) columns[to + j * w + 1] = 0;
}

const sizeAt = (w: Width, x: Float64Array, at: number): number =>
  w === 1 ? Math.abs(x[at]!) : Math.hypot(x[at]!, x[at + 1]!);

/** Row and size of the largest entry below row k. */
function largestBelow(w: Width, x: Float64Array, at: number, k: number, n: number): [number, number] {
  let row = k;
  let top = 0;
  for (let i = k + 1; i < n; i++) {
    const size = sizeAt(w, x, at + i * w);
    if (size > top) [row, top] = [i, size];
  }
  return [row, top];
}

/** Exchanges rows and columns i and j of everything: the matrix, the finished rows, and `count` current columns. */
function exchange(
  { w, n, a, l, order, product, columns }: State,
  first: number,
  k: number,
  i: number,
  j: number,
  count: number,
): void {
  const ld = n * w;
  const rows = (x: Float64Array, base: number): void => {
    for (let part = 0; part < w; part++) {
      const p = base + i * w + part;
      const q = base + j * w + part;
      [x[p], x[q]] = [x[q]!, x[p]!];
    }
  };
  for (let c = k; c < n; c++) rows(a, c * ld);
  for (let p = i * ld, q = j * ld, end = p + ld; p < end; p++, q++) [a[p], a[q]] = [a[q]!, a[p]!];
  for (let c = 0; c < k; c++) rows(l, c * ld);
  for (let c = 0; c < k - first; c++) rows(product, c * ld);
  for (let c = 0; c < count; c++) rows(columns, c * ld);
  [order[i], order[j]] = [order[j]!, order[i]!];
}
