// Errors where differences of norms have lost their digits.

import { narrowAxis } from "../../ops/movement.ts";
import { type DType, realDType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "./frobenius.ts";

/** Relative error below which ‖X‖² − ‖X̂‖², or the eigenvalues of a Gram matrix, no longer tell it. */
export const cancellationLevel = (dtype: DType): number => (realDType(dtype) === "float32" ? 3e-3 : 1e-6);

/** Elements of a model that are formed at a time. */
const BLOCK = 1 << 20;

/** ‖x − model‖, with the model formed block by block along the first mode from rows of its first factor. */
export function residualNorm(x: Tensor, firstFactor: Tensor, model: (rows: Tensor) => Tensor): number {
  const length = x.shape[0]!;
  const step = Math.max(1, Math.floor((BLOCK * length) / x.size));
  let norm = 0;
  for (let start = 0; start < length; start += step) {
    const stop = Math.min(length, start + step);
    const part = model(narrowAxis(firstFactor, 0, start, stop));
    norm = Math.hypot(norm, frobenius(narrowAxis(x, 0, start, stop).sub(part)));
  }
  return norm;
}
