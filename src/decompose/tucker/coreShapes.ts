// Tucker ranks for a budget of stored numbers, chosen from the spectra alone: Ghadiri, Fahrbach, Fu, Mirrokni,
// "Approximately optimal core shapes for tensor decompositions" (2023).

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkInput, checkTolerance } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import { checkDescending, unfoldingSpectrum } from "../base/spectrum.ts";
import { solveMultipleChoice } from "./multipleChoice.ts";

/** Squared singular values of every unfolding, largest first: what the choice of ranks needs to know of a tensor. */
export interface ModeSpectra {
  readonly shape: readonly number[];
  readonly squares: readonly Float64Array[];
}

export type CoreShapeSolver = "exact" | "greedy" | "ptas";

export interface CoreShapeOptions {
  /** `exact` where few enough shapes are possible, else `ptas`; `greedy` adds one rank at a time. */
  readonly solver?: CoreShapeSolver;
  /** Accuracy of `ptas`; 0.25 unless told. */
  readonly epsilon?: number;
}

/** Numbers to store, or relative error that the surrogate must meet with the fewest numbers. */
export type CoreShapeGoal = { readonly budget: number } | { readonly rtol: number };

export interface CoreShape {
  readonly ranks: number[];
  /** Numbers that core and factors take. */
  readonly size: number;
  /**
   * Σ of the squares that the modes cut off, over ‖X‖²: between the true relative squared error and d times it. Not a
   * measured error.
   */
  readonly surrogateError: number;
  /** `surrogateError` / d: no Tucker decomposition of these ranks has a smaller relative squared error. */
  readonly lowerBound: number;
  /**
   * No other shape within the budget has a smaller surrogate error (or, for `rtol`, none that meets it is smaller);
   * shapes with a rank above the product of the others do not count.
   */
  readonly optimal: boolean;
}

/** Above this many shapes, enumeration gives way to the approximation scheme. */
const ENUMERATION_LIMIT = 2e6;

/**
 * Squared singular values of all unfoldings, zeros where a mode is longer than all others together; O(Σ_k n_k ·
 * size).
 */
export function modeSpectra(x: Tensor): ModeSpectra {
  return spectraOf(checkInput(x, "modeSpectra"));
}

function spectraOf(x: Tensor): ModeSpectra {
  const squares = x.shape.map((n, mode) => {
    const padded = new Float64Array(n);
    unfoldingSpectrum(x, [mode]).forEach((value, i) => {
      padded[i] = value * value;
    });
    return padded;
  });
  return { shape: x.shape, squares };
}

/** Numbers of a Tucker decomposition: Π r_k + Σ n_k r_k. */
export const tuckerSize = (shape: readonly number[], ranks: readonly number[]): number =>
  ranks.reduce((product, r) => product * r, 1) + ranks.reduce((sum, r, k) => sum + r * shape[k]!, 0);

/**
 * The core shape with the smallest surrogate error within a budget, or the smallest one whose surrogate error meets
 * `rtol`. Takes a tensor or its spectra; never decomposes. `exact`: O(Π_{k≥2} n_k), pruned; `ptas`: a knapsack with
 * one choice per mode for each core budget on a geometric grid.
 *
 * @throws DomainError for a budget below the smallest decomposition (ranks 1), a tolerance outside [0, 1), an unknown
 * solver, or squares that are negative, not finite or not in descending order; ShapeError when there is not one
 * square for every index of every mode.
 */
export function coreShape(
  x: Tensor | ModeSpectra,
  goal: CoreShapeGoal,
  options: CoreShapeOptions = {},
): CoreShape {
  const problem = prepare(x instanceof Tensor ? spectraAtUnitNorm(x) : checkSpectra(x));
  if ("rtol" in goal) {
    checkTolerance(goal.rtol, "coreShape");
    return smallestFor(problem, goal.rtol, options);
  }
  return bestWithin(problem, goal.budget, options);
}

/** Only ratios of the squares matter, so their range must not. */
function spectraAtUnitNorm(x: Tensor): ModeSpectra {
  const input = checkInput(x, "coreShape");
  const unit = rangeScale(input);
  return spectraOf(unit === 1 ? input : input.div(unit));
}

function checkSpectra({ shape, squares }: ModeSpectra): ModeSpectra {
  if (shape.length === 0 || squares.length !== shape.length)
    throw new ShapeError(`coreShape: ${shape.length} modes need as many spectra, got ${squares.length}`);
  squares.forEach((values, k) => {
    if (values.length !== shape[k])
      throw new ShapeError(`coreShape: mode ${k} of length ${shape[k]} has ${values.length} squares`);
    checkDescending(values, `coreShape: spectrum ${k}`);
  });
  return { shape, squares };
}

interface Problem {
  readonly shape: readonly number[];
  /** prefix[k][r] = Σ of the r largest squares of mode k. */
  readonly prefix: readonly Float64Array[];
  readonly total: number;
}

