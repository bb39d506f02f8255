// The factorization of Hermitian matrices that need not be definite, on tensors.
import { bind, bindOne } from "../../ops/bind.ts";
import { logicalOr, notEqual, where } from "../../ops/comparison.ts";
import { takeAlongAxis } from "../../ops/gather.ts";
import { tril } from "../../ops/join.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint, hermitianPart } from "../base/derivative.ts";
import { onDiagonal } from "../base/gap.ts";
import {
  checkSquare,
  equilibrate,
  FACTORED,
  factorable,
  type HermitianParams,
  hermitianTo,
  load,
  makeHermitian,
  overBatch,
  store,
} from "../base/matrix.ts";
import { type BunchKaufman, factorBunchKaufman } from "../kernels/bunchKaufman.ts";
import type { Width } from "../kernels/vector.ts";
import { solveFor } from "./solve.ts";
import { solveTriangularP } from "./solveTriangular.ts";

export interface LDL {
  /** `[…, n, n]`, unit lower triangular. */
  readonly l: Tensor;
  /** `[…, n, n]`, Hermitian, with blocks of order 1 and 2 on the diagonal. */
  readonly d: Tensor;
  /** int32 `[…, n]`: row and column i of l d lᴴ are row and column `permutation[i]` of a. */
  readonly permutation: Tensor;
}

/** The blocks as a column-major matrix. */
function blocks(w: Width, n: number, { diagonal, below }: BunchKaufman, factor: number): Float64Array {
  const d = new Float64Array(n * n * w);
  for (let i = 0; i < n; i++) {
    d[(i + i * n) * w] = factor * diagonal[i]!;
    if (i + 1 === n) break;
    const [low, high] = [(i + 1 + i * n) * w, (i + (i + 1) * n) * w];
    d[low] = d[high] = factor * below[i * w]!;
    if (w === 1) continue;
    d[low + 1] = factor * below[i * w + 1]!;
    d[high + 1] = -d[low + 1]!;
  }
  return d;
}

const ldlP: Primitive<HermitianParams> = definePrimitive<HermitianParams>({
  name: "ldl",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!, a!, { shape: a!.shape.slice(0, -1), dtype: "int32" }],
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("ldl", x!);
      makeHermitian("ldl", work, params);
      const back = equilibrate(work);
      const { rows: n, width, data, dtype } = work;
      const factors = factorBunchKaufman(width, n, data);
      return [
        store(factors.l, n, n, dtype),
        store(blocks(width, n, factors, back), n, n, dtype),
        new Tensor(factors.order, [n], "int32"),
      ];
    }),
  jvp: ({ tangents: [da], outputs: [l, d, permutation] }) => {
    const n = d!.shape.at(-1)!;
    const order = permutation!;
    const moved = hermitianPart(da!);
    const rows = takeAlongAxis(moved, order.expandDims(-1).broadcastTo(moved.shape), -2);
    const both = takeAlongAxis(rows, order.expandDims(-2).broadcastTo(moved.shape), -1);
    // L⁻¹ dA L⁻ᴴ is L⁻¹ dL D + dD + D (L⁻¹ dL)ᴴ, and L⁻¹ dL is zero in the blocks of D.
    const inside = solveUnit(l!, adjoint(solveUnit(l!, adjoint(both))));
    const isBlock = logicalOr(notEqual(d!, 0), onDiagonal(n));
    const below = where(isBlock, 0, tril(inside, -1));
    const dl = l!.matmul(solveFor("derivative of ldl", d!.mT(), below.mT()).mT());
    return [dl, where(isBlock, inside, 0), null];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const solveUnit = (l: Tensor, b: Tensor): Tensor =>
  bindOne(solveTriangularP, [l, b], { caller: "derivative of ldl", lower: true, unitDiagonal: true });

/**
 * Factors of Hermitian `[…, n, n]` that need not be positive definite: a[p][:, p] = l d lᴴ for p = `permutation`, with
 * Bunch and Kaufman's pivots of order 1 and 2. The inertia of a is that of d. Blocked; n³/3 multiplications.
 *
 * Derivatives are those along Hermitian matrices and hold while the pivots stay; they need a d that is not singular.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity and for a matrix that is not
 * Hermitian (to 1000 eps of its dtype).
 */
export function ldl(a: Tensor): LDL {
  checkSquare("ldl", a);
  const [l, d, permutation] = bind(ldlP, [factorable("ldl", a)], hermitianTo("ldl", a));
  return { l: l!, d: d!, permutation: permutation! };
}
