// Generalised Schur form and generalised eigenvalues of pairs of matrices, on tensors.
import { bind } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { complexDType, type DType, isComplex, realDType } from "../../tensor/dtype.ts";
import { ConvergenceError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  broadcastBatch,
  checkSquare,
  equilibrate,
  FACTORED,
  load,
  meet,
  overBatch,
  store,
  storeVector,
  withMatrix,
} from "../base/matrix.ts";
import { complexPencil, generalizedEigen, pencilValues } from "../kernels/generalizedEigen.ts";
import type { Pencil } from "../kernels/pencil.ts";
import { qzFactors } from "../kernels/qz.ts";
import { movePencilUp, pencilBlock } from "../kernels/qzSwap.ts";
import type { Width } from "../kernels/vector.ts";
import { checkConverged, storeComplexVector } from "./eig.ts";
import { notDifferentiable } from "./hessenberg.ts";
import { type EigenvalueSort, type SchurOptions, selection } from "./schur.ts";

export interface QZ {
  /** `[…, n, n]`, upper triangular, or with 2 x 2 blocks for the complex pairs of real matrices. */
  readonly s: Tensor;
  /** `[…, n, n]`, upper triangular, its diagonal real and not negative; diagonal where s has a 2 x 2 block. */
  readonly t: Tensor;
  /** `[…, n, n]`, unitary. */
  readonly q: Tensor;
  /** `[…, n, n]`, unitary. */
  readonly z: Tensor;
  /** `[…]`, int32: how many eigenvalues `sort` has taken to the front; 0 without it. */
  readonly selected: Tensor;
}

interface QZParams {
  readonly output: "real" | "complex";
  readonly sort: EigenvalueSort | null;
}

/** alpha / beta, two entries each; infinite where beta is 0. */
function ratios(alpha: Float64Array, beta: Float64Array, factor: number): Float64Array {
  const out = new Float64Array(alpha.length);
  for (let i = 0; i < beta.length; i++) {
    if (beta[i] === 0) {
      const isUndefined = alpha[2 * i] === 0 && alpha[2 * i + 1] === 0;
      out[2 * i] = isUndefined ? Number.NaN : Number.POSITIVE_INFINITY;
      continue;
    }
    for (let part = 2 * i; part < 2 * i + 2; part++) out[part] = (alpha[part]! / beta[i]!) * factor;
  }
  return out;
}

/** Moves the wanted eigenvalues of a generalised Schur form to the front; returns their number. */
export function sortPencil(name: string, pencil: Pencil, sort: EigenvalueSort, factor: number): number {
  const { alpha, beta } = pencilValues(pencil);
  const wanted = selection(name, sort, ratios(alpha, beta, factor));
  let place = 0;
  for (let k = 0; k < pencil.n; ) {
    const size = pencilBlock(pencil, k);
    if (wanted[k] || (size === 2 && wanted[k + 1])) {
      if (movePencilUp(pencil, k, place) !== place)
        throw new ConvergenceError(
          `${name}: the eigenvalues at rows ${place} and ${k} are too close to be exchanged for sort`,
        );
      place += size;
    }
    k += size;
  }
  return place;
}

