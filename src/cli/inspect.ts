// polyadic inspect: what a file holds.
import type { Command } from "commander";
import { isSparse } from "../decompose/base/sparse.ts";
import { bytes, parameters, ranks, tensorsOf } from "../decompose/operations.ts";
import type { Decomposition } from "../decompose/types.ts";
import { isDecompositionFile, type LoadedDecomposition, loadDecomposition } from "../io/decompositionFile.ts";
import { isFunctionFile, readFunction } from "../io/functionFile.ts";
import { listSafetensors } from "../io/safetensors.ts";
import { readTensor, variablesIn } from "../io/tensorFile.ts";
import { astype } from "../ops/cast.ts";
import { formatBytes, formatFactor, formatNumber, formatPercent } from "../plot/format.ts";
import { formatTable } from "../report/table.ts";
import { dtypeInfo, isComplex } from "../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { inkFor, type Streams, widthOf } from "./streams.ts";

const KIND_NAMES: Readonly<Record<Decomposition["kind"], string>> = {
  cp: "CP decomposition (a sum of outer products)",
  tucker: "Tucker decomposition (a core with one factor for each axis)",
  tt: "tensor train (a chain of small cores)",
  ring: "tensor ring (a closed chain of small cores)",
  tree: "tree Tucker decomposition",
  network: "tensor network",
  dense: "plain array (it was not compressible)",
  arranged: "rearranged",
};

/** What `inspect --json` prints. */
interface Inspection {
  readonly file: string;
  readonly decomposition?: Readonly<Record<string, unknown>>;
  readonly arrays: readonly { readonly name: string; readonly dtype: string; readonly shape: Shape }[];
  readonly lines: readonly string[];
}

/** Adds the command to the program. */
export function addInspect(program: Command, streams: Streams): void {
  program
    .command("inspect")
    .description("say what a file holds: a decomposition, or arrays")
    .argument("<file>", "any file that decompose reads or writes")
    .option("--coo", "read a table as index, …, value")
    .option("--json", "print JSON")
    .action(async (file: string, flags: { readonly coo?: true; readonly json?: true }) => {
      const { lines, arrays, ...rest } = (await isFunctionFile(file))
        ? await inspectFunction(file)
        : (await isDecompositionFile(file))
          ? inspectDecomposition(file, await loadDecomposition(file))
          : await inspectArrays(file, flags.coo === true);
      const { stdout } = streams;
      if (flags.json) {
        stdout.write(`${JSON.stringify({ ...rest, arrays }, null, 2)}\n`);
        return;
      }
      const table = formatTable(
        ["array", "dtype", "shape", "numbers"],
        arrays.map(({ name, dtype, shape }) => [
          name,
          dtype,
          formatShape(shape),
          formatNumber(sizeOf(shape)),
        ]),
        { right: [3], width: widthOf(stdout), ink: inkFor(stdout) },
      );
      stdout.write(`${[...lines, "", ...table].join("\n")}\n`);
    });
}

function inspectDecomposition(
  file: string,
  { decomposition: d, shape, info }: LoadedDecomposition,
): Inspection {
  const inner = d.kind === "arranged" ? d.inner : d;
  const numbers = parameters(d);
  const total = sizeOf(shape);
  const lines = [
    `${file}: ${KIND_NAMES[inner.kind]}`,
    `  of          ${info.source}, ${info.sourceDtype} ${formatShape(shape)}, ${formatNumber(total)} numbers`,
    `  ranks       ${ranks(d).join(", ") || "none"}`,
    `  stored      ${formatNumber(numbers)} numbers (${formatFactor(total / numbers)} times fewer), ${formatBytes(bytes(d))}`,
    `  error       ${formatPercent(info.error)}${info.tolerance === null ? "" : `, asked: at most ${formatPercent(info.tolerance)}`}`,
    `  seed        ${info.seed}`,
  ];
  if (d.kind === "arranged") {
    const { padded, splits, order } = d.layout;
    lines.push(
      `  layout      padded to ${formatShape(padded)}, split into ${splits.map((split) => split.join("×")).join(", ")}, order ${order.join(", ")}`,
    );
  }
  const arrays = Object.entries(tensorsOf(d)).map(([name, x]) => ({ name, dtype: x.dtype, shape: x.shape }));
  const decomposition = {
    kind: inner.kind,
    shape,
    ranks: ranks(d),
    parameters: numbers,
    bytes: bytes(d),
    ...(d.kind === "arranged" ? { layout: d.layout } : {}),
    ...info,
  };
  return { file, decomposition, arrays, lines };
}

