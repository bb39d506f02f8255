// Losses of a model's output, with what second-order methods need of them: they are negative log-likelihoods of a
// distribution with the output as natural parameter, so that the Hessian is the Fisher information.

import { where } from "../../ops/comparison.ts";
import { logSumExp } from "../../ops/reduce.ts";
import { log1p } from "../../ops/transcendental.ts";
import { categorical } from "../../random/categorical.ts";
import { normal, uniform } from "../../random/distributions.ts";
import type { Key } from "../../random/key.ts";
import { arange, eye } from "../../tensor/create.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { grad } from "../../transform/gradient.ts";
import { hvp } from "../../transform/products.ts";

/**
 * A convex loss of an output `[n, k]` against targets, a mean over the n examples; further axes of the output count as
 * examples where the loss says so.
 */
export interface OutputLoss {
  readonly name: string;
  /** The mean over examples, a scalar. */
  value(output: Tensor, target: Tensor): Tensor;
  /** ∂value/∂output, like the output. */
  gradient(output: Tensor, target: Tensor): Tensor;
  /** The product of the Hessian of `value` by the output with v, like the output. */
  hessianProduct(output: Tensor, target: Tensor, v: Tensor): Tensor;
  /** The Hessian of every example by itself, Q `[n, k, k]`: n times a diagonal block of the Hessian of `value`. */
  block(output: Tensor): Tensor;
  /** B `[n, k, k]` with B·Bᵀ = Q. */
  blockRoot(output: Tensor): Tensor;
  /** Targets drawn from the distribution that the output stands for. */
  sampleTarget(key: Key, output: Tensor): Tensor;
}

type Likelihood = Pick<OutputLoss, "name" | "value" | "blockRoot" | "sampleTarget">;

function outputLoss(parts: Likelihood): OutputLoss {
  return {
    ...parts,
    gradient: (output, target) => grad((y: Tensor) => parts.value(y, target))(output),
    hessianProduct: (output, target, v) => hvp((y: Tensor) => parts.value(y, target), output, v).product,
    block: (output) => {
      const root = parts.blockRoot(output);
      return root.matmul(root.mT());
    },
  };
}

/** `[..., k]` as `[n, k]`. */
const rows = (output: Tensor): Tensor => output.reshape([-1, output.shape.at(-1)!]);

function checkTarget(name: string, output: Tensor, target: Tensor): void {
  if (output.ndim < 2)
    throw new ShapeError(`${name}: output: shape [n, …] was expected, got ${formatShape(output.shape)}`);
  if (!sameShape(output.shape, target.shape))
    throw new ShapeError(
      `${name}: target: shape ${formatShape(output.shape)} was expected, got ${formatShape(target.shape)}`,
    );
}

/** The diagonal matrices of rows `[n, k]` -> `[n, k, k]`. */
const diagonals = (x: Tensor): Tensor =>
  x.expandDims(-1).mul(eye(x.shape[1]!, x.shape[1]!, { dtype: x.dtype }));

/** A squared error `scale(k)`/2·Σ(y - t)², summed over the k outputs of an example: a normal distribution of variance 1/scale. */
function squares(name: string, scale: (outputs: number) => number): OutputLoss {
  const outputs = (output: Tensor): number => output.size / output.shape[0]!;
  return outputLoss({
    name,
    value: (output, target) => {
      checkTarget(name, output, target);
      const factor = scale(outputs(output)) / (2 * output.shape[0]!);
      return output.sub(target.astype(output.dtype)).square().sum().mul(factor);
    },
    blockRoot: (output) => {
      const k = outputs(output);
      return eye(k, k, { dtype: output.dtype })
        .mul(Math.sqrt(scale(k)))
        .broadcastTo([output.shape[0]!, k, k]);
    },
    sampleTarget: (key, output) =>
      output.add(
        normal(key, output.shape, { dtype: output.dtype as "float64" }).mul(
          1 / Math.sqrt(scale(outputs(output))),
        ),
      ),
  });
}

/** The mean of all squares of output - target, over outputs and examples. Throws ShapeError unless shapes agree. */
export const mse = (): OutputLoss => squares("mse", (k) => 2 / k);

/** ½‖output - target‖², summed over the outputs, mean over the examples. Throws ShapeError unless shapes agree. */
export const halfSquaredError = (): OutputLoss => squares("halfSquaredError", () => 1);

/**
 * Cross-entropy of logits `[..., classes]` against integer classes `[...]` or probabilities like the logits; the mean over all
 * leading axes. Throws ShapeError where shapes do not fit.
 */
export function softmaxCrossEntropy(): OutputLoss {
  const name = "softmaxCrossEntropy";
  const softmax = (output: Tensor): Tensor => {
    const logits = rows(output);
    return logits.sub(logSumExp(logits, { axis: -1, keepDims: true })).exp();
  };
  return outputLoss({
    name,
    value: (output, target) => {
      const isProbability = isFloat(target.dtype);
      if (isProbability) checkTarget(name, output, target);
      else if (!sameShape(target.shape, output.shape.slice(0, -1)))
        throw new ShapeError(
          `${name}: target: classes of shape ${formatShape(output.shape.slice(0, -1))} were expected, got ${formatShape(target.shape)}`,
        );
      const logits = rows(output);
      const classes = logits.shape[1]!;
      const p = isProbability
        ? rows(target).astype(logits.dtype)
        : target.ravel().expandDims(-1).equal(arange(classes).astype("int32")).astype(logits.dtype);
      const log = logits.sub(logSumExp(logits, { axis: -1, keepDims: true }));
      return p.mul(log).sum().div(-logits.shape[0]!);
    },
    // (diag √p - p √pᵀ)(diag √p - √p pᵀ) = diag p - p pᵀ, since p sums to 1
    blockRoot: (output) => {
      const p = softmax(output);
      const root = p.sqrt();
      return diagonals(root).sub(p.expandDims(-1).mul(root.expandDims(-2)));
    },
    sampleTarget: (key, output) => categorical(key, output),
  });
}

/**
 * Cross-entropy of logits against targets from 0 to 1 of the same shape `[n, …]`, summed over the outputs, mean over the examples.
 * Throws ShapeError unless shapes agree.
 */
export function bernoulli(): OutputLoss {
  const probability = (output: Tensor): Tensor => output.neg().exp().add(1).pow(-1);
  return outputLoss({
    name: "bernoulli",
    value: (output, target) => {
      checkTarget("bernoulli", output, target);
      // log(1 + e^y) - t·y, without overflow
      const soft = output.maximum(0).add(log1p(output.abs().neg().exp()));
      return soft
        .sub(output.mul(target.astype(output.dtype)))
        .sum()
        .div(output.shape[0]!);
    },
    blockRoot: (output) => {
      const p = probability(output.reshape([output.shape[0]!, -1]));
      return diagonals(p.mul(p.neg().add(1)).sqrt());
    },
    sampleTarget: (key, output) =>
      where(uniform(key, output.shape).less(probability(output).astype("float64")), 1, 0).astype(
        output.dtype,
      ),
  });
}
