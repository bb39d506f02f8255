// Banded matrices: products and systems in O(n · bandwidth).

import { bindOne } from "../../ops/bind.ts";
import { concat, pad } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { isOpen, leadingBatch } from "../../ops/rules.ts";
import { grow, minus } from "../../ops/series.ts";
import { allocate, isComplex } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { FACTORED } from "../base/matrix.ts";
import { factorBand, solveBand } from "../kernels/band.ts";
import type { Width } from "../kernels/vector.ts";
import { checkPart, LinearOperator, onColumns, type Tags } from "./operator.ts";

interface BandParams {
  readonly lower: number;
  readonly upper: number;
}

/** Row `lower + upper − (upper − k)` … of `bands` holds diagonal k; see `Banded`. Products along columns of x. */
function bandProduct(bands: Tensor, x: Tensor, { lower, upper }: BandParams): Tensor {
  const n = bands.shape.at(-1)!;
  let sum: Tensor | null = null;
  for (let k = -lower; k <= upper; k++) {
    // y_i += a(i, i + k) x_{i + k}: entry (i, j) stands at [upper − k, j].
    const diagonal = bands
      .at("...", upper - k, ":")
      .expandDims(-1)
      .mul(x);
    const moved = shifted(diagonal, -k, n);
    sum = sum ? sum.add(moved) : moved;
  }
  return sum!;
}

/** Rows moved down by `by` (up when negative), zeros let in. */
function shifted(x: Tensor, by: number, n: number): Tensor {
  if (by === 0) return x;
  const rows = x.ndim - 2;
  const kept =
    by > 0 ? narrowAxis(x, rows, 0, Math.max(0, n - by)) : narrowAxis(x, rows, Math.min(n, -by), n);
  const room = x.shape.map((_, axis): [number, number] =>
    axis === rows ? (by > 0 ? [Math.min(n, by), 0] : [0, Math.min(n, -by)]) : [0, 0],
  );
  return pad(kept, room);
}

/** The bands of the transpose. */
function transposedBands(bands: Tensor, { lower, upper }: BandParams): Tensor {
  const n = bands.shape.at(-1)!;
  // Diagonal k of A is diagonal −k of Aᵀ, entry (i, j) at column i.
  const rows: Tensor[] = [];
  for (let k = lower; k >= -upper; k--) {
    const row = bands.at("...", upper + k, ":").expandDims(-1);
    rows.push(shifted(row, k, n).squeeze(-1).expandDims(-2));
  }
  return concat(rows, -2);
}

/** Systems with banded matrices; b `[…, n, k]`. */
const solveBandedP: Primitive<BandParams> = definePrimitive<BandParams>({
  name: "solveBanded",
  dtypes: FACTORED,
  abstractEval: ([, b]) => [b!],
  evaluate: ([bands, b], params, [output]) => {
    const { shape, dtype } = output!;
    const w: Width = isComplex(dtype) ? 2 : 1;
    const [n, columns] = shape.slice(-2) as [number, number];
    const height = params.lower + params.upper + 1;
    const count = sizeOf(shape.slice(0, -2));
    const given = bands!.data();
    const right = b!.data();
    const out = allocate(dtype, b!.size);
    const x = new Float64Array(n * columns * w);
    for (let index = 0; index < count; index++) {
      const factors = factorBand(w, n, params.lower, params.upper, given, index * height * n * w);
      if (factors.singular >= 0)
        throw new DomainError(
          `solveBanded: a is singular: pivot ${factors.singular} of ${n} is exactly zero`,
        );
      // Column-major for the kernel.
      const at = index * n * columns * w;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < columns; j++)
          for (let part = 0; part < w; part++)
            x[(i + j * n) * w + part] = right[at + (i * columns + j) * w + part]!;
      solveBand(w, n, params.lower, params.upper, factors, x, columns);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < columns; j++)
          for (let part = 0; part < w; part++)
            out[at + (i * columns + j) * w + part] = x[(i + j * n) * w + part]!;
    }
    return [new Tensor(out, shape, dtype)];
  },
  jvp: ({ inputs: [bands], tangents: [da, db], outputs: [x], params, self }) => {
    const rest = minus(db!, da && bandProduct(da, x!, params));
    return [rest && bindOne(self, [bands!, rest], params)];
  },
  transpose: ({ cotangents: [c], inputs: [bands, b], params, self }) => {
    if (!isOpen(b!)) return [null, null];
    const back = transposedBands(bands as Tensor, params);
    return [null, bindOne(self, [back, c!], { lower: params.upper, upper: params.lower })];
  },
  batch: leadingBatch,
  jet: ({ series: [a, b], outputs: [x], order, params, self }) => [
    grow(x!, order, (k, soFar) => {
      let rest = b![k] ?? null;
      for (let j = 1; j <= k; j++) {
        const bands = a![j];
        const earlier = soFar[k - j];
        if (bands && earlier) rest = minus(rest, bandProduct(bands, earlier, params));
      }
      return rest && bindOne(self, [a![0], rest], params);
    }),
  ],
});

