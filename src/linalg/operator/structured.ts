// Operators that are given by a vector or a few thin factors.

import { fft, ifft } from "../../fft/fft.ts";
import { walshHadamard } from "../../fft/walsh.ts";
import { reciprocal } from "../../ops/arithmetic.ts";
import { take } from "../../ops/gather.ts";
import { concat, diag, pad } from "../../ops/join.ts";
import { flip, narrowAxis } from "../../ops/movement.ts";
import { eye } from "../../tensor/create.ts";
import { type DType, isComplex } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { circulant, toeplitz } from "../constructors/structured.ts";
import { solve } from "../systems/solve.ts";
import { checkPart, LinearOperator, meetDTypes, type Tags } from "./operator.ts";

/** A diagonal matrix `[n, n]` from its entries `[n]`. O(n). */
export class Diagonal extends LinearOperator {
  readonly kind: string = "diagonal";
  readonly entries: Tensor;

  constructor(entries: Tensor, tags: Tags = {}) {
    checkPart("diagonal operator", "entries", entries, 1);
    const n = entries.shape[0]!;
    super([n, n], entries.dtype, isComplex(entries.dtype) ? tags : { ...tags, hermitian: true });
    this.entries = entries;
  }

  protected product(x: Tensor): Tensor {
    return this.entries.expandDims(1).mul(x);
  }
  override transpose(): Diagonal {
    return this;
  }
  override conj(): Diagonal {
    return new Diagonal(this.entries.conj(), this.tags);
  }
  override diagonal(): Tensor {
    return this.entries;
  }
  override toDense(): Tensor {
    return diag(this.entries);
  }
  override solver(): (b: Tensor) => Tensor {
    return (b) => b.div(b.ndim === 1 ? this.entries : this.entries.expandDims(1));
  }
  override cost(): number {
    return this.shape[0];
  }
}

/** The identity of order n. */
export const identityOperator = (n: number, dtype: DType = "float64"): Diagonal =>
  new Diagonal(eye(1, n, { dtype }).mul(0).add(1).reshape([n]).astype(dtype), {
    hermitian: true,
    positiveDefinite: true,
    unitary: true,
  });

/** A permutation: element i of P x is element `order[i]` of x. O(n). */
export class Permutation extends LinearOperator {
  readonly kind: string = "permutation";
  readonly order: Int32Array;

  constructor(order: ArrayLike<number>, dtype: DType = "float64") {
    const given = Int32Array.from(order);
    const seen = new Uint8Array(given.length);
    for (const i of given) {
      if (!(i >= 0 && i < given.length) || seen[i])
        throw new DomainError(
          `permutation operator: the numbers 0 to ${given.length - 1} in some order were expected, got ${i}${seen[i] ? " twice" : ""}`,
        );
      seen[i] = 1;
    }
    super([given.length, given.length], dtype, { unitary: true });
    this.order = given;
  }

  protected product(x: Tensor): Tensor {
    return take(x, new Tensor(this.order, [this.order.length], "int32"), 0);
  }
  override transpose(): Permutation {
    const back = new Int32Array(this.order.length);
    this.order.forEach((from, i) => {
      back[from] = i;
    });
    return new Permutation(back, this.dtype);
  }
  override conj(): Permutation {
    return this;
  }
  override cost(): number {
    return this.shape[0];
  }
}

/**
 * A circulant matrix `[n, n]` from its first column: products and systems by Fourier transforms. O(n log n). Systems with
 * a zero in the spectrum give infinities.
 */
export class Circulant extends LinearOperator {
  readonly kind: string = "circulant";
  readonly column: Tensor;

  constructor(column: Tensor, tags: Tags = {}) {
    checkPart("circulant operator", "column", column, 1);
    const n = column.shape[0]!;
    super([n, n], column.dtype, tags);
    this.column = column;
  }

  /** The eigenvalues, `[n]`. */
  spectrum(): Tensor {
    return fft(this.column);
  }

