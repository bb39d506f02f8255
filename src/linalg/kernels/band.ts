// LU factorization with partial pivoting of band matrices.
// Source: Golub and Van Loan, "Matrix Computations" (4th ed.), 4.3.
import type { Storage } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import { divide } from "./triangular.ts";
import type { Width } from "./vector.ts";

export interface BandFactors {
  /** Column j holds rows j − lower − upper … j + lower of the packed factors. */
  readonly data: Float64Array;
  readonly pivots: Int32Array;
  /** The first exactly zero pivot, or −1. */
  readonly singular: number;
}

/** Factors a matrix whose row-major bands (see `Banded`) start at `at`. O(n lower (lower + upper)). */
export function factorBand(
  w: Width,
  n: number,
  lower: number,
  upper: number,
  bands: Storage,
  at: number,
): BandFactors {
  // Exchanges of rows fill up to `lower` further diagonals above.
  const height = 2 * lower + upper + 1;
  const main = lower + upper;
  const data = new Float64Array(n * height * w);
  for (let j = 0; j < n; j++)
    for (let i = Math.max(0, j - upper); i <= Math.min(n - 1, j + lower); i++)
      for (let part = 0; part < w; part++) {
        const value = bands[at + ((upper + i - j) * n + j) * w + part]!;
        if (!Number.isFinite(value))
          throw new DomainError(`solveBanded: a holds a value that is not finite (${value})`);
        data[(j * height + main + i - j) * w + part] = value;
      }
  const entry = (i: number, j: number): number => (j * height + main + i - j) * w;
  const pivots = new Int32Array(n);
  let singular = -1;
  for (let j = 0; j < n; j++) {
    const last = Math.min(n - 1, j + lower);
    let pivot = j;
    let top = -1;
    for (let i = j; i <= last; i++) {
      const p = entry(i, j);
      const size = w === 1 ? Math.abs(data[p]!) : Math.abs(data[p]!) + Math.abs(data[p + 1]!);
      if (size > top) [top, pivot] = [size, i];
    }
    pivots[j] = pivot;
    if (top === 0) {
      if (singular < 0) singular = j;
      continue;
    }
    const end = Math.min(n - 1, j + main);
    if (pivot !== j)
      for (let c = j; c <= end; c++)
        for (let part = 0; part < w; part++) {
          const [p, q] = [entry(j, c) + part, entry(pivot, c) + part];
          const held = data[p]!;
          data[p] = data[q]!;
          data[q] = held;
        }
    const d = entry(j, j);
    for (let i = j + 1; i <= last; i++) divide(w, data, entry(i, j), data, d);
    for (let c = j + 1; c <= end; c++) {
      const u = entry(j, c);
      subtractColumn(w, data, entry(j + 1, j), u, entry(j + 1, c), last - j);
    }
  }
  return { data, pivots, singular };
}

/** y −= x · data[u], for `count` elements of two columns. */
function subtractColumn(w: Width, data: Float64Array, x: number, u: number, y: number, count: number): void {
  const re = data[u]!;
  const im = w === 2 ? data[u + 1]! : 0;
  if (re === 0 && im === 0) return;
  if (w === 1) for (let i = 0; i < count; i++) data[y + i] = data[y + i]! - data[x + i]! * re;
  else
    for (let i = 0; i < 2 * count; i += 2) {
      const [a, b] = [data[x + i]!, data[x + i + 1]!];
      data[y + i] = data[y + i]! - (a * re - b * im);
      data[y + i + 1] = data[y + i + 1]! - (a * im + b * re);
    }
}

/** Overwrites column-major x `[n, columns]` with the solutions. */
export function solveBand(
  w: Width,
  n: number,
  lower: number,
  upper: number,
  { data, pivots }: BandFactors,
  x: Float64Array,
  columns: number,
): void {
  const height = 2 * lower + upper + 1;
  const main = lower + upper;
  for (let c = 0; c < columns; c++) {
    const base = c * n * w;
    for (let j = 0; j < n; j++) {
      const pivot = pivots[j]!;
      if (pivot !== j)
        for (let part = 0; part < w; part++) {
          const [p, q] = [base + j * w + part, base + pivot * w + part];
          const held = x[p]!;
          x[p] = x[q]!;
          x[q] = held;
        }
      const column = (j * height + main) * w;
      eliminate(w, data, column + w, x, base + (j + 1) * w, base + j * w, Math.min(lower, n - 1 - j));
    }
    for (let j = n - 1; j >= 0; j--) {
      const column = (j * height + main) * w;
      divide(w, x, base + j * w, data, column);
      const count = Math.min(main, j);
      eliminate(w, data, column - count * w, x, base + (j - count) * w, base + j * w, count);
    }
  }
}

/** x[y …] −= data[a …] · x[u], for `count` elements. */
function eliminate(
  w: Width,
  data: Float64Array,
  a: number,
  x: Float64Array,
  y: number,
  u: number,
  count: number,
): void {
  const re = x[u]!;
  const im = w === 2 ? x[u + 1]! : 0;
  if (w === 1) for (let i = 0; i < count; i++) x[y + i] = x[y + i]! - data[a + i]! * re;
  else
    for (let i = 0; i < 2 * count; i += 2) {
      const [p, q] = [data[a + i]!, data[a + i + 1]!];
      x[y + i] = x[y + i]! - (p * re - q * im);
      x[y + i + 1] = x[y + i + 1]! - (p * im + q * re);
    }
}
