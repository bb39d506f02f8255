// What functions through the Schur form share: the form itself, the way back, and the square root of a triangle.
// Sources: Björck and Hammarling, "A Schur method for the square root of a matrix" (1983); Deadman, Higham and Ralha,
// "Blocked Schur algorithms for computing the matrix square root" (2013).
import { sqrtComplex } from "../../ops/complexMath.ts";
import { DomainError } from "../../tensor/errors.ts";
import { EPS } from "../kernels/deflate.ts";
import { sandwich } from "../kernels/dense.ts";
import { triangularize, widened } from "../kernels/schurComplex.ts";
import { schurFactors } from "../kernels/schurFactors.ts";
import { solveTriangularSylvester, type Triangular, triangularOf } from "../kernels/triangularSylvester.ts";
import { maxAbs, type Width } from "../kernels/vector.ts";
import { checkConverged } from "../spectral/eig.ts";

/** A = Z T Zᴴ with T complex and upper triangular. */
export interface ComplexSchur {
  readonly t: Float64Array;
  readonly z: Float64Array;
}

/** Is the complex matrix upper triangular as it stands? */
function isTriangular(w: Width, n: number, a: Float64Array): boolean {
  for (let j = 0; j < n; j++)
    for (let i = (j + 1) * w; i < n * w; i++) if (a[j * n * w + i] !== 0) return false;
  return true;
}

/** The complex Schur form of a column-major matrix, which is destroyed; a triangular matrix is its own. */
export function complexSchur(name: string, w: Width, n: number, a: Float64Array): ComplexSchur {
  if (isTriangular(w, n, a)) {
    const z = new Float64Array(2 * n * n);
    for (let i = 0; i < n; i++) z[2 * i * (n + 1)] = 1;
    return { t: w === 2 ? a : widened(a), z };
  }
  const { t, z, failed } = schurFactors(w, n, a);
  checkConverged(name, failed);
  if (w === 2) return { t, z };
  const form = { t: widened(t), z: widened(z) };
  triangularize(n, form.t, form.z, n);
  return form;
}

/** Z F Zᴴ, of which real matrices take the real part. */
export function fromSchur(w: Width, n: number, z: Float64Array, f: Float64Array): Float64Array {
  const out = sandwich(2, n, n, z, false, f, z, true);
  return w === 2 ? out : out.filter((_, i) => i % 2 === 0);
}

/**
 * Throws DomainError when a real matrix has negative eigenvalues, so that its square root and logarithm are complex.
 * Those that are only rounding become zero.
 */
export function refuseNegative(name: string, w: Width, n: number, t: Float64Array): void {
  if (w === 2) return;
  const small = 10 * n * EPS * maxAbs(t, 0, t.length);
  for (let i = 0; i < n; i++) {
    const p = 2 * i * (n + 1);
    if (t[p]! >= 0 || t[p + 1] !== 0) continue;
    if (-t[p]! > small)
      throw new DomainError(
        `${name}: a has the negative eigenvalue ${t[p]}, so that the result is complex: convert a to complex128`,
      );
    t[p] = 0;
  }
}

const root = new Float64Array(2);

/** The principal square root of a complex triangle; halves are coupled by a Sylvester equation. O(n³ / 3). */
export function sqrtTriangular(name: string, n: number, t: Float64Array): Float64Array {
  const r = new Float64Array(2 * n * n);
  const least = EPS * EPS * Math.sqrt(maxAbs(t, 0, t.length)) + 2 ** -1000;
  for (let j = 0; j < n; j++) {
    const p = 2 * j * (n + 1);
    sqrtComplex(t[p]!, t[p + 1]!, root, 0);
    r[p] = root[0]!;
    r[p + 1] = root[1]!;
  }
  fillRoot(name, n, t, r, 0, n, least);
  return r;
}

function fillRoot(
  name: string,
  n: number,
  t: Float64Array,
  r: Float64Array,
  from: number,
  count: number,
  least: number,
): void {
  if (count < 2) return;
  const ld = 2 * n;
  const m = count >> 1;
  fillRoot(name, n, t, r, from, m, least);
  fillRoot(name, n, t, r, from + m, count - m, least);
  const at = 2 * from + (from + m) * ld;
  const whole = triangularOf(2, n, r);
  const part = (first: number, length: number): Triangular => ({ ...whole, at: first * (ld + 2), n: length });
  const solve = (floor: number): boolean =>
    solveTriangularSylvester(2, part(from, m), part(from + m, count - m), r, at, ld, floor);
  const given = (): void => {
    for (let j = 0; j < count - m; j++) r.set(t.subarray(at + j * ld, at + j * ld + 2 * m), at + j * ld);
  };
  given();
  if (solve(least)) return;
  // Zeros on the diagonal of both parts: there is a root only when what couples them is rounding.
  given();
  const floor = Math.sqrt(EPS * maxAbs(t, 0, t.length)) || 2 ** -500;
  solve(floor);
  for (let j = 0; j < count - m; j++)
    if (maxAbs(r, at + j * ld, 2 * m) > 10 * n * floor && isZeroColumn(r, n, from + m + j))
      throw new DomainError(`${name}: a is singular and defective, so that it has no square root`);
}

/** Is the eigenvalue of this column zero? */
const isZeroColumn = (r: Float64Array, n: number, j: number): boolean =>
  r[2 * j * (n + 1)] === 0 && r[2 * j * (n + 1) + 1] === 0;
