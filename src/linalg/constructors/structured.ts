// Dense matrices whose entries follow a rule: from a few vectors, or from nothing but their order.

import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { reshape } from "../../ops/movement.ts";
import type { DType } from "../../tensor/dtype.ts";
import { allocate, isFloat } from "../../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkShape, formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Throws ShapeError unless `x` has at least one axis, and, when asked, one that is not empty. */
function vectors(name: string, x: Tensor, argument: string): Tensor {
  if (x.ndim === 0 || x.shape.at(-1) === 0)
    throw new ShapeError(
      `${name}: ${argument} must be a vector of at least one element, or a batch of them, got shape ${formatShape(x.shape)}`,
    );
  return x;
}

/** `[…, rows, columns]` whose entry (i, j) is element `position(i, j)` of the vectors `[…, n]`. */
function gathered(
  x: Tensor,
  rows: number,
  columns: number,
  position: (i: number, j: number) => number,
): Tensor {
  const index = new Int32Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) index[i * columns + j] = position(i, j);
  return take(x, new Tensor(index, [rows, columns], "int32"), -1);
}

/** Two batches of vectors with one shape of leading axes, joined. */
function joined(first: Tensor, second: Tensor): Tensor {
  const batch = first.ndim >= second.ndim ? first.shape.slice(0, -1) : second.shape.slice(0, -1);
  const wide = (x: Tensor): Tensor => x.broadcastTo([...batch, x.shape.at(-1)!]);
  return concat([wide(first), wide(second)], -1);
}

/**
 * Toeplitz matrices `[…, m, n]` with the first columns `column` `[…, m]` and the first rows `row` `[…, n]`, whose first
 * elements are not read; without rows they are the conjugates of the columns: the matrix is then Hermitian. O(m n).
 *
 * @throws ShapeError for a scalar or an empty vector.
 */
export function toeplitz(column: Tensor, row?: Tensor): Tensor {
  const c = vectors("toeplitz", column, "column");
  const r = row === undefined ? c.conj() : vectors("toeplitz", row, "row");
  const m = c.shape.at(-1)!;
  return gathered(joined(c, r), m, r.shape.at(-1)!, (i, j) => (i >= j ? i - j : m + j - i));
}

/**
 * Hankel matrices `[…, m, n]` with the first columns `column` `[…, m]` and the last rows `row` `[…, n]`, whose first
 * elements are not read; without rows they are zero. O(m n).
 *
 * @throws ShapeError for a scalar or an empty vector.
 */
export function hankel(column: Tensor, row?: Tensor): Tensor {
  const c = vectors("hankel", column, "column");
  const r = row === undefined ? c.mul(0) : vectors("hankel", row, "row");
  const m = c.shape.at(-1)!;
  return gathered(joined(c, r), m, r.shape.at(-1)!, (i, j) => (i + j < m ? i + j : i + j + 1));
}

/**
 * Circulant matrices `[…, n, n]` with the first columns `column` `[…, n]`: entry (i, j) is element i − j modulo n. O(n²).
 *
 * @throws ShapeError for a scalar or an empty vector.
 */
export function circulant(column: Tensor): Tensor {
  const c = vectors("circulant", column, "column");
  const n = c.shape.at(-1)!;
  return gathered(c, n, n, (i, j) => (i - j + n) % n);
}

/**
 * Vandermonde matrices `[…, m, columns]` of the points `x` `[…, m]`: powers columns − 1 … 0, or 0 … columns − 1 in
 * `order: "increasing"`. O(m columns).
 *
 * @throws ShapeError for a scalar, an empty vector, or a number of columns that is no positive integer.
 */
export function vandermonde(
  x: Tensor,
  options: { readonly columns?: number; readonly order?: "decreasing" | "increasing" } = {},
): Tensor {
  const points = vectors("vandermonde", x, "x");
  const { columns = points.shape.at(-1)!, order = "decreasing" } = options;
  if (!(Number.isInteger(columns) && columns >= 1))
    throw new ShapeError(`vandermonde: columns must be a positive integer, got ${columns}`);
  const powers: Tensor[] = [points.mul(0).add(1)];
  while (powers.length < columns) powers.push(powers.at(-1)!.mul(points));
  if (order === "decreasing") powers.reverse();
  return concat(
    powers.map((p) => p.astype(points.dtype).expandDims(-1)),
    -1,
  );
}

/**
 * Kronecker product of x `[…, m, n]` and y `[…, p, q]`: `[…, m p, n q]`, leading axes broadcast. Vectors count as one
 * axis: `[m]` and `[p]` give `[m p]`. O(m n p q).
 *
 * @throws ShapeError when one operand is a vector and the other is not, or for a scalar.
 */
export function kron(x: Tensor, y: Tensor): Tensor {
  const isVector = x.ndim === 1 && y.ndim === 1;
  if (!isVector && (x.ndim < 2 || y.ndim < 2))
    throw new ShapeError(
      `kron: two vectors, or two matrices or batches of them, were expected, got shapes ${formatShape(x.shape)} and ${formatShape(y.shape)}`,
    );
  if (isVector) {
    const product = x.expandDims(1).mul(y);
    return reshape(product, [product.size]);
  }
  const [m, n] = x.shape.slice(-2) as [number, number];
  const [p, q] = y.shape.slice(-2) as [number, number];
  const product = x.expandDims(-2).expandDims(-1).mul(y.expandDims(-2).expandDims(-4));
  return reshape(product, [...product.shape.slice(0, -4), m * p, n * q]);
}

/**
 * The Hilbert matrix `[n, n]`, 1 / (i + j + 1): the standard example of a matrix that is nearly singular. O(n²).
 *
 * @throws ShapeError unless n is a size; DTypeError unless dtype is a float.
 */
export function hilbert(n: number, { dtype = "float64" }: { readonly dtype?: DType } = {}): Tensor {
  checkShape([n], "hilbert: n");
  if (!isFloat(dtype)) throw new DTypeError(`hilbert: a float dtype was expected, got ${dtype}`);
  const data = allocate("float64", n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) data[i * n + j] = 1 / (i + j + 1);
  return new Tensor(data, [n, n], "float64").astype(dtype);
}
