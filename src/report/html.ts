// The report as one HTML file: styles, charts (SVG) and pictures (PNG data) inside, no scripts, nothing to fetch.
import type { Candidate, Decomposition, Format } from "../decompose/types.ts";
import { type ChartSpec, chartFigure, type Series } from "../plot/chart.ts";
import { structureDiagram } from "../plot/diagram.ts";
import { formatBytes, formatFactor, formatNumber, formatPercent, formatSeconds } from "../plot/format.ts";
import { escapeText as t } from "../plot/markup.ts";
import { pythonSnippet } from "./next.ts";
import { AMPLIFICATION, type PictureRow } from "./pictures.ts";
import { STYLE } from "./style.ts";
import {
  axisNames,
  describeInput,
  describeRanks,
  FORMAT_NAMES,
  FORMAT_WORDS,
  known,
  sortedCandidates,
} from "./summary.ts";
import type { Summary } from "./types.ts";

/** One colour for a format on the whole page. */
const COLORS: Readonly<Record<Format, string>> = {
  tucker: "#0072b2",
  tt: "#008a66",
  cp: "#d55e00",
  ring: "#b0478f",
  tree: "#9a7400",
  qtt: "#6247aa",
  dense: "#555555",
};

/** What the page shows beside the summary. */
export interface HtmlParts {
  readonly summary: Summary;
  readonly decomposition: Decomposition;
  readonly pictures: readonly PictureRow[];
  /** A vector and its reconstruction, shown as lines. */
  readonly lines?: ChartSpec;
  /** The file that was written. */
  readonly out?: string;
}

