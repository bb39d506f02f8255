// The discrete Lyapunov (Stein) equation by the complex Schur form.
// Source: Kitagawa, "An algorithm for solving the matrix equation X = F X Fᵀ + S" (1977).
import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { isOpen, leadingBatch } from "../../ops/rules.ts";
import { promote } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import {
  broadcastBatch,
  checkSquare,
  FACTORED,
  factorDType,
  load,
  overBatch,
  store,
} from "../base/matrix.ts";
import { complexSchur, fromSchur } from "../functions/triangularFunction.ts";
import { EPS } from "../kernels/deflate.ts";
import { sandwich } from "../kernels/dense.ts";
import { widened } from "../kernels/schurComplex.ts";
import { divide } from "../kernels/triangular.ts";
import { axpy, maxAbs, type Width } from "../kernels/vector.ts";
import { checkSameOrder } from "./sylvester.ts";

/**
 * T X Tᴴ − X = −Q for a complex triangle, Q overwritten: from the last column on, with Y = X Tᴴ so far, column j solves
 * (conj(tⱼⱼ) T − I) xⱼ = −qⱼ − T yⱼ. Returns false when the equation is singular. O(2 n³) in complex numbers.
 */
function steinTriangular(n: number, t: Float64Array, q: Float64Array): boolean {
  const ld = 2 * n;
  let isRegular = true;
  const y = new Float64Array(ld);
  const pivot = new Float64Array(2);
  const least = EPS * Math.max(1, maxAbs(t, 0, t.length) ** 2);
  for (let j = n - 1; j >= 0; j--) {
    y.fill(0);
    for (let k = j + 1; k < n; k++) {
      const p = 2 * j + k * ld;
      axpy(2, t[p]!, -t[p + 1]!, q, k * ld, y, 0, n);
    }
    const x = j * ld;
    for (let i = 0; i < ld; i++) q[x + i] = -q[x + i]!;
    for (let k = 0; k < n; k++) axpy(2, -y[2 * k]!, -y[2 * k + 1]!, t, k * ld, q, x, k + 1);
    const re = t[2 * j * (n + 1)]!;
    const im = -t[2 * j * (n + 1) + 1]!;
    for (let k = n - 1; k >= 0; k--) {
      const p = 2 * k * (n + 1);
      pivot[0] = re * t[p]! - im * t[p + 1]! - 1;
      pivot[1] = re * t[p + 1]! + im * t[p]!;
      if (Math.hypot(pivot[0]!, pivot[1]!) <= least) {
        isRegular = false;
        pivot[0] = least;
        pivot[1] = 0;
      }
      const at = x + 2 * k;
      divide(2, q, at, pivot, 0);
      const a = q[at]!;
      const b = q[at + 1]!;
      axpy(2, -(re * a - im * b), -(re * b + im * a), t, k * ld, q, x, k);
    }
  }
  return isRegular;
}

function stein(w: Width, n: number, a: Float64Array, q: Float64Array): Float64Array {
  const { t, z } = complexSchur("discreteLyapunov", w, n, a);
  const right = sandwich(2, n, n, z, true, w === 2 ? q : widened(q), z, false);
  if (!steinTriangular(n, t, right))
    throw new DomainError(
      "discreteLyapunov: the equation is singular: an eigenvalue of a times the conjugate of another is 1, to rounding",
    );
  return fromSchur(w, n, z, right);
}

const discreteLyapunovP: Primitive<undefined> = definePrimitive<undefined>({
  name: "discreteLyapunov",
  dtypes: FACTORED,
  abstractEval: ([, q]) => [q!],
  evaluate: ([a, q]) =>
    overBatch([a!, q!], ([x, y]) => {
      const left = load("discreteLyapunov", x!);
      const right = load("discreteLyapunov", y!, left.width, "q");
      const { rows: n, width: w, dtype } = left;
      return [store(stein(w, n, left.data, right.data), n, n, dtype)];
    }),
  // a dx aᴴ − dx + (dq + da x aᴴ + a x daᴴ) = 0
  jvp: ({ inputs: [a], tangents: [da, dq], outputs: [x], self }) => {
    let right = dq ?? null;
    if (da) {
      const moved = da
        .matmul(x!)
        .matmul(adjoint(a!))
        .add(a!.matmul(x!).matmul(adjoint(da)));
      right = right ? right.add(moved) : moved;
    }
    return [right && bindOne(self, [a!, right], undefined)];
  },
  // x = Σ aᵏ q (aᴴ)ᵏ
  transpose: ({ cotangents: [c], inputs: [a, q], self }) => [
    null,
    isOpen(q!) ? bindOne(self, [(a as Tensor).mT(), c!], undefined) : null,
  ],
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/** `discreteLyapunov` for operands of one dtype that fit. */
export const discreteLyapunovFor = (a: Tensor, q: Tensor): Tensor =>
  bindOne(discreteLyapunovP, broadcastBatch(a, q), undefined);

/**
 * The x `[…, n, n]` with a x aᴴ − x + q = 0, the discrete Lyapunov equation; leading axes broadcast and dtypes meet. By
 * the complex Schur form of a, column by column (Kitagawa 1977); O(30 n³).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity, and when the
 * product of an eigenvalue of a with the conjugate of another is 1 to rounding.
 */
export function discreteLyapunov(a: Tensor, q: Tensor): Tensor {
  checkSquare("discreteLyapunov", a);
  checkSameOrder("discreteLyapunov", a, q);
  const name = "discreteLyapunov";
  const dtype = promote(factorDType(name, a.dtype), factorDType(name, q.dtype));
  return discreteLyapunovFor(a.astype(dtype), q.astype(dtype));
}
