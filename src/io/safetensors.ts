// The safetensors format: 8 bytes of header length, a JSON header, the elements of all tensors without gaps.
// Source: the format's description, https://huggingface.co/docs/safetensors.
import type { DType } from "../tensor/dtype.ts";
import { DTypeError, FileError } from "../tensor/errors.ts";
import { checkShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { bytesOf, decodeElements, describeArray, encodeElements, type FileType } from "./elements.ts";
import { type ByteSource, withFile, writeFileAtomic } from "./files.ts";

/** The reference reader's limit: it keeps garbage and malice from claiming all memory. */
const HEADER_LIMIT = 100_000_000;

const TYPES: Readonly<Record<string, FileType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  F8_E4M3: "float8_e4m3",
  F8_E5M2: "float8_e5m2",
  I8: "int8",
  U8: "uint8",
  I16: "int16",
  U16: "uint16",
  I32: "int32",
  U32: "uint32",
  I64: "int64",
  U64: "uint64",
  BOOL: "bool",
  C64: "complex64",
};

/** One tensor as the header declares it. */
export interface SafetensorsEntry {
  readonly name: string;
  /** The type's name in the file, such as `F32`. */
  readonly type: string;
  readonly shape: Shape;
}

interface Entry extends SafetensorsEntry {
  readonly start: number;
  readonly end: number;
}

interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the elements begin in the file. */
  readonly base: number;
}

/** Tensors of a safetensors file, its metadata, and what the reader should know. */
export interface Safetensors {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/**
 * Tensors of a .safetensors file: all of them, or those in `names`, of which only the bytes are read. int16 and uint16
 * become int32, int64 and uint64 float64 (with a note).
 *
 * Throws FileError for a file that breaks the format (header length, JSON, offsets out of range, overlapping or with
 * gaps, sizes that do not fit the shapes) or lacks a name; DTypeError for element types that the library lacks.
 */
export function readSafetensors(
  path: string,
  options: { names?: readonly string[] } = {},
): Promise<Safetensors> {
  return withFile(path, async (source) => {
    const { entries, metadata, base } = await readHeader(source);
    const known = new Map(entries.map((entry) => [entry.name, entry]));
    const tensors: Record<string, Tensor> = {};
    const notes: string[] = [];
    for (const name of options.names ?? known.keys()) {
      const entry = known.get(name);
      if (!entry)
        throw new FileError(`${path}: no tensor "${name}"; it holds ${[...known.keys()].join(", ")}`);
      const type = TYPES[entry.type];
      if (!type)
        throw new DTypeError(
          `${path}: ${name} has the type ${entry.type}; types that can be read: ${Object.keys(TYPES).join(", ")}`,
        );
      const bytes = await source.read(base + entry.start, entry.end - entry.start);
      const decoded = decodeElements(bytes, type, entry.shape);
      tensors[name] = decoded.tensor;
      notes.push(...decoded.notes.map((note) => `${name}: ${note}`));
    }
    return { tensors, metadata, notes };
  });
}

/** What a .safetensors file declares, without reading any element. Throws FileError. */
export function listSafetensors(
  path: string,
): Promise<{ entries: readonly SafetensorsEntry[]; metadata: Readonly<Record<string, string>> }> {
  return withFile(path, async (source) => {
    const { entries, metadata } = await readHeader(source);
    return { entries: entries.map(({ name, type, shape }) => ({ name, type, shape })), metadata };
  });
}

async function readHeader(source: ByteSource): Promise<Header> {
  const { path, size } = source;
  if (size === 0) throw new FileError(`${path}: the file is empty`);
  if (size < 8)
    throw new FileError(`${path}: truncated: a .safetensors file has at least 8 bytes, found ${size}`);
  const prefix = await source.read(0, 8);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > HEADER_LIMIT)
    throw new FileError(
      `${path}: not a .safetensors file: it claims a header of ${length} bytes, ${HEADER_LIMIT} is the limit`,
    );
  if (8 + length > size)
    throw new FileError(`${path}: truncated inside the header: ${8 + length} bytes expected, found ${size}`);
  return parseHeader(await source.read(8, length), path, 8 + length, size);
}

function parseHeader(bytes: Uint8Array, path: string, base: number, size: number): Header {
  const header = parseJson(bytes, path);
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      if (!isRecord(value) || !Object.values(value).every((entry) => typeof entry === "string"))
        throw new FileError(`${path}: __metadata__ must map names to text`);
      metadata = value as Record<string, string>;
    } else entries.push(parseEntry(path, name, value));
  }
  // Sorted by place they must tile the rest of the file exactly: nothing overlaps, nothing is hidden in gaps.
  const sorted = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let next = 0;
  for (const { name, start, end } of sorted) {
    if (start < next)
      throw new FileError(`${path}: ${name} begins at byte ${start}, inside the tensor before it`);
    if (start > next)
      throw new FileError(`${path}: ${start - next} bytes before ${name} belong to no tensor`);
    if (base + end > size)
      throw new FileError(`${path}: truncated: ${name} ends at byte ${base + end}, the file has ${size}`);
    next = end;
  }
  if (base + next < size)
    throw new FileError(`${path}: ${size - base - next} bytes after the last tensor belong to no tensor`);
  return { entries, metadata, base };
}

function parseJson(bytes: Uint8Array, path: string): Record<string, unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (text.startsWith("{") && isRecord(value)) return value;
  } catch (error) {
    throw new FileError(`${path}: not a .safetensors file: its header is not JSON`, { cause: error });
  }
  throw new FileError(`${path}: not a .safetensors file: its header is not a JSON object`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseEntry(path: string, name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  const integers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
  if (typeof dtype !== "string" || !integers(shape) || !integers(offsets) || offsets.length !== 2)
    throw new FileError(
      `${path}: ${name} needs a dtype, a shape and two data_offsets, got ${JSON.stringify(value)}`,
    );
  checkShape(shape, `${path}: ${name}: shape`);
  const [start, end] = offsets as [number, number];
  const type = TYPES[dtype];
  // The size of a type that the library lacks is unknown; the tiling is checked all the same.
  if (end < start || (type && end - start !== bytesOf(type, shape)))
    throw new FileError(
      `${path}: ${name}, ${describeArray(dtype, shape)}, does not fit the bytes ${start} to ${end} that it is given`,
    );
  return { name, type: dtype, shape, start, end };
}

const NAMES: Readonly<Partial<Record<DType, string>>> = Object.fromEntries(
  Object.entries(TYPES).map(([name, type]) => [type, name]),
);

/**
 * The bytes of a .safetensors file: header, then each tensor. Wide elements come first, so that every tensor is
 * aligned; equal inputs give equal bytes. Throws DTypeError for complex128, which the format lacks.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const named = Object.entries(tensors).map(([name, x]) => {
    const type = NAMES[x.dtype];
    if (!type)
      throw new DTypeError(
        `encodeSafetensors: ${name}: the format has no ${x.dtype}; split it into real and imaginary parts or write .npz`,
      );
    if (name === "__metadata__")
      throw new FileError("encodeSafetensors: __metadata__ is not a name for a tensor");
    return { name, x, type, width: bytesOf(x.dtype, []) };
  });
  named.sort((a, b) => b.width - a.width || (a.name < b.name ? -1 : 1));
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let at = 0;
  for (const { name, x, type } of named) {
    header[name] = { dtype: type, shape: x.shape, data_offsets: [at, at + x.nbytes] };
    at += x.nbytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.byteLength / 8) * 8;
  const head = new Uint8Array(8 + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return [head, ...named.map(({ x }) => encodeElements(x))];
}

/** Writes a .safetensors file, whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}
