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

/**
 * Least duration of all schedules in stages with at most two copies a node, forwards over all states: which values
 * are held, and which nodes have run twice. Infinity when none fits. For up to about nine nodes.
 */
export function optimumByStates({ n, edges, memory, duration }: CostGraph, budget: number): number {
  const inputs = Array.from({ length: n }, (_, v) =>
    edges.reduce((set, [a, b]) => (b === v ? set | (1 << a) : set), 0),
  );
  const weight = (set: number): number => {
    let sum = 0;
    for (let v = 0; v < n; v++) if (set & (1 << v)) sum += memory[v]!;
    return sum;
  };
  /** By held values and nodes that ran twice. */
  let states = new Map<number, number>([[0, 0]]);
  const all = 1 << n;
  for (let k = 0; k < n; k++)
    for (let j = 0; j <= k; j++) {
      const next = new Map<number, number>();
      const reach = (held: number, twice: number, cost: number): void => {
        const state = held * all + twice;
        if (cost < (next.get(state) ?? Infinity)) next.set(state, cost);
      };
      for (const [state, cost] of states) {
        const held = Math.floor(state / all);
        const twice = state % all;
        if (j < k) reach(held, twice, cost);
        const bit = 1 << j;
        if (held & bit || (j < k && twice & bit) || (held & inputs[j]!) !== inputs[j]) continue;
        // Any of the values that the node does not read may be dropped before it runs.
        const loose = held & ~inputs[j]!;
        for (let kept = loose; ; kept = (kept - 1) & loose) {
          const now = kept | inputs[j]! | bit;
          if (weight(now) <= budget) reach(now, j < k ? twice | bit : twice, cost + duration[j]!);
          if (kept === 0) break;
        }
      }
      states = next;
    }
  return Math.min(Infinity, ...states.values());
}
