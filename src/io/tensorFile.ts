// One door for every kind of input: a path in, a tensor and what is known of it out.
import { stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import type { SparseTensor } from "../decompose/base/sparse.ts";
import { FileError } from "../tensor/errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Decoded } from "./elements.ts";
import { fileError, readBytes } from "./files.ts";
import { IMAGE_EXTENSIONS, isImagePath, readImage, readImageFolder, writeImage } from "./images.ts";
import { decodeNpy, writeNpy } from "./npy.ts";
import { decodeNpz, namesInNpz, writeNpz } from "./npz.ts";
import { listSafetensors, readSafetensors, writeSafetensors } from "./safetensors.ts";
import { isTablePath, readTable, readTableEntries, TABLE_EXTENSIONS } from "./tables.ts";
import { readTns } from "./tns.ts";

/** What an input was before it became numbers. */
export type SourceKind = "array" | "image" | "images" | "table" | "entries";

export interface TensorSource {
  readonly path: string;
  readonly kind: SourceKind;
  /** The array's name inside an archive. */
  readonly variable?: string;
  /** Column names of a table. */
  readonly columns?: readonly string[];
  /** Labels of the positions along each mode, or null where positions are numbers. */
  readonly labels?: readonly (readonly string[] | null)[];
  /** File names of a folder of pictures, in order. */
  readonly files?: readonly string[];
}

/** An input as it was read. */
export interface LoadedTensor {
  /** Short name for titles: the file's, with the array's inside an archive. */
  readonly name: string;
  readonly tensor: Tensor | SparseTensor;
  /** What the person should know of the reading. */
  readonly notes: readonly string[];
  readonly source: TensorSource;
}

export interface ReadOptions {
  /** Name of the array inside a .npz or .safetensors file; may be left out when there is one. */
  readonly variable?: string;
  /** Read a table as index, …, value. */
  readonly coo?: boolean;
}

const ARCHIVE_EXTENSIONS: readonly string[] = [".npz", ".safetensors"];

/** Endings of the files that `readTensor` reads. */
export const READABLE_EXTENSIONS: readonly string[] = [
  ".npy",
  ...ARCHIVE_EXTENSIONS,
  ...IMAGE_EXTENSIONS,
  ...TABLE_EXTENSIONS,
  ".tns",
];

const extensionOf = (path: string): string => extname(path).toLowerCase();

/**
 * Reads a tensor from a file or a folder of pictures; what it is follows from the ending of the name. Throws FileError
 * and DTypeError, whose messages name the file.
 */
export async function readTensor(path: string, options: ReadOptions = {}): Promise<LoadedTensor> {
  const { variable, coo = false } = options;
  const extension = extensionOf(path);
  const name = basename(path);
  if (variable !== undefined && !ARCHIVE_EXTENSIONS.includes(extension))
    throw new FileError(
      `${path}: holds one array; a variable is chosen in ${ARCHIVE_EXTENSIONS.join(" and ")} files`,
    );
  if (coo && !isTablePath(path))
    throw new FileError(
      `${path}: only tables (${TABLE_EXTENSIONS.join(", ")}) can be read as index, …, value`,
    );
  const loaded = (
    kind: SourceKind,
    { tensor, notes }: { tensor: Tensor | SparseTensor; notes: readonly string[] },
    details: Partial<TensorSource> = {},
  ): LoadedTensor => ({ name, tensor, notes, source: { path, kind, ...details } });

  if (await isFolder(path)) {
    const stack = await readImageFolder(path);
    return loaded("images", stack, { files: stack.files });
  }
  if (isImagePath(path)) return loaded("image", await readImage(path));
  if (coo) {
    const { columns, labels, ...rest } = await readTableEntries(path);
    return loaded("entries", rest, { columns, labels });
  }
  if (isTablePath(path)) {
    const { columns, ...rest } = await readTable(path);
    return loaded("table", rest, { columns });
  }
  if (extension === ".tns") return loaded("entries", await readTns(path));
  if (extension === ".npy") return loaded("array", decodeNpy(await readBytes(path), path));
  if (ARCHIVE_EXTENSIONS.includes(extension)) {
    const { found, chosen, several } = await readMember(path, variable);
    return { ...loaded("array", found, { variable: chosen }), name: several ? `${name}: ${chosen}` : name };
  }
  throw new FileError(
    `${path}: cannot tell what it is from "${extension || name}"; endings that are read: ${READABLE_EXTENSIONS.join(", ")}, or a folder of pictures`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw fileError(path, error);
  }
}

async function readMember(
  path: string,
  variable: string | undefined,
): Promise<{ found: Decoded; chosen: string; several: boolean }> {
  if (extensionOf(path) === ".safetensors") {
    const { entries } = await listSafetensors(path);
    const chosen = variable ?? onlyOne(path, entries.map(describeEntry), entries[0]?.name);
    const { tensors, notes } = await readSafetensors(path, { names: [chosen] });
    return { found: { tensor: tensors[chosen]!, notes }, chosen, several: entries.length > 1 };
  }
  const bytes = await readBytes(path);
  const names = namesInNpz(bytes, path);
  const chosen = variable ?? onlyOne(path, names, names[0]);
  const found = decodeNpz(bytes, { names: [chosen], name: path }).get(chosen)!;
  return { found, chosen, several: names.length > 1 };
}

const describeEntry = ({ name, type, shape }: { name: string; type: string; shape: Shape }): string =>
  `${name} (${type} ${formatShape(shape)})`;

function onlyOne(path: string, members: readonly string[], first: string | undefined): string {
  if (members.length === 1) return first!;
  if (members.length === 0) throw new FileError(`${path}: the file holds no array`);
  const shown =
    members.slice(0, 20).join(", ") + (members.length > 20 ? ` and ${members.length - 20} more` : "");
  throw new FileError(`${path}: holds ${members.length} arrays, choose one by name: ${shown}`);
}

/** Names of the arrays inside a .npz or .safetensors file; an empty list for files of one array. */
export async function variablesIn(path: string): Promise<string[]> {
  if (extensionOf(path) === ".safetensors")
    return (await listSafetensors(path)).entries.map(({ name }) => name);
  if (extensionOf(path) === ".npz") return namesInNpz(await readBytes(path), path);
  return [];
}

/** Endings of the files that `writeTensor` writes. */
export const WRITABLE_EXTENSIONS: readonly string[] = [".npy", ...ARCHIVE_EXTENSIONS, ...IMAGE_EXTENSIONS];

/** Throws FileError unless `writeTensor` knows the ending: for a check before long work. */
export function checkWritable(path: string): void {
  if (!WRITABLE_EXTENSIONS.includes(extensionOf(path)))
    throw new FileError(`${path}: endings that are written: ${WRITABLE_EXTENSIONS.join(", ")}`);
}

/** Writes a tensor in the format of the name's ending, whole or not at all; in archives it is called `data`. */
export async function writeTensor(path: string, x: Tensor): Promise<void> {
  checkWritable(path);
  const extension = extensionOf(path);
  if (extension === ".npy") await writeNpy(path, x);
  else if (extension === ".npz") await writeNpz(path, { data: x });
  else if (extension === ".safetensors") await writeSafetensors(path, { data: x });
  else await writeImage(path, x);
}
