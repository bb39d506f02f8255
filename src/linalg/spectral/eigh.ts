// Eigenvalues and vectors of Hermitian matrices, on tensors.
import { bind, bindOne } from "../../ops/bind.ts";
import { diagonal, narrowAxis } from "../../ops/movement.ts";
import { type Abstract, definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { Tracer } from "../../ops/tracer.ts";
import { realDType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError, TracerError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, columnProducts, hermitianPart } from "../base/derivative.ts";
import { differences, divideByGap } from "../base/gap.ts";
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
  storeVector,
  withMatrix,
} from "../base/matrix.ts";
import { tridiagonalEigen } from "../kernels/divideAndConquer.ts";
import { applyReflectors } from "../kernels/householder.ts";
import { lapackFor } from "../kernels/native.ts";
import { tridiagonalize } from "../kernels/tridiagonal.ts";
import { tridiagonalQL } from "../kernels/tridiagonalQL.ts";
import type { Width } from "../kernels/vector.ts";

export interface Eigh {
  /** `[…, n]`, ascending, real. */
  readonly values: Tensor;
  /** `[…, n, n]`: column i belongs to value i. */
  readonly vectors: Tensor;
}

/** Eigenvalues (ascending) and vectors of a column-major Hermitian matrix of moderate norm, which is destroyed. */
export function hermitianEigen(
  w: Width,
  n: number,
  a: Float64Array,
): { values: Float64Array; vectors: Float64Array } {
  return lapackFor(n)?.hermitianEigen(w, n, a) ?? hermitianSome(w, n, a, 0, n);
}

/** The same for the values `from … to − 1`: only their vectors are transformed back. */
function hermitianSome(
  w: Width,
  n: number,
  a: Float64Array,
  from: number,
  to: number,
): { values: Float64Array; vectors: Float64Array } {
  const lapack = lapackFor(n);
  if (lapack && to > from) return lapack.hermitianSome(w, n, a, from, to);
  const { diagonal, offDiagonal, reflectors } = tridiagonalize(w, n, a);
  const { values, vectors } = tridiagonalEigen(diagonal, offDiagonal);
  let wanted = vectors.subarray(from * n, to * n);
  if (w === 2) {
    const real = wanted;
    wanted = new Float64Array(2 * real.length);
    for (let i = 0; i < real.length; i++) wanted[2 * i] = real[i];
  }
  applyReflectors(reflectors, wanted, to - from, false);
  return { values: values.subarray(from, to), vectors: wanted };
}

/** Eigenvalues alone, ascending, of a column-major Hermitian matrix of moderate norm, which is destroyed. */
export function hermitianValues(w: Width, n: number, a: Float64Array): Float64Array {
  const lapack = lapackFor(n);
  if (lapack) return lapack.hermitianValues(w, n, a);
  const { diagonal: values, offDiagonal } = tridiagonalize(w, n, a);
  tridiagonalQL(values, offDiagonal, 0, n);
  return values.sort();
}

