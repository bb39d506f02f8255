// The principal square root and the sign of a matrix.
import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { ConvergenceError, DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSquare, equilibrate, FACTORED, factorable, load, overBatch, store } from "../base/matrix.ts";
import { sylvesterFor } from "../equations/sylvester.ts";
import { combine, solveGeneral } from "../kernels/dense.ts";
import { factorLU } from "../kernels/lu.ts";
import { oneNorm } from "../kernels/powerNorm.ts";
import type { Width } from "../kernels/vector.ts";
import { applyFunction, type MatrixFunction } from "./matrixFunction.ts";
import { complexSchur, fromSchur, refuseNegative, sqrtTriangular } from "./triangularFunction.ts";

const sqrtmP: Primitive<undefined> = definePrimitive<undefined>({
  name: "sqrtm",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!],
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const work = load("sqrtm", x!);
      // A power of four, whose root is exact.
      let back = equilibrate(work);
      if (Math.log2(back) % 2 !== 0) {
        for (let i = 0; i < work.data.length; i++) work.data[i]! *= 2;
        back /= 2;
      }
      const { rows: n, width: w, data, dtype } = work;
      const { t, z } = complexSchur("sqrtm", w, n, data);
      refuseNegative("sqrtm", w, n, t);
      const root = fromSchur(w, n, z, sqrtTriangular("sqrtm", n, t));
      const factor = Math.sqrt(back);
      if (factor !== 1) for (let i = 0; i < root.length; i++) root[i]! *= factor;
      return [store(root, n, n, dtype)];
    }),
  // X dX + dX X = dA
  jvp: ({ tangents: [da], outputs: [x] }) => [sylvesterFor("sqrtm", x!, x!, da!)],
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * The principal square root of square `[…, n, n]`: the x with x x = a whose eigenvalues lie in the right half plane.
 * Blocked Schur method (Björck and Hammarling 1983; Deadman, Higham and Ralha 2013); O(28 n³). The dtype is that of a:
 * a real matrix with negative eigenvalues has a complex root and must come as complex. A singular a has a root when its
 * zero eigenvalues are not defective; then digits are lost, and there is no derivative.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity, a real matrix with negative
 * eigenvalues, and one without a root.
 */
export function sqrtm(a: Tensor): Tensor {
  checkSquare("sqrtm", a);
  return bindOne(sqrtmP, [factorable("sqrtm", a)], undefined);
}

/** log |det| of an LU factorization, divided by n. */
function meanLog(w: Width, n: number, lu: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const p = i * (n + 1) * w;
    sum += Math.log(w === 1 ? Math.abs(lu[p]!) : Math.hypot(lu[p]!, lu[p + 1]!));
  }
  return sum / n;
}

/**
 * Newton's iteration X ← (μ X + (μ X)⁻¹) / 2 with determinantal scaling, which ends once steps are small.
 * Source: Higham, "Functions of Matrices" (2008), 5.3–5.5.
 */
function signOf(w: Width, n: number, a: Float64Array): Float64Array {
  let x = a;
  const singular = (): DomainError =>
    new DomainError(
      "signm: a has an eigenvalue on the imaginary axis, to rounding, where sign is not defined",
    );
  for (let step = 0, before = Number.POSITIVE_INFINITY; step < 100; step++) {
    const lu = x.slice();
    factorLU(w, n, n, lu);
    const log = meanLog(w, n, lu);
    if (n > 0 && !Number.isFinite(log)) throw singular();
    const isClose = before < 1e-2;
    const scale = isClose || n === 0 ? 1 : Math.exp(-log);
    const inverse = combine(w, n, 1, []);
    if (!solveGeneral(w, n, x.slice(), inverse, n)) throw singular();
    const next = combine(w, n, 0, [
      [scale / 2, x],
      [1 / (2 * scale), inverse],
    ]);
    const size = oneNorm(w, n, next);
    const change = oneNorm(
      w,
      n,
      combine(w, n, 0, [
        [1, next],
        [-1, x],
      ]),
    );
    x = next;
    const relative = size === 0 ? 0 : change / size;
    if (!Number.isFinite(relative) || (size === 0 && n > 0)) throw singular();
    if (relative <= n * 2 ** -52 || (isClose && relative >= before / 2)) return x;
    before = relative;
  }
  throw new ConvergenceError(
    "signm: Newton's iteration did not converge in 100 steps; is an eigenvalue of a almost imaginary?",
  );
}

const SIGNM: MatrixFunction = { name: "signm", evaluate: signOf };

/**
 * The sign of square `[…, n, n]`: the function that is 1 for eigenvalues in the right half plane and −1 in the left.
 * Scaled Newton iteration; O(2 n³) for each of usually less than 10 steps. Its derivatives are Fréchet derivatives.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN, infinity and eigenvalues on the
 * imaginary axis; ConvergenceError when 100 steps do not suffice.
 */
export function signm(a: Tensor): Tensor {
  checkSquare("signm", a);
  return applyFunction(SIGNM, factorable("signm", a));
}