function prepare({ shape, squares }: ModeSpectra): Problem {
  const prefix = squares.map((values) => {
    const sums = new Float64Array(values.length + 1);
    values.forEach((value, i) => {
      sums[i + 1] = sums[i]! + value;
    });
    return sums;
  });
  return { shape, prefix, total: Math.max(...prefix.map((sums) => sums.at(-1)!)) };
}

const kept = ({ prefix }: Problem, ranks: readonly number[]): number =>
  ranks.reduce((sum, r, k) => sum + prefix[k]![r]!, 0);

function surrogate(problem: Problem, ranks: readonly number[]): number {
  const lost = problem.prefix.reduce((sum, sums, k) => sum + (sums.at(-1)! - sums[ranks[k]!]!), 0);
  return problem.total > 0 ? Math.max(0, lost) / problem.total : 0;
}

function describe(problem: Problem, ranks: number[], optimal: boolean): CoreShape {
  const surrogateError = surrogate(problem, ranks);
  return {
    ranks,
    size: tuckerSize(problem.shape, ranks),
    surrogateError,
    lowerBound: surrogateError / ranks.length,
    optimal,
  };
}

function bestWithin(
  problem: Problem,
  budget: number,
  { solver, epsilon = 0.25 }: CoreShapeOptions,
): CoreShape {
  const smallest = tuckerSize(
    problem.shape,
    problem.shape.map(() => 1),
  );
  if (!(budget >= smallest))
    throw new DomainError(
      `coreShape: a budget of at least ${smallest} numbers (ranks 1) was expected, got ${budget}`,
    );
  const chosen = solverFor(problem, solver);
  const ranks =
    chosen === "exact"
      ? enumerate(problem, budget)
      : chosen === "ptas"
        ? geometricSearch(problem, budget, epsilon)
        : problem.shape.map(() => 1);
  return describe(problem, spendRest(problem, clipToCore(ranks), budget), chosen === "exact");
}

function solverFor({ shape }: Problem, asked: CoreShapeSolver | undefined): CoreShapeSolver {
  if (asked !== undefined && !["exact", "greedy", "ptas"].includes(asked))
    throw new DomainError(`coreShape: the solver must be exact, greedy or ptas, got ${asked}`);
  return asked ?? (shape.slice(1).reduce((count, n) => count * n, 1) <= ENUMERATION_LIMIT ? "exact" : "ptas");
}

/** A rank above the product of the others is wasted: the unfolding of the core cannot use it. */
function clipToCore(ranks: readonly number[]): number[] {
  const clipped = [...ranks];
  for (let changed = true; changed; ) {
    changed = false;
    clipped.forEach((r, k) => {
      const others = clipped.reduce((product, other, j) => (j === k ? product : product * other), 1);
      if (r > others) {
        clipped[k] = others;
        changed = true;
      }
    });
  }
  return clipped;
}

/** Adds ranks one at a time, best gain per number first, while the budget allows. */
function spendRest(problem: Problem, start: readonly number[], budget: number): number[] {
  const ranks = [...start];
  for (;;) {
    const size = tuckerSize(problem.shape, ranks);
    let best = -1;
    let bestRate = 0;
    ranks.forEach((r, k) => {
      if (r >= problem.shape[k]!) return;
      const others = ranks.reduce((product, other, j) => (j === k ? product : product * other), 1);
      if (r + 1 > others) return;
      const grown = ranks.map((other, j) => (j === k ? other + 1 : other));
      const extra = tuckerSize(problem.shape, grown) - size;
      const rate = (problem.prefix[k]![r + 1]! - problem.prefix[k]![r]!) / extra;
      if (size + extra <= budget && rate > bestRate) {
        best = k;
        bestRate = rate;
      }
    });
    if (best < 0) {
      // From rank 1 everywhere no single mode can grow: a pair has to.
      const pair = bestPair(problem, ranks, budget);
      if (!pair) return ranks;
      for (const k of pair) ranks[k]!++;
    } else ranks[best]!++;
  }
}

function bestPair(problem: Problem, ranks: readonly number[], budget: number): [number, number] | null {
  let best: [number, number] | null = null;
  let bestRate = 0;
  const size = tuckerSize(problem.shape, ranks);
  for (let a = 0; a < ranks.length; a++)
    for (let b = 0; b < a; b++) {
      const grown = ranks.map((r, k) => (k === a || k === b ? r + 1 : r));
      if (grown.some((r, k) => r > problem.shape[k]!) || clipToCore(grown).some((r, k) => r !== grown[k]))
        continue;
      const extra = tuckerSize(problem.shape, grown) - size;
      const rate = (kept(problem, grown) - kept(problem, ranks)) / extra;
      if (size + extra <= budget && rate > bestRate) {
        best = [a, b];
        bestRate = rate;
      }
    }
  return best;
}

