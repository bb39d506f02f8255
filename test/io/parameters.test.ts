import { loadParams, readSafetensors, saveParams, writeSafetensors } from "polyadic/io";
import { key, normal } from "polyadic/random";
import {
  DomainError,
  DTypeError,
  FileError,
  ShapeError,
  type Tensor,
  TreeError,
  tensor,
  tree,
} from "polyadic/tensor";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "./folder.ts";

const folder = temporaryFolder();
const f32 = (shape: readonly number[], seed = 1): Tensor => normal(key(seed), shape, { dtype: "float32" });
const values = (params: unknown): unknown => tree.leaves(params).map((x) => x.toArray());

const params = {
  layers: [
    { weight: f32([3, 4]), bias: f32([4], 2) },
    { weight: f32([4, 2], 3), bias: f32([2], 4) },
  ],
  scale: f32([], 5),
};

describe.each([".safetensors", ".npz"])("%s", (ending) => {
  test("a tree comes back, with and without one like it", async () => {
    const path = folder(`tree${ending}`);
    await saveParams(path, params);
    const like = tree.map((x) => x.mul(0), params);
    const loaded = await loadParams(path, like);
    expect(values(loaded.params)).toEqual(values(params));
    expect(loaded).toMatchObject({ missing: [], unexpected: [] });
    const grown = await loadParams<typeof params>(path);
    expect(grown.params.layers).toHaveLength(2);
    expect(values(grown.params)).toEqual(values(params));
  });

  test("one tensor is a tree too", async () => {
    const path = folder(`one${ending}`);
    await saveParams(path, params.scale);
    expect(values((await loadParams(path)).params)).toEqual(values(params.scale));
  });
});

test("names of PyTorch, matrices transposed", async () => {
  const path = folder("torch.safetensors");
  const names = {
    "fc1.weight": { path: "layers.0.weight", transpose: true },
    "fc1.bias": "layers.0.bias",
    "fc2.weight": { path: "layers.1.weight", transpose: true },
    "fc2.bias": "layers.1.bias",
  };
  await saveParams(path, params, { names, metadata: { format: "pt" } });
  const { tensors } = await readSafetensors(path);
  expect(Object.keys(tensors).sort()).toEqual(["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight", "scale"]);
  expect(tensors["fc1.weight"]!.shape).toEqual([4, 3]);
  const loaded = await loadParams(path, params, { names });
  expect(values(loaded.params)).toEqual(values(params));
  expect(loaded.metadata).toEqual({ format: "pt" });
  const byFunction = await loadParams(path, params, {
    names: (name) => {
      const match = /^fc(\d)\.(\w+)$/.exec(name);
      if (!match) return name;
      const place = `layers.${Number(match[1]) - 1}.${match[2]}`;
      return match[2] === "weight" ? { path: place, transpose: true } : place;
    },
  });
  expect(values(byFunction.params)).toEqual(values(params));
  await expect(
    loadParams(path, params, { names: { ...names, "fc1.weight": "layers.0.weight" } }),
  ).rejects.toThrow(/fc1\.weight: shape \[3, 4\] was expected, got \[4, 3\]; transpose: true/);
});

test("narrow floats load into float32", async () => {
  const path = folder("narrow.safetensors");
  const exact = { a: tensor([1, 0.5, -2], { dtype: "float32" }), b: tensor([3], { dtype: "float32" }) };
  await saveParams(path, { a: exact.a.astype("bfloat16"), b: exact.b.astype("float16") });
  const loaded = await loadParams(path, exact);
  expect(tree.leaves(loaded.params).map(({ dtype }) => dtype)).toEqual(["float32", "float32"]);
  expect(values(loaded.params)).toEqual(values(exact));
});

test("what is missing or left over is said", async () => {
  const path = folder("other.safetensors");
  await saveParams(path, { a: f32([2]), b: f32([2]) });
  const like = { a: f32([2], 3), c: f32([2], 4) };
  await expect(loadParams(path, like)).rejects.toThrow(TreeError);
  await expect(loadParams(path, like)).rejects.toThrow(/missing: c; unexpected: b/);
  const loaded = await loadParams(path, like, { strict: false });
  expect(loaded).toMatchObject({ missing: ["c"], unexpected: ["b"] });
  expect(loaded.params.c).toBe(like.c);
  const without = await loadParams(path, { a: like.a }, { names: { b: null } });
  expect(without.unexpected).toEqual([]);
  const moved = await loadParams(
    path,
    { a: f32([2]), b: f32([1, 2]) },
    { names: { b: { path: "b", reshape: [1, 2] } } },
  );
  expect(moved.params.b.shape).toEqual([1, 2]);
});

test("what does not fit is refused", async () => {
  const path = folder("fit.safetensors");
  await writeSafetensors(path, { a: f32([2]), z: tensor([1]).astype("complex64") });
  const one = tensor([1], { dtype: "float32" });
  const cases: [() => Promise<unknown>, new (...args: never[]) => Error, RegExp][] = [
    [() => loadParams(path, { a: f32([3]), z: one }), ShapeError, /a: shape \[3\]/],
    [() => loadParams(path, { a: f32([2]), z: one }), DTypeError, /z: float32 was expected, got complex64/],
    [
      () => loadParams(path, { a: tensor([1, 2], { dtype: "int32" }) }, { strict: false }),
      DTypeError,
      /fractions/,
    ],
    [() => loadParams(path, { a: one }, { names: { b: "a" } }), FileError, /no tensor "b"/],
    [() => loadParams(path, { a: one }, { names: () => "a" }), TreeError, /one place/],
    [() => loadParams(folder("none.safetensors")), FileError, /none/],
    [() => loadParams(folder("none.bin")), FileError, /\.safetensors or \.npz/],
    [() => saveParams(folder("none.bin"), params), FileError, /\.safetensors or \.npz/],
    [() => saveParams(path, { "a.b": one, a: { b: one } }), TreeError, /a\.b/],
    [() => saveParams(path, { a: one }, { names: { x: "b" } }), TreeError, /"b", which is not in the tree/],
    [
      () => saveParams(path, { a: one }, { names: { x: { path: "a", transpose: true } } }),
      ShapeError,
      /matrix/,
    ],
    [
      () => saveParams(path, { a: one }, { names: { x: { path: "a", reshape: [1, 1] } } }),
      DomainError,
      /reshape/,
    ],
    [() => saveParams(folder("x.npz"), { a: one }, { metadata: { a: "b" } }), FileError, /metadata/],
    [() => saveParams(path, { a: one, b: one }, { names: { b: "a" } }), TreeError, /two tensors/],
  ];
  for (const [call, type, message] of cases) {
    const error = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
  }
});
