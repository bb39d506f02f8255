// Runs every TypeScript example of the README and the docs. What `console.log` prints must be what the comment `//
// =>` behind it says.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { format } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";

const root = new URL("../", import.meta.url);
const scratch = new URL("./docs-examples/", import.meta.url);
const pages = ["README.md", ...readdirSync(new URL("docs/", root)).map((name) => `docs/${name}`)];

interface Example {
  readonly page: string;
  readonly line: number;
  readonly code: string;
}

function examplesOf(page: string): Example[] {
  const text = readFileSync(new URL(page, root), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[1]!,
  }));
}

/** What each console.log should print; null where the page does not say. */
const expectations = (code: string): (string | null)[] =>
  code
    .split("\n")
    .filter((line) => /^\s*console\.log\(/.test(line))
    .map((line) => line.match(/\/\/ => (.*)$/)?.[1]?.trim() ?? null);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(pages.flatMap(examplesOf))("$page:$line", ({ page, line, code }) => {
  test("runs and prints what it says", async () => {
    mkdirSync(scratch, { recursive: true });
    const file = new URL(`${page.replace(/\W/g, "-")}-${line}.ts`, scratch);
    writeFileSync(file, `${code}\nexport {};\n`);
    const printed: string[] = [];
    const spy = vi.spyOn(console, "log").mockImplementation((...values) => {
      printed.push(format(...values));
    });
    try {
      await import(/* @vite-ignore */ file.href);
    } finally {
      spy.mockRestore();
    }
    const expected = expectations(code);
    expect(expected.some((text) => text !== null)).toBe(true);
    expected.forEach((text, i) => {
      if (text !== null) expect(printed[i]?.replace(/\s+/g, " ")).toBe(text);
    });
  });
});
