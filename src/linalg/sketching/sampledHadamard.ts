// The subsampled randomized Hadamard transform: random signs, a fast transform that spreads every entry over all places, and a
// uniform sample of the places. With several factors the signs and transforms act on the axes of a tensor.
// Sources: Ailon and Chazelle, "The fast Johnson-Lindenstrauss transform", SIAM J. Comput. 39 (2009); for several factors
// Jin, Kolda and Ward, "Faster Johnson-Lindenstrauss transforms via Kronecker products", Inf. Inference 10 (2021).

import { walshHadamard, walshInPlace } from "../../fft/walsh.ts";
import { scatter, take } from "../../ops/gather.ts";
import { pad } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { rademacher, randint } from "../../random/distributions.ts";
import { type Key, split } from "../../random/key.ts";
import { zeros } from "../../tensor/create.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Kronecker } from "../operator/kronecker.ts";
import { isKnown, LinearOperator } from "../operator/operator.ts";
import { Transposed } from "../operator/transposed.ts";

const product = (lengths: readonly number[]): number => lengths.reduce((size, n) => size * n, 1);

/** The least power of two that is not below n. */
const paddedLength = (n: number): number => 2 ** Math.ceil(Math.log2(n));

/**
 * S = √(N/m) P (H D₁ ⊗ H D₂ ⊗ …) `[m, n₁ n₂ …]`: lengths are padded to powers of two (N in all), Dᵢ are independent signs, H is
 * the orthonormal Hadamard matrix, P picks m places with replacement. E SᵀS = I. A product costs O(n log n), on a
 * Kronecker product of matrices `[nᵢ, dᵢ]` only Σ nᵢ dᵢ log nᵢ + m Π dᵢ (see `ofKronecker`).
 */
export class SampledHadamard extends LinearOperator {
  readonly kind: string = "sampled Hadamard";
  readonly lengths: readonly number[];
  /** ±1, one tensor `[nᵢ]` a factor. */
  readonly signs: readonly Tensor[];
  /** Places of each factor's transform, int32 `[m]`. */
  readonly places: readonly Tensor[];

  constructor(signs: readonly Tensor[], places: readonly Tensor[]) {
    const lengths = signs.map(({ size }) => size);
    super([places[0]!.size, product(lengths)], signs[0]!.dtype);
    this.lengths = lengths;
    this.signs = signs;
    this.places = places;
  }

