// Norms of vectors and matrices, safe against overflow and underflow.
import { bindOne } from "../../ops/bind.ts";
import { where } from "../../ops/comparison.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { Tracer } from "../../ops/tracer.ts";
import { realDType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  equilibrate,
  FACTORED,
  factorable,
  load,
  overBatch,
  storeVector,
  type Work,
} from "../base/matrix.ts";
import { maxAbs, norm2 } from "../kernels/vector.ts";
import { singularValues, svdvals } from "../spectral/svd.ts";

/**
 * Frobenius (entrywise Euclidean), largest column sum, largest row sum, largest singular value, sum of singular
 * values.
 */
export type NormKind = "fro" | 1 | "inf" | 2 | "nuclear";

const KINDS: readonly NormKind[] = ["fro", 1, "inf", 2, "nuclear"];

const frobeniusP: Primitive<undefined> = definePrimitive<undefined>({
  name: "frobenius",
  dtypes: FACTORED,
  abstractEval: ([a]) => [{ shape: a!.shape.slice(0, -2), dtype: realDType(a!.dtype) }],
  evaluate: ([a]) => evaluateNorm(a!, "fro"),
  jvp: ({ inputs: [a], tangents: [da], outputs: [norm] }) => {
    const isZero = norm!.equal(0);
    const size = where(isZero, 1, norm!).expandDims(-1).expandDims(-1);
    const moved = a!
      .conj()
      .div(size)
      .mul(da!)
      .sum({ axis: [-2, -1] })
      .real();
    return [where(isZero, 0, moved)];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * A norm of the matrices `[…, m, n]`, with the shape of the leading axes. A vector `[n]` counts as a column:
 * `"fro"` and 2 are its Euclidean norm, 1 the sum and `"inf"` the maximum of absolute values. O(m n); kinds 2 and
 * `"nuclear"` need the singular values.
 *
 * Where a norm has no derivative one of its subgradients is returned: that of the Frobenius and Euclidean norm of
 * zeros is 0.
 *
 * @throws ShapeError for a scalar; DTypeError for float8; DomainError for an unknown kind, NaN or infinity.
 */
export function norm(a: Tensor, kind: NormKind = "fro"): Tensor {
  if (a.ndim === 0) throw new ShapeError("norm: a must have at least one axis, got shape []");
  if (!KINDS.includes(kind))
    throw new DomainError(`norm: kind must be one of ${KINDS.join(", ")}, got ${String(kind)}`);
  const isVector = a.ndim === 1;
  const matrix = factorable("norm", isVector ? a.reshape([a.shape[0]!, 1]) : a);
  const isEuclidean = kind === "fro" || (isVector && (kind === 2 || kind === "nuclear"));
  if (isEuclidean) return bindOne(frobeniusP, [matrix], undefined);
  return matrix instanceof Tracer ? tracedNorm(matrix, kind) : evaluateNorm(matrix, kind)[0]!;
}

/** Norms that are made of other operations, with the derivatives of those. */
function tracedNorm(a: Tensor, kind: Exclude<NormKind, "fro">): Tensor {
  if (a.shape.at(-1) === 0 || a.shape.at(-2) === 0) return a.abs().sum({ axis: [-2, -1] });
  if (kind === 2) return svdvals(a).at("...", 0);
  if (kind === "nuclear") return svdvals(a).sum({ axis: -1 });
  return a
    .abs()
    .sum({ axis: kind === 1 ? -2 : -1 })
    .max({ axis: -1 });
}

const evaluateNorm = (a: Tensor, kind: NormKind): Tensor[] =>
  overBatch([a], ([x]) => {
    const work = load("norm", x!);
    const { storage, dtype } = storeVector(Float64Array.of(normOf(work, kind)), work.dtype);
    return [new Tensor(storage, [], dtype)];
  });

function normOf(work: Work, kind: NormKind): number {
  const { data, rows, columns, width } = work;
  if (kind === "fro") return norm2(data, 0, data.length);
  const back = equilibrate(work);
  if (kind === 1 || kind === "inf") {
    const sums = new Float64Array(kind === 1 ? columns : rows);
    for (let j = 0; j < columns; j++)
      for (let i = 0; i < rows; i++) {
        const p = (i + j * rows) * width;
        sums[kind === 1 ? j : i] += width === 1 ? Math.abs(data[p]) : Math.hypot(data[p], data[p + 1]);
      }
    return back * maxAbs(sums, 0, sums.length);
  }
  const s = singularValues(width, rows, columns, data);
  return back * (kind === 2 ? (s[0] ?? 0) : s.reduce((total, value) => total + value, 0));
}
