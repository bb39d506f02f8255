import { describe, expect, it } from "vitest";
import { tensorsOf } from "../../src/decompose/operations.ts";
import type { Decomposition } from "../../src/decompose/types.ts";
import {
  type DecompositionInfo,
  isDecompositionFile,
  loadDecomposition,
  saveDecomposition,
} from "../../src/io/decompositionFile.ts";
import { readNpz, writeNpz } from "../../src/io/npz.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();

const filled = (...shape: number[]): Tensor =>
  new Tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + shape.length)),
    shape,
    "float64",
  );

const info: DecompositionInfo = {
  source: "x.npy",
  sourceKind: "array",
  sourceDtype: "uint8",
  tolerance: 0.05,
  error: 0.0421,
  seed: 3,
  columns: ["a", "b"],
};

const examples: Record<string, { d: Decomposition; shape: number[] }> = {
  cp: {
    d: { kind: "cp", weights: filled(2), factors: [filled(4, 2), filled(5, 2), filled(3, 2)] },
    shape: [4, 5, 3],
  },
  tucker: { d: { kind: "tucker", core: filled(2, 3), factors: [filled(4, 2), filled(5, 3)] }, shape: [4, 5] },
  tt: { d: { kind: "tt", cores: [filled(1, 4, 2), filled(2, 5, 3), filled(3, 3, 1)] }, shape: [4, 5, 3] },
  ring: { d: { kind: "ring", cores: [filled(2, 4, 2), filled(2, 5, 3), filled(3, 3, 2)] }, shape: [4, 5, 3] },
  tree: {
    d: {
      kind: "tree",
      tree: [[2, 0], 1],
      leaves: [filled(4, 2), filled(5, 3), filled(3, 1)],
      transfers: [filled(4, 3, 1), filled(1, 2, 4)],
    },
    shape: [4, 5, 3],
  },
  dense: { d: { kind: "dense", data: filled(3, 2) }, shape: [3, 2] },
  arranged: {
    d: {
      kind: "arranged",
      layout: { shape: [7], padded: [8], splits: [[2, 2, 2]], order: [0, 2, 1] },
      inner: { kind: "tt", cores: [filled(1, 2, 2), filled(2, 2, 2), filled(2, 2, 1)] },
    },
    shape: [7],
  },
};

const strip = (d: Decomposition): unknown => JSON.parse(JSON.stringify(d));

describe("round trips", () => {
  for (const [kind, { d, shape }] of Object.entries(examples))
    for (const ending of ["safetensors", "npz"])
      it(`${kind} as .${ending}`, async () => {
        const file = path(`${kind}.${ending}`);
        await saveDecomposition(file, d, info);
        const loaded = await loadDecomposition(file);
        expect(loaded.shape).toEqual(shape);
        expect(loaded.info).toEqual(info);
        expect(strip(loaded.decomposition)).toEqual(strip(d));
        expect(await isDecompositionFile(file)).toBe(true);
      });

  it("a null tolerance, no columns", async () => {
    const { columns, ...rest } = info;
    await saveDecomposition(path("n.npz"), examples.cp!.d, { ...rest, tolerance: null });
    expect((await loadDecomposition(path("n.npz"))).info).toEqual({ ...rest, tolerance: null });
    expect(columns).toHaveLength(2);
  });
});

