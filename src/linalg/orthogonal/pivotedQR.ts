// The rank-revealing QR factorization, on tensors.
import { bind } from "../../ops/bind.ts";
import { takeAlongAxis } from "../../ops/gather.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { Tensor } from "../../tensor/tensor.ts";
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
import { formProduct } from "../kernels/householder.ts";
import { lapackFor } from "../kernels/native.ts";
import { factorPivotedQR } from "../kernels/pivotedQR.ts";
import { scale, type Width } from "../kernels/vector.ts";
import { makePositive, type QR, qrTangents, topRows, voidBelow } from "./qr.ts";

export interface PivotedQR extends QR {
  /** int32 `[…, n]`: column j of q r is column `permutation[j]` of a. */
  readonly permutation: Tensor;
}

function factor(
  w: Width,
  rows: number,
  columns: number,
  a: Float64Array,
): { readonly q: Float64Array; readonly order: Int32Array } {
  const k = Math.min(rows, columns);
  const native = lapackFor(k)?.pivotedQR(w, rows, columns, a, k);
  if (native) return native;
  const { reflectors, order } = factorPivotedQR(w, rows, columns, a);
  return { q: formProduct(reflectors, k), order };
}

const pivotedQrP: Primitive<undefined> = definePrimitive<undefined>({
  name: "pivotedQr",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const { shape, dtype } = a!;
    const k = leastLength(a!);
    return [
      { shape: withMatrix(a!, shape.at(-2)!, k), dtype },
      { shape: withMatrix(a!, k, shape.at(-1)!), dtype },
      { shape: [...shape.slice(0, -2), shape.at(-1)!], dtype: "int32" },
    ];
  },
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const work = load("pivotedQr", x!);
      const { rows, columns, width, dtype, data } = work;
      const back = equilibrate(work);
      const k = Math.min(rows, columns);
      const { q, order } = factor(width, rows, columns, data);
      const r = topRows(width, rows, columns, data, k);
      voidBelow(width, k, columns, r);
      makePositive(width, rows, k, q, r, k, columns);
      scale(width, back, 0, r, 0, k * columns);
      return [store(q, rows, k, dtype), store(r, k, columns, dtype), new Tensor(order, [columns], "int32")];
    }),
  jvp: ({ tangents: [da], outputs: [q, r, permutation] }) => {
    const columns = permutation!.expandDims(-2).broadcastTo(da!.shape);
    const { dq, dr } = qrTangents(takeAlongAxis(da!, columns, -1), q!, r!);
    return [dq, dr, null];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * QR factorization with column pivoting of `[…, m, n]`, k = min(m, n): the columns of a in the order `permutation` are
 * q r, and the diagonal of r, real and non-negative, descends. Its small end shows the rank in all but contrived cases;
 * `svd` always does. Blocked Householder reflections; O(m n k).
 *
 * Derivatives are those of `qr` of the permuted matrix.
 *
 * @throws as `qr` does.
 */
export function pivotedQr(a: Tensor): PivotedQR {
  checkMatrix("pivotedQr", a);
  const [q, r, permutation] = bind(pivotedQrP, [factorable("pivotedQr", a)], undefined);
  return { q: q!, r: r!, permutation: permutation! };
}
