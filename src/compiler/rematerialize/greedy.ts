// A first plan by eviction: nodes run in their order; where memory runs out, a value is dropped and computed again
// when it is next read.

import type { Problem } from "./problem.ts";
import type { Plan } from "./retention.ts";

/**
 * A plan that tries to keep within the budget. Of the values that may be dropped, that one goes first which is largest
 * and longest unused for what it costs to compute again (memory × stages to the next use / duration, its dropped
 * inputs included), each score multiplied by `weight()`. The plan may pass the budget where copies run out.
 * O(stages × values kept × inputs).
 */
export function greedyPlan(problem: Problem, weight: () => number): Plan {
  return new Eviction(problem, weight).run();
}

class Eviction {
  readonly #problem: Problem;
  readonly #weight: () => number;
  readonly #isHeld: Uint8Array;
  readonly #copies: Int32Array;
  /** Position in `children` of the first reader that has not run yet. */
  readonly #nextReader: Int32Array;
  #load = 0;

  constructor(problem: Problem, weight: () => number) {
    this.#problem = problem;
    this.#weight = weight;
    this.#isHeld = new Uint8Array(problem.n);
    this.#copies = new Int32Array(problem.n);
    this.#nextReader = new Int32Array(problem.n);
  }

  run(): Plan {
    const { n, parents } = this.#problem;
    const plan: number[][] = [];
    for (let k = 0; k < n; k++) {
      const missing = [...this.#missing(parents[k]!, new Set())].sort((a, b) => a - b);
      const stage = [...missing, k];
      // How many of the computations of this stage still read a value.
      const reads = new Map<number, number>();
      for (const v of stage) for (const u of parents[v]!) reads.set(u, (reads.get(u) ?? 0) + 1);
      for (const v of stage) {
        this.#hold(v);
        this.#makeRoom(k, (u) => u === v || (reads.get(u) ?? 0) > 0);
        for (const u of parents[v]!) {
          reads.set(u, reads.get(u)! - 1);
          if (v === k) this.#nextReader[u]!++;
        }
        this.#releaseUnread(k, stage, reads);
      }
      plan.push(missing);
    }
    return plan;
  }

  #hold(v: number): void {
    this.#isHeld[v] = 1;
    this.#copies[v]!++;
    this.#load += this.#problem.memory[v]!;
  }

  #drop(v: number): void {
    this.#isHeld[v] = 0;
    this.#load -= this.#problem.memory[v]!;
  }

  /** The stage that reads a value next; n when none does. */
  #nextUse(v: number): number {
    return this.#problem.children[v]![this.#nextReader[v]!] ?? this.#problem.n;
  }

  /** Values without later use go at once; a later recomputation would compute them again. */
  #releaseUnread(k: number, stage: readonly number[], reads: ReadonlyMap<number, number>): void {
    const { n, parents } = this.#problem;
    for (const v of stage)
      for (const u of [v, ...parents[v]!])
        if (this.#isHeld[u] && u <= k && this.#nextUse(u) === n && (reads.get(u) ?? 0) === 0) this.#drop(u);
  }

  /** Dropped values that must be computed before all of `wanted` are there. */
  #missing(wanted: ArrayLike<number>, into: Set<number>): Set<number> {
    const { parents } = this.#problem;
    for (let i = 0; i < wanted.length; i++) {
      const u = wanted[i]!;
      if (this.#isHeld[u] || into.has(u)) continue;
      // No copy left: the value is then kept from where it was computed last, over the budget or not.
      if (this.#copies[u]! >= this.#problem.maxCopies) continue;
      into.add(u);
      this.#missing(parents[u]!, into);
    }
    return into;
  }

  #makeRoom(k: number, isInUse: (v: number) => boolean): void {
    const { budget, memory, duration, parents, maxCopies } = this.#problem;
    while (this.#load > budget) {
      let best = -1;
      let bestScore = -1;
      for (let u = 0; u <= k; u++) {
        if (!this.#isHeld[u] || isInUse(u) || this.#copies[u]! >= maxCopies || memory[u] === 0) continue;
        const again = this.#missing(parents[u]!, new Set());
        let cost = duration[u]!;
        for (const v of again) cost += duration[v]!;
        const score = ((memory[u]! * (this.#nextUse(u) - k)) / (cost + 1e-9)) * this.#weight();
        if (score > bestScore) [best, bestScore] = [u, score];
      }
      if (best < 0) return;
      this.#drop(best);
    }
  }
}
