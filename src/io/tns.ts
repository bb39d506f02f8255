// The .tns format of the FROSTT collection: one nonzero a line, one-based indices and then the value.
// Source: http://frostt.io/tensors/file-formats.html.
import type { SparseTensor } from "../decompose/base/sparse.ts";
import { FileError } from "../tensor/errors.ts";
import { CoordinateBuffer, sumDuplicates } from "./coordinates.ts";
import { fileError, writeFileAtomic } from "./files.ts";
import { linesOf, parseValue } from "./lines.ts";

const INDEX_LIMIT = 2 ** 31 - 1;

/**
 * The sparse tensor of a .tns file, read line by line. Empty lines and those that begin with `#` are left out; the
 * largest index of each mode is its length; equal indices are added, with a note. Throws FileError naming the line.
 */
export async function readTns(path: string): Promise<{ tensor: SparseTensor; notes: readonly string[] }> {
  let buffer: CoordinateBuffer | undefined;
  let shape: number[] = [];
  let index = new Int32Array(0);
  let number = 0;
  try {
    for await (const line of linesOf(path, ".tns")) {
      number++;
      const text = line.trim();
      if (text === "" || text.startsWith("#")) continue;
      const fields = text.split(/\s+/);
      if (!buffer) {
        if (fields.length < 2)
          throw new FileError(`${path}: line ${number}: indices and a value were expected`);
        buffer = new CoordinateBuffer(fields.length - 1);
        shape = new Array<number>(buffer.modes).fill(0);
        index = new Int32Array(buffer.modes);
      }
      if (fields.length !== buffer.modes + 1)
        throw new FileError(
          `${path}: line ${number} has ${fields.length} fields, ${buffer.modes + 1} were expected as on the first line`,
        );
      for (let k = 0; k < buffer.modes; k++) {
        const position = Number(fields[k]);
        if (!Number.isInteger(position) || position < 1 || position > INDEX_LIMIT)
          throw new FileError(
            `${path}: line ${number}: index "${fields[k]!.slice(0, 40)}" is not an integer from 1 to ${INDEX_LIMIT}`,
          );
        if (position > shape[k]!) shape[k] = position;
        index[k] = position - 1;
      }
      buffer.push(index, parseValue(fields[buffer.modes]!, path, number));
    }
  } catch (error) {
    throw error instanceof FileError ? error : fileError(path, error);
  }
  if (!buffer) throw new FileError(`${path}: the file holds no entry`);
  const { tensor, merged } = sumDuplicates(shape, buffer.indices(), buffer.values());
  return {
    tensor,
    notes: merged > 0 ? [`${merged} entries repeated an index; their values were added`] : [],
  };
}

/** Writes a sparse tensor as a .tns file, whole or not at all. */
export async function writeTns(path: string, x: SparseTensor): Promise<void> {
  const d = x.shape.length;
  const lines = function* (): Generator<string> {
    for (let entry = 0; entry < x.values.length; ) {
      let text = "";
      for (const stop = Math.min(entry + 4096, x.values.length); entry < stop; entry++) {
        for (let k = 0; k < d; k++) text += `${x.indices[entry * d + k]! + 1} `;
        text += `${x.values[entry]}\n`;
      }
      yield text;
    }
  };
  await writeFileAtomic(path, lines());
}
