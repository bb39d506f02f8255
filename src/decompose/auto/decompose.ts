// The main job: the structured representation that meets a tolerance with the fewest bytes.

import { isfinite } from "../../ops/comparison.ts";
import { all } from "../../ops/reduce.ts";
import { key as makeKey } from "../../random/key.ts";
import { dtypeInfo, isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkInput, checkTolerance } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import { isSparse, type SparseTensor } from "../base/sparse.ts";
import { rankFor } from "../base/truncation.ts";
import { residual, scale, tensorsOf } from "../operations.ts";
import type { AutoResult, Format, Spectrum } from "../types.ts";
import { Board, type Rule } from "./board.ts";
import { decomposeSparse } from "./decomposeSparse.ts";
import { findsOf, formatsFor, ProjectionCache, withinBudget } from "./formats.ts";
import type { DecomposeOptions } from "./options.ts";
import { predictedCurves } from "./predict.ts";
import { ASSUMED_SPEED, Clock, type Task } from "./search.ts";
import { bipartitionSpectra } from "./spectra.ts";

/** Attempts to repair a find whose measured error exceeds the tolerance, each with the tolerance times 0.9. */
const REPAIRS = 5;

/**
 * Tries every format on a tensor and returns the one that takes the fewest bytes among those whose measured relative
 * error is at most `tol` (or the one with the smallest error within `maxBytes`); the tensor itself when nothing is
 * smaller. Ties within 2 % go to the format that is cheaper to read. Sparse input is decomposed as CP or Tucker
 * without being densified.
 *
 * @throws ShapeError for a scalar or empty tensor; DomainError for entries that are not finite, a tolerance outside
 * [0, 1), impossible ranks, or a budget in which nothing fits; DTypeError for complex input with `nonnegative`.
 */
export function decompose(x: Tensor | SparseTensor, options: DecomposeOptions = {}): AutoResult {
  const { tol = 0.01, maxSeconds = 30, maxBytes, nonnegative = false } = options;
  checkTolerance(tol, "decompose");
  if (maxBytes !== undefined && !(maxBytes > 0))
    throw new DomainError(`decompose: maxBytes must be positive, got ${maxBytes}`);
  if (!(maxSeconds >= 0))
    throw new DomainError(`decompose: maxSeconds must be at least 0, got ${maxSeconds}`);
  checkFormats(options.formats);
  if (isSparse(x, "decompose")) return decomposeSparse(x, options);
  const clock = new Clock(maxSeconds, options.signal, options.onProgress);
  const input = checkInput(x, "decompose");
  if (nonnegative && isComplex(input.dtype))
    throw new DTypeError(`decompose: non-negative factors need a real tensor, got ${input.dtype}`);
  const asked = askedRanks(options);
  const notes: string[] = [];
  if (input.dtype !== x.dtype) notes.push(`The ${x.dtype} entries were converted to ${input.dtype}.`);
  const norm = frobenius(input);
  if (norm === 0) notes.push("All entries are zero: any format of rank 1 is exact.");
  const unit = rangeScale(input, norm);
  if (unit !== 1) return scaledBack(decompose(input.div(unit), options), unit, notes);
  clock.tick(0.02, "spectra");
  const task: Task = {
    x: input,
    norm,
    tol,
    spectra: bipartitionSpectra(input, norm, 0.2 * ASSUMED_SPEED * Math.max(1, maxSeconds)),
    key: options.key ?? makeKey(0),
    clock,
    nonneg: nonnegative,
    ...(asked && { ranks: asked }),
  };
  const board = new Board(clock, ruleFor(options, tol));
  const formats = formatsFor(input.ndim, options.formats, options.quantize ?? input.ndim <= 2);
  if (!asked)
    board.admit(
      { format: "dense", detail: "", decomposition: { kind: "dense", data: input } },
      { relative: 0, maxAbsolute: 0 },
    );
  const projections = new ProjectionCache();
  formats.forEach((format, i) => {
    clock.tick(0.1 + (0.9 * i) / formats.length, format);
    if (clock.isOver) board.reject(format, "", `out of time (${maxSeconds} s)`);
    else if (maxBytes === undefined) searchTolerance(format, task, projections, board);
    else {
      const finds = withinBudget(format, task, projections, maxBytes);
      if ("reason" in finds) board.reject(format, "", finds.reason);
      else for (const find of finds) board.admit(find, residual(input, find.decomposition));
    }
  });
  const verdict = board.judge();
  if (!verdict)
    throw new DomainError(
      `decompose: nothing fits in ${maxBytes} bytes; the smallest formats of this tensor are larger`,
    );
  const { chosen, candidates, decomposition, maxAbsolute } = verdict;
  if (chosen.format === "dense" && formats.length > 0)
    notes.push("This tensor is not compressible at this tolerance.");
  if (chosen.detail.includes("degenerate"))
    notes.push("Components nearly cancel (a degenerate CP model): read single components with care.");
  clock.tick(1, "done");
  return {
    decomposition,
    chosen,
    candidates,
    tolerance: maxBytes === undefined && !asked ? tol : chosen.error,
    error: chosen.error,
    maxAbsoluteError: maxAbsolute,
    spectra: reportSpectra(task),
    curves: predictedCurves(task.spectra, dtypeInfo(input.dtype).bytes),
    notes,
    seconds: clock.elapsed,
  };
}

