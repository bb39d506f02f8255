// A learning rate for every tensor.

import { DomainError, TreeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { treeMapWithPath } from "../blocks/treeAlgebra.ts";
import { type GradientOptimizer, gradientOptimizer } from "../optimizer.ts";

/** The numbers of a tree by their paths, such as `.layers[0].weight`. */
function numbersByPath(
  rates: unknown,
  path = "",
  found: Map<string, number> = new Map(),
): Map<string, number> {
  if (typeof rates === "number") {
    if (!(rates >= 0 && Number.isFinite(rates)))
      throw new DomainError(
        `withLearningRates: multipliers: a finite number of at least 0 was expected at ${path || "the root"}, got ${rates}`,
      );
    return found.set(path, rates);
  }
  if (Array.isArray(rates)) rates.forEach((own, i) => void numbersByPath(own, `${path}[${i}]`, found));
  else if (typeof rates === "object" && rates !== null && !(rates instanceof Tensor))
    for (const [name, own] of Object.entries(rates)) numbersByPath(own, `${path}.${name}`, found);
  return found;
}

/**
 * An optimizer whose step of each tensor is multiplied by a number: `multipliers` is a tree like the parameters with numbers at
 * the leaves, such as `lrMultipliers` of `muParam` and `adamRates` of `mup` in polyadic/nn. For methods that move by a multiple
 * of their learning rate (weight decay included) this is a learning rate for each tensor.
 *
 * @throws DomainError for multipliers that are negative or not finite; in a step TreeError, naming the path, for a tensor without
 * one.
 */
export function withLearningRates<P, B, S>(
  optimizer: GradientOptimizer<P, B, S>,
  multipliers: unknown,
): GradientOptimizer<P, B, S> {
  const rates = numbersByPath(multipliers);
  const rateAt = (path: string): number => {
    const rate = rates.get(path);
    if (rate === undefined)
      throw new TreeError(`withLearningRates: multipliers: a number was expected at ${path || "the root"}`);
    return rate;
  };
  return gradientOptimizer<P, B, S>({
    init: (params) => {
      treeMapWithPath((path, x) => {
        rateAt(path);
        return x;
      }, params);
      return optimizer.init(params);
    },
    update: (input) => {
      const next = optimizer.update(input);
      const params = treeMapWithPath(
        (path, old, moved) => {
          const rate = rateAt(path);
          return rate === 1 ? moved : old.add(moved.sub(old).mul(rate));
        },
        input.params,
        next.params,
      );
      return { ...next, params };
    },
  });
}
