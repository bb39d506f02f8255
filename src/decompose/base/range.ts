// Tensors whose squares, or their squares, leave the range of their dtype: they are worked on at a norm near 1.

import { realDType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "./frobenius.ts";

/**
 * The power of two by which to divide a tensor before products of its Gram matrices (fourth powers of the norm) are
 * formed; 1 when they fit. A power of two, so that dividing and multiplying back lose nothing; within the normal
 * numbers of the dtype, which the norm itself may exceed.
 */
export function rangeScale(x: Tensor, norm: number = frobenius(x)): number {
  const isSingle = realDType(x.dtype) === "float32";
  const limit = isSingle ? 1e8 : 1e70;
  if (norm === 0 || (norm <= limit && norm >= 1 / limit)) return 1;
  const [lowest, highest] = isSingle ? [-126, 127] : [-1022, 1023];
  // A norm beyond the numbers (the sum of large entries) has an infinite logarithm.
  return 2 ** Math.min(highest, Math.max(lowest, Math.floor(Math.log2(norm))));
}
