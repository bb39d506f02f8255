// What derivative rules of factorizations are made of: operations on the last two axes, for real and complex matrices.
import { where } from "../../ops/comparison.ts";
import { tril } from "../../ops/join.ts";
import type { Tangent } from "../../ops/primitive.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { onDiagonal } from "./gap.ts";

/** The conjugate transpose. */
export const adjoint = (x: Tensor): Tensor => x.mT().conj();

/** (x + xᴴ) / 2: the part that a function of Hermitian matrices looks at. */
export const hermitianPart = (x: Tensor): Tensor => x.add(adjoint(x)).mul(0.5);

/** The lower triangle with half of the diagonal: for Hermitian z, the l with l + lᴴ = z. */
export const lowerHalf = (z: Tensor): Tensor => where(onDiagonal(z.shape.at(-1)!), z.mul(0.5), tril(z));

/** Re Σᵢ conj(xᵢⱼ) yᵢⱼ: the real scalar products of columns, `[…, k]`. */
export const columnProducts = (x: Tensor, y: Tensor): Tensor => x.conj().mul(y).sum({ axis: -2 }).real();

/** a b where null is zero. */
export const matmulOrNull = (a: Tangent, b: Tangent): Tangent => a && b && a.matmul(b);

/** a b c in the cheaper order. */
export function chain(a: Tensor, b: Tensor, c: Tensor): Tensor {
  const [m, n] = a.shape.slice(-2) as [number, number];
  const [p, q] = c.shape.slice(-2) as [number, number];
  const leftFirst = m * p * (n + q);
  const rightFirst = n * q * (p + m);
  return leftFirst <= rightFirst ? a.matmul(b).matmul(c) : a.matmul(b.matmul(c));
}
