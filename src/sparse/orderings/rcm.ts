// Reverse Cuthill-McKee: an order that brings entries close to the diagonal.
// Source: George and Liu, "Computer solution of large sparse positive definite systems" (1981), chapter 4.

import type { Graph } from "./graph.ts";

/** Nodes of one component level by level from a root, neighbours by rising degree; `levels` counts the levels. */
function breadthFirst(
  { indptr, indices }: Graph,
  root: number,
  stamp: number,
  seen: Int32Array,
  order: Int32Array,
  from: number,
): { readonly end: number; readonly levels: number; readonly lastLevel: number } {
  const degree = (i: number): number => indptr[i + 1] - indptr[i];
  order[from] = root;
  seen[root] = stamp;
  let end = from + 1;
  let levels = 0;
  let lastLevel = from;
  for (let begin = from; begin < end; levels++) {
    const stop = end;
    lastLevel = begin;
    for (let s = begin; s < stop; s++) {
      const first = end;
      for (let p = indptr[order[s]]; p < indptr[order[s] + 1]; p++) {
        const j = indices[p];
        if (seen[j] === stamp) continue;
        seen[j] = stamp;
        // Insertion keeps the new neighbours in the order of their degrees.
        let t = end++;
        for (; t > first && degree(order[t - 1]) > degree(j); t--) order[t] = order[t - 1];
        order[t] = j;
      }
    }
    begin = stop;
  }
  return { end, levels, lastLevel };
}

/** `order[k]` is the node that comes to place k. O(nnz · sweeps), where two or three sweeps are usual. */
export function rcmOrder(graph: Graph): Int32Array {
  const { n, indptr } = graph;
  const order = new Int32Array(n);
  const seen = new Int32Array(n);
  const done = new Uint8Array(n);
  let stamp = 0;
  let from = 0;
  for (let first = 0; first < n; first++) {
    if (done[first]) continue;
    // A node of (nearly) greatest distance from others: go to the far end until that end is no farther.
    let root = first;
    let search = breadthFirst(graph, root, ++stamp, seen, order, from);
    for (;;) {
      let far = order[search.lastLevel];
      for (let s = search.lastLevel; s < search.end; s++)
        if (indptr[order[s] + 1] - indptr[order[s]] < indptr[far + 1] - indptr[far]) far = order[s];
      const next = breadthFirst(graph, far, ++stamp, seen, order, from);
      if (next.levels <= search.levels) break;
      root = far;
      search = next;
    }
    const { end } = breadthFirst(graph, root, ++stamp, seen, order, from);
    for (let s = from; s < end; s++) done[order[s]] = 1;
    from = end;
  }
  return order.reverse();
}
