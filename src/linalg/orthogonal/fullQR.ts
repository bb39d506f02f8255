// The QR factorization with a square orthogonal factor: its last columns span what the matrix does not reach.
import { bind } from "../../ops/bind.ts";
import { concat, triu } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { zeros } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import {
  checkMatrix,
  equilibrate,
  FACTORED,
  factorable,
  load,
  overBatch,
  store,
  withMatrix,
} from "../base/matrix.ts";
import { scale } from "../kernels/vector.ts";
import { positiveQR, qrTangents } from "./qr.ts";

export interface FullQR {
  /** `[…, m, m]`, unitary. */
  readonly q: Tensor;
  /** `[…, m, n]`, upper trapezoidal with a real diagonal >= 0. */
  readonly r: Tensor;
}

const fullQrP: Primitive<undefined> = definePrimitive<undefined>({
  name: "fullQr",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const m = a!.shape.at(-2)!;
    return [{ shape: withMatrix(a!, m, m), dtype: a!.dtype }, a!];
  },
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const work = load("fullQr", x!);
      const { rows, columns, width, dtype } = work;
      const back = equilibrate(work);
      const { q, r } = positiveQR(width, rows, columns, work.data, rows);
      scale(width, back, 0, r, 0, rows * columns);
      return [store(q, rows, rows, dtype), store(r, rows, columns, dtype)];
    }),
  jvp: ({ tangents: [da], outputs: [q, r] }) => {
    const [m, n] = r!.shape.slice(-2) as [number, number];
    const k = Math.min(m, n);
    const [first, upper] = [narrowAxis(q!, -1, 0, k), narrowAxis(r!, -2, 0, k)];
    const { dq, dr } = qrTangents(da!, first, upper);
    if (k === m) return [dq, dr];
    // The complement turns as little as it must to stay orthogonal to the others.
    const rest = narrowAxis(q!, -1, k, m);
    const below = zeros([...dr.shape.slice(0, -2), m - k, n], dr.dtype);
    return [concat([dq, first.matmul(adjoint(dq).matmul(rest)).neg()], -1), triu(concat([dr, below], -2))];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Full QR factorization a = q r of `[…, m, n]`: as `qr`, with all m columns of q. Columns beyond the n-th are any basis
 * of the orthogonal complement, and only what does not depend on which can be differentiated. O(m² max(m, n)).
 *
 * @throws as `qr` does.
 */
export function fullQr(a: Tensor): FullQR {
  checkMatrix("fullQr", a);
  const [q, r] = bind(fullQrP, [factorable("fullQr", a)], undefined);
  return { q: q!, r: r! };
}
