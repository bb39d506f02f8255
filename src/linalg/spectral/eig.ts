// Eigenvalues and vectors of general square matrices, on tensors.
import { bind, bindOne } from "../../ops/bind.ts";
import { where } from "../../ops/comparison.ts";
import { complexFrom } from "../../ops/complex.ts";
import { diagonal } from "../../ops/movement.ts";
import { type Abstract, definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { allocate, complexDType, type DType } from "../../tensor/dtype.ts";
import { ConvergenceError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { onDiagonal } from "../base/gap.ts";
import {
  checkSquare,
  equilibrate,
  FACTORED,
  factorable,
  load,
  overBatch,
  store,
  withMatrix,
} from "../base/matrix.ts";
import { generalEigen } from "../kernels/generalEigen.ts";
import { eigenvaluesOf } from "../kernels/schurFactors.ts";
import { solveFor } from "../systems/solve.ts";
import { pairValues } from "./pairValues.ts";

export interface Eig {
  /** `[…, n]`, complex. */
  readonly values: Tensor;
  /** `[…, n, n]`, complex: column i belongs to value i, has length 1, and its largest element is real. */
  readonly vectors: Tensor;
}

export interface TwoSidedEig extends Eig {
  /** `[…, n, n]`, complex: columns u with uᴴ a = λ uᴴ, normalised as the others. */
  readonly leftVectors: Tensor;
}

/** Complex numbers, two entries each, as a vector; times a real factor. */
export function storeComplexVector(data: Float64Array, dtype: DType, factor = 1): Tensor {
  const out = allocate(dtype, data.length / 2);
  for (let i = 0; i < data.length; i++) out[i] = data[i]! * factor;
  return new Tensor(out, [data.length / 2], dtype);
}

/** Throws ConvergenceError when a QR iteration gave up. */
export function checkConverged(name: string, failed: number): void {
  if (failed >= 0)
    throw new ConvergenceError(
      `${name}: the QR iteration did not converge for the block that ends at row ${failed}`,
    );
}

/** One at the element of largest size of each column. */
function largestOf(vectors: Tensor): Tensor {
  const size = vectors.real().square().add(vectors.imag().square());
  const rows = vectors.shape.at(-2)!;
  const index = new Tensor(
    Int32Array.from({ length: rows }, (_, i) => i),
    [rows, 1],
    "int32",
  );
  return size.argmax({ axis: -2, keepDims: true }).equal(index);
}

/**
 * How vectors of the matrix turn when it moves by `da`, such that they keep their length and their largest element
 * stays real; and how the values move.
 */
function moveVectors(vectors: Tensor, values: Tensor, da: Tensor): { values: Tensor; vectors: Tensor } {
  const n = values.shape.at(-1)!;
  const moved = solveFor("eig", vectors, da.matmul(vectors));
  const diagonalMask = onDiagonal(n);
  const gaps = where(diagonalMask, 1, values.expandDims(-2).sub(values.expandDims(-1)));
  const turn = where(diagonalMask, 0, moved.div(gaps));
  const free = vectors.matmul(turn);
  const along = vectors.conj().mul(free).sum({ axis: -2, keepDims: true }).real();
  const mask = largestOf(vectors);
  const at = (x: Tensor): Tensor => where(mask, x, 0).sum({ axis: -2, keepDims: true });
  const phase = at(free.imag()).div(at(vectors.real()));
  return { values: diagonal(moved), vectors: free.sub(vectors.mul(complexFrom(along, phase))) };
}

const valuesOf = (a: Abstract): Abstract => ({
  shape: withMatrix(a, a.shape.at(-1)!),
  dtype: complexDType(a.dtype),
});
const vectorsOf = (a: Abstract): Abstract => ({ shape: a.shape, dtype: complexDType(a.dtype) });

function evaluate(name: string, a: Tensor, wanted: "right" | "both"): Tensor[] {
  return overBatch([a], ([x]) => {
    const work = load(name, x!);
    const back = equilibrate(work);
    const n = work.rows;
    const dtype = complexDType(work.dtype);
    const { values, right, left, failed } = generalEigen(work.width, n, work.data, wanted);
    checkConverged(name, failed);
    const found = [storeComplexVector(values, dtype, back), store(right, n, n, dtype)];
    return wanted === "right" ? found : [...found, store(left, n, n, dtype)];
  });
}

const eigP: Primitive<undefined> = definePrimitive<undefined>({
  name: "eig",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!), vectorsOf(a!)],
  evaluate: ([a]) => evaluate("eig", a!, "right"),
  jvp: ({ tangents: [da], outputs: [values, vectors] }) => {
    if (values!.shape.at(-1) === 0) return [null, null];
    const moved = moveVectors(vectors!, values!, da!.astype(vectors!.dtype));
    return [moved.values, moved.vectors];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const eigTwoSidedP: Primitive<undefined> = definePrimitive<undefined>({
  name: "eigTwoSided",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!), vectorsOf(a!), vectorsOf(a!)],
  evaluate: ([a]) => evaluate("eigTwoSided", a!, "both"),
  jvp: ({ tangents: [da], outputs: [values, vectors, left] }) => {
    if (values!.shape.at(-1) === 0) return [null, null, null];
    const direction = da!.astype(vectors!.dtype);
    const moved = moveVectors(vectors!, values!, direction);
    const other = moveVectors(left!, values!.conj(), adjoint(direction));
    return [moved.values, moved.vectors, other.vectors];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const eigvalsP: Primitive<undefined> = definePrimitive<undefined>({
  name: "eigvals",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!)],
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const work = load("eigvals", x!);
      const back = equilibrate(work);
      const { values, failed } = eigenvaluesOf(work.width, work.rows, work.data);
      checkConverged("eigvals", failed);
      return [storeComplexVector(values, complexDType(work.dtype), back)];
    }),
  jvp: ({ inputs: [a], tangents: [da], outputs: [values] }) => {
    if (values!.shape.at(-1) === 0) return [null];
    // The order of `eig` may differ from that without vectors.
    const [found, vectors] = bind(eigP, [a!], undefined);
    const moved = diagonal(solveFor("eigvals", vectors!, da!.astype(vectors!.dtype).matmul(vectors!)));
    const n = values!.shape.at(-1)!;
    const index = new Tensor(
      Int32Array.from({ length: n }, (_, i) => i),
      [n],
      "int32",
    );
    const isPartner = pairValues(values!, found!).expandDims(-1).equal(index);
    return [where(isPartner, moved.expandDims(-2), 0).sum({ axis: -1 })];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Eigenvalues and right eigenvectors, a v = λ v, of square `[…, n, n]`, real or complex; the results are complex always.
 * The pairs of complex values of a real matrix are exact conjugates and stand together, the one with the positive
 * imaginary part first; otherwise there is no order.
 *
 * Balancing, blocked Householder reduction to Hessenberg form, multishift QR with aggressive early deflation (Braman,
 * Byers and Mathias 2002), back substitution and one product with the Schur vectors; O(n³), about 30 n³.
 *
 * Derivatives: values move by the diagonal of V⁻¹ da V, right where that value is simple or V is well conditioned;
 * vectors only where all values differ (else infinities or NaN come), such that length 1 and the real largest element
 * stay. The vectors of a defective matrix are dependent to rounding, and no derivative means anything there.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity; ConvergenceError when the
 * iteration reaches its limit (30 sweeps for each row).
 */
export function eig(a: Tensor): Eig {
  checkSquare("eig", a);
  const [values, vectors] = bind(eigP, [factorable("eig", a)], undefined);
  return { values: values!, vectors: vectors! };
}

/**
 * `eig` with left eigenvectors as well: columns u with uᴴ a = λ uᴴ, from the same Schur form, which stay accurate where
 * the inverse of the right ones would not. 1 / |uᴴ v| is the condition of a value.
 *
 * @throws as `eig` does.
 */
export function eigTwoSided(a: Tensor): TwoSidedEig {
  checkSquare("eigTwoSided", a);
  const [values, vectors, leftVectors] = bind(eigTwoSidedP, [factorable("eigTwoSided", a)], undefined);
  return { values: values!, vectors: vectors!, leftVectors: leftVectors! };
}

/**
 * The eigenvalues `[…, n]` of square `[…, n, n]`, complex, without vectors: about 10 n³ operations. Their order may
 * differ from that of `eig`. The derivative finds the vectors.
 *
 * @throws as `eig` does.
 */
export function eigvals(a: Tensor): Tensor {
  checkSquare("eigvals", a);
  return bindOne(eigvalsP, [factorable("eigvals", a)], undefined);
}
