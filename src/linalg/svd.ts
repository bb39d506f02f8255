// The singular value decomposition, on tensors.
import type { Tensor } from "../tensor/tensor.ts";
import { bidiagonalize } from "./bidiagonal.ts";
import { bidiagonalSVD, type Factors } from "./bidiagonalDivide.ts";
import { bidiagonalQR } from "./bidiagonalQR.ts";
import { applyReflectors, factorQR } from "./householder.ts";
import { checkMatrix, equilibrate, load, overBatch, store, storeVector } from "./matrix.ts";
import { thinQR, topRows } from "./qr.ts";
import { multiply, type Width } from "./vector.ts";

export interface SVD {
  /** `[…, m, k]`, orthonormal columns. */
  readonly u: Tensor;
  /** `[…, k]`, descending, real, >= 0. */
  readonly s: Tensor;
  /** `[…, n, k]`, orthonormal columns: V itself, not its adjoint. */
  readonly v: Tensor;
}

/** Rows per column from which a QR factorization first saves work. */
const TALL = 1.6;

/** The column-major adjoint of a column-major matrix. */
export function adjointOf(w: Width, rows: number, columns: number, a: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) {
      const from = (i + j * rows) * w;
      const to = (j + i * columns) * w;
      out[to] = a[from];
      if (w === 2) out[to + 1] = -a[from + 1];
    }
  }
  return out;
}

/** Thin SVD of a column-major matrix of moderate norm, which is destroyed. */
export function thinSVD(w: Width, m: number, n: number, a: Float64Array): Factors {
  if (m < n) {
    const { u, s, v } = thinSVD(w, n, m, adjointOf(w, m, n, a));
    return { u: v, s, v: u };
  }
  if (m >= TALL * n && n > 1) {
    const { q, r } = thinQR(w, m, n, a);
    const inner = thinSVD(w, n, n, r);
    const u = new Float64Array(m * n * w);
    const ld = n * w;
    multiply(
      w,
      m,
      n,
      n,
      { data: q, offset: 0, ld: m * w },
      { data: inner.u, offset: 0, ld },
      { data: u, offset: 0, ld: m * w },
    );
    return { u, s: inner.s, v: inner.v };
  }
  const { diagonal, superDiagonal, left, right } = bidiagonalize(w, m, n, a);
  const { u, s, v } = bidiagonalSVD(diagonal, superDiagonal);
  const fullU = embed(w, n, u, m);
  const fullV = embed(w, n, v, n);
  applyReflectors(left, fullU, n, false);
  applyReflectors(right, fullV, n, false);
  return { u: fullU, s, v: fullV };
}

/** A real n x n array as the top of `rows` x n, in the asked width. */
function embed(w: Width, n: number, x: Float64Array, rows: number): Float64Array {
  const out = new Float64Array(rows * n * w);
  for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) out[(i + j * rows) * w] = x[i + j * n];
  return out;
}

/** Singular values, descending, of a column-major matrix of moderate norm, which is destroyed. */
export function singularValues(w: Width, m: number, n: number, a: Float64Array): Float64Array {
  if (m < n) return singularValues(w, n, m, adjointOf(w, m, n, a));
  if (m >= TALL * n && n > 1) {
    factorQR(w, m, n, a);
    return singularValues(w, n, n, topRows(w, m, n, a, n));
  }
  const { diagonal, superDiagonal } = bidiagonalize(w, m, n, a);
  if (n > 0) bidiagonalQR(diagonal, superDiagonal, 0, n);
  return diagonal.sort().reverse();
}

/**
 * Thin singular value decomposition a = u diag(s) vᴴ of `[…, m, n]`, k = min(m, n). Note that `v` is V, not Vᴴ.
 *
 * QR first when one side is 1.6 times the other, blocked Householder bidiagonalization (real for complex matrices
 * too), divide and conquer with deflation (Gu and Eisenstat 1995), back-transformation in blocks; O(m n k). The error
 * of each singular value is a small multiple of eps times the largest.
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN or infinity.
 */
export function svd(a: Tensor): SVD {
  checkMatrix("svd", a);
  const [u, s, v] = overBatch([a], ([x]) => {
    const work = load("svd", x!);
    const { rows: m, columns: n, width, dtype } = work;
    const back = equilibrate(work);
    const k = Math.min(m, n);
    const factors = thinSVD(width, m, n, work.data);
    for (let i = 0; i < k; i++) factors.s[i] *= back;
    return [store(factors.u, m, k, dtype), storeVector(factors.s, dtype), store(factors.v, n, k, dtype)];
  });
  return { u: u!, s: s!, v: v! };
}

/**
 * Singular values `[…, min(m, n)]`, descending, of `[…, m, n]`: `svd` without vectors. O(m n min(m, n)).
 *
 * @throws as `svd` does.
 */
export function svdvals(a: Tensor): Tensor {
  checkMatrix("svdvals", a);
  const [s] = overBatch([a], ([x]) => {
    const work = load("svdvals", x!);
    const back = equilibrate(work);
    const values = singularValues(work.width, work.rows, work.columns, work.data);
    return [
      storeVector(
        values.map((value) => value * back),
        work.dtype,
      ),
    ];
  });
  return s!;
}
