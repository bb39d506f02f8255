// Everything that a report says, as plain data: the terminal, the HTML page and the JSON file are made from it.
import type { AutoResult, Candidate, Format } from "../decompose/types.ts";
import type { SourceKind } from "../io/tensorFile.ts";
import { formatBytes, formatFactor, formatNumber, formatPercent } from "../plot/format.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { nextCommands } from "./next.ts";
import type { ReportInput, Request, Summary } from "./types.ts";

/** Formats in plain words, with the name that the field uses. */
export const FORMAT_WORDS: Readonly<Record<Format, string>> = {
  cp: "a sum of outer products (CP)",
  tucker: "a small core with one factor for each axis (Tucker)",
  tt: "a chain of small cores (tensor train)",
  ring: "a closed chain of small cores (tensor ring)",
  tree: "a tree of small cores (hierarchical Tucker)",
  qtt: "a chain of small cores over finely split axes (quantized tensor train)",
  dense: "the plain array",
};

export const FORMAT_NAMES: Readonly<Record<Format, string>> = {
  cp: "CP",
  tucker: "Tucker",
  tt: "tensor train",
  ring: "tensor ring",
  tree: "tree Tucker",
  qtt: "quantized train",
  dense: "dense",
};

/** Names of the axes of an input, as far as its kind tells them. */
export function axisNames(kind: SourceKind, ndim: number): string[] {
  const names: Partial<Record<SourceKind, readonly string[]>> = {
    image: ["rows", "columns", "channels"],
    images: ["frames", "rows", "columns", "channels"],
    table: ["rows", "columns"],
  };
  return Array.from({ length: ndim }, (_, axis) => names[kind]?.[axis] ?? `axis ${axis}`);
}

/** Ranks as people write them: `8`, `8 × 8 × 3`, `2, 5, 2`. */
export function describeRanks(format: Format, ranks: readonly number[]): string {
  if (ranks.length === 0) return "";
  return format === "tucker" ? ranks.join(" × ") : ranks.join(", ");
}

/** Candidates as reports list them: the chosen, the possible and the rejected, each from small to large. */
export function sortedCandidates(candidates: readonly Candidate[]): Candidate[] {
  const order: Record<Candidate["status"], number> = { chosen: 0, valid: 1, rejected: 2 };
  // Those that were given up early never had a size.
  const size = ({ bytes }: Candidate): number => (Number.isFinite(bytes) ? bytes : Number.MAX_VALUE);
  return [...candidates].sort((a, b) => order[a.status] - order[b.status] || size(a) - size(b));
}

/** A quantity of a candidate, or a dash where it was given up before it had one. */
export const known = (value: number, format: (value: number) => string): string =>
  Number.isFinite(value) ? format(value) : "–";

function sentence(input: ReportInput, request: Request, result: AutoResult): string {
  const { chosen, error } = result;
  const size = sizeOf(input.shape);
  if (chosen.format === "dense")
    return `Not compressible at this tolerance: every format that reaches it needs at least as many bytes as the ${formatNumber(size)} numbers themselves, so they are kept as they are.`;
  const ranks =
    chosen.ranks.length > 0
      ? `, ${chosen.ranks.length > 1 ? "ranks" : "rank"} ${shorten(describeRanks(chosen.format, chosen.ranks))},`
      : "";
  const asked = askedFor(request);
  const words = FORMAT_WORDS[chosen.format];
  const fewer = size / chosen.parameters;
  const kept = `keeps ${formatNumber(chosen.parameters)} numbers instead of ${formatNumber(size)}`;
  return `${words[0]!.toUpperCase()}${words.slice(1)}${ranks} ${kept}${fewer > 1 ? ` (${formatFactor(fewer)} times fewer)` : ""}, with an error of ${formatPercent(error)}${asked}.`;
}

function askedFor(request: Request): string {
  switch (request.kind) {
    case "tolerance":
      return ` (asked: at most ${formatPercent(request.tolerance)})`;
    case "budget":
      return `, the smallest found within ${formatBytes(request.maxBytes)}`;
    case "ranks":
      return "";
    case "completion":
      return ` on the values that are there and of ${formatPercent(request.heldOutError)} on values that were held out; ${formatNumber(request.missing)} missing values were filled in`;
  }
}

const shorten = (ranks: string): string => {
  const list = ranks.split(", ");
  return list.length <= 12 ? ranks : `${list.slice(0, 5).join(", ")}, …, ${list.slice(-4).join(", ")}`;
};

/** Most singular values of one unfolding that a report lists. */
const SPECTRUM_LIMIT = 400;

/** All that a report says of a result. `psnr` is null for what is no picture; `out` is the file that was written. */
export function summarize(of: {
  readonly input: ReportInput;
  readonly request: Request;
  readonly result: AutoResult;
  readonly psnr: number | null;
  readonly seed: number;
  readonly out?: string;
  readonly notes?: readonly string[];
}): Summary {
  const { input, request, result, psnr, seed, out, notes = [] } = of;
  const { chosen } = result;
  return {
    format: "polyadic-report",
    version: 1,
    input,
    request,
    choice: {
      sentence: sentence(input, request, result),
      format: chosen.format,
      detail: chosen.detail,
      ranks: chosen.ranks,
      parameters: chosen.parameters,
      numbersRatio: sizeOf(input.shape) / chosen.parameters,
      bytes: chosen.bytes,
      bytesRatio: input.bytes / chosen.bytes,
    },
    quality: { error: result.error, maxAbsoluteError: result.maxAbsoluteError, psnr },
    candidates: result.candidates,
    spectra: result.spectra.map(({ modes, values, kept }) => ({
      modes,
      values: [...values.subarray(0, Math.max(SPECTRUM_LIMIT, kept + 1))],
      kept,
    })),
    curves: result.curves,
    notes: [...notes, ...result.notes],
    next: nextCommands({ input, request, result, ...(out === undefined ? {} : { out }) }),
    seed,
    seconds: result.seconds,
  };
}

/** `uint8 [1024, 790, 3], 2.43 MB`, as titles describe an input. */
export const describeInput = ({ dtype, shape, bytes, entries }: ReportInput): string =>
  `${dtype} ${formatShape(shape)}, ${entries === undefined ? "" : `${formatNumber(entries)} nonzero entries, `}${formatBytes(bytes)}`;