/** The whole page, as text. */
export async function renderHtml(parts: HtmlParts): Promise<string> {
  const { summary, decomposition, pictures, lines, out } = parts;
  const { input } = summary;
  const sections = [
    header(summary),
    lines ? section("Before and after", "", await chartFigure(lines, { width: 960, height: 380 })) : "",
    pictureSection(pictures, summary),
    structureSection(decomposition, summary),
    await sizeSection(summary),
    candidateSection(summary),
    await spectrumSection(summary),
    noteSection(summary),
    nextSection(summary, decomposition, out),
    `<footer>Made by polyadic in ${formatSeconds(summary.seconds)} from <code>${t(input.path)}</code>, seed ${summary.seed}. The same command gives the same result, as long as no search runs out of time.</footer>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${t(input.name)} — polyadic report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${sections.filter(Boolean).join("\n")}
</main>
</body>
</html>
`;
}

const section = (title: string, explanation: string, body: string): string =>
  body === ""
    ? ""
    : `<section><h2>${t(title)}</h2>${explanation === "" ? "" : `<p class="explain">${explanation}</p>`}${body}</section>`;

function header(summary: Summary): string {
  const { input, choice, quality, request } = summary;
  const tile = (value: string, label: string, more: string): string =>
    `<div class="tile"><b>${t(value)}</b><span>${t(label)}</span><small>${t(more)}</small></div>`;
  const total = input.shape.reduce((a, b) => a * b, 1);
  const times = (ratio: number, less: string, more: string): string =>
    ratio >= 1 ? `${formatFactor(ratio)} times ${less}` : `${formatFactor(1 / ratio)} times ${more}`;
  const asked =
    request.kind === "tolerance" ? `asked: at most ${formatPercent(request.tolerance)}` : "‖X − X̂‖ / ‖X‖";
  const tiles = [
    tile(
      formatNumber(choice.parameters),
      "numbers stored",
      `of ${formatNumber(total)}: ${times(choice.numbersRatio, "fewer", "more")}`,
    ),
    tile(
      formatBytes(choice.bytes),
      "in the file",
      `of ${formatBytes(input.bytes)} as ${input.dtype}: ${times(choice.bytesRatio, "smaller", "larger")}`,
    ),
    tile(formatPercent(quality.error), "relative error, measured", asked),
    tile(
      formatNumber(Number(quality.maxAbsoluteError.toPrecision(3))),
      "largest error of one value",
      "max |X − X̂|",
    ),
    quality.psnr === null || !Number.isFinite(quality.psnr)
      ? ""
      : tile(
          `${quality.psnr.toFixed(1)} dB`,
          "picture quality (PSNR)",
          "30 and more is hard to see, 40 very hard",
        ),
  ];
  return `<header><p class="kicker">polyadic decompose</p><h1>${t(input.name)}</h1><p class="what">${t(describeInput(input))}</p><p class="choice">${t(choice.sentence)}</p><div class="tiles">${tiles.join("")}</div></header>`;
}

function pictureSection(pictures: readonly PictureRow[], { input }: Summary): string {
  if (pictures.length === 0) return "";
  const real = input.kind === "image" || input.kind === "images";
  const image = (source: string, label: string, row: PictureRow): string =>
    `<figure><img src="${source}" alt="${t(label)}"${row.enlarged ? ' class="pixels"' : ""}><figcaption>${t(label)}</figcaption></figure>`;
  const rows = pictures.map(
    (row) =>
      `${row.caption ? `<h3>${t(row.caption)}</h3>` : ""}<div class="pictures">${image(row.original, "original", row)}${image(row.reconstruction, "reconstruction", row)}${image(row.difference, `difference × ${AMPLIFICATION}`, row)}</div>`,
  );
  const how = real
    ? `The input, what the stored numbers give back, and the distance between the two, enlarged ${AMPLIFICATION} times: black where nothing differs.`
    : `${input.shape.length > 2 ? "A slice of the input" : "The input"}, what the stored numbers give back, and the distance between the two, enlarged ${AMPLIFICATION} times. Dark is low, bright is high${input.kind === "table" ? "; every column has its own scale" : ""}.`;
  return section("Before and after", how, rows.join(""));
}

function structureSection(d: Decomposition, { input, choice }: Summary): string {
  if (d.kind === "dense") return "";
  const layout = d.kind === "arranged" ? layoutSentence(d, axisNames(input.kind, input.shape.length)) : "";
  const what = `Stored as ${FORMAT_WORDS[choice.format]}. Each circle is a small array. A line between two circles is an index that is summed over; its number is the <em>rank</em>, and the smaller the ranks, the fewer the numbers. A line with a free end is an axis of the input with its length. ${layout}`;
  return section(
    "What is stored",
    what,
    `<div class="diagram">${structureDiagram(d, axisNames(input.kind, input.shape.length))}</div>`,
  );
}

function layoutSentence(d: Extract<Decomposition, { kind: "arranged" }>, names: readonly string[]): string {
  const { shape, padded, splits, order } = d.layout;
  const split = shape
    .map((length, k) => {
      const padding = padded[k]! > length ? ` (filled up with zeros to ${padded[k]})` : "";
      return splits[k]!.length > 1 ? `${length} ${names[k]}${padding} into ${splits[k]!.join(" × ")}` : "";
    })
    .filter(Boolean);
  const moved = order.some((axis, j) => axis !== j)
    ? " The axes were put in another order, in which the ranks are smaller."
    : "";
  return t(`${split.length > 0 ? `Long axes were split: ${split.join("; ")}.` : ""}${moved}`);
}

async function sizeSection({ candidates, curves, choice, quality, request }: Summary): Promise<string> {
  const series: Series[] = [];
  // Predictions far below what was asked would squeeze the part that matters.
  const least = Math.min(quality.error || 1, request.kind === "tolerance" ? request.tolerance || 1 : 1) / 30;
  for (const { format, points } of curves)
    series.push({
      name: FORMAT_NAMES[format],
      color: COLORS[format],
      points: points
        .filter(({ error }) => error <= 1 && error >= least)
        .map(({ bytes, error }) => [bytes, error]),
    });
  const listed = new Set(curves.map(({ format }) => format));
  for (const format of new Set(candidates.map((candidate) => candidate.format))) {
    const tried = candidates.filter((candidate) => candidate.format === format && candidate.error > 0);
    series.push({
      name: FORMAT_NAMES[format],
      color: COLORS[format],
      style: "dots",
      unlisted: listed.has(format),
      points: tried.map(({ bytes, error }) => [bytes, error]),
    });
  }
  if (choice.format !== "dense")
    series.push({
      name: "chosen",
      color: "#111111",
      style: "rings",
      label: "chosen",
      unlisted: true,
      points: [[choice.bytes, quality.error]],
    });
  // One dot alone shows nothing that the numbers above do not.
  const places = new Set(series.flatMap(({ points }) => points.map(([bytes]) => bytes)));
  if (places.size < 2) return "";
  const figure = await chartFigure(
    {
      x: { label: "bytes stored", scale: "log", format: "bytes" },
      y: { label: "relative error", scale: "log", format: "percent" },
      series,
      rules:
        request.kind === "tolerance" && request.tolerance > 0
          ? [{ axis: "y", at: request.tolerance, label: `asked: ${formatPercent(request.tolerance)}` }]
          : [],
    },
    { width: 960, height: 430 },
  );
  return section(
    "Error against size",
    "Further left is smaller, further down is more exact. A dot is a result that was computed and measured; a line is what the singular values below predict for that format at other sizes. The ring marks the choice.",
    figure,
  );
}

/** How the choice was made. */
const CHOSEN_BY: Readonly<Record<Summary["request"]["kind"], string>> = {
  tolerance: "The choice is the result with the fewest bytes whose measured error is within what was asked.",
  budget: "The choice is the result with the smallest measured error among those that fit the asked size.",
  ranks: "The ranks were given.",
  completion:
    "The choice is the smallest model that predicts held-out values about as well as the best, fitted once more to all values.",
};

function candidateSection({ candidates, request }: Summary): string {
  const words: Record<Candidate["status"], string> = {
    chosen: "chosen",
    valid: "possible",
    rejected: "rejected",
  };
  const rows = sortedCandidates(candidates).map((c) => {
    const ranks = describeRanks(c.format, c.ranks);
    return `<tr class="${c.status}"><td><i style="background:${COLORS[c.format]}"></i>${t(FORMAT_NAMES[c.format])}${c.detail ? `<small>${t(c.detail)}</small>` : ""}</td><td class="ranks">${t(ranks) || "–"}</td><td class="n">${known(c.parameters, formatNumber)}</td><td class="n">${t(known(c.bytes, formatBytes))}</td><td class="n">${t(known(c.error, formatPercent))}</td><td class="n">${t(formatSeconds(c.seconds))}</td><td><span class="status">${words[c.status]}</span>${c.reason ? `<small>${t(c.reason)}</small>` : ""}</td></tr>`;
  });
  return section(
    "Everything that was tried",
    CHOSEN_BY[request.kind],
    `<div class="scroll"><table><thead><tr><th>format</th><th>ranks</th><th class="n">numbers</th><th class="n">bytes</th><th class="n">error</th><th class="n">time</th><th>outcome</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`,
  );
}

/** Most spectra that are drawn; single axes come first. */
const SPECTRA = 6;

async function spectrumSection({ spectra, input }: Summary): Promise<string> {
  const names = axisNames(input.kind, input.shape.length);
  const drawn = [...spectra]
    .filter(({ values }) => values.length > 1)
    .sort((a, b) => a.modes.length - b.modes.length);
  const figures = await Promise.all(
    drawn.slice(0, SPECTRA).map(({ modes, values, kept }) => {
      const top = values[0] || 1;
      const point = (value: number, i: number): [number, number] => [i + 1, value / top];
      // The same cut seen from the other side: the shorter list of axes names it.
      const rest = [...names.keys()].filter((axis) => !modes.includes(axis));
      const side = rest.length > 0 && rest.length < modes.length ? rest : modes;
      const part = side.map((axis) => names[axis] ?? `axis ${axis}`).join(" and ");
      return chartFigure(
        {
          title: `${part} against the rest: ${formatNumber(kept)} kept`,
          x: { label: "singular value, by size", format: "count" },
          y: { label: "relative to the largest", scale: "log", format: "power" },
          series: [
            { name: "left out", color: "#b8bfc7", style: "dots", points: values.map(point).slice(kept) },
            { name: "kept", color: "#0072b2", style: "dots", points: values.map(point).slice(0, kept) },
          ],
          rules: kept < values.length ? [{ axis: "x", at: kept + 0.5, label: "cut" }] : [],
        },
        { width: 460, height: 260 },
      );
    }),
  );
  const more =
    drawn.length > SPECTRA
      ? ` The first ${SPECTRA} of ${drawn.length} ways to cut the axes in two are shown.`
      : "";
  return section(
    "Why it works: the singular values",
    `Lay the input out as a matrix, one group of axes down and the others across. Its singular values say how many patterns it is made of; where they fall fast, a few patterns suffice. Those left of the cut are kept at the asked error.${more}`,
    drawn.length === 0 ? "" : `<div class="spectra">${figures.join("")}</div>`,
  );
}

const noteSection = ({ notes }: Summary): string =>
  section(
    "Notes",
    "",
    notes.length === 0 ? "" : `<ul>${notes.map((note) => `<li>${t(note)}</li>`).join("")}</ul>`,
  );

function nextSection({ next }: Summary, d: Decomposition, out: string | undefined): string {
  const commands = next.map(
    ({ purpose, command }) => `<dt>${t(purpose)}</dt><dd><code>${t(command)}</code></dd>`,
  );
  const python = out === undefined ? undefined : pythonSnippet(d, out);
  const lines = python === undefined ? "" : `<h3>Read it in Python</h3><pre>${t(python)}</pre>`;
  return section("What to type next", "", `<dl>${commands.join("")}</dl>${lines}`);
}
