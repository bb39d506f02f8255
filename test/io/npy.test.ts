import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNpy, encodeNpy, readNpy, writeNpy } from "../../src/io/npy.ts";
import { allocate, type DType, dtypeInfo } from "../../src/tensor/dtype.ts";
import { DTypeError, FileError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { expected, fixture, fixtureBytes, listed } from "./fixtures.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();

const DTYPES: Record<string, DType> = {
  f8: "float64",
  f4: "float32",
  f2: "float16",
  i1: "int8",
  i2: "int32",
  i4: "int32",
  i8: "float64",
  u1: "uint8",
  u2: "int32",
  u4: "uint32",
  u8: "float64",
  c8: "complex64",
  c16: "complex128",
  b1: "bool",
};

describe("files that NumPy wrote", () => {
  for (const [name, { shape, values }] of Object.entries(expected).filter(([key]) => key.endsWith(".npy"))) {
    it(name, async () => {
      const x = await readNpy(fixture(name));
      expect(x.shape).toEqual(shape);
      expect(listed(x)).toEqual(values);
      const code = name.split("-")[0]!;
      if (code in DTYPES) expect(x.dtype).toBe(DTYPES[code]);
    });
  }

  it("notes 64-bit integers, and counts those that may be rounded", () => {
    expect(decodeNpy(fixtureBytes("huge-int64.npy")).notes[0]).toMatch(/3 values lie at or beyond 2\^53/);
    expect(decodeNpy(fixtureBytes("i8-big.npy")).notes[0]).toMatch(/exactly/);
    expect(decodeNpy(fixtureBytes("i4-big.npy")).notes).toEqual([]);
  });

  it("reads Fortran order as a view of the file's bytes", () => {
    const { tensor } = decodeNpy(fixtureBytes("fortran.npy"));
    expect(tensor.strides).toEqual([1, 2, 6]);
    expect(tensor.item(1, 2, 3)).toBe(23);
  });
});

/** Any tensor of a dtype: random bits, without the NaN patterns that a comparison could not see. */
const anyTensor = (dtype: DType): fc.Arbitrary<Tensor> =>
  fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) =>
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })).map((stream) => {
      const data = allocate(dtype, sizeOf(shape));
      for (let i = 0; i < data.length; i++) data[i] = stream.next().value & (dtype === "bool" ? 1 : 255);
      return new Tensor(data, shape, dtype);
    }),
  );

describe("round trips", () => {
  for (const dtype of new Set(Object.values(DTYPES))) {
    it(dtype, () => {
      fc.assert(
        fc.property(anyTensor(dtype), (x) => {
          const { tensor } = decodeNpy(new Uint8Array(Buffer.concat(encodeNpy(x))));
          expect(tensor.dtype).toBe(dtype);
          expect(tensor.shape).toEqual(x.shape);
          expect(tensor.data()).toEqual(x.data());
        }),
        { numRuns: 25 },
      );
    });
  }

  it("writes a transposed view in C order, elements at a multiple of 64", async () => {
    const x = new Tensor(Float64Array.of(1, 2, 3, 4, 5, 6), [3, 2], "float64", [1, 3]);
    await writeNpy(path("view.npy"), x);
    const back = await readNpy(path("view.npy"));
    expect([...back.data()]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(encodeNpy(x)[0]!.byteLength % 64).toBe(0);
    expect(dtypeInfo(back.dtype).bytes).toBe(8);
  });

  it("refuses to write what NumPy lacks", () => {
    expect(() => encodeNpy(new Tensor(new Uint16Array(1), [1], "bfloat16"))).toThrow(DTypeError);
  });
});

describe("bad files", () => {
  const good = fixtureBytes("f8-little.npy");
  const decode = (bytes: Uint8Array<ArrayBuffer>) => () => decodeNpy(bytes, "x.npy");
  const edited = (find: string, replacement: string): Uint8Array<ArrayBuffer> =>
    new Uint8Array(Buffer.from(Buffer.from(good).toString("latin1").replace(find, replacement), "latin1"));

  it("truncated anywhere", () => {
    for (let length = 0; length < good.length; length++)
      expect(decode(good.slice(0, length))).toThrow(FileError);
    expect(decode(good.slice(0, -5))).toThrow(
      `needs ${good.length} bytes with its header, found ${good.length - 5}`,
    );
  });

  it("bytes after the array", () => {
    expect(decode(new Uint8Array([...good, 1, 2]))).toThrow("2 bytes follow");
  });

  it("wrong magic, unknown version, implausible header", () => {
    expect(decode(new Uint8Array(100))).toThrow("not a .npy file");
    expect(decode(good.with(6, 9) as Uint8Array<ArrayBuffer>)).toThrow("version 9");
    const long = fixtureBytes("version2.npy");
    long.fill(0xff, 8, 12);
    expect(decode(long)).toThrow("not plausible");
  });

  it("a damaged dictionary", () => {
    expect(decode(edited("descr", "dascr"))).toThrow("damaged");
    expect(decode(edited("False", "Maybe"))).toThrow("damaged");
    expect(decode(edited("(2, 3)", "(2,-3)"))).toThrow("shape");
    expect(decode(edited("<f8", "<q8"))).toThrow(DTypeError);
  });

  for (const [kind, words] of Object.entries({
    objects: "Python objects",
    records: "records",
    text: "text",
    bytes: "byte strings",
    dates: "dates",
    "long-double": "extended-precision",
  }))
    it(`a dtype without numbers: ${kind}`, async () => {
      const reading = readNpy(fixture(`refused-${kind}.npy`));
      await expect(reading).rejects.toThrow(DTypeError);
      await expect(reading).rejects.toThrow(words);
    });

  it("missing, a folder, empty, unreadable", async () => {
    await expect(readNpy(path("absent.npy"))).rejects.toThrow(/absent\.npy: no such file/);
    mkdirSync(path("folder.npy"));
    await expect(readNpy(path("folder.npy"))).rejects.toThrow(/is a folder/);
    writeFileSync(path("empty.npy"), "");
    await expect(readNpy(path("empty.npy"))).rejects.toThrow(/is empty/);
    if (process.getuid?.() === 0) return; // the superuser reads everything
    writeFileSync(path("secret.npy"), good);
    chmodSync(path("secret.npy"), 0);
    await expect(readNpy(path("secret.npy"))).rejects.toThrow(/permission denied/);
  });
});
