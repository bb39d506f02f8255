// The sparse Cholesky factorization by dense fronts.

import { DomainError } from "../../../tensor/errors.ts";
import type { Pattern } from "../../base/pattern.ts";
import type { Columns } from "../../kernels/columns.ts";
import type { Width } from "../../kernels/product.ts";
import type { Symbolic } from "../symbolic.ts";
import { partialCholesky } from "./elimination.ts";
import { eachFront, type Front } from "./fronts.ts";
import { FrontProducts } from "./products.ts";
import { supernodesOf } from "./supernodes.ts";

/**
 * L with P A Pᵀ = L Lᴴ, of the Hermitian part of A. O(Σ of squared column lengths), in products of dense matrices.
 *
 * @throws DomainError where a pivot is not positive, naming it.
 */
export function choleskyColumns(
  name: string,
  symbolic: Symbolic,
  pattern: Pattern,
  width: Width,
  values: Float64Array,
): Columns {
  const { n, order, inverse, indptr } = symbolic;
  const supernodes = supernodesOf(symbolic, pattern);
  const { exact, runs } = supernodes;
  const indices = new Int32Array(indptr[n]);
  const data = new Float64Array(indptr[n] * width);
  const mirrored = pattern.transposed.order;
  const products = new FrontProducts();
  eachFront(name, supernodes, width, {
    isSymmetric: true,
    assemble: ({ first, columns, size, data: front, place }) => {
      for (let k = 0; k < columns; k++) {
        const row = order[first + k];
        for (let p = pattern.indptr[row]; p < pattern.indptr[row + 1]; p++) {
          const i = inverse[pattern.indices[p]];
          if (i < first + k) continue;
          // Entry (i, k) of the Hermitian part; entry (k, i) of A stands at p, and the one mirrored at q.
          const q = mirrored[p];
          const at = width * (place[i] * size + k);
          front[at] = 0.5 * (values[width * p] + values[width * q]);
          if (width === 2) front[at + 1] = 0.5 * (values[2 * q + 1] - values[2 * p + 1]);
        }
      }
    },
    eliminate: (front) => {
      const { supernode, first, columns } = front;
      const failed = partialCholesky(products, { width, data: front.data, size: front.size }, columns);
      if (failed >= 0)
        throw new DomainError(
          `${name}: a is not positive definite: pivot ${order[first + failed]} (number ${first + failed} of ${n} in the order of elimination) is not positive`,
        );
      for (let run = runs[supernode]; run < runs[supernode + 1]; run++) {
        const end = exact.starts[run + 1];
        for (let j = exact.starts[run]; j < end; j++) {
          let at = indptr[j];
          for (let i = j; i < end; i++) indices[at++] = i;
          for (let p = exact.rowsAt[run]; p < exact.rowsAt[run + 1]; p++) indices[at++] = exact.rows[p];
          keepColumn(width, front, j, indices, indptr[j], at, data);
        }
      }
      return true;
    },
  });
  return { n, width, indptr, indices, values: data };
}

/** Copies the rows of one column that `indices` names from … to. */
function keepColumn(
  width: Width,
  { first, size, data, place }: Front,
  column: number,
  indices: Int32Array,
  from: number,
  to: number,
  out: Float64Array,
): void {
  for (let p = from; p < to; p++) {
    const at = width * (place[indices[p]] * size + column - first);
    out[width * p] = data[at];
    if (width === 2) out[2 * p + 1] = data[at + 1];
  }
}
