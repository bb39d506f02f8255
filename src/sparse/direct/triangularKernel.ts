// Triangular systems with a matrix by rows and several right-hand sides at once, in place.

import { DomainError } from "../../tensor/errors.ts";
import type { Pattern } from "../base/pattern.ts";
import { divideBy } from "../kernels/columns.ts";
import type { Width } from "../kernels/product.ts";

export interface Triangle {
  readonly pattern: Pattern;
  readonly values: Float64Array;
  readonly width: Width;
  readonly lower: boolean;
  /** Ones on the diagonal, which is then not stored. */
  readonly unit: boolean;
}

/** Throws DomainError for a diagonal entry that is zero or not stored. */
export function checkTriangle(name: string, { pattern, values, width, lower }: Triangle): void {
  for (let i = 0; i < pattern.rows; i++) {
    const p = lower ? pattern.indptr[i + 1] - 1 : pattern.indptr[i];
    const isStored = pattern.indptr[i] < pattern.indptr[i + 1] && pattern.indices[p] === i;
    if (!isStored || (values[width * p] === 0 && (width === 1 || values[2 * p + 1] === 0)))
      throw new DomainError(`${name}: a is singular: its diagonal entry ${i} is zero`);
  }
}

/** x := T⁻¹ x or T⁻ᵀ x for x `[n, count]`, row-major. O(nnz count). */
export function solveTriangle(
  { pattern, values, width, lower, unit }: Triangle,
  transposed: boolean,
  count: number,
  x: Float64Array,
): void {
  const { rows: n, indptr, indices } = pattern;
  const forward = lower !== transposed;
  for (let s = 0; s < n; s++) {
    const i = forward ? s : n - 1 - s;
    const from = indptr[i];
    const to = indptr[i + 1];
    // The diagonal is the last entry of a lower row and the first one of an upper row.
    const diagonal = lower ? to - 1 : from;
    const begin = unit || lower ? from : from + 1;
    const end = unit || !lower ? to : to - 1;
    if (!transposed) for (let p = begin; p < end; p++) minusScaled(width, values, p, count, x, indices[p], i);
    if (!unit) for (let c = 0; c < count; c++) divideBy(width, values, diagonal, 1, x, count * i + c);
    if (transposed) for (let p = begin; p < end; p++) minusScaled(width, values, p, count, x, i, indices[p]);
  }
}

/** Row `to` of x minus values[p] times row `from`. */
function minusScaled(
  width: Width,
  values: Float64Array,
  p: number,
  count: number,
  x: Float64Array,
  from: number,
  to: number,
): void {
  if (width === 1) {
    const factor = values[p];
    for (let c = 0; c < count; c++) x[count * to + c] -= factor * x[count * from + c];
    return;
  }
  const re = values[2 * p];
  const im = values[2 * p + 1];
  for (let c = 0; c < 2 * count; c += 2) {
    const xr = x[2 * count * from + c];
    const xi = x[2 * count * from + c + 1];
    x[2 * count * to + c] -= re * xr - im * xi;
    x[2 * count * to + c + 1] -= re * xi + im * xr;
  }
}
