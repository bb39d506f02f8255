// polyadic reconstruct: the tensor, or a part of it, from a decomposition file.
import type { Command } from "commander";
import { full, slice } from "../decompose/operations.ts";
import { loadDecomposition } from "../io/decompositionFile.ts";
import { isImagePath } from "../io/images.ts";
import { checkWritable, type SourceKind, writeTensor } from "../io/tensorFile.ts";
import { astype } from "../ops/cast.ts";
import { formatNumber } from "../plot/format.ts";
import { type DType, isComplex } from "../tensor/dtype.ts";
import { DTypeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Streams } from "./streams.ts";
import { checkFolderOf, inWordsOf } from "./usage.ts";

/** Adds the command to the program. */
export function addReconstruct(program: Command, streams: Streams): void {
  program
    .command("reconstruct")
    .description("rebuild the tensor, or a part of it, from a file that decompose wrote")
    .argument("<file>", ".safetensors or .npz written by decompose")
    .requiredOption("--out <file>", "where to write it: .npy, .npz, .safetensors, .png, .jpg or .webp")
    .option("--slice <ranges>", 'only a part, such as "0:10,:,3"; the rest is not computed')
    .action(async (file: string, flags: { readonly out: string; readonly slice?: string }) => {
      checkWritable(flags.out);
      await checkFolderOf(flags.out);
      const { decomposition, info } = await loadDecomposition(file);
      const x =
        flags.slice === undefined
          ? full(decomposition)
          : inWordsOf("--slice", {}, () => slice(decomposition, flags.slice!));
      if (isImagePath(flags.out)) {
        const { picture, note } = toPicture(x, info.sourceKind, info.sourceDtype);
        await writeTensor(flags.out, picture);
        if (note !== undefined) streams.stderr.write(`note: ${note}\n`);
      } else await writeTensor(flags.out, x);
      streams.stdout.write(`wrote ${flags.out}: ${x.dtype} ${formatShape(x.shape)}\n`);
    });
}

/** Values from 0 to 255: as they are where they came from pictures, else scaled, which is then said. */
function toPicture(x: Tensor, kind: SourceKind, dtype: DType): { picture: Tensor; note?: string } {
  if (isComplex(x.dtype)) throw new DTypeError(`a picture cannot show ${x.dtype} values; write .npy`);
  if ((kind === "image" || kind === "images") && dtype === "uint8") return { picture: x };
  const values = astype(x, "float64").data() as Float64Array;
  const scaled = (low: number, factor: number): Tensor =>
    new Tensor(
      values.map((value) => (value - low) * factor),
      x.shape,
      "float64",
    );
  // Pictures of 16 bits a channel keep their brightness.
  if (kind === "image" || kind === "images") return { picture: scaled(0, 1 / 257) };
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return {
    picture: scaled(low, 255 / (high - low || 1)),
    note: `values from ${formatNumber(low)} to ${formatNumber(high)} were scaled to 0 … 255 for the picture`,
  };
}
