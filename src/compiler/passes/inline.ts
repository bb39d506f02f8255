import { type CallParams, callP } from "../../transform/graphs/call.ts";
import type { Graph } from "../../transform/graphs/graph.ts";
import { type Replace, rewrite, walk } from "./walk.ts";

/** Calls of graphs (`jit` inside of `jit`, `checkpoint`) become their equations. */
export function inlineCalls(graph: Graph): Graph {
  const replace: Replace = (primitive, operands, params) =>
    primitive.name === callP.name ? walk((params as CallParams).graph, operands, replace) : null;
  return rewrite(graph, replace);
}