  #scaled(x: Tensor, change: (spectrum: Tensor) => Tensor): Tensor {
    if (this.shape[0] === 0) return x;
    const y = ifft(fft(x, { axis: 0 }).mul(change(this.spectrum()).expandDims(1)), { axis: 0 });
    return isComplex(x.dtype) || isComplex(this.dtype) ? y : y.real();
  }

  protected product(x: Tensor): Tensor {
    return this.#scaled(x, (spectrum) => spectrum);
  }
  override transpose(): Circulant {
    const n = this.shape[0];
    const column =
      n < 2
        ? this.column
        : concat([narrowAxis(this.column, 0, 0, 1), flip(narrowAxis(this.column, 0, 1, n))]);
    return new Circulant(column, this.tags);
  }
  override conj(): Circulant {
    return new Circulant(this.column.conj(), this.tags);
  }
  override toDense(): Tensor {
    return circulant(this.column);
  }
  override diagonal(): Tensor {
    return narrowAxis(this.column, 0, 0, 1).broadcastTo([this.shape[0]]);
  }
  override solver(): (b: Tensor) => Tensor {
    return (b) => {
      const columns = b.ndim === 1 ? b.expandDims(1) : b;
      const x = this.#scaled(columns, reciprocal);
      return b.ndim === 1 ? x.squeeze(1) : x;
    };
  }
  override cost(): number {
    return fourierCost(this.shape[0]);
  }
}

/** Two complex transforms of n numbers and a product. */
const fourierCost = (n: number): number => Math.ceil(n * (1 + 4 * Math.log2(Math.max(2, n))));

/**
 * A Toeplitz matrix `[m, n]` from its first column `[m]` and row `[n]` (whose first element is not read; the conjugate of
 * the column unless given). Products by embedding in a circulant matrix. O((m + n) log (m + n)).
 */
export class Toeplitz extends LinearOperator {
  readonly kind: string = "Toeplitz";
  readonly column: Tensor;
  readonly row: Tensor;

  constructor(column: Tensor, row?: Tensor, tags: Tags = {}) {
    checkPart("Toeplitz operator", "column", column, 1);
    const first = row ?? column.conj();
    checkPart("Toeplitz operator", "row", first, 1);
    const [m, n] = [column.shape[0]!, first.shape[0]!];
    if (m === 0 || n === 0) throw new ShapeError("Toeplitz operator: column and row must not be empty");
    const known: Tags = row === undefined && !isComplex(column.dtype) ? { hermitian: true } : {};
    super([m, n], meetDTypes(column, first), { ...known, ...tags });
    this.column = column.astype(this.dtype);
    this.row = first.astype(this.dtype);
  }

  protected product(x: Tensor): Tensor {
    const [m, n] = this.shape;
    // The circulant matrix of order m + n − 1 has this one in its upper left corner.
    const column = n === 1 ? this.column : concat([this.column, flip(narrowAxis(this.row, 0, 1, n))]);
    const padded = pad(x, [
      [0, m - 1],
      [0, 0],
    ]);
    return narrowAxis(new Circulant(column).apply(padded), 0, 0, m);
  }
  override transpose(): Toeplitz {
    const corner = narrowAxis(this.column, 0, 0, 1);
    const column = this.shape[1] === 1 ? corner : concat([corner, narrowAxis(this.row, 0, 1, this.shape[1])]);
    return new Toeplitz(column, this.column, this.tags);
  }
  override conj(): Toeplitz {
    return new Toeplitz(this.column.conj(), this.row.conj(), this.tags);
  }
  override toDense(): Tensor {
    return toeplitz(this.column, this.row);
  }
  override diagonal(): Tensor {
    return narrowAxis(this.column, 0, 0, 1).broadcastTo([Math.min(...this.shape)]);
  }
  override cost(): number {
    return fourierCost(this.shape[0] + this.shape[1]);
  }
}

/** The Hadamard matrix of order 2^k over √n, in natural order: orthogonal. O(n log n). */
export class Hadamard extends LinearOperator {
  readonly kind: string = "Hadamard";

  constructor(n: number, dtype: DType = "float64") {
    if (!(Number.isInteger(n) && n >= 1 && Number.isInteger(Math.log2(n))))
      throw new ShapeError(`Hadamard operator: the order must be a power of 2, got ${n}`);
    super([n, n], dtype, { hermitian: true, unitary: true });
  }

