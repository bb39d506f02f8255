// Trees that span a graph.

import type { Tree } from "../linalg/trees/tree.ts";
import { words } from "../random/bits.ts";
import { foldIn, type Key } from "../random/key.ts";
import type { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";

/** A spanning tree from node 0, with the weights of the graph as lengths. */
export interface SpanningTree extends Tree {
  readonly parent: Int32Array;
  readonly weight: Float64Array;
}

interface Edges {
  readonly n: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly weights: Float64Array;
}

/** Both directions of every edge by nodes; loops are left out. */
function edgesOf(caller: string, adjacency: SparseMatrix, isPositive: boolean): Edges {
  const [n, m] = adjacency.shape;
  if (n !== m || n === 0)
    throw new ShapeError(
      `${caller}: adjacency must be square and not empty, got ${formatShape(adjacency.shape)}`,
    );
  const { pattern, values } = adjacency.rows;
  const data = values.astype("float64").data();
  const starts = new Int32Array(n + 1);
  const each = (visit: (i: number, j: number, w: number) => void): void => {
    for (let p = 0; p < pattern.nnz; p++) {
      const [i, j] = [pattern.rowOf[p], pattern.indices[p]];
      if (i === j) continue;
      visit(i, j, Number(data[p]));
      visit(j, i, Number(data[p]));
    }
  };
  each((i, j, w) => {
    if (!(Number.isFinite(w) && w >= 0 && (w > 0 || !isPositive)))
      throw new DomainError(
        `${caller}: weights must be finite and ${isPositive ? "positive" : "not negative"}, got ${w} between ${i} and ${j}`,
      );
    starts[i + 1]++;
  });
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  const next = starts.slice();
  const ends = new Int32Array(starts[n]);
  const weights = new Float64Array(starts[n]);
  each((i, j, w) => {
    ends[next[i]] = j;
    weights[next[i]++] = w;
  });
  return { n, starts, ends, weights };
}

const disconnected = (caller: string, reached: number, n: number): DomainError =>
  new DomainError(
    `${caller}: the graph must be connected, got ${reached} of ${n} nodes reachable from node 0`,
  );

/**
 * The spanning tree of least total weight of an undirected graph, from its adjacency matrix `[n, n]` (one direction of
 * an edge is enough): Prim's algorithm with a binary heap. O(edges · log edges).
 *
 * @throws ShapeError unless square; DomainError for weights that are negative or not finite, and for graphs that are not
 *   connected.
 */
export function minimumSpanningTree(adjacency: SparseMatrix): SpanningTree {
  const { n, starts, ends, weights } = edgesOf("minimumSpanningTree", adjacency, false);
  const parent = new Int32Array(n).fill(-1);
  const weight = new Float64Array(n);
  const isDone = new Uint8Array(n);
  // A heap of edges, by their places; `from` is the node on this side.
  const heap: number[] = [];
  const from = new Int32Array(ends.length);
  const push = (edge: number): void => {
    let at = heap.push(edge) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (weights[heap[up]] <= weights[edge]) break;
      heap[at] = heap[up];
      at = up;
    }
    heap[at] = edge;
  };
  const pop = (): number => {
    const top = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && weights[heap[child + 1]] < weights[heap[child]]) child++;
        if (weights[heap[child]] >= weights[last]) break;
        heap[at] = heap[child];
        at = child;
      }
      heap[at] = last;
    }
    return top;
  };
  const visit = (node: number): void => {
    isDone[node] = 1;
    for (let e = starts[node]; e < starts[node + 1]; e++)
      if (!isDone[ends[e]]) {
        from[e] = node;
        push(e);
      }
  };
  visit(0);
  let reached = 1;
  while (heap.length > 0) {
    const edge = pop();
    const node = ends[edge];
    if (isDone[node]) continue;
    parent[node] = from[edge];
    weight[node] = weights[edge];
    reached++;
    visit(node);
  }
  if (reached < n) throw disconnected("minimumSpanningTree", reached, n);
  return { parent, weight };
}

/**
 * A random spanning tree, drawn with probability proportional to the product of the weights of its edges (uniform for
 * equal weights): Wilson's algorithm, loop-erased random walks to the tree grown so far. O(mean hitting time) steps.
 *
 * @throws ShapeError unless square; DomainError for weights that are not positive and finite, and for graphs that are not
 *   connected.
 */
export function randomSpanningTree(key: Key, adjacency: SparseMatrix): SpanningTree {
  const { n, starts, ends, weights } = edgesOf("randomSpanningTree", adjacency, true);
  const isReached = new Uint8Array(n);
  const stack = [0];
  isReached[0] = 1;
  let reached = 1;
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (let e = starts[node]; e < starts[node + 1]; e++)
      if (!isReached[ends[e]]) {
        isReached[ends[e]] = 1;
        reached++;
        stack.push(ends[e]);
      }
  if (reached < n) throw disconnected("randomSpanningTree", reached, n);
  const sums = new Float64Array(weights.length);
  for (let i = 0; i < n; i++)
    for (let e = starts[i], sum = 0; e < starts[i + 1]; e++) {
      sum += weights[e];
      sums[e] = sum;
    }
  let chunk = 0;
  let numbers: Uint32Array = new Uint32Array(0);
  let at = 0;
  const unit = (): number => {
    if (at === numbers.length) {
      const [a, b] = foldIn(key, chunk++).data();
      numbers = words(Number(a), Number(b), 4096);
      at = 0;
    }
    return numbers[at++] / 2 ** 32;
  };
  const step = (node: number): number => {
    const target = unit() * sums[starts[node + 1] - 1];
    let [low, high] = [starts[node], starts[node + 1] - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] <= target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const inTree = new Uint8Array(n);
  const next = new Int32Array(n).fill(-1);
  const parent = new Int32Array(n).fill(-1);
  const weight = new Float64Array(n);
  inTree[0] = 1;
  for (let start = 1; start < n; start++) {
    // The last way out of a node is the one that is left when loops are erased.
    for (let node = start; !inTree[node]; node = ends[next[node]]) next[node] = step(node);
    for (let node = start; !inTree[node]; node = parent[node]) {
      inTree[node] = 1;
      parent[node] = ends[next[node]];
      weight[node] = weights[next[node]];
    }
  }
  return { parent, weight };
}
