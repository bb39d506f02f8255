// Rematerialization as a pass over graphs of tensors.

import { DomainError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { type Atom, type Equation, Graph, Variable } from "../../transform/graphs/graph.ts";
import { flopsOf, graphFlops } from "../flops.ts";
import { bytesOf } from "../liveness.ts";
import { type CostGraph, smallestBudget } from "./problem.ts";
import { type RematerializeOptions, rematerialize } from "./rematerialize.ts";
import { peakMemory } from "./retention.ts";

export interface RematerializePassOptions extends Omit<RematerializeOptions, "budget" | "order" | "exact"> {
  /** Bytes that the results of equations may take at any moment. */
  readonly budget: number;
}

export interface RematerializeReport {
  readonly pass: "rematerialize";
  /** Equations before and after. */
  readonly before: number;
  readonly after: number;
  /** Bytes at the moment of most memory, before and after. */
  readonly peakBefore: number;
  readonly peakAfter: number;
  /** Estimated floating-point operations, before and after. */
  readonly flopsBefore: number;
  readonly flopsAfter: number;
  /** Share of the operations that were added. */
  readonly increase: number;
  /** The peak is within the budget. */
  readonly feasible: boolean;
}

/** Neighbourhoods that the pass searches unless told otherwise: a compiler cannot take minutes. */
const ITERATIONS = 300;

/**
 * The costs of a graph by its liveness rule: a node is an equation, its memory the bytes of its results, its duration
 * the estimated operations. While an equation runs, the results that it or later equations read and its own are
 * there. Inputs and constants of the graph belong to the caller and are not counted (`peakBytes` counts inputs as well,
 * and what bodies of loops need inside); results that the graph returns live to its end, for which the last node, free
 * of cost, stands.
 */
export function costGraph(graph: Graph): CostGraph {
  const { equations, outputs, count } = graph;
  const source = new Int32Array(count).fill(-1);
  const edges: [number, number][] = [];
  const read = (atom: Atom, by: number): void => {
    if (atom instanceof Variable && source[atom.id]! >= 0) edges.push([source[atom.id]!, by]);
  };
  equations.forEach((equation, v) => {
    for (const atom of equation.inputs) read(atom, v);
    for (const { id } of equation.outputs) source[id] = v;
  });
  for (const atom of outputs) read(atom, equations.length);
  return {
    n: equations.length + 1,
    edges,
    memory: [
      ...equations.map(({ outputs: results }) => results.reduce((sum, result) => sum + bytesOf(result), 0)),
      0,
    ],
    duration: [...equations.map(flopsOf), 0],
  };
}

/** Bytes at the moment of most memory when the equations of a graph run in their order; see `costGraph`. */
export function graphPeak(graph: Graph): number {
  const costs = costGraph(graph);
  return peakMemory(
    costs,
    Array.from({ length: costs.n }, (_, v) => v),
  );
}

/**
 * An equal graph of which the results stay within `budget` bytes: some equations appear again, with new variables,
 * and each reader takes the latest. Values are the same to the last bit. When no such order is found, `feasible` is
 * false and the graph is the one of least excess. Throws DomainError, with the minimum, for a budget below what one
 * equation or the results of the graph need.
 */
export function rematerializePass(
  graph: Graph,
  options: RematerializePassOptions,
): { readonly graph: Graph; readonly report: RematerializeReport } {
  const costs = costGraph(graph);
  const { budget } = options;
  const { minimum, node } = smallestBudget(costs);
  if (budget < minimum)
    throw new DomainError(
      `rematerialize: ${budget} bytes are too few for any order: ${describe(graph, node)} needs ${minimum}`,
    );
  const { schedule, feasible, increase } = rematerialize(costs, { iterations: ITERATIONS, ...options });
  const result = reorder(
    graph,
    schedule.filter((v) => v < graph.equations.length),
  );
  return {
    graph: result,
    report: {
      pass: "rematerialize",
      before: graph.equations.length,
      after: result.equations.length,
      peakBefore: graphPeak(graph),
      peakAfter: graphPeak(result),
      flopsBefore: graphFlops(graph),
      flopsAfter: graphFlops(result),
      increase,
      feasible,
    },
  };
}

function describe({ equations }: Graph, node: number): string {
  const equation = equations[node];
  if (!equation) return "what the graph returns";
  const { primitive, outputs } = equation;
  return `${primitive.name} → ${outputs.map(({ dtype, shape }) => dtype + formatShape(shape)).join(", ")} with its inputs`;
}

/** The equations in the order of a schedule; those that run again get variables of their own. */
function reorder(graph: Graph, schedule: readonly number[]): Graph {
  let count = graph.count;
  const latest = new Map<number, Variable>();
  const current = (atom: Atom): Atom => (atom instanceof Variable ? (latest.get(atom.id) ?? atom) : atom);
  const ran = new Set<number>();
  const equations = schedule.map((v): Equation => {
    const equation = graph.equations[v]!;
    const inputs = equation.inputs.map(current);
    if (!ran.has(v)) {
      ran.add(v);
      return { ...equation, inputs };
    }
    const outputs = equation.outputs.map((like) => new Variable(count++, like));
    equation.outputs.forEach(({ id }, i) => {
      latest.set(id, outputs[i]!);
    });
    return { ...equation, inputs, outputs };
  });
  return new Graph(graph.inputs, equations, graph.outputs.map(current), count);
}
