import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNpz, encodeNpz, namesInNpz, readNpz, writeNpz } from "../../src/io/npz.ts";
import { tensor } from "../../src/tensor/create.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { fixture, fixtureBytes } from "./fixtures.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();

describe("archives that NumPy wrote", () => {
  it("stored", async () => {
    const { a, b } = await readNpz(fixture("stored.npz"));
    expect(a!.toArray()).toEqual([
      [-2, -0.75, 0.5],
      [1.75, 3, 4.25],
    ]);
    expect(b!.toArray()).toEqual([0, 1, 2]);
  });

  it("deflated, one of several", async () => {
    const arrays = await readNpz(fixture("deflated.npz"), { names: ["ramp"] });
    expect(Object.keys(arrays)).toEqual(["ramp"]);
    expect(arrays.ramp!.toArray()).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("names without decoding", () => {
    expect(namesInNpz(fixtureBytes("deflated.npz"))).toEqual(["ones", "ramp"]);
  });
});

it("round trip, stored and deflated", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.double(), { minLength: 1 }), fc.boolean(), async (values, compress) => {
      const x = tensor(values);
      await writeNpz(path("x.npz"), { "some.name": x }, { compress });
      expect((await readNpz(path("x.npz")))["some.name"]!.data()).toEqual(x.data());
    }),
    { numRuns: 10 },
  );
});

it("equal arrays give equal bytes", () => {
  expect(encodeNpz({ a: tensor([1, 2]) })).toEqual(encodeNpz({ a: tensor([1, 2]) }));
});

describe("bad archives", () => {
  it("a name that is not there, with those that are", () => {
    expect(() => decodeNpz(fixtureBytes("stored.npz"), { names: ["c"] })).toThrow(
      /no array "c"; it holds a, b/,
    );
  });

  it("garbage, empty, truncated", () => {
    expect(() => decodeNpz(new Uint8Array(0))).toThrow("empty");
    expect(() => decodeNpz(new Uint8Array(200).fill(7))).toThrow(FileError);
    expect(() => decodeNpz(fixtureBytes("stored.npz").slice(0, 300))).toThrow(FileError);
  });

  it("a flipped bit", () => {
    const bytes = encodeNpz({ a: tensor([1, 2, 3]) });
    const damaged = bytes.slice();
    damaged[30 + "a.npy".length + 128 + 9]! ^= 1;
    expect(() => decodeNpz(bytes)).not.toThrow();
    expect(() => decodeNpz(damaged)).toThrow(/checksum/);
  });
});
