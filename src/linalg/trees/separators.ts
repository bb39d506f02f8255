// A tree taken apart: halves that share one node, again and again, until the pieces are small.

import type { OrderedTree } from "./tree.ts";

/** Everything that does not depend on the function of distances, in flat arrays. */
export interface Separation {
  readonly n: number;
  /** Nodes of the two sides of every split (without the node that they share) and their distances from it. */
  readonly nodes: Int32Array;
  readonly distances: Float64Array;
  /** Split s: left side from bounds[2 s], right side from bounds[2 s + 1] to bounds[2 s + 2]. */
  readonly bounds: Int32Array;
  /** Nodes of the pieces, piece after piece. */
  readonly leafNodes: Int32Array;
  readonly leafBounds: Int32Array;
  /** Distances within the pieces below the diagonal, row by row, piece after piece. */
  readonly leafDistances: Float64Array;
  /** The largest distance from a shared node on either side, summed: no distance across is larger. */
  readonly range: number;
  /** Lengths of edges, for `gridUnit`. */
  readonly weights: Float64Array;
}

/** Node whose removal leaves no more than half of the tree in one part. */
function centroid({ nodes, parent }: OrderedTree): number {
  const n = nodes.length;
  const size = new Int32Array(n).fill(1);
  let best = 0;
  for (let i = n - 1; i > 0; i--) {
    size[parent[i]] += size[i];
    if (2 * size[i] >= n && (best === 0 || size[i] < size[best])) best = i;
  }
  return best;
}

interface Rooted {
  readonly tree: OrderedTree;
  readonly distance: Float64Array;
  /** Which neighbour of the new root a node hangs on. */
  readonly part: Int32Array;
  readonly parts: number;
}

/** The same tree with another root, breadth first. */
function rerooted({ nodes, parent, weight }: OrderedTree, root: number): Rooted {
  const n = nodes.length;
  const starts = new Int32Array(n + 1);
  for (let i = 1; i < n; i++) starts[parent[i] + 1]++;
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  const children = new Int32Array(n);
  const next = starts.slice();
  for (let i = 1; i < n; i++) children[next[parent[i]]++] = i;
  const order = new Int32Array(n);
  const up = new Int32Array(n);
  const length = new Float64Array(n);
  const distance = new Float64Array(n);
  const part = new Int32Array(n);
  order[0] = root;
  up[0] = -1;
  let parts = 0;
  let count = 1;
  for (let at = 0; at < count; at++) {
    const node = order[at];
    const came = at === 0 ? -1 : order[up[at]];
    const last = starts[node + 1];
    for (let c = starts[node]; c <= last; c++) {
      // After the children comes the parent.
      const other = c < last ? children[c] : parent[node];
      if (other < 0 || other === came) continue;
      const w = c < last ? weight[other] : weight[node];
      order[count] = other;
      up[count] = at;
      length[count] = w;
      distance[count] = distance[at] + w;
      part[count] = at === 0 ? parts++ : part[at];
      count++;
    }
  }
  return { tree: { nodes: order.map((i) => nodes[i]), parent: up, weight: length }, distance, part, parts };
}

/** Parts divided among two sides as evenly as the largest first allows: 1 for the right one. */
function sides({ part, parts }: Rooted): Uint8Array {
  const size = new Int32Array(parts);
  for (let i = 1; i < part.length; i++) size[part[i]]++;
  const order = Array.from(size.keys()).sort((a, b) => size[b] - size[a]);
  const isRight = new Uint8Array(parts);
  let [left, right] = [0, 0];
  for (const p of order)
    if (left <= right) left += size[p];
    else {
      right += size[p];
      isRight[p] = 1;
    }
  return isRight;
}

