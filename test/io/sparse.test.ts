// Matrix Market files and SciPy's sparse .npz files.
import { readdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { DomainError, FileError, ShapeError, tensor } from "polyadic";
import {
  decodeSparseNpz,
  encodeNpz,
  encodeSparseNpz,
  readMatrixMarket,
  readSparseNpz,
  writeMatrixMarket,
  writeSparseNpz,
} from "polyadic/io";
import { coo, fromDense, poisson, type SparseMatrix } from "polyadic/sparse";
import type { Tensor } from "polyadic/tensor";
import { describe, expect, test } from "vitest";
import data from "../reference/sparse.json" with { type: "json" };
import { anyMatrix, expectClose, tensorOf } from "../sparse/compare.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();
const { files } = data;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));
const read = async (text: string): Promise<SparseMatrix | Tensor> => {
  writeFileSync(path("x.mtx"), text);
  return (await readMatrixMarket(path("x.mtx"))).matrix;
};
const dense = (x: SparseMatrix | Tensor): Tensor => ("toDense" in x ? x.toDense() : x);

describe("SciPy's npz", () => {
  test.each(["csr", "csc", "coo", "bsr"] as const)("%s", (format) => {
    const matrix = decodeSparseNpz(bytesOf(files.npz[format]));
    expect(matrix.format).toBe(format);
    expectClose(matrix.toDense(), tensorOf(files.dense), 0);
    const again = decodeSparseNpz(encodeSparseNpz(matrix, { compress: format === "csr" }));
    expect(again.format).toBe(format);
    expectClose(again.values, matrix.values, 0);
    expectClose(again.toDense(), tensorOf(files.dense), 0);
  });
  test("complex, through a file", async () => {
    const matrix = decodeSparseNpz(bytesOf(files.complexNpz));
    expectClose(matrix.toDense(), tensorOf(files.complexDense), 0);
    await writeSparseNpz(path("z.npz"), matrix);
    expectClose((await readSparseNpz(path("z.npz"))).toDense(), matrix.toDense(), 0);
  });
  test("unsorted and repeated indices", () => {
    const expected = [
      [2, 0, 1],
      [0, 7, 0],
    ];
    expect(decodeSparseNpz(bytesOf(files.unsortedNpz)).toDense().toArray()).toEqual(expected);
    const byColumns = decodeSparseNpz(bytesOf(files.unsortedColumnsNpz));
    expect(byColumns.format).toBe("csc");
    expect(byColumns.toDense().mT().toArray()).toEqual(expected);
  });
  test("other archives and damage", () => {
    expect(() => decodeSparseNpz(encodeNpz({ x: tensor([1]) }), "x.npz")).toThrow(
      /x.npz: not a sparse matrix/,
    );
    expect(() => decodeSparseNpz(encodeNpz({ format: tensor([1]) }))).toThrow(/name of a sparse format/);
    const bytes = bytesOf(files.npz.csr);
    expect(() => decodeSparseNpz(bytes.subarray(0, 100))).toThrow(FileError);
    expect(() => decodeSparseNpz(bytesOf(files.diaNpz))).toThrow(/the format is "dia"; csr, csc, bsr, coo/);
    bytes[bytes.length >> 1] ^= 255;
    expect(() => decodeSparseNpz(bytes)).toThrow(FileError);
  });
});

