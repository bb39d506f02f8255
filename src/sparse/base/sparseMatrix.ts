// The sparse matrix: immutable places and a tensor of values that every transform follows.

import { bindOne } from "../../ops/bind.ts";
import { astype } from "../../ops/cast.ts";
import { scatterP } from "../../ops/gather.ts";
import { zerosLike } from "../../ops/rules.ts";
import { type DType, promote } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { columnsOf, denseOperand, positionsOf, type SparseIndex, sparseDType } from "./arguments.ts";
import { pick, spread } from "./moves.ts";
import type { Pattern } from "./pattern.ts";
import { sparseProductP } from "./product.ts";
import { addRows, diagonalOf, filterRows, selectRows } from "./rearrange.ts";
import { multiplySparse } from "./sparseProduct.ts";
import {
  bsrParts,
  cooParts,
  cscParts,
  csrParts,
  type Parts,
  type Rows,
  rowsOf,
  type SparseFormat,
  type Structure,
  shapeOf,
} from "./structure.ts";

/**
 * An immutable sparse matrix. `values` is a tensor, `[nnz]` (`[blocks, r, c]` for `bsr`); where its entries lie is fixed.
 * Results are by rows (`csr`) unless told. Everything is differentiable in the values: inside `grad`, `vmap` or `jit` make
 * the matrix of traced values with `withValues`.
 */
export class SparseMatrix {
  readonly shape: readonly [number, number];
  readonly values: Tensor;
  /** Where the values lie; for engine code. */
  readonly structure: Structure;
  #rows: Rows | undefined;

  /** Takes parts that fit; `coo`, `csr`, `csc` and `bsr` are the checked ways in. */
  constructor({ structure, values }: Parts) {
    this.structure = structure;
    this.values = values;
    this.shape = shapeOf(structure);
  }

  get format(): SparseFormat {
    return this.structure.format;
  }

  get dtype(): DType {
    return this.values.dtype;
  }

  /** Number of stored values, zeros among them included. */
  get nnz(): number {
    return this.values.size;
  }

  /** The matrix by rows, as its pattern and values; for engine code. */
  get rows(): Rows {
    this.#rows ??= rowsOf(this);
    return this.#rows;
  }

  /** Starts of the compressed lines. Throws ShapeError for `coo`. */
  get indptr(): Int32Array {
    return this.#lines("indptr").indptr;
  }

  /** Positions along the compressed lines (of blocks for `bsr`). Throws ShapeError for `coo`. */
  get indices(): Int32Array {
    return this.#lines("indices").indices;
  }

