// Completion: a decomposition of a tensor with gaps, whose rank and kind are chosen by how well it predicts entries
// that were held out.

import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../../random/key.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkInput, checkMaxRank, checkRanks, unravel } from "../base/input.ts";
import { cp } from "../cp/cp.ts";
import { cpRules } from "../cp/rules.ts";
import { tuckerSize } from "../tucker/coreShapes.ts";
import { tuckerRules } from "../tucker/rules.ts";
import type { CP, Tucker } from "../types.ts";
import { checkMask, withoutMasked } from "./mask.ts";
import { maskedTucker } from "./tuckerMasked.ts";

export interface CompleteOptions extends IterationOptions {
  /** Kinds to try; `auto` (default) takes the one that predicts held-out entries better. */
  readonly method?: "cp" | "tucker" | "auto";
  /** One number for CP, one a mode for Tucker; chosen by held-out error unless told. */
  readonly ranks?: readonly number[];
  /** Largest rank to try; as many as the present entries can determine unless told, 50 at most. */
  readonly maxRank?: number;
  /** Share of the present entries that is held out to choose by and to measure; 0.05 unless told. */
  readonly holdOut?: number;
  /**
   * Shift of CP's normal equations relative to their mean eigenvalue, for slices with few entries; 1e-6 unless told.
   */
  readonly ridge?: number;
  /** Of the held-out entries and random starts; key(0) unless told. */
  readonly key?: Key;
  /** Change of the relative error at which a fit stops; 1e-7 unless told. */
  readonly tol?: number;
  /** Sweeps of a fit; 200 unless told. */
  readonly maxIterations?: number;
}

/** One model as `complete` tried it, fitted without the held-out entries. */
export interface CompletionCandidate {
  readonly method: "cp" | "tucker";
  readonly ranks: readonly number[];
  readonly parameters: number;
  /** Relative error on the entries it was fitted to. */
  readonly error: number;
  /** Relative error on the held-out entries; NaN when none could be held out. */
  readonly heldOutError: number;
}

export interface CompleteResult {
  /** Fitted to all present entries. */
  readonly decomposition: CP | Tucker;
  readonly method: "cp" | "tucker";
  readonly ranks: readonly number[];
  /** Relative error of `decomposition` on the present entries. */
  readonly error: number;
  /** Relative error on the held-out entries of the same model fitted without them: what to expect of the gaps. */
  readonly heldOutError: number;
  readonly candidates: readonly CompletionCandidate[];
  readonly iterations: number;
  readonly converged: boolean;
}

/** Ranks in the order in which they are tried. */
const LADDER: readonly number[] = [1, 2, 3, 5, 8, 12, 18, 27, 40, 50];

/** A held-out error within this share of the best counts as equal; the smaller model then wins. */
const TIE = 0.02;

/** Fits that only have to be compared stop earlier. */
const TRIAL_TOL = 1e-5;
const TRIAL_ITERATIONS = 100;

/**
 * A fit that stops at changes below its `tol` is about this many times that far from its minimum: smaller errors say
 * nothing.
 */
const RESOLUTION = 10;

/**
 * Completes a tensor with gaps. `mask` is a bool tensor of x's shape, true where the entry is present; entries
 * elsewhere are not looked at and may be NaN. Holds out some present entries, tries ranks 1, 2, 3, 5, 8, 12 … of each
 * kind until the held-out error has failed twice running to fall, and fits the best once more to all present entries.
 * Slices without any present entry are filled with zeros (CP) or what the other modes suggest (Tucker). CP by masked
 * alternating least squares, Tucker by expectation-maximisation with HOOI: O(size · Σ r_k) a sweep, or O(present · d
 * · r²) for CP of few entries.
 *
 * @throws ShapeError for a scalar or empty tensor, or a mask of another shape; DTypeError for a mask that is not
 * bool; DomainError when every entry is missing, for present entries that are not finite, and for options out of
 * range.
 */
