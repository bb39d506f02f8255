// Systems with a banded matrix that is known, built up entry by entry.

import { Banded as BandedOperator, solveBanded } from "../../linalg/operator/banded.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A square matrix of which row i has entries from column i - lower to i + upper. */
export interface Banded {
  readonly n: number;
  readonly lower: number;
  readonly upper: number;
  /** Diagonals as `linalg` has them: entry (i, j) at [upper + i - j, j]. */
  readonly bands: Float64Array;
}

export const banded = (n: number, lower: number, upper: number): Banded => ({
  n,
  lower,
  upper,
  bands: new Float64Array(n * (lower + upper + 1)),
});

/** Adds to the entry of row i and column j, which must lie in the band. */
export function addTo({ n, upper, bands }: Banded, i: number, j: number, value: number): void {
  bands[(upper + i - j) * n + j]! += value;
}

/** x `[n, …]` with A x = b. O(n lower (lower + upper)) and O(n band) a column. Throws DomainError when A is singular. */
export function bandedSolve({ n, lower, upper, bands }: Banded, b: Tensor): Tensor {
  const matrix = new Tensor(bands, [lower + upper + 1, n], "float64");
  const columns = b.reshape([n, n === 0 ? 0 : b.size / n]);
  return solveBanded(new BandedOperator(matrix, { lower, upper }), columns).reshape(b.shape);
}
