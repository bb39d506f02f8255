// The value of entropic transport as a differentiable function of weights and cost matrix.

import { exp } from "../ops/transcendental.ts";
import { implicitRoot } from "../optim/roots/implicitRoot.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { customJvp } from "../transform/custom/customJvp.ts";
import { type SinkhornNewtonSparseOptions, sinkhornNewtonSparse } from "./sinkhornNewtonSparse.ts";

export type EntropicCostOptions = Omit<SinkhornNewtonSparseOptions, "dropZeros">;

/** x `[n]` and y `[m]`. */
type Potentials = [x: Tensor, y: Tensor];

/**
 * The least ⟨C, P⟩ + (1 / eta) Σ P ln P over plans with marginals a `[n]` and b `[m]`, a scalar, by
 * `sinkhornNewtonSparse`. Differentiable by a, b and the cost matrix `[n, m]`, forwards and backwards, to any order:
 * the first derivatives are the potentials and the plan (the envelope theorem) and cost no more than the value; further
 * ones solve a system of n + m equations. Weights move within sum 1, so their derivatives are known up to a constant:
 * that is chosen with which the two potentials have equal means.
 *
 * Derivatives are as exact as the solution: mind `tolerance`. Throws as `sinkhornNewtonSparse` does; inside of `vmap`
 * and `jit` a TracerError.
 */
export function entropicCost(a: Tensor, b: Tensor, cost: Tensor, options: EntropicCostOptions): Tensor {
  const { eta } = options;
  // One solution serves value and derivatives, as long as the arguments are the same.
  let last: { of: readonly Tensor[]; result: ReturnType<typeof sinkhornNewtonSparse> } | undefined;
  const solve = (...args: [Tensor, Tensor, Tensor]): ReturnType<typeof sinkhornNewtonSparse> => {
    if (!last?.of.every((x, i) => x === args[i]))
      last = { of: args, result: sinkhornNewtonSparse(...args, options) };
    return last.result;
  };
  const plan = ([x, y]: Potentials, c: Tensor): Tensor => exp(x.expandDims(1).add(y).sub(c).mul(eta).sub(1));
  const potentials = implicitRoot<[Tensor, Tensor, Tensor], Potentials>(
    ([x, y], a, b, c) => {
      const p = plan([x, y], c);
      // Equal means: without this the Jacobian would be singular.
      const gauge = x.mean().sub(y.mean());
      return [a.sub(p.sum({ axis: 1 })).sub(gauge), b.sub(p.sum({ axis: 0 })).add(gauge)];
    },
    (...args) => {
      const { x, y } = solve(...args).potentials;
      return [x, y];
    },
  );
  const value = customJvp<[Tensor, Tensor, Tensor], Tensor>(
    (...args) => {
      const { value, potentials } = solve(...args);
      return tensor(value, { dtype: potentials.x.dtype });
    },
    (args, [da, db, dc]) => {
      const [x, y] = potentials(...args);
      return x
        .mul(da)
        .sum()
        .add(y.mul(db).sum())
        .add(plan([x, y], args[2]).mul(dc).sum());
    },
  );
  return value(a, b, cost);
}
