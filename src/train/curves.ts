// The course of a training as one HTML page.

import { writeFileAtomic } from "../io/files.ts";
import { type ChartSpec, chartFigure, type Series } from "../plot/chart.ts";
import { formatNumber, formatSeconds } from "../plot/format.ts";
import { escapeText as t } from "../plot/markup.ts";
import { STYLE } from "../report/style.ts";
import type { Measured, TrainingRecord } from "./history.ts";
import type { FitResult, Stopped } from "./run.ts";

const REASONS: Readonly<Record<Stopped, string>> = {
  epochs: "all epochs done",
  steps: "all steps done",
  early: "stopped early: no better round came",
  caller: "stopped by the caller",
  diverged: "stopped: values were not finite",
};

/** Writes the page, whole or not at all. Throws FileError. */
export async function writeCurves(path: string, result: FitResult<unknown>): Promise<void> {
  await writeFileAtomic(path, await renderCurves(result));
}

/** The page as text. */
export async function renderCurves({
  history,
  best,
  steps,
  stopped,
  seconds,
}: FitResult<unknown>): Promise<string> {
  const metrics = Object.keys(history[0]?.metrics ?? {});
  const figures = await Promise.all([
    figure("loss", history, ({ loss }) => loss, best?.step),
    ...metrics.map((name) => figure(name, history, (m) => m.metrics[name]!, undefined)),
  ]);
  const tile = (value: string, label: string, more: string): string =>
    `<div class="tile"><b>${t(value)}</b><span>${t(label)}</span><small>${t(more)}</small></div>`;
  const last = history.at(-1);
  const tiles = [
    tile(formatNumber(steps), "steps", REASONS[stopped]),
    last ? tile(number(last.loss), "loss", "mean of the last round") : "",
    last?.validation ? tile(number(last.validation.loss), "validation loss", "after the last round") : "",
    best ? tile(number(best.value), "best value", `at step ${formatNumber(best.step)}`) : "",
    tile(formatSeconds(seconds), "time", steps > 0 ? `${formatSeconds(seconds / steps)} a step` : ""),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Training — polyadic report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header><p class="kicker">polyadic fit</p><h1>Training</h1><div class="tiles">${tiles.join("")}</div></header>
${figures.filter(Boolean).join("\n")}
</main>
</body>
</html>
`;
}

const number = (value: number): string => formatNumber(Number(value.toPrecision(4)));

async function figure(
  name: string,
  history: readonly TrainingRecord[],
  of: (measured: Measured) => number,
  bestStep: number | undefined,
): Promise<string> {
  const series: Series[] = [
    { name: "training", points: history.map((record) => [record.step, of(record)]) },
    {
      name: "validation",
      points: history.flatMap(({ step, validation }) =>
        validation ? [[step, of(validation)] as const] : [],
      ),
    },
  ];
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite);
  const isWide = Math.min(...values) > 0 && Math.max(...values) > 20 * Math.min(...values);
  const spec: ChartSpec = {
    x: { label: "step", format: "count" },
    y: { label: name, scale: isWide ? "log" : "linear" },
    series: series.filter(({ points }) => points.length > 0),
    rules: bestStep === undefined ? [] : [{ axis: "x", at: bestStep, label: "best" }],
  };
  const drawn = await chartFigure(spec, { width: 960, height: 380 });
  return drawn && `<section><h2>${t(name)}</h2>${drawn}</section>`;
}
