// Branch and bound over retention intervals, from the last event to the first. Walking back in time, a value that is
// kept must have been computed at some earlier event: at each event of its node the search either puts the start of
// the interval there or carries the value further back. Every schedule is one path, and its memory is known on the
// way, because what is kept depends only on what comes later.

import type { Problem } from "./problem.ts";
import { keptBefore, type Outcome, type Plan, Retention } from "./retention.ts";

/** The part of a plan that the search may change: nodes `nodes` in the stages `stages`. The rest stays. */
export interface Neighbourhood {
  readonly stages: Uint8Array;
  readonly nodes: Uint8Array;
}

export interface SearchOptions {
  /** Stages of which the memory may pass the budget; the least excess is then sought before the least duration. */
  readonly soft: boolean;
  /** Steps after which the search ends. */
  readonly limit: number;
  /** Remembers visited states: only worth its memory in an exhaustive search. */
  readonly memo: boolean;
  /** Whether to try first to compute a value, where the plan given says so or not. */
  readonly prefer: (isPlanned: boolean) => boolean;
  /** Called now and then; may throw, and ends the search by `true`. */
  readonly interrupt?: () => boolean;
}

export interface Found {
  /** Null when there is nothing better. */
  readonly plan: Plan | null;
  /** The whole neighbourhood was looked at. */
  readonly isComplete: boolean;
  readonly steps: number;
}

/** Excess of memory first, then duration. */
export interface Score {
  readonly overflow: number;
  readonly extra: number;
}

export const isBetter = (a: Score, b: Score): boolean =>
  a.overflow < b.overflow || (a.overflow === b.overflow && a.extra < b.extra);

/** Looks in a neighbourhood of a plan for one with a better score than `score`. */
export function search(
  problem: Problem,
  start: Outcome,
  score: Score,
  where: Neighbourhood,
  options: SearchOptions,
): Found {
  return new Search(problem, start, score, where, options).run();
}

/** All of a plan. */
export const everything = ({ n }: Problem): Neighbourhood => ({
  stages: new Uint8Array(n).fill(1),
  nodes: new Uint8Array(n).fill(1),
});

/** Duration of recomputations that no schedule can avoid; Infinity where compulsory parts alone pass the budget. */
export function leastExtra(problem: Problem, plain: Outcome): number {
  const score = { overflow: Infinity, extra: Infinity };
  const options = { soft: false, limit: 0, memo: false, prefer: () => false };
  return new Search(problem, plain, score, everything(problem), options).bound(problem.n - 1);
}

const INTERRUPT_EVERY = 4096;
/** States that are remembered: some hundred megabytes. */
const MEMO_SIZE = 1e6;

class Search {
  readonly #problem: Problem;
  readonly #options: SearchOptions;
  readonly #state: Retention;
  readonly #plan: Plan;
  /** Stages above this one are as planned, and so are those below `#first`. */
  readonly #last: number;
  readonly #first: number;
  /** By free stage: nodes that may or must run again, descending; the complement of a node stands for "must". */
  readonly #events: Int32Array[] = [];
  readonly #isPlanned: Uint8Array[] = [];
  /** How many more recomputations each free node may have. */
  readonly #allowed: Int32Array;
  readonly #used: Int32Array;
  /** Free nodes, those first of which recomputing frees most memory for its duration. */
  readonly #byRate: Int32Array;
  /** Recomputations on the current path: stage, node. */
  readonly #picked: number[] = [];
  readonly #memo = new Map<string, number>();
  readonly #isFree: Uint8Array;
  /** What the plan given keeps before stage `#first`, and the last stage before that touches each node. */
  readonly #keptAsPlanned: Uint8Array;
  readonly #touched: Int32Array;
  readonly #stagePeak: Float64Array;
  readonly #change: Float64Array;
  /** Recomputations planned in stages below `#first`. */
  readonly #before: number;
  #extra = 0;
  #overflow = 0;
  #best: Score;
  #found: Plan | null = null;
  #steps = 0;
  #isStopped = false;
  readonly #need: Uint8Array;
  readonly #mark: Int32Array;
  #stamp = 0;

