// Cholesky factors of matrices that change by a few vectors, without factoring anew.
// Source: Golub and Van Loan, "Matrix Computations" (4th ed.), 6.5.4; hyperbolic rotations in mixed form: Bojanczyk,
// Brent, van Dooren and de Hoog, "A note on downdating the Cholesky factorization" (1987).
import { bindOne } from "../../ops/bind.ts";
import { where } from "../../ops/comparison.ts";
import { tril } from "../../ops/join.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { onDiagonal } from "../base/gap.ts";
import {
  broadcastBatch,
  checkSquare,
  FACTORED,
  load,
  meet,
  overBatch,
  rightSides,
  store,
  type Work,
} from "../base/matrix.ts";
import { clearAbove } from "../kernels/triangular.ts";
import { moved } from "./cholesky.ts";

interface UpdateParams {
  readonly caller: string;
  /** 1 adds the products of the vectors, −1 takes them away. */
  readonly sign: 1 | -1;
}

/**
 * L with L Lᴴ ± x xᴴ in place of L Lᴴ, for column `column` of the vectors, which is destroyed. A rotation of each column
 * of L with what is left of x clears one entry of x; for a downdate the rotation is hyperbolic.
 */
function changeBy({ caller, sign }: UpdateParams, l: Work, vectors: Work, column: number): void {
  const { rows: n, width: w, data } = l;
  const x = vectors.data;
  const base = column * n * w;
  for (let j = 0; j < n; j++) {
    const at = (j + j * n) * w;
    const diagonal = data[at]!;
    const re = x[base + j * w]!;
    const im = w === 2 ? x[base + j * w + 1]! : 0;
    const size = Math.hypot(re, im);
    if (size === 0) continue;
    if (sign < 0 && !(size < diagonal))
      throw new DomainError(
        `${caller}: what remains is not positive definite: pivot ${j} of ${n} is not positive`,
      );
    const next = sign > 0 ? Math.hypot(diagonal, size) : Math.sqrt((diagonal - size) * (diagonal + size));
    const c = next / diagonal;
    // s = x_j / diagonal; column: (l ± s̄ x) / c, x: c x − s column, with the new column in it (mixed form).
    const sRe = re / diagonal;
    const sIm = im / diagonal;
    data[at] = next;
    for (let i = j + 1; i < n; i++) {
      const p = (i + j * n) * w;
      const q = base + i * w;
      if (w === 1) {
        data[p] = (data[p]! + sign * sRe * x[q]!) / c;
        x[q] = c * x[q]! - sRe * data[p]!;
      } else {
        const [xr, xi] = [x[q]!, x[q + 1]!];
        data[p] = (data[p]! + sign * (sRe * xr + sIm * xi)) / c;
        data[p + 1] = (data[p + 1]! + sign * (sRe * xi - sIm * xr)) / c;
        x[q] = c * xr - (sRe * data[p]! - sIm * data[p + 1]!);
        x[q + 1] = c * xi - (sRe * data[p + 1]! + sIm * data[p]!);
      }
    }
  }
}

/** Operands: l `[…, n, n]` and vectors `[…, n, k]` with equal leading axes and one dtype. */
const choleskyUpdateP: Primitive<UpdateParams> = definePrimitive<UpdateParams>({
  name: "choleskyUpdate",
  dtypes: FACTORED,
  abstractEval: ([l]) => [l!],
  evaluate: (operands, params) =>
    overBatch(operands, ([l, x]) => {
      const factor = load(params.caller, l!, undefined, "l");
      const vectors = load(params.caller, x!, undefined, "x");
      takeFactor(params.caller, factor);
      for (let column = 0; column < vectors.columns; column++) changeBy(params, factor, vectors, column);
      return [store(factor.data, factor.rows, factor.rows, factor.dtype)];
    }),
  jvp: ({ inputs: [l, x], tangents: [dl, dx], params: { sign }, outputs: [changed] }) => {
    // The change of L Lᴴ ± x xᴴ is what the new factor follows.
    const half = dl && factorPart(dl).matmul(adjoint(factorPart(l!)));
    const other = dx?.matmul(adjoint(x!)).mul(sign);
    const total = half && other ? half.add(other) : (half ?? other)!;
    return [moved(changed!, total.add(adjoint(total)))];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/** Clears what is not part of a factor. Throws DomainError unless the diagonal is positive. */
function takeFactor(caller: string, { data, rows: n, width: w }: Work): void {
  for (let i = 0; i < n; i++) {
    const at = (i + i * n) * w;
    if (!(data[at]! > 0))
      throw new DomainError(`${caller}: l must have a positive diagonal, got ${data[at]} at ${i}`);
    if (w === 2) data[at + 1] = 0;
  }
  clearAbove(w, n, data);
}

/** The lower triangle with the real part of the diagonal: what is read of a factor. */
const factorPart = (l: Tensor): Tensor =>
  where(onDiagonal(l.shape.at(-1)!), l.real(), tril(l)).astype(l.dtype);

function change(caller: string, l: Tensor, x: Tensor, sign: 1 | -1): Tensor {
  checkSquare(caller, l, "l");
  const { columns } = rightSides(caller, l, x, "x", "l");
  const { dtype } = meet(caller, l, x);
  return bindOne(choleskyUpdateP, broadcastBatch(l.astype(dtype), columns.astype(dtype)), { caller, sign });
}

/**
 * The Cholesky factor of l lᴴ + x xᴴ from l `[…, n, n]`, lower triangular with a positive diagonal (what is above the
 * diagonal and the imaginary part of the diagonal are not read), and x `[n]` or `[…, n, k]`. O(n² k).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity, and a diagonal
 * that is not positive.
 */
export function choleskyUpdate(l: Tensor, x: Tensor): Tensor {
  return change("choleskyUpdate", l, x, 1);
}

/**
 * The Cholesky factor of l lᴴ − x xᴴ; see `choleskyUpdate`. Where that matrix is nearly singular its factor has as few
 * correct digits as the matrix itself determines. O(n² k).
 *
 * @throws as `choleskyUpdate` does; DomainError when what remains is not positive definite, naming the pivot.
 */
export function choleskyDowndate(l: Tensor, x: Tensor): Tensor {
  return change("choleskyDowndate", l, x, -1);
}
