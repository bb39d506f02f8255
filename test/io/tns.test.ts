import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sumDuplicates } from "../../src/io/coordinates.ts";
import { readTns, writeTns } from "../../src/io/tns.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();
const file = (text: string): string => {
  writeFileSync(path("x.tns"), text);
  return path("x.tns");
};

describe(".tns", () => {
  it("one-based indices, comments, empty lines, no newline at the end", async () => {
    const { tensor, notes } = await readTns(file("# a comment\n1 1 1 1.5\n\n  2 3 1\t-2e-3\r\n1 2 4 7"));
    expect(tensor.shape).toEqual([2, 3, 4]);
    expect([...tensor.indices]).toEqual([0, 0, 0, 1, 2, 0, 0, 1, 3]);
    expect([...tensor.values]).toEqual([1.5, -2e-3, 7]);
    expect(notes).toEqual([]);
  });

  it("adds equal indices", async () => {
    const { tensor, notes } = await readTns(file("1 1 1\n2 2 5\n1 1 2\n"));
    expect([...tensor.values]).toEqual([3, 5]);
    expect(notes[0]).toMatch(/1 entries repeated/);
  });

  it("round trip, over pieces of the file", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.nat(30), fc.nat(30), fc.nat(2 ** 31 - 3)), {
          minLength: 1,
          maxLength: 200,
          selector: String,
        }),
        fc.double({ noNaN: true }),
        async (list, value) => {
          const shape = [0, 1, 2].map((k) => Math.max(...list.map((index) => index[k]!)) + 1);
          const values = Float64Array.from(list, (_, i) => value + i);
          await writeTns(path("y.tns"), {
            kind: "sparse",
            shape,
            indices: Int32Array.from(list.flat()),
            values,
          });
          const { tensor } = await readTns(path("y.tns"));
          expect(tensor.shape).toEqual(shape);
          expect([...tensor.indices]).toEqual(list.flat());
          expect([...tensor.values].map((x) => x + 0)).toEqual([...values].map((x) => x + 0));
        },
      ),
      { numRuns: 20 },
    );
  });

  const bad: [string, string, RegExp][] = [
    ["a field too few", "1 1 1\n2 2\n", /line 2 has 2 fields, 3/],
    ["an index of zero", "0 1 1\n", /line 1: index "0"/],
    ["a fraction as index", "1.5 1 1\n", /index "1\.5"/],
    ["a value that is no number", "1 1 one\n", /"one" is not a number/],
    ["one field", "12\n", /indices and a value/],
    ["nothing", "# only a comment\n", /no entry/],
  ];
  for (const [name, text, message] of bad)
    it(`refuses ${name}`, async () => {
      await expect(readTns(file(text))).rejects.toThrow(message);
    });

  it("refuses missing files, folders and binary files", async () => {
    await expect(readTns(path("absent.tns"))).rejects.toThrow(/no such file/);
    mkdirSync(path("folder.tns"));
    await expect(readTns(path("folder.tns"))).rejects.toThrow(/folder/);
    writeFileSync(path("x.tns"), Buffer.alloc(2 ** 21, 7));
    await expect(readTns(path("x.tns"))).rejects.toThrow(/not made of lines/);
  });
});

it("sumDuplicates beyond the exact integers", () => {
  const shape = [2 ** 30, 2 ** 30];
  const { tensor, merged } = sumDuplicates(shape, Int32Array.of(5, 7, 5, 8, 5, 7), Float64Array.of(1, 2, 4));
  expect(merged).toBe(1);
  expect([...tensor.indices]).toEqual([5, 7, 5, 8]);
  expect([...tensor.values]).toEqual([5, 2]);
});
