// The QR factorization of tensors.
import { bind, bindOne } from "../../ops/bind.ts";
import { where } from "../../ops/comparison.ts";
import { tril, triu } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { onDiagonal } from "../base/gap.ts";
import {
  checkMatrix,
  equilibrate,
  FACTORED,
  factorable,
  leastLength,
  load,
  overBatch,
  store,
  withMatrix,
} from "../base/matrix.ts";
import { factorQR, formProduct } from "../kernels/householder.ts";
import { lapackFor } from "../kernels/native.ts";
import { scale, type Width } from "../kernels/vector.ts";
import { solveTriangularP } from "../systems/solveTriangular.ts";

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
  return positiveQR(w, rows, columns, a, Math.min(rows, columns));
}

/** The same with the first `wanted` columns of Q, at least min(rows, columns), and as many rows of R. */
export function positiveQR(
  w: Width,
  rows: number,
  columns: number,
  a: Float64Array,
  wanted: number,
): { q: Float64Array; r: Float64Array } {
  const k = Math.min(rows, columns);
  const q =
    lapackFor(k)?.qr(w, rows, columns, a, wanted) ?? formProduct(factorQR(w, rows, columns, a), wanted);
  const r = topRows(w, rows, columns, a, wanted);
  voidBelow(w, wanted, columns, r);
  makePositive(w, rows, k, q, r, wanted, columns);
  return { q, r };
}

/** Zeros below the diagonal of `[rows, columns]`, where factorizations leave what they need not. */
export function voidBelow(w: Width, rows: number, columns: number, r: Float64Array): void {
  for (let j = 0; j < Math.min(columns, rows - 1); j++) r.fill(0, (j + 1 + j * rows) * w, (j + 1) * rows * w);
}

/** Makes the first `count` entries of the real diagonal of R (leading dimension `ldr` elements) >= 0. */
export function makePositive(
  w: Width,
  rows: number,
  count: number,
  q: Float64Array,
  r: Float64Array,
  ldr: number,
  columns: number,
): void {
  for (let i = 0; i < count; i++) {
    if (!(r[(i + i * ldr) * w] < 0)) continue;
    for (let j = i; j < columns; j++) scale(w, -1, 0, r, (i + j * ldr) * w, 1);
    if (w === 2) r[(i + i * ldr) * w + 1] = 0;
    scale(w, -1, 0, q, i * rows * w, rows);
  }
}

/** How thin factors q, r move when the matrix moves by da. */
export function qrTangents(da: Tensor, q: Tensor, r: Tensor): { readonly dq: Tensor; readonly dr: Tensor } {
  const k = q.shape.at(-1)!;
  // The first k columns determine q; x = da₁ r₁⁻¹.
  const first = narrowAxis(da, -1, 0, k);
  const x = bindOne(solveTriangularP, [narrowAxis(r, -1, 0, k), first.mT()], {
    caller: "derivative of qr",
    lower: false,
    transpose: "transpose",
  }).mT();
  const inside = adjoint(q).matmul(x);
  // The part that is skew-Hermitian, such that the rest of `inside` is upper triangular with a real diagonal.
  const below = tril(inside, -1);
  const phases = where(onDiagonal(k), inside.sub(inside.real()), 0);
  const turn = below.sub(adjoint(below)).add(phases);
  const dq = x.sub(q.matmul(inside.sub(turn)));
  return { dq, dr: triu(adjoint(q).matmul(da).sub(turn.matmul(r))) };
}

const qrP: Primitive<undefined> = definePrimitive<undefined>({
  name: "qr",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const { shape, dtype } = a!;
    const k = leastLength(a!);
    return [
      { shape: withMatrix(a!, shape.at(-2)!, k), dtype },
      { shape: withMatrix(a!, k, shape.at(-1)!), dtype },
    ];
  },
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const work = load("qr", x!);
      const { rows, columns, width, dtype } = work;
      const back = equilibrate(work);
      const k = Math.min(rows, columns);
      const factors = thinQR(width, rows, columns, work.data);
      scale(width, back, 0, factors.r, 0, k * columns);
      return [store(factors.q, rows, k, dtype), store(factors.r, k, columns, dtype)];
    }),
  jvp: ({ tangents: [da], outputs: [q, r] }) => {
    const { dq, dr } = qrTangents(da!, q!, r!);
    return [dq, dr];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Thin QR factorization a = q r of `[…, m, n]`, k = min(m, n). The diagonal of r is real and non-negative, which makes
 * the factorization unique when the first k columns are independent.
 *
 * Blocked Householder reflections (Schreiber and Van Loan 1989); O(m n k). Where the first k columns are dependent the
 * factors have no derivative: asking for one throws DomainError when r has an exact zero on its diagonal, and gives
 * large values when it is zero only to rounding.
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN or infinity.
 */
export function qr(a: Tensor): QR {
  checkMatrix("qr", a);
  const [q, r] = bind(qrP, [factorable("qr", a)], undefined);
  return { q: q!, r: r! };
}