export function complete(x: Tensor, mask: Tensor, options: CompleteOptions = {}): CompleteResult {
  const { method = "auto", ranks, key = makeKey(0) } = options;
  const input = checkProblem(x, mask, options);
  const { train, heldOut } = split(mask, options.holdOut ?? 0.05, foldIn(key, 1));
  const problem: Problem = { x: input, heldOut, options, key };
  const kinds = kindsFor(method, ranks, x.ndim);
  const limits: FitLimits = {
    tol: Math.max(options.tol ?? 1e-7, TRIAL_TOL),
    maxIterations: Math.min(options.maxIterations ?? 200, TRIAL_ITERATIONS),
  };
  const trials = kinds.flatMap((kind, i) =>
    ranks
      ? [attempt(problem, kind, ranks, train, limits)]
      : climb(problem, kind, train, limits, (rung) =>
          options.onProgress?.({
            fraction: (0.9 * (i + rung / LADDER.length)) / kinds.length,
            stage: `${kind} rank ${LADDER[rung - 1]}`,
          }),
        ),
  );
  const best = pick(trials, RESOLUTION * limits.tol);
  const fit = fitModel(problem, best.method, best.ranks, mask, {
    tol: options.tol ?? 1e-7,
    maxIterations: options.maxIterations ?? 200,
  });
  options.onProgress?.({ fraction: 1, stage: "done" });
  return {
    decomposition: fit.decomposition,
    method: best.method,
    ranks: best.ranks,
    error: fit.error,
    heldOutError: best.heldOutError,
    candidates: trials,
    iterations: fit.iterations,
    converged: fit.converged,
  };
}

type Kind = "cp" | "tucker";

interface Problem {
  /** Zeros where entries are missing. */
  readonly x: Tensor;
  /** Positions in C order. */
  readonly heldOut: Int32Array;
  readonly options: CompleteOptions;
  readonly key: Key;
}

interface FitLimits {
  readonly tol: number;
  readonly maxIterations: number;
}

function checkProblem(x: Tensor, mask: Tensor, options: CompleteOptions): Tensor {
  if (mask.dtype !== "bool") throw new DTypeError(`complete: a bool mask was expected, got ${mask.dtype}`);
  checkMask(mask, x.shape, "complete");
  const { holdOut = 0.05, tol = 1e-7, maxIterations = 200, maxRank, ranks } = options;
  if (!(holdOut >= 0 && holdOut < 1))
    throw new DomainError(`complete: holdOut from 0 to below 1 was expected, got ${holdOut}`);
  if (holdOut === 0 && !ranks)
    throw new DomainError("complete: without held-out entries, ranks must be given");
  if (!(tol >= 0 && tol < 1))
    throw new DomainError(`complete: tol from 0 to below 1 was expected, got ${tol}`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1))
    throw new DomainError(`complete: maxIterations of at least 1 was expected, got ${maxIterations}`);
  if (maxRank !== undefined) checkMaxRank(maxRank, "complete");
  return checkInput(withoutMasked(x, mask), "complete");
}

/** Given ranks decide the kind, unless both would take a single number. */
function kindsFor(
  method: "cp" | "tucker" | "auto",
  ranks: readonly number[] | undefined,
  order: number,
): Kind[] {
  if (method !== "auto") return [method];
  if (!ranks) return ["cp", "tucker"];
  if (ranks.length === 1) return ["cp"];
  if (ranks.length === order) return ["tucker"];
  throw new DomainError(`complete: 1 rank (CP) or ${order} (Tucker) were expected, got ${ranks.length}`);
}

/** A keyed choice of present entries; never all of them. */
function split(mask: Tensor, share: number, key: Key): { train: Tensor; heldOut: Int32Array } {
  const flags = mask.toTypedArray();
  const present: number[] = [];
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) present.push(i);
  const asked = share === 0 ? 0 : Math.max(1, Math.round(share * present.length));
  const count = Math.min(asked, present.length - 1);
  const draws = uniform(key, [present.length]).data();
  const order = present.map((_, i) => i).sort((a, b) => draws[a]! - draws[b]!);
  const heldOut = Int32Array.from(order.slice(0, count), (i) => present[i]!).sort();
  for (const position of heldOut) flags[position] = 0;
  return { train: new Tensor(flags, mask.shape, "bool"), heldOut };
}

