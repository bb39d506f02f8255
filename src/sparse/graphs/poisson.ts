// The Poisson problem on grids, the touchstone of sparse solvers.

import type { DType } from "../../tensor/dtype.ts";
import { allocate } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkLengths, Pattern } from "../base/pattern.ts";
import { fromRows, type SparseMatrix } from "../base/sparseMatrix.ts";

/**
 * The negative Laplacian by second differences on a grid of any number of dimensions, with zeros beyond its border and
 * spacing 1: 2 d on the diagonal and −1 for each neighbour (5 points in two dimensions, 7 in three). Points are numbered
 * in C order. Symmetric positive definite.
 *
 * @throws ShapeError for lengths that are not positive integers.
 */
export function poisson(grid: readonly number[], options: { readonly dtype?: DType } = {}): SparseMatrix {
  const { dtype = "float64" } = options;
  if (grid.length === 0 || !grid.every((length) => Number.isInteger(length) && length > 0))
    throw new ShapeError(`poisson: grid must be positive integers, got ${formatShape(grid)}`);
  const n = sizeOf(grid);
  const d = grid.length;
  checkLengths("poisson", [n, n]);
  const strides = grid.map((_, k) => sizeOf(grid.slice(k + 1)));
  const capacity = n * (2 * d + 1);
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(capacity);
  const values = allocate(dtype, capacity);
  const at = new Int32Array(d);
  let p = 0;
  const put = (j: number, value: number): void => {
    indices[p] = j;
    values[p++] = value;
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < d; k++) if (at[k] > 0) put(i - strides[k], -1);
    put(i, 2 * d);
    for (let k = d - 1; k >= 0; k--) if (at[k] < grid[k] - 1) put(i + strides[k], -1);
    indptr[i + 1] = p;
    for (let k = d - 1; k >= 0 && ++at[k] === grid[k]; k--) at[k] = 0;
  }
  return fromRows({
    pattern: new Pattern(n, n, indptr, indices.slice(0, p)),
    values: new Tensor(values.slice(0, p), [p], dtype),
  });
}
