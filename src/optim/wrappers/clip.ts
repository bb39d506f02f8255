// Optimizers that see gradients of bounded size.

import { asTensor } from "../../ops/operands.ts";
import { tree } from "../../tensor/tree.ts";
import { checkAboveZero } from "../blocks/options.ts";
import { treeNorm, treeScale } from "../blocks/treeAlgebra.ts";
import { type GradientOptimizer, gradientOptimizer, type StepInfo } from "../optimizer.ts";

/** An optimizer that gets another gradient in place of the one of the loss. */
export function changeGradient<P, B, S>(
  optimizer: GradientOptimizer<P, B, S>,
  change: (grad: P) => { readonly grad: P; readonly info?: StepInfo },
): GradientOptimizer<P, B, S> {
  return gradientOptimizer<P, B, S>({
    init: optimizer.init,
    update: ({ grad, ...rest }) => {
      const changed = change(grad);
      const { info, ...next } = optimizer.update({ ...rest, grad: changed.grad });
      return { ...next, info: { ...info, ...changed.info } };
    },
  });
}

/**
 * Scales the gradient so that the norm of all its elements together is at most `limit`. `info.gradientNorm` is the norm before.
 * Throws DomainError for a limit that is not above 0.
 */
export function clipByGlobalNorm<P, B, S>(
  optimizer: GradientOptimizer<P, B, S>,
  limit: number,
): GradientOptimizer<P, B, S> {
  checkAboveZero(limit, "clipByGlobalNorm: limit");
  return changeGradient(optimizer, (grad) => {
    const gradientNorm = treeNorm(grad as never);
    return {
      grad: treeScale(asTensor(limit).astype(gradientNorm.dtype).div(gradientNorm.maximum(limit)), grad),
      info: { gradientNorm },
    };
  });
}

/** Moves every element of the gradient into [-limit, limit]. Throws DomainError for a limit that is not above 0. */
export function clipByValue<P, B, S>(
  optimizer: GradientOptimizer<P, B, S>,
  limit: number,
): GradientOptimizer<P, B, S> {
  checkAboveZero(limit, "clipByValue: limit");
  return changeGradient(optimizer, (grad) => ({
    grad: tree.map((g) => g.minimum(limit).maximum(-limit), grad),
  }));
}

/**
 * Scales the gradient of every tensor so that its root mean square is at most `limit`, 1 unless told. Throws DomainError for a limit
 * that is not above 0.
 */
export function clipByBlockRms<P, B, S>(
  optimizer: GradientOptimizer<P, B, S>,
  limit = 1,
): GradientOptimizer<P, B, S> {
  checkAboveZero(limit, "clipByBlockRms: limit");
  return changeGradient(optimizer, (grad) => ({
    grad: tree.map((g) => g.div(g.square().mean().sqrt().div(limit).maximum(1)), grad),
  }));
}