/**
 * A banded matrix `[n, n]` from its diagonals, as LAPACK stores them: `bands` `[lower + upper + 1, n]` holds entry (i, j)
 * at [upper + i − j, j]; entries outside of the matrix are not read. Products O(n (lower + upper)); systems by LU with
 * partial pivoting, O(n lower (lower + upper)).
 */
export class Banded extends LinearOperator {
  readonly kind: string = "banded";
  readonly bands: Tensor;
  readonly lower: number;
  readonly upper: number;

  constructor(
    bands: Tensor,
    { lower, upper, tags = {} }: { readonly lower: number; readonly upper: number; readonly tags?: Tags },
  ) {
    checkPart("banded operator", "bands", bands, 2);
    const n = bands.shape[1]!;
    if (!(Number.isInteger(lower) && Number.isInteger(upper) && lower >= 0 && upper >= 0))
      throw new DomainError(
        `banded operator: lower and upper must be integers >= 0, got ${lower} and ${upper}`,
      );
    if (bands.shape[0] !== lower + upper + 1)
      throw new ShapeError(
        `banded operator: bands must be [${lower + upper + 1}, n] for ${lower} diagonals below and ${upper} above, got shape ${formatShape(bands.shape)}`,
      );
    super([n, n], bands.dtype, tags);
    this.bands = bands.astype(this.dtype);
    this.lower = lower;
    this.upper = upper;
  }

  protected product(x: Tensor): Tensor {
    return bandProduct(this.bands, x, this);
  }
  override transpose(): Banded {
    const bands = transposedBands(this.bands, this);
    return new Banded(bands, { lower: this.upper, upper: this.lower, tags: this.tags });
  }
  override conj(): Banded {
    return new Banded(this.bands.conj(), { lower: this.lower, upper: this.upper, tags: this.tags });
  }
  override diagonal(): Tensor {
    return this.bands.at(this.upper);
  }
  override solver(): (b: Tensor) => Tensor {
    return (b) => solveBanded(this, b);
  }
  override cost(): number {
    return this.shape[0] * (this.lower + this.upper + 1);
  }
}

/** A tridiagonal matrix from its diagonals: `below` and `above` `[n − 1]`, `main` `[n]`. */
export function tridiagonal(below: Tensor, main: Tensor, above: Tensor, tags: Tags = {}): Banded {
  for (const [name, x] of [
    ["below", below],
    ["main", main],
    ["above", above],
  ] as const)
    checkPart("tridiagonal", name, x, 1);
  const n = main.shape[0]!;
  if (below.shape[0] !== n - 1 || above.shape[0] !== n - 1)
    throw new ShapeError(
      `tridiagonal: below and above must be [${n - 1}] for main of shape [${n}], got ${formatShape(below.shape)} and ${formatShape(above.shape)}`,
    );
  const bands = [pad(above, [[1, 0]]), main, pad(below, [[0, 1]])].map((row) => row.expandDims(0));
  return new Banded(concat(bands, 0), { lower: 1, upper: 1, tags });
}

/**
 * Solves A x = b for a banded operator and b `[n]` or `[n, k]`. O(n (lower (lower + upper) + k (2 lower + upper))).
 *
 * @throws ShapeError for a b that does not fit; DomainError for NaN, infinity, and an exact zero met by elimination.
 */
export function solveBanded(a: Banded, b: Tensor): Tensor {
  return onColumns("solveBanded", b, a.shape[0], (columns) => {
    const dtype = isComplex(columns.dtype) && !isComplex(a.dtype) ? columns.dtype : a.dtype;
    return bindOne(solveBandedP, [a.bands.astype(dtype), columns.astype(dtype)], {
      lower: a.lower,
      upper: a.upper,
    });
  });
}
