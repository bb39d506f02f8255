// The nearest block tensor train to a matrix.

import { BlockTensorTrain, evenFactors } from "../linalg/operator/blockTensorTrain.ts";
import { svd } from "../linalg/spectral/svd.ts";
import { isFloat } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export interface BttProjection {
  /** `[m1, m0, n0 r]` and `[n0, m1 r, n1]`: factors of `structuredLinear` with structure "btt". */
  readonly cores: readonly [Tensor, Tensor];
  /** Aᵀ of what is near W: it takes vectors `[in]` to `[out]`. */
  readonly operator: BlockTensorTrain;
  /** Frobenius norm of the difference, over that of W. */
  readonly error: number;
}

/**
 * The block tensor train of a rank that is nearest to a weight W `[in, out]` in the Frobenius norm: with in = m1 m0 and
 * out = n0 n1 (even factors), the block of W for each pair (i1, j0) is an m0 × n1 matrix of rank r on its own, so that truncated
 * singular value decompositions of all m1 n0 blocks are optimal. Exact for r ≥ min(m0, n1). O(in out min(m0, n1)).
 *
 * @throws ShapeError unless W is a matrix; DTypeError unless of float32 or float64; DomainError for values that are not finite
 * and ranks outside 1 … min(m0, n1).
 */
export function projectToBtt(weight: Tensor, rank: number): BttProjection {
  const name = "projectToBtt";
  if (!(weight instanceof Tensor) || weight.ndim !== 2 || weight.size === 0)
    throw new ShapeError(
      `${name}: weight must be [in, out], got ${weight instanceof Tensor ? `shape ${formatShape(weight.shape)}` : typeof weight}`,
    );
  if (!isFloat(weight.dtype) || (weight.dtype !== "float32" && weight.dtype !== "float64"))
    throw new DTypeError(`${name}: weight must be float32 or float64, got ${weight.dtype}`);
  if (!weight.data().every(Number.isFinite))
    throw new DomainError(`${name}: weight holds a value that is not finite`);
  const [m0, m1] = evenFactors(weight.shape[0]!, 2) as [number, number];
  const [n0, n1] = evenFactors(weight.shape[1]!, 2) as [number, number];
  const most = Math.min(m0, n1);
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= most))
    throw new DomainError(`${name}: rank must be an integer from 1 to ${most}, got ${rank}`);
  const { u, s, v } = svd(weight.reshape([m1, m0, n0, n1]).transpose([0, 2, 1, 3]));
  const root = s.at("...", `:${rank}`).sqrt();
  // [m1, n0, m0, r] to [m1, m0, n0 r], and [m1, n0, r, n1] to [n0, m1 r, n1].
  const first = u
    .at("...", `:${rank}`)
    .mul(root.expandDims(2))
    .transpose([0, 2, 1, 3])
    .reshape([m1, m0, n0 * rank]);
  const second = v
    .mT()
    .at(":", ":", `:${rank}`)
    .mul(root.expandDims(3))
    .transpose([1, 0, 2, 3])
    .reshape([n0, m1 * rank, n1]);
  const total = s.square().sum().item();
  const lost = rank < most ? s.at("...", `${rank}:`).square().sum().item() : 0;
  const cores = [first, second] as const;
  return { cores, operator: new BlockTensorTrain(cores), error: total === 0 ? 0 : Math.sqrt(lost / total) };
}