/** The root and the nodes of one side. */
function half(
  { tree, part }: Rooted,
  isRight: Uint8Array,
  side: number,
): { tree: OrderedTree; kept: Int32Array } {
  const n = part.length;
  const place = new Int32Array(n);
  let count = 1;
  for (let i = 1; i < n; i++) if (isRight[part[i]] === side) count++;
  const kept = new Int32Array(count);
  const parent = new Int32Array(count);
  const weight = new Float64Array(count);
  parent[0] = -1;
  for (let i = 1, at = 1; i < n; i++) {
    if (isRight[part[i]] !== side) continue;
    kept[at] = i;
    place[i] = at;
    parent[at] = place[tree.parent[i]];
    weight[at++] = tree.weight[i];
  }
  return { tree: { nodes: kept.map((i) => tree.nodes[i]), parent, weight }, kept };
}

/** Distances within a small tree, below the diagonal, row by row. */
function triangle({ parent, weight }: OrderedTree): Float64Array {
  const n = parent.length;
  const full = new Float64Array(n * n);
  const out = new Float64Array((n * (n - 1)) / 2);
  for (let i = 1, at = 0; i < n; i++)
    for (let j = 0; j < i; j++, at++) {
      const d = full[parent[i] * n + j] + weight[i];
      full[i * n + j] = d;
      full[j * n + i] = d;
      out[at] = d;
    }
  return out;
}

const joinInt = (parts: readonly Int32Array[]): Int32Array => {
  const out = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};
const joinFloat = (parts: readonly Float64Array[]): Float64Array => {
  const out = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

/** Takes a tree apart down to pieces of `threshold` nodes; without recursion, so that paths may be long. O(n log n). */
export function separate(tree: OrderedTree, threshold: number): Separation {
  const nodes: Int32Array[] = [];
  const distances: Float64Array[] = [];
  const bounds = [0];
  const leafNodes: Int32Array[] = [];
  const leafBounds = [0];
  const leafDistances: Float64Array[] = [];
  let range = 0;
  const stack: OrderedTree[] = [tree];
  for (let piece = stack.pop(); piece; piece = stack.pop()) {
    if (piece.nodes.length <= threshold) {
      leafNodes.push(piece.nodes);
      leafBounds.push(leafBounds.at(-1)! + piece.nodes.length);
      leafDistances.push(triangle(piece));
      continue;
    }
    const rooted = rerooted(piece, centroid(piece));
    const isRight = sides(rooted);
    const reach = [0, 0];
    for (const side of [0, 1]) {
      const { tree: part, kept } = half(rooted, isRight, side);
      const away = Float64Array.from(kept.subarray(1), (i) => rooted.distance[i]);
      nodes.push(part.nodes.slice(1));
      distances.push(away);
      bounds.push(bounds.at(-1)! + away.length);
      for (const d of away) if (d > reach[side]) reach[side] = d;
      stack.push(part);
    }
    range = Math.max(range, reach[0] + reach[1]);
  }
  return {
    n: tree.nodes.length,
    nodes: joinInt(nodes),
    distances: joinFloat(distances),
    bounds: Int32Array.from(bounds),
    leafNodes: joinInt(leafNodes),
    leafBounds: Int32Array.from(leafBounds),
    leafDistances: joinFloat(leafDistances),
    range,
    weights: tree.weight.slice(1),
  };
}

/** Rounding that lengths on a grid may carry, in units of the grid. */
const OFF_GRID = 1e-9;

/** The unit of which all lengths are multiples, or 0 where none is found: Euclid's algorithm on the lengths. */
export function gridUnit(weights: Float64Array): number {
  let top = 0;
  for (const w of weights) top = Math.max(top, w);
  let unit = 0;
  for (const w of weights) {
    let [a, b] = [unit, w];
    // Lengths that differ from multiples by rounding only count as multiples.
    while (b > top * OFF_GRID) [a, b] = [b, a === 0 ? 0 : Math.abs(a - Math.round(a / b) * b)];
    unit = a;
    if (unit > 0 && unit < top * 1e-6) return 0;
  }
  for (const w of weights)
    if (Math.abs(w / unit - Math.round(w / unit)) > OFF_GRID * Math.max(1, w / unit)) return 0;
  return unit;
}
