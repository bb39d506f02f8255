// NumPy's .npy format, versions 1 to 3 (numpy.lib.format): a magic string, a Python dictionary, the elements.
import type { DType } from "../tensor/dtype.ts";
import { DTypeError, FileError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  bytesOf,
  type Decoded,
  decodeElements,
  describeArray,
  encodeElements,
  type FileType,
} from "./elements.ts";
import { readBytes, writeFileAtomic } from "./files.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** Headers are small; NumPy itself refuses to parse larger ones from untrusted files. */
const HEADER_LIMIT = 2 ** 20;

const TYPES: Readonly<Record<string, FileType>> = {
  f8: "float64",
  f4: "float32",
  f2: "float16",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
  c8: "complex64",
  c16: "complex128",
};

/** The kind letters of dtypes that hold no numbers, or none that the library has. */
const REFUSED: Readonly<Record<string, string>> = {
  O: "Python objects",
  S: "byte strings",
  a: "byte strings",
  U: "text",
  V: "raw bytes or records",
  M: "dates",
  m: "time spans",
  f: "an extended-precision float",
  c: "an extended-precision complex number",
};

interface NpyHeader {
  readonly type: FileType;
  readonly littleEndian: boolean;
  readonly columnMajor: boolean;
  readonly shape: Shape;
  /** Where the elements begin. */
  readonly start: number;
}

/**
 * The array in the bytes of a .npy file. C- and Fortran-ordered, either byte order; real, integer, boolean and complex
 * elements. int16 and uint16 are read as int32; int64 and uint64 as float64, with a note. Fortran-ordered arrays become
 * transposed views. `name` stands in messages.
 *
 * Throws FileError for bytes that are not such a file or too few, DTypeError for objects, records, text and dates.
 */
export function decodeNpy(bytes: Uint8Array<ArrayBuffer>, name = "npy"): Decoded {
  const { type, shape, start, ...layout } = parseHeader(bytes, name);
  const expected = start + bytesOf(type, shape);
  const described = describeArray(type, shape);
  if (bytes.byteLength < expected)
    throw new FileError(
      `${name}: truncated: ${described} needs ${expected} bytes with its header, found ${bytes.byteLength}`,
    );
  if (bytes.byteLength > expected)
    throw new FileError(
      `${name}: ${bytes.byteLength - expected} bytes follow the array ${described}; one array a file was expected`,
    );
  return decodeElements(bytes.subarray(start), type, shape, layout);
}

function parseHeader(bytes: Uint8Array<ArrayBuffer>, name: string): NpyHeader {
  if (bytes.byteLength === 0) throw new FileError(`${name}: the file is empty`);
  if (MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new FileError(`${name}: not a .npy file (it does not begin with \\x93NUMPY)`);
  const major = bytes[6];
  if (major !== 1 && major !== 2 && major !== 3)
    throw new FileError(`${name}: .npy version ${major ?? "missing"} is unknown; versions 1 to 3 are read`);
  const prefix = major === 1 ? 10 : 12;
  if (bytes.byteLength < prefix) throw new FileError(`${name}: truncated inside the .npy header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > HEADER_LIMIT)
    throw new FileError(`${name}: a .npy header of ${length} bytes is not plausible; the file is damaged`);
  const start = prefix + length;
  if (bytes.byteLength < start)
    throw new FileError(
      `${name}: truncated inside the .npy header: ${start} bytes expected, found ${bytes.byteLength}`,
    );
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(bytes.subarray(prefix, start));
  return { ...parseDictionary(text, name), start };
}

/** The three entries of the header's Python dictionary; they are literals, so patterns suffice. */
function parseDictionary(text: string, name: string): Omit<NpyHeader, "start"> {
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[))/.exec(text);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const shape = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text);
  if (!text.trimStart().startsWith("{") || !descr || !order || !shape)
    throw new FileError(`${name}: the .npy header is damaged: ${JSON.stringify(text.trim().slice(0, 80))}`);
  if (descr[2])
    throw new DTypeError(`${name}: an array of records cannot be read; save its numeric fields one by one`);
  const lengths = shape[1]!
    .split(",")
    .map((part) => part.trim().replace(/L$/, ""))
    .filter((part) => part !== "");
  if (!lengths.every((part) => /^\d+$/.test(part)))
    throw new FileError(`${name}: the .npy header has the shape (${shape[1]})`);
  return {
    ...parseDescr(descr[1]!, name),
    columnMajor: order[1] === "True",
    shape: lengths.map(Number),
  };
}

function parseDescr(descr: string, name: string): { type: FileType; littleEndian: boolean } {
  const order = /^[<>|=]/.test(descr) ? descr[0]! : "=";
  const code = descr.replace(/^[<>|=]/, "");
  const type = TYPES[code];
  if (!type) {
    const what = REFUSED[code[0] ?? ""] ?? "unknown elements";
    throw new DTypeError(
      `${name}: dtype "${descr}" holds ${what}; a real, integer, boolean or complex array was expected`,
    );
  }
  return { type, littleEndian: order !== ">" };
}

const CODES: Readonly<Partial<Record<DType, string>>> = {
  float64: "<f8",
  float32: "<f4",
  float16: "<f2",
  int32: "<i4",
  uint32: "<u4",
  int8: "|i1",
  uint8: "|u1",
  bool: "|b1",
  complex64: "<c8",
  complex128: "<c16",
};

/**
 * The header of a .npy file in C order and little-endian, for elements that follow in pieces. Throws DTypeError for
 * bfloat16 and float8, which NumPy does not have.
 */
export function npyHeader(dtype: DType, lengths: Shape): Uint8Array<ArrayBuffer> {
  const descr = CODES[dtype];
  if (!descr)
    throw new DTypeError(
      `encodeNpy: NumPy has no ${dtype}; convert with astype("float32") or write .safetensors`,
    );
  const shape = lengths.length === 1 ? `(${lengths[0]},)` : `(${lengths.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  // The elements start at a multiple of 64 bytes, so that they can be mapped into memory.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new Uint8Array(10 + length).fill(0x20);
  header.set(MAGIC);
  header.set([1, 0, length & 0xff, length >>> 8], 6);
  header.set(new TextEncoder().encode(text), 10);
  header[header.length - 1] = 0x0a;
  return header;
}

/**
 * The bytes of a .npy file, header and elements, in C order and little-endian. Throws DTypeError for bfloat16 and
 * float8, which NumPy does not have.
 */
export function encodeNpy(x: Tensor): Uint8Array[] {
  return [npyHeader(x.dtype, x.shape), encodeElements(x)];
}

/** The array of a .npy file; see `decodeNpy` for what is read and what throws. */
export async function readNpy(path: string): Promise<Tensor> {
  return decodeNpy(await readBytes(path), path).tensor;
}

/** Writes a .npy file, whole or not at all. */
export async function writeNpy(path: string, x: Tensor): Promise<void> {
  await writeFileAtomic(path, encodeNpy(x));
}
