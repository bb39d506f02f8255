// The main job: the structured representation that meets a tolerance with the fewest bytes.

import { type Key, key as makeKey } from "../../random/key.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../frobenius.ts";
import { checkInput, checkTolerance, type IterationOptions } from "../input.ts";
import { parameters, type Residual, ranks, residual } from "../operations.ts";
import { rankFor } from "../truncation.ts";
import type { AutoResult, Candidate, Decomposition, Format, Spectrum } from "../types.ts";
import { predictedCurves } from "./predict.ts";
import { Clock, type Find, storedBytes, type Task } from "./search.ts";
import { type NoFind, searchCp, searchSvd } from "./searchCp.ts";
import { searchRing } from "./searchRing.ts";
import { searchQuantized, searchTrain } from "./searchTrain.ts";
import { searchTree } from "./searchTree.ts";
import { type Projected, project, searchTucker } from "./searchTucker.ts";
import { bipartitionSpectra } from "./spectra.ts";

export interface DecomposeOptions extends IterationOptions {
  /** Largest relative Frobenius error; 0.01 unless told. */
  readonly tol?: number;
  /** Formats to try; all that fit the number of modes unless told. A dense copy is always a candidate. */
  readonly formats?: readonly Format[];
  /** Split modes into prime factors and try a train on the result; on for vectors and matrices unless told. */
  readonly quantize?: boolean;
  /** Time after which no new search starts; 30 unless told. */
  readonly maxSeconds?: number;
  /** For the searches that start at random; key(0) unless told. */
  readonly key?: Key;
}

/** When two are within this share of each other, the one that is cheaper to read wins. */
const TIE = 0.02;
/** Cheapest access first. */
const ACCESS: readonly Format[] = ["tucker", "tt", "tree", "cp", "ring", "qtt", "dense"];
/** Attempts to repair a find whose measured error exceeds the tolerance, each with the tolerance times 0.9. */
const REPAIRS = 5;
/** Floating-point operations that are assumed to take a second, for skipping spectra that would take too long. */
const ASSUMED_SPEED = 2e9;

/**
 * Tries every format on a tensor and returns the one that takes the fewest bytes among those whose measured relative error is at most `tol`; the tensor itself
 * when nothing is smaller. Ties within 2 % go to the format that is cheaper to read.
 *
 * @throws ShapeError for a scalar or empty tensor; DomainError for entries that are not finite or a tolerance outside [0, 1).
 */
export function decompose(x: Tensor, options: DecomposeOptions = {}): AutoResult {
  const { tol = 0.01, maxSeconds = 30, quantize = x.ndim <= 2 } = options;
  checkTolerance(tol, "decompose");
  const clock = new Clock(maxSeconds, options.signal, options.onProgress);
  const input = checkInput(x, "decompose");
  const notes: string[] = [];
  if (input.dtype !== x.dtype) notes.push(`The ${x.dtype} entries were converted to ${input.dtype}.`);
  const norm = frobenius(input);
  clock.tick(0.02, "spectra");
  const spectra = bipartitionSpectra(input, norm, ASSUMED_SPEED * Math.max(0.2, 0.2 * maxSeconds));
  const task: Task = { x: input, norm, tol, spectra, key: options.key ?? makeKey(0), clock };
  if (norm === 0) notes.push("All entries are zero: the error of any format is 0.");

  const board = new Board(task);
  board.admit({ format: "dense", detail: "", decomposition: { kind: "dense", data: input } });
  const wanted = formatsFor(input.ndim, options.formats, quantize);
  for (const [i, format] of wanted.entries()) {
    clock.tick(0.1 + (0.9 * i) / wanted.length, format);
    if (clock.isOver) board.reject(format, "", `out of time (${maxSeconds} s)`);
    else search(format, task, board);
  }
  const { chosen, candidates, decomposition, maxAbsolute } = board.judge();
  if (chosen.format === "dense") notes.push("This tensor is not compressible at this tolerance.");
  if (chosen.detail === "degenerate components")
    notes.push("Components nearly cancel (a degenerate CP model); read single components with care.");
  return {
    decomposition,
    chosen,
    candidates,
    tolerance: tol,
    error: chosen.error,
    maxAbsoluteError: maxAbsolute,
    spectra: reportSpectra(task),
    curves: predictedCurves(spectra, dtypeInfo(input.dtype).bytes),
    notes,
    seconds: clock.elapsed,
  };
}

/** Formats in the order in which they are tried: those that bound the later searches first. */
function formatsFor(order: number, asked: readonly Format[] | undefined, quantize: boolean): Format[] {
  const fitting = (["tucker", "tt", "tree", "qtt", "cp", "ring"] as Format[]).filter((format) => {
    if (asked) return asked.includes(format);
    if (format === "qtt") return quantize;
    if (order === 1) return false;
    if (format === "tt") return true;
    if (format === "cp") return true;
    if (format === "tucker") return order > 2;
    if (format === "tree") return order > 3;
    return order >= 3 && order <= 6;
  });
  if (order === 1 && asked && fitting.some((format) => format !== "qtt"))
    throw new DomainError("decompose: a vector has only the format qtt (and dense)");
  return fitting;
}

