// SciPy's .npz files of sparse matrices: the arrays of one format, its name and the shape (scipy.sparse.save_npz).
import { bsr, coo, csc, csr } from "../sparse/base/constructors.ts";
import type { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import { FileError, PolyadicError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { readBytes, writeFileAtomic } from "./files.ts";
import { encodeNpy } from "./npy.ts";
import { decodeNpz, filesInNpz, joined, namesInNpz, zipNpy } from "./npz.ts";

/** The arrays that hold each format, besides format, shape and data. */
const ARRAYS: Readonly<Record<string, readonly [string, string]>> = {
  csr: ["indptr", "indices"],
  csc: ["indptr", "indices"],
  bsr: ["indptr", "indices"],
  coo: ["row", "col"],
};

/** The text in a .npy file of one byte string (or Unicode string): all that matters of it stands at its end. */
function textOf(bytes: Uint8Array, name: string): string {
  const header = new TextDecoder("latin1").decode(bytes);
  const match = /['"]descr['"]\s*:\s*['"][|<>=]?([SU])(\d+)['"]/.exec(header);
  if (!match) throw new FileError(`${name}: the name of a sparse format was expected`);
  const size = Number(match[2]) * (match[1] === "U" ? 4 : 1);
  return header.slice(header.length - size).replaceAll("\0", "");
}

/** The same as bytes: a .npy file without axes. */
function textFile(text: string): Uint8Array {
  const encoder = new TextEncoder();
  const dictionary = `{'descr': '|S${text.length}', 'fortran_order': False, 'shape': (), }`;
  const padded = `${dictionary.padEnd(64 * Math.ceil((dictionary.length + 11) / 64) - 11)}\n`;
  const start = Uint8Array.of(
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    padded.length & 255,
    padded.length >> 8,
  );
  return joined([start, encoder.encode(padded), encoder.encode(text)]);
}

/**
 * The sparse matrix in the bytes of a .npz file that SciPy's `save_npz` wrote: csr, csc, coo or bsr. Unsorted and repeated
 * indices of csr and csc are sorted and summed. Throws FileError for other files and damaged ones.
 */
export function decodeSparseNpz(bytes: Uint8Array, name = "npz"): SparseMatrix {
  if (!namesInNpz(bytes, name).includes("format"))
    throw new FileError(`${name}: not a sparse matrix: the archive has no array "format"`);
  const format = textOf(filesInNpz(bytes, ["format"], name).get("format")!, `${name}: format`);
  const names = ARRAYS[format];
  if (!names)
    throw new FileError(
      `${name}: the format is "${format}"; ${Object.keys(ARRAYS).join(", ")} are read: convert it with tocsr()`,
    );
  const arrays = decodeNpz(bytes, { names: ["shape", "data", ...names], name });
  const get = (key: string): Tensor => arrays.get(key)!.tensor;
  const shape = [...get("shape").data()];
  try {
    return assemble(format, get("data"), [...shape] as [number, number], get(names[0]), get(names[1]));
  } catch (error) {
    if (error instanceof FileError || !(error instanceof PolyadicError)) throw error;
    throw new FileError(`${name}: ${error.message}`, { cause: error });
  }
}

function assemble(
  format: string,
  data: Tensor,
  shape: [number, number],
  first: Tensor,
  second: Tensor,
): SparseMatrix {
  const [starts, indices] = [first.data(), second.data()];
  if (format === "coo") return coo(starts, indices, data, shape);
  if (format === "bsr") return bsr(starts, indices, data, shape);
  const isRows = format === "csr";
  if (isSorted(starts, indices)) return (isRows ? csr : csc)(starts, indices, data, shape);
  const lines = new Int32Array(indices.length);
  for (let i = 0; i + 1 < starts.length; i++) lines.fill(i, starts[i], starts[i + 1]);
  return isRows ? coo(lines, indices, data, shape).toCsr() : coo(indices, lines, data, shape).toCsc();
}

function isSorted(starts: ArrayLike<number>, indices: ArrayLike<number>): boolean {
  for (let i = 0; i + 1 < starts.length; i++)
    for (let p = starts[i] + 1; p < starts[i + 1]; p++) if (indices[p] <= indices[p - 1]) return false;
  return true;
}

/** The bytes of a .npz file that SciPy's `load_npz` reads. */
export function encodeSparseNpz(matrix: SparseMatrix, options: { compress?: boolean } = {}): Uint8Array {
  const { format, values, shape } = matrix;
  const integers = (x: ArrayLike<number>): Uint8Array =>
    joined(encodeNpy(new Tensor(Int32Array.from(x), [x.length], "int32")));
  const [first, second] = format === "coo" ? matrix.coordinates : [matrix.indptr, matrix.indices];
  const [firstName, secondName] = ARRAYS[format];
  return zipNpy(
    {
      [secondName]: integers(second),
      [firstName]: integers(first),
      format: textFile(format),
      shape: integers(shape),
      data: joined(encodeNpy(values)),
    },
    options,
  );
}

/** The sparse matrix of a .npz file; see `decodeSparseNpz`. */
export async function readSparseNpz(path: string): Promise<SparseMatrix> {
  return decodeSparseNpz(await readBytes(path), path);
}

/** Writes a sparse matrix as a .npz file, in its own format, whole or not at all; deflated when asked. */
export async function writeSparseNpz(
  path: string,
  matrix: SparseMatrix,
  options: { compress?: boolean } = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSparseNpz(matrix, options));
}
