// Graphs for people.

import { FlatCall, flattenArguments } from "./arguments.ts";
import { type Graph, traceFlat } from "./graphs/graph.ts";

/**
 * The graph of a function for arguments of these shapes and dtypes: every primitive that it applies, printed by
 * `toString()`. Other transforms inside the function show as what they compute.
 */
export function trace<A extends readonly unknown[]>(f: (...args: A) => unknown): (...args: A) => Graph {
  return (...args) => {
    const flat = flattenArguments(args);
    const call = new FlatCall(f as never, flat, "trace");
    return traceFlat(call.run, flat.leaves);
  };
}
