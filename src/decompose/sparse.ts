// Sparse tensors in coordinate form and the two products that CP and Tucker need of them: nothing is ever densified.

import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** A tensor of which only the entries that are not zero are stored (repeated indices add up). */
export interface SparseTensor {
  readonly kind: "sparse";
  readonly shape: Shape;
  /** `indices[i * d + k]` is the zero-based position of entry i along mode k. */
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

export const isSparse = (x: Tensor | SparseTensor): x is SparseTensor => !(x instanceof Tensor);

/** Throws ShapeError for indices that do not fit the shape, DomainError for values that are not finite or an empty tensor. */
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

/** Frobenius norm (of entries with distinct indices). */
export function sparseNorm(x: SparseTensor): number {
  let total = 0;
  for (const value of x.values) total += value * value;
  return Math.sqrt(total);
}

/** The matricised tensor times Khatri-Rao product, `[n_k, r]`, over entries. O(entries · d · r). */
export function sparseMttkrp(x: SparseTensor, factors: readonly Tensor[], mode: number): Tensor {
  const order = x.shape.length;
  const r = factors[0]!.shape[1]!;
  const rows = factors.map((u) => u.data());
  const out = new Float64Array(x.shape[mode]! * r);
  const product = new Float64Array(r);
  for (let i = 0; i < x.values.length; i++) {
    product.fill(x.values[i]!);
    for (let k = 0; k < order; k++) {
      if (k === mode) continue;
      const row = rows[k]!;
      const at = x.indices[i * order + k]! * r;
      for (let c = 0; c < r; c++) product[c]! *= row[at + c]!;
    }
    const to = x.indices[i * order + mode]! * r;
    for (let c = 0; c < r; c++) out[to + c]! += product[c]!;
  }
  return new Tensor(out, [x.shape[mode]!, r], "float64");
}

/**
 * The tensor times the transposes of all factors but one, unfolded along that mode: `[n_k, Π_{j≠k} r_j]`, the others in their
 * order. O(entries · Π_{j≠k} r_j).
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
