// Which formats suit a tensor, and how each one is searched: within a tolerance, within a number of bytes, or at
// given ranks.

import { dtypeInfo } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import { arrange, quantizedLayout } from "../base/layout.ts";
import { cp } from "../cp/cp.ts";
import { ring } from "../ring/ring.ts";
import { tt, ttSvd } from "../train/tt.ts";
import { tree } from "../tree/tree.ts";
import { tucker } from "../tucker/tucker.ts";
import type { Decomposition, Format } from "../types.ts";
import { leastSize } from "./predict.ts";
import { type Find, type NoFind, storedBytes, type Task, TIE } from "./search.ts";
import { searchCp, searchSvd } from "./searchCp.ts";
import { searchRing } from "./searchRing.ts";
import { searchQuantized, searchTrain } from "./searchTrain.ts";
import { searchTree } from "./searchTree.ts";
import { type Projected, project, searchTucker } from "./searchTucker.ts";

/** Formats in the order in which they are tried: those that bound the later searches first. */
export function formatsFor(order: number, asked: readonly Format[] | undefined, quantize: boolean): Format[] {
  const all: readonly Format[] = ["tucker", "tt", "tree", "qtt", "cp", "ring"];
  if (order === 1 && asked?.some((format) => format !== "qtt" && format !== "dense"))
    throw new DomainError(
      `decompose: a vector has no format ${asked.join(", ")}; qtt and dense are possible`,
    );
  if (asked) return all.filter((format) => asked.includes(format));
  return all.filter((format) => {
    if (format === "qtt") return quantize;
    if (format === "tucker") return order > 2;
    if (format === "tree") return order > 3;
    if (format === "ring") return order >= 3 && order <= 6;
    return order > 1;
  });
}

/** The tensor seen through its dominant subspaces, made once per tolerance. */
export class ProjectionCache {
  readonly #made = new Map<number, Projected>();

  at({ x, norm, tol }: Task): Projected {
    let projected = this.#made.get(tol);
    if (!projected) {
      projected = project(x, norm, tol);
      this.#made.set(tol, projected);
    }
    return projected;
  }
}

/** The finds of one format within the task's tolerance and smaller than `maxBytes`, or why there is none. */
export function findsOf(
  format: Format,
  task: Task,
  projections: ProjectionCache,
  maxBytes: number,
): readonly Find[] | NoFind {
  const one = (find: Find | NoFind): readonly Find[] | NoFind => ("reason" in find ? find : [find]);
  if (task.ranks) return [atRanks(format, task, task.ranks)];
  if (task.nonneg) return one(nonnegative(format, task, maxBytes));
  const least = leastSize(format, task.spectra, task.tol);
  if (least * dtypeInfo(task.x.dtype).bytes > (1 + TIE) * maxBytes)
    return { reason: `needs at least ${least} numbers, more than another format` };
  switch (format) {
    case "tucker":
      return [searchTucker(task, projections.at(task))];
    case "tt":
      return [searchTrain(task)];
    case "tree":
      return searchTree(task);
    case "qtt":
      return [searchQuantized(task)];
    case "cp":
      return task.x.ndim === 2 ? [searchSvd(task)] : one(searchCp(task, projections.at(task), maxBytes));
    case "ring":
      return one(searchRing(task, maxBytes));
    case "dense":
      return [];
  }
}

/** The decomposition of one format at given ranks. */
function atRanks(format: Format, { x, key, nonneg }: Task, ranks: readonly number[]): Find {
  const single = ranks[0]!;
  const make = (): Decomposition => {
    switch (format) {
      case "cp":
        return cp(x, single, { key, nonneg });
      case "tucker":
        return tucker(x, { ranks: spread(ranks, x.shape), method: "hooi", ...(nonneg && { nonneg }) });
      case "tt":
        return ranks.length === 1 ? tt(x, { maxRank: single }) : tt(x, { ranks });
      case "ring":
        return ring(x, { ranks: ranks.length === 1 ? x.shape.map(() => single) : ranks, method: "als", key });
      case "tree":
        return tree(x, { maxRank: Math.max(...ranks), tree: "balanced", rtol: 0 });
      case "qtt": {
        const layout = quantizedLayout(x.shape);
        return {
          kind: "arranged",
          layout,
          inner: ttSvd(arrange(x, layout), { maxRank: Math.max(...ranks) }),
        };
      }
      case "dense":
        return { kind: "dense", data: x };
    }
  };
  return { format, detail: "ranks as asked", decomposition: make() };
}

/** One rank for every mode, cut to what the mode allows. */
const spread = (ranks: readonly number[], shape: readonly number[]): readonly number[] =>
  ranks.length === 1 ? shape.map((n) => Math.min(n, ranks[0]!)) : ranks;

/** Non-negative CP: ranks 1, 2, 4 … until the tolerance is met. */
function nonnegative(format: Format, { x, tol, key, clock }: Task, maxBytes: number): Find | NoFind {
  if (format !== "cp")
    return { reason: "non-negative factors are found as CP (or as Tucker at given ranks)" };
  const perRank = (x.shape.reduce((sum, n) => sum + n, 0) + 1) * dtypeInfo(x.dtype).bytes;
  let last: Find | null = null;
  for (
    let rank = 1;
    rank * perRank <= maxBytes && !clock.isOver;
    rank = Math.max(rank + 1, Math.ceil(1.5 * rank))
  ) {
    clock.tick(0.5, `non-negative cp rank ${rank}`);
    const model = cp(x, rank, { key, nonneg: true });
    last = { format: "cp", detail: "non-negative", decomposition: model };
    if (model.error <= tol) return last;
  }
  return last ?? { reason: "out of time, or larger than the tensor at rank 1" };
}

/** Steps of the bisection over tolerances. */
const BUDGET_STEPS = 10;

/** The most accurate find of one format that fits in `maxBytes`: bisection over the tolerance. */
export function withinBudget(
  format: Format,
  task: Task,
  projections: ProjectionCache,
  maxBytes: number,
): readonly Find[] | NoFind {
  let low = Math.log(1e-7);
  let high = Math.log(0.95);
  let best: Find | null = null;
  for (let step = 0; step < BUDGET_STEPS && !task.clock.isOver; step++) {
    const middle = step === 0 ? high : (low + high) / 2;
    const finds = findsOf(format, { ...task, tol: Math.exp(middle) }, projections, maxBytes);
    const fitting =
      "reason" in finds ? [] : finds.filter(({ decomposition }) => storedBytes(decomposition) <= maxBytes);
    if (fitting.length === 0) {
      if (step === 0) return { reason: "does not fit the budget at any tolerance" };
      low = middle;
    } else {
      best = fitting[0]!;
      high = middle;
    }
  }
  return best ? [best] : { reason: "out of time" };
}