const FORMATS: readonly Format[] = ["cp", "tucker", "tt", "ring", "tree", "qtt", "dense"];

function checkFormats(formats: readonly Format[] | undefined): void {
  const unknown = formats?.find((format) => !FORMATS.includes(format));
  if (unknown !== undefined)
    throw new DomainError(`decompose: unknown format "${unknown}"; known are ${FORMATS.join(", ")}`);
}

/** The result for a tensor that was divided by `unit` before the search. */
function scaledBack(result: AutoResult, unit: number, notes: readonly string[]): AutoResult {
  const { maxAbsoluteError, spectra } = result;
  const decomposition = scale(result.decomposition, unit);
  for (const [name, x] of Object.entries(tensorsOf(decomposition)))
    if (!all(isfinite(x)).item())
      throw new DomainError(
        `decompose: the norm of the tensor is beyond ${x.dtype}, and so would be ${name}; divide it by ${unit.toPrecision(1)} first`,
      );
  return {
    ...result,
    decomposition,
    maxAbsoluteError: maxAbsoluteError * unit,
    spectra: spectra.map((spectrum) => ({
      ...spectrum,
      values: spectrum.values.map((value) => value * unit),
    })),
    notes: [...notes, ...result.notes],
  };
}

function askedRanks({ rank, ranks, formats }: DecomposeOptions): readonly number[] | null {
  const asked = ranks ?? (rank === undefined ? null : [rank]);
  if (!asked) return null;
  for (const r of asked)
    if (!(Number.isInteger(r) && r >= 1))
      throw new DomainError(`decompose: ranks must be integers of at least 1, got ${r}`);
  if (!formats || formats.length === 0)
    throw new DomainError("decompose: ranks were given without a format; name one (cp, tucker, tt …)");
  return asked;
}

function ruleFor({ maxBytes, rank, ranks }: DecomposeOptions, tol: number): Rule {
  if (rank !== undefined || ranks) return { by: "bytes", isValid: () => true, whyNot: () => "" };
  if (maxBytes !== undefined)
    return {
      by: "error",
      isValid: ({ bytes }) => bytes <= maxBytes,
      whyNot: ({ bytes }) => `${bytes} bytes are over the budget`,
    };
  return {
    by: "bytes",
    isValid: ({ error }) => error <= tol,
    whyNot: ({ error }) => `measured error ${error.toPrecision(3)} is above the tolerance`,
  };
}

/** Runs one format's search; a find over the tolerance is repaired with a smaller one, at most five times. */
function searchTolerance(format: Format, task: Task, projections: ProjectionCache, board: Board): void {
  let attempt = task;
  for (let repair = 0; repair <= REPAIRS; repair++) {
    const finds = findsOf(format, attempt, projections, board.bestBytes);
    if ("reason" in finds) {
      board.reject(format, "", finds.reason);
      return;
    }
    const measured = finds.map((find) => ({ find, measure: residual(task.x, find.decomposition) }));
    const isDone = task.ranks !== undefined || measured.some(({ measure }) => measure.relative <= task.tol);
    if (isDone || repair === REPAIRS || task.clock.isOver) {
      for (const { find, measure } of measured) board.admit(find, measure);
      return;
    }
    attempt = { ...attempt, tol: 0.9 * attempt.tol };
  }
}

/** Spectra of the single modes first, then those of larger sets, with the number kept at the tolerance. */
function reportSpectra({ spectra, tol, norm, x }: Task): Spectrum[] {
  const delta = (tol * norm) / Math.sqrt(Math.max(1, x.ndim));
  return [...spectra.sets()]
    .map(({ modes, values }) => ({ modes, values, kept: rankFor(values, delta).rank }))
    .sort((a, b) => a.modes.length - b.modes.length || a.modes[0]! - b.modes[0]!);
}
