// The examples run, in their quick form, and leave the files that they name.

import { existsSync, readdirSync } from "node:fs";
import { zeros } from "polyadic";
import { importOnnx } from "polyadic/io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "./io/folder.ts";

const folder = temporaryFolder();
const argv = process.argv;
afterEach(() => {
  process.argv = argv;
  vi.restoreAllMocks();
});

/** What an example prints. */
async function run(name: string, into: string): Promise<string> {
  process.argv = [...argv.slice(0, 2), "--quick", "--folder", into];
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => {
    lines.push(parts.join(" "));
  });
  await import(/* @vite-ignore */ `../examples/${name}`);
  return lines.join("\n");
}

const expected: Readonly<Record<string, { readonly files: readonly string[]; readonly text: RegExp }>> = {
  "digits.mjs": {
    files: ["digits.html", "digits.onnx", "digits.safetensors"],
    text: /20,490 parameters[\s\S]*(?:[89]\d|100)\.\d\d % of the test images/,
  },
  "moby-dick.mjs": {
    files: ["moby-dick.html", "moby-dick.jsonl", "moby-dick.safetensors"],
    text: /^2\.[0-6]\d\d nats per character[\s\S]*\nCall me /,
  },
};

describe("examples", () => {
  test("all are known here", () => {
    expect(readdirSync("examples").sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.entries(expected))("%s", async (name, { files, text }) => {
    const into = folder(name);
    expect(await run(name, into)).toMatch(text);
    for (const file of files) expect(existsSync(`${into}/${file}`), file).toBe(true);
    if (name !== "digits.mjs") return;
    const { apply, params } = await importOnnx(`${into}/digits.onnx`);
    const [scores] = Object.values(apply(params, { input: zeros([3, 1, 28, 28], "float32") }));
    expect(scores!.shape).toEqual([3, 10]);
  });
});