async function inspectFunction(file: string): Promise<Inspection> {
  const { function: f, info } = await readFunction(file);
  const lines = [
    `${file}: a function of ${f.order} variables, ${f.kind === "cheb-tucker" ? "Chebyshev-Tucker form" : "tensor train of Chebyshev coefficients"}`,
    `  of          ${info.source}`,
    `  domain      ${f.domain.map(([a, b]) => `[${a}, ${b}]`).join(" × ")}`,
    `  degrees     ${f.degrees.join(", ")}`,
    `  ranks       ${f.ranks.join(", ")}`,
    `  stored      ${formatNumber(f.parameters)} numbers`,
    `  error       ${info.error.toExponential(1)} of the largest value, asked: ${info.tolerance}`,
  ];
  const tensors = tensorsOf(f.coefficients);
  const arrays = Object.entries(tensors).map(([name, x]) => ({ name, dtype: x.dtype, shape: x.shape }));
  const decomposition = { kind: f.kind, domain: f.domain, degrees: f.degrees, ranks: f.ranks, ...info };
  return { file, decomposition, arrays, lines };
}

async function inspectArrays(file: string, coo: boolean): Promise<Inspection> {
  if (/\.safetensors$/i.test(file)) {
    const { entries, metadata } = await listSafetensors(file);
    const lines = [
      `${file}: ${entries.length} tensors`,
      ...Object.entries(metadata).map(([name, text]) => `  ${name}: ${text.slice(0, 200)}`),
    ];
    return { file, arrays: entries.map(({ name, type, shape }) => ({ name, dtype: type, shape })), lines };
  }
  const names = await variablesIn(file);
  const arrays: { name: string; dtype: string; shape: Shape }[] = [];
  const lines: string[] = [];
  for (const variable of names.length > 0 ? names : [undefined]) {
    const { name, tensor, source, notes } = await readTensor(
      file,
      variable === undefined ? { coo } : { variable, coo },
    );
    const dtype = isSparse(tensor) ? "float64" : tensor.dtype;
    arrays.push({ name: variable ?? name, dtype, shape: tensor.shape });
    lines.push(...notes.map((note) => `  note: ${note}`));
    if (names.length > 1) continue;
    if (isSparse(tensor)) lines.push(`  ${formatNumber(tensor.values.length)} nonzero entries`);
    else lines.push(`  ${formatBytes(tensor.size * dtypeInfo(tensor.dtype).bytes)}${statistics(tensor)}`);
    if (source.columns) lines.push(`  columns: ${source.columns.join(", ")}`);
    if (source.files)
      lines.push(`  ${source.files.length} pictures, ${source.files[0]} … ${source.files.at(-1)}`);
  }
  return {
    file,
    arrays,
    lines: [`${file}: ${arrays.length === 1 ? "one array" : `${arrays.length} arrays`}`, ...lines],
  };
}

/** Range and mean of the finite values, and how many are not. O(size). */
function statistics(x: Tensor): string {
  if (isComplex(x.dtype) || x.size === 0) return "";
  const values = astype(x, "float64").data();
  let [low, high, sum, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
    finite++;
  }
  if (finite === 0) return ", no finite value";
  const bad = values.length - finite;
  return `, from ${formatNumber(low)} to ${formatNumber(high)}, mean ${formatNumber(sum / finite)}${bad > 0 ? `, ${formatNumber(bad)} not finite` : ""}`;
}
