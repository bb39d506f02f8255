// How much memory a graph needs when values are dropped after their last use.

import { dtypeInfo } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Atom, Graph, Variable } from "../transform/graphs/graph.ts";

/** Bytes of a value's elements. */
export const bytesOf = ({ shape, dtype }: Atom): number => sizeOf(shape) * dtypeInfo(dtype).bytes;

/**
 * The most bytes that are alive at once while a graph runs equation by equation, as a planner of one arena needs them.
 * While an equation runs, alive are the values that it or a later equation reads or the graph returns, and its own
 * outputs, those that nobody reads included.
 *
 * Inputs of the graph count as long as they are needed. Constants do not count: they belong to the graph and lie
 * outside of the arena. Every output counts in full, also where evaluation could show a view (reshape, transpose,
 * broadcastTo, slice) or write in place. Equations with a body of their own (calls, loops, branches) count as one, plus
 * the peak of the body beyond its inputs and outputs (of the largest body where there are several). O(equations).
 */
export const peakBytes = (graph: Graph): number => peakOf(graph, () => true);

/** The same, counting only some of the variables. */
function peakOf(graph: Graph, counts: (variable: Variable) => boolean): number {
  const lastUse = new Int32Array(graph.count).fill(-1);
  graph.equations.forEach(({ inputs }, i) => {
    for (const atom of inputs) if (atom instanceof Variable) lastUse[atom.id] = i;
  });
  for (const atom of graph.outputs) if (atom instanceof Variable) lastUse[atom.id] = graph.equations.length;
  /** Bytes that are free after each equation. */
  const freed = new Float64Array(graph.equations.length + 1);
  let alive = 0;
  const begin = (variable: Variable, at: number): void => {
    if (!counts(variable)) return;
    const last = Math.max(lastUse[variable.id]!, at);
    if (last < 0) return;
    alive += bytesOf(variable);
    freed[last]! += bytesOf(variable);
  };
  for (const input of graph.inputs) begin(input, -1);
  let peak = alive;
  graph.equations.forEach(({ outputs, params }, i) => {
    for (const output of outputs) begin(output, i);
    peak = Math.max(peak, alive + bodyBytes(params));
    alive -= freed[i]!;
  });
  return peak;
}

/** What the bodies among the parameters of an equation need beyond their inputs and outputs, one at a time. */
function bodyBytes(params: unknown): number {
  if (typeof params !== "object" || params === null) return 0;
  const bodies = Object.values(params)
    .flat()
    .filter((value) => value instanceof Graph);
  return Math.max(0, ...bodies.map(temporaryBytes));
}

function temporaryBytes(body: Graph): number {
  const outside = new Set<Atom>([...body.inputs, ...body.outputs]);
  return peakOf(body, (variable) => !outside.has(variable));
}
