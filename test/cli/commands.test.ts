import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadDecomposition } from "../../src/io/decompositionFile.ts";
import { readImage, writeImage } from "../../src/io/images.ts";
import { readNpy, writeNpy } from "../../src/io/npy.ts";
import { writeSafetensors } from "../../src/io/safetensors.ts";
import { einsum } from "../../src/ops/einsum.ts";
import { normal } from "../../src/random/distributions.ts";
import { key, split } from "../../src/random/key.ts";
import { reportSchema } from "../../src/report/schema.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { buildScript } from "../build.ts";
import { temporaryFolder } from "../io/folder.ts";
import { violations } from "../report/schema.ts";
import { cli } from "./capture.ts";

const path = temporaryFolder();

/** A tensor of Tucker ranks 2, 3, 2. */
function planted(): Tensor {
  const [a, b, c, d] = split(key(1), 4).map((part, i) =>
    normal(
      part,
      [
        [2, 3, 2],
        [12, 2],
        [10, 3],
        [8, 2],
      ][i]!,
    ),
  );
  return einsum("abc,ia,jb,kc->ijk", a!, b!, c!, d!);
}

const distance = (a: Tensor, b: Tensor): number => {
  const x = a.data();
  const y = b.data();
  let gap = 0;
  let size = 0;
  for (let i = 0; i < x.length; i++) {
    gap += (x[i]! - y[i]!) ** 2;
    size += x[i]! ** 2;
  }
  return Math.sqrt(gap / size);
};

beforeAll(async () => {
  await writeNpy(path("x.npy"), planted());
  const pixels = Uint8Array.from(
    { length: 24 * 30 * 3 },
    (_, i) => 128 + 100 * Math.sin(i / 200) * Math.cos((i % 90) / 30),
  );
  await writeImage(path("picture.png"), new Tensor(pixels, [24, 30, 3], "uint8"));
});