/** Ranks upwards until the held-out error has failed twice running to fall. */
function climb(
  problem: Problem,
  kind: Kind,
  train: Tensor,
  limits: FitLimits,
  onRung: (rung: number) => void,
): CompletionCandidate[] {
  const { x, options } = problem;
  const present = Number(train.astype("float64").sum().item());
  const trials: CompletionCandidate[] = [];
  let best = Number.POSITIVE_INFINITY;
  let failures = 0;
  for (const rank of LADDER) {
    const ranks = kind === "cp" ? [rank] : x.shape.map((n) => Math.min(n, rank));
    const isLarge = rank > (options.maxRank ?? 50) || sizeFor(x.shape, kind, ranks) > present;
    // The last rung of Tucker may repeat when every mode is short.
    const isSame = trials.at(-1)?.ranks.every((r, k) => r === ranks[k]) ?? false;
    if (trials.length > 0 && (isLarge || isSame)) break;
    const trial = attempt(problem, kind, ranks, train, limits);
    trials.push(trial);
    onRung(trials.length);
    failures = trial.heldOutError < best * (1 - 1e-6) ? 0 : failures + 1;
    best = Math.min(best, trial.heldOutError);
    if (failures === 2 || Number.isNaN(trial.heldOutError) || best < RESOLUTION * limits.tol) break;
  }
  return trials;
}

const sizeFor = (shape: readonly number[], kind: Kind, ranks: readonly number[]): number =>
  kind === "cp" ? ranks[0]! * shape.reduce((sum, n) => sum + n, 0) : tuckerSize(shape, ranks);

function attempt(
  problem: Problem,
  kind: Kind,
  ranks: readonly number[],
  train: Tensor,
  limits: FitLimits,
): CompletionCandidate {
  const { decomposition, error } = fitModel(problem, kind, ranks, train, limits);
  return {
    method: kind,
    ranks,
    parameters: sizeFor(problem.x.shape, kind, ranks),
    error,
    heldOutError: heldOutError(problem, decomposition),
  };
}

interface Fit {
  readonly decomposition: CP | Tucker;
  readonly error: number;
  readonly iterations: number;
  readonly converged: boolean;
}

function fitModel(
  { x, options, key }: Problem,
  kind: Kind,
  ranks: readonly number[],
  mask: Tensor,
  limits: FitLimits,
): Fit {
  checkAborted(options.signal, "complete");
  const watched = { ...limits, ...(options.signal && { signal: options.signal }) };
  if (kind === "tucker") {
    checkRanks(ranks, x.shape, "complete: ranks");
    const { core, factors, error, iterations, converged } = maskedTucker(x, mask, { ...watched, ranks });
    return { decomposition: { kind: "tucker", core, factors }, error, iterations, converged };
  }
  if (ranks.length !== 1) throw new DomainError(`complete: cp takes 1 rank, got ${ranks.length}`);
  const fit = cp(x, ranks[0]!, { ...watched, mask, key, ridge: options.ridge ?? 1e-6 });
  const { weights, factors, error, iterations, converged } = fit;
  return { decomposition: { kind: "cp", weights, factors }, error, iterations, converged };
}

/** Entries looked up at a time: a Tucker model needs a copy of its core for each. */
const LOOKUP = 1024;

function heldOutError({ x, heldOut }: Problem, d: CP | Tucker): number {
  if (heldOut.length === 0) return Number.NaN;
  const order = x.ndim;
  const data = x.data();
  const width = isComplex(x.dtype) ? 2 : 1;
  let wrong = 0;
  let total = 0;
  for (let start = 0; start < heldOut.length; start += LOOKUP) {
    const positions = heldOut.subarray(start, start + LOOKUP);
    const index = new Int32Array(positions.length * order);
    positions.forEach((position, i) => {
      index.set(unravel(position, x.shape), i * order);
    });
    const model = (
      d.kind === "cp"
        ? cpRules.entries(d, index, positions.length)
        : tuckerRules.entries(d, index, positions.length)
    ).data();
    for (let i = 0; i < positions.length; i++)
      for (let part = 0; part < width; part++) {
        const value = data[positions[i]! * width + part]!;
        total += value * value;
        wrong += (value - model[i * width + part]!) ** 2;
      }
  }
  // Held-out entries that are all zero are measured against the rest.
  if (total === 0) total = (frobenius(x) ** 2 * heldOut.length) / x.size;
  return total === 0 ? Math.sqrt(wrong) : Math.sqrt(wrong / total);
}

/** The smallest of the candidates that predict about as well as the best, or as well as trials can tell. */
function pick(trials: readonly CompletionCandidate[], resolution: number): CompletionCandidate {
  const best = trials.reduce((a, b) => (b.heldOutError < a.heldOutError ? b : a));
  const limit = Math.max(best.heldOutError * (1 + TIE), resolution);
  return trials
    .filter((trial) => trial === best || trial.heldOutError <= limit)
    .reduce((a, b) => (b.parameters < a.parameters ? b : a));
}
