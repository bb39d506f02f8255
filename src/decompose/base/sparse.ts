// Sparse tensors in coordinate form and the two products that CP and Tucker need of them: nothing is ever densified.

import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { unravel } from "./input.ts";

/** A tensor of which only the entries that are not zero are stored (repeated indices add up). */
export interface SparseTensor {
  readonly kind: "sparse";
  readonly shape: Shape;
  /** `indices[i * d + k]` is the zero-based position of entry i along mode k. */
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

/**
 * Whether x is sparse. Throws DTypeError, naming what came, for anything that is neither a dense nor a sparse tensor.
 */
export function isSparse(x: Tensor | SparseTensor, what = "x"): x is SparseTensor {
  checkTensorLike(x, what);
  return !(x instanceof Tensor);
}

function checkTensorLike(x: unknown, what: string): void {
  if (x instanceof Tensor) return;
  if (typeof x === "object" && x !== null && "kind" in x && x.kind === "sparse") return;
  const came = Array.isArray(x)
    ? "an array; make a tensor of it with tensor()"
    : x === null
      ? "null"
      : typeof x;
  throw new DTypeError(`${what}: a dense or sparse tensor was expected, got ${came}`);
}

/**
 * Throws ShapeError for indices that do not fit the shape, DomainError for values that are not finite or an empty
 * tensor.
 */
export function checkSparse(x: SparseTensor, what: string): void {
  const order = x.shape.length;
  if (order === 0 || x.values.length === 0)
    throw new DomainError(`${what}: the sparse tensor has no entries`);
  if (x.indices.length !== x.values.length * order)
    throw new ShapeError(
      `${what}: ${x.values.length} entries of order ${order} need ${x.values.length * order} positions, got ${x.indices.length}`,
    );
  for (let i = 0; i < x.indices.length; i++)
    if (!(x.indices[i]! >= 0 && x.indices[i]! < x.shape[i % order]!))
      throw new ShapeError(
        `${what}: position ${x.indices[i]} of entry ${Math.floor(i / order)} is outside mode ${i % order} of ${formatShape(x.shape)}`,
      );
  const bad = x.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DomainError(`${what}: entry ${bad} is not finite`);
}

/** The dense float64 tensor; repeated indices add up. O(size + entries · d). */
export function sparseToDense(x: SparseTensor): Tensor {
  checkSparse(x, "sparseToDense");
  const order = x.shape.length;
  const data = new Float64Array(sizeOf(x.shape));
  for (let i = 0; i < x.values.length; i++) {
    let position = 0;
    for (let k = 0; k < order; k++) position = position * x.shape[k]! + x.indices[i * order + k]!;
    data[position] = data[position]! + x.values[i]!;
  }
  return new Tensor(data, x.shape, "float64");
}

/**
 * The entries of a real tensor that are not zero, in C order. Throws DTypeError for complex input, DomainError for an
 * all-zero tensor. O(size).
 */
export function denseToSparse(x: Tensor): SparseTensor {
  if (isComplex(x.dtype)) throw new DTypeError(`denseToSparse: a real tensor was expected, got ${x.dtype}`);
  const data = x.astype("float64").data();
  const positions: number[] = [];
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) positions.push(i);
  const indices = new Int32Array(positions.length * x.ndim);
  positions.forEach((position, i) => {
    indices.set(unravel(position, x.shape), i * x.ndim);
  });
  const sparse: SparseTensor = {
    kind: "sparse",
    shape: x.shape,
    indices,
    values: Float64Array.from(positions, (position) => data[position]!),
  };
  checkSparse(sparse, "denseToSparse");
  return sparse;
}

/** Frobenius norm (of entries with distinct indices). */
export function sparseNorm(x: SparseTensor): number {
  let total = 0;
  for (const value of x.values) total += value * value;
  return Math.sqrt(total);
}

/**
 * The tensor times the transposes of all factors but one, unfolded along that mode: `[n_k, Π_{j≠k} r_j]`, the others
 * in their order. O(entries · Π_{j≠k} r_j).
 */
export function sparseProject(x: SparseTensor, factors: readonly Tensor[], mode: number): Tensor {
  const order = x.shape.length;
  const others = factors.map((_, k) => k).filter((k) => k !== mode);
  const width = others.reduce((size, k) => size * factors[k]!.shape[1]!, 1);
  const out = new Float64Array(x.shape[mode]! * width);
  let product = new Float64Array(width);
  let next = new Float64Array(width);
  const rows = factors.map((u) => u.data());
  for (let i = 0; i < x.values.length; i++) {
    product[0] = x.values[i]!;
    let length = 1;
    for (const k of others) {
      const r = factors[k]!.shape[1]!;
      const at = x.indices[i * order + k]! * r;
      const row = rows[k]!;
      for (let p = 0; p < length; p++)
        for (let c = 0; c < r; c++) next[p * r + c] = product[p]! * row[at + c]!;
      length *= r;
      [product, next] = [next, product];
    }
    const to = x.indices[i * order + mode]! * width;
    for (let p = 0; p < width; p++) out[to + p]! += product[p]!;
  }
  return new Tensor(out, [x.shape[mode]!, width], "float64");
}
