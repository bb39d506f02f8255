// The passes in their order.

import type { Graph } from "../../transform/graphs/graph.ts";
import { mergeCommon } from "./commonSubexpressions.ts";
import { inlineCalls } from "./inline.ts";
import { simplify } from "./simplify.ts";

export interface PassReport {
  readonly pass: string;
  /** Equations before and after. */
  readonly before: number;
  readonly after: number;
}

const PASSES: readonly { readonly name: string; readonly run: (graph: Graph) => Graph }[] = [
  { name: "inline calls, fold constants", run: inlineCalls },
  { name: "simplify", run: simplify },
  { name: "merge common subexpressions", run: mergeCommon },
  { name: "simplify again", run: simplify },
];

/** An equal graph that costs less, and what each pass did. */
export function optimize(graph: Graph): { readonly graph: Graph; readonly report: readonly PassReport[] } {
  let current = graph;
  const report = PASSES.map(({ name, run }): PassReport => {
    const before = current.equations.length;
    current = run(current);
    return { pass: name, before, after: current.equations.length };
  });
  return { graph: current, report };
}
