// The graph of a tensor network: the names of its axes, and how graphs are made and joined.

import type { Labelled } from "../../ops/einsum.ts";
import { contractNetwork } from "../../ops/einsum.ts";
import { type ContractionPath, findPath } from "../../ops/einsumPath.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DimTree, Network, NetworkGraph, Ring, Tree, TT, Tucker } from "../types.ts";

/** The name of a mode's axis. */
export const modeLabel = (mode: number): string => `m${mode}`;

/** The names of a core's axes; bonds are named by their place in `graph.edges` behind a prefix. */
export function coreLabels(graph: NetworkGraph, core: number, prefix = "e"): string[] {
  const mode = graph.modes[core];
  const bonds = graph.edges.flatMap((edge, e) => (edge.includes(core) ? [`${prefix}${e}`] : []));
  return typeof mode === "number" ? [modeLabel(mode), ...bonds] : bonds;
}

/** The cores with names for their axes. */
export const labelled = ({ graph, cores }: Network, prefix?: string): Labelled[] =>
  cores.map((x, core) => ({ x, labels: coreLabels(graph, core, prefix) }));

/** Number of modes. */
export const orderOf = ({ modes }: NetworkGraph): number => modes.filter((mode) => mode !== null).length;

/** The lengths of all labels. */
export function labelLengths(tensors: readonly Labelled[]): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const { x, labels } of tensors)
    labels.forEach((label, axis) => {
      lengths.set(label, x.shape[axis]!);
    });
  return lengths;
}

/** Contracts labelled tensors in the cheapest order, or along a path that is known. */
export function contractAll(
  tensors: readonly Labelled[],
  output: readonly string[],
  path?: ContractionPath,
): Tensor {
  const operands = tensors.map(({ labels }) => labels);
  return contractNetwork(
    tensors,
    output,
    path ?? findPath({ operands, output, lengths: labelLengths(tensors) }),
  );
}

/** The rank of every edge. */
export const edgeRanks = ({ graph, cores }: Network): number[] =>
  graph.edges.map(([core], e) => cores[core]!.shape[coreLabels(graph, core).indexOf(`e${e}`)]!);

/** Mode lengths. */
export function networkShape({ graph, cores }: Network): number[] {
  const shape = new Array<number>(orderOf(graph));
  graph.modes.forEach((mode, core) => {
    if (mode !== null) shape[mode] = cores[core]!.shape[0]!;
  });
  return shape;
}

/** The shape of a core for given mode lengths and edge ranks. */
export const coreShape = (
  graph: NetworkGraph,
  core: number,
  shape: readonly number[],
  ranks: readonly number[],
): number[] =>
  coreLabels(graph, core).map((label) =>
    label.startsWith("m") ? shape[Number(label.slice(1))]! : ranks[Number(label.slice(1))]!,
  );

/**
 * Throws ShapeError unless every mode is carried by exactly one core, edges are distinct pairs of cores, and the axes
 * of the cores fit.
 */
export function checkNetwork({ graph, cores }: Network, what: string): void {
  const { modes, edges } = graph;
  if (cores.length !== modes.length || cores.length === 0)
    throw new ShapeError(`${what}: ${modes.length} cores were expected, got ${cores.length}`);
  const carried = modes.filter((mode) => mode !== null);
  if ([...carried].sort((a, b) => a - b).some((mode, i) => mode !== i))
    throw new ShapeError(
      `${what}: the modes 0 to ${carried.length - 1} were expected once each, got [${carried.join(", ")}]`,
    );
  const seen = new Set<string>();
  for (const [a, b] of edges) {
    if (
      !(Number.isInteger(a) && Number.isInteger(b) && a >= 0 && a < b && b < cores.length) ||
      seen.has(`${a},${b}`)
    )
      throw new ShapeError(
        `${what}: edges must be distinct pairs [lower, higher] of cores, got [${a}, ${b}]`,
      );
    seen.add(`${a},${b}`);
  }
  const lengths = new Map<string, number>();
  cores.forEach((core, v) => {
    const labels = coreLabels(graph, v);
    if (core.ndim !== labels.length)
      throw new ShapeError(
        `${what}: core ${v} must have ${labels.length} axes (mode and bonds), got shape ${formatShape(core.shape)}`,
      );
    labels.forEach((label, axis) => {
      const known = lengths.get(label);
      if (known !== undefined && known !== core.shape[axis])
        throw new ShapeError(
          `${what}: both ends of edge ${label.slice(1)} must have one rank, got ${known} and ${core.shape[axis]}`,
        );
      lengths.set(label, core.shape[axis]!);
    });
  });
}

/** The same network with one more edge of rank 1. */
export function withEdge({ graph, cores }: Network, edge: readonly [number, number]): Network {
  return {
    kind: "network",
    graph: { modes: graph.modes, edges: [...graph.edges, edge] },
    cores: cores.map((core, v) => (edge.includes(v) ? core.expandDims(core.ndim) : core)),
  };
}

/** The same network with enough edges of rank 1 that its graph is connected. */
export function connectedNetwork(d: Network): Network {
  const part = d.graph.modes.map((_, v) => v);
  const root = (v: number): number => (part[v] === v ? v : root(part[v]!));
  for (const [a, b] of d.graph.edges) part[root(a)] = root(b);
  let whole = d;
  for (let v = 1; v < part.length; v++) {
    if (root(v) === root(0)) continue;
    whole = withEdge(whole, [0, v]);
    part[root(v)] = root(0);
  }
  return whole;
}

