// What a rule of the export gets and gives.

import type { Graph } from "../../transform/graphs/graph.ts";
import type { GraphBuilder, Value } from "./builder.ts";

/** One equation, its operands already written. */
export interface Call {
  readonly g: GraphBuilder;
  readonly inputs: readonly Value[];
  /** Shapes and dtypes of the results. */
  readonly outputs: readonly Omit<Value, "name">[];
  readonly params: unknown;
  /**
   * Writes a graph inside of this one into a builder. `pick` finds it in the parameters, which are those of two traces
   * when the batch size is open.
   */
  readonly inner: (
    pick: (params: never) => Graph,
    inputs: readonly Value[],
    into: GraphBuilder,
  ) => readonly Value[];
}

export type Rule = (call: Call) => Value | readonly Value[];
