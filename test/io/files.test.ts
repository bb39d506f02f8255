import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readBytes, writeFileAtomic } from "../../src/io/files.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { buildScript } from "../build.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();

describe("writeFileAtomic", () => {
  it("writes pieces in order and leaves nothing else", async () => {
    mkdirSync(path("clean"));
    await writeFileAtomic(path("clean/a.txt"), ["one ", new TextEncoder().encode("two "), "three"]);
    expect(readFileSync(path("clean/a.txt"), "utf8")).toBe("one two three");
    expect(readdirSync(path("clean"))).toEqual(["a.txt"]);
  });

  it("keeps the old file, and no other, when the pieces fail half-way", async () => {
    mkdirSync(path("failing"));
    writeFileSync(path("failing/a.txt"), "old");
    const pieces = async function* () {
      yield "new";
      throw new RangeError("half-way");
    };
    await expect(writeFileAtomic(path("failing/a.txt"), pieces())).rejects.toThrow("half-way");
    expect(readFileSync(path("failing/a.txt"), "utf8")).toBe("old");
    expect(readdirSync(path("failing"))).toEqual(["a.txt"]);
  });

  it("follows a link to its target", async () => {
    writeFileSync(path("target.txt"), "old");
    symlinkSync(path("target.txt"), path("link.txt"));
    await writeFileAtomic(path("link.txt"), "new");
    expect(readFileSync(path("target.txt"), "utf8")).toBe("new");
  });

  it("names the path when it cannot write", async () => {
    mkdirSync(path("some-folder"));
    await expect(writeFileAtomic(path("some-folder"), "x")).rejects.toThrow(FileError);
    await expect(writeFileAtomic(path("no/such/folder.txt"), "x")).rejects.toThrow(/folder\.txt: no such/);
    expect(existsSync("/dev/null") && !readdirSync("/dev").includes("null.tmp")).toBe(true);
    await writeFileAtomic("/dev/null", "x");
    expect((await readBytes("/dev/null")).byteLength).toBe(0);
  });
});

const bundle = buildScript("src/io/files.ts", path("built"));

/** Writes half of a file, says so, and waits. */
const HALF = `
  const [library, target] = process.argv.slice(1);
  const { writeFileAtomic } = await import(library);
  await writeFileAtomic(target, (async function* () {
    yield "half";
    process.stdout.write("ready");
    await new Promise((resolve) => setTimeout(resolve, 30_000));
  })());`;

/** Runs a process that writes half of a file over an old one, waits, and is then ended by `signal`. */
async function interrupted(
  name: string,
  signal: NodeJS.Signals,
): Promise<{ target: string; folder: string[] }> {
  const target = path(name);
  mkdirSync(dirname(target));
  writeFileSync(target, "old");
  const child = spawn(process.execPath, ["--input-type=module", "-e", HALF, await bundle, target], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill(signal);
  await ended;
  return { target: readFileSync(target, "utf8"), folder: readdirSync(dirname(target)).sort() };
}

describe("a process that is ended while it writes", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    it(`${signal} leaves the old file and nothing else`, async () => {
      const { target, folder } = await interrupted(join(signal, "x.bin"), signal);
      expect(target).toBe("old");
      expect(folder).toEqual(["x.bin"]);
    });

  it("SIGKILL leaves the old file and a temporary one", async () => {
    const { target, folder } = await interrupted(join("SIGKILL", "x.bin"), "SIGKILL");
    expect(target).toBe("old");
    expect(folder).toHaveLength(2);
    expect(folder[0]).toMatch(/^\.x\.bin\..*\.tmp$/);
  });
});
