// How passes rewrite a graph: it is run once more on tracers, and a pass may put something else in the place of an
// operation. Operations on constants alone are computed on the way.

import { bind } from "../../ops/bind.ts";
import type { Primitive } from "../../ops/primitive.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Atom, type Graph, traceFlat, Variable } from "../../transform/graphs/graph.ts";

/** Results to use instead of applying the primitive, or null to apply it. */
export type Replace = (
  primitive: Primitive<unknown>,
  operands: readonly Tensor[],
  params: unknown,
) => readonly Tensor[] | null;

/** The graph with replacements; operations on which no result depends are left out. */
export const rewrite = (graph: Graph, replace: Replace): Graph =>
  traceFlat((inputs) => walk(graph, inputs, replace), graph.inputs, "jit");

/** Runs the equations of a graph with replacements. */
export function walk(graph: Graph, inputs: readonly Tensor[], replace: Replace): readonly Tensor[] {
  const values = new Array<Tensor | undefined>(graph.count);
  graph.inputs.forEach(({ id }, i) => {
    values[id] = inputs[i]!;
  });
  const read = (atom: Atom): Tensor => (atom instanceof Variable ? values[atom.id]! : atom);
  for (const { primitive, inputs: atoms, params, outputs } of graph.equations) {
    const operands = atoms.map(read);
    const results = replace(primitive, operands, params) ?? bind(primitive, operands, params);
    outputs.forEach(({ id }, i) => {
      values[id] = results[i]!;
    });
  }
  return graph.outputs.map(read);
}
