// Sparse matrices from indices and values, from dense ones, from diagonals and from other sparse matrices.

import { astype } from "../../ops/cast.ts";
import { concat } from "../../ops/join.ts";
import { asTensor } from "../../ops/operands.ts";
import { ones } from "../../tensor/create.ts";
import { type DType, promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { denseOperand, type ValuesLike, valuesOf } from "./arguments.ts";
import { pick } from "./moves.ts";
import { checkedPattern, checkLengths, checkRange, compress, integers, Pattern } from "./pattern.ts";
import { gathered } from "./rearrange.ts";
import { fromRows, SparseMatrix } from "./sparseMatrix.ts";

type Lengths = readonly [number, number];

/**
 * A matrix from the row, column and value of each entry, in any order; values that share a place are summed. The shape
 * is the smallest that holds all indices unless told.
 *
 * @throws ShapeError for lists of different lengths; DomainError for indices that are no integers or out of range.
 */
export function coo(
  rows: ArrayLike<number>,
  columns: ArrayLike<number>,
  values: ValuesLike,
  shape?: Lengths,
): SparseMatrix {
  const rowIndices = integers("coo: rows", rows);
  const columnIndices = integers("coo: columns", columns);
  if (rowIndices.length !== columnIndices.length)
    throw new ShapeError(
      `coo: rows and columns must have one length, got ${rowIndices.length} and ${columnIndices.length}`,
    );
  const bound = (list: Int32Array): number => list.reduce((top, i) => Math.max(top, i + 1), 0);
  const [m, n] = shape ?? [bound(rowIndices), bound(columnIndices)];
  checkLengths("coo", shape ?? [m, n]);
  checkRange("coo: rows", rowIndices, m);
  checkRange("coo: columns", columnIndices, n);
  return new SparseMatrix({
    structure: { format: "coo", rows: m, columns: n, rowIndices, columnIndices },
    values: valuesOf("coo", values, [rowIndices.length]),
  });
}

/**
 * A matrix by rows: entries of row i are those from `indptr[i]` to `indptr[i + 1]`, with ascending columns `indices`.
 *
 * @throws ShapeError for arrays that do not fit; DomainError for columns out of range, unsorted or repeated.
 */
export function csr(
  indptr: ArrayLike<number>,
  indices: ArrayLike<number>,
  values: ValuesLike,
  shape?: Lengths,
): SparseMatrix {
  const { rows, columns } = lengths("csr", indptr, indices, shape);
  const pattern = checkedPattern("csr", "row", rows, columns, indptr, indices);
  return fromRows({ pattern, values: valuesOf("csr", values, [pattern.nnz]) });
}

/** A matrix by columns; see `csr`, with rows and columns exchanged. */
export function csc(
  indptr: ArrayLike<number>,
  indices: ArrayLike<number>,
  values: ValuesLike,
  shape?: Lengths,
): SparseMatrix {
  const { rows, columns } = lengths("csc", indptr, indices, shape && [shape[1], shape[0]]);
  const pattern = checkedPattern("csc", "column", rows, columns, indptr, indices);
  return new SparseMatrix({
    structure: { format: "csc", pattern },
    values: valuesOf("csc", values, [pattern.nnz]),
  });
}

/** Number of compressed lines and their length: the one that is told, else the smallest that fits. */
function lengths(
  name: string,
  indptr: ArrayLike<number>,
  indices: ArrayLike<number>,
  shape: Lengths | undefined,
): { rows: number; columns: number } {
  if (shape) {
    checkLengths(name, shape);
    return { rows: shape[0], columns: shape[1] };
  }
  if (indptr.length === 0) throw new ShapeError(`${name}: indptr must have at least one entry`);
  let columns = 0;
  for (let p = 0; p < indices.length; p++) columns = Math.max(columns, indices[p] + 1);
  return { rows: indptr.length - 1, columns };
}

/**
 * A matrix of dense blocks: block row i holds the blocks from `indptr[i]` to `indptr[i + 1]` at the block columns `indices`;
 * values `[blocks, r, c]`.
 *
 * @throws as `csr`; ShapeError when the shape is not a multiple of the blocks.
 */
export function bsr(
  indptr: ArrayLike<number>,
  indices: ArrayLike<number>,
  values: Tensor,
  shape?: Lengths,
): SparseMatrix {
  if (values.ndim !== 3 || values.shape[1] === 0 || values.shape[2] === 0)
    throw new ShapeError(`bsr: values must be [blocks, r, c], got ${formatShape(values.shape)}`);
  const block: Lengths = [values.shape[1], values.shape[2]];
  if (shape && (shape[0] % block[0] || shape[1] % block[1]))
    throw new ShapeError(`bsr: blocks of ${formatShape(block)} do not divide shape ${formatShape(shape)}`);
  const inBlocks: Lengths | undefined = shape && [shape[0] / block[0], shape[1] / block[1]];
  const { rows, columns } = lengths("bsr", indptr, indices, inBlocks);
  const pattern = checkedPattern("bsr", "row", rows, columns, indptr, indices);
  return new SparseMatrix({
    structure: { format: "bsr", pattern, block },
    values: valuesOf("bsr", values, [pattern.nnz, ...block]),
  });
}

/** The entries of a dense matrix `[m, n]` that are not zero, by rows. Its values must be known. */
export function fromDense(x: TensorLike): SparseMatrix {
  const dense = denseOperand("fromDense", x);
  if (dense.ndim !== 2)
    throw new ShapeError(`fromDense: a matrix was expected, got shape ${formatShape(dense.shape)}`);
  const [m, n] = dense.shape;
  const isNonzero = dense.notEqual(0).data();
  const indptr = new Int32Array(m + 1);
  const order: number[] = [];
  for (let i = 0; i < m; i++) {
    for (let at = i * n; at < (i + 1) * n; at++) if (isNonzero[at]) order.push(at);
    indptr[i + 1] = order.length;
  }
  const positions = Int32Array.from(order);
  const pattern = new Pattern(
    m,
    n,
    indptr,
    positions.map((at) => at % n),
  );
  return fromRows({ pattern, values: pick(dense.ravel(), positions) });
}

/** The identity `[n, m]`, ones on diagonal k. */
export function sparseEye(
  n: number,
  m: number = n,
  options: { readonly k?: number; readonly dtype?: DType } = {},
): SparseMatrix {
  checkLengths("sparseEye", [n, m]);
  const { k = 0, dtype = "float64" } = options;
  return sparseDiags([ones([1], dtype)], [k], [n, m]);
}

/**
 * A matrix of diagonals: `diagonals[d]` lies on diagonal `offsets[d]` and holds as many values as fit there, or one that
 * is repeated. Without offsets there is one diagonal, the main one. Square and as small as possible unless told.
 *
 * @throws ShapeError for diagonals of the wrong length; DomainError for an offset that repeats.
 */
export function sparseDiags(
  diagonals: readonly (TensorLike | readonly number[])[],
  offsets: readonly number[] = [0],
  shape?: Lengths,
): SparseMatrix {
  if (diagonals.length !== offsets.length)
    throw new ShapeError(
      `sparseDiags: as many diagonals as offsets were expected, got ${diagonals.length} and ${offsets.length}`,
    );
  if (new Set(offsets).size !== offsets.length || !offsets.every(Number.isInteger))
    throw new DomainError(`sparseDiags: offsets must be different integers, got ${formatShape(offsets)}`);
  const given = diagonals.map((x) => valuesOf1(x));
  const size = given.reduce((top, x, d) => Math.max(top, x.size + Math.abs(offsets[d])), 0);
  const [m, n] = shape ?? [size, size];
  checkLengths("sparseDiags", [m, n]);
  const rows: number[] = [];
  const columns: number[] = [];
  const parts = given.map((x, d) => {
    const k = offsets[d];
    const first = Math.max(0, -k);
    const length = Math.max(0, Math.min(m - first, n - first - k));
    if (x.size !== length && x.size !== 1)
      throw new ShapeError(
        `sparseDiags: diagonal ${k} of a matrix of shape ${formatShape([m, n])} has ${length} entries, got ${x.size}`,
      );
    for (let s = 0; s < length; s++) {
      rows.push(first + s);
      columns.push(first + s + k);
    }
    return x.broadcastTo([length]);
  });
  const dtype = given.map((x) => x.dtype).reduce(promote, "float32");
  const values = parts.length ? concat(parts.map((x) => astype(x, dtype))) : ones([0]);
  return coo(rows, columns, values, [m, n]).toCsr();
}

function valuesOf1(x: TensorLike | readonly number[]): Tensor {
  const values = Array.isArray(x) ? valuesOf("sparseDiags", x, [x.length]) : asTensor(x as TensorLike);
  if (values.ndim > 1)
    throw new ShapeError(`sparseDiags: diagonals must be vectors, got shape ${formatShape(values.shape)}`);
  return denseOperand("sparseDiags", values.reshape([values.size]));
}

/** The Kronecker product: blocks a[i, j] · b, shape `[m p, n q]`. O(nnz(a) nnz(b)). */
export function sparseKron(a: SparseMatrix, b: SparseMatrix): SparseMatrix {
  const dtype = promote(a.dtype, b.dtype);
  const { pattern: left, values: x } = a.astype(dtype).rows;
  const { pattern: right, values: y } = b.astype(dtype).rows;
  const shape: Lengths = [left.rows * right.rows, left.columns * right.columns];
  checkLengths("sparseKron", shape);
  const count = left.nnz * right.nnz;
  const rows = new Int32Array(count);
  const columns = new Int32Array(count);
  const order = new Int32Array(count);
  for (let p = 0, s = 0; p < left.nnz; p++)
    for (let q = 0; q < right.nnz; q++, s++) {
      rows[s] = left.rowOf[p] * right.rows + right.rowOf[q];
      columns[s] = left.indices[p] * right.columns + right.indices[q];
      order[s] = s;
    }
  const products = x.expandDims(1).mul(y.expandDims(0)).ravel();
  return fromRows(gathered(...shape, rows, columns, products, order));
}

/** Matrices along the diagonal of a larger one. */
export function blockDiag(matrices: readonly SparseMatrix[]): SparseMatrix {
  return sparseBlock(
    matrices.map((x, i) => matrices.map((_, j) => (i === j ? x : null))),
    "blockDiag",
  );
}

/**
 * A matrix of matrices, rows of blocks; null stands for zeros, and every row and column must hold a block.
 *
 * @throws ShapeError for blocks that do not fit together.
 */
export function sparseBlock(
  blocks: readonly (readonly (SparseMatrix | null)[])[],
  name = "sparseBlock",
): SparseMatrix {
  const width = blocks[0]?.length ?? 0;
  if (width === 0 || blocks.some((row) => row.length !== width))
    throw new ShapeError(`${name}: rows of equally many blocks were expected`);
  const heights = new Array<number>(blocks.length);
  const widths = new Array<number>(width);
  const claim = (lengths: number[], at: number, length: number): void => {
    lengths[at] ??= length;
    if (lengths[at] !== length)
      throw new ShapeError(
        `${name}: blocks of lengths ${lengths[at]} and ${length} stand in one row or column`,
      );
  };
  blocks.forEach((row, i) => {
    row.forEach((x, j) => {
      if (!x) return;
      claim(heights, i, x.shape[0]);
      claim(widths, j, x.shape[1]);
    });
  });
  const starts = (lengths: number[]): number[] => {
    const ends = [0];
    for (let i = 0; i < lengths.length; i++) {
      if (lengths[i] === undefined) throw new ShapeError(`${name}: row or column ${i} holds no block`);
      ends.push(ends[i] + lengths[i]);
    }
    return ends;
  };
  const top = starts(heights);
  const left = starts(widths);
  const shape: Lengths = [top[blocks.length], left[width]];
  checkLengths(name, shape);
  const all = blocks.flatMap((row, i) =>
    row.flatMap((x, j) => (x ? [{ ...x.rows, top: top[i], left: left[j] }] : [])),
  );
  const dtype = all.map(({ values }) => values.dtype).reduce(promote);
  const count = all.reduce((sum, { pattern }) => sum + pattern.nnz, 0);
  const rows = new Int32Array(count);
  const columns = new Int32Array(count);
  let s = 0;
  for (const block of all)
    for (let p = 0; p < block.pattern.nnz; p++, s++) {
      rows[s] = block.top + block.pattern.rowOf[p];
      columns[s] = block.left + block.pattern.indices[p];
    }
  const { pattern, target } = compress(...shape, rows, columns);
  const order = new Int32Array(count);
  for (let p = 0; p < count; p++) order[target[p]] = p;
  return fromRows({ pattern, values: pick(concat(all.map(({ values }) => astype(values, dtype))), order) });
}
