// Rows of a tall matrix whose square submatrix has nearly the largest volume: Goreinov, Oseledets, Savostyanov,
// Tyrtyshnikov, Zamarashkin, "How to find a good submatrix" (2010).

import { astype } from "../../ops/cast.ts";
import { transpose } from "../../ops/movement.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface Maxvol {
  /** The chosen rows, r of them. */
  readonly rows: Int32Array;
  /** a · a[rows]⁻¹, `[m, r]`: every row as a combination of the chosen ones, with coefficients up to `tolerance`. */
  readonly coefficients: Tensor;
}

export interface MaxvolOptions {
  /** Rows are exchanged while a coefficient is larger than this; 1.05 unless told. Above 1. */
  readonly tolerance?: number;
  /** 200 unless told. */
  readonly maxSwaps?: number;
}

/**
 * r rows of a `[m, r]` matrix, real or complex, whose determinant no exchange of one row raises by more than the
 * factor `tolerance`. Elimination with row pivoting finds a start, then the row with the largest coefficient enters:
 * each exchange multiplies the volume by that coefficient. O(m r²), and O(m r) per exchange.
 *
 * @throws ShapeError unless `a` is a matrix with m ≥ r; DomainError when its columns are dependent or the tolerance
 * is not above 1.
 */
export function maxvol(a: Tensor, options: MaxvolOptions = {}): Maxvol {
  const { tolerance = 1.05, maxSwaps = 200 } = options;
  if (a.ndim !== 2 || a.shape[0]! < a.shape[1]!)
    throw new ShapeError(
      `maxvol: a matrix with at least as many rows as columns was expected, got ${formatShape(a.shape)}`,
    );
  if (!(tolerance > 1)) throw new DomainError(`maxvol: a tolerance above 1 was expected, got ${tolerance}`);
  const [m, r] = a.shape as [number, number];
  const w = isComplex(a.dtype) ? 2 : 1;
  // Column after column, since all work is on columns.
  const b = astype(transpose(a), w === 2 ? "complex128" : "float64").toTypedArray() as Float64Array;
  const rows = new Int32Array(r);
  const chosen = new Uint8Array(m);
  for (let j = 0; j < r; j++) {
    const { place, size } = largestEntry(b, w, j * m, m, chosen);
    if (!(size > 0)) throw new DomainError(`maxvol: column ${j} depends on the columns before it`);
    enter(b, w, m, r, place, j);
    rows[j] = place;
    chosen[place] = 1;
  }
  for (let swaps = 0; swaps < maxSwaps; swaps++) {
    const { place, size } = largestEntry(b, w, 0, m * r, null);
    if (size <= tolerance * tolerance) break;
    const j = Math.floor(place / m);
    enter(b, w, m, r, place % m, j);
    rows[j] = place % m;
  }
  const coefficients = transpose(new Tensor(b, [r, m], w === 2 ? "complex128" : "float64"));
  return { rows, coefficients: astype(coefficients, a.dtype).contiguous() };
}

/** Place (counted from `from`) and squared modulus of the largest of `count` entries, without those that are marked. */
function largestEntry(
  b: Float64Array,
  w: 1 | 2,
  from: number,
  count: number,
  marked: Uint8Array | null,
): { place: number; size: number } {
  let place = 0;
  let size = -1;
  for (let i = 0; i < count; i++) {
    if (marked !== null && marked[i] === 1) continue;
    const at = (from + i) * w;
    const square = w === 1 ? b[at]! * b[at]! : b[at]! * b[at]! + b[at + 1]! * b[at + 1]!;
    if (square > size) {
      size = square;
      place = i;
    }
  }
  return { place, size };
}

/** Column operations that turn row i into the j-th unit vector: row i enters as the j-th of the chosen. */
function enter(b: Float64Array, w: 1 | 2, m: number, r: number, i: number, j: number): void {
  const column = j * m * w;
  const at = column + i * w;
  if (w === 1) {
    const pivot = b[at]!;
    for (let p = column; p < column + m; p++) b[p]! /= pivot;
    for (let c = 0; c < r; c++) {
      const factor = b[c * m + i]!;
      if (c === j || factor === 0) continue;
      for (let p = 0; p < m; p++) b[c * m + p]! -= factor * b[column + p]!;
      b[c * m + i] = 0;
    }
    return;
  }
  const square = b[at]! ** 2 + b[at + 1]! ** 2;
  const re = b[at]! / square;
  const im = -b[at + 1]! / square;
  for (let p = column; p < column + 2 * m; p += 2) {
    const x = b[p]!;
    const y = b[p + 1]!;
    b[p] = x * re - y * im;
    b[p + 1] = x * im + y * re;
  }
  for (let c = 0; c < r; c++) {
    const target = c * m * 2;
    const x = b[target + 2 * i]!;
    const y = b[target + 2 * i + 1]!;
    if (c === j || (x === 0 && y === 0)) continue;
    for (let p = 0; p < 2 * m; p += 2) {
      const u = b[column + p]!;
      const v = b[column + p + 1]!;
      b[target + p]! -= x * u - y * v;
      b[target + p + 1]! -= x * v + y * u;
    }
    b[target + 2 * i] = 0;
    b[target + 2 * i + 1] = 0;
  }
}
