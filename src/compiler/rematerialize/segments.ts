// Checkpoints at equal distances: the schedule that people write by hand.

import { DomainError } from "../../tensor/errors.ts";
import { type CostGraph, prepare } from "./problem.ts";

/**
 * Keeps the value of every `length`-th node (by default √n, rounded up) until its last reader; other values are
 * dropped at the end of a segment of `length` nodes, unless the next segment reads them, and computed again when a
 * later one does, at most once a segment: Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost",
 * 2016, for any graph. Gives the order in which nodes run. O(segments · (n + edges)). Throws ShapeError and DomainError
 * for a bad graph.
 */
export function segmentSchedule(
  graph: CostGraph,
  options: { readonly length?: number; readonly order?: readonly number[] } = {},
): number[] {
  const { length = Math.max(1, Math.ceil(Math.sqrt(graph.n))), order: given } = options;
  if (!Number.isSafeInteger(length) || length < 1)
    throw new DomainError(`segmentSchedule: length must be an integer of at least 1, got ${length}`);
  const { n, order, parents, children } = prepare(graph, {
    budget: Infinity,
    maxCopies: 1,
    ...(given && { order: given }),
  });
  const schedule: number[] = [];
  const isThere = new Uint8Array(n);
  const compute = (v: number): void => {
    for (const u of parents[v]!) if (!isThere[u]) compute(u);
    isThere[v] = 1;
    schedule.push(order[v]!);
  };
  for (let v = 0; v < n; v++) {
    if (v % length === 0)
      for (let u = 0; u < v; u++)
        if (u % length !== 0 && !children[u]!.some((w) => w >= v && w < v + length)) isThere[u] = 0;
    compute(v);
  }
  return schedule;
}
