import { JSDOM } from "jsdom";
import { describe, expect, it } from "vitest";
import { type ChartSpec, chartFigure, renderChart } from "../../src/plot/chart.ts";
import { viridis } from "../../src/plot/colormap.ts";
import { structureDiagram } from "../../src/plot/diagram.ts";
import { decompositions } from "../report/examples.ts";

const parse = (svg: string): Document => new JSDOM(svg).window.document;
const texts = (svg: string): string[] =>
  [...parse(svg).querySelectorAll("text")].map((node) => node.textContent ?? "");

const chart = (extra: Partial<ChartSpec> = {}): ChartSpec => ({
  x: { label: "bytes", scale: "log", format: "bytes" },
  y: { label: "error", scale: "log", format: "percent" },
  series: [
    {
      name: "line",
      points: [
        [1000, 0.1],
        [10_000, 0.01],
      ],
    },
    {
      name: "dots",
      style: "dots",
      points: [
        [2000, 0.05],
        [0, 0.1],
        [100, Number.NaN],
      ],
    },
  ],
  ...extra,
});

describe("charts", () => {
  it("draw the points that the axes can show", async () => {
    const svg = await renderChart(chart());
    expect(parse(svg).querySelectorAll("circle")).toHaveLength(1);
    expect(svg).not.toContain("NaN");
  });

  it("write ticks in the axis's unit, each once", async () => {
    const labels = texts(await renderChart(chart()));
    expect(labels).toContain("10 kB");
    expect(labels).toContain("1 %");
    expect(new Set(labels).size).toBe(labels.length);
  });

  it("powers of ten are labelled as such, counts without fractions", async () => {
    const spec: ChartSpec = {
      x: { label: "i", format: "count" },
      y: { label: "s", scale: "log", format: "power" },
      series: [
        {
          name: "s",
          style: "dots",
          points: [
            [1, 1],
            [2, 3e-3],
            [3, 2e-4],
          ],
        },
      ],
    };
    const labels = texts(await renderChart(spec));
    expect(labels).toEqual(["10⁻³", "10⁻²", "10⁻¹", "10⁰", "1", "2", "3"]);
  });

  it("rules carry their label; an empty chart is no chart", async () => {
    const svg = await renderChart(chart({ rules: [{ axis: "y", at: 0.05, label: "asked" }] }));
    expect(texts(svg)).toContain("asked");
    expect(await renderChart(chart({ series: [{ name: "none", points: [[-1, 2]] }] }))).toBe("");
    expect(await chartFigure(chart({ series: [] }))).toBe("");
  });

  it("the legend names series once, escaped", async () => {
    const html = await chartFigure(chart({ title: "a < b" }));
    expect(html).toContain("a &lt; b");
    expect(html.match(/class="key"/g)).toHaveLength(2);
  });
});

describe("diagrams of structures", () => {
  /** Circles, lines, and labels that each kind must show. */
  const expected: Record<string, [number, number, string[]]> = {
    cp: [4, 6, ["weights", "A₂", "2", "4 rows", "5 columns", "3 axis 2"]],
    matrix: [3, 4, ["weights", "4 rows"]],
    tucker: [4, 6, ["core", "3", "1"]],
    tt: [3, 5, ["G₀", "2", "3", "5 columns"]],
    ring: [3, 6, ["G₂", "3"]],
    tree: [5, 7, ["B₀", "U₂", "4", "3 axis 2"]],
    dense: [1, 2, ["data", "3 rows"]],
    quantized: [5, 9, ["G₄", "2 rows", "3 columns"]],
  };
  for (const [name, d] of Object.entries(decompositions))
    it(name, () => {
      const svg = structureDiagram(d, ["rows", "columns"]);
      const [circles, lines, labels] = expected[name]!;
      expect(parse(svg).querySelectorAll("circle")).toHaveLength(circles);
      expect(parse(svg).querySelectorAll("line")).toHaveLength(lines);
      for (const label of labels) expect(texts(svg)).toContain(label);
      expect(svg).not.toMatch(/NaN|undefined/);
    });
});

it("viridis runs from dark to light, clips, and greys what is missing", () => {
  const colors = viridis(Float64Array.of(-1, 0, 1, 2, Number.NaN));
  expect([...colors.subarray(0, 3)]).toEqual([...colors.subarray(3, 6)]);
  expect([...colors.subarray(6, 9)]).toEqual([253, 231, 37]);
  expect([...colors.subarray(9, 12)]).toEqual([253, 231, 37]);
  expect([...colors.subarray(12)]).toEqual([160, 160, 160]);
});
