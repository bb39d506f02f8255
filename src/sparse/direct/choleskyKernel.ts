// The sparse Cholesky factorization, up-looking: row k of L solves a triangular system with the rows above it, and the
// elimination tree tells which of its entries are not zero.
// Source: Davis, "Direct methods for sparse linear systems" (2006), chapter 4.

import { DomainError } from "../../tensor/errors.ts";
import type { Pattern } from "../base/pattern.ts";
import { type Columns, subtractColumn } from "../kernels/columns.ts";
import type { Width } from "../kernels/product.ts";
import type { Symbolic } from "./symbolic.ts";

const NONE = -1;

/**
 * L with P A Pᵀ = L Lᴴ, of the Hermitian part of A. O(Σ of squared column lengths).
 *
 * @throws DomainError where a pivot is not positive, naming it.
 */
export function choleskyColumns(
  name: string,
  { n, order, inverse, parent, indptr }: Symbolic,
  pattern: Pattern,
  width: Width,
  values: Float64Array,
): Columns {
  const indices = new Int32Array(indptr[n]);
  const data = new Float64Array(indptr[n] * width);
  const next = indptr.slice(0, n);
  const x = new Float64Array(n * width);
  const mark = new Int32Array(n).fill(NONE);
  const stack = new Int32Array(n);
  const path = new Int32Array(n);
  const mirrored = pattern.transposed.order;
  for (let k = 0; k < n; k++) {
    const row = order[k];
    mark[k] = k;
    let top = n;
    let diagonal = 0;
    for (let p = pattern.indptr[row]; p < pattern.indptr[row + 1]; p++) {
      const i = inverse[pattern.indices[p]];
      if (i > k) continue;
      // Entry (i, k) of the Hermitian part, the conjugate of the one that stands here.
      const q = mirrored[p];
      const re = 0.5 * (values[width * p] + values[width * q]);
      if (i === k) {
        diagonal += re;
        continue;
      }
      x[width * i] = re;
      if (width === 2) x[2 * i + 1] = 0.5 * (values[2 * q + 1] - values[2 * p + 1]);
      let length = 0;
      for (let node = i; mark[node] !== k; node = parent[node]) {
        path[length++] = node;
        mark[node] = k;
      }
      while (length > 0) stack[--top] = path[--length];
    }
    for (; top < n; top++) {
      const i = stack[top];
      const pivot = data[width * indptr[i]];
      const re = x[width * i] / pivot;
      const im = width === 2 ? x[2 * i + 1] / pivot : 0;
      x[width * i] = 0;
      if (width === 2) x[2 * i + 1] = 0;
      const at = next[i]++;
      subtractColumn(width, indices, data, indptr[i] + 1, at, re, im, x);
      diagonal -= re * re + im * im;
      indices[at] = k;
      data[width * at] = re;
      if (width === 2) data[2 * at + 1] = -im;
    }
    if (!(diagonal > 0))
      throw new DomainError(
        `${name}: a is not positive definite: pivot ${row} (number ${k} of ${n} in the order of elimination) is not positive`,
      );
    const at = next[k]++;
    indices[at] = k;
    data[width * at] = Math.sqrt(diagonal);
  }
  return { n, width, indptr, indices, values: data };
}
