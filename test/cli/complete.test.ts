import { existsSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpy } from "polyadic/io";
import { expect, it } from "vitest";
import { cli } from "./capture.ts";

const N = 14;
const value = (i: number, j: number): number => Math.sin(i / 3) * (1 + j) + 2;
const isGap = (i: number, j: number): boolean => (5 * i + 3 * j) % 7 === 0;

async function table(): Promise<{ folder: string; coo: string }> {
  const folder = await mkdtemp(join(tmpdir(), "polyadic-complete-"));
  const coo = join(folder, "cells.csv");
  const lines = ["row,column,value"];
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) if (!isGap(i, j)) lines.push(`${i},${j},${value(i, j)}`);
  await writeFile(coo, `${lines.join("\n")}\n`);
  return { folder, coo };
}

it.each([
  ["auto", 0.02],
  ["funbat", 0.3],
  ["neural", 1],
] as const)("fills a list of cells by %s", async (method, bound) => {
  const { folder, coo } = await table();
  const out = join(folder, "filled.npy");
  const {
    code,
    out: text,
    err,
  } = await cli("complete", coo, "--coo", "--method", method, "--out", out, "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  const report = JSON.parse(text) as { missing: number; heldOutError: number };
  expect(report.missing).toBe(28);
  expect(report.heldOutError).toBeLessThan(bound);
  const filled = (await readNpy(out)).toArray() as number[][];
  let worst = 0;
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      const gap = Math.abs(filled[i]![j]! - value(i, j));
      if (isGap(i, j)) worst = Math.max(worst, gap);
      else expect(gap).toBeLessThan(1e-12);
    }
  expect(worst).toBeLessThan(30 * bound);
});

it("bad input is one line and leaves no file", async () => {
  const { folder, coo } = await table();
  const out = join(folder, "filled.npy");
  const { code, err } = await cli("complete", coo, "--out", out);
  expect(code).toBe(2);
  expect(err).toMatch(/nothing is missing/);
  expect(existsSync(out)).toBe(false);
  expect((await cli("complete", coo, "--coo", "--rank", "3")).err).toMatch(/--rank belongs to a method/);
});
