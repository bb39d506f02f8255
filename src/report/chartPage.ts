// A report of a few facts and charts: one HTML page, one SVG drawing, or JSON.

import { extname } from "node:path";
import { writeFileAtomic } from "../io/files.ts";
import { type ChartSpec, chartFigure, renderChart } from "../plot/chart.ts";
import { escapeText as t } from "../plot/markup.ts";
import { FileError } from "../tensor/errors.ts";
import { STYLE } from "./style.ts";

export interface ChartReport {
  /** The command that made it. */
  readonly kicker: string;
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly charts: readonly ChartSpec[];
  /** What a `.json` report holds. */
  readonly summary: unknown;
}

/** Throws FileError unless a chart report can be written under this name: for a check before long work. */
export function checkChartReportPath(path: string): void {
  if (!/\.(html?|svg|json)$/i.test(path))
    throw new FileError(`${path}: a report is written as .html, .svg or .json`);
}

/** Writes a report, whole or not at all; `.svg` holds the first chart. Throws FileError. */
export async function writeChartReport(path: string, report: ChartReport): Promise<void> {
  checkChartReportPath(path);
  const extension = extname(path).toLowerCase();
  if (extension === ".json") await writeFileAtomic(path, `${JSON.stringify(report.summary, null, 2)}\n`);
  else if (extension === ".svg") await writeFileAtomic(path, `${await renderChart(report.charts[0]!)}\n`);
  else await writeFileAtomic(path, await page(report));
}

async function page({ kicker, title, facts, charts }: ChartReport): Promise<string> {
  const figures = await Promise.all(charts.map((chart) => chartFigure(chart, { width: 960, height: 420 })));
  const rows = facts.map(([name, value]) => `<tr><td>${t(name)}</td><td class="n">${t(value)}</td></tr>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${t(title)} — polyadic</title><style>${STYLE}</style></head><body><main>
<header><p class="kicker">${t(kicker)}</p><h1>${t(title)}</h1></header>
<section><div class="scroll"><table><tbody>${rows.join("")}</tbody></table></div></section>
${figures
  .filter(Boolean)
  .map((figure) => `<section>${figure}</section>`)
  .join("\n")}
</main></body></html>
`;
}
