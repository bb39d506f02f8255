import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readImage, readImageFolder, writeImage } from "../../src/io/images.ts";
import { DTypeError, FileError, ShapeError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { temporaryFolder } from "./folder.ts";

const path = temporaryFolder();

const ramp = (shape: number[], offset = 0): Tensor =>
  new Tensor(
    Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i * 7 + offset) % 256),
    shape,
    "uint8",
  );

describe("readImage and writeImage", () => {
  it("png keeps every byte, grey, colour and alpha", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom([], [2], [3], [4]),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        async (channels, height, width) => {
          const x = ramp([height, width, ...channels]);
          await writeImage(path("x.png"), x);
          const { tensor } = await readImage(path("x.png"));
          expect(tensor.shape).toEqual(x.shape);
          expect([...tensor.data()]).toEqual([...x.data()]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("webp and jpg come close", async () => {
    const flat = new Tensor(new Uint8Array(16 * 16 * 3).fill(90), [16, 16, 3], "uint8");
    for (const name of ["x.webp", "x.jpg", "x.jpeg"]) {
      await writeImage(path(name), flat);
      const { tensor } = await readImage(path(name));
      expect(tensor.shape).toEqual([16, 16, 3]);
      expect(Math.max(...tensor.data().map((value) => Math.abs(value - 90)))).toBeLessThan(4);
    }
  });

  it("rounds and clips fractions, shows booleans as black and white, drops a single channel", async () => {
    await writeImage(path("f.png"), new Tensor(Float64Array.of(-5, 0.6, 254.4, 300), [2, 2, 1], "float64"));
    expect((await readImage(path("f.png"))).tensor.toArray()).toEqual([
      [0, 1],
      [254, 255],
    ]);
    await writeImage(path("b.png"), new Tensor(Uint8Array.of(0, 1), [1, 2], "bool"));
    expect((await readImage(path("b.png"))).tensor.toArray()).toEqual([[0, 255]]);
  });

  it("16 bits a channel", async () => {
    const values = Uint16Array.of(0, 1, 256, 65535);
    const raw = { width: 2, height: 2, channels: 1 as const };
    await sharp(values, { raw }).toColourspace("grey16").png().toFile(path("deep.png"));
    const { tensor } = await readImage(path("deep.png"));
    expect(tensor.dtype).toBe("int32");
    expect(tensor.toArray()).toEqual([
      [0, 1],
      [256, 65535],
    ]);
  });

  it("turns a picture upright and says so", async () => {
    const raw = { width: 3, height: 2, channels: 3 as const };
    await sharp(ramp([2, 3, 3]).data() as Uint8Array, { raw })
      .png()
      .withMetadata({ orientation: 6 })
      .toFile(path("turned.png"));
    const { tensor, notes } = await readImage(path("turned.png"));
    expect(tensor.shape).toEqual([3, 2, 3]);
    expect(notes[0]).toMatch(/upright/);
  });

  it("refuses what is no picture", async () => {
    writeFileSync(path("garbage.png"), "not a picture");
    writeFileSync(path("empty.png"), "");
    await writeImage(path("whole.png"), ramp([40, 40, 3]));
    writeFileSync(path("cut.png"), readFileSync(path("whole.png")).subarray(0, 200));
    for (const name of ["garbage.png", "empty.png", "cut.png", "absent.png"])
      await expect(readImage(path(name)), name).rejects.toThrow(FileError);
    await expect(writeImage(path("x.png"), ramp([4]))).rejects.toThrow(ShapeError);
    await expect(writeImage(path("x.png"), ramp([2, 2, 5]))).rejects.toThrow(ShapeError);
    await expect(writeImage(path("x.gif"), ramp([2, 2]))).rejects.toThrow(FileError);
    const complex = new Tensor(new Float64Array(8), [2, 2], "complex128");
    await expect(writeImage(path("x.png"), complex)).rejects.toThrow(DTypeError);
  });
});

describe("readImageFolder", () => {
  it("stacks in natural order and leaves other files out", async () => {
    mkdirSync(path("frames"));
    for (const i of [10, 2, 1]) await writeImage(path(`frames/frame${i}.png`), ramp([3, 4, 3], i));
    writeFileSync(path("frames/notes.txt"), "x");
    const { tensor, files } = await readImageFolder(path("frames"));
    expect(files).toEqual(["frame1.png", "frame2.png", "frame10.png"]);
    expect(tensor.shape).toEqual([3, 3, 4, 3]);
    expect([tensor.item(0, 0, 0, 0), tensor.item(1, 0, 0, 0), tensor.item(2, 0, 0, 0)]).toEqual([1, 2, 10]);
  });

  it("names the picture of another size", async () => {
    mkdirSync(path("uneven"));
    copyFileSync(path("frames/frame1.png"), path("uneven/a.png"));
    await writeImage(path("uneven/b.png"), ramp([3, 5, 3]));
    await expect(readImageFolder(path("uneven"))).rejects.toThrow(/b\.png: uint8 \[3, 5, 3\], but a\.png/);
  });

  it("refuses a folder without pictures", async () => {
    mkdirSync(path("none"));
    await expect(readImageFolder(path("none"))).rejects.toThrow(/no picture/);
    expect(readdirSync(path("none"))).toEqual([]);
  });
});
