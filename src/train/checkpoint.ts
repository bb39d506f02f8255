// The state of a training run as a safetensors file, and back, to the last bit.

import { copyFile, link, mkdir, readdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import { fileError, writeFileAtomic } from "../io/files.ts";
import { namedLeaves } from "../io/parameters/names.ts";
import { encodeSafetensors, listSafetensors, readSafetensors } from "../io/safetensors.ts";
import { FileError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tree } from "../tensor/tree.ts";
import type { Configuration, Position, Progressed } from "./state.ts";

const FORMAT = "polyadic-training-1";

/** The bytes of a checkpoint. */
export function encodeCheckpoint<P, S>(run: Progressed<P, S>, configuration: Configuration): Uint8Array[] {
  const tensors: Record<string, Tensor> = {};
  const put = (prefix: string, value: unknown): void => {
    for (const [name, leaf] of namedLeaves(value, `fit: ${prefix}`)) tensors[`${prefix}.${name}`] = leaf;
  };
  put("params", run.params);
  put("state", run.state);
  // The best parameters are most often the current ones.
  const isBest = run.best !== undefined && sameLeaves(run.best, run.params);
  if (run.best !== undefined && !isBest) put("best", run.best);
  const { position } = run;
  return encodeSafetensors(tensors, {
    format: FORMAT,
    configuration: JSON.stringify(configuration),
    position: JSON.stringify(position, keepNumber),
    best: run.best === undefined ? "none" : isBest ? "params" : "best",
  });
}

function sameLeaves(a: unknown, b: unknown): boolean {
  const others = tree.leaves(b);
  return tree.leaves(a).every((leaf, i) => leaf === others[i]);
}

/**
 * The run that a checkpoint holds, or undefined where there is no file. `like` gives the structure. Throws FileError for
 * a file that is no checkpoint, or one of another run; the message says what differs.
 */
export async function readCheckpoint<P, S>(
  path: string,
  like: { readonly params: P; readonly state: S },
  configuration: Configuration,
): Promise<Progressed<P, S> | undefined> {
  if (!(await exists(path))) return undefined;
  const { entries, metadata } = await listSafetensors(path);
  if (metadata["format"] !== FORMAT)
    throw new FileError(
      `${path}: not a checkpoint of fit(); remove it, choose another path, or say resume: false to write over it`,
    );
  compare(path, parsed<Configuration>(path, metadata, "configuration"), configuration);
  const { tensors } = await readSafetensors(path);
  const names = new Set(entries.map(({ name }) => name));
  const take = <T>(prefix: string, value: T): T => {
    const { leaves, structure } = tree.flatten(value);
    const wanted = [...namedLeaves(value, `fit: ${prefix}`).keys()];
    const found = leaves.map((leaf, i) => {
      const name = `${prefix}.${wanted[i]}`;
      const tensor = tensors[name];
      if (!tensor) throw another(path, `it has no ${name}`);
      names.delete(name);
      if (!sameShape(tensor.shape, leaf.shape) || tensor.dtype !== leaf.dtype)
        throw another(
          path,
          `${name} is ${tensor.dtype} ${formatShape(tensor.shape)} there and ${leaf.dtype} ${formatShape(leaf.shape)} here`,
        );
      return tensor;
    });
    return tree.unflatten<T>(structure, found);
  };
  const params = take("params", like.params);
  const state = take("state", like.state);
  const best =
    metadata["best"] === "none"
      ? undefined
      : metadata["best"] === "params"
        ? params
        : take("best", like.params);
  const [extra] = names;
  if (extra !== undefined) throw another(path, `it has ${extra}, which is not part of this one`);
  return { params, state, best, position: parsed<Position>(path, metadata, "position") };
}

const another = (path: string, difference: string): FileError =>
  new FileError(
    `${path}: a checkpoint of another run: ${difference}. Choose another path, or say resume: false to begin anew and write over it`,
  );

function compare(path: string, there: Configuration, here: Configuration): void {
  for (const name of Object.keys(here) as (keyof Configuration)[]) {
    const [a, b] = [JSON.stringify(there[name]), JSON.stringify(here[name])];
    if (a !== b) throw another(path, `${name} is ${a} there and ${b} here`);
  }
}

function parsed<T>(path: string, metadata: Readonly<Record<string, string>>, name: string): T {
  try {
    return JSON.parse(metadata[name] ?? "", giveNumber) as T;
  } catch (error) {
    throw new FileError(`${path}: the ${name} of the checkpoint is not readable`, { cause: error });
  }
}

/** JSON has no NaN and no infinities; a validation loss may be one. */
const keepNumber = (_name: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? `number ${value}` : value;

const giveNumber = (_name: string, value: unknown): unknown =>
  typeof value === "string" && value.startsWith("number ") ? Number(value.slice(7)) : value;

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw fileError(path, error);
  }
}

/** Writes checkpoints under one name, and keeps those before the last under names with the number of steps. */
export class CheckpointWriter {
  readonly #path: string;
  readonly #keep: number;
  readonly #kept: string[];
  #last: number | undefined;

  private constructor(path: string, keep: number, last: number | undefined, kept: string[]) {
    this.#path = path;
    this.#keep = keep;
    this.#last = last;
    this.#kept = kept;
  }

  /** `last`: the number of steps of the checkpoint to go on from, if there is one. */
  static async at(path: string, keep: number, last: number | undefined): Promise<CheckpointWriter> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const [stem, ending] = partsOf(basename(path));
      const steps = (await readdir(dirname(path)))
        .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(ending))
        .map((name) => name.slice(stem.length + 1, name.length - ending.length))
        .filter((digits) => /^\d+$/.test(digits))
        .map(Number)
        .sort((a, b) => a - b);
      const kept = last === undefined ? [] : steps.map((step) => keptName(path, step));
      return new CheckpointWriter(path, keep, last, kept);
    } catch (error) {
      throw fileError(path, error);
    }
  }

  async write(chunks: readonly Uint8Array[], step: number): Promise<void> {
    try {
      if (this.#keep > 1 && this.#last !== undefined && this.#last !== step) await this.#keepLast(this.#last);
    } catch (error) {
      throw fileError(this.#path, error);
    }
    await writeFileAtomic(this.#path, chunks);
    this.#last = step;
    while (this.#kept.length > this.#keep - 1) await unlink(this.#kept.shift()!).catch(() => undefined);
  }

  /** A second name for the file that is about to be replaced. */
  async #keepLast(step: number): Promise<void> {
    const name = keptName(this.#path, step);
    await unlink(name).catch(() => undefined);
    // Not every file system has hard links.
    await link(this.#path, name).catch(() => copyFile(this.#path, name));
    if (!this.#kept.includes(name)) this.#kept.push(name);
  }
}

const partsOf = (path: string): readonly [stem: string, ending: string] => {
  const ending = extname(path);
  return [path.slice(0, path.length - ending.length), ending];
};

function keptName(path: string, step: number): string {
  const [stem, ending] = partsOf(path);
  return `${stem}-${step}${ending}`;
}