const eighP: Primitive<HermitianParams> = definePrimitive<HermitianParams>({
  name: "eigh",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!), a!],
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("eigh", x!);
      makeHermitian("eigh", work, params);
      const back = equilibrate(work);
      const n = work.rows;
      const found = hermitianEigen(work.width, n, work.data);
      return [storeVector(found.values, work.dtype, back), store(found.vectors, n, n, work.dtype)];
    }),
  jvp: ({ tangents: [da], outputs: [values, vectors] }) => {
    const n = vectors!.shape.at(-1)!;
    if (n === 0) return [null, null];
    // In the basis of the vectors the diagonal moves the values, and the rest turns the vectors.
    const moved = adjoint(vectors!).matmul(hermitianPart(da!).matmul(vectors!));
    const turn = divideByGap(moved, differences(values!, n));
    return [diagonal(moved).real(), vectors!.matmul(turn)];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const eigvalshP: Primitive<HermitianParams> = definePrimitive<HermitianParams>({
  name: "eigvalsh",
  dtypes: FACTORED,
  abstractEval: ([a]) => [valuesOf(a!)],
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("eigvalsh", x!);
      makeHermitian("eigvalsh", work, params);
      const back = equilibrate(work);
      return [storeVector(hermitianValues(work.width, work.rows, work.data), work.dtype, back)];
    }),
  jvp: ({ inputs: [a], tangents: [da], params }) => {
    const [, vectors] = bind(eighP, [a!], params);
    return [columnProducts(vectors!, hermitianPart(da!).matmul(vectors!))];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

interface SomeParams extends HermitianParams {
  readonly from: number;
  readonly to: number;
}

const eighSomeP: Primitive<SomeParams> = definePrimitive<SomeParams>({
  name: "eighSome",
  dtypes: FACTORED,
  abstractEval: ([a], { from, to }) => [
    { shape: withMatrix(a!, to - from), dtype: realDType(a!.dtype) },
    { shape: withMatrix(a!, a!.shape.at(-1)!, to - from), dtype: a!.dtype },
  ],
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("eigh", x!);
      makeHermitian("eigh", work, params);
      const back = equilibrate(work);
      const { rows: n, width, dtype, data } = work;
      const { from, to } = params;
      const found = hermitianSome(width, n, data, from, to);
      return [storeVector(found.values, dtype, back), store(found.vectors, n, to - from, dtype)];
    }),
  jvp: ({ inputs: [a], tangents: [da], params, outputs: [values, some] }) => {
    const { from, to } = params;
    const n = a!.shape.at(-1)!;
    const [all, vectors] = bind(eighP, [a!], params);
    // How the other vectors turn into these.
    const moved = adjoint(vectors!).matmul(hermitianPart(da!).matmul(some!));
    const turn = divideByGap(moved, narrowAxis(differences(all!, n), -1, from, to));
    const own = columnProducts(some!, vectors!.matmul(moved));
    return [own.astype(values!.dtype), vectors!.matmul(turn)];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const valuesOf = (a: Abstract): Abstract => ({
  shape: withMatrix(a, a.shape.at(-1)!),
  dtype: realDType(a.dtype),
});

/**
 * Eigendecomposition a = V diag(values) Vᴴ of Hermitian `[…, n, n]`, values ascending, V unitary.
 *
 * Blocked Householder reduction to a real tridiagonal matrix, divide and conquer with deflation (Gu and Eisenstat
 * 1995) on it, and back-transformation in blocks; O(n³).
 *
 * Derivatives are those along Hermitian matrices: the gradient with respect to a is Hermitian. First derivatives of
 * values are right always (those of a repeated value: along the basis of its space that is returned). Vectors have a
 * derivative only where values differ by more than n eps of the largest: an infinity or NaN comes from vectors of a
 * repeated value, and from second derivatives of its values, also where a sum over all of them would be smooth. The
 * phase of a vector is free, so only what does not depend on it can be differentiated.
 *
 * `indices: [from, to]` asks for the values from … to − 1 only, `range: [low, high]` for those in [low, high): values
 * `[…, k]` and vectors `[…, n, k]`. The reduction is the same; only k vectors are transformed back.
 *
 * @throws ShapeError unless square, and for a batch with `range`; DTypeError for float8; DomainError for NaN or infinity,
 * for a matrix that is not Hermitian (to 1000 eps of its dtype), and for indices or a range that do not exist;
 * TracerError for a range inside of transforms.
 */
export function eigh(a: Tensor, options: EighOptions = {}): Eigh {
  checkSquare("eigh", a);
  const part = partOf(a, options);
  const [values, vectors] = part
    ? bind(eighSomeP, [factorable("eigh", a)], { ...hermitianTo("eigh", a), ...part })
    : bind(eighP, [factorable("eigh", a)], hermitianTo("eigh", a));
  return { values: values!, vectors: vectors! };
}

/** Which values are wanted, when not all of them. */
export interface EighOptions {
  /** The values from … to − 1, counted from the smallest. */
  readonly indices?: readonly [from: number, to: number];
  /** The values in [low, high), of one matrix. */
  readonly range?: readonly [low: number, high: number];
}

function partOf(a: Tensor, { indices, range }: EighOptions): { from: number; to: number } | undefined {
  const n = a.shape.at(-1)!;
  if (indices && range) throw new DomainError("eigh: indices or range was expected, got both");
  if (indices) {
    const [from, to] = indices;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= n))
      throw new DomainError(`eigh: indices 0 <= from <= to <= ${n} were expected, got [${indices}]`);
    return { from, to };
  }
  if (!range) return undefined;
  const [low, high] = range;
  if (!(low <= high)) throw new DomainError(`eigh: a range low <= high was expected, got [${range}]`);
  if (a.ndim !== 2)
    throw new ShapeError(
      `eigh: a range needs one matrix, because matrices of a batch differ in how many values lie in it; got shape ${formatShape(a.shape)}`,
    );
  if (a instanceof Tracer)
    throw new TracerError(
      "eigh: how many values lie in a range depends on the values of a, so it cannot be traced",
    );
  const values = Array.from(eigvalsh(a).data());
  return {
    from: values.filter((value) => value < low).length,
    to: values.filter((value) => value < high).length,
  };
}

/**
 * Eigenvalues `[…, n]`, ascending, of Hermitian `[…, n, n]`: the reduction of `eigh` and implicit QL without vectors;
 * 4/3 n³ operations and O(n²). Derivatives as those of `eigh`, which finds the vectors for them.
 *
 * @throws as `eigh` does.
 */
export function eigvalsh(a: Tensor): Tensor {
  checkSquare("eigvalsh", a);
  return bindOne(eigvalshP, [factorable("eigvalsh", a)], hermitianTo("eigvalsh", a));
}
