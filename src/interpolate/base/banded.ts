// Systems with a banded matrix that is known, linear in the right-hand side: elimination with row exchanges inside the band.

import { bindOne } from "../../ops/bind.ts";
import { moveAxis } from "../../ops/movement.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { linear } from "../../ops/rules.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A square matrix of which row i has entries from column i - lower to i + upper. */
export interface Banded {
  readonly n: number;
  readonly lower: number;
  readonly upper: number;
  /** Rows of `lower + upper + 1` entries. */
  readonly rows: Float64Array;
}

export const banded = (n: number, lower: number, upper: number): Banded => ({
  n,
  lower,
  upper,
  rows: new Float64Array(n * (lower + upper + 1)),
});

/** Adds to the entry of row i and column j, which must lie in the band. */
export function addTo({ lower, upper, rows }: Banded, i: number, j: number, value: number): void {
  rows[i * (lower + upper + 1) + (j - i + lower)]! += value;
}

function transposed(a: Banded): Banded {
  const result = banded(a.n, a.upper, a.lower);
  for (let i = 0; i < a.n; i++)
    for (let j = Math.max(0, i - a.lower); j <= Math.min(a.n - 1, i + a.upper); j++)
      addTo(result, j, i, a.rows[i * (a.lower + a.upper + 1) + (j - i + a.lower)]!);
  return result;
}

/** Solves in place for `count` right-hand sides, the columns of b `[n, count]`. O(n (band² + band count)). */
function eliminate({ n, lower, upper, rows }: Banded, b: Float64Array, count: number): void {
  // Row exchanges bring up to `lower` more entries on the right. Row i of the work holds columns i - lower … i + upper + lower.
  const width = 2 * lower + upper + 1;
  const work = new Float64Array(n * width);
  for (let i = 0; i < n; i++)
    for (let k = 0; k <= lower + upper; k++) {
      const j = i - lower + k;
      if (j >= 0 && j < n) work[i * width + k] = rows[i * (lower + upper + 1) + k]!;
    }
  const at = (i: number, j: number): number => i * width + (j - i + lower);
  for (let p = 0; p < n; p++) {
    const last = Math.min(n - 1, p + lower);
    const end = Math.min(n - 1, p + upper + lower);
    let pivot = p;
    for (let i = p + 1; i <= last; i++)
      if (Math.abs(work[at(i, p)]!) > Math.abs(work[at(pivot, p)]!)) pivot = i;
    if (work[at(pivot, p)] === 0)
      throw new DomainError(`interpolation: the system is singular at row ${p} of ${n}`);
    if (pivot !== p) {
      for (let j = p; j <= end; j++) {
        const moved = work[at(p, j)]!;
        work[at(p, j)] = work[at(pivot, j)]!;
        work[at(pivot, j)] = moved;
      }
      for (let c = 0; c < count; c++) {
        const moved = b[p * count + c]!;
        b[p * count + c] = b[pivot * count + c]!;
        b[pivot * count + c] = moved;
      }
    }
    for (let i = p + 1; i <= last; i++) {
      const factor = work[at(i, p)]! / work[at(p, p)]!;
      if (factor === 0) continue;
      for (let j = p; j <= end; j++) work[at(i, j)]! -= factor * work[at(p, j)]!;
      for (let c = 0; c < count; c++) b[i * count + c]! -= factor * b[p * count + c]!;
    }
  }
  for (let i = n - 1; i >= 0; i--)
    for (let c = 0; c < count; c++) {
      let sum = b[i * count + c]!;
      for (let j = i + 1; j <= Math.min(n - 1, i + upper + lower); j++)
        sum -= work[at(i, j)]! * b[j * count + c]!;
      b[i * count + c] = sum / work[at(i, i)]!;
    }
}

interface BandedParams {
  readonly matrix: Banded;
}

const bandedSolveP: Primitive<BandedParams> = definePrimitive<BandedParams>({
  name: "bandedSolve",
  dtypes: ["float64"],
  abstractEval: ([b]) => [{ shape: b!.shape, dtype: "float64" }],
  evaluate: ([b], { matrix }) => {
    const out = b!.toTypedArray() as Float64Array;
    if (out.length > 0) eliminate(matrix, out, out.length / matrix.n);
    return [new Tensor(out, b!.shape, "float64")];
  },
  ...linear(),
  transpose: ({ cotangents: [c], params: { matrix } }) => [
    bindOne(bandedSolveP, [c!], { matrix: transposed(matrix) }),
  ],
  batch: ({ inputs: [b], params }) => [moveAxis(bindOne(bandedSolveP, [moveAxis(b!, 0, -1)], params), -1, 0)],
  print: ({ matrix: { n, lower, upper } }) => ({ n, lower, upper }),
});

/** x `[n, …]` with A x = b. Throws DomainError when A is singular. */
export const bandedSolve = (matrix: Banded, b: Tensor): Tensor => bindOne(bandedSolveP, [b], { matrix });