/** The same network without edges of rank 1. */
export function withoutTrivialEdges(d: Network): Network {
  const ranks = edgeRanks(d);
  const kept = ranks.map((rank) => rank > 1);
  return {
    kind: "network",
    graph: { modes: d.graph.modes, edges: d.graph.edges.filter((_, e) => kept[e]) },
    cores: d.cores.map((core, v) =>
      core.reshape(
        coreLabels(d.graph, v).flatMap((label, axis) =>
          label.startsWith("e") && !kept[Number(label.slice(1))] ? [] : [core.shape[axis]!],
        ),
      ),
    ),
  };
}

/** The chain 0 - 1 - … - (d - 1). */
export const chainGraph = (order: number): NetworkGraph => ({
  modes: Array.from({ length: order }, (_, k) => k),
  edges: Array.from({ length: Math.max(0, order - 1) }, (_, k) => [k, k + 1] as const),
});

/** The cycle through all modes; edge 0 joins the last core and the first, edge k the cores k - 1 and k. */
export const cycleGraph = (order: number): NetworkGraph => ({
  modes: Array.from({ length: order }, (_, k) => k),
  edges: Array.from({ length: order }, (_, k): readonly [number, number] =>
    k === 0 ? [0, order - 1] : [k - 1, k],
  ),
});

/** The graph of a tree: cores 0 … d - 1 carry the modes, the inner nodes follow in pre-order. */
export function treeGraph(tree: DimTree): NetworkGraph {
  const leaves: number[] = [];
  const edges: (readonly [number, number])[] = [];
  let inner = 0;
  const count = (part: DimTree): number => (typeof part === "number" ? 1 : count(part[0]) + count(part[1]));
  const order = count(tree);
  const visit = (part: DimTree): number => {
    if (typeof part === "number") {
      leaves.push(part);
      return part;
    }
    const own = order + inner++;
    for (const child of part) {
      const below = visit(child);
      edges.push(below < own ? [below, own] : [own, below]);
    }
    return own;
  };
  visit(tree);
  return {
    modes: Array.from({ length: order + inner }, (_, v) => (v < order ? v : null)),
    edges,
  };
}

/** Axes of `x`, named, in the order that a core of the graph has. */
function asCore(graph: NetworkGraph, core: number, x: Tensor, labels: readonly string[]): Tensor {
  return x.transpose(coreLabels(graph, core).map((label) => labels.indexOf(label))).contiguous();
}

/** A train as a network: bonds of rank 1 are left out. */
export function trainNetwork({ cores }: TT): Network {
  const last = cores.length - 1;
  const chain: Network = {
    kind: "network",
    graph: chainGraph(cores.length),
    cores: cores.map((core, k) => {
      const [r, n, next] = core.shape as [number, number, number];
      const flat = core.reshape([...(k > 0 ? [r] : []), n, ...(k < last ? [next] : [])]);
      return k > 0 ? flat.transpose(k < last ? [1, 0, 2] : [1, 0]).contiguous() : flat;
    }),
  };
  return withoutTrivialEdges(chain);
}

/** A ring of three modes and more as a network. */
export function ringNetwork({ cores }: Ring): Network {
  const graph = cycleGraph(cores.length);
  const order = cores.length;
  return withoutTrivialEdges({
    kind: "network",
    graph,
    cores: cores.map((core, k) => asCore(graph, k, core, [`e${k}`, modeLabel(k), `e${(k + 1) % order}`])),
  });
}

/** A Tucker decomposition as a network: the core, which carries no mode, comes last. */
export function tuckerNetwork({ core, factors }: Tucker): Network {
  const order = factors.length;
  const graph: NetworkGraph = {
    modes: [...factors.map((_, k) => k), null],
    edges: factors.map((_, k) => [k, order] as const),
  };
  return { kind: "network", graph, cores: [...factors, core] };
}

/** A tree as a network. */
export function treeNetwork(d: Tree): Network {
  if (d.transfers.length === 0)
    return { kind: "network", graph: { modes: [0], edges: [] }, cores: [d.leaves[0]!.reshape([-1])] };
  const graph = treeGraph(d.tree);
  const edgeOf = (a: number, b: number): number =>
    graph.edges.findIndex(([x, y]) => x === Math.min(a, b) && y === Math.max(a, b));
  const order = d.leaves.length;
  const cores = [...d.leaves, ...d.transfers];
  let inner = 0;
  const visit = (part: DimTree, parent: number): number => {
    if (typeof part === "number") return part;
    const own = order + inner++;
    const left = visit(part[0], own);
    const right = visit(part[1], own);
    const transfer = cores[own]!;
    const labels = [`e${edgeOf(left, own)}`, `e${edgeOf(right, own)}`];
    if (parent < 0) cores[own] = asCore(graph, own, transfer.squeeze(2), labels);
    else cores[own] = asCore(graph, own, transfer, [...labels, `e${edgeOf(parent, own)}`]);
    return own;
  };
  visit(d.tree, -1);
  return { kind: "network", graph, cores };
}
