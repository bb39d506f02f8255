// Structures that a search over templates moves through: a permutation of the modes and a rank for every edge.

import { DomainError } from "../../tensor/errors.ts";
import { balancedTree } from "../tree/dimTree.ts";
import type { NetworkGraph } from "../types.ts";
import { chainGraph, coreShape, cycleGraph, treeGraph } from "./graph.ts";

/** Families of graphs. */
export type NetworkTemplate = "ring" | "tt" | "tree";

export interface NetworkStructure {
  /** One an edge of the template: of a ring, edge 0 closes it and edge k joins the places k - 1 and k. */
  readonly ranks: readonly number[];
  /** The mode at each place of the template. */
  readonly permutation: readonly number[];
}

/** The template for a number of modes, with mode k at place k. */
export function templateGraph(template: NetworkTemplate, order: number): NetworkGraph {
  switch (template) {
    case "ring":
      return cycleGraph(order);
    case "tt":
      return chainGraph(order);
    case "tree":
      return treeGraph(balancedTree(order));
    default:
      throw new DomainError(`template must be ring, tt or tree, got ${String(template)}`);
  }
}

/** The graph with the modes at their places. */
export const structureGraph = (template: NetworkGraph, permutation: readonly number[]): NetworkGraph => ({
  modes: template.modes.map((place) => (place === null ? null : permutation[place]!)),
  edges: template.edges,
});

/** How many numbers a network of this structure holds. */
export function structureParameters(
  template: NetworkGraph,
  { ranks, permutation }: NetworkStructure,
  shape: readonly number[],
): number {
  const graph = structureGraph(template, permutation);
  return graph.modes.reduce<number>(
    (count, _, core) => count + coreShape(graph, core, shape, ranks).reduce((product, n) => product * n, 1),
    0,
  );
}

/**
 * A text that is the same for structures that describe the same networks: rotations and reflections of a ring,
 * reflections of a train and swaps within a tree, and whatever differs by edges of rank 1 between cores with modes.
 */
export function structureKey(template: NetworkGraph, { ranks, permutation }: NetworkStructure): string {
  const graph = structureGraph(template, permutation);
  const hasLatent = graph.modes.includes(null);
  return graph.edges
    .flatMap(([a, b], e) => {
      if (hasLatent) return [`${sideOf(graph, e)}:${ranks[e]}`];
      const pair = [graph.modes[a]!, graph.modes[b]!].sort((x, y) => x - y);
      return ranks[e]! > 1 ? [`${pair.join("-")}:${ranks[e]}`] : [];
    })
    .sort()
    .join(" ");
}

/** The modes on that side of an edge of a tree where mode 0 is not. */
function sideOf(graph: NetworkGraph, cut: number): string {
  const reached = new Set<number>([graph.modes.indexOf(0)]);
  for (const v of reached)
    graph.edges.forEach(([a, b], e) => {
      if (e === cut) return;
      if (a === v) reached.add(b);
      if (b === v) reached.add(a);
    });
  return graph.modes
    .filter((mode, v) => mode !== null && !reached.has(v))
    .sort((a, b) => a! - b!)
    .join("-");
}
