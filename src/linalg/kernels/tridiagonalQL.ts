// Eigenvalues, and vectors when wanted, of a real symmetric tridiagonal matrix by implicit QL with Wilkinson's shift.
// Source: Parlett, "The Symmetric Eigenvalue Problem", chapter 8; Golub and Van Loan, 8.3.
import { PolyadicError } from "../../tensor/errors.ts";
import type { Basis } from "./columns.ts";
import { givens, rotation } from "./rotation.ts";

/** Iterations that one eigenvalue may take; two or three are usual. */
const CAP = 200;

/**
 * Overwrites d[first … first + n − 1] with the eigenvalues (not sorted) of the matrix with that diagonal and the
 * off-diagonal e[first … first + n − 2], which is destroyed. When `vectors` is given, its columns (column-major,
 * leading dimension `ld`, entry offset `at`, `rows` long) are multiplied by the eigenvectors.
 * O(n²) without vectors, O(n² rows) with them.
 */
export function tridiagonalQL(
  d: Float64Array,
  e: Float64Array,
  first: number,
  n: number,
  vectors?: Basis,
): void {
  const end = first + n - 1;
  // Besides the test against the neighbours, entries far below the rounding of the whole matrix are dropped: a cluster
  // of relatively tiny eigenvalues above a large one would otherwise be iterated on as pure noise.
  let norm = 0;
  for (let i = first; i <= end; i++) norm = Math.max(norm, Math.abs(d[i]), i < end ? Math.abs(e[i]) : 0);
  const noise = norm * 2 ** -57;
  for (let l = first; l <= end; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      for (; m < end; m++) {
        const size = Math.abs(d[m]) + Math.abs(d[m + 1]);
        if (Math.abs(e[m]) <= 2 ** -53 * size || Math.abs(e[m]) <= noise) break;
      }
      if (m === l) break;
      if (iteration === CAP)
        throw new PolyadicError(`eigh: QL iteration did not converge for eigenvalue ${l} in ${CAP} steps`);
      if (m < end) e[m] = 0;
      sweep(d, e, l, m, vectors, first);
    }
  }
}

/** One implicit QL step on the unreduced block l … m. */
function sweep(
  d: Float64Array,
  e: Float64Array,
  l: number,
  m: number,
  vectors: Basis | undefined,
  first: number,
): void {
  const half = (d[l + 1] - d[l]) / (2 * e[l]);
  const root = Math.hypot(half, 1);
  let g = d[m] - d[l] + e[l] / (half + (half >= 0 ? root : -root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i];
    const b = c * e[i];
    rotation(g, f);
    const r = givens[2];
    if (i + 1 < m) e[i + 1] = r;
    if (r === 0) {
      // The bulge vanished: the matrix has split here.
      d[i + 1] -= p;
      return;
    }
    c = givens[0];
    s = givens[1];
    g = d[i + 1] - p;
    const t = (d[i] - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    if (vectors) turn(vectors.data, vectors.at + (i - first) * vectors.ld, vectors.ld, vectors.rows, c, s);
  }
  d[l] -= p;
  e[l] = g;
}

/** Neighbouring columns x, y become c x − s y and s x + c y. */
function turn(z: Float64Array, at: number, ld: number, rows: number, c: number, s: number): void {
  for (let i = at, end = at + rows; i < end; i++) {
    const y = z[i + ld];
    z[i + ld] = s * z[i] + c * y;
    z[i] = c * z[i] - s * y;
  }
}
