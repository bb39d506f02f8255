import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readNpy } from "polyadic/io";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../io/folder.ts";
import { cli } from "./capture.ts";

const path = temporaryFolder();
const text = "It was the best of times, it was the worst of times, it was the age of wisdom. ".repeat(30);

function count(symbols: readonly unknown[], pattern: readonly unknown[]): number[] {
  return Array.from(
    { length: symbols.length - pattern.length + 1 },
    (_, i) => pattern.filter((symbol, j) => symbols[i + j] !== symbol).length,
  );
}

interface Report {
  readonly places: number;
  readonly mean: number;
  readonly best: readonly { place: number; distance: number }[];
}

describe("polyadic match", () => {
  it("counts in blocks what it counts at once", async () => {
    writeFileSync(path("text.txt"), text);
    writeFileSync(path("pattern.txt"), "it was the wurst of thymes\n");
    const expected = count([...text], [..."it was the wurst of thymes"]);
    for (const block of ["26", "27", "100", "5000"]) {
      const out = path(`d${block}.npy`);
      const {
        code,
        out: printed,
        err,
      } = await cli(
        ...["match", path("pattern.txt"), path("text.txt"), "--block", block, "--out", out, "--json"],
      );
      expect(err).toBe("");
      expect(code).toBe(0);
      const found = await readNpy(out);
      expect(found.dtype).toBe("int32");
      expect(Array.from(found.data())).toEqual(expected);
      const report = JSON.parse(printed) as Report;
      expect(report.places).toBe(expected.length);
      expect(report.best[0]).toEqual({
        place: expected.indexOf(Math.min(...expected)),
        distance: Math.min(...expected),
      });
      expect(report.best.map(({ distance }) => distance)).toEqual(
        [...expected].sort((a, b) => a - b).slice(0, 10),
      );
    }
  });

  it("bounds, approximates, and writes tables", async () => {
    writeFileSync(path("text.txt"), text);
    writeFileSync(path("pattern.txt"), "it was the wurst of thymes\n");
    const expected = count([...text], [..."it was the wurst of thymes"]);
    const k = Math.min(...expected) + 1;
    const bounded = await cli(
      ...[
        "match",
        path("pattern.txt"),
        path("text.txt"),
        "--k",
        String(k),
        "--out",
        path("k.csv"),
        "--block",
        "99",
      ],
    );
    const close = expected.filter((d) => d <= k).length;
    expect(close).toBeGreaterThan(0);
    expect(bounded.out).toContain(`at most ${k} differ at ${close}\n`);
    // Places that are not within the bound are no matches, however few there are.
    expect(bounded.out.match(/ % {2}/g)).toHaveLength(Math.min(close, 10));
    const none = await cli("match", path("pattern.txt"), path("text.txt"), "--k", "0");
    expect(none.out).toMatch(/at most 0 differ at 0\n$/);
    const lines = readFileSync(path("k.csv"), "utf8").trim().split("\n");
    expect(lines[0]).toBe("place,distance");
    expect(lines.slice(1)).toEqual(expected.map((d, i) => `${i},${Math.min(d, k + 1)}`));
    await cli(
      ...["match", path("pattern.txt"), path("text.txt"), "--epsilon", "0.5", "--out", path("e.npy")],
    );
    const under = Array.from((await readNpy(path("e.npy"))).data());
    expect(under.every((d, i) => d <= expected[i]! && d >= 0.5 * expected[i]!)).toBe(true);
  });

  it("compares code points and lines", async () => {
    const words = "grün blau äöü 🙂 grau ".repeat(40_000);
    writeFileSync(path("u.txt"), words);
    writeFileSync(path("p.txt"), "äöü 🙃 grau");
    const byPoint = JSON.parse(
      (await cli("match", path("p.txt"), path("u.txt"), "--symbols", "codepoint", "--json")).out,
    ) as Report;
    expect(byPoint.best[0]).toEqual({ place: 10, distance: 1 });
    expect(byPoint.places).toBe([...words].length - 10 + 1);
    writeFileSync(path("log.txt"), "start\na\nb\r\nstop\nstart\nx\nb\nstop\n");
    writeFileSync(path("block.txt"), "start\na\nb\nstop\n");
    const byLine = JSON.parse(
      (await cli("match", path("block.txt"), path("log.txt"), "--symbols", "line", "--json")).out,
    ) as Report;
    expect(byLine.places).toBe(5);
    expect(byLine.best.slice(0, 2)).toEqual([
      { place: 0, distance: 0 },
      { place: 4, distance: 1 },
    ]);
  });

  it("shows the places with their text", async () => {
    writeFileSync(path("text.txt"), text);
    writeFileSync(path("pattern.txt"), "age of wisdom\n");
    const { out } = await cli("match", path("pattern.txt"), path("text.txt"), "--best", "2");
    expect(out).toMatch(/100 %\s+age of wisdom/);
    expect((await cli("match", path("pattern.txt"), path("text.txt"), "--keep-newline")).out).not.toMatch(
      /100 %/,
    );
  });

  it.each([
    ["no such text", ["@p.txt", "@absent.txt"], /no such file/],
    ["an empty pattern", ["@empty.txt", "@t.txt"], /the pattern is empty/],
    ["a pattern that is longer", ["@t.txt", "@p.txt"], /only/],
    ["both bounds", ["@p.txt", "@t.txt", "--k", "1", "--epsilon", "0.5"], /exclude each other/],
    ["epsilon of 1", ["@p.txt", "@t.txt", "--epsilon", "1"], /between 0 and 1/],
    ["bytes as code points", ["@p.txt", "@binary", "--symbols", "codepoint", "--out", "@o.npy"], /not UTF-8/],
    ["another ending", ["@p.txt", "@t.txt", "--out", "@o.txt"], /\.npy or \.csv/],
    ["a folder as text", ["@p.txt", "@folder"], /folder/],
  ])("%s: one line, no file", async (_, args, message) => {
    writeFileSync(path("p.txt"), "ab");
    writeFileSync(path("t.txt"), "abcabc");
    writeFileSync(path("empty.txt"), "\n");
    writeFileSync(path("binary"), Uint8Array.of(0xff, 0xfe, 0xff, 0x80));
    mkdirSync(path("folder"), { recursive: true });
    const full = args.map((arg) => (arg.startsWith("@") ? path(arg.slice(1)) : arg));
    const { code, err } = await cli("match", ...full);
    expect(code).toBe(2);
    expect(err.trim().split("\n").length).toBe(1);
    expect(err).toMatch(message);
    expect(existsSync(path("o.npy")) || existsSync(path("o.txt"))).toBe(false);
    expect(readdirSync(path(".")).some((name) => name.endsWith(".tmp"))).toBe(false);
  });
});
