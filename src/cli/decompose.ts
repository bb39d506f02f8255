// polyadic decompose: a file in, the smallest representation within a tolerance out.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { decompose } from "../decompose/auto/decompose.ts";
import type { DecomposeOptions } from "../decompose/auto/options.ts";
import { checkFinite } from "../decompose/base/input.ts";
import { isSparse } from "../decompose/base/sparse.ts";
import { full } from "../decompose/operations.ts";
import type { AutoResult, Format } from "../decompose/types.ts";
import { checkDecompositionPath, saveDecomposition } from "../io/decompositionFile.ts";
import { fileError } from "../io/files.ts";
import { type LoadedTensor, readTensor, variablesIn } from "../io/tensorFile.ts";
import { astype } from "../ops/cast.ts";
import { formatBytes, formatNumber, formatPercent } from "../plot/format.ts";
import { key } from "../random/key.ts";
import { peakSignalToNoise } from "../report/pictures.ts";
import { progressBar } from "../report/progressBar.ts";
import { describeRanks, FORMAT_NAMES, summarize } from "../report/summary.ts";
import { formatTable } from "../report/table.ts";
import { renderText } from "../report/text.ts";
import type { ReportInput, Request, Summary } from "../report/types.ts";
import { checkReportPath, reportJson, writeReport } from "../report/write.ts";
import { type DType, isComplex } from "../tensor/dtype.ts";
import { DomainError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { completeTensor, presentMask } from "./completion.ts";
import { parseBytes, parseCount, parseRanks, parseSeconds, parseSeed, parseTolerance } from "./options.ts";
import { inkFor, type Streams, widthOf } from "./streams.ts";
import { checkFolderOf, inWordsOf, UsageError } from "./usage.ts";

const FORMATS: readonly string[] = ["auto", "cp", "tucker", "tt", "ring", "tree", "qtt", "dense"];
const DEFAULT_TOLERANCE = 0.05;

interface Flags {
  readonly tol?: number;
  readonly format: "auto" | Format;
  readonly rank?: number;
  readonly ranks?: readonly number[];
  readonly maxBytes?: number;
  readonly var?: string;
  readonly coo?: true;
  readonly nonnegative?: true;
  readonly missing: "error" | "nan";
  readonly quantize?: true;
  readonly dtype?: "float32" | "float64";
  readonly maxSeconds?: number;
  readonly out?: string;
  readonly report?: string;
  readonly seed: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addDecompose(program: Command, streams: Streams): void {
  program
    .command("decompose")
    .description("find the smallest representation of a file's numbers within a tolerance")
    .argument(
      "<file>",
      ".npy .npz .safetensors .png .jpg .webp .csv .tsv .parquet .tns, or a folder of pictures",
    )
    .option(
      "--tol <error>",
      `largest relative error, such as 0.05 or 5% (default: ${DEFAULT_TOLERANCE})`,
      parseTolerance,
    )
    .option(
      "--max-bytes <size>",
      "the other way round: the smallest error within a size, such as 100k",
      parseBytes,
    )
    .addOption(new Option("--format <name>", "try this format only").choices(FORMATS).default("auto"))
    .option("--rank <r>", "use this rank (with --format)", parseCount)
    .option("--ranks <list>", "use these ranks, such as 8,8,3 (with --format)", parseRanks)
    .option("--var <name>", 'array inside a .npz or .safetensors file; "*" takes all of two axes and more')
    .option("--coo", "read a table as index, …, value")
    .option("--nonnegative", "keep every factor at 0 or above (cp and tucker)")
    .addOption(
      new Option("--missing <what>", "values that are not finite: stop, or leave out and fill in")
        .choices(["error", "nan"])
        .default("error"),
    )
    .option("--quantize", "also split long axes into small ones (qtt)")
    .addOption(new Option("--dtype <type>", "compute and store with").choices(["float32", "float64"]))
    .option("--max-seconds <s>", "start no new search after this time (default: 30)", parseSeconds)
    .option("--out <file>", "write the result: .safetensors or .npz (with --var '*': a folder)")
    .option("--report <file>", "write a report: .html or .json")
    .option("--seed <n>", "seed of everything random", parseSeed, 0)
    .option("--json", "print the report as JSON")
    .action(async (file: string, flags: Flags) => {
      checkFlags(flags);
      if (flags.out !== undefined) await checkFolderOf(flags.out);
      if (flags.report !== undefined) await checkFolderOf(flags.report);
      if (flags.var === "*") await decomposeAll(file, flags, streams);
      else await decomposeOne(file, flags, streams);
    });
}

function checkFlags(flags: Flags): void {
  const { tol, maxBytes, rank, ranks, format, out, report } = flags;
  const asked = [
    ["--tol", tol],
    ["--max-bytes", maxBytes],
    ["--rank", rank],
    ["--ranks", ranks],
  ].filter(([, value]) => value !== undefined);
  if (asked.length > 1)
    throw new UsageError(
      `${asked.map(([name]) => name).join(" and ")} exclude each other: each says how exact to be`,
    );
  if ((rank !== undefined || ranks !== undefined) && (format === "auto" || format === "dense"))
    throw new UsageError(`ranks belong to a format: add --format cp, tucker, tt, ring, tree or qtt`);
  if (flags.nonnegative && !["auto", "cp", "tucker"].includes(format))
    throw new UsageError(`--nonnegative is for --format cp and tucker, not ${format}`);
  if (flags.var === "*") {
    if (report !== undefined && !/\.json$/i.test(report))
      throw new UsageError(
        `${report}: for several arrays the report is .json; choose one with --var for .html`,
      );
  } else {
    if (out !== undefined) checkDecompositionPath(out);
    if (report !== undefined) checkReportPath(report);
  }
}

/** What the library calls ranks. */
const RANKS = { ranks: "--ranks", rank: "--rank" } as const;

const requestOf = ({ tol, maxBytes, rank, ranks }: Flags): Request =>
  maxBytes !== undefined
    ? { kind: "budget", maxBytes }
    : rank !== undefined || ranks !== undefined
      ? { kind: "ranks", ranks: ranks ?? [rank!] }
      : { kind: "tolerance", tolerance: tol ?? DEFAULT_TOLERANCE };

async function decomposeOne(file: string, flags: Flags, streams: Streams): Promise<void> {
  const loaded = await readTensor(file, readOptions(flags));
  const { result, summary, tensors } = await work(loaded, flags, streams, flags.out);
  if (flags.report !== undefined)
    await writeReport(flags.report, {
      summary,
      result,
      ...(tensors ? { tensors } : {}),
      ...(flags.out === undefined ? {} : { out: flags.out }),
    });
  const { stdout } = streams;
  if (flags.json) stdout.write(reportJson(summary));
  else {
    stdout.write(renderText(summary, { ink: inkFor(stdout), width: widthOf(stdout) }));
    if (flags.out !== undefined) stdout.write(`\nwrote ${flags.out}\n`);
    if (flags.report !== undefined)
      stdout.write(`${flags.out === undefined ? "\n" : ""}wrote ${flags.report}\n`);
  }
}

const readOptions = ({ var: variable, coo }: Flags): { variable?: string; coo?: boolean } => ({
  ...(variable === undefined ? {} : { variable }),
  ...(coo ? { coo } : {}),
});

interface Done {
  readonly result: AutoResult;
  readonly summary: Summary;
  /** What pictures are made of; absent for sparse tensors and when nothing needs the reconstruction. */
  readonly tensors?: { readonly original: Tensor; readonly reconstruction: Tensor };
}

/** Searches, writes the result, and sums up. */
async function work(
  loaded: LoadedTensor,
  flags: Flags,
  streams: Streams,
  out: string | undefined,
): Promise<Done> {
  const { tensor, source } = loaded;
  const input = describe(loaded);
  const { result, request } = search(loaded, flags, requestOf(flags), streams);
  if (out !== undefined)
    await saveDecomposition(out, result.decomposition, {
      source: loaded.name,
      sourceKind: source.kind,
      sourceDtype: input.dtype,
      tolerance: request.kind === "tolerance" ? request.tolerance : null,
      error: result.error,
      seed: flags.seed,
      ...(source.columns ? { columns: source.columns } : {}),
    });
  const isPicture = source.kind === "image" || source.kind === "images";
  const shown = !isSparse(tensor) && (isPicture || /\.html?$/i.test(flags.report ?? ""));
  const tensors = shown ? { original: tensor, reconstruction: full(result.decomposition) } : undefined;
  const summary = summarize({
    input,
    request,
    result,
    psnr: tensors ? peakSignalToNoise(tensors.original, tensors.reconstruction, source.kind) : null,
    seed: flags.seed,
    ...(out === undefined ? {} : { out }),
    notes: loaded.notes,
  });
  return { result, summary, ...(tensors ? { tensors } : {}) };
}

function describe({ name, tensor, source }: LoadedTensor): ReportInput {
  const { path, kind, columns } = source;
  const common = { name, path, kind, shape: tensor.shape, ...(columns ? { columns } : {}) };
  if (!isSparse(tensor)) return { ...common, dtype: tensor.dtype, bytes: tensor.nbytes };
  const entries = tensor.values.length;
  return { ...common, dtype: "float64", entries, bytes: entries * (8 + 4 * tensor.shape.length) };
}

interface Found {
  readonly result: AutoResult;
  /** What was asked; a tensor with gaps asks for its gaps. */
  readonly request: Request;
}

/** Runs `decompose`, or `complete` where values are missing, under a progress bar. */
function search({ name, tensor }: LoadedTensor, flags: Flags, request: Request, streams: Streams): Found {
  const { format, rank, ranks, nonnegative, quantize, maxSeconds, seed } = flags;
  if (isSparse(tensor) && flags.dtype === "float32")
    throw new UsageError(`--dtype float32: ${name} is a list of entries, which is computed in float64`);
  const x = isSparse(tensor) ? tensor : prepare(tensor, flags, name);
  const bar = progressBar(streams.stderr);
  const options: DecomposeOptions = {
    ...(request.kind === "tolerance" ? { tol: request.tolerance } : {}),
    ...(request.kind === "budget" ? { maxBytes: request.maxBytes } : {}),
    ...(format === "auto" ? {} : { formats: [format] }),
    ...(rank === undefined ? {} : { rank }),
    ...(ranks === undefined ? {} : { ranks }),
    ...(nonnegative ? { nonnegative } : {}),
    ...(quantize ? { quantize } : {}),
    ...(maxSeconds === undefined ? {} : { maxSeconds }),
    key: key(seed),
    onProgress: (progress) => bar.update(progress),
  };
  try {
    if (flags.missing === "nan" && !isSparse(x)) {
      const { mask, missing } = presentMask(x);
      if (missing === x.size) throw new UsageError(`${name}: every value is missing`);
      if (missing > 0) return inWordsOf(name, RANKS, () => fillGaps(x, mask, missing, flags, options));
    }
    return { result: inWordsOf(name, RANKS, () => decompose(x, options)), request };
  } finally {
    bar.stop();
  }
}

/** A fit to the values that are present; how large it is follows from how well it predicts values held out. */
function fillGaps(x: Tensor, mask: Tensor, missing: number, flags: Flags, options: DecomposeOptions): Found {
  const { format, ranks, rank, nonnegative, tol, maxBytes, seed } = flags;
  if (nonnegative || maxBytes !== undefined || tol !== undefined)
    throw new UsageError(
      `${nonnegative ? "--nonnegative" : tol === undefined ? "--max-bytes" : "--tol"} does not go with missing values: the ranks are those that predict held-out values best`,
    );
  const { result, heldOutError } = completeTensor(x, mask, missing, {
    format,
    key: key(seed),
    onProgress: (progress) => options.onProgress?.(progress),
    ...(ranks
      ? { ranks }
      : rank === undefined
        ? {}
        : { ranks: format === "cp" ? [rank] : x.shape.map(() => rank) }),
  });
  return { result, request: { kind: "completion", missing, heldOutError } };
}

/** The tensor in the dtype of the computation, checked for values that are not finite. */
function prepare(x: Tensor, { dtype, missing }: Flags, name: string): Tensor {
  const kept: readonly DType[] = ["float64", "float32", "complex64", "complex128"];
  const narrow: readonly DType[] = ["float16", "bfloat16", "float8_e4m3", "float8_e5m2"];
  if (dtype !== undefined && isComplex(x.dtype))
    throw new UsageError(`--dtype ${dtype}: ${name} holds complex numbers (${x.dtype})`);
  const type = dtype ?? (kept.includes(x.dtype) ? x.dtype : narrow.includes(x.dtype) ? "float32" : "float64");
  const converted = astype(x, type);
  if (missing === "error") {
    try {
      checkFinite(converted, name);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      throw new DomainError(`${error.message}; --missing nan leaves such values out and fills them in`);
    }
  }
  return converted;
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST"
      ? new UsageError(`${path}: a file; with --var "*" --out names a folder`)
      : fileError(path, error);
  }
}

/** Every array of two axes and more, each on its own, and a table of them. */
async function decomposeAll(file: string, flags: Flags, streams: Streams): Promise<void> {
  const names = await variablesIn(file);
  if (names.length === 0) throw new UsageError(`--var "*": ${file} holds no named arrays`);
  if (flags.out !== undefined) await makeFolder(flags.out);
  const summaries: { variable: string; summary: Summary }[] = [];
  const skipped: string[] = [];
  for (const variable of names) {
    const loaded = await readTensor(file, { ...readOptions(flags), variable });
    if (loaded.tensor.shape.length < 2) {
      skipped.push(`${variable} ${formatShape(loaded.tensor.shape)}`);
      continue;
    }
    const out =
      flags.out === undefined
        ? undefined
        : join(flags.out, `${variable.replaceAll(/[/\\]/g, "_")}.safetensors`);
    const { summary } = await work(loaded, { ...flags, report: undefined } as Flags, streams, out);
    summaries.push({ variable, summary });
  }
  if (summaries.length === 0) throw new UsageError(`--var "*": ${file} holds no array of two axes or more`);
  const json = `${JSON.stringify(
    summaries.map(({ summary }) => summary),
    null,
    2,
  )}\n`;
  if (flags.report !== undefined) {
    const { writeFileAtomic } = await import("../io/files.ts");
    await writeFileAtomic(flags.report, json);
  }
  if (flags.json) streams.stdout.write(json);
  else streams.stdout.write(renderAll(summaries, skipped, flags, streams));
}

function renderAll(
  summaries: readonly { readonly variable: string; readonly summary: Summary }[],
  skipped: readonly string[],
  { out, report }: Flags,
  { stdout }: Streams,
): string {
  const rows = summaries.map(({ variable, summary: { input, choice, quality } }) => [
    variable,
    formatShape(input.shape),
    FORMAT_NAMES[choice.format],
    describeRanks(choice.format, choice.ranks),
    formatNumber(choice.parameters),
    formatBytes(choice.bytes),
    formatPercent(quality.error),
  ]);
  const sum = (of: (summary: Summary) => number): number =>
    summaries.reduce((total, { summary }) => total + of(summary), 0);
  const before = sum(({ input }) => input.bytes);
  const after = sum(({ choice }) => choice.bytes);
  const numbers = sum(({ choice }) => choice.parameters);
  rows.push(["all", "", "", "", formatNumber(numbers), formatBytes(after), ""]);
  const lines = formatTable(["array", "shape", "format", "ranks", "numbers", "bytes", "error"], rows, {
    right: [4, 5, 6],
    width: widthOf(stdout),
    ink: inkFor(stdout),
  });
  lines.push("", `${formatBytes(before)} became ${formatBytes(after)}.`);
  if (skipped.length > 0) lines.push(`left out, of fewer than two axes: ${skipped.join(", ")}`);
  if (out !== undefined) lines.push(`wrote ${summaries.length} files to ${out}`);
  if (report !== undefined) lines.push(`wrote ${report}`);
  return `${lines.join("\n")}\n`;
}
