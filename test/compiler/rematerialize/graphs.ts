// Graphs with costs for the tests of rematerialization.
import type { CostGraph } from "polyadic/compiler";

/** Forward chain, backward chain, and each forward value read by its backward partner; unit costs. */
export function training(forward: number): CostGraph {
  const n = 2 * forward + 1;
  const edges: [number, number][] = [];
  for (let i = 0; i + 1 < n; i++) edges.push([i, i + 1]);
  for (let i = 0; i < forward; i++) edges.push([i, 2 * forward - i]);
  return { n, edges, memory: new Array(n).fill(1), duration: new Array(n).fill(1) };
}

/** Ten nodes, of which the first five have large values. */
export function heavyHead(): CostGraph {
  const edges: [number, number][] = [];
  for (let i = 0; i < 9; i++) edges.push([i, i + 1]);
  for (let i = 0; i < 4; i++) edges.push([i, 9 - i]);
  return {
    n: 10,
    edges,
    memory: [50, 50, 50, 50, 50, 1, 1, 1, 1, 1],
    duration: new Array(10).fill(1),
  };
}

export const chain = (n: number): CostGraph => ({
  n,
  edges: Array.from({ length: Math.max(0, n - 1) }, (_, i): [number, number] => [i, i + 1]),
  memory: new Array(n).fill(1),
  duration: new Array(n).fill(1),
});

/**
 * Peak memory straight from the definition, forwards and in O(length³): entry i is there at time t when some entry
 * from t on reads it, and no computation of the same node lies between.
 */
export function peakByDefinition({ edges, memory }: CostGraph, schedule: readonly number[]): number {
  const readers = schedule.map((u, i) => {
    const next = schedule.indexOf(u, i + 1);
    const end = next < 0 ? schedule.length : next;
    return schedule.flatMap((v, k) =>
      k > i && k < end && edges.some(([a, b]) => a === u && b === v) ? [k] : [],
    );
  });
  let peak = 0;
  for (let t = 0; t < schedule.length; t++) {
    let sum = memory[schedule[t]!]!;
    for (let i = 0; i < t; i++) if (readers[i]!.some((k) => k >= t)) sum += memory[schedule[i]!]!;
    peak = Math.max(peak, sum);
  }
  return peak;
}

/** All schedules in stages: before the first run of k, any set of earlier nodes runs again in their order. */
export function* schedules(n: number, maxCopies: number): Generator<number[]> {
  const copies = new Array<number>(n).fill(0);
  function* extend(k: number, schedule: number[]): Generator<number[]> {
    if (k === n) {
      yield schedule;
      return;
    }
    for (let set = 0; set < 2 ** k; set++) {
      const again = Array.from({ length: k }, (_, j) => j).filter((j) => set & (1 << j));
      if (again.some((j) => copies[j]! + 1 >= maxCopies)) continue;
      for (const j of again) copies[j]!++;
      yield* extend(k + 1, [...schedule, ...again, k]);
      for (const j of again) copies[j]!--;
    }
  }
  yield* extend(0, []);
}