  /** √(N/m) and the 1/√N of the orthonormal transform. */
  get #scale(): number {
    return 1 / Math.sqrt(this.shape[0]);
  }

  /** The signs of all places, `[n, 1]`. */
  get #allSigns(): Tensor {
    return this.signs
      .reduce((all, signs) =>
        all
          .expandDims(1)
          .mul(signs)
          .reshape([all.size * signs.size]),
      )
      .expandDims(1);
  }

  /** The transform of axis `factor + 1` of `[k, …]`. */
  #spread(x: Tensor, factor: number): Tensor {
    const n = this.lengths[factor]!;
    const axis = factor + 1;
    const missing = paddedLength(n) - n;
    return walshHadamard(missing === 0 ? x : pad(x, padding(x.ndim, axis, missing)), { axis });
  }

  /** Positions of the sampled places in the flattened transform. */
  get #positions(): Tensor {
    const flat = this.places.reduce<Int32Array>((sum, places, i) => {
      const data = places.data();
      const length = paddedLength(this.lengths[i]!);
      return sum.map((position, row) => position * length + data[row]!);
    }, new Int32Array(this.shape[0]));
    return new Tensor(flat, [flat.length], "int32");
  }

  protected product(x: Tensor): Tensor {
    const columns = x.shape[1]!;
    if (this.lengths.length === 1 && x.dtype === "float64" && isKnown(x)) {
      const signs = this.signs[0]!.data() as Float64Array;
      const places = this.places[0]!.data() as Int32Array;
      const sampled = sampleColumns(x.data() as Float64Array, columns, signs, places, this.#scale);
      return new Tensor(sampled, [columns, places.length], "float64").mT();
    }
    // Columns become rows, along which the transforms run without strides.
    let y = x
      .mul(this.#allSigns)
      .transpose()
      .reshape([columns, ...this.lengths]);
    for (let factor = 0; factor < this.lengths.length; factor++) y = this.#spread(y, factor);
    const all = y.reshape([columns, y.size / Math.max(1, columns)]);
    return take(all, this.#positions, 1).transpose().mul(this.#scale);
  }

  /** S (A₁ ⊗ A₂ ⊗ …) without the product: each factor is transformed, and sampled rows are multiplied. */
  ofKronecker(a: Kronecker): Tensor {
    const { factors } = a;
    if (
      factors.length !== this.lengths.length ||
      factors.some(({ shape }, i) => shape[0] !== this.lengths[i])
    )
      throw new ShapeError(
        `sampled Hadamard operator: factors with ${this.lengths.join(" and ")} rows were expected, got ${factors.map(({ shape }) => formatShape(shape)).join(" and ")}`,
      );
    const m = this.shape[0];
    let rows: Tensor | null = null;
    for (const [i, factor] of factors.entries()) {
      const single = new SampledHadamard([this.signs[i]!], [this.places[i]!]);
      // 1/√m is taken out of each factor and put back once.
      const sampled = single.apply(factor.toDense()).mul(1 / single.#scale);
      rows =
        rows === null
          ? sampled
          : rows
              .expandDims(2)
              .mul(sampled.expandDims(1))
              .reshape([m, rows.shape[1]! * sampled.shape[1]!]);
    }
    return rows!.mul(this.#scale);
  }

  override transpose(): LinearOperator {
    return new Transposed(this);
  }

  /** Sᵀ y for columns `[m, k]`. */
  transposedProduct(y: Tensor): Tensor {
    const columns = y.shape[1]!;
    const sizes = this.lengths.map(paddedLength);
    const target = zeros([columns, product(sizes)], y.dtype);
    const spots = scatter(target, this.#positions, y.transpose().mul(this.#scale), { axis: 1, mode: "add" });
    let x = spots.reshape([columns, ...sizes]);
    for (const [factor, n] of this.lengths.entries())
      x = narrowAxis(walshHadamard(x, { axis: factor + 1 }), factor + 1, 0, n);
    return x.reshape([columns, this.shape[1]]).transpose().mul(this.#allSigns);
  }

  override conj(): SampledHadamard {
    return this;
  }

  /** Additions, which are what a product is made of. */
  override cost(): number {
    const size = product(this.lengths.map(paddedLength));
    return size * Math.max(1, Math.log2(size));
  }
}

/** Columns that are copied together: as many as a cache line of the matrix holds. */
const GROUP = 8;
/** Rows that are copied together: those of a group stay in the second cache for the next one. */
const ROWS = 256;
/** The least block: one that the first cache holds is transformed at no cost of memory. */
const LEAST_BLOCK = 1024;

/**
 * The product with row-major columns whose numbers are known. H is a Kronecker product of small and large Hadamard matrices: blocks of
 * about m rows are transformed in the cache, and of what combines the blocks only the m sampled places are computed. The
 * result has its columns one after another. O(n log m) a column.
 *
 * Source: Ailon and Liberty, "Fast dimension reduction using Rademacher series on dual BCH codes", Discrete Comput. Geom. 42 (2009).
 */
function sampleColumns(
  x: Float64Array,
  columns: number,
  signs: Float64Array,
  places: Int32Array,
  scale: number,
): Float64Array {
  const n = signs.length;
  const m = places.length;
  const block = Math.min(paddedLength(n), Math.max(LEAST_BLOCK, paddedLength(m)));
  // Not a power of two apart, or the columns would fight for the same lines of the cache.
  const stride = block + GROUP;
  const buffer = new Float64Array(stride * columns);
  const out = new Float64Array(m * columns);
  const within = places.map((place) => place % block);
  const shares = new Float64Array(m);
  for (let start = 0, b = 0; start < n; start += block, b++) {
    const rows = Math.min(block, n - start);
    for (let row = 0; row < m; row++)
      shares[row] = isOdd(b & Math.floor(places[row] / block)) ? -scale : scale;
    for (let from = 0; from < rows; from += ROWS)
      for (let first = 0; first < columns; first += GROUP) {
        const end = Math.min(from + ROWS, rows);
        const count = Math.min(GROUP, columns - first);
        for (let i = from; i < end; i++) {
          const sign = signs[start + i];
          let p = (start + i) * columns + first;
          for (let c = 0, q = first * stride + i; c < count; c++, p++, q += stride) buffer[q] = sign * x[p];
        }
      }
    for (let c = 0; c < columns; c++) {
      const from = c * stride;
      buffer.fill(0, from + rows, from + block);
      walshInPlace(buffer, from, block);
      for (let row = 0, to = c * m; row < m; row++, to++) out[to] += shares[row] * buffer[from + within[row]];
    }
  }
  return out;
}

/** Whether an odd number of the 32 bits of k is set. */
function isOdd(k: number): boolean {
  let bits = k ^ (k >>> 16);
  bits ^= bits >>> 8;
  bits ^= bits >>> 4;
  bits ^= bits >>> 2;
  return ((bits ^ (bits >>> 1)) & 1) === 1;
}

const padding = (ndim: number, axis: number, after: number): [number, number][] =>
  Array.from({ length: ndim }, (_, i) => [0, i === axis ? after : 0]);

/** Draws signs and places. Checks nothing. */
export function sampledHadamard(key: Key, rows: number, lengths: readonly number[]): SampledHadamard {
  const keys = split(key, 2 * lengths.length);
  return new SampledHadamard(
    lengths.map((n, i) => rademacher(keys[2 * i]!, [n])),
    lengths.map((n, i) => randint(keys[2 * i + 1]!, [rows], 0, paddedLength(n))),
  );
}
