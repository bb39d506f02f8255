// NumPy's .npz format: a zip archive of .npy files, stored or deflated.
import { unzipSync, type Zippable, zipSync } from "fflate";
import { FileError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Decoded } from "./elements.ts";
import { readBytes, writeFileAtomic } from "./files.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";

/** A zip archive without 64-bit extensions holds less than this. */
const ZIP_LIMIT = 2 ** 32 - 1;

const arrayName = (file: string): string => file.replace(/\.npy$/, "");

/** Names of the arrays in the bytes of a .npz file, in the archive's order. Throws FileError when it is not a zip. */
export function namesInNpz(bytes: Uint8Array, name = "npz"): string[] {
  const names: string[] = [];
  unzip(bytes, name, (file) => {
    if (!file.endsWith("/")) names.push(arrayName(file));
    return false;
  });
  return names;
}

/**
 * Arrays of the bytes of a .npz file, by name; all of them, or those in `names`. Throws FileError for bytes that are no
 * archive, are damaged (checksums are compared), or lack a name; DTypeError for arrays that `decodeNpy` refuses.
 */
export function decodeNpz(
  bytes: Uint8Array,
  options: { names?: readonly string[]; name?: string } = {},
): Map<string, Decoded> {
  const { names, name = "npz" } = options;
  const arrays = new Map<string, Decoded>();
  for (const [array, content] of filesInNpz(bytes, names, name))
    arrays.set(array, decodeNpy(content, `${name}: ${array}`));
  return arrays;
}

/**
 * The .npy files in the bytes of a .npz file, by name of the array; all of them, or those in `names`. Throws FileError for
 * bytes that are no archive, are damaged, or lack a name.
 */
export function filesInNpz(
  bytes: Uint8Array,
  names: readonly string[] | undefined,
  name: string,
): Map<string, Uint8Array<ArrayBuffer>> {
  const files = unzip(
    bytes,
    name,
    (file) => !file.endsWith("/") && (names?.includes(arrayName(file)) ?? true),
  );
  const sums = checksums(bytes);
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [file, content] of Object.entries(files)) {
    if (sums.get(file) !== crc32(content))
      throw new FileError(`${name}: ${arrayName(file)}: the checksum does not match; the archive is damaged`);
    contents.set(arrayName(file), content as Uint8Array<ArrayBuffer>);
  }
  for (const wanted of names ?? []) {
    if (!contents.has(wanted))
      throw new FileError(`${name}: no array "${wanted}"; it holds ${namesInNpz(bytes, name).join(", ")}`);
  }
  return contents;
}

function unzip(bytes: Uint8Array, name: string, want: (file: string) => boolean): Record<string, Uint8Array> {
  if (bytes.byteLength === 0) throw new FileError(`${name}: the file is empty`);
  try {
    return unzipSync(bytes, { filter: (file) => want(file.name) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileError(`${name}: not a readable .npz (zip) archive: ${reason}`, { cause: error });
  }
}

/** CRC-32 of each file as the archive's central directory records it: the unzipper does not compare them. */
function checksums(bytes: Uint8Array): Map<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sums = new Map<string, number>();
  let end = bytes.byteLength - 22;
  while (end > 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  // The directory follows the files and ends where this record (or its 64-bit companion) begins.
  let at = view.getUint32(end + 16, true);
  if (at === ZIP_LIMIT)
    at = Number(view.getBigUint64(Number(view.getBigUint64(end - 20 + 8, true)) + 48, true));
  while (at + 46 <= end && view.getUint32(at, true) === 0x02014b50) {
    const length = view.getUint16(at + 28, true);
    const file = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length));
    sums.set(file, view.getUint32(at + 16, true));
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return sums;
}

let table: Uint32Array | undefined;

/** CRC-32 (IEEE 802.3), a byte at a time. */
function crc32(bytes: Uint8Array): number {
  if (!table) {
    table = new Uint32Array(256);
    for (let i = 0; i < 256; i++) {
      let value = i;
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
      table[i] = value;
    }
  }
  const lookup = table;
  let sum = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) sum = (sum >>> 8) ^ lookup[(sum ^ bytes[i]!) & 0xff]!;
  return ~sum >>> 0;
}

/** The bytes of a .npz file. Throws FileError for no arrays or 4 GiB and more, DTypeError as `encodeNpy` does. */
export function encodeNpz(
  arrays: Readonly<Record<string, Tensor>>,
  options: { compress?: boolean } = {},
): Uint8Array {
  const files: Record<string, Uint8Array> = {};
  for (const [name, x] of Object.entries(arrays)) files[name] = joined(encodeNpy(x));
  return zipNpy(files, options);
}

/** One array of the bytes of several. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** An archive of .npy files by name of the array. Throws FileError for 4 GiB and more. */
export function zipNpy(
  contents: Readonly<Record<string, Uint8Array>>,
  options: { compress?: boolean } = {},
): Uint8Array {
  const files: Zippable = {};
  let total = 0;
  for (const [name, bytes] of Object.entries(contents)) {
    total += bytes.byteLength;
    if (total > ZIP_LIMIT)
      throw new FileError(
        `encodeNpz: ${name}, ${bytes.byteLength} bytes, brings the archive over 4 GiB; write .safetensors`,
      );
    files[`${name}.npy`] = bytes;
  }
  // A fixed date, so that equal arrays give equal files.
  return zipSync(files, { level: options.compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
}

/** Arrays of a .npz file by name; see `decodeNpz`. */
export async function readNpz(
  path: string,
  options: { names?: readonly string[] } = {},
): Promise<Record<string, Tensor>> {
  const arrays = decodeNpz(await readBytes(path), { ...options, name: path });
  return Object.fromEntries([...arrays].map(([name, { tensor }]) => [name, tensor]));
}

/** Writes arrays by name as a .npz file, whole or not at all; deflated when asked. */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, Tensor>>,
  options: { compress?: boolean } = {},
): Promise<void> {
  await writeFileAtomic(path, encodeNpz(arrays, options));
}
