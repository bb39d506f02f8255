import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeSafetensors,
  listSafetensors,
  readSafetensors,
  writeSafetensors,
} from "../../src/io/safetensors.ts";
import { tensor } from "../../src/tensor/create.ts";
import { allocate, type DType, dtypes } from "../../src/tensor/dtype.ts";
import { DTypeError, FileError } from "../../src/tensor/errors.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { expected, fixture, listed } from "./fixtures.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();

describe("a file laid out by the format's description", () => {
  for (const [key, { shape, values }] of Object.entries(expected).filter(([name]) =>
    name.startsWith("types:"),
  )) {
    const name = key.slice("types:".length);
    it(name, async () => {
      const { tensors, metadata } = await readSafetensors(fixture("types.safetensors"), { names: [name] });
      expect(Object.keys(tensors)).toEqual([name]);
      expect(tensors[name]!.shape).toEqual(shape);
      expect(listed(tensors[name]!)).toEqual(values);
      expect(metadata).toEqual({ "made by": "io_fixtures.py" });
    });
  }

  it("lists without reading", async () => {
    const { entries } = await listSafetensors(fixture("types.safetensors"));
    expect(entries[0]).toEqual({ name: "f64", type: "F64", shape: [2, 3] });
  });

  it("notes rounding by name", async () => {
    const { notes } = await readSafetensors(fixture("types.safetensors"));
    expect(notes.find((note) => note.startsWith("i64"))).toMatch(/1 value lies/);
  });
});

it("round trip of every dtype, aligned, with metadata", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(
        fc.string({ minLength: 1 }).filter((name) => !name.startsWith("__")),
        { minLength: 1, maxLength: 12 },
      ),
      fc.dictionary(
        fc.string().filter((name) => name !== "__proto__"),
        fc.string(),
      ),
      async (names, metadata) => {
        const kinds: DType[] = dtypes.filter((dtype) => dtype !== "complex128");
        const tensors = Object.fromEntries(
          names.map((name, i) => {
            const dtype = kinds[i % kinds.length]!;
            const data = allocate(dtype, 3 * (i % 4));
            for (let j = 0; j < data.length; j++) data[j] = dtype === "bool" ? j & 1 : j + i;
            return [name, new Tensor(data, [3, i % 4], dtype)];
          }),
        );
        await writeSafetensors(path("x.safetensors"), tensors, metadata);
        const back = await readSafetensors(path("x.safetensors"));
        expect({ ...back.metadata }).toEqual({ ...metadata });
        expect(Object.keys(back.tensors).sort()).toEqual([...names].sort());
        for (const name of names) {
          expect(back.tensors[name]!.dtype).toBe(tensors[name]!.dtype);
          expect(back.tensors[name]!.data()).toEqual(tensors[name]!.data());
        }
      },
    ),
    { numRuns: 20 },
  );
});

it("refuses complex128 by name", () => {
  expect(() => encodeSafetensors({ z: new Tensor(new Float64Array(2), [1], "complex128") })).toThrow(
    DTypeError,
  );
});

describe("bad files", () => {
  /** A file from a header object or text, with `body` zero bytes after it. */
  const file = (header: unknown, body = 0, length?: bigint): string => {
    const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(length ?? BigInt(text.length));
    writeFileSync(path("bad.safetensors"), Buffer.concat([head, text, Buffer.alloc(body)]));
    return path("bad.safetensors");
  };
  const a = (start: number, end: number, shape = [2]) => ({
    dtype: "F32",
    shape,
    data_offsets: [start, end],
  });
  const cases: [string, () => string, RegExp][] = [
    ["a huge header", () => file("{}", 0, 2n ** 60n), /claims a header of/],
    ["a header longer than the file", () => file("{}", 0, 500n), /508 bytes expected, found 10/],
    ["no JSON", () => file("{nope", 0), /not JSON/],
    ["not an object", () => file("[1]", 0), /not a JSON object/],
    ["truncated elements", () => file({ a: a(0, 8) }, 5), /truncated: a ends at byte/],
    ["an overlap", () => file({ a: a(0, 8), b: a(4, 12) }, 12), /b begins at byte 4, inside/],
    ["a gap", () => file({ a: a(0, 8), b: a(12, 20) }, 20), /4 bytes before b/],
    ["bytes at the end", () => file({ a: a(0, 8) }, 9), /1 bytes after the last/],
    ["a size that does not fit", () => file({ a: a(0, 8, [3]) }, 8), /does not fit/],
    ["a negative length", () => file({ a: a(0, 8, [-2]) }, 8), /needs a dtype/],
    ["no offsets", () => file({ a: { dtype: "F32", shape: [2] } }, 8), /needs a dtype/],
    ["metadata that is no map of text", () => file({ __metadata__: { a: 1 } }, 0), /__metadata__/],
    ["an unknown type", () => file({ a: { dtype: "F4", shape: [2], data_offsets: [0, 1] } }, 1), /type F4/],
  ];
  for (const [name, make, message] of cases)
    it(name, async () => {
      await expect(readSafetensors(make())).rejects.toThrow(message);
    });

  it("empty and tiny files, and a missing name", async () => {
    writeFileSync(path("bad.safetensors"), "");
    await expect(readSafetensors(path("bad.safetensors"))).rejects.toThrow(/empty/);
    writeFileSync(path("bad.safetensors"), "abc");
    await expect(readSafetensors(path("bad.safetensors"))).rejects.toThrow(/at least 8 bytes/);
    writeFileSync(path("good.safetensors"), Buffer.concat(encodeSafetensors({ a: tensor([1]) })));
    const reading = readSafetensors(path("good.safetensors"), { names: ["b"] });
    await expect(reading).rejects.toThrow(FileError);
    await expect(reading).rejects.toThrow(/no tensor "b"; it holds a/);
  });
});
