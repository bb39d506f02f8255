// Which parts of a plan the large-neighbourhood search frees.

import type { RandomStream } from "./prng.ts";
import type { Problem } from "./problem.ts";
import { keptBefore, type Outcome } from "./retention.ts";
import type { Neighbourhood } from "./search.ts";

const SMALLEST = 8;
const LARGEST = 16;
/** Nodes that are free at the same time. */
const MOST_NODES = 28;
/** Share of the neighbourhoods that are chosen where memory is at its peak. */
const AT_PEAK = 0.3;

export class Neighbourhoods {
  readonly #problem: Problem;
  readonly #random: RandomStream;

  constructor(problem: Problem, random: RandomStream) {
    this.#problem = problem;
    this.#random = random;
  }

  /** A part of a plan to free. */
  next(outcome: Outcome): Neighbourhood {
    if (this.#random.next() < AT_PEAK) return this.#acrossPeak(outcome);
    return this.#window(outcome, this.#random.integer(this.#problem.n));
  }

  #length(): number {
    return SMALLEST + this.#random.integer(LARGEST - SMALLEST + 1);
  }

  /** Consecutive stages around one, with the nodes that first run there, what they read, and what passes through. */
  #window({ plan }: Outcome, centre: number): Neighbourhood {
    const { n } = this.#problem;
    const length = Math.min(n, this.#length());
    const from = Math.max(0, Math.min(n - length, centre - (length >> 1)));
    const stages = new Uint8Array(n).fill(1, from, from + length);
    const free = new Set<number>();
    for (let k = from + length - 1; k >= from; k--) {
      for (const j of plan[k]!) this.#withParents(j, free);
      this.#withParents(k, free);
    }
    this.#fill(free, this.#keptBefore(plan, from + length));
    return { stages, nodes: this.#nodes(free) };
  }

  /**
   * Values that lie idle across a stage of greatest memory, at the stages where they are next read: there one of them
   * can be recomputed in another's stead.
   */
  #acrossPeak({ plan, stagePeak, peak }: Outcome): Neighbourhood {
    const { n, children } = this.#problem;
    const high: number[] = [];
    for (let k = 0; k < n; k++) if (stagePeak[k]! >= 0.97 * peak) high.push(k);
    const top = high[this.#random.integer(high.length)]!;
    const stages = new Uint8Array(n);
    const free = new Set<number>();
    const recomputed = new Set<number>();
    for (let k = top + 1; k < n; k++) for (const j of plan[k]!) if (j <= top) recomputed.add(j);
    const crossing = this.#shuffled([...new Set([...this.#keptBefore(plan, top + 1), ...recomputed])]);
    const few = 3 + this.#random.integer(4);
    for (const u of crossing.slice(0, few)) {
      this.#withAncestors(u, free);
      const reader = children[u]!.find((w) => w > top) ?? top;
      stages.fill(1, Math.max(0, reader - this.#random.integer(3)), reader + 1);
      for (let k = top + 1; k < n; k++) if (plan[k]!.includes(u)) stages[k] = 1;
    }
    stages[top] = 1;
    return { stages, nodes: this.#nodes(free) };
  }

  /** What is kept when stage k begins. */
  #keptBefore(plan: Outcome["plan"], k: number): number[] {
    const kept: number[] = [];
    keptBefore(this.#problem, plan, k).forEach((isKept, v) => {
      if (isKept) kept.push(v);
    });
    return kept;
  }

  #withParents(v: number, free: Set<number>): void {
    if (free.size >= MOST_NODES) return;
    free.add(v);
    for (const u of this.#problem.parents[v]!) if (free.size < MOST_NODES) free.add(u);
  }

  /** A node with its inputs and theirs, three deep. */
  #withAncestors(v: number, free: Set<number>, depth = 3): void {
    if (depth === 0) return;
    this.#withParents(v, free);
    for (const u of this.#problem.parents[v]!) this.#withAncestors(u, free, depth - 1);
  }

  /** Adds random ones of `candidates`, with their inputs, until enough are free. */
  #fill(free: Set<number>, candidates: readonly number[]): void {
    for (const v of this.#shuffled([...candidates])) this.#withParents(v, free);
  }

  #shuffled(list: number[]): number[] {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.#random.integer(i + 1);
      [list[i], list[j]] = [list[j]!, list[i]!];
    }
    return list;
  }

  #nodes(free: ReadonlySet<number>): Uint8Array {
    const nodes = new Uint8Array(this.#problem.n);
    for (const v of free) nodes[v] = 1;
    return nodes;
  }
}
