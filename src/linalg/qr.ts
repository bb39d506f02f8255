// The QR factorization of tensors.
import type { Tensor } from "../tensor/tensor.ts";
import { factorQR, formProduct } from "./householder.ts";
import { checkMatrix, equilibrate, load, overBatch, store } from "./matrix.ts";
import { scale, type Width } from "./vector.ts";

export interface QR {
  /** `[…, m, k]`, orthonormal columns. */
  readonly q: Tensor;
  /** `[…, k, n]`, upper triangular (upper trapezoidal when m < n) with a real diagonal >= 0. */
  readonly r: Tensor;
}

/** The first k rows of a column-major array. */
export function topRows(w: Width, rows: number, columns: number, a: Float64Array, k: number): Float64Array {
  const out = new Float64Array(k * columns * w);
  for (let j = 0; j < columns; j++) out.set(a.subarray(j * rows * w, (j * rows + k) * w), j * k * w);
  return out;
}

/** Thin QR of a column-major matrix, diagonal of R real and >= 0. Overwrites `a`. */
export function thinQR(
  w: Width,
  rows: number,
  columns: number,
  a: Float64Array,
): { q: Float64Array; r: Float64Array } {
  const k = Math.min(rows, columns);
  const q = formProduct(factorQR(w, rows, columns, a), k);
  const r = topRows(w, rows, columns, a, k);
  for (let i = 0; i < k; i++) {
    if (!(r[(i + i * k) * w] < 0)) continue;
    for (let j = i; j < columns; j++) scale(w, -1, 0, r, (i + j * k) * w, 1);
    if (w === 2) r[(i + i * k) * w + 1] = 0;
    scale(w, -1, 0, q, i * rows * w, rows);
  }
  return { q, r };
}

/**
 * Thin QR factorization a = q r of `[…, m, n]`, k = min(m, n). The diagonal of r is real and non-negative, which makes
 * the factorization unique when the first k columns are independent.
 *
 * Blocked Householder reflections (Schreiber and Van Loan 1989); O(m n k).
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN or infinity.
 */
export function qr(a: Tensor): QR {
  checkMatrix("qr", a);
  const [q, r] = overBatch([a], ([x]) => {
    const work = load("qr", x!);
    const { rows, columns, width, dtype } = work;
    const back = equilibrate(work);
    const k = Math.min(rows, columns);
    const factors = thinQR(width, rows, columns, work.data);
    scale(width, back, 0, factors.r, 0, k * columns);
    return [store(factors.q, rows, k, dtype), store(factors.r, k, columns, dtype)];
  });
  return { q: q!, r: r! };
}
