// Steps on the mean gradient of several batches.

import { asTensor } from "../../ops/operands.ts";
import { zerosLike } from "../../ops/rules.ts";
import { checkCount } from "../../tensor/check.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { cond } from "../../transform/control/cond.ts";
import { stateDType } from "../blocks/options.ts";
import { treeScale, treeZeros } from "../blocks/treeAlgebra.ts";
import { type GradientOptimizer, gradientOptimizer } from "../optimizer.ts";

export interface AccumulateState<P, S> {
  readonly inner: S;
  /** The sum of the gradients since the last step of the inner optimizer. */
  readonly sum: P;
  /** How many they are, an int32 scalar. */
  readonly count: Tensor;
}

/**
 * Lets `optimizer` step at every `steps`-th call, along the mean of the gradients since its last step; the calls between leave the
 * parameters as they are. With batches of one size this is a step on one batch of `steps` times that size. One further copy of the
 * parameters. Throws DomainError unless `steps` is a positive integer.
 */
export function accumulate<P, B, S>(
  optimizer: GradientOptimizer<P, B, S>,
  steps: number,
): GradientOptimizer<P, B, AccumulateState<P, S>> {
  checkCount("accumulate: steps", steps);
  return gradientOptimizer<P, B, AccumulateState<P, S>>({
    init: (params) => ({
      inner: optimizer.init(params),
      sum: tree.map((x) => zerosLike({ shape: x.shape, dtype: stateDType(x.dtype, "accumulate") }), params),
      count: asTensor(0).astype("int32"),
    }),
    update: ({ params, state, grad }) => {
      const sum = tree.map((s, g) => s.add(g.astype(s.dtype)), state.sum, grad);
      const count = state.count.add(1);
      type Moved = { readonly params: P; readonly state: AccumulateState<P, S> };
      const move = (): Moved => {
        const mean = tree.map((s, x) => s.astype(x.dtype), treeScale(1 / steps, sum), params);
        const next = optimizer.update({ params, state: state.inner, grad: mean });
        return {
          params: next.params,
          state: { inner: next.state, sum: treeZeros(sum), count: count.mul(0) },
        };
      };
      const wait = (): Moved => ({ params, state: { inner: state.inner, sum, count } });
      return cond<[], Moved>(count.greaterEqual(steps), move, wait);
    },
  });
}
