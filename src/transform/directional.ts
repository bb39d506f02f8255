// Forward mode for people: directional derivatives of functions of trees.

import { zerosLike } from "../ops/rules.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkDifferentiable, FlatCall, flattenArguments, matchingLeaves, pathOf } from "./arguments.ts";
import { isDifferentiable, jvpFlat } from "./traces/forward.ts";
import { linearizeFlat, pushTape } from "./traces/tape.ts";

/**
 * The value of a function and its derivative along a direction: `tangents` has one tree per argument, shaped like it.
 * Works forward, at about twice the cost of the function and with no memory of the way. Throws TreeError, ShapeError
 * or DTypeError when tangents do not fit their arguments.
 */
export function jvp<A extends readonly unknown[], B>(
  f: (...args: A) => B,
  primals: readonly [...A],
  tangents: readonly [...A],
): { readonly value: B; readonly tangent: B } {
  const flat = flattenArguments(primals);
  const call = new FlatCall(f as never, flat, "jvp");
  const directions = tangentLeaves(flat, tangents, "jvp");
  const duals = jvpFlat(call.run, flat.leaves, directions);
  return {
    value: call.rebuild<B>(duals.map(({ primal }) => primal)),
    tangent: call.rebuild<B>(duals.map(({ primal, tangent }) => tangent ?? zerosLike(primal))),
  };
}

function tangentLeaves(
  flat: ReturnType<typeof flattenArguments>,
  tangents: readonly unknown[],
  transform: string,
): (Tensor | null)[] {
  const leaves = matchingLeaves(tangents, flat.structure, flat.leaves, `${transform}: tangents`);
  return leaves.map((leaf, i) => (isDifferentiable(flat.leaves[i]!) ? leaf : null));
}

/**
 * The value of a function and its derivative as a linear function of tangents (one tree per argument), which costs no
 * further evaluation of the function. Keeps what the derivative needs, as reverse mode does.
 */
export function linearize<A extends readonly unknown[], B>(
  f: (...args: A) => B,
  ...primals: A
): { readonly value: B; readonly pushforward: (...tangents: A) => B } {
  const flat = flattenArguments(primals);
  const call = new FlatCall(f as never, flat, "linearize");
  const isActive = flat.leaves.map(isDifferentiable);
  if (!isActive.includes(true))
    flat.leaves.forEach((x, i) => {
      checkDifferentiable(x, pathOf(flat, i), "linearize");
    });
  const tape = linearizeFlat(call.run, flat.leaves, isActive, "linearize");
  return {
    value: call.rebuild<B>(tape.outputs),
    pushforward: (...tangents) => {
      const directions = tangentLeaves(flat, tangents, "linearize").filter((_, i) => isActive[i]);
      const results = pushTape(tape, directions);
      return call.rebuild<B>(results.map((tangent, i) => tangent ?? zerosLike(tape.outputs[i]!)));
    },
  };
}
