// Linear systems with square matrices, on tensors.
import { bindOne } from "../../ops/bind.ts";
import type { Primitive } from "../../ops/primitive.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { hermitianPart } from "../base/derivative.ts";
import { type HermitianParams, hermitianTo, load, type Work } from "../base/matrix.ts";
import { factorsOf, type Memory } from "../base/remember.ts";
import { type SystemParams, solveSystem, systemPrimitive } from "../base/system.ts";
import { exchange, exchangeAll, factorLU } from "../kernels/lu.ts";
import { solveTriangle } from "../kernels/triangular.ts";
import { choleskyOf } from "./cholesky.ts";
import { checkDiagonal } from "./solveTriangular.ts";

/** P A = L U, or P Aᵀ = L U, packed as `factorLU` leaves it. */
export interface LU {
  readonly work: Work;
  readonly pivots: Int32Array;
  readonly ofTranspose: boolean;
}

const rememberedLU: Memory<LU> = new WeakMap();

function luOf(caller: string, matrix: Tensor): LU {
  // A matrix stored by rows is the transpose of what kernels read, and as good: that spares turning it round.
  const ofTranspose = matrix.strides[1] === 1;
  const work = load(caller, ofTranspose ? matrix.mT() : matrix);
  return { work, pivots: factorLU(work.width, work.rows, work.rows, work.data), ofTranspose };
}

/** LU factors of each matrix of a batch, shared with `solve`. */
export const luFactors = (caller: string, a: Tensor): readonly LU[] =>
  factorsOf(rememberedLU, a, (matrix) => luOf(caller, matrix));

/** Overwrites the column-major x with A⁻¹ x, or A⁻ᵀ x. The pivots must not be zero. */
export function applyInverse(
  { work, pivots, ofTranspose }: LU,
  x: Float64Array,
  columns: number,
  transposed: boolean,
): void {
  const { data, rows: n, width: w } = work;
  const ld = n * w;
  if (transposed !== ofTranspose) {
    // Aᵀ = Uᵀ Lᵀ P
    solveTriangle(w, n, data, 0, ld, { lower: false, transpose: "transpose" }, x, 0, ld, columns);
    const unit = { lower: true, transpose: "transpose", unitDiagonal: true } as const;
    solveTriangle(w, n, data, 0, ld, unit, x, 0, ld, columns);
    for (let i = n - 1; i >= 0; i--) exchange(w, x, ld, 0, columns, i, pivots[i]);
  } else {
    exchangeAll(w, x, ld, 0, columns, pivots, 0, n);
    solveTriangle(w, n, data, 0, ld, { lower: true, unitDiagonal: true }, x, 0, ld, columns);
    solveTriangle(w, n, data, 0, ld, { lower: false }, x, 0, ld, columns);
  }
}

interface GeneralParams extends SystemParams {
  readonly transposed: boolean;
}

const solveP: Primitive<GeneralParams> = systemPrimitive<GeneralParams, LU>({
  name: "solve",
  memory: rememberedLU,
  factor: (matrix, { caller }) => luOf(caller, matrix),
  solve: (lu, right, { caller, transposed }) => {
    checkDiagonal(caller, lu.work);
    applyInverse(lu, right.data, right.columns, transposed);
  },
  matrix: (a, { transposed }) => (transposed ? a.mT() : a),
  transposed: (self, a, c, params) => bindOne(self, [a, c], { ...params, transposed: !params.transposed }),
});

/**
 * Solves a x = b for square a `[…, n, n]` and b `[n]` or `[…, n, k]` (leading axes broadcast). LU with partial
 * pivoting, blocked; O(n³ + n² k). The factors are kept as long as the tensor a is: another system with it, also one of
 * a derivative, costs O(n² k).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity, and a matrix
 * in which elimination meets an exact zero. A matrix that is singular only to rounding gives a large x.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  return solveSystem(solveP, a, b, { caller: "solve", transposed: false });
}

/** `solve` for other public functions: messages begin with `caller`. */
export function solveFor(caller: string, a: Tensor, b: Tensor): Tensor {
  return solveSystem(solveP, a, b, { caller, transposed: false });
}

interface PositiveParams extends SystemParams, HermitianParams {}

const solvePositiveP: Primitive<PositiveParams> = systemPrimitive<PositiveParams, Work>({
  name: "solvePositive",
  memory: new WeakMap(),
  factor: (matrix, params) => {
    const work = load(params.caller, matrix);
    choleskyOf(params.caller, work, params);
    return work;
  },
  solve: ({ data, rows: n, width: w }, { data: x, columns }) => {
    const ld = n * w;
    solveTriangle(w, n, data, 0, ld, { lower: false, transpose: "adjoint" }, x, 0, ld, columns);
    solveTriangle(w, n, data, 0, ld, { lower: false }, x, 0, ld, columns);
  },
  matrix: hermitianPart,
  // The transpose of a Hermitian matrix is its conjugate.
  transposed: (self, a, c, params) => bindOne(self, [a, c.conj()], params).conj(),
});

/**
 * Solves a x = b for Hermitian positive definite a `[…, n, n]` by Cholesky: half the work of `solve`, and factors are
 * kept likewise. Derivatives are those along Hermitian matrices: the gradient with respect to a is Hermitian.
 *
 * @throws as `cholesky` and `solve` do.
 */
export function solvePositive(a: Tensor, b: Tensor): Tensor {
  const caller = "solvePositive";
  return solveSystem(solvePositiveP, a, b, { caller, ...hermitianTo(caller, a) });
}
