import { bindOne } from "../../ops/bind.ts";
import { ALL, definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch, linear } from "../../ops/rules.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { customJvpP } from "../../transform/custom/customJvp.ts";
import { customVjpP } from "../../transform/custom/customVjp.ts";
import type { Opaque } from "../../transform/custom/opaque.ts";
import { type CallParams, callP } from "../../transform/graphs/call.ts";
import type { Graph } from "../../transform/graphs/graph.ts";
import { type Replace, rewrite, walk } from "./walk.ts";

/**
 * The same value, as the passes must not see: what a checkpoint computes again would otherwise be merged with what
 * was computed before, and its memory be kept after all.
 */
const apartP: Primitive<{ readonly id: number }> = definePrimitive<{ readonly id: number }>({
  name: "apart",
  dtypes: ALL,
  movesOnly: true,
  lower: { kind: "view" },
  abstractEval: ([x]) => [x!],
  evaluate: ([x]) => [x!],
  ...linear(),
  transpose: ({ cotangents }) => cotangents,
  batch: leadingBatch,
});

/** Functions with derivatives of their own. Those have been taken when a graph is compiled. */
const CUSTOM: readonly string[] = [customJvpP.name, customVjpP.name];

/** Calls of graphs (`jit` inside of `jit`, `checkpoint`, functions with rules of their own) become their equations. */
export function inlineCalls(graph: Graph): Graph {
  let apart = 0;
  const replace: Replace = (primitive, operands, params) => {
    if (CUSTOM.includes(primitive.name)) {
      const { graph: body } = (params as { readonly f: Opaque }).f;
      return body && walk(body, operands, replace);
    }
    if (primitive.name !== callP.name) return null;
    const { graph: body, recompute } = params as CallParams;
    const id = apart++;
    const inputs = recompute ? operands.map((x: Tensor) => bindOne(apartP, [x], { id })) : operands;
    return walk(body, inputs, replace);
  };
  return rewrite(graph, replace);
}
