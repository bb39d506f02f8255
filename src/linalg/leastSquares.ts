// Least squares of any rank by the singular value decomposition.
import { machineEpsilon } from "../tensor/dtype.ts";
import { DomainError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  checkMatrix,
  dropLast,
  equilibrate,
  load,
  meet,
  overBatch,
  rightSides,
  store,
  storeVector,
} from "./matrix.ts";
import { thinSVD } from "./svd.ts";
import { multiply, norm2, scale } from "./vector.ts";

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

/**
 * Minimizes ‖a x − b‖₂ for a `[…, m, n]` of any rank and b `[m]` or `[…, m, k]` (leading axes broadcast): the solution
 * of least norm, from the thin SVD in which singular values at most `rtol` times the largest count as zero (default:
 * max(m, n) eps of the dtype). O(m n min(m, n) + m n k).
 *
 * Source: Golub and Van Loan, "Matrix Computations" (4th ed.), 5.5.
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity or rtol outside
 * [0, 1).
 */
export function lstsq(a: Tensor, b: Tensor, options: { readonly rtol?: number } = {}): LeastSquares {
  checkMatrix("lstsq", a);
  const { rtol } = options;
  if (rtol !== undefined && !(rtol >= 0 && rtol < 1))
    throw new DomainError(`lstsq: rtol must lie in [0, 1), got ${rtol}`);
  const { columns, restore } = rightSides("lstsq", a, b);
  const [x, residual, rank, singularValues] = overBatch([a, columns], ([matrix, right]) =>
    leastNorm(matrix!, right!, rtol),
  );
  return {
    x: restore(x!),
    residual: restore(residual!),
    rank: dropLast(rank!),
    singularValues: singularValues!,
  };
}

function leastNorm(a: Tensor, b: Tensor, rtol: number | undefined): Tensor[] {
  const { dtype, width: w } = meet("lstsq", a, b);
  const work = load("lstsq", a, w);
  const right = load("lstsq", b, w, "b");
  const { rows: m, columns: n } = work;
  const k = Math.min(m, n);
  const r = right.columns;
  const back = equilibrate(work);
  const original = work.data.slice();
  const { u, s, v } = thinSVD(w, m, n, work.data);
  const tolerance = (rtol ?? Math.max(m, n) * machineEpsilon(work.dtype)) * (s[0] ?? 0);
  let rank = 0;
  while (rank < k && s[rank] > tolerance) rank++;
  // x = V Σ⁺ Uᴴ b with the first `rank` columns.
  const inner = { data: new Float64Array(rank * r * w), offset: 0, ld: rank * w };
  const rightBlock = { data: right.data, offset: 0, ld: m * w };
  multiply(w, rank, r, m, { data: u, offset: 0, ld: m * w, adjoint: true }, rightBlock, inner);
  for (let j = 0; j < r; j++)
    for (let i = 0; i < rank; i++) scale(w, 1 / s[i], 0, inner.data, (i + j * rank) * w, 1);
  const x = { data: new Float64Array(n * r * w), offset: 0, ld: n * w };
  if (rank > 0) multiply(w, n, r, rank, { data: v, offset: 0, ld: n * w }, inner, x);
  const negative = { ...x, data: x.data.map((value) => -value) };
  multiply(w, m, r, n, { data: original, offset: 0, ld: m * w }, negative, rightBlock, { accumulate: true });
  const residual = Float64Array.from({ length: r }, (_, j) => norm2(right.data, j * m * w, m * w));
  scale(w, 1 / back, 0, x.data, 0, n * r);
  return [
    store(x.data, n, r, dtype),
    storeVector(residual, dtype),
    new Tensor(Int32Array.of(rank), [1], "int32"),
    storeVector(
      s.map((value) => value * back),
      dtype,
    ),
  ];
}
