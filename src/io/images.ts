// Pictures as tensors, through the optional package sharp.
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { allocate, dtypeInfo, isComplex } from "../tensor/dtype.ts";
import { DTypeError, FileError, ShapeError } from "../tensor/errors.ts";
import { widen } from "../tensor/float16.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Decoded } from "./elements.ts";
import { fileError, readBytes, writeFileAtomic } from "./files.ts";
import { loadSharp } from "./sharp.ts";

/** File name endings of pictures that can be read. */
export const IMAGE_EXTENSIONS: readonly string[] = [".png", ".jpg", ".jpeg", ".webp"];

export const isImagePath = (path: string): boolean => IMAGE_EXTENSIONS.includes(extname(path).toLowerCase());

/**
 * A picture as a tensor `[height, width, channels]`, or `[height, width]` for a single channel; alpha is a channel.
 * Values are uint8 as the file holds them, without colour management (16 bits a channel: int32). A picture that its
 * EXIF data declares to be turned is turned upright, with a note. Throws FileError, MissingPackageError.
 */
export async function readImage(path: string): Promise<Decoded> {
  const sharp = await loadSharp();
  const bytes = await readBytes(path);
  if (bytes.byteLength === 0) throw new FileError(`${path}: the file is empty`);
  try {
    const { space, depth, orientation = 1, pages = 1, hasAlpha } = await sharp(bytes).metadata();
    const deep = depth === "ushort";
    const monochrome = space === "b-w" || space === "grey16";
    // Asked for grey, the pipeline drops alpha: such pictures are decoded as colours and reduced.
    const grey = monochrome && !hasAlpha;
    const cmyk = space === "cmyk";
    const pipeline = sharp(bytes, { failOn: "truncated", ignoreIcc: !cmyk })
      .autoOrient()
      .toColourspace(grey ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb");
    const { data, info } = await pipeline
      .raw({ depth: deep ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    const { height, width } = info;
    const values = deep
      ? Int32Array.from(new Uint16Array(data.buffer, data.byteOffset, data.length / 2))
      : new Uint8Array(data.buffer, data.byteOffset, data.length);
    const notes: string[] = [];
    if (orientation !== 1) notes.push("the picture was turned upright, as its EXIF data says");
    if (pages > 1) notes.push(`the file holds ${pages} frames; the first was read`);
    if (cmyk) notes.push("CMYK colours were converted to RGB");
    const reduce = monochrome && info.channels === 4;
    const channels = reduce ? 2 : info.channels;
    const shape = channels === 1 ? [height, width] : [height, width, channels];
    const pixels = reduce ? values.filter((_, i) => i % 4 === 0 || i % 4 === 3) : values;
    return { tensor: new Tensor(pixels, shape, deep ? "int32" : "uint8"), notes };
  } catch (error) {
    if (error instanceof FileError) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new FileError(`${path}: not a readable picture: ${reason}`, { cause: error });
  }
}

/**
 * The pictures of a folder, in natural order of their names (2 before 10), stacked into `[count, height, width,
 * channels]`, or `[count, height, width]` for single channels. Other files are left out. Throws FileError when there
 * is no picture, ShapeError naming the first picture of another size.
 */
export async function readImageFolder(
  path: string,
): Promise<Decoded & { readonly files: readonly string[] }> {
  let names: string[];
  try {
    names = (await readdir(path)).filter((name) => isImagePath(name) && !name.startsWith("."));
  } catch (error) {
    throw fileError(path, error);
  }
  if (names.length === 0)
    throw new FileError(`${path}: the folder holds no picture (${IMAGE_EXTENSIONS.join(", ")})`);
  const { compare } = new Intl.Collator("en", { numeric: true });
  names.sort((a, b) => compare(a, b) || (a < b ? -1 : 1));

  const first = (await readImage(join(path, names[0]!))).tensor;
  const data = allocate(first.dtype, names.length * first.size);
  const notes = new Set<string>();
  for (const [i, name] of names.entries()) {
    const { tensor, notes: found } = await readImage(join(path, name));
    if (!sameShape(tensor.shape, first.shape) || tensor.dtype !== first.dtype)
      throw new ShapeError(
        `${join(path, name)}: ${tensor.dtype} ${formatShape(tensor.shape)}, but ${basename(names[0]!)} is ${first.dtype} ${formatShape(first.shape)}; pictures of one size were expected`,
      );
    data.set(tensor.data(), i * first.size);
    for (const note of found) notes.add(`${name}: ${note}`);
  }
  return {
    tensor: new Tensor(data, [names.length, ...first.shape], first.dtype),
    notes: [...notes],
    files: names,
  };
}

/** Values as bytes: rounded and clipped to 0 … 255, booleans as 0 and 255, NaN as 0. */
export function toBytes(x: Tensor): Uint8Array {
  if (isComplex(x.dtype)) throw new DTypeError(`a picture cannot show ${x.dtype} values`);
  const data = x.data();
  if (x.dtype === "uint8") return data as Uint8Array;
  if (x.dtype === "bool") return Uint8Array.from(data, (value) => (value ? 255 : 0));
  return new Uint8Array(
    Uint8ClampedArray.from(dtypeInfo(x.dtype).packed ? widen(x.dtype, data) : data).buffer,
  );
}

/**
 * The bytes of a picture file of a tensor `[height, width]` or `[height, width, channels]` with 1 to 4 channels, whose
 * values are 0 … 255 (rounded and clipped). Throws ShapeError for other shapes, DTypeError for complex values.
 */
export async function encodeImage(x: Tensor, format: "png" | "jpeg" | "webp" = "png"): Promise<Uint8Array> {
  const [height, width, channels = 1] = x.shape as [number, number, number?];
  if (x.ndim < 2 || x.ndim > 3 || channels > 4 || sizeOf(x.shape) === 0)
    throw new ShapeError(
      `a picture has the shape [height, width] or [height, width, 1 to 4 channels], got ${formatShape(x.shape)}`,
    );
  const sharp = await loadSharp();
  const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 };
  return sharp(toBytes(x), { raw })
    .toColourspace(channels <= 2 ? "b-w" : "srgb")
    .toFormat(format)
    .toBuffer();
}

/** Writes a picture, whole or not at all; the format follows from the ending `.png`, `.jpg`, `.jpeg` or `.webp`. */
export async function writeImage(path: string, x: Tensor): Promise<void> {
  const ending = extname(path).toLowerCase().slice(1);
  const format = ending === "jpg" ? "jpeg" : ending;
  if (format !== "png" && format !== "jpeg" && format !== "webp")
    throw new FileError(`${path}: a name ending in ${IMAGE_EXTENSIONS.join(", ")} was expected`);
  await writeFileAtomic(path, await encodeImage(x, format));
}