describe("Matrix Market", () => {
  test.each([
    ["real", files.mtx, files.dense],
    ["complex", files.complexMtx, files.complexDense],
    ["symmetric", files.symmetricMtx, files.symmetricDense],
    ["Hermitian", files.hermitianMtx, files.hermitianDense],
    ["skew-symmetric", files.skewMtx, files.skewDense],
    ["array", files.arrayMtx, files.dense],
    ["symmetric array", files.symmetricArrayMtx, files.symmetricDense],
  ])("SciPy's files, %s", async (_kind, text, expected) => {
    expectClose(dense(await read(text)), tensorOf(expected), 1e-16);
  });
  test("patterns, integers, comments, empty lines and capitals", async () => {
    const ones = tensorOf(files.dense).notEqual(0).astype("float64");
    expectClose(dense(await read(files.patternMtx)), ones, 0);
    writeFileSync(
      path("y.mtx"),
      "%%MatrixMarket MATRIX Coordinate Integer General\n% by hand\n\n2 3 3\n1 1 4\n\n2 3 -1\r\n1 1 2",
    );
    const { matrix, comments, field } = await readMatrixMarket(path("y.mtx"));
    expect([field, comments]).toEqual(["integer", [" by hand"]]);
    expect(dense(matrix).toArray()).toEqual([
      [6, 0, 0],
      [0, 0, -1],
    ]);
    const skew = "%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n";
    expect(dense(await read(skew)).toArray()).toEqual([
      [0, -1, -2],
      [1, 0, -3],
      [2, 3, 0],
    ]);
  });
  test("round trips", async () => {
    const size = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(anyMatrix(size), fc.constantFrom("sparse", "dense", "complex"), async (a, kind) => {
        const values = kind === "complex" ? a.values.mul({ re: 1 / 3, im: -0.1 }) : a.values.div(3);
        const matrix = a.withValues(values).toCsr();
        const given = kind === "dense" ? matrix.toDense() : matrix;
        await writeMatrixMarket(path("r.mtx"), given);
        expectClose(dense((await readMatrixMarket(path("r.mtx"))).matrix), matrix.toDense(), 0);
      }),
      { numRuns: 40 },
    );
  });
  test("symmetric files hold one side", async () => {
    const a = poisson([4, 3]);
    await writeMatrixMarket(path("s.mtx"), a, {
      symmetry: "symmetric",
      field: "integer",
      comments: ["grid"],
    });
    const { matrix, symmetry, comments } = await readMatrixMarket(path("s.mtx"));
    expect([symmetry, comments]).toEqual(["symmetric", ["grid"]]);
    expectClose(dense(matrix), a.toDense(), 0);
    await writeMatrixMarket(path("s.mtx"), a.toDense(), { symmetry: "symmetric" });
    expectClose(dense((await readMatrixMarket(path("s.mtx"))).matrix), a.toDense(), 0);
    const h = fromDense(
      tensor(
        [
          [2, { re: 0, im: 1 }],
          [{ re: 0, im: -1 }, 3],
        ] as never,
        { dtype: "complex128" },
      ),
    );
    await writeMatrixMarket(path("h.mtx"), h, { symmetry: "hermitian" });
    expectClose(dense((await readMatrixMarket(path("h.mtx"))).matrix), h.toDense(), 0);
    await writeMatrixMarket(path("p.mtx"), a, { symmetry: "symmetric", field: "pattern" });
    expect((await readMatrixMarket(path("p.mtx"))).field).toBe("pattern");
  });
  const head = "%%MatrixMarket matrix coordinate real general\n";
  test.each([
    ["nothing", "", /empty/],
    ["another format", "hello\n", /does not begin with/],
    ["an unknown field", "%%MatrixMarket matrix coordinate quaternion general\n", /line 1/],
    ["a Hermitian real matrix", "%%MatrixMarket matrix coordinate real hermitian\n", /line 1/],
    ["a dense pattern", "%%MatrixMarket matrix array pattern general\n", /line 1/],
    ["no size", head, /no size line/],
    ["a size of two numbers", `${head}2 2\n`, /size of 3 numbers was expected, got 2/],
    ["a negative size", `${head}2 -2 1\n`, /line 2: "-2"/],
    ["a rectangle called symmetric", `${head.replace("general", "symmetric")}2 3 0\n`, /must be square/],
    ["an index of 0", `${head}2 2 1\n0 1 1\n`, /line 3: "0" is not an integer from 1 to 2/],
    ["an index too large", `${head}2 2 1\n1 3 1\n`, /"3"/],
    ["a missing value", `${head}2 2 1\n1 1\n`, /has 2 fields, 3 were expected/],
    ["no number", `${head}2 2 1\n1 1 x\n`, /"x" is not a number/],
    ["entries too few", `${head}2 2 2\n1 1 1\n`, /ends after 1 of 2/],
    ["entries too many", `${head}2 2 1\n1 1 1\n2 2 1\n`, /line 4: more than the 1/],
    ["a skew diagonal", `${head.replace("general", "skew-symmetric")}2 2 1\n1 1 1\n`, /on its diagonal/],
  ])("refuses %s", async (_what, text, message) => {
    await expect(read(text)).rejects.toThrow(FileError);
    await expect(read(text)).rejects.toThrow(message);
  });
  test("a missing file", async () => {
    await expect(readMatrixMarket(path("none.mtx"))).rejects.toThrow(/no such file/);
  });
  test("writes whole or not at all", async () => {
    const a = coo([0], [1], [0.5], [2, 2]);
    const before = readdirSync(path("."));
    const bad: [() => Promise<void>, new (...given: never[]) => Error][] = [
      [() => writeMatrixMarket(path("b.mtx"), a, { symmetry: "symmetric" }), DomainError],
      [() => writeMatrixMarket(path("b.mtx"), a, { symmetry: "symmetric", field: "pattern" }), DomainError],
      [() => writeMatrixMarket(path("b.mtx"), a, { field: "integer" }), DomainError],
      [() => writeMatrixMarket(path("b.mtx"), a.astype("complex64"), { field: "real" }), DomainError],
      [() => writeMatrixMarket(path("b.mtx"), a, { comments: ["x\ny"] }), DomainError],
      [() => writeMatrixMarket(path("b.mtx"), tensor([1, 2])), ShapeError],
      [() => writeMatrixMarket(path("no/b.mtx"), a), FileError],
      [() => writeSparseNpz(path("no/b.npz"), a), FileError],
    ];
    for (const [write, type] of bad) await expect(write()).rejects.toThrow(type);
    expect(readdirSync(path("."))).toEqual(before);
  });
});