/** All r_2 … r_d within the budget; the best r_1 is then the largest that fits and is not wasted. */
function enumerate(problem: Problem, budget: number): number[] {
  const { shape, prefix } = problem;
  const order = shape.length;
  const ranks = new Array<number>(order).fill(1);
  let best = ranks.slice();
  let bestKept = -1;
  // What the modes still open could keep at most, for pruning.
  const ceiling = new Float64Array(order + 1);
  for (let k = order - 1; k >= 0; k--) ceiling[k] = ceiling[k + 1]! + prefix[k]!.at(-1)!;
  const visit = (mode: number, product: number, factors: number, gain: number): void => {
    if (mode === order) {
      const first = Math.min(shape[0]!, product, Math.floor((budget - factors) / (product + shape[0]!)));
      if (first < leastFirst(ranks, product)) return;
      const value = gain + prefix[0]![first]!;
      if (value > bestKept) {
        bestKept = value;
        best = [first, ...ranks.slice(1)];
      }
      return;
    }
    if (gain + ceiling[mode]! + prefix[0]!.at(-1)! <= bestKept) return;
    const rest = shape[0]! + shape.slice(mode + 1).reduce((sum, n) => sum + n, 0);
    for (let r = 1; r <= shape[mode]!; r++) {
      const size = factors + r * shape[mode]!;
      if (product * r + size + rest > budget) break;
      ranks[mode] = r;
      visit(mode + 1, product * r, size, gain + prefix[mode]![r]!);
    }
  };
  visit(1, 1, 0, 0);
  return best;
}

/** The smallest r_1 beside which no other rank r_k exceeds the product of the rest. */
const leastFirst = (ranks: readonly number[], product: number): number =>
  Math.max(1, ...ranks.slice(1).map((r) => Math.ceil((r * r) / product)));

/**
 * The fewest numbers within `room` for what may be lost, over all r_2 … r_d: the best r_1 is then the smallest that
 * meets it.
 */
function enumerateSmallest({ shape, prefix }: Problem, room: number): number[] | null {
  const order = shape.length;
  const ranks = new Array<number>(order).fill(1);
  const lost = prefix.map((sums) => sums.map((sum) => sums.at(-1)! - sum));
  let best: number[] | null = null;
  let bestSize = Number.POSITIVE_INFINITY;
  const visit = (mode: number, product: number, factors: number, spent: number): void => {
    if (spent > room || product + shape[0]! + factors >= bestSize) return;
    if (mode < order) {
      for (let r = 1; r <= shape[mode]!; r++) {
        ranks[mode] = r;
        visit(mode + 1, product * r, factors + r * shape[mode]!, spent + lost[mode]![r]!);
      }
      return;
    }
    const limit = Math.min(shape[0]!, product);
    if (spent + lost[0]![limit]! > room) return;
    let low = leastFirst(ranks, product);
    let high = limit;
    if (low > high) return;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spent + lost[0]![middle]! <= room) high = middle;
      else low = middle + 1;
    }
    const size = low * product + low * shape[0]! + factors;
    if (size < bestSize) {
      bestSize = size;
      best = [low, ...ranks.slice(1)];
    }
  };
  visit(1, 1, 0, 0);
  return best;
}

/** For every core budget B = (1 + ε)^j: the best choice of one rank a mode with Π r ≤ B and Σ n r ≤ c - B. */
function geometricSearch(problem: Problem, budget: number, epsilon: number): number[] {
  if (!(epsilon > 0)) throw new DomainError(`coreShape: epsilon must be positive, got ${epsilon}`);
  let best = problem.shape.map(() => 1);
  for (let core = 1; core < budget; core *= 1 + epsilon) {
    const found = solveMultipleChoice(
      problem.prefix,
      problem.shape,
      Math.log(core) + 1e-12,
      budget - core,
      epsilon,
    );
    if (found && kept(problem, found) > kept(problem, best)) best = found;
  }
  return best;
}

/** The smallest shape that meets the tolerance: by enumeration, or by bisection over budgets for the other solvers. */
function smallestFor(problem: Problem, rtol: number, options: CoreShapeOptions): CoreShape {
  const target = rtol * rtol;
  if (solverFor(problem, options.solver) === "exact") {
    const ranks = enumerateSmallest(problem, target * problem.total);
    if (ranks) return describe(problem, ranks, true);
  }
  const meets = (shape: CoreShape): boolean => shape.surrogateError <= target;
  let low = tuckerSize(
    problem.shape,
    problem.shape.map(() => 1),
  );
  let best = bestWithin(problem, low, options);
  if (meets(best)) return best;
  let high = tuckerSize(problem.shape, problem.shape);
  best = bestWithin(problem, high, options);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const shape = bestWithin(problem, middle, options);
    if (meets(shape)) {
      best = shape.size <= best.size ? shape : best;
      high = Math.min(middle, shape.size);
    } else low = middle;
  }
  return best;
}
