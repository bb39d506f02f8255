// Losses of a model's output that second-order methods understand: negative log-likelihoods (up to a factor) of a distribution
// with the output as natural parameter, so that the Hessian by the output is known without targets, as a Fisher information.

import type { Key } from "../../random/key.ts";
import { checkRank } from "../../tensor/check.ts";
import { eye } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { grad } from "../../transform/gradient.ts";
import { hvp } from "../../transform/products.ts";
import type { LossOptions } from "./reduction.ts";

/**
 * A loss `(output, target, options?) => scalar` that also tells its curvature, which is that of the loss without options: a
 * mean over the n examples of an output `[n, …]`. Which axes of the output count as examples, and which are the k outputs of one,
 * each loss says for itself.
 */
export interface OutputLoss<O extends LossOptions = LossOptions> {
  (output: Tensor, target: Tensor, options?: O): Tensor;
  /** ∂loss/∂output, like the output. */
  gradient(output: Tensor, target: Tensor): Tensor;
  /** The product of the Hessian by the output with v, like the output. */
  hessianProduct(output: Tensor, target: Tensor, v: Tensor): Tensor;
  /** The Hessian of every example by itself, Q `[n, k, k]`: n times a diagonal block of the whole Hessian. */
  block(output: Tensor): Tensor;
  /** B `[n, k, k]` with B·Bᵀ = Q. */
  blockRoot(output: Tensor): Tensor;
  /**
   * A random gradient s, like the output, at targets drawn from the distribution that the output stands for; scaled so that
   * the mean of n²·s·sᵀ of an example is its block Q.
   */
  sampleGradient(key: Key, output: Tensor): Tensor;
}

/** The loss `value` with its curvature, from what cannot be derived of it. */
export function outputLoss<O extends LossOptions>(
  name: string,
  value: (output: Tensor, target: Tensor, options?: O) => Tensor,
  { blockRoot, sampleGradient }: Pick<OutputLoss, "blockRoot" | "sampleGradient">,
): OutputLoss<O> {
  const root = (output: Tensor): Tensor => {
    checkRank(`${name}: output`, output, 1, Number.POSITIVE_INFINITY);
    return blockRoot(output);
  };
  const loss = (output: Tensor, target: Tensor, options?: O): Tensor => value(output, target, options);
  return Object.assign(loss, {
    gradient: (output: Tensor, target: Tensor): Tensor => grad((y: Tensor) => value(y, target))(output),
    hessianProduct: (output: Tensor, target: Tensor, v: Tensor): Tensor =>
      hvp((y: Tensor) => value(y, target), output, v).product,
    block: (output: Tensor): Tensor => {
      const b = root(output);
      return b.matmul(b.mT());
    },
    blockRoot: root,
    sampleGradient,
  });
}

/** Whether a loss of outputs brings its curvature. */
export const isOutputLoss = (loss: unknown): loss is OutputLoss =>
  typeof loss === "function" && "hessianProduct" in loss && "blockRoot" in loss;

/** The diagonal matrices of rows `[n, k]` -> `[n, k, k]`. */
export const diagonals = (x: Tensor): Tensor =>
  x.expandDims(-1).mul(eye(x.shape[1]!, x.shape[1]!, { dtype: x.dtype }));

/** How many outputs an example has where only the first axis counts examples. */
export const outputsOf = (output: Tensor): number => output.size / output.shape[0]!;
