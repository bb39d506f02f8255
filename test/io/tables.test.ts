import { writeFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import { readTable, readTableEntries } from "../../src/io/tables.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();
const file = (name: string, text: string): string => {
  writeFileSync(path(name), text);
  return path(name);
};

describe("readTable", () => {
  it("a header is detected, integers, fractions and booleans are numbers, missing cells NaN", async () => {
    const { tensor, columns } = await readTable(
      file("a.csv", "one,two,three\n1,2.5,true\n-3,,false\n4,NA,true\n"),
    );
    expect(columns).toEqual(["one", "two", "three"]);
    expect(tensor.dtype).toBe("float64");
    expect(tensor.toArray()).toEqual([
      [1, 2.5, 1],
      [-3, Number.NaN, 0],
      [4, Number.NaN, 1],
    ]);
  });

  it("no header, tab-separated, a name that looks like a pattern", async () => {
    const { tensor } = await readTable(file("it's [1].tsv", "1\t2\n3\t4\n"));
    expect(tensor.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("keeps the order of rows over many blocks", async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `${i},${i * 0.5}`);
    const { tensor } = await readTable(file("long.csv", `i,half\n${rows.join("\n")}\n`));
    expect(tensor.shape).toEqual([5000, 2]);
    for (const i of [0, 2047, 2048, 4999]) expect(tensor.item(i, 1)).toBe(i * 0.5);
  });

  it("parquet, with exact integers noted when they are too long", async () => {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    await connection.run(
      `COPY (SELECT 1::DECIMAL(9,3) AS a, 9007199254740993::BIGINT AS b) TO '${path("x.parquet")}' (FORMAT parquet)`,
    );
    connection.closeSync();
    const { tensor, columns, notes } = await readTable(path("x.parquet"));
    expect(columns).toEqual(["a", "b"]);
    expect(tensor.toArray()).toEqual([[1, 2 ** 53]]);
    expect(notes[0]).toMatch(/1 integers/);
  });

  it("names the columns that hold no numbers", async () => {
    const reading = readTable(file("text.csv", "name,age,day\nann,3,2020-01-01\nbob,4,2020-01-02\n"));
    await expect(reading).rejects.toThrow(FileError);
    await expect(reading).rejects.toThrow(/columns "name" \(text\), "day" \(date\) hold no numbers/);
  });

  it("nan in a text file is a missing value, in any spelling", async () => {
    const { tensor } = await readTable(file("nan.csv", "a,b\n1,nan\nNaN,4\nNAN,#N/A\n"));
    expect(tensor.toArray()).toEqual([
      [1, Number.NaN],
      [Number.NaN, 4],
      [Number.NaN, Number.NaN],
    ]);
  });

  it("says that lines differ in length", async () => {
    await expect(readTable(file("short.csv", "a,b\n1,2\n3\n"))).rejects.toThrow(
      /as many fields as the first, "a,b"/,
    );
  });

  it("refuses empty, missing, headers only and damaged files", async () => {
    await expect(readTable(file("empty.csv", ""))).rejects.toThrow(/empty/);
    await expect(readTable(path("absent.csv"))).rejects.toThrow(/absent\.csv: no such file/);
    await expect(readTable(file("garbage.parquet", "PAR1 nonsense"))).rejects.toThrow(FileError);
    await expect(readTable(file("ragged.csv", "a,b\n1,2\n3,4,5,6\n7\n"))).rejects.toThrow(FileError);
  });
});

describe("readTableEntries", () => {
  it("labels are sorted, integers from 0 are positions", async () => {
    const { tensor, labels, columns } = await readTableEntries(
      file("coo.csv", "city,step,value\nrome,0,1.5\noslo,2,2.5\nrome,2,3\n"),
    );
    expect(columns).toEqual(["city", "step", "value"]);
    expect(labels).toEqual([["oslo", "rome"], null]);
    expect(tensor.shape).toEqual([2, 3]);
    expect([...tensor.indices]).toEqual([1, 0, 0, 2, 1, 2]);
    expect([...tensor.values]).toEqual([1.5, 2.5, 3]);
  });

  it("integers that do not start at 0 are labels in numeric order; equal indices add up", async () => {
    const { tensor, labels, notes } = await readTableEntries(
      file("years.csv", "year,value\n1999,1\n1001,2\n1999,4\n"),
    );
    expect(labels).toEqual([["1001", "1999"]]);
    expect([...tensor.indices]).toEqual([1, 0]);
    expect([...tensor.values]).toEqual([5, 2]);
    expect(notes.join()).toMatch(/2 labels.*1 rows repeated/);
  });

  it("refuses a text value, a missing cell and a single column", async () => {
    await expect(readTableEntries(file("v.csv", "a,b\n1,x\n2,y\n"))).rejects.toThrow(
      /last column, "b" \(text\)/,
    );
    await expect(readTableEntries(file("m.csv", "a,b\nx,1\ny,\n"))).rejects.toThrow(/row 2 has no b/);
    await expect(readTableEntries(file("s.csv", "a\n1\n2\n"))).rejects.toThrow(/one column/);
  });
});