  constructor(problem: Problem, start: Outcome, score: Score, where: Neighbourhood, options: SearchOptions) {
    const { n, parents, memory, duration, maxCopies } = problem;
    const { plan } = start;
    this.#problem = problem;
    this.#plan = plan;
    this.#stagePeak = start.stagePeak;
    this.#isFree = where.stages;
    this.#change = new Float64Array(n + 1);
    this.#touched = new Int32Array(n);
    this.#options = options;
    this.#best = score;
    this.#state = new Retention(parents, memory);
    this.#first = where.stages.indexOf(1);
    this.#last = where.stages.lastIndexOf(1);
    this.#used = new Int32Array(n);
    this.#need = new Uint8Array(n);
    this.#mark = new Int32Array(n);
    this.#allowed = new Int32Array(n).fill(maxCopies - 1);
    const free: number[] = [];
    for (let v = n - 1; v >= 0; v--) if (where.nodes[v]) free.push(v);
    // Values without memory free none, and have no rate.
    this.#byRate = Int32Array.from(free.filter((v) => memory[v]! > 0)).sort(
      (u, v) => duration[u]! * memory[v]! - duration[v]! * memory[u]! || u - v,
    );
    plan.forEach((list, k) => {
      const fixed = where.stages[k] ? list.filter((j) => !where.nodes[j]) : list;
      for (const j of fixed) this.#allowed[j]!--;
      if (!where.stages[k]) return;
      const all = [...free.filter((j) => j < k), ...fixed].sort((a, b) => b - a);
      const isFixed = new Set(fixed);
      const planned = new Set(list);
      this.#events[k] = Int32Array.from(all, (j) => (isFixed.has(j) ? ~j : j));
      this.#isPlanned[k] = Uint8Array.from(all, (j) => Number(planned.has(j)));
    });
    this.#before = this.#lookBefore();
    this.#keptAsPlanned = keptBefore(problem, plan, this.#first);
  }

  /** Recomputations planned in stages below `#first`, and the stages that touch each node last. */
  #lookBefore(): number {
    const { parents, duration } = this.#problem;
    let before = 0;
    const touch = (v: number, k: number): void => {
      this.#touched[v] = k;
      for (const u of parents[v]!) this.#touched[u] = k;
    };
    for (let k = 0; k < this.#first; k++) {
      for (const j of this.#plan[k]!) {
        touch(j, k);
        before += duration[j]!;
      }
      touch(k, k);
    }
    return before;
  }

  run(): Found {
    for (let k = this.#problem.n - 1; k > this.#last; k--) if (!this.#replay(k)) return this.#answer();
    if (this.#last >= 0) this.#enter(this.#last);
    return this.#answer();
  }

  #answer(): Found {
    return { plan: this.#found, isComplete: !this.#isStopped, steps: this.#steps };
  }

  /** Steps back over one computation; false when it does not fit. */
  #compute(v: number): boolean {
    const excess = this.#state.memoryOf(v) - this.#problem.budget;
    if (++this.#steps % INTERRUPT_EVERY === 0 && this.#options.interrupt?.()) this.#isStopped = true;
    if (excess > 0) {
      if (!this.#options.soft) return false;
      this.#overflow += excess;
    }
    this.#state.compute(v);
    return true;
  }

  #recompute(j: number, k: number): boolean {
    if (!this.#compute(j)) return false;
    this.#extra += this.#problem.duration[j]!;
    this.#picked.push(k, j);
    return true;
  }

  /** A stage as planned, without what nobody reads. */
  #replay(k: number): boolean {
    if (!this.#compute(k)) return false;
    const list = this.#plan[k]!;
    for (let i = list.length - 1; i >= 0; i--) {
      const j = list[i]!;
      if (this.#state.isKept[j] && !this.#recompute(j, k)) return false;
    }
    return true;
  }

  /** Whether no schedule that takes `more` on top of this path can be better than the best known. */
  #isHopeless(more: number): boolean {
    const { overflow, extra } = this.#best;
    if (this.#options.soft && this.#overflow < overflow) return false;
    return this.#overflow > overflow || this.#extra + this.#before + more >= extra;
  }

  /** At the end of stage k (its last event comes first, as time runs backwards). */
  #enter(k: number): void {
    const { length } = this.#state;
    const extra = this.#extra;
    const overflow = this.#overflow;
    const picked = this.#picked.length;
    // Stages in between that stay as they are decide nothing; the first one is free.
    let fits = true;
    while (fits && k >= this.#first && !this.#isFree[k]) fits = this.#replay(k--);
    if (k < this.#first) this.#finish();
    else if (fits && this.#isWorthwhile(k) && this.#compute(k)) this.#descend(k, 0);
    this.#return(length, extra, overflow, picked);
  }

  #isWorthwhile(k: number): boolean {
    if (this.#isStopped || this.#isHopeless(0)) return false;
    if (this.#options.memo && this.#isKnown(k)) return false;
    return this.#options.soft || !this.#isHopeless(this.bound(k));
  }

  /** Back to an earlier point of the path. */
  #return(length: number, extra: number, overflow: number, picked: number): void {
    this.#state.undoTo(length);
    this.#extra = extra;
    this.#overflow = overflow;
    this.#picked.length = picked;
  }

  /** Decides the events of stage k from the c-th on. */
  #descend(k: number, c: number): void {
    if (this.#steps >= this.#options.limit || this.#isStopped) {
      this.#isStopped = true;
      return;
    }
    const events = this.#events[k]!;
    const { isKept } = this.#state;
    const allowed = this.#allowed;
    for (; c < events.length; c++) {
      const event = events[c]!;
      const isFixed = event < 0;
      const j = isFixed ? ~event : event;
      if (!isKept[j]) continue;
      if (isFixed) {
        this.#start(k, c, j);
        return;
      }
      if (this.#used[j]! >= allowed[j]!) continue;
      const next = c + 1;
      const computeFirst = this.#options.prefer(this.#isPlanned[k]![c] === 1);
      if (computeFirst) this.#start(k, c, j);
      // What #descend does, it takes back.
      if (!this.#isStopped) this.#descend(k, next);
      if (!computeFirst && !this.#isStopped) this.#start(k, c, j);
      return;
    }
    this.#enter(k - 1);
  }

  /** An interval of j starts in stage k. */
  #start(k: number, c: number, j: number): void {
    const { length } = this.#state;
    const extra = this.#extra;
    const overflow = this.#overflow;
    const picked = this.#picked.length;
    if (this.#recompute(j, k) && !this.#isHopeless(0)) {
      this.#used[j]!++;
      this.#descend(k, c + 1);
      this.#used[j]!--;
    }
    this.#return(length, extra, overflow, picked);
  }

  /** Stages before the neighbourhood as planned, then the whole against the best. */
  #finish(): void {
    if (!this.#options.soft && !this.#mayFit()) return;
    const { length } = this.#state;
    const extra = this.#extra;
    const overflow = this.#overflow;
    const picked = this.#picked.length;
    let fits = true;
    for (let k = this.#first - 1; k >= 0 && fits; k--) fits = this.#replay(k);
    const score = { overflow: this.#overflow, extra: this.#extra };
    if (fits && isBetter(score, this.#best)) {
      this.#best = score;
      const plan: number[][] = this.#plan.map(() => []);
      for (let i = this.#picked.length - 2; i >= 0; i -= 2)
        plan[this.#picked[i]!]!.push(this.#picked[i + 1]!);
      this.#found = plan;
    }
    this.#return(length, extra, overflow, picked);
  }

  /**
   * Whether the stages before the neighbourhood may have room for what is kept now. Against the plan given, a value
   * that is kept in addition lies across all stages after the last that touches it, and one that is not kept any more
   * leaves them; the stage that touches it is given the benefit of the doubt. (Recomputations there that become needless
   * are not seen: a few plans are lost. Where everything is free there is nothing before.) O(n).
   */
  #mayFit(): boolean {
    const first = this.#first;
    const { isKept } = this.#state;
    const { memory, budget } = this.#problem;
    const change = this.#change;
    let isLarger = false;
    change.fill(0, 0, first + 1);
    for (let v = 0; v < first; v++) {
      const more = isKept[v]! - this.#keptAsPlanned[v]!;
      if (more === 0) continue;
      if (more > 0) {
        isLarger = true;
        change[this.#touched[v]! + 1]! += memory[v]!;
      } else change[this.#touched[v]!]! -= memory[v]!;
    }
    if (!isLarger) return true;
    let sum = 0;
    for (let k = 0; k < first; k++) {
      sum += change[k]!;
      if (this.#stagePeak[k]! + sum > budget) return false;
    }
    return true;
  }

  /** The same values kept, as many copies left, and no cheaper way here than one seen before. */
  #isKnown(k: number): boolean {
    const { isKept } = this.#state;
    let text = String.fromCharCode(k);
    for (let j = 0; j <= k; j++) {
      // A node can be recomputed once a stage.
      const left = Math.min(this.#allowed[j]! - this.#used[j]!, k - j);
      text += String.fromCharCode(2 * left + isKept[j]!);
    }
    const known = this.#memo.get(text);
    if (known !== undefined && known <= this.#extra) return true;
    if (known !== undefined || this.#memo.size < MEMO_SIZE) this.#memo.set(text, this.#extra);
    return false;
  }

  /**
   * Time-table of compulsory parts: a value that is kept now, or that a first computation from here back reads, lies
   * across every earlier first computation unless it is recomputed after that. Where these parts exceed the budget,
   * some values must be recomputed, and the cheapest (in fractions) are a lower bound of the duration to come;
   * Infinity when not enough can be. O(nodes + edges) of the stages back to the first free one.
   */
  bound(k: number): number {
    const { parents, memory, duration, budget } = this.#problem;
    const need = this.#need;
    const mark = this.#mark;
    need.set(this.#state.isKept);
    let load = this.#state.load;
    let bound = 0;
    const planned: number[] = [];
    for (let t = k; t >= this.#first; t--) {
      const stamp = ++this.#stamp;
      if (need[t]) load -= memory[t]!;
      need[t] = 0;
      const list = parents[t]!;
      for (let i = 0; i < list.length; i++) {
        const u = list[i]!;
        mark[u] = stamp;
        if (need[u]) continue;
        need[u] = 1;
        load += memory[u]!;
      }
      let excess = load + memory[t]! - budget;
      if (excess > 0) {
        for (const j of planned) if (need[j] && mark[j] !== stamp) excess -= memory[j]!;
        let least = 0;
        for (let i = 0; i < this.#byRate.length && excess > 0; i++) {
          const j = this.#byRate[i]!;
          if (!need[j] || mark[j] === stamp || j > t || this.#used[j]! >= this.#allowed[j]!) continue;
          const share = Math.min(1, excess / memory[j]!);
          least += share * duration[j]!;
          excess -= memory[j]!;
        }
        if (excess > 0) return Infinity;
        // Durations are whole numbers.
        bound = Math.max(bound, Math.ceil(least - 1e-6));
        if (this.#isHopeless(bound)) return bound;
      }
      if (this.#isFree[t]) {
        for (const event of this.#events[t]!) if (event < 0) planned.push(~event);
      } else for (const j of this.#plan[t]!) planned.push(j);
    }
    return bound;
  }
}