  protected product(x: Tensor): Tensor {
    return walshHadamard(x, { axis: 0, norm: "ortho" });
  }
  override transpose(): Hadamard {
    return this;
  }
  override conj(): Hadamard {
    return this;
  }
  override cost(): number {
    const n = this.shape[0];
    return n * Math.ceil(Math.log2(Math.max(2, n)));
  }
}

/**
 * U diag(s) Vᴴ with U `[m, r]`, s `[r]` (ones unless given) and V `[n, r]`. O((m + n) r).
 */
export class LowRank extends LinearOperator {
  readonly kind: string = "low-rank";
  readonly u: Tensor;
  readonly v: Tensor;

  constructor(u: Tensor, v: Tensor, options: { readonly s?: Tensor; readonly tags?: Tags } = {}) {
    checkPart("low-rank operator", "u", u, 2);
    checkPart("low-rank operator", "v", v, 2);
    if (u.shape[1] !== v.shape[1])
      throw new ShapeError(
        `low-rank operator: factors [m, r] and [n, r] were expected, got ${formatShape(u.shape)} and ${formatShape(v.shape)}`,
      );
    const { s, tags } = options;
    if (s) {
      checkPart("low-rank operator", "s", s, 1);
      if (s.shape[0] !== u.shape[1])
        throw new ShapeError(
          `low-rank operator: s must be [${u.shape[1]}], got shape ${formatShape(s.shape)}`,
        );
    }
    super([u.shape[0]!, v.shape[0]!], meetDTypes(u, v, s ?? u), tags);
    this.u = (s ? u.mul(s) : u).astype(this.dtype);
    this.v = v.astype(this.dtype);
  }

  protected product(x: Tensor): Tensor {
    return this.u.matmul(adjoint(this.v).matmul(x));
  }
  override transpose(): LowRank {
    return new LowRank(this.v.conj(), this.u.conj(), { tags: this.tags });
  }
  override conj(): LowRank {
    return new LowRank(this.u.conj(), this.v.conj(), { tags: this.tags });
  }
  override diagonal(): Tensor {
    const k = Math.min(...this.shape);
    return narrowAxis(this.u, 0, 0, k)
      .mul(narrowAxis(this.v, 0, 0, k).conj())
      .sum({ axis: 1 });
  }
  override cost(): number {
    return (this.shape[0] + this.shape[1]) * this.u.shape[1]!;
  }
}

/**
 * The product H₁ H₂ … of reflectors I − τ v vᴴ, with v the columns of `vectors` `[n, k]` and τ = 2 / ‖v‖²: unitary.
 * O(n k).
 */
export class HouseholderProduct extends LinearOperator {
  readonly kind: string = "Householder";
  readonly vectors: Tensor;

  constructor(vectors: Tensor) {
    checkPart("Householder operator", "vectors", vectors, 2);
    const n = vectors.shape[0]!;
    super([n, n], vectors.dtype, { unitary: true });
    this.vectors = vectors.astype(this.dtype);
  }

  protected product(x: Tensor): Tensor {
    // I − V S⁻¹ Vᴴ with S upper triangular: 1/τ on the diagonal and VᴴV above it.
    const v = this.vectors;
    const gram = adjoint(v).matmul(v);
    const k = v.shape[1]!;
    const upper = new Float64Array(k * k);
    for (let i = 0; i < k; i++) for (let j = i; j < k; j++) upper[i * k + j] = i === j ? 0.5 : 1;
    const s = gram.mul(new Tensor(upper, [k, k], "float64")).astype(this.dtype);
    return x.sub(v.matmul(solve(s, adjoint(v).matmul(x))));
  }
  override transpose(): HouseholderProduct {
    return new HouseholderProduct(flip(this.vectors, 1).conj());
  }
  override conj(): HouseholderProduct {
    return new HouseholderProduct(this.vectors.conj());
  }
  override cost(): number {
    return 2 * this.shape[0] * this.vectors.shape[1]!;
  }
}
