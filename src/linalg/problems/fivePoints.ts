// Matrices that couple each cell of a grid with its four neighbours.

import { Pattern } from "../../sparse/base/pattern.ts";
import { fromRows, type SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface Coupling {
  /** What is added to the diagonal entry of the cell. */
  readonly diagonal: number;
  /** The entry of the neighbour. */
  readonly neighbour: number;
}

/**
 * The matrix of a grid `[rows, columns]`, cells in C order, from the coupling of each cell with its neighbour in each
 * direction: `to` is −1 beyond the border, `axis` and `sign` say where the neighbour lies.
 */
export function fivePoints(
  [rows, columns]: readonly [number, number],
  couple: (from: number, to: number, axis: 0 | 1, sign: -1 | 1) => Coupling,
): SparseMatrix {
  const n = rows * columns;
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(5 * n);
  const values = new Float64Array(5 * n);
  let p = 0;
  for (let i = 0; i < n; i++) {
    const row = Math.floor(i / columns);
    const column = i % columns;
    const up = couple(i, row > 0 ? i - columns : -1, 0, -1);
    const left = couple(i, column > 0 ? i - 1 : -1, 1, -1);
    const right = couple(i, column + 1 < columns ? i + 1 : -1, 1, 1);
    const down = couple(i, row + 1 < rows ? i + columns : -1, 0, 1);
    const put = (j: number, value: number): void => {
      indices[p] = j;
      values[p++] = value;
    };
    if (row > 0) put(i - columns, up.neighbour);
    if (column > 0) put(i - 1, left.neighbour);
    put(i, up.diagonal + left.diagonal + right.diagonal + down.diagonal);
    if (column + 1 < columns) put(i + 1, right.neighbour);
    if (row + 1 < rows) put(i + columns, down.neighbour);
    indptr[i + 1] = p;
  }
  return fromRows({
    pattern: new Pattern(n, n, indptr, indices.slice(0, p)),
    values: new Tensor(values.slice(0, p), [p], "float64"),
  });
}