const qzP: Primitive<QZParams> = definePrimitive<QZParams>({
  name: "qz",
  dtypes: FACTORED,
  abstractEval: ([a], { output }) => {
    const matrix = { shape: a!.shape, dtype: output === "complex" ? complexDType(a!.dtype) : a!.dtype };
    return [matrix, matrix, matrix, matrix, { shape: a!.shape.slice(0, -2), dtype: "int32" }];
  },
  evaluate: ([a, b], { output, sort }) =>
    overBatch([a!, b!], ([x, y]) => {
      const left = load("qz", x!);
      const right = load("qz", y!, left.width, "b");
      const scaleS = equilibrate(left);
      const scaleT = equilibrate(right);
      const n = left.rows;
      const factors = qzFactors(left.width, n, left.data, right.data);
      checkConverged("qz", factors.failed);
      const pencil = output === "complex" ? complexPencil(factors) : factors;
      const selected = sort === null ? 0 : sortPencil("qz", pencil, sort, scaleS / scaleT);
      const dtype = output === "complex" ? complexDType(left.dtype) : left.dtype;
      const { s, t, q, z } = pencil;
      for (const [data, factor] of [
        [s, scaleS],
        [t, scaleT],
      ] as const)
        if (factor !== 1) for (let i = 0; i < data.length; i++) data[i]! *= factor;
      const count = new Tensor(Int32Array.of(selected), [], "int32");
      return [...[s, t, q, z].map((data) => store(data, n, n, dtype)), count];
    }),
  jvp: notDifferentiable("use eig of solve(b, a) where b is well conditioned"),
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/** Both matrices in the dtype in which they meet, their leading axes broadcast. */
function pair(name: string, a: Tensor, b: Tensor): { matrices: Tensor[]; dtype: DType; width: Width } {
  checkSquare(name, a);
  checkSquare(name, b, "b");
  if (a.shape.at(-1) !== b.shape.at(-1))
    throw new ShapeError(
      `${name}: a and b must have one order, got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  const { dtype, width } = meet(name, a, b);
  return { matrices: broadcastBatch(a.astype(dtype), b.astype(dtype)), dtype, width };
}

/**
 * Generalised Schur form a = q s zᴴ, b = q t zᴴ of a pair of square `[…, n, n]`, q and z unitary; the eigenvalues of
 * a v = λ b v are sᵢᵢ / tᵢᵢ (of the 2 x 2 blocks where there are), infinite where tᵢᵢ is 0. Reduction to Hessenberg and
 * triangular form, implicit QZ steps (double shifts for real pairs), infinite eigenvalues deflated by rotations;
 * O(66 n³). `sort` takes alpha / beta, with real part Infinity where beta is 0. It has no derivative (TracerError).
 * Source: Moler and Stewart (1973).
 *
 * @throws ShapeError unless both are square of one order; DTypeError for float8, and for the real form of complex
 * matrices; DomainError for NaN or infinity; ConvergenceError when the iteration reaches its limit or eigenvalues are
 * too close to be exchanged.
 */
export function qz(a: Tensor, b: Tensor, { output, sort }: SchurOptions = {}): QZ {
  const { matrices, dtype } = pair("qz", a, b);
  if (output === "real" && isComplex(dtype))
    throw new DTypeError(`qz: output "real" needs real matrices, got ${a.dtype} and ${b.dtype}`);
  const params = { output: output ?? (isComplex(dtype) ? "complex" : "real"), sort: sort ?? null } as const;
  const [s, t, q, z, selected] = bind(qzP, matrices, params);
  return { s: s!, t: t!, q: q!, z: z!, selected: selected! };
}

export interface GeneralizedEig {
  /** `[…, n]`, complex: alpha / beta, infinite where beta is 0, NaN where both are (a singular pencil). */
  readonly values: Tensor;
  /** `[…, n]`, complex. */
  readonly alpha: Tensor;
  /** `[…, n]`, real, not negative. */
  readonly beta: Tensor;
  /** `[…, n, n]`, complex: columns v with β a v = α b v, of length 1, the largest element real. */
  readonly vectors: Tensor;
}

const eigGeneralizedP: Primitive<undefined> = definePrimitive<undefined>({
  name: "eigGeneralized",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const shape = withMatrix(a!, a!.shape.at(-1)!);
    const dtype = complexDType(a!.dtype);
    return [
      { shape, dtype },
      { shape, dtype },
      { shape, dtype: realDType(a!.dtype) },
      { shape: a!.shape, dtype },
    ];
  },
  evaluate: ([a, b]) =>
    overBatch([a!, b!], ([x, y]) => {
      const left = load("eigGeneralized", x!);
      const right = load("eigGeneralized", y!, left.width, "b");
      const scaleS = equilibrate(left);
      const scaleT = equilibrate(right);
      const n = left.rows;
      const { alpha, beta, vectors, failed } = generalizedEigen(left.width, n, left.data, right.data);
      checkConverged("eigGeneralized", failed);
      const dtype = complexDType(left.dtype);
      return [
        storeComplexVector(ratios(alpha, beta, scaleS / scaleT), dtype),
        storeComplexVector(alpha, dtype, scaleS),
        storeVector(beta, left.dtype, scaleT),
        store(vectors, n, n, dtype),
      ];
    }),
  jvp: notDifferentiable("use eig of solve(b, a) where b is well conditioned"),
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Eigenvalues and right vectors of a v = λ b v for square `[…, n, n]`, b singular or not: the generalised Schur form and
 * back substitution; O(80 n³). The complex pairs of real matrices are exact conjugates. It has no derivative
 * (TracerError).
 *
 * @throws ShapeError unless both are square of one order; DTypeError for float8; DomainError for NaN or infinity;
 * ConvergenceError when the iteration reaches its limit.
 */
export function eigGeneralized(a: Tensor, b: Tensor): GeneralizedEig {
  const { matrices } = pair("eigGeneralized", a, b);
  const [values, alpha, beta, vectors] = bind(eigGeneralizedP, matrices, undefined);
  return { values: values!, alpha: alpha!, beta: beta!, vectors: vectors! };
}
