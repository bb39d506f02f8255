// The report in a terminal.
import { formatBytes, formatNumber, formatPercent, formatSeconds } from "../plot/format.ts";
import { describeInput, describeRanks, FORMAT_NAMES, known, sortedCandidates } from "./summary.ts";
import { formatTable } from "./table.ts";
import type { Summary } from "./types.ts";

/** Functions that colour text, or leave it as it is. */
export interface Ink {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
}

export const PLAIN: Ink = { bold: (text) => text, dim: (text) => text, green: (text) => text };

/** The report as lines for a terminal of `width` columns. */
export function renderText(
  summary: Summary,
  options: { readonly ink?: Ink; readonly width?: number } = {},
): string {
  const { ink = PLAIN, width = 100 } = options;
  const { input, choice, quality, candidates, notes, next } = summary;
  const lines = [
    `${ink.bold(input.name)}  ${describeInput(input)}`,
    "",
    ...wrap(choice.sentence, width).map(ink.green),
    "",
    `  stored      ${formatNumber(choice.parameters)} numbers, ${formatBytes(choice.bytes)}`,
    `  error       ${formatPercent(quality.error)} relative, ${Number(quality.maxAbsoluteError.toPrecision(3))} at most in one value${quality.psnr === null ? "" : `, PSNR ${quality.psnr.toFixed(1)} dB`}`,
    "",
  ];
  const status = { chosen: "← chosen", valid: "", rejected: "rejected" };
  const rows = sortedCandidates(candidates).map((c) => [
    FORMAT_NAMES[c.format],
    shorten(describeRanks(c.format, c.ranks), 24),
    known(c.parameters, formatNumber),
    known(c.bytes, formatBytes),
    known(c.error, formatPercent),
    formatSeconds(c.seconds),
    [status[c.status], c.reason].filter(Boolean).join(": "),
  ]);
  lines.push(
    ...formatTable(["format", "ranks", "numbers", "bytes", "error", "time", ""], rows, {
      right: [2, 3, 4, 5],
      width,
      ink,
    }),
  );
  if (notes.length > 0) lines.push("", ...notes.flatMap((note) => wrap(`note: ${note}`, width)));
  if (next.length > 0) {
    lines.push("", ink.dim("next:"));
    for (const { purpose, command } of next) lines.push(`  ${command}  ${ink.dim(`# ${purpose}`)}`);
  }
  return `${lines.join("\n")}\n`;
}

const shorten = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** Text broken into lines of at most `width` characters, at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
