// Tucker ranks for a budget of stored numbers, chosen from the spectra alone: Ghadiri, Fahrbach, Fu, Mirrokni, "Approximately optimal core shapes for
// tensor decompositions" (2023).

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkInput, checkTolerance } from "../base/input.ts";
import { modeGram, symmetricBasis } from "../base/truncation.ts";
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
  /** Σ of the squares that the modes cut off, over ‖X‖²: between the true relative squared error and d times it. Not a measured error. */
  readonly surrogateError: number;
  /** `surrogateError` / d: no Tucker decomposition of these ranks has a smaller relative squared error. */
  readonly lowerBound: number;
  /** No other shape within the budget has a smaller surrogate error. */
  readonly optimal: boolean;
}

/** Above this many shapes, enumeration gives way to the approximation scheme. */
const ENUMERATION_LIMIT = 2e6;

/** Squared singular values of all unfoldings, from Gram matrices; O(Σ_k n_k · size). Negative rounding is clipped to 0. */
export function modeSpectra(x: Tensor): ModeSpectra {
  const input = checkInput(x, "modeSpectra");
  const squares = input.shape.map((n, mode) => {
    const other = input.size / n;
    const gram = n <= other ? modeGram(input, mode) : modeGram(input.reshape(flatten(input, mode)), 1);
    const { values } = symmetricBasis(gram);
    const padded = new Float64Array(n);
    values.forEach((value, i) => {
      if (i < n) padded[i] = value * value;
    });
    return padded;
  });
  return { shape: input.shape, squares };
}

/** A tall unfolding has a smaller Gram matrix on the other side; only the first mode of a matrix-like tensor can be that long. */
function flatten(x: Tensor, mode: number): number[] {
  if (mode === 0) return [x.shape[0]!, x.size / x.shape[0]!];
  throw new ShapeError(
    `modeSpectra: mode ${mode} of length ${x.shape[mode]} is longer than all others together`,
  );
}

/** Numbers of a Tucker decomposition: Π r_k + Σ n_k r_k. */
export const tuckerSize = (shape: readonly number[], ranks: readonly number[]): number =>
  ranks.reduce((product, r) => product * r, 1) + ranks.reduce((sum, r, k) => sum + r * shape[k]!, 0);

/**
 * The core shape with the smallest surrogate error within a budget, or the smallest one whose surrogate error meets `rtol`. Takes a tensor or its spectra; never
 * decomposes. `exact`: O(Π_{k≥2} n_k), pruned; `ptas`: a knapsack with one choice per mode for each core budget on a geometric grid.
 *
 * @throws DomainError for a budget below the smallest decomposition (ranks 1), or a tolerance outside [0, 1).
 */
export function coreShape(
  x: Tensor | ModeSpectra,
  goal: CoreShapeGoal,
  options: CoreShapeOptions = {},
): CoreShape {
  const spectra = x instanceof Tensor ? modeSpectra(x) : x;
  const problem = prepare(spectra);
  if ("rtol" in goal) {
    checkTolerance(goal.rtol, "coreShape");
    return smallestFor(problem, goal.rtol, options);
  }
  return bestWithin(problem, goal.budget, options);
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
      sums[i + 1] = sums[i]! + Math.max(0, value);
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
  const shapes = problem.shape.slice(1).reduce((count, n) => count * n, 1);
  const chosen = solver ?? (shapes <= ENUMERATION_LIMIT ? "exact" : "ptas");
  const ranks =
    chosen === "exact"
      ? enumerate(problem, budget)
      : chosen === "ptas"
        ? geometricSearch(problem, budget, epsilon)
        : problem.shape.map(() => 1);
  return describe(problem, spendRest(problem, clipToCore(ranks), budget), chosen === "exact");
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
      if (r + 1 > others && others > 1) return;
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

/** All r_2 … r_d within the budget; the best r_1 is then the largest that fits. */
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
      const first = Math.min(shape[0]!, Math.floor((budget - factors) / (product + shape[0]!)));
      if (first < 1) return;
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

/** The smallest budget whose best shape meets the tolerance, by bisection over budgets. */
function smallestFor(problem: Problem, rtol: number, options: CoreShapeOptions): CoreShape {
  const target = rtol * rtol;
  const meets = (shape: CoreShape): boolean => shape.surrogateError <= target;
  let low = tuckerSize(
    problem.shape,
    problem.shape.map(() => 1),
  );
  let best = bestWithin(problem, low, options);
  if (meets(best)) return best;
  let high = tuckerSize(problem.shape, problem.shape);
  best = bestWithin(problem, high, options);
  while (high - low > Math.max(1, 1e-4 * high)) {
    const middle = Math.floor((low + high) / 2);
    const shape = bestWithin(problem, middle, options);
    if (meets(shape)) {
      best = shape.size <= best.size ? shape : best;
      high = Math.min(middle, shape.size);
    } else low = middle;
  }
  return best;
}
