// How losses of examples become one number.

import { checkFloats, checkTensor } from "../../tensor/check.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface LossOptions {
  /** Their mean unless told; "none" keeps the losses of the examples. */
  readonly reduction?: "mean" | "sum" | "none";
}

/** The losses of examples, reduced; `weights` make the mean a weighted one. */
export function reduced(
  name: string,
  losses: Tensor,
  { reduction = "mean" }: LossOptions,
  weights?: Tensor,
): Tensor {
  const weighted = weights ? losses.mul(weights) : losses;
  if (reduction === "none") return weighted;
  if (reduction === "sum") return weighted.sum();
  if (reduction === "mean") return weights ? weighted.sum().div(weights.sum()) : weighted.mean();
  throw new DomainError(`${name}: reduction: "mean", "sum" or "none" was expected, got ${String(reduction)}`);
}

/** Throws unless both are tensors of real floats of one shape. */
export function checkPair(name: string, prediction: Tensor, target: Tensor, first = "prediction"): void {
  checkFloats(`${name}: ${first}`, prediction);
  checkTensor(`${name}: target`, target);
  if (!sameShape(prediction.shape, target.shape))
    throw new ShapeError(
      `${name}: target: shape ${formatShape(prediction.shape)} was expected, as ${first} has, got ${formatShape(target.shape)}`,
    );
}
