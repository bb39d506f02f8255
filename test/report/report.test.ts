import { readFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import "../../src/ops/methods.ts";
import { full, tensorsOf } from "../../src/decompose/operations.ts";
import type { AutoResult, Decomposition } from "../../src/decompose/types.ts";
import { einsum } from "../../src/ops/einsum.ts";
import { at } from "../../src/ops/indexing.ts";
import { pythonSnippet } from "../../src/report/next.ts";
import { peakSignalToNoise, pictureRows } from "../../src/report/pictures.ts";
import { reportSchema } from "../../src/report/schema.ts";
import { summarize } from "../../src/report/summary.ts";
import { renderText } from "../../src/report/text.ts";
import type { ReportInput, Summary } from "../../src/report/types.ts";
import { reportJson, writeReport } from "../../src/report/write.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { temporaryFolder } from "../io/folder.ts";
import { exampleResult } from "./example.ts";
import { decompositions } from "./examples.ts";
import { violations } from "./schema.ts";

const path = temporaryFolder();

/** A smooth picture of three channels. */
const picture = new Tensor(
  Uint8Array.from({ length: 20 * 16 * 3 }, (_, i) => 120 + 100 * Math.sin(i / 90) * Math.cos((i % 48) / 12)),
  [20, 16, 3],
  "uint8",
);

let result: AutoResult;
let reconstruction: Tensor;
let summary: Summary;

const inputOf = (x: Tensor, kind: ReportInput["kind"], name: string): ReportInput => ({
  name,
  path: `some folder/${name}`,
  kind,
  shape: x.shape,
  dtype: x.dtype,
  bytes: x.nbytes,
});

beforeAll(() => {
  const { reconstruction: rebuilt, ...found } = exampleResult(picture.astype("float64"), 0.05);
  result = found;
  reconstruction = rebuilt;
  summary = summarize({
    input: inputOf(picture, "image", "a <b> & c.png"),
    request: { kind: "tolerance", tolerance: 0.05 },
    result,
    psnr: peakSignalToNoise(picture, reconstruction, "image"),
    seed: 4,
    out: "x.safetensors",
    notes: ["read with care"],
  });
});

describe("the summary", () => {
  it("counts what was stored against what came", () => {
    const { choice } = summary;
    expect(choice.parameters).toBe(result.chosen.parameters);
    expect(choice.numbersRatio).toBeCloseTo(960 / result.chosen.parameters, 12);
    expect(choice.bytesRatio).toBeCloseTo(960 / result.chosen.bytes, 12);
    expect(choice.sentence).toContain(`keeps ${result.chosen.parameters} numbers instead of 960`);
    expect(choice.sentence).toContain("asked: at most 5 %");
  });

  it("says when nothing is smaller", () => {
    const chosen = { ...result.chosen, format: "dense" as const, parameters: 960, ranks: [] };
    const dense: AutoResult = { ...result, chosen, decomposition: { kind: "dense", data: picture } };
    const { choice, next } = summarize({
      input: summary.input,
      request: summary.request,
      result: dense,
      psnr: null,
      seed: 0,
    });
    expect(choice.sentence).toMatch(/^Not compressible at this tolerance/);
    expect(next.some(({ command }) => command.includes("--tol 0.15"))).toBe(true);
  });

  it("quotes file names in commands", () => {
    for (const { command } of summary.next.slice(3)) expect(command).toContain("'some folder/a <b> & c.png'");
  });

  it("as JSON fits its schema, and the schema can fail", () => {
    const json = JSON.parse(reportJson(summary)) as Record<string, unknown>;
    expect(violations(reportSchema, json)).toEqual([]);
    expect(json.candidates).toContainEqual(expect.objectContaining({ format: "cp", error: null }));
    expect(violations(reportSchema, { ...json, seed: -1 })).toEqual(["$.seed: below 0"]);
    expect(violations(reportSchema, { ...json, more: 1 })).toEqual(["$.more: not allowed"]);
    expect(violations(reportSchema, { ...json, request: { kind: "wish" } })).toHaveLength(1);
  });
});

describe("the terminal", () => {
  it("tells choice, errors, candidates, notes and next commands within the width", () => {
    const text = renderText(summary, { width: 90 });
    for (const part of [
      "uint8 [20, 16, 3], 960 B",
      "← chosen",
      "PSNR",
      "note: read with care",
      "polyadic inspect x.safetensors",
    ])
      expect(text).toContain(part);
    const table = text
      .split("\n")
      .filter((line) => /tensor train|Tucker|CP/.test(line) && !line.startsWith("  "));
    for (const line of table) expect(line.length).toBeLessThanOrEqual(90);
  });
});

describe("the HTML file", () => {
  it("holds everything itself: no script, no address, file names escaped", async () => {
    await writeReport(path("r.html"), {
      summary,
      result,
      tensors: { original: picture, reconstruction },
      out: "x.safetensors",
    });
    const html = readFileSync(path("r.html"), "utf8");
    expect(html).not.toMatch(/<script|<link|@import|(src|href)="(?!data:)|url\(/);
    expect(html).toContain("a &lt;b&gt; &amp; c.png");
    expect(html).not.toContain("<b> & c");
    expect(html.match(/data:image\/png;base64,/g)).toHaveLength(3);
    // The diagram, the chart of sizes and three spectra.
    expect(html.match(/<svg /g)).toHaveLength(5);
    for (const part of [
      summary.choice.sentence,
      "read with care",
      "asked: 5 %",
      "given up at rank 64",
      "np.einsum",
      "20 rows",
    ])
      expect(html).toContain(part);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("draws every kind of structure and input", async () => {
    for (const [name, d] of Object.entries(decompositions)) {
      const x = full(d);
      const input = { ...inputOf(x, "array", name), bytes: x.nbytes };
      const of = summarize({
        input,
        request: { kind: "budget", maxBytes: 1000 },
        result: { ...result, decomposition: d },
        psnr: null,
        seed: 0,
      });
      await writeReport(path(`${name}.html`), {
        summary: of,
        result: { ...result, decomposition: d },
        tensors: { original: x, reconstruction: x },
      });
      const html = readFileSync(path(`${name}.html`), "utf8");
      expect(html.includes('aria-label="diagram'), name).toBe(name !== "dense");
      expect(html).not.toMatch(/NaN|undefined/);
      if (name === "quantized")
        expect(html).toContain("7 axis 0 (filled up with zeros to 8) into 2 × 2 × 2; 6 axis 1 into 2 × 3");
    }
  });

  it("a vector as lines, a sparse tensor without pictures", async () => {
    const vector = new Tensor(
      Float64Array.from({ length: 3000 }, (_, i) => Math.sin(i / 99)),
      [3000],
      "float64",
    );
    const input = inputOf(vector, "array", "sine.npy");
    const of = summarize({ input, request: summary.request, result, psnr: null, seed: 0 });
    await writeReport(path("v.html"), {
      summary: of,
      result,
      tensors: { original: vector, reconstruction: vector },
    });
    expect(readFileSync(path("v.html"), "utf8")).toContain("position (one of every 3 is shown)");
    await writeReport(path("s.html"), { summary: of, result });
    expect(readFileSync(path("s.html"), "utf8")).not.toContain("Before and after");
  });
});

const pixels = async (
  address: string,
): Promise<{ data: Buffer; width: number; height: number; channels: number }> => {
  const bytes = Buffer.from(address.slice(address.indexOf(",") + 1), "base64");
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { data, ...info };
};

describe("pictures", () => {
  it("show the values, and four times the difference", async () => {
    const brighter = new Tensor(
      picture.data().map((value) => value + 5),
      picture.shape,
      "uint8",
    );
    const [row] = await pictureRows(picture, brighter, "image");
    expect([...(await pixels(row!.original)).data]).toEqual([...picture.data()]);
    expect(new Set((await pixels(row!.difference)).data)).toEqual(new Set([20]));
  });

  it("first, middle and last frame of a stack; enlarged slices of arrays", async () => {
    const stack = new Tensor(new Uint8Array(5 * 4 * 6), [5, 4, 6], "uint8");
    expect((await pictureRows(stack, stack, "images")).map(({ caption }) => caption)).toEqual([
      "frame 1 of 5",
      "frame 3 of 5",
      "frame 5 of 5",
    ]);
    const cube = new Tensor(new Float64Array(5 * 40 * 30), [5, 40, 30], "float64");
    const [slice] = await pictureRows(cube, cube, "array");
    expect(slice!.caption).toBe("axis 1 down, axis 2 across, at axis 0 = 2");
    expect(await pixels(slice!.original)).toMatchObject({ width: 240, height: 240, channels: 3 });
    expect(await pictureRows(new Tensor(new Float64Array(3), [3], "float64"), cube, "array")).toEqual([]);
  });

  it("peak signal-to-noise: 255 over an error of 5 everywhere", () => {
    const other = new Tensor(
      Float64Array.from(picture.data(), (value) => value + 5),
      picture.shape,
      "float64",
    );
    expect(peakSignalToNoise(picture, other, "image")).toBeCloseTo(20 * Math.log10(255 / 5), 10);
    expect(peakSignalToNoise(picture, other, "array")).toBeNull();
  });
});

describe("the lines of Python", () => {
  /** Does what the snippet says with this library's einsum, transpose and reshape. */
  const evaluate = (d: Decomposition, snippet: string): Tensor => {
    const named = tensorsOf(d);
    const product = /np\.einsum\("([^"]+)", (.+), optimize/.exec(snippet);
    let x = product
      ? einsum(product[1]!, ...[...product[2]!.matchAll(/d\["([^"]+)"\]/g)].map(([, name]) => named[name!]!))
      : named.data!;
    const layout = /x\.transpose\(([\d, ]+)\)\.reshape\(([\d, ]+)\)(?:\[([:\d, ]+)\])?/.exec(snippet);
    if (!layout) return x;
    const list = (text: string): number[] => text.split(",").map(Number);
    x = x.transpose(list(layout[1]!)).reshape(list(layout[2]!));
    return layout[3] ? at(x, ...layout[3].split(", ")) : x;
  };

  for (const [name, d] of Object.entries(decompositions))
    it(`rebuild ${name}`, () => {
      const snippet = pythonSnippet(d, "x.npz")!;
      const x = evaluate(d, snippet);
      const whole = full(d);
      expect(x.shape).toEqual(whole.shape);
      const [a, b] = [x.data(), whole.data()];
      for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 12);
    });

  it("are left out where NumPy has too few letters", () => {
    const core = new Tensor(new Float64Array(2), [1, 2, 1], "float64");
    expect(
      pythonSnippet({ kind: "tt", cores: Array.from({ length: 40 }, () => core) }, "x.npz"),
    ).toBeUndefined();
  });
});
