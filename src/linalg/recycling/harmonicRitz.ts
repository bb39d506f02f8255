// Harmonic Ritz vectors: from a space that an operator was applied to, the part on which it is smallest.

import { whole } from "../kernels/dense.ts";
import { generalEigen } from "../kernels/generalEigen.ts";
import { solveTriangle } from "../kernels/triangular.ts";
import { multiply, type Width } from "../kernels/vector.ts";
import { thinQR } from "../orthogonal/qr.ts";

export interface Recycled {
  /** How many vectors. */
  readonly k: number;
  /** `[p, k]`, column-major: the vectors of the new space, as combinations of those of the old one. */
  readonly vectors: Float64Array;
  /** `[p + 1, k]`: their images, orthonormal, as combinations of the columns of W. */
  readonly images: Float64Array;
}

/** What is known of A and M on a space V `[n, p]` with A V = W H, W `[n, p + 1]` orthonormal. */
export interface Pencil {
  /** `[p + 1, p]`: H */
  readonly h: Float64Array;
  /** `[p + 1, p]`: Wᴴ V */
  readonly f: Float64Array;
  /** `[p + 1, p + 1]`: Wᴴ M⁻¹ W; none where M is the identity. */
  readonly s?: Float64Array;
}

/**
 * The k harmonic Ritz vectors V z of M⁻¹A with the values of least magnitude, (M⁻¹A − θ) V z ⊥ A V, that is
 * Hᴴ S H z = θ Hᴴ F z; and their images under A, orthonormal. For symmetric A and M these are the harmonic Ritz vectors of
 * the symmetric L⁻¹ A L⁻ᵀ with M = L Lᵀ. The complex pairs of a real problem stay together: then there may be k − 1 vectors, or
 * k + 1 where `most` allows it. All of V where p ≤ k. Undefined where H or Hᴴ S H has no full rank. O(p³).
 *
 * Source: Morgan, "GMRES with deflated restarting", SIAM J. Sci. Comput. 24 (2002); Parks and others (see `gcrodr`).
 */
export function harmonicRitz(
  w: Width,
  p: number,
  { h, f, s }: Pencil,
  k: number,
  most: number,
): Recycled | undefined {
  if (p <= k) return imagesOf(w, p, h, identity(w, p), p);
  const inverse = inverseOf(w, p, h, f, s);
  if (!inverse) return undefined;
  const { values, right, failed } = generalEigen(w, p, inverse, "right");
  if (failed >= 0) return undefined;
  const size = (i: number): number => Math.hypot(values[2 * i], values[2 * i + 1]);
  const order = Array.from({ length: p }, (_, i) => i).sort((i, j) => size(j) - size(i));
  const columns: Float64Array[] = [];
  const taken = new Uint8Array(p);
  for (const i of order) {
    if (columns.length >= k) break;
    if (taken[i]) continue;
    taken[i] = 1;
    const vector = right.subarray(2 * i * p, 2 * (i + 1) * p);
    if (w === 2) columns.push(vector);
    else if (values[2 * i + 1] === 0) columns.push(part(vector, 0));
    else {
      // Conjugate pairs are neighbours; two real vectors span what they span.
      taken[values[2 * i + 1] > 0 ? i + 1 : i - 1] = 1;
      if (columns.length + 2 > Math.max(k, most)) break;
      columns.push(part(vector, 0), part(vector, 1));
    }
  }
  if (columns.length === 0) return undefined;
  const z = new Float64Array(p * columns.length * w);
  columns.forEach((column, j) => {
    z.set(column, j * p * w);
  });
  return imagesOf(w, p, h, z, columns.length);
}

/**
 * The matrix of z = μ R⁻¹ (Qᴴ S Q)⁻¹ Qᴴ F z with H = Q R and μ = 1/θ: no squares of the condition number of H, and the
 * largest μ are wanted.
 */
function inverseOf(
  w: Width,
  p: number,
  h: Float64Array,
  f: Float64Array,
  s: Float64Array | undefined,
): Float64Array | undefined {
  const rows = p + 1;
  const { q, r } = thinQR(w, rows, p, h.slice());
  if (isSingular(w, p, r)) return undefined;
  const adjoint = { ...whole(w, rows, q), adjoint: true };
  const inverse = new Float64Array(p * p * w);
  multiply(w, p, p, rows, adjoint, whole(w, rows, f), whole(w, p, inverse));
  if (s) {
    const sq = new Float64Array(rows * p * w);
    const inner = new Float64Array(p * p * w);
    multiply(w, rows, p, rows, whole(w, rows, s), whole(w, rows, q), whole(w, rows, sq));
    multiply(w, p, p, rows, adjoint, whole(w, rows, sq), whole(w, p, inner));
    const second = thinQR(w, p, p, inner);
    if (isSingular(w, p, second.r)) return undefined;
    const right = inverse.slice();
    multiply(
      w,
      p,
      p,
      p,
      { ...whole(w, p, second.q), adjoint: true },
      whole(w, p, right),
      whole(w, p, inverse),
    );
    solveTriangle(w, p, second.r, 0, p * w, { lower: false }, inverse, 0, p * w, p);
  }
  solveTriangle(w, p, r, 0, p * w, { lower: false }, inverse, 0, p * w, p);
  return inverse;
}

/** Real or imaginary parts. */
const part = (vector: Float64Array, offset: 0 | 1): Float64Array =>
  Float64Array.from({ length: vector.length / 2 }, (_, i) => vector[2 * i + offset]);

function identity(w: Width, p: number): Float64Array {
  const z = new Float64Array(p * p * w);
  for (let i = 0; i < p; i++) z[i * (p + 1) * w] = 1;
  return z;
}

/** [Q, R] = qr(H Z): the images are Q, the vectors Z R⁻¹. */
function imagesOf(w: Width, p: number, h: Float64Array, z: Float64Array, k: number): Recycled | undefined {
  const rows = p + 1;
  const product = new Float64Array(rows * k * w);
  multiply(w, rows, k, p, whole(w, rows, h), whole(w, p, z), whole(w, rows, product));
  const { q, r } = thinQR(w, rows, k, product);
  if (isSingular(w, k, r)) return undefined;
  return { k, vectors: divideRight(w, p, k, z, r), images: q };
}

/** Whether an upper triangle has a pivot that is only rounding. */
export function isSingular(w: Width, k: number, r: Float64Array): boolean {
  let top = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < k; i++) {
    const pivot = Math.abs(r[i * (k + 1) * w]);
    top = Math.max(top, pivot);
    least = Math.min(least, pivot);
  }
  return !(least > 2 ** -50 * top);
}

/** X R⁻¹ for x `[n, k]` and an upper triangle with a real diagonal, both column-major, in place. O(n k²) */
export function divideRight(w: Width, n: number, k: number, x: Float64Array, r: Float64Array): Float64Array {
  const ld = n * w;
  for (let j = 0; j < k; j++) {
    const column = x.subarray(j * ld, (j + 1) * ld);
    for (let i = 0; i < j; i++) {
      const re = r[(i + j * k) * w];
      const im = w === 2 ? r[(i + j * k) * w + 1] : 0;
      const other = x.subarray(i * ld, (i + 1) * ld);
      if (w === 1) for (let s = 0; s < n; s++) column[s] -= re * other[s];
      else
        for (let s = 0; s < ld; s += 2) {
          column[s] -= re * other[s] - im * other[s + 1];
          column[s + 1] -= re * other[s + 1] + im * other[s];
        }
    }
    const factor = 1 / r[j * (k + 1) * w];
    for (let s = 0; s < ld; s++) column[s] *= factor;
  }
  return x;
}
