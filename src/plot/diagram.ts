// The structure of a decomposition drawn as tensor-network people draw it: a circle for each array, a line for each
// summed index with its rank, a free line for each axis of the tensor with its length.
import type { Decomposition, DimTree, Network } from "../decompose/types.ts";
import { formatShape } from "../tensor/shape.ts";
import { escapeText } from "./markup.ts";

interface Node {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  /** Shown when the pointer rests on the node. */
  readonly title: string;
  readonly hub?: boolean;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

interface Leg {
  readonly node: number;
  /** Direction, of length 1. */
  readonly dx: number;
  readonly dy: number;
  readonly label: string;
}

interface Graph {
  readonly nodes: Node[];
  readonly edges: Edge[];
  readonly legs: Leg[];
}

const RADIUS = 25;
const LEG = 34;
const STEP = 96;
/** Nodes of a chain in one row; the next row runs back. */
const ROW = 8;

const subscript = (k: number): string => String(k).replace(/\d/g, (c) => "₀₁₂₃₄₅₆₇₈₉"[Number(c)]!);

/**
 * An SVG element, as text. `axes` names the axes of the tensor; a free line carries the length and, where there are
 * names, the name.
 */
export function structureDiagram(d: Decomposition, axes: readonly string[]): string {
  const inner = d.kind === "arranged" ? d.inner : d;
  const named = (length: number, axis: number): string => `${length} ${axes[axis] ?? `axis ${axis}`}`;
  if (d.kind !== "arranged") return draw(graphOf(inner, named));
  // Every split axis of the arranged tensor belongs to an axis of the tensor.
  const owners = d.layout.splits.flatMap((split, axis) => split.map(() => axis));
  return draw(graphOf(inner, (length, j) => named(length, owners[d.layout.order[j]!]!)));
}

function graphOf(
  d: Exclude<Decomposition, { kind: "arranged" }>,
  leg: (length: number, axis: number) => string,
): Graph {
  switch (d.kind) {
    case "cp": {
      const rank = d.weights.shape[0]!;
      const hub = { label: "weights", title: `weights ${formatShape(d.weights.shape)}` };
      return star(
        hub,
        d.factors,
        d.factors.map(() => String(rank)),
        leg,
      );
    }
    case "tucker": {
      const hub = { label: "core", title: `core ${formatShape(d.core.shape)}` };
      return star(hub, d.factors, d.core.shape.map(String), leg);
    }
    case "dense": {
      const node = { x: 0, y: 0, label: "data", title: formatShape(d.data.shape), hub: true };
      return {
        nodes: [node],
        edges: [],
        legs: d.data.shape.map((n, k) => ({ node: 0, ...direction(k, d.data.ndim), label: leg(n, k) })),
      };
    }
    case "tt":
      return chain(d.cores, leg);
    case "ring":
      return ring(d.cores, leg);
    case "tree":
      return tree(d.tree, d.leaves, d.transfers, leg);
    case "network":
      return network(d, leg);
  }
}

/** Direction k of `count` around a circle, from the top clockwise; two lie left and right. */
function direction(k: number, count: number): { dx: number; dy: number } {
  const angle = (2 * Math.PI * k) / count - (count === 2 ? Math.PI : Math.PI / 2);
  return { dx: Math.cos(angle), dy: Math.sin(angle) };
}

type Arrays = readonly { readonly shape: readonly number[] }[];
type LegLabel = (length: number, axis: number) => string;

function star(
  hub: { label: string; title: string },
  factors: Arrays,
  ranks: readonly string[],
  leg: LegLabel,
): Graph {
  const radius = Math.max(112, (factors.length * 74) / (2 * Math.PI));
  const graph: Graph = { nodes: [{ x: 0, y: 0, hub: true, ...hub }], edges: [], legs: [] };
  for (const [k, factor] of factors.entries()) {
    const { dx, dy } = direction(k, factors.length);
    const title = `factors.${k} ${formatShape(factor.shape)}`;
    graph.nodes.push({ x: radius * dx, y: radius * dy, label: `A${subscript(k)}`, title });
    graph.edges.push({ from: 0, to: k + 1, label: ranks[k]! });
    graph.legs.push({ node: k + 1, dx, dy, label: leg(factor.shape[0]!, k) });
  }
  return graph;
}

const coreNode = (core: Arrays[number], k: number): { label: string; title: string } => ({
  label: `G${subscript(k)}`,
  title: `cores.${k} ${formatShape(core.shape)}`,
});

function chain(cores: Arrays, leg: LegLabel): Graph {
  const graph: Graph = { nodes: [], edges: [], legs: [] };
  for (const [k, core] of cores.entries()) {
    const row = Math.floor(k / ROW);
    const place = k % ROW;
    const x = (row % 2 === 0 ? place : ROW - 1 - place) * STEP;
    graph.nodes.push({ x, y: row * 128, ...coreNode(core, k) });
    // The line to the next row leaves downwards: the free line of such a node points outwards instead.
    const turns = place === ROW - 1 && k < cores.length - 1;
    graph.legs.push({
      node: k,
      dx: turns ? (row % 2 === 0 ? 1 : -1) : 0,
      dy: turns ? 0 : 1,
      label: leg(core.shape[1]!, k),
    });
    if (k > 0) graph.edges.push({ from: k - 1, to: k, label: String(core.shape[0]) });
  }
  return graph;
}

function ring(cores: Arrays, leg: LegLabel): Graph {
  const radius = Math.max(84, (cores.length * STEP) / (2 * Math.PI));
  const graph: Graph = { nodes: [], edges: [], legs: [] };
  for (const [k, core] of cores.entries()) {
    const { dx, dy } = direction(k, cores.length);
    graph.nodes.push({ x: radius * dx, y: radius * dy, ...coreNode(core, k) });
    graph.legs.push({ node: k, dx, dy, label: leg(core.shape[1]!, k) });
    graph.edges.push({ from: (k + cores.length - 1) % cores.length, to: k, label: String(core.shape[0]) });
  }
  return graph;
}

/** Cores around a circle, their bonds as chords. */
function network({ graph: { modes, edges }, cores }: Network, leg: LegLabel): Graph {
  const radius = Math.max(84, (cores.length * STEP) / (2 * Math.PI));
  const graph: Graph = { nodes: [], edges: [], legs: [] };
  /** The axis of each core that its next bond takes. */
  const next = modes.map((mode) => (mode === null ? 0 : 1));
  for (const [v, core] of cores.entries()) {
    const { dx, dy } = direction(v, cores.length);
    const mode = modes[v] ?? null;
    graph.nodes.push({ x: radius * dx, y: radius * dy, hub: mode === null, ...coreNode(core, v) });
    if (mode !== null) graph.legs.push({ node: v, dx, dy, label: leg(core.shape[0]!, mode) });
  }
  for (const [from, to] of edges) {
    graph.edges.push({ from, to, label: String(cores[from]!.shape[next[from]!]) });
    next[from]!++;
    next[to]!++;
  }
  return graph;
}

function tree(root: DimTree, leaves: Arrays, transfers: Arrays, leg: LegLabel): Graph {
  const graph: Graph = { nodes: [], edges: [], legs: [] };
  let nextLeaf = 0;
  let nextTransfer = 0;
  /** Adds the node's subtree; gives its place in the list and its position. */
  const place = (node: DimTree, depth: number): { id: number; x: number } => {
    if (typeof node === "number") {
      const x = nextLeaf++ * STEP * 1.15;
      const title = `leaves.${node} ${formatShape(leaves[node]!.shape)}`;
      const id = graph.nodes.push({ x, y: depth * 88, label: `U${subscript(node)}`, title }) - 1;
      graph.legs.push({ node: id, dx: 0, dy: 1, label: leg(leaves[node]!.shape[0]!, node) });
      return { id, x };
    }
    const own = nextTransfer++;
    const { shape } = transfers[own]!;
    const [left, right] = [place(node[0], depth + 1), place(node[1], depth + 1)];
    const x = (left.x + right.x) / 2;
    const title = `transfers.${own} ${formatShape(shape)}`;
    const id = graph.nodes.push({ x, y: depth * 88, label: `B${subscript(own)}`, title, hub: true }) - 1;
    graph.edges.push({ from: id, to: left.id, label: String(shape[0]) });
    graph.edges.push({ from: id, to: right.id, label: String(shape[1]) });
    return { id, x };
  };
  place(root, 0);
  return graph;
}

function draw({ nodes, edges, legs }: Graph): string {
  const parts: string[] = [];
  const xs: number[] = [];
  const ys: number[] = [];
  const reach = (x: number, y: number): void => {
    xs.push(x);
    ys.push(y);
  };
  for (const { x, y } of nodes) {
    reach(x - RADIUS, y - RADIUS);
    reach(x + RADIUS, y + RADIUS);
  }
  for (const { from, to } of edges) {
    const [a, b] = [nodes[from]!, nodes[to]!];
    parts.push(line(a.x, a.y, b.x, b.y, "#8a97a6"));
  }
  for (const { node, dx, dy } of legs) {
    const { x, y } = nodes[node]!;
    parts.push(line(x, y, x + dx * (RADIUS + LEG), y + dy * (RADIUS + LEG), "#1b2733"));
  }
  for (const { x, y, label, title, hub } of nodes)
    parts.push(
      `<g><title>${escapeText(title)}</title><circle cx="${round(x)}" cy="${round(y)}" r="${RADIUS}" fill="${hub ? "#fde7d3" : "#dcebf7"}" stroke="${hub ? "#c05a00" : "#0b5f99"}" stroke-width="1.5"/>${text(x, y + 4.5, label, label.length > 4 ? 11 : 14, "middle")}</g>`,
    );
  for (const { from, to, label } of edges) {
    const [a, b] = [nodes[from]!, nodes[to]!];
    parts.push(text((a.x + b.x) / 2, (a.y + b.y) / 2 + 4.5, label, 13, "middle", true));
  }
  for (const { node, dx, dy, label } of legs) {
    const from = nodes[node]!;
    const x = from.x + dx * (RADIUS + LEG + 6);
    const y = from.y + dy * (RADIUS + LEG + 6);
    const anchor = Math.abs(dx) < 0.3 ? "middle" : dx > 0 ? "start" : "end";
    parts.push(text(x, y + (dy > 0.3 ? 11 : dy < -0.3 ? -2 : 4.5), label, 13, anchor));
    const width = label.length * 7.2;
    reach(anchor === "end" ? x - width : anchor === "middle" ? x - width / 2 : x, y - 14);
    reach(anchor === "start" ? x + width : anchor === "middle" ? x + width / 2 : x, y + 18);
  }
  const [left, top] = [Math.min(...xs) - 8, Math.min(...ys) - 8];
  const [width, height] = [Math.max(...xs) + 8 - left, Math.max(...ys) + 8 - top];
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="diagram of the structure" viewBox="${round(left)} ${round(top)} ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" font-family="inherit" style="max-width:100%;height:auto">${parts.join("")}</svg>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const line = (x1: number, y1: number, x2: number, y2: number, color: string): string =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${color}" stroke-width="2"/>`;

function text(x: number, y: number, content: string, size: number, anchor: string, halo = false): string {
  const outline = halo ? ' stroke="#fff" stroke-width="5" paint-order="stroke" font-weight="600"' : "";
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" fill="#1b2733"${outline}>${escapeText(content)}</text>`;
}
