// The singular value decomposition, on tensors.
import { bind, bindOne } from "../../ops/bind.ts";
import { diagonal } from "../../ops/movement.ts";
import { type Abstract, definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { realDType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, columnProducts } from "../base/derivative.ts";
import { differences, divideByGap, significant, sums } from "../base/gap.ts";
import {
  checkMatrix,
  equilibrate,
  FACTORED,
  factorable,
  leastLength,
  load,
  overBatch,
  store,
  storeVector,
  type Work,
  withMatrix,
} from "../base/matrix.ts";
import { factorsOf, type Memory } from "../base/remember.ts";
import { bidiagonalize } from "../kernels/bidiagonal.ts";
import { bidiagonalSVD, type Factors } from "../kernels/bidiagonalDivide.ts";
import { bidiagonalQR } from "../kernels/bidiagonalQR.ts";
import { applyReflectors, factorQR } from "../kernels/householder.ts";
import { lapackFor } from "../kernels/native.ts";
import { multiply, type Width } from "../kernels/vector.ts";
import { thinQR, topRows } from "../orthogonal/qr.ts";

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
  const lapack = lapackFor(Math.min(m, n));
  if (lapack) {
    const { u, s, vAdjoint } = lapack.svd(w, m, n, a);
    return { u, s, v: adjointOf(w, Math.min(m, n), n, vAdjoint) };
  }
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
  const lapack = lapackFor(Math.min(m, n));
  if (lapack) return lapack.singularValues(w, m, n, a);
  if (m < n) return singularValues(w, n, m, adjointOf(w, m, n, a));
  if (m >= TALL * n && n > 1) {
    factorQR(w, m, n, a);
    return singularValues(w, n, n, topRows(w, m, n, a, n));
  }
  const { diagonal, superDiagonal } = bidiagonalize(w, m, n, a);
  if (n > 0) bidiagonalQR(diagonal, superDiagonal, 0, n);
  return diagonal.sort().reverse();
}

/** The thin SVD of a matrix in the working precision: u diag(back s) vᴴ. */
export interface MatrixSVD extends Factors {
  readonly back: number;
}

const rememberedSVD: Memory<MatrixSVD> = new WeakMap();

/**
 * The SVD of each matrix of a batch, kept as long as the tensor is: least squares, their derivatives and those of
 * singular values share it.
 */
export const svdFactors = (caller: string, a: Tensor): readonly MatrixSVD[] =>
  factorsOf(rememberedSVD, a, (x) => decompose(load(caller, x)));

function decompose(work: Work): MatrixSVD {
  const back = equilibrate(work);
  const { u, s, v } = thinSVD(work.width, work.rows, work.columns, work.data);
  return { u, s, v, back };
}

export const svdP: Primitive<undefined> = definePrimitive<undefined>({
  name: "svd",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const { shape, dtype } = a!;
    const k = leastLength(a!);
    return [
      { shape: withMatrix(a!, shape.at(-2)!, k), dtype },
      valuesOf(a!),
      { shape: withMatrix(a!, shape.at(-1)!, k), dtype },
    ];
  },
  evaluate: ([a]) => {
    const { shape, dtype } = a!;
    const k = leastLength(a!);
    const known = rememberedSVD.get(a!);
    let index = 0;
    return overBatch([a!], ([x]) => {
      const { u, s, v, back } = known?.[index++] ?? decompose(load("svd", x!));
      return [
        store(u, shape.at(-2)!, k, dtype),
        storeVector(s, dtype, back),
        store(v, shape.at(-1)!, k, dtype),
      ];
    });
  },
  jvp: ({ inputs: [a], tangents: [da], outputs: [u, s, v] }) => {
    const [m, n] = a!.shape.slice(-2) as [number, number];
    const k = Math.min(m, n);
    if (k === 0) return [null, null, null];
    const size = Math.max(m, n);
    const left = da!.matmul(v!);
    const right = adjoint(da!).matmul(u!);
    const moved = adjoint(u!).matmul(left);
    const back = adjoint(moved);
    // Left and right vectors turn together by the Hermitian part and against each other by the rest.
    const together = divideByGap(moved.add(back).mul(0.5), differences(s!, size));
    const apart = divideByGap(moved.sub(back).mul(0.5), sums(s!, size, a!.dtype));
    let du = u!.matmul(together.add(apart));
    let dv = v!.matmul(together.sub(apart));
    // What leaves the span of the vectors.
    if (m > k) du = du.add(divideByGap(left.sub(u!.matmul(moved)), significant(s!, size)));
    if (n > k) dv = dv.add(divideByGap(right.sub(v!.matmul(back)), significant(s!, size)));
    return [du, diagonal(moved).real(), dv];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const svdvalsP: Primitive<undefined> = definePrimitive<undefined>({
  name: "svdvals",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!)],
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const work = load("svdvals", x!);
      const back = equilibrate(work);
      const values = singularValues(work.width, work.rows, work.columns, work.data);
      return [storeVector(values, work.dtype, back)];
    }),
  jvp: ({ inputs: [a], tangents: [da] }) => [valueTangents(a!, da!)],
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/** How the singular values of `a` move along `da`. */
export function valueTangents(a: Tensor, da: Tensor): Tensor {
  const [u, , v] = bind(svdP, [a], undefined);
  return columnProducts(u!, da.matmul(v!));
}

const valuesOf = (a: Abstract): Abstract => ({
  shape: withMatrix(a, leastLength(a)),
  dtype: realDType(a.dtype),
});

/**
 * Thin singular value decomposition a = u diag(s) vᴴ of `[…, m, n]`, k = min(m, n). Note that `v` is V, not Vᴴ.
 *
 * QR first when one side is 1.6 times the other, blocked Householder bidiagonalization (real for complex matrices
 * too), divide and conquer with deflation (Gu and Eisenstat 1995), back-transformation in blocks; O(m n k). The error
 * of each singular value is a small multiple of eps times the largest.
 *
 * First derivatives of values are right always (at a repeated or zero value: along the vectors that are returned).
 * Vectors have a derivative only where their value differs from all others, and from 0 unless the matrix is square, by
 * more than max(m, n) eps of the largest: an infinity or NaN comes from other vectors, and from second derivatives of
 * their values, while the vectors beside them are not disturbed. Sign or phase of a pair of vectors is free, so only
 * what does not depend on it can be differentiated.
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN or infinity.
 */
export function svd(a: Tensor): SVD {
  checkMatrix("svd", a);
  const [u, s, v] = bind(svdP, [factorable("svd", a)], undefined);
  return { u: u!, s: s!, v: v! };
}

/**
 * Singular values `[…, min(m, n)]`, descending, of `[…, m, n]`: `svd` without vectors. O(m n min(m, n)). Derivatives
 * as those of `svd`, which finds the vectors for them.
 *
 * @throws as `svd` does.
 */
export function svdvals(a: Tensor): Tensor {
  checkMatrix("svdvals", a);
  return bindOne(svdvalsP, [factorable("svdvals", a)], undefined);
}
