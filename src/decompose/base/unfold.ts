// The vocabulary of tensor methods: unfoldings, mode products and the products of Khatri-Rao and Kronecker.
// Kolda and Bader, "Tensor decompositions and applications" (2009); unfoldings are in C order, as in TensorLy.

import { conj } from "../../ops/complex.ts";
import { contract, matmul } from "../../ops/contract.ts";
import { moveAxis, mT, reshape } from "../../ops/movement.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, normalizeAxis, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** The conjugate transpose of a matrix (or of a stack of them). */
export const adjoint = (x: Tensor): Tensor => conj(mT(x));

/** The mode-k unfolding `[n_k, size / n_k]`: mode k along the rows, the others in their order. */
export function unfold(x: Tensor, mode: number): Tensor {
  const k = normalizeAxis(mode, x.ndim, "unfold: mode");
  return reshape(moveAxis(x, k, 0), [x.shape[k]!, x.size / x.shape[k]! || 0]);
}

/** The tensor of the given shape whose mode-k unfolding is `matrix`. Throws ShapeError when sizes disagree. */
export function fold(matrix: Tensor, mode: number, shape: Shape): Tensor {
  const k = normalizeAxis(mode, shape.length, "fold: mode");
  const moved = [shape[k]!, ...shape.filter((_, axis) => axis !== k)];
  if (sizeOf(moved) !== matrix.size)
    throw new ShapeError(
      `fold: a matrix of shape ${formatShape(matrix.shape)} does not fold to ${formatShape(shape)}`,
    );
  return moveAxis(reshape(matrix, moved), 0, k);
}

/** With fewer entries than this behind the mode, a product per leading index is too small to be worth a call. */
const NARROW = 16;

/**
 * x ×_k U: the tensor whose mode-k unfolding is U · unfold(x, k), for U `[m, n_k]`. Never forms an unfolding: with
 * the modes before and after joined, it is a batch of matrix products. O(m · size).
 */
export function modeProduct(x: Tensor, u: Tensor, mode: number): Tensor {
  const k = normalizeAxis(mode, x.ndim, "modeProduct: mode");
  const n = x.shape[k]!;
  if (u.ndim !== 2 || u.shape[1] !== n)
    throw new ShapeError(
      `modeProduct: a matrix [m, ${n}] was expected for mode ${k} of ${formatShape(x.shape)}, got ${formatShape(u.shape)}`,
    );
  const m = u.shape[0]!;
  const left = sizeOf(x.shape.slice(0, k));
  const right = sizeOf(x.shape.slice(k + 1));
  const shape = [...x.shape.slice(0, k), m, ...x.shape.slice(k + 1)];
  if (right === 1) return reshape(matmul(reshape(x, [left, n]), mT(u)), shape);
  const pages = reshape(x, [left, n, right]);
  if (left > 1 && right < NARROW) {
    const product = contract(pages, u, { axes: [[1], [1]] });
    return reshape(moveAxis(product, 2, 1).contiguous(), shape);
  }
  return reshape(matmul(u, pages), shape);
}

/**
 * Several mode products; `null` leaves a mode alone. The modes that shrink most come first. With `adjoint: true` the
 * conjugate transposes are applied, as when projecting onto factors `[n_k, r_k]`.
 */
export function multiModeProduct(
  x: Tensor,
  matrices: readonly (Tensor | null)[],
  options: { readonly adjoint?: boolean } = {},
): Tensor {
  if (matrices.length !== x.ndim)
    throw new ShapeError(
      `multiModeProduct: ${x.ndim} matrices (or null) were expected, got ${matrices.length}`,
    );
  const modes = matrices.flatMap((u, k) => (u ? [{ k, u: options.adjoint ? adjoint(u) : u }] : []));
  modes.sort((a, b) => a.u.shape[0]! / a.u.shape[1]! - b.u.shape[0]! / b.u.shape[1]!);
  return modes.reduce((result, { k, u }) => modeProduct(result, u, k), x);
}

/**
 * The column-wise Kronecker product of matrices `[n_k, r]`, first factor slowest: `[Π n_k, r]`, such that
 * unfold(full(cp), k) = U_k diag(w) khatriRao(the other factors)ᵀ.
 */
export function khatriRao(factors: readonly Tensor[]): Tensor {
  const [first, ...rest] = factors;
  if (!first) throw new DomainError("khatriRao: at least one factor was expected");
  const r = first.shape[1]!;
  return rest.reduce((product, u) => {
    if (u.ndim !== 2 || u.shape[1] !== r)
      throw new ShapeError(`khatriRao: factors with ${r} columns were expected, got ${formatShape(u.shape)}`);
    const pairs = reshape(product, [-1, 1, r]).mul(reshape(u, [1, -1, r]));
    return reshape(pairs, [-1, r]);
  }, first);
}

/** The Kronecker product of matrices, first factor slowest. */
export function kronecker(matrices: readonly Tensor[]): Tensor {
  const [first, ...rest] = matrices;
  if (!first) throw new DomainError("kronecker: at least one matrix was expected");
  return rest.reduce((product, b) => {
    const [m, n] = product.shape as [number, number];
    const [p, q] = b.shape as [number, number];
    return reshape(reshape(product, [m, 1, n, 1]).mul(reshape(b, [1, p, 1, q])), [m * p, n * q]);
  }, first);
}
