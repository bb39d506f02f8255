// Least squares of any rank by the singular value decomposition.
import { bind, bindOne } from "../../ops/bind.ts";
import { where } from "../../ops/comparison.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { minus } from "../../ops/series.ts";
import { allocate, machineEpsilon, realDType } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint, chain, columnProducts, matmulOrNull } from "../base/derivative.ts";
import { asRow } from "../base/gap.ts";
import {
  broadcastBatch,
  checkMatrix,
  equilibrate,
  FACTORED,
  foldColumns,
  leastLength,
  load,
  meet,
  overBatch,
  rightSides,
  store,
  storeVector,
} from "../base/matrix.ts";
import { multiply, norm2, scale } from "../kernels/vector.ts";
import { norm } from "../norms/norm.ts";
import { type MatrixSVD, svdFactors, valueTangents } from "../spectral/svd.ts";
import { pinvP, type RankParams, rankOf, rankTolerance } from "./pseudoinverse.ts";

export interface LeastSquares {
  /** `[…, n]` or `[…, n, k]`: of all minimizers the one of least norm. */
  readonly x: Tensor;
  /** ‖a x − b‖ of each right-hand side: `[…]` or `[…, k]`. */
  readonly residual: Tensor;
  /** Singular values above rtol times the largest: int32 `[…]`. */
  readonly rank: Tensor;
  /** `[…, min(m, n)]`, descending. */
  readonly singularValues: Tensor;
}

function leastNorm(a: Tensor, b: Tensor, { u, s, v, back }: MatrixSVD, rtol: number): Tensor[] {
  const work = load("lstsq", a);
  const right = load("lstsq", b, undefined, "b");
  const { rows: m, columns: n, width: w, dtype } = work;
  const r = right.columns;
  equilibrate(work);
  const rank = rankOf(s, rtol);
  // x = V Σ⁺ Uᴴ b with the first `rank` columns.
  const inner = { data: new Float64Array(rank * r * w), offset: 0, ld: rank * w };
  const rightBlock = { data: right.data, offset: 0, ld: m * w };
  multiply(w, rank, r, m, { data: u, offset: 0, ld: m * w, adjoint: true }, rightBlock, inner);
  for (let j = 0; j < r; j++)
    for (let i = 0; i < rank; i++) scale(w, 1 / s[i]!, 0, inner.data, (i + j * rank) * w, 1);
  const x = { data: new Float64Array(n * r * w), offset: 0, ld: n * w };
  if (rank > 0) multiply(w, n, r, rank, { data: v, offset: 0, ld: n * w }, inner, x);
  const negative = { ...x, data: x.data.map((value) => -value) };
  multiply(w, m, r, n, { data: work.data, offset: 0, ld: m * w }, negative, rightBlock, { accumulate: true });
  const residual = Float64Array.from({ length: r }, (_, j) => norm2(right.data, j * m * w, m * w));
  scale(w, 1 / back, 0, x.data, 0, n * r);
  return [
    store(x.data, n, r, dtype),
    storeVector(residual, dtype),
    new Tensor(Int32Array.of(rank), [], "int32"),
    storeVector(s, dtype, back),
  ];
}

/** The size `[…, k]` up to which residuals are rounding: those of a system that has a solution. */
function roundingOf(a: Tensor, x: Tensor, b: Tensor): Tensor {
  const [m, n] = a.shape.slice(-2) as [number, number];
  const columnNorms = (y: Tensor): Tensor => norm(y.mT().expandDims(-1));
  const size = norm(a).expandDims(-1).mul(columnNorms(x)).add(columnNorms(b));
  return size.mul(8 * Math.sqrt(m) * Math.max(m, n) * machineEpsilon(a.dtype));
}