/** The candidates so far. */
class Board {
  readonly #task: Task;
  readonly #entries: (Candidate & { readonly found: Decomposition | null; readonly maxAbsolute: number })[] =
    [];
  #projected: Projected | null = null;
  #lastMark = 0;

  constructor(task: Task) {
    this.#task = task;
  }

  /** Fewest bytes of a valid structured candidate, or those of the dense copy. */
  get bestBytes(): number {
    return Math.min(...this.#entries.filter(({ status }) => status === "valid").map(({ bytes }) => bytes));
  }

  get projected(): Projected {
    const { x, norm, tol } = this.#task;
    this.#projected ??= project(x, norm, tol);
    return this.#projected;
  }

  /** Measures a find; false when its error is above the tolerance. */
  admit({ format, detail, decomposition }: Find, measured?: Residual): boolean {
    const { x, tol } = this.#task;
    const { relative, maxAbsolute } = measured ?? residual(x, decomposition);
    const isValid = relative <= tol;
    this.#entries.push({
      format,
      detail,
      ranks: ranks(decomposition),
      parameters: parameters(decomposition),
      bytes: storedBytes(decomposition),
      error: relative,
      seconds: this.#lap(),
      status: isValid ? "valid" : "rejected",
      reason: isValid ? "" : `measured error ${relative.toPrecision(3)} is above the tolerance`,
      found: decomposition,
      maxAbsolute,
    });
    return isValid;
  }

  reject(format: Format, detail: string, reason: string): void {
    this.#entries.push({
      format,
      detail,
      ranks: [],
      parameters: Number.NaN,
      bytes: Number.NaN,
      error: Number.NaN,
      seconds: this.#lap(),
      status: "rejected",
      reason,
      found: null,
      maxAbsolute: Number.NaN,
    });
  }

  #lap(): number {
    const now = this.#task.clock.elapsed;
    const seconds = now - this.#lastMark;
    this.#lastMark = now;
    return seconds;
  }

  /** Picks the winner and writes down why the others lost. */
  judge(): { chosen: Candidate; candidates: Candidate[]; decomposition: Decomposition; maxAbsolute: number } {
    const valid = this.#entries.filter(({ status }) => status === "valid");
    const least = Math.min(...valid.map(({ bytes }) => bytes));
    const tied = valid.filter(({ bytes }) => bytes <= (1 + TIE) * least);
    tied.sort((a, b) => ACCESS.indexOf(a.format) - ACCESS.indexOf(b.format) || a.bytes - b.bytes);
    const winner = tied[0]!;
    const index = this.#entries.indexOf(winner);
    const judged = this.#entries.map(({ found: _found, maxAbsolute: _max, ...entry }, i): Candidate => {
      if (i === index) return { ...entry, status: "chosen" };
      if (entry.status === "rejected") return entry;
      return {
        ...entry,
        reason:
          entry.bytes <= winner.bytes
            ? "as small within 2 %, but slower to read"
            : `${percentMore(entry.bytes, winner.bytes)} larger`,
      };
    });
    return {
      chosen: judged[index]!,
      candidates: judged,
      decomposition: winner.found!,
      maxAbsolute: winner.maxAbsolute,
    };
  }
}

function percentMore(bytes: number, best: number): string {
  const ratio = bytes / best;
  return ratio < 2 ? `${Math.max(1, Math.round(100 * (ratio - 1)))} %` : `${ratio.toFixed(1)} times`;
}

/** Runs one format's search; a find over the tolerance is repaired with a smaller one, at most five times. */
function search(format: Format, task: Task, board: Board): void {
  let attempt = task;
  for (let repair = 0; repair <= REPAIRS; repair++) {
    const finds = findsOf(format, attempt, board);
    if ("reason" in finds) {
      board.reject(format, "", finds.reason);
      return;
    }
    const measured = finds.map((find) => ({ find, measure: residual(task.x, find.decomposition) }));
    const done = measured.some(({ measure }) => measure.relative <= task.tol);
    if (done || repair === REPAIRS || task.clock.isOver) {
      for (const { find, measure } of measured) board.admit(find, measure);
      return;
    }
    attempt = { ...attempt, tol: 0.9 * attempt.tol };
  }
}

function findsOf(format: Format, task: Task, board: Board): readonly Find[] | NoFind {
  const one = (find: Find | NoFind): readonly Find[] | NoFind => ("reason" in find ? find : [find]);
  switch (format) {
    case "tucker":
      return [searchTucker(task, board.projected)];
    case "tt":
      return [searchTrain(task)];
    case "tree":
      return searchTree(task);
    case "qtt":
      return [searchQuantized(task)];
    case "cp":
      return task.x.ndim === 2 ? [searchSvd(task)] : one(searchCp(task, board.projected, board.bestBytes));
    case "ring":
      return one(searchRing(task, board.bestBytes));
    case "dense":
      return [];
  }
}

/** Spectra of the single modes first, then those of larger sets. */
function reportSpectra({ spectra, tol, norm, x }: Task): Spectrum[] {
  const delta = (tol * norm) / Math.sqrt(Math.max(1, x.ndim));
  return [...spectra.sets()]
    .map(({ modes, values }) => ({ modes, values, kept: rankFor(values, delta).rank }))
    .sort((a, b) => a.modes.length - b.modes.length || a.modes[0]! - b.modes[0]!);
}
