// Schur factorization of a general matrix, by the device where it has one.
import { balanceMatrix } from "./balance.ts";
import type { Iterate } from "./francis.ts";
import { reduceToHessenberg } from "./hessenbergReduce.ts";
import { formProduct } from "./householder.ts";
import { hessenbergQR } from "./multishift.ts";
import { lapackFor } from "./native.ts";
import type { Width } from "./vector.ts";

/** A = Z T Zᴴ, column-major. */
export interface SchurFactors {
  readonly t: Float64Array;
  readonly z: Float64Array;
  /** Two entries for each eigenvalue, in the order of the diagonal of T. */
  readonly values: Float64Array;
  /** −1, or the row at which the QR iteration gave up. */
  readonly failed: number;
}

/**
 * The Schur form of a column-major n x n matrix of moderate norm, which is overwritten by T: upper triangular for
 * width 2, with 2 x 2 blocks in standard form for width 1. O(25 n³).
 */
export function schurFactors(w: Width, n: number, a: Float64Array): SchurFactors {
  const native = lapackFor(n)?.schur(w, n, a);
  if (native) return { t: a, ...native };
  const values = new Float64Array(2 * n);
  const reflectors = reduceToHessenberg(w, n, a);
  const z = formProduct(reflectors, n);
  const it: Iterate = { width: w, n, h: a, z, rows: n, wantsT: true, values };
  const failed = n === 0 ? -1 : hessenbergQR(it, 0, n - 1);
  return { t: a, z, values, failed };
}

/** The eigenvalues alone, two entries each, by the iteration without vectors on the balanced matrix. O(10 n³). */
export function eigenvaluesOf(
  w: Width,
  n: number,
  a: Float64Array,
): { readonly values: Float64Array; readonly failed: number } {
  const native = lapackFor(n)?.generalValues(w, n, a);
  if (native) return native;
  const values = new Float64Array(2 * n);
  const { low, high } = balanceMatrix(w, n, a, { permute: true, scale: true });
  reduceToHessenberg(w, n, a, low, high);
  const it: Iterate = { width: w, n, h: a, z: null, rows: 0, wantsT: false, values };
  for (let i = 0; i < n; i++) {
    if (i >= low && i <= high) continue;
    values[2 * i] = a[i * (n + 1) * w];
    values[2 * i + 1] = w === 2 ? a[i * (n + 1) * w + 1] : 0;
  }
  const failed = n === 0 ? -1 : hessenbergQR(it, low, high);
  return { values, failed };
}
