import { mkdirSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readTensor, variablesIn, writeTensor } from "../../src/io/tensorFile.ts";
import { tensor } from "../../src/tensor/create.ts";
import { fixture } from "./fixtures.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();
const square = tensor([
  [1, 2],
  [3, 4],
]);

it("reads back what it writes, by the ending", async () => {
  for (const name of ["x.npy", "x.npz", "x.safetensors", "x.png"]) {
    await writeTensor(path(name), square);
    const { tensor: back, source } = await readTensor(path(name));
    expect([...(back as typeof square).data()], name).toEqual([1, 2, 3, 4]);
    expect(source.kind).toBe(name.endsWith("png") ? "image" : "array");
  }
});

it("says where the numbers came from", async () => {
  writeFileSync(path("t.csv"), "a,b\n1,2\n");
  expect((await readTensor(path("t.csv"))).source).toMatchObject({ kind: "table", columns: ["a", "b"] });
  const entries = await readTensor(path("t.csv"), { coo: true });
  expect(entries.source).toMatchObject({ kind: "entries", labels: [["1"]] });
  mkdirSync(path("frames"));
  await writeTensor(path("frames/1.png"), square);
  expect((await readTensor(path("frames"))).source).toMatchObject({ kind: "images", files: ["1.png"] });
  const one = await readTensor(fixture("stored.npz"), { variable: "b" });
  expect(one.name).toBe("stored.npz: b");
  expect(await variablesIn(fixture("stored.npz"))).toEqual(["a", "b"]);
  expect(await variablesIn(fixture("scalar.npy"))).toEqual([]);
});

it("refuses what it cannot tell", async () => {
  await expect(readTensor(fixture("stored.npz"))).rejects.toThrow(/holds 2 arrays, choose one by name: a, b/);
  await expect(readTensor(fixture("types.safetensors"))).rejects.toThrow(/f64 \(F64 \[2, 3\]\)/);
  await expect(readTensor(fixture("scalar.npy"), { variable: "a" })).rejects.toThrow(/holds one array/);
  await expect(readTensor(fixture("scalar.npy"), { coo: true })).rejects.toThrow(/only tables/);
  await expect(readTensor(path("absent"))).rejects.toThrow(/no such file/);
  writeFileSync(path("x.mat"), "x");
  await expect(readTensor(path("x.mat"))).rejects.toThrow(/cannot tell what it is from "\.mat"/);
  await expect(writeTensor(path("x.mat"), square)).rejects.toThrow(/endings that are written/);
});