describe("decompose", () => {
  it("finds planted ranks, writes a file that gives the tensor back, and a part of it", async () => {
    const { code, out } = await cli(
      "decompose",
      path("x.npy"),
      "--tol",
      "1e-6",
      "--format",
      "tucker",
      "--out",
      path("x.safetensors"),
    );
    expect(code).toBe(0);
    expect(out).toContain("2 × 3 × 2");
    expect(out).toContain(`wrote ${path("x.safetensors")}`);
    const { info, shape } = await loadDecomposition(path("x.safetensors"));
    expect(shape).toEqual([12, 10, 8]);
    expect(info).toMatchObject({
      source: "x.npy",
      sourceKind: "array",
      sourceDtype: "float64",
      tolerance: 1e-6,
      seed: 0,
    });
    expect(info.error).toBeLessThanOrEqual(1e-6);

    const rebuilt = await cli("reconstruct", path("x.safetensors"), "--out", path("y.npy"));
    expect(rebuilt).toMatchObject({ code: 0, err: "" });
    expect(distance(await readNpy(path("x.npy")), await readNpy(path("y.npy")))).toBeLessThanOrEqual(1e-6);

    await cli("reconstruct", path("x.safetensors"), "--slice", "2:5,:,-1", "--out", path("part.npy"));
    const part = await readNpy(path("part.npy"));
    expect(part.shape).toEqual([3, 10]);
    expect(part.item(1, 4)).toBeCloseTo(planted().item(3, 4, 7), 5);
  });

  it("tries all formats by default and keeps the one with the fewest bytes", async () => {
    const { code, out } = await cli("decompose", path("x.npy"), "--tol", "1e-6", "--json");
    expect(code).toBe(0);
    const report = JSON.parse(out) as {
      candidates: { status: string; bytes: number; error: number }[];
      choice: { bytes: number };
    };
    expect(violations(reportSchema, report)).toEqual([]);
    const valid = report.candidates.filter(({ status }) => status !== "rejected");
    expect(valid.length).toBeGreaterThan(2);
    for (const { bytes } of valid) expect(bytes).toBeGreaterThanOrEqual(report.choice.bytes * 0.98);
  });

  it("writes the same bytes for the same seed", async () => {
    for (const name of ["a.npz", "b.npz"])
      await cli(
        "decompose",
        path("x.npy"),
        "--tol",
        "0.3",
        "--format",
        "cp",
        "--seed",
        "7",
        "--out",
        path(name),
      );
    expect(readFileSync(path("a.npz")).equals(readFileSync(path("b.npz")))).toBe(true);
  });

  it("a picture: quality in decibels, a report, and a picture back", async () => {
    const { code, out } = await cli(
      "decompose",
      path("picture.png"),
      "--tol",
      "5%",
      "--format",
      "tucker",
      "--out",
      path("p.npz"),
      "--report",
      path("p.html"),
    );
    expect(code).toBe(0);
    expect(out).toMatch(/PSNR \d+\.\d dB/);
    expect(readFileSync(path("p.html"), "utf8").match(/data:image\/png/g)).toHaveLength(3);
    await cli("reconstruct", path("p.npz"), "--out", path("back.png"));
    expect(
      distance((await readImage(path("picture.png"))).tensor, (await readImage(path("back.png"))).tensor),
    ).toBeLessThan(0.055);
  });

  it("float32 numbers when asked", async () => {
    await cli(
      "decompose",
      path("x.npy"),
      "--tol",
      "0.01",
      "--format",
      "tucker",
      "--dtype",
      "float32",
      "--out",
      path("f.safetensors"),
    );
    const { decomposition } = await loadDecomposition(path("f.safetensors"));
    expect(decomposition.kind === "tucker" && decomposition.core.dtype).toBe("float32");
  });

  it('every array of a file: --var "*"', async () => {
    const vector = new Tensor(new Float64Array(4), [4], "float64");
    await writeSafetensors(path("weights.safetensors"), {
      "layer/0": planted(),
      "layer/1": planted(),
      bias: vector,
    });
    const { code, out } = await cli(
      "decompose",
      path("weights.safetensors"),
      "--var",
      "*",
      "--tol",
      "1e-6",
      "--format",
      "tucker",
      "--out",
      path("all"),
      "--report",
      path("all.json"),
    );
    expect(code).toBe(0);
    expect(out).toMatch(/layer\/0\s+\[12, 10, 8\]\s+Tucker/);
    expect(out).toContain("left out, of fewer than two axes: bias [4]");
    expect(readdirSync(path("all"))).toEqual(["layer_0.safetensors", "layer_1.safetensors"]);
    expect(JSON.parse(readFileSync(path("all.json"), "utf8"))).toHaveLength(2);
  });

  it("fills gaps, and says what to expect of them", async () => {
    const [a, b, c] = split(key(9), 3).map((part, i) => normal(part, [[14, 12, 10][i]!, 2]));
    const whole = einsum("ir,jr,kr->ijk", a!, b!, c!);
    const holes = whole.data().map((value, i) => (i % 7 === 0 ? Number.NaN : value)) as Float64Array;
    await writeNpy(path("gaps.npy"), new Tensor(holes, [14, 12, 10], "float64"));
    const { code, out } = await cli(
      "decompose",
      path("gaps.npy"),
      "--missing",
      "nan",
      "--out",
      path("g.npz"),
      "--report",
      path("g.json"),
    );
    expect(code).toBe(0);
    expect(out).toContain("240 missing values were filled in");
    const report = JSON.parse(readFileSync(path("g.json"), "utf8")) as { request: { heldOutError: number } };
    expect(violations(reportSchema, report)).toEqual([]);
    expect(report.request.heldOutError).toBeLessThan(1e-3);
    await cli("reconstruct", path("g.npz"), "--out", path("filled.npy"));
    expect(distance(whole, await readNpy(path("filled.npy")))).toBeLessThan(1e-3);
  });

  it("--missing nan changes nothing where nothing is missing", async () => {
    const argv = ["decompose", path("x.npy"), "--tol", "0.01", "--format", "tucker"];
    const [plain, asked] = [await cli(...argv), await cli(...argv, "--missing", "nan")];
    expect(asked.code).toBe(0);
    expect(asked.out.split("\n")[2]).toBe(plain.out.split("\n")[2]);
  });

  it("tables, lists of entries and folders of pictures", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${2 * i},${-i}`);
    writeFileSync(path("line.csv"), `a,b,c\n${rows.join("\n")}\n`);
    const table = await cli("decompose", path("line.csv"), "--tol", "1e-6", "--json");
    expect(JSON.parse(table.out)).toMatchObject({
      input: { kind: "table", columns: ["a", "b", "c"], shape: [40, 3] },
    });

    const lines = Array.from({ length: 60 }, (_, i) => `${(i % 6) + 1} ${((i / 6) | 0) + 1} ${(i % 6) + 1}`);
    writeFileSync(path("entries.tns"), lines.join("\n"));
    const sparse = await cli(
      "decompose",
      path("entries.tns"),
      "--tol",
      "0.001",
      "--out",
      path("e.safetensors"),
      "--report",
      path("e.html"),
    );
    expect(sparse).toMatchObject({ code: 0, err: "" });
    expect(sparse.out).toContain("60 nonzero entries");

    mkdirSync(path("frames"));
    for (const name of ["1.png", "2.png"])
      writeFileSync(path(`frames/${name}`), readFileSync(path("picture.png")));
    const stack = await cli("decompose", path("frames"), "--tol", "0.05", "--format", "tucker", "--json");
    expect(JSON.parse(stack.out)).toMatchObject({ input: { kind: "images", shape: [2, 24, 30, 3] } });
  });

  it("given ranks, and a budget", async () => {
    const ranked = await cli("decompose", path("x.npy"), "--format", "tucker", "--ranks", "1,2,2", "--json");
    expect(JSON.parse(ranked.out)).toMatchObject({
      request: { kind: "ranks" },
      choice: { ranks: [1, 2, 2] },
    });
    const budget = await cli(
      "decompose",
      path("x.npy"),
      "--format",
      "tucker",
      "--max-bytes",
      "400",
      "--json",
    );
    const { choice, request } = JSON.parse(budget.out) as { choice: { bytes: number }; request: unknown };
    expect(choice.bytes).toBeLessThanOrEqual(400);
    expect(request).toEqual({ kind: "budget", maxBytes: 400 });
  });

  it("noise is dense, and that is no failure", async () => {
    await writeNpy(path("noise.npy"), normal(key(5), [9, 8]));
    const { code, out } = await cli("decompose", path("noise.npy"), "--tol", "1e-6");
    expect(code).toBe(0);
    expect(out).toContain("Not compressible at this tolerance");
  });
});

describe("inspect", () => {
  it("a decomposition, in words and as JSON", async () => {
    await cli(
      "decompose",
      path("x.npy"),
      "--tol",
      "1e-6",
      "--format",
      "tucker",
      "--out",
      path("i.safetensors"),
    );
    const { out } = await cli("inspect", path("i.safetensors"));
    expect(out).toMatch(/ranks\s+2, 3, 2/);
    expect(out).toMatch(/factors\.1\s+float64\s+\[10, 3\]/);
    const json = JSON.parse((await cli("inspect", path("i.safetensors"), "--json")).out) as Record<
      string,
      unknown
    >;
    expect(json.decomposition).toMatchObject({
      kind: "tucker",
      ranks: [2, 3, 2],
      shape: [12, 10, 8],
      source: "x.npy",
    });
  });

  it("plain files", async () => {
    expect((await cli("inspect", path("picture.png"))).out).toMatch(/uint8\s+\[24, 30, 3\]/);
    writeFileSync(path("t.csv"), "a,b\n1,2\n3,\n");
    expect((await cli("inspect", path("t.csv"))).out).toMatch(/1 not finite[\s\S]*columns: a, b/);
  });
});

describe("the rest of the program", () => {
  it("help and version", async () => {
    expect((await cli()).out).toContain("decompose [options] <file>");
    expect(await cli("--version")).toMatchObject({ code: 0, err: "" });
    const { code, out } = await cli("decompose", "--help");
    expect(code).toBe(0);
    expect(out).toContain("--max-bytes <size>");
  });

  it("methods", async () => {
    expect((await cli("methods", "xyzzy")).out).toBe('no method fits "xyzzy"\n');
    expect(JSON.parse((await cli("methods", "--json")).out)).toBeInstanceOf(Array);
  });
});

describe("as a process", () => {
  const main = buildScript("src/cli/main.ts", join("node_modules", ".polyadic-test"));
  const start = async (...argv: string[]) =>
    spawn(process.execPath, [await main, ...argv], { stdio: "pipe" });
  const finished = (child: Awaited<ReturnType<typeof start>>) => {
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    return new Promise<{ code: number | null; signal: string | null; out: string; err: string }>((resolve) =>
      child.once("close", (code, signal) => resolve({ code, signal, out, err })),
    );
  };

  it("does its work and ends with 0, with 2 for bad input", async () => {
    const good = await finished(
      await start("decompose", path("x.npy"), "--format", "tucker", "--tol", "1e-6"),
    );
    expect(good).toMatchObject({ code: 0, err: "" });
    const bad = await finished(await start("decompose", path("absent.npy")));
    expect(bad).toMatchObject({
      code: 2,
      out: "",
      err: `polyadic: ${path("absent.npy")}: no such file or folder\n`,
    });
  });

  it("SIGINT during the search leaves nothing behind", async () => {
    await writeNpy(path("large.npy"), normal(key(2), [160, 160, 160]));
    mkdirSync(path("interrupted"));
    const child = await start(
      "decompose",
      path("large.npy"),
      "--tol",
      "0.001",
      "--out",
      path("interrupted/x.npz"),
    );
    setTimeout(() => child.kill("SIGINT"), 700);
    expect(await finished(child)).toMatchObject({ signal: "SIGINT", out: "" });
    expect(readdirSync(path("interrupted"))).toEqual([]);
  });
});

it("no progress bar is drawn where nobody watches", async () => {
  expect((await cli("decompose", path("x.npy"), "--format", "tucker")).err).toBe("");
  expect(existsSync(path("x.npy"))).toBe(true);
});
