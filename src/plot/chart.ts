// Charts as plain data, and their drawing to SVG with Observable Plot on a document of jsdom's: no browser is needed.
import type { MarkOptions, PlotOptions } from "@observablehq/plot";
import { formatBytes, formatNumber, formatPercent } from "./format.ts";
import { escapeText } from "./markup.ts";

export interface Axis {
  readonly label: string;
  /** "linear" unless told. */
  readonly scale?: "linear" | "log";
  /** How ticks are written: plain numbers unless told. */
  readonly format?: "number" | "count" | "percent" | "bytes" | "power";
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** "line" unless told. */
  readonly style?: "line" | "dashed" | "dots" | "rings";
  /** Any CSS colour; the chart's own sequence unless told. */
  readonly color?: string;
  /** Written beside the last point. */
  readonly label?: string;
  /** Left out of the legend; for series that repeat another's name in a different style. */
  readonly unlisted?: boolean;
}

/** A straight line across the chart at a value that matters. */
export interface Rule {
  readonly axis: "x" | "y";
  readonly at: number;
  readonly label: string;
}

/** A chart of points and lines, as plain data that JSON can hold. */
export interface ChartSpec {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly rules?: readonly Rule[];
}

const WIDTH = 720;

export interface ChartSize {
  readonly width?: number;
  readonly height?: number;
}

/** Colours that people with any colour vision tell apart (Okabe and Ito's), dark enough on white. */
export const PALETTE: readonly string[] = [
  "#0072b2",
  "#d55e00",
  "#008a66",
  "#b0478f",
  "#9a7400",
  "#6247aa",
  "#555555",
];

const colorOf = (spec: ChartSpec, series: Series): string =>
  series.color ?? PALETTE[spec.series.indexOf(series) % PALETTE.length]!;

