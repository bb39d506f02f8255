// Trees of parameters as .safetensors and .npz files, under the names of this library or of another.

import { extname } from "node:path";
import { isComplex, isFloat } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, FileError, ShapeError, TreeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { readNpz, writeNpz } from "../npz.ts";
import { readSafetensors, writeSafetensors } from "../safetensors.ts";
import { namedLeaves } from "./names.ts";

/** Where a tensor of a file belongs. */
export interface ParameterPlace {
  /** Dotted name in the tree, such as `layers.0.weight`. */
  readonly path: string;
  /** The file holds the transposed matrix (its last two axes change places). */
  readonly transpose?: boolean;
  /** Its shape in the tree, where that has the same elements in the same order. Applied after `transpose`. */
  readonly reshape?: readonly number[];
}

/**
 * Names in a file and places in a tree: a table, or a function of the file's name. Names that are not in the table stay
 * as they are; null leaves a tensor out.
 */
export type ParameterNames =
  | Readonly<Record<string, ParameterPlace | string | null>>
  | ((name: string) => ParameterPlace | string | null);

export interface SaveParamsOptions {
  /** The places that the file's names stand for; a table, since it is read backwards. */
  readonly names?: Readonly<Record<string, ParameterPlace | string>>;
  /** Text that the file holds beside the tensors (.safetensors only). */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface LoadParamsOptions {
  readonly names?: ParameterNames;
  /** Throw when tensors are missing or left over; true unless told. Else parameters that are missing stay as in `like`. */
  readonly strict?: boolean;
}

/** Parameters from a file. */
export interface LoadedParams<P> {
  readonly params: P;
  /** Names in the tree that the file had nothing for. */
  readonly missing: readonly string[];
  /** Names in the file that have no place in the tree. */
  readonly unexpected: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

type Archive = ".safetensors" | ".npz";

function archiveOf(path: string, what: string): Archive {
  const extension = extname(path).toLowerCase();
  if (extension === ".safetensors" || extension === ".npz") return extension;
  throw new FileError(`${what}: ${path}: a path that ends in .safetensors or .npz was expected`);
}

/**
 * Writes a tree of tensors, whole or not at all, under dotted names (`layers.0.weight`). Throws FileError, TreeError
 * when two tensors have one name or the table of names does not fit, DTypeError for what the format lacks.
 */
export async function saveParams<P>(path: string, params: P, options: SaveParamsOptions = {}): Promise<void> {
  const archive = archiveOf(path, "saveParams");
  const leaves = namedLeaves(params, "saveParams");
  const tensors: Record<string, Tensor> = {};
  const places = new Map<string, { name: string; place: ParameterPlace }>();
  for (const [name, given] of Object.entries(options.names ?? {})) {
    const place = placeOf(given);
    if (!leaves.has(place.path))
      throw new TreeError(
        `saveParams: names: "${name}" stands for "${place.path}", which is not in the tree`,
      );
    if (place.reshape) throw new DomainError(`saveParams: names: "${name}": reshape is for reading only`);
    places.set(place.path, { name, place });
  }
  for (const [own, leaf] of leaves) {
    const { name, place } = places.get(own) ?? { name: own, place: { path: own } };
    if (name in tensors) throw new TreeError(`saveParams: names: two tensors would have the name "${name}"`);
    tensors[name] = place.transpose ? swapped(leaf, name, "saveParams") : leaf;
  }
  if (archive === ".npz") {
    if (options.metadata && Object.keys(options.metadata).length > 0)
      throw new FileError(`saveParams: ${path}: .npz files hold no metadata; write .safetensors`);
    await writeNpz(path, tensors);
  } else await writeSafetensors(path, tensors, options.metadata ?? {});
}

const placeOf = (given: ParameterPlace | string): ParameterPlace =>
  typeof given === "string" ? { path: given } : given;

function swapped(x: Tensor, name: string, what: string): Tensor {
  if (x.ndim < 2)
    throw new ShapeError(
      `${what}: ${name}: a matrix to transpose was expected, got shape ${formatShape(x.shape)}`,
    );
  return x.mT();
}

/**
 * Reads a tree of tensors. With `like`, a tree of the same structure (its values do not matter), every tensor is put in
 * its place and converted to the dtype there, so that files of float16 and bfloat16 load into float32; without it the
 * dotted names make the tree, and lists are where the parts of names are numbers.
 *
 * Throws FileError for files, ShapeError and DTypeError, naming the tensor, for one that does not fit, TreeError for
 * missing and unexpected ones unless `strict` is false.
 */
export async function loadParams<P>(
  path: string,
  like?: P,
  options: LoadParamsOptions = {},
): Promise<LoadedParams<P>> {
  const archive = archiveOf(path, "loadParams");
  const { tensors, metadata } =
    archive === ".npz" ? { tensors: await readNpz(path), metadata: {} } : await readSafetensors(path);
  const placed = placedTensors(path, tensors, options.names);
  if (like === undefined) {
    const found = new Map([...placed].map(([own, { tensor }]) => [own, tensor]));
    return { params: grown(found, path) as P, missing: [], unexpected: [], metadata };
  }
  const leaves = namedLeaves(like, "loadParams: like");
  const missing = [...leaves.keys()].filter((own) => !placed.has(own));
  const unexpected = [...placed].flatMap(([own, { name }]) => (leaves.has(own) ? [] : [name]));
  if (options.strict !== false && (missing.length > 0 || unexpected.length > 0))
    throw new TreeError(
      `${path}: does not fit the parameters${listed("missing", missing)}${listed("unexpected", unexpected)}; map names with the option names, or say strict: false`,
    );
  const list = [...leaves].map(([own, leaf]) => {
    const found = placed.get(own);
    return found ? fitted(found.tensor, leaf, `${path}: ${found.name}`) : leaf;
  });
  const params = tree.unflatten<P>(tree.flatten(like).structure, list);
  return { params, missing, unexpected, metadata };
}

const listed = (word: string, names: readonly string[]): string => {
  if (names.length === 0) return "";
  const shown = names.slice(0, 10).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
  return `; ${word}: ${shown}`;
};

/** Tensors by their place in the tree, with the names that they had in the file. */
function placedTensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  names: ParameterNames | undefined,
): Map<string, { name: string; tensor: Tensor }> {
  const placed = new Map<string, { name: string; tensor: Tensor }>();
  if (names && typeof names !== "function")
    for (const name of Object.keys(names))
      if (!Object.hasOwn(tensors, name))
        throw new FileError(
          `${path}: names: the file has no tensor "${name}"; it holds ${Object.keys(tensors).slice(0, 20).join(", ")}`,
        );
  for (const [name, x] of Object.entries(tensors)) {
    const given =
      typeof names === "function" ? names(name) : names && Object.hasOwn(names, name) ? names[name] : name;
    if (given === null || given === undefined) continue;
    const place = placeOf(given);
    const other = placed.get(place.path);
    if (other) throw new TreeError(`${path}: "${other.name}" and "${name}" have one place, "${place.path}"`);
    const turned = place.transpose ? swapped(x, name, path) : x;
    placed.set(place.path, { name, tensor: place.reshape ? turned.reshape(place.reshape) : turned });
  }
  return placed;
}

/** A tensor of a file as a parameter. */
function fitted(x: Tensor, like: Tensor, what: string): Tensor {
  if (!sameShape(x.shape, like.shape)) {
    const isTurned = x.ndim === 2 && x.shape[0] === like.shape[1] && x.shape[1] === like.shape[0];
    throw new ShapeError(
      `${what}: shape ${formatShape(like.shape)} was expected, got ${formatShape(x.shape)}${isTurned ? "; transpose: true in names turns it" : ""}`,
    );
  }
  if (x.dtype === like.dtype) return x;
  if (isComplex(x.dtype) && !isComplex(like.dtype))
    throw new DTypeError(`${what}: ${like.dtype} was expected, got ${x.dtype}`);
  if (isFloat(x.dtype) && !isFloat(like.dtype) && !isComplex(like.dtype))
    throw new DTypeError(`${what}: ${like.dtype} was expected, got ${x.dtype}, which may have fractions`);
  return x.astype(like.dtype);
}

type Node = Map<string, Node | Tensor>;

/** The tree that dotted names describe. */
function grown(named: ReadonlyMap<string, Tensor>, path: string): unknown {
  const root: Node = new Map();
  for (const [name, x] of named) {
    const parts = name.split(".");
    let node = root;
    for (const part of parts.slice(0, -1)) {
      const next = node.get(part) ?? new Map<string, Node | Tensor>();
      if (!(next instanceof Map)) throw new TreeError(`${path}: "${name}" lies inside of another tensor`);
      node.set(part, next);
      node = next;
    }
    const last = parts.at(-1)!;
    if (node.has(last)) throw new TreeError(`${path}: "${name}" has others inside of it`);
    node.set(last, x);
  }
  const only = root.get("value");
  if (root.size === 1 && only && !(only instanceof Map)) return only;
  return branch(root);
}

function branch(node: Node): unknown {
  const entries = [...node].map(
    ([key, value]) => [key, value instanceof Map ? branch(value) : value] as const,
  );
  const isList =
    entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key) && Number(key) < entries.length);
  if (!isList) return Object.fromEntries(entries);
  const list = new Array<unknown>(entries.length);
  for (const [key, value] of entries) list[Number(key)] = value;
  return list;
}
