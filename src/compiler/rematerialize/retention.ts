// Which values are kept while a schedule runs. Everything here goes backwards in time: a value is kept before a
// moment exactly when something after it reads the value before it is computed again, so a sequence of computations
// alone says what is kept and for how long.

import { DomainError } from "../../tensor/errors.ts";
import { type CostGraph, checkGraph, type Problem } from "./problem.ts";

/**
 * Recomputed nodes of each stage, ascending; stage k ends with the first computation of node k. Inside of a stage
 * nodes run in their order, so this is the whole schedule. (The events of the paper: node j in stage k is number
 * k(k + 1) / 2 + j.)
 */
export type Plan = readonly (readonly number[])[];

/** The values that are kept at a moment, walking back in time, with a way to return. */
export class Retention {
  readonly isKept: Uint8Array;
  /** Memory of all values that are kept. */
  load = 0;
  readonly #parents: readonly Int32Array[];
  readonly #memory: ArrayLike<number>;
  /** For every step back: the nodes that it added, then how many, then the node (complemented if it was not kept). */
  readonly #trail: number[] = [];

  constructor(parents: readonly Int32Array[], memory: ArrayLike<number>) {
    this.#parents = parents;
    this.#memory = memory;
    this.isKept = new Uint8Array(parents.length);
  }

  /** Steps that can be undone. */
  get length(): number {
    return this.#trail.length;
  }

  /** Memory while v runs, if it ran just before this moment: all that is kept after it, its value and its inputs. */
  memoryOf(v: number): number {
    const { isKept } = this;
    const memory = this.#memory;
    const parents = this.#parents[v]!;
    let sum = this.load;
    if (!isKept[v]) sum += memory[v]!;
    for (let i = 0; i < parents.length; i++) {
      const u = parents[i]!;
      if (!isKept[u]) sum += memory[u]!;
    }
    return sum;
  }

  /** Steps back over a computation of v: its inputs are kept before it, its own value is not. */
  compute(v: number): void {
    const { isKept } = this;
    const memory = this.#memory;
    const parents = this.#parents[v]!;
    const trail = this.#trail;
    let added = 0;
    for (let i = 0; i < parents.length; i++) {
      const u = parents[i]!;
      if (isKept[u]) continue;
      isKept[u] = 1;
      this.load += memory[u]!;
      trail.push(u);
      added++;
    }
    trail.push(added);
    if (isKept[v]) {
      isKept[v] = 0;
      this.load -= memory[v]!;
      trail.push(v);
    } else trail.push(~v);
  }

  /** Takes back what was done since `length` had this value, the latest step first. */
  undoTo(length: number): void {
    const { isKept } = this;
    const memory = this.#memory;
    const trail = this.#trail;
    while (trail.length > length) {
      const v = trail.pop()!;
      if (v >= 0) {
        isKept[v] = 1;
        this.load += memory[v]!;
      }
      for (let added = trail.pop()!; added > 0; added--) {
        const u = trail.pop()!;
        isKept[u] = 0;
        this.load -= memory[u]!;
      }
    }
  }
}

/** A plan that was run: what it takes, without computations that nobody uses. */
export interface Outcome {
  readonly plan: Plan;
  /** Duration of recomputations. */
  readonly extra: number;
  /** Memory above the budget, summed over all computations. */
  readonly overflow: number;
  readonly peak: number;
  /** Largest memory of each stage. */
  readonly stagePeak: Float64Array;
}

/** Runs a plan; recomputations that nobody reads are left out of the result. O(edges that run). */
export function run(problem: Problem, plan: Plan): Outcome {
  const { n, parents, memory, duration, budget } = problem;
  const state = new Retention(parents, memory);
  const kept: number[][] = new Array(n);
  const stagePeak = new Float64Array(n);
  let extra = 0;
  let overflow = 0;
  for (let k = n - 1; k >= 0; k--) {
    const compute = (v: number): void => {
      const needed = state.memoryOf(v);
      stagePeak[k] = Math.max(stagePeak[k]!, needed);
      overflow += Math.max(0, needed - budget);
      state.compute(v);
    };
    compute(k);
    const list = plan[k]!;
    const used: number[] = [];
    for (let i = list.length - 1; i >= 0; i--) {
      const j = list[i]!;
      if (!state.isKept[j]) continue;
      compute(j);
      used.push(j);
      extra += duration[j]!;
    }
    kept[k] = used.reverse();
  }
  return { plan: kept, extra, overflow, peak: stagePeak.reduce((a, b) => Math.max(a, b), 0), stagePeak };
}

/** Which values are kept just before stage k. */
export function keptBefore({ n, parents, memory }: Problem, plan: Plan, k: number): Uint8Array {
  const state = new Retention(parents, memory);
  for (let t = n - 1; t >= Math.max(0, k); t--) {
    state.compute(t);
    const list = plan[t]!;
    for (let i = list.length - 1; i >= 0; i--) state.compute(list[i]!);
  }
  return state.isKept;
}

/** The plan as a list of nodes in their original numbers. */
export const toSchedule = ({ order }: Problem, plan: Plan): number[] =>
  plan.flatMap((list, k) => [...list, k]).map((v) => order[v]!);

/**
 * Memory while each entry of a schedule runs: all values that it or later entries read, and its own. A value is freed
 * after its last reader before it is computed again; a value that nobody reads, right after it was computed. Inputs
 * and outputs of a node coexist. Nodes may appear any number of times. O(edges that run). Throws ShapeError and
 * DomainError for a bad graph, for unknown nodes, and where a node runs before its inputs.
 */
export function memoryProfile(graph: CostGraph, schedule: readonly number[]): Float64Array {
  const parents = checkGraph(graph, "peakMemory");
  const isComputed = new Uint8Array(graph.n);
  schedule.forEach((v, t) => {
    if (!Number.isInteger(v) || v < 0 || v >= graph.n)
      throw new DomainError(`peakMemory: entry ${t} of the schedule, ${v}, is not a node`);
    for (const u of parents[v]!)
      if (!isComputed[u])
        throw new DomainError(`peakMemory: entry ${t} runs node ${v} before its input, node ${u}`);
    isComputed[v] = 1;
  });
  const state = new Retention(parents, graph.memory);
  const profile = new Float64Array(schedule.length);
  for (let t = schedule.length - 1; t >= 0; t--) {
    profile[t] = state.memoryOf(schedule[t]!);
    state.compute(schedule[t]!);
  }
  return profile;
}

/** Largest entry of `memoryProfile`; 0 for an empty schedule. */
export const peakMemory = (graph: CostGraph, schedule: readonly number[]): number =>
  memoryProfile(graph, schedule).reduce((a, b) => Math.max(a, b), 0);
