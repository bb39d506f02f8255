// Taylor mode for people: derivatives of any order along a curve.

import type { Series } from "../ops/primitive.ts";
import { zerosLike } from "../ops/rules.ts";
import { times } from "../ops/series.ts";
import { DomainError } from "../tensor/errors.ts";
import { checkDifferentiable, FlatCall, flattenArguments, matchingLeaves, pathOf } from "./arguments.ts";
import { jetFlat } from "./traces/taylor.ts";

/**
 * The derivatives of f along a curve. `series[k - 1]` is the k-th derivative at t = 0 of a curve t ↦ x(t) through x (a
 * tree like x; null for zero): x(t) = x + Σ seriesₖ tᵏ / k!. The result holds the k-th derivatives of f(x(t)).
 *
 * With `series = [v, null]` the second entry of the result is vᵀ·∇²f·v. Costs O(k²) times the function for k
 * derivatives, where nested `jvp` costs 2ᵏ. Throws DomainError without a series, TreeError, ShapeError or DTypeError
 * for derivatives that do not fit x.
 *
 * Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 13.
 */
export function jet<A, B>(
  f: (x: A) => B,
  x: A,
  series: readonly (A | null)[],
): { readonly value: B; readonly series: B[] } {
  const order = series.length;
  if (order === 0) throw new DomainError("jet: the series needs at least one derivative");
  const flat = flattenArguments([x]);
  flat.leaves.forEach((leaf, i) => {
    checkDifferentiable(leaf, pathOf(flat, i), "jet");
  });
  const call = new FlatCall(f as never, flat, "jet");
  const { structure } = flat.parts[0]!;
  const rows = series.map((tree, k) =>
    tree === null ? null : matchingLeaves(tree, structure, flat.leaves, `jet: series[${k}]`),
  );
  const curves = flat.leaves.map(
    (leaf, i): Series => [leaf, ...rows.map((row, k) => row && times(row[i]!, 1 / factorial(k + 1)))],
  );
  const results = jetFlat(call.run, curves, order);
  return {
    value: call.rebuild<B>(results.map(([head]) => head)),
    series: series.map((_, k) =>
      call.rebuild<B>(results.map((curve) => times(curve[k + 1]!, factorial(k + 1)) ?? zerosLike(curve[0]))),
    ),
  };
}

/** k! */
export function factorial(k: number): number {
  let product = 1;
  for (let i = 2; i <= k; i++) product *= i;
  return product;
}