/** Operands: a `[…, m, n]` and b `[…, m, k]` with equal leading axes and one dtype. */
const lstsqP: Primitive<RankParams> = definePrimitive<RankParams>({
  name: "lstsq",
  dtypes: FACTORED,
  abstractEval: ([a, b]) => {
    const batch = a!.shape.slice(0, -2);
    const k = b!.shape.at(-1)!;
    const { dtype } = a!;
    const real = realDType(dtype);
    return [
      { shape: [...batch, a!.shape.at(-1)!, k], dtype },
      { shape: [...batch, k], dtype: real },
      { shape: batch, dtype: "int32" },
      { shape: [...batch, leastLength(a!)], dtype: real },
    ];
  },
  evaluate: ([a, b], { rtol }, outputs) => {
    const factors = svdFactors("lstsq", a!);
    if (factors.length === 0)
      return outputs.map(({ shape, dtype }) => new Tensor(allocate(dtype, 0), shape, dtype));
    let index = 0;
    return overBatch([a!, b!], ([x, y]) => leastNorm(x!, y!, factors[index++]!, rtol));
  },
  jvp: ({ inputs: [a, b], tangents: [da, db], outputs: [x, residual], params }) => {
    const pseudo = bindOne(pinvP, [a!], params);
    const moved = minus(db!, matmulOrNull(da!, x!));
    if (!moved) return [null, null, null, null];
    const rest = b!.sub(a!.matmul(x!));
    let dx = pseudo.matmul(moved);
    if (da) {
      // The range and the null space turn with a, at constant rank.
      const back = adjoint(da);
      const free = back.matmul(adjoint(pseudo).matmul(x!));
      dx = dx
        .add(chain(pseudo, adjoint(pseudo), back.matmul(rest)))
        .add(free.sub(pseudo.matmul(a!.matmul(free))));
    }
    const isZero = residual!.lessEqual(roundingOf(a!, x!, b!));
    const shares = columnProducts(rest, moved).div(where(isZero, 1, residual!));
    return [dx, where(isZero, 0, shares), null, da && valueTangents(a!, da)];
  },
  batch: ({ inputs: [a, b], batched, size, params, self }) => {
    if (!batched[0]) return solveFolded(self, a!, b!, 1, params);
    const right = batched[1] ? b! : b!.broadcastTo([size, ...b!.shape]);
    return bind(self, [a!, right], params);
  },
  jet: JET_FROM_JVP,
});

/** For right-hand sides with `count` leading axes that the matrices lack: one factorization serves them all. */
function solveFolded(
  self: Primitive<RankParams>,
  a: Tensor,
  b: Tensor,
  count: number,
  params: RankParams,
): readonly Tensor[] {
  const { columns, unfold } = foldColumns(b, count);
  const [x, residual, rank, values] = bind(self, [a, columns], params);
  const repeat = (y: Tensor): Tensor => y.broadcastTo([...b.shape.slice(0, count), ...y.shape]);
  return [unfold(x!), unfold(asRow(residual!)).squeeze(-2), repeat(rank!), repeat(values!)];
}

/**
 * Minimizes ‖a x − b‖₂ for a `[…, m, n]` of any rank and b `[m]` or `[…, m, k]` (leading axes broadcast): the solution
 * of least norm, from the thin SVD in which singular values at most `rtol` times the largest count as zero (default:
 * max(m, n) eps of the dtype). O(m n min(m, n) + m n k); the SVD is kept as long as the tensor a is, and least squares
 * with other right-hand sides start from it.
 *
 * Derivatives are those at constant rank: x jumps where the rank of `a` changes, so at a deficient rank they hold along
 * changes of `a` that keep it, and neglect what lies below `rtol`. The derivative of a residual that is 0
 * to rounding is 0.
 *
 * Sources: Golub and Van Loan, "Matrix Computations" (4th ed.), 5.5; derivative: Golub and Pereyra, "The
 * differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate", SIAM Journal on
 * Numerical Analysis 10 (1973).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity or rtol outside
 * [0, 1).
 */
export function lstsq(a: Tensor, b: Tensor, options: { readonly rtol?: number } = {}): LeastSquares {
  checkMatrix("lstsq", a);
  const rtol = rankTolerance("lstsq", a, options.rtol);
  const { columns, restore } = rightSides("lstsq", a, b);
  const { dtype } = meet("lstsq", a, b);
  const matrix = a.astype(dtype);
  const right = columns.astype(dtype);
  const [x, residual, rank, singularValues] =
    a.ndim === 2 && right.ndim > 2
      ? solveFolded(lstsqP, matrix, right, right.ndim - 2, { rtol })
      : bind(lstsqP, broadcastBatch(matrix, right), { rtol });
  return {
    x: restore(x!),
    residual: restore(residual!),
    rank: rank!,
    singularValues: singularValues!,
  };
}