  #lines(name: string): Pattern {
    if (this.structure.format === "coo")
      throw new ShapeError(`${name}: a coo matrix has row and column indices; convert it with toCsr() first`);
    return this.structure.pattern;
  }

  /** Row and column of each value, as `toCoo` lists them. */
  get coordinates(): readonly [Int32Array, Int32Array] {
    const { structure } = this;
    if (structure.format === "coo") return [structure.rowIndices, structure.columnIndices];
    if (structure.format === "csc") return [structure.pattern.indices, structure.pattern.rowOf];
    const { pattern } = this.rows;
    return [pattern.rowOf, pattern.indices];
  }

  /** The same places with other values, of the shape of `values`. Throws ShapeError. */
  withValues(values: Tensor): SparseMatrix {
    if (formatShape(values.shape) !== formatShape(this.values.shape))
      throw new ShapeError(
        `withValues: values must have shape ${formatShape(this.values.shape)}, got ${formatShape(values.shape)}`,
      );
    return new SparseMatrix({
      structure: this.structure,
      values: astype(values, sparseDType("withValues", values.dtype)),
    });
  }

  /** By rows; values that share a place are summed. O(nnz + rows + columns), as all conversions. */
  toCsr(): SparseMatrix {
    return this.format === "csr" ? this : fromRows(this.rows);
  }

  /** By columns. */
  toCsc(): SparseMatrix {
    return this.format === "csc" ? this : new SparseMatrix(cscParts(this.rows));
  }

  /** As a list of coordinates, sorted by rows and without repetition unless it is one already. */
  toCoo(): SparseMatrix {
    return this.format === "coo" ? this : new SparseMatrix(cooParts(this.rows));
  }

  /** In dense blocks of r × c. Throws ShapeError unless the blocks divide the shape. */
  toBsr(block: readonly [number, number]): SparseMatrix {
    const [r, c] = block;
    if (!(Number.isInteger(r) && Number.isInteger(c) && r > 0 && c > 0))
      throw new ShapeError(`toBsr: blocks must have positive lengths, got ${formatShape(block)}`);
    if (this.shape[0] % r || this.shape[1] % c)
      throw new ShapeError(
        `toBsr: blocks of ${formatShape(block)} do not divide a matrix of shape ${formatShape(this.shape)}`,
      );
    return new SparseMatrix(bsrParts(this.rows, [r, c]));
  }

  /** The dense matrix `[m, n]`. */
  toDense(): Tensor {
    const [m, n] = this.shape;
    const { pattern, values } = this.rows;
    const places = (x: Int32Array): Tensor => new Tensor(x, [x.length], "int32");
    return bindOne(
      scatterP,
      [
        zerosLike({ shape: [m, n], dtype: this.dtype }),
        values,
        places(pattern.rowOf),
        places(pattern.indices),
      ],
      { axes: [0, 1], mode: "set" },
    );
  }

  /** Rows and columns exchanged: no value moves but those of `bsr`. */
  transpose(): SparseMatrix {
    const { structure, values } = this;
    switch (structure.format) {
      case "csr":
        return new SparseMatrix({ structure: { format: "csc", pattern: structure.pattern }, values });
      case "csc":
        return new SparseMatrix(csrParts({ pattern: structure.pattern, values }));
      case "coo":
        return new SparseMatrix({
          structure: {
            format: "coo",
            rows: structure.columns,
            columns: structure.rows,
            rowIndices: structure.columnIndices,
            columnIndices: structure.rowIndices,
          },
          values,
        });
      case "bsr": {
        const { pattern, order } = structure.pattern.transposed;
        const [r, c] = structure.block;
        return new SparseMatrix({
          structure: { format: "bsr", pattern, block: [c, r] },
          values: pick(values, order).transpose([0, 2, 1]),
        });
      }
    }
  }

  /** Complex conjugate values. */
  conj(): SparseMatrix {
    return new SparseMatrix({ structure: this.structure, values: this.values.conj() });
  }

  astype(dtype: DType): SparseMatrix {
    if (!["float32", "float64", "complex64", "complex128"].includes(dtype))
      throw new DTypeError(
        `astype: sparse matrices hold float32, float64, complex64 or complex128, not ${dtype}`,
      );
    return new SparseMatrix({ structure: this.structure, values: astype(this.values, dtype) });
  }

  /** All values times a factor. */
  scale(factor: TensorLike): SparseMatrix {
    const values = this.values.mul(factor);
    if (formatShape(values.shape) !== formatShape(this.values.shape))
      throw new ShapeError(
        `scale: factor must be one number, got shape ${formatShape((factor as Tensor).shape)}`,
      );
    return new SparseMatrix({ structure: this.structure, values });
  }

  /** The sum; entries of either matrix stay, also where they cancel. Throws ShapeError unless the shapes agree. */
  add(other: SparseMatrix): SparseMatrix {
    const [a, b] = this.#meet("add", other);
    return fromRows(addRows(a.rows, b.rows));
  }

  /** The difference; see `add`. */
  sub(other: SparseMatrix): SparseMatrix {
    return this.add(other.scale(-1));
  }

  /** Products entry by entry with a matrix of the same shape: where both have one. */
  mul(other: SparseMatrix): SparseMatrix {
    const [a, b] = this.#meet("mul", other).map((x) => x.rows);
    const inBoth = filterRows(a, (i, j) => b.pattern.find(i, j) >= 0);
    const { pattern } = inBoth;
    const order = pattern.indices.map((j, p) => b.pattern.find(pattern.rowOf[p], j));
    return fromRows({ pattern, values: inBoth.values.mul(pick(b.values, order)) });
  }

  #meet(name: string, other: SparseMatrix): [SparseMatrix, SparseMatrix] {
    if (formatShape(this.shape) !== formatShape(other.shape))
      throw new ShapeError(
        `${name}: shapes ${formatShape(this.shape)} and ${formatShape(other.shape)} differ`,
      );
    const dtype = promote(this.dtype, other.dtype);
    return [this.astype(dtype), other.astype(dtype)];
  }

  /** The product with a vector `[n]` or columns `[n, k]`: dense, O(nnz k). Throws ShapeError. */
  matmul(other: Tensor): Tensor;
  /** The product with a sparse matrix, O(multiplications). */
  matmul(other: SparseMatrix): SparseMatrix;
  matmul(other: Tensor | SparseMatrix): Tensor | SparseMatrix {
    if (other instanceof SparseMatrix) {
      if (this.shape[1] !== other.shape[0])
        throw new ShapeError(
          `matmul: shapes ${formatShape(this.shape)} and ${formatShape(other.shape)} do not fit`,
        );
      const dtype = promote(this.dtype, other.dtype);
      return fromRows(multiplySparse(this.astype(dtype).rows, other.astype(dtype).rows));
    }
    const x = denseOperand("matmul", other);
    const { columns, restore } = columnsOf("matmul", x, this.shape[1]);
    const dtype = promote(this.dtype, x.dtype);
    const transposed = this.structure.format === "csc";
    const { pattern, values } =
      this.structure.format === "csc" ? { pattern: this.structure.pattern, values: this.values } : this.rows;
    return restore(
      bindOne(sparseProductP, [astype(values, dtype), astype(columns, dtype)], { pattern, transposed }),
    );
  }

  /** Chosen rows and columns (all unless told): ranges or positions, which may repeat and count from the end. */
  slice(rows: SparseIndex, columns: SparseIndex = ":"): SparseMatrix {
    const [m, n] = this.shape;
    return fromRows(
      selectRows(this.rows, positionsOf("slice: rows", rows, m), positionsOf("slice: columns", columns, n)),
    );
  }

  /**
   * Rows and columns in new orders: entry (i, j) of the result is entry (rows[i], columns[j]); columns are ordered as the
   * rows unless told. Throws DomainError unless the orders are permutations.
   */
  permute(rows: SparseIndex, columns: SparseIndex = rows): SparseMatrix {
    [rows, columns].forEach((index, axis) => {
      const positions = positionsOf("permute", index, this.shape[axis]);
      if (positions.length !== this.shape[axis] || new Set(positions).size !== positions.length)
        throw new DomainError(`permute: a permutation of ${this.shape[axis]} positions was expected`);
    });
    return this.slice(rows, columns);
  }

  /** The entries on diagonal k, zeros where nothing is stored. */
  diagonal(k = 0): Tensor {
    if (!Number.isInteger(k)) throw new ShapeError(`diagonal: k must be an integer, got ${k}`);
    return diagonalOf(this.rows, k);
  }

  /** Entries on and below diagonal k. */
  tril(k = 0): SparseMatrix {
    return fromRows(filterRows(this.rows, (i, j) => j - i <= k));
  }

  /** Entries on and above diagonal k. */
  triu(k = 0): SparseMatrix {
    return fromRows(filterRows(this.rows, (i, j) => j - i >= k));
  }

  /** Sums along one axis, of all entries when left out. */
  sum(axis?: 0 | 1): Tensor {
    const { pattern, values } = this.rows;
    if (axis === undefined) return values.sum();
    if (axis !== 0 && axis !== 1) throw new ShapeError(`sum: axis must be 0 or 1, got ${axis}`);
    const target = axis === 1 ? pattern.rowOf : pattern.indices;
    return spread(values, target, axis === 1 ? pattern.rows : pattern.columns);
  }

  /** The norm: `"fro"` (Frobenius, unless told), 1 (largest column sum) or Infinity (largest row sum). */
  norm(order: "fro" | 1 | typeof Number.POSITIVE_INFINITY = "fro"): Tensor {
    const { pattern, values } = this.rows;
    const sizes = values.abs();
    if (order === "fro") return sizes.square().sum().sqrt();
    if (order !== 1 && order !== Number.POSITIVE_INFINITY)
      throw new DomainError(`norm: order must be "fro", 1 or Infinity, got ${order}`);
    const absolute = fromRows({ pattern, values: sizes });
    return absolute.sum(order === 1 ? 0 : 1).max();
  }

  /** Without stored zeros; the values must be known. */
  prune(): SparseMatrix {
    const rows = this.rows;
    const isZero = rows.values.equal(0).data();
    if (!isZero.includes(1)) return fromRows(rows);
    const { pattern } = rows;
    return fromRows(filterRows(rows, (i, j) => !isZero[pattern.find(i, j)]));
  }

  toString(): string {
    return `SparseMatrix(${this.format} ${this.dtype} ${formatShape(this.shape)}, ${this.nnz} stored)`;
  }
}

/** A matrix by rows. */
export const fromRows = (rows: Rows): SparseMatrix => new SparseMatrix(csrParts(rows));

// What `console.log` shows in Node.
Object.defineProperty(SparseMatrix.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: SparseMatrix): string {
    return this.toString();
  },
});
