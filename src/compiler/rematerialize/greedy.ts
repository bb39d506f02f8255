// A first plan by eviction: where memory passes the budget, a value that lies idle there is dropped and computed again
// when it is next read.

import type { Problem } from "./problem.ts";
import { keptBefore, type Outcome, type Plan, Retention, run } from "./retention.ts";

/** Evictions of which the effect is measured before one is chosen; more while none helps. */
const TRIALS = 16;
/** Inputs are kept for a recomputation when more than these would have to be computed again. */
const MOST_INPUTS = 12;

/** A value that could be dropped, and the stage that reads it next. */
interface Eviction {
  readonly node: number;
  readonly stage: number;
  /** Inputs that could be computed again with it: none; those that are not kept at the peak either; all missing ones. */
  readonly variants: readonly (readonly number[])[];
  readonly score: number;
}

/**
 * Drops values until the budget is kept, no eviction helps, or `interrupt` says so. At the stage of greatest memory,
 * idle values are ranked by memory × stages to the next use / duration (with inputs that are gone by then), each score
 * multiplied by `weight()`; the first few are tried, with inputs computed again or kept, and the one that lowers the
 * excess most for its duration stays. Memory that cannot be lowered is passed over. O(evictions · (n + edges)).
 */
export function greedyPlan(
  problem: Problem,
  start: Outcome,
  weight: () => number,
  interrupt: () => boolean,
): Outcome {
  let outcome = start;
  const isStuck = new Uint8Array(problem.n);
  for (;;) {
    const top = highestStage(problem, outcome, isStuck);
    if (top < 0 || interrupt()) return outcome;
    let best: Outcome | null = null;
    let bestRate = 0;
    const candidates = evictions(problem, outcome, top, weight);
    for (const [i, { node, stage, variants }] of candidates.entries()) {
      if (best && i >= TRIALS) break;
      for (const inputs of variants) {
        const trial = run(problem, withRecomputed(outcome.plan, stage, [node, ...inputs]));
        // An eviction may even save duration, where it makes others needless.
        const rate = (outcome.overflow - trial.overflow) / Math.max(0.5, trial.extra - outcome.extra);
        if (rate > bestRate) [best, bestRate] = [trial, rate];
      }
    }
    if (best) outcome = best;
    else isStuck[top] = 1;
  }
}

function highestStage({ n, budget }: Problem, { stagePeak }: Outcome, isStuck: Uint8Array): number {
  let top = -1;
  for (let k = 0; k < n; k++)
    if (stagePeak[k]! > budget && !isStuck[k] && (top < 0 || stagePeak[k]! > stagePeak[top]!)) top = k;
  return top;
}

/**
 * Values that lie idle at the moment of greatest memory of a stage, best first. One walk back in time: where a value
 * is read, the inputs that are not kept there are what recomputing it asks for.
 */
function evictions(problem: Problem, { plan }: Outcome, top: number, weight: () => number): Eviction[] {
  const { n, parents, memory, duration, maxCopies } = problem;
  const state = new Retention(parents, memory);
  const copies = new Int32Array(n).fill(1);
  for (const list of plan) for (const j of list) copies[j]!++;
  const nextUse = new Int32Array(n);
  const variants: (readonly (readonly number[])[])[] = new Array(n).fill([]);
  const keptAtPeak = keptBefore(problem, plan, top + 1);
  let highest = -1;
  let found: Eviction[] = [];
  for (let k = n - 1; k >= top; k--) {
    const list = plan[k]!;
    for (let i = list.length; i >= 0; i--) {
      const v = list[i] ?? k;
      const needed = state.memoryOf(v);
      if (k === top && needed > highest) {
        highest = needed;
        found = [];
        for (let u = 0; u <= top; u++) {
          if (!state.isKept[u] || u === v || copies[u]! >= maxCopies) continue;
          if (memory[u] === 0 || parents[v]!.includes(u)) continue;
          const [, again = []] = variants[u]!;
          const cost = again.reduce((sum, w) => sum + duration[w]!, duration[u]!);
          const score = (memory[u]! * (nextUse[u]! - top + 1)) / (cost + 1e-9);
          found.push({ node: u, stage: nextUse[u]!, variants: variants[u]!, score: score * weight() });
        }
      }
      state.compute(v);
      for (const u of parents[v]!) {
        if (u > top) continue;
        nextUse[u] = k;
        const isThere = (w: number): boolean => state.isKept[w] === 1 || copies[w]! >= maxCopies;
        // What lies across the peak in any case may as well stay until then.
        const some = missingInputs(parents, u, (w) => isThere(w) || keptAtPeak[w] === 1);
        const all = missingInputs(parents, u, isThere);
        variants[u] = [[], ...(some.length > 0 ? [some] : []), ...(all.length > some.length ? [all] : [])];
      }
    }
  }
  return found.sort((a, b) => b.score - a.score);
}

/** Inputs of a node, and theirs, that are not there; none when they are too many. */
function missingInputs(
  parents: readonly Int32Array[],
  node: number,
  isThere: (v: number) => boolean,
): readonly number[] {
  const missing: number[] = [];
  for (let i = -1; i < missing.length; i++)
    for (const u of parents[i < 0 ? node : missing[i]!]!) {
      if (isThere(u) || missing.includes(u)) continue;
      if (missing.length === MOST_INPUTS) return [];
      missing.push(u);
    }
  return missing;
}

function withRecomputed(plan: Plan, stage: number, nodes: readonly number[]): Plan {
  const list = [...new Set([...plan[stage]!, ...nodes])].sort((a, b) => a - b);
  return plan.map((old, k) => (k === stage ? list : old));
}
