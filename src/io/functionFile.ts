// The file of a function's approximation: a Chebyshev-Tucker form, or a tensor train of Chebyshev coefficients, as
// .safetensors with a JSON description.

import { ChebTrain } from "../decompose/functional/chebTrain.ts";
import { ChebTucker } from "../decompose/functional/chebTucker.ts";
import type { Interval } from "../decompose/functional/chebyshev.ts";
import { ttRules } from "../decompose/train/rules.ts";
import { tuckerRules } from "../decompose/tucker/rules.ts";
import type { TT } from "../decompose/types.ts";
import { FileError, PolyadicError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const VERSION = 1;

/** What a file says of a function beside its numbers. */
export interface FunctionInfo {
  /** Name of the module and its export. */
  readonly source: string;
  /** Asked relative tolerance. */
  readonly tolerance: number;
  /** Largest error at fresh random points, relative to the largest value there. */
  readonly error: number;
  readonly evaluations: number;
}

interface Description extends FunctionInfo {
  readonly format: "polyadic-function";
  readonly version: number;
  readonly kind: "cheb-tucker" | "tt";
  readonly domain: readonly Interval[];
}

/** A function as it was read. */
export interface LoadedFunction {
  readonly function: ChebTucker | ChebTrain;
  readonly info: FunctionInfo;
}

/** Throws FileError unless a function can be written under this name. */
export function checkFunctionPath(path: string): void {
  if (!/\.safetensors$/i.test(path)) throw new FileError(`${path}: a function is written as .safetensors`);
}

/** Writes the approximation of a function, whole or not at all. Throws FileError for another ending. */
export async function saveFunction(
  path: string,
  f: ChebTucker | ChebTrain,
  info: FunctionInfo,
): Promise<void> {
  checkFunctionPath(path);
  const description: Description = {
    format: "polyadic-function",
    version: VERSION,
    kind: f.kind === "cheb-tucker" ? f.kind : "tt",
    domain: f.domain,
    ...info,
  };
  const tensors =
    f.kind === "cheb-tucker" ? tuckerRules.tensors(f.coefficients) : ttRules.tensors(f.coefficients);
  await writeSafetensors(path, tensors, { polyadicFunction: JSON.stringify(description) });
}

/** Whether a file holds a function. */
export async function isFunctionFile(path: string): Promise<boolean> {
  if (!/\.safetensors$/i.test(path)) return false;
  const { metadata } = await readSafetensors(path, { names: [] });
  return metadata.polyadicFunction !== undefined;
}

/** Reads a function that `saveFunction` wrote: `(await readFunction(path)).function.evaluate(points)`. Throws FileError for any other file. */
export async function readFunction(path: string): Promise<LoadedFunction> {
  checkFunctionPath(path);
  const { tensors, metadata } = await readSafetensors(path, {});
  const json = metadata.polyadicFunction;
  if (json === undefined) throw new FileError(`${path}: holds no function that polyadic approximate wrote`);
  let description: Description;
  try {
    description = JSON.parse(json) as Description;
  } catch (error) {
    throw new FileError(`${path}: the description of the function is damaged`, { cause: error });
  }
  const { version, kind, domain, source, tolerance, error, evaluations } = description;
  if (description.format !== "polyadic-function" || !(version <= VERSION) || !Array.isArray(domain))
    throw new FileError(`${path}: the description is not of a function that this version reads`);
  const take = (name: string): Tensor => {
    const x = tensors[name];
    if (!x) throw new FileError(`${path}: the array ${name} is missing`);
    return x;
  };
  try {
    const info = { evaluations, error, converged: true };
    const made =
      kind === "cheb-tucker"
        ? new ChebTucker(
            take("core"),
            domain.map((_, k) => take(`factors.${k}`)),
            domain,
            info,
          )
        : new ChebTrain(
            { kind: "tt", cores: domain.map((_, k) => take(`cores.${k}`)) } satisfies TT,
            domain,
            info,
          );
    return { function: made, info: { source, tolerance, error, evaluations } };
  } catch (cause) {
    if (!(cause instanceof PolyadicError) || cause instanceof FileError) throw cause;
    throw new FileError(`${path}: ${cause.message}`, { cause });
  }
}
