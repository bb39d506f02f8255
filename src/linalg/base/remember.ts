// Factorizations kept beside the tensor they belong to. Tensors are immutable, so a linear system, its derivatives and
// its transpose can share one factorization; it is collected together with the tensor.
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { matrixAt } from "./matrix.ts";

/** Factors of each matrix of a batch, in C order. */
export type Memory<F> = WeakMap<Tensor, readonly F[]>;

/** Smaller tensors are factored in less time than it takes to look the factors up. */
const LEAST_SIZE = 64;

/** Factors of each matrix of `a` (along the leading axes): remembered ones, else new ones. */
export function factorsOf<F>(
  memory: Memory<F> | null,
  a: Tensor,
  factor: (matrix: Tensor) => F,
): readonly F[] {
  const isWorthKeeping = memory !== null && a.size >= LEAST_SIZE;
  const known = isWorthKeeping ? memory.get(a) : undefined;
  if (known) return known;
  const factors = a.ndim === 2 ? [factor(a)] : matrices(a).map(factor);
  if (isWorthKeeping) memory.set(a, factors);
  return factors;
}

function matrices(a: Tensor): Tensor[] {
  const batch = a.shape.slice(0, -2);
  return Array.from({ length: sizeOf(batch) }, (_, index) => matrixAt(a, batch, index));
}