function tickFormat(axis: Axis): (value: number) => string {
  switch (axis.format) {
    case "bytes":
      return formatBytes;
    case "percent":
      return formatPercent;
    case "power":
      return (value) =>
        `10${String(Math.round(Math.log10(value))).replace(/./g, (c) => SUPERSCRIPTS[c] ?? c)}`;
    default:
      return formatNumber;
  }
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

/** Points that the axes can show: finite, and positive where an axis is logarithmic. */
function drawable(spec: ChartSpec, series: Series): (readonly [number, number])[] {
  const fits = (value: number, axis: Axis): boolean =>
    Number.isFinite(value) && (axis.scale !== "log" || value > 0);
  return series.points.filter(([x, y]) => fits(x, spec.x) && fits(y, spec.y));
}

/** Ticks of a logarithmic axis: powers of ten, with 2 and 5 between when there are few. */
function logTicks(values: readonly number[], powersOnly: boolean): number[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const decades = Math.log10(high / low);
  const steps = powersOnly
    ? [1]
    : decades > 4
      ? [1]
      : decades > 2
        ? [1, 3]
        : decades > 0.8
          ? [1, 2, 5]
          : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const stride = Math.max(1, Math.ceil(decades / 7));
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    if (e % stride !== 0) continue;
    for (const step of steps) ticks.push(Number(`${step}e${e}`));
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

/** How many ticks a linear axis gets; never so many that some would lie between two counts. */
function linearTicks(axis: Axis, values: readonly number[], width: number): number {
  const wanted = Math.max(3, Math.round(width / 110));
  const range = Math.max(...values) - Math.min(...values);
  return axis.format === "count" ? Math.max(1, Math.min(wanted, Math.floor(range))) : wanted;
}

/** An SVG element, as text, of a chart; the empty string when it holds no point that can be drawn. */
export async function renderChart(spec: ChartSpec, size: ChartSize = {}): Promise<string> {
  const { width = WIDTH, height = 400 } = size;
  const shown = spec.series.map((series) => ({ series, points: drawable(spec, series) }));
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) return "";
  const Plot = await import("@observablehq/plot");
  const { JSDOM } = await import("jsdom");
  const { document } = new JSDOM("").window;

  const rules = spec.rules ?? [];
  const marks = [];
  for (const { axis, at, label } of rules) {
    const style: MarkOptions = { stroke: "#222", strokeDasharray: "4 3", strokeWidth: 1 };
    marks.push(axis === "x" ? Plot.ruleX([at], style) : Plot.ruleY([at], style));
    const text = { text: [label], fill: "#222", stroke: "white", strokeWidth: 4, fontSize: 12 };
    marks.push(
      axis === "x"
        ? Plot.text([0], { ...text, x: [at], frameAnchor: "top", textAnchor: "start", dx: 5, dy: 4 })
        : Plot.text([0], { ...text, y: [at], frameAnchor: "right", textAnchor: "end", dy: -8 }),
    );
  }
  for (const { series, points } of shown) {
    const color = colorOf(spec, series);
    const { style = "line" } = series;
    if (style === "line" || style === "dashed")
      marks.push(
        Plot.line(points, {
          stroke: color,
          strokeWidth: 2,
          ...(style === "dashed" ? { strokeDasharray: "5 4" } : {}),
        }),
      );
    else if (style === "dots")
      marks.push(
        Plot.dot(
          points,
          points.length > 40 ? { fill: color, r: 2.2 } : { fill: color, r: 4.5, stroke: "white" },
        ),
      );
    else marks.push(Plot.dot(points, { stroke: color, r: 9, strokeWidth: 2.5 }));
    if (series.label && points.length > 0)
      marks.push(
        Plot.text([points.at(-1)!], {
          text: [series.label],
          dx: 12,
          dy: -13,
          textAnchor: "start",
          fontWeight: "bold",
          fontSize: 13,
          fill: color,
          stroke: "white",
          strokeWidth: 5,
        }),
      );
  }
  const scale = (axis: Axis, which: 0 | 1): PlotOptions["x"] => {
    const values = [
      ...all.map((point) => point[which]),
      ...rules.filter((r) => (r.axis === "x") === (which === 0)).map(({ at }) => at),
    ];
    return {
      label: null,
      type: axis.scale ?? "linear",
      nice: axis.scale !== "log",
      tickFormat: tickFormat(axis),
      ...(axis.scale === "log"
        ? { ticks: logTicks(values, axis.format === "power") }
        : { ticks: linearTicks(axis, values, width) }),
    };
  };
  const drawn = Plot.plot({
    document,
    width,
    height,
    marginLeft: 62,
    marginRight: 24,
    marginTop: 14,
    marginBottom: 34,
    inset: 8,
    grid: true,
    style: { fontSize: "12px", fontFamily: "inherit", color: "#333", background: "none" },
    x: scale(spec.x, 0),
    y: scale(spec.y, 1),
    marks,
  });
  drawn.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", spec.title ?? `${spec.y.label} against ${spec.x.label}`);
  return drawn.outerHTML;
}

/** A chart as HTML: title, legend, axis names and the drawing. */
export async function chartFigure(spec: ChartSpec, size: ChartSize = {}): Promise<string> {
  const svg = await renderChart(spec, size);
  if (svg === "") return "";
  const listed = spec.series.filter((series) => !series.unlisted && series.points.length > 0);
  const legend = listed
    .map(
      (series) =>
        `<span class="key"><i style="background:${escapeText(colorOf(spec, series))}"></i>${escapeText(series.name)}</span>`,
    )
    .join("");
  return [
    `<figure class="chart" style="max-width:${size.width ?? WIDTH}px">`,
    spec.title ? `<figcaption>${escapeText(spec.title)}</figcaption>` : "",
    listed.length > 1 ? `<div class="legend">${legend}</div>` : "",
    `<div class="axis-y">↑ ${escapeText(spec.y.label)}</div>`,
    svg,
    `<div class="axis-x">${escapeText(spec.x.label)} →</div>`,
    "</figure>",
  ].join("");
}
