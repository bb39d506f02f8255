import { FlatCall, flattenArguments } from "../transform/arguments.ts";
import { type Graph, traceFlat } from "../transform/graphs/graph.ts";
import { optimize, type PassReport } from "./passes/optimize.ts";
import { formatSteps, programCost } from "./program/costs.ts";
import { compile } from "./program/run.ts";

/** What the compiler makes of a function. */
export interface Explanation {
  /** As traced, and after the passes. */
  readonly traced: Graph;
  readonly graph: Graph;
  readonly passes: readonly PassReport[];
  /** One line per step of the program. */
  readonly steps: readonly string[];
  /** Generated kernels, and calls out of the module. */
  readonly kernels: number;
  readonly calls: number;
  readonly arenaBytes: number;
  /** Estimates for one call: arithmetic operations, and bytes that kernels read and write. */
  readonly flops: number;
  readonly bytes: number;
  toString(): string;
}

/**
 * What `jit(f)` does for arguments like these: the graph, what each pass changed, the kernels, the size of the arena, and
 * an estimate of the cost. Nothing is run. Prints readably.
 */
export const explain =
  <A extends readonly unknown[]>(f: (...args: A) => unknown): ((...args: A) => Explanation) =>
  (...args) => {
    const flat = flattenArguments(args);
    const call = new FlatCall(f as never, flat, "explain");
    const traced = traceFlat(call.run, flat.leaves, "explain");
    const { graph, report } = optimize(traced);
    const { program, kernels, calls, arenaBytes } = compile(graph);
    const { flops, bytes } = programCost(program.steps);
    const steps = formatSteps(program.steps);
    return {
      ...{ traced, graph, passes: report, steps, kernels, calls, arenaBytes, flops, bytes },
      toString: () =>
        [
          String(graph),
          ...report.map(({ pass, before, after }) => `${pass}: ${before} -> ${after} equations`),
          ...steps,
          `${kernels} kernels, ${calls} calls, arena ${arenaBytes} bytes, ${flops} operations, ${bytes} bytes moved`,
        ].join("\n"),
    };
  };