describe("files that do not fit together", () => {
  /** Saves an example, changes its arrays or its description, and gives the path. */
  async function tampered(
    kind: string,
    change: (tensors: Record<string, Tensor>, description: Record<string, unknown>) => void,
  ): Promise<string> {
    const file = path("bad.safetensors");
    await saveDecomposition(file, examples[kind]!.d, info);
    const { tensors, metadata } = await readSafetensors(file);
    const description = JSON.parse(metadata.polyadic!) as Record<string, unknown>;
    change(tensors, description);
    await writeSafetensors(file, tensors, { polyadic: JSON.stringify(description) });
    return file;
  }

  const cases: [string, string, Parameters<typeof tampered>[1], RegExp][] = [
    ["cp", "a missing factor", (t) => delete t["factors.1"], /factors\.1 is missing/],
    [
      "cp",
      "a factor of another rank",
      (t) => (t["factors.2"] = filled(3, 3)),
      /factors\.2 has the shape \[3, 3\], expected \[3, 2\]/,
    ],
    ["tucker", "a core of another order", (t) => (t.core = filled(2, 3, 1)), /core has the shape/],
    ["tucker", "a factor of another length", (t) => (t["factors.0"] = filled(9, 2)), /factors\.0/],
    ["tt", "an outer rank of 2", (t) => (t["cores.0"] = filled(2, 4, 2)), /cores\.0/],
    ["tt", "ranks that do not meet", (t) => (t["cores.1"] = filled(4, 5, 3)), /cores\.1/],
    ["ring", "a ring that does not close", (t) => (t["cores.2"] = filled(3, 3, 1)), /cores\.2/],
    ["tree", "a transfer of another rank", (t) => (t["transfers.1"] = filled(1, 2, 5)), /transfers\.0/],
    ["tree", "a tree without a mode", (_, d) => (d.tree = [0, 1]), /transfers|modes/],
    ["tree", "a tree with a mode twice", (_, d) => (d.tree = [[0, 0], 1]), /leaves|transfers|modes/],
    ["tree", "no tree", (_, d) => (d.tree = null), /lacks its tree/],
    ["dense", "data of another shape", (t) => (t.data = filled(2, 3)), /data has the shape/],
    [
      "cp",
      "integers",
      (t) => (t.weights = new Tensor(new Int32Array(2), [2], "int32")),
      /weights holds int32/,
    ],
    ["arranged", "a layout of another size", (_, d) => (d.shape = [9]), /layout/],
    [
      "arranged",
      "an order that is no permutation",
      (_, d) => Object.assign(d.layout as object, { order: [0, 0, 1] }),
      /layout/,
    ],
    ["cp", "a newer version", (_, d) => (d.version = 2), /newer version/],
    ["cp", "an unknown kind", (_, d) => (d.kind = "cube"), /no known kind/],
  ];
  for (const [kind, name, change, message] of cases)
    it(`${kind}: ${name}`, async () => {
      const reading = loadDecomposition(await tampered(kind, change));
      await expect(reading).rejects.toThrow(FileError);
      await expect(reading).rejects.toThrow(message);
    });

  it("plain arrays, a damaged description, another ending", async () => {
    await writeSafetensors(path("plain.safetensors"), { a: filled(2) });
    await expect(loadDecomposition(path("plain.safetensors"))).rejects.toThrow(/no decomposition/);
    expect(await isDecompositionFile(path("plain.safetensors"))).toBe(false);
    await writeNpz(path("plain.npz"), { a: filled(2) });
    await expect(loadDecomposition(path("plain.npz"))).rejects.toThrow(/no decomposition/);
    await writeSafetensors(path("bad.safetensors"), { a: filled(2) }, { polyadic: "{" });
    await expect(loadDecomposition(path("bad.safetensors"))).rejects.toThrow(/damaged/);
    await expect(loadDecomposition(path("x.npy"))).rejects.toThrow(/\.safetensors or \.npz/);
  });
});

it("the description is text that stock NumPy decodes, beside arrays of the documented names", async () => {
  await saveDecomposition(path("t.npz"), examples.tucker!.d, info);
  const arrays = await readNpz(path("t.npz"));
  expect(Object.keys(arrays)).toEqual(["core", "factors.0", "factors.1", "meta"]);
  const description: unknown = JSON.parse(Buffer.from(arrays.meta!.data() as Uint8Array).toString());
  expect(description).toMatchObject({
    format: "polyadic",
    version: 1,
    kind: "tucker",
    ranks: [2, 3],
    dtype: "float64",
  });
  expect(Object.keys(tensorsOf(examples.tree!.d))).toEqual([
    "leaves.0",
    "leaves.1",
    "leaves.2",
    "transfers.0",
    "transfers.1",
  ]);
});
