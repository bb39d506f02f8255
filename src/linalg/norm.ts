// Norms of vectors and matrices, safe against overflow and underflow.
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { equilibrate, load, overBatch, storeVector, type Work } from "./matrix.ts";
import { singularValues } from "./svd.ts";
import { maxAbs, norm2 } from "./vector.ts";

/**
 * Frobenius (entrywise Euclidean), largest column sum, largest row sum, largest singular value, sum of singular
 * values.
 */
export type NormKind = "fro" | 1 | "inf" | 2 | "nuclear";

const KINDS: readonly NormKind[] = ["fro", 1, "inf", 2, "nuclear"];

/**
 * A norm of the matrices `[…, m, n]`, with the shape of the leading axes. A vector `[n]` counts as a column:
 * `"fro"` and 2 are its Euclidean norm, 1 the sum and `"inf"` the maximum of absolute values. O(m n); kinds 2 and
 * `"nuclear"` need the singular values.
 *
 * @throws ShapeError for a scalar; DTypeError for float8; DomainError for an unknown kind, NaN or infinity.
 */
export function norm(a: Tensor, kind: NormKind = "fro"): Tensor {
  if (a.ndim === 0) throw new ShapeError("norm: a must have at least one axis, got shape []");
  if (!KINDS.includes(kind))
    throw new DomainError(`norm: kind must be one of ${KINDS.join(", ")}, got ${String(kind)}`);
  const matrix =
    a.ndim === 1 ? new Tensor(a.storage, [a.shape[0]!, 1], a.dtype, [a.strides[0]!, 0], a.offset) : a;
  const [values] = overBatch([matrix], ([x]) => {
    const work = load("norm", x!);
    return [storeVector(Float64Array.of(normOf(work, kind)), work.dtype)];
  });
  return new Tensor(values!.storage, a.shape.slice(0, -2), values!.dtype);
}

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
