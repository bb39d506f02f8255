// polyadic approximate: a function of several variables in a module becomes a small form that evaluates anywhere.

import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { chebTucker, pointwise } from "../decompose/functional/approximate.ts";
import { chebTrain } from "../decompose/functional/chebTrain.ts";
import type { Interval } from "../decompose/functional/chebyshev.ts";
import { fileError } from "../io/files.ts";
import { checkFunctionPath, saveFunction } from "../io/functionFile.ts";
import { formatNumber } from "../plot/format.ts";
import { key } from "../random/key.ts";
import { progressBar } from "../report/progressBar.ts";
import { FileError } from "../tensor/errors.ts";
import { parseSeed, parseTolerance } from "./options.ts";
import type { Streams } from "./streams.ts";
import { checkFolderOf, inWordsOf, UsageError } from "./usage.ts";

interface Flags {
  readonly export: string;
  readonly domain?: readonly Interval[];
  readonly tol: number;
  readonly format: "cheb-tucker" | "tt";
  readonly out?: string;
  readonly seed: number;
  readonly json?: true;
}

/** `-1:1,0:2,…`: one interval a variable; a single one serves all. */
function parseDomain(text: string): Interval[] {
  return text.split(",").map((part): Interval => {
    const ends = part.split(":").map((end) => (end.trim() === "" ? Number.NaN : Number(end)));
    const [a, b] = ends;
    if (ends.length !== 2 || !Number.isFinite(a) || !Number.isFinite(b) || !(a! < b!))
      throw new InvalidArgumentError(`got "${part}", expected intervals a:b with a < b, such as -1:1,0:2.`);
    return [a!, b!];
  });
}

/** Adds the command to the program. */
export function addApproximate(program: Command, streams: Streams): void {
  program
    .command("approximate")
    .description("turn a function of several variables into a small form that evaluates anywhere")
    .argument("<module>", "a .js, .mjs or .ts module that exports the function")
    .option("--export <name>", "name of the exported function", "default")
    .option("--domain <intervals>", "one a:b for each variable, or one for all (default: -1:1)", parseDomain)
    .option("--tol <error>", "relative tolerance", parseTolerance, 1e-6)
    .addOption(
      new Option("--format <name>", "Tucker for few variables, a train for many")
        .choices(["cheb-tucker", "tt"])
        .default("cheb-tucker"),
    )
    .option("--out <file>", "write the result: .safetensors")
    .option("--seed <n>", "seed of everything random", parseSeed, 0)
    .option("--json", "print JSON")
    .action(async (path: string, flags: Flags) => {
      if (flags.out !== undefined) {
        checkFunctionPath(flags.out);
        await checkFolderOf(flags.out);
      }
      if (flags.tol === 0) throw new UsageError("--tol: above 0 was expected");
      const f = await loadFunction(path, flags.export);
      const domain = domainFor(f, flags.domain);
      await approximate(path, f, domain, flags, streams);
    });
}

type ScalarFunction = (...coordinates: number[]) => number;

async function loadFunction(path: string, name: string): Promise<ScalarFunction> {
  try {
    await stat(path);
  } catch (error) {
    throw fileError(path, error);
  }
  if (!/\.(m?js|cjs|m?ts)$/i.test(path))
    throw new FileError(`${path}: a module .js, .mjs, .cjs or .ts was expected`);
  let module: Record<string, unknown>;
  try {
    module = await loadModule(resolve(path));
  } catch (error) {
    throw new FileError(`${path}: cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  const found = module[name];
  if (typeof found !== "function") {
    const names = Object.keys(module).filter((each) => typeof module[each] === "function");
    throw new UsageError(
      `${path}: no exported function "${name}"; ${names.length > 0 ? `--export takes ${names.join(", ")}` : "it exports none"}`,
    );
  }
  return found as ScalarFunction;
}

/** TypeScript goes through a loader: Node strips types only from 22.18 on, and never enums or namespaces. */
async function loadModule(path: string): Promise<Record<string, unknown>> {
  if (!/ts$/i.test(path))
    return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Record<string, unknown>;
  const { createJiti } = await import("jiti");
  return createJiti(path, { fsCache: false }).import<Record<string, unknown>>(path);
}

/** One interval a variable; how many there are, the function says unless the domain does. */
function domainFor(f: ScalarFunction, given: readonly Interval[] | undefined): readonly Interval[] {
  if (given && given.length > 1) {
    if (f.length > 0 && f.length !== given.length)
      throw new UsageError(
        `--domain names ${given.length} intervals, the function takes ${f.length} arguments`,
      );
    return given;
  }
  if (f.length === 0)
    throw new UsageError(
      "the function does not say how many arguments it takes: give --domain one a:b for each",
    );
  return Array.from({ length: f.length }, () => given?.[0] ?? [-1, 1]);
}

async function approximate(
  path: string,
  f: ScalarFunction,
  domain: readonly Interval[],
  flags: Flags,
  { stdout, stderr }: Streams,
): Promise<void> {
  const called: ScalarFunction = (...x) => {
    let value: unknown;
    try {
      value = f(...x);
    } catch (error) {
      throw new UsageError(`the function failed at (${x.join(", ")}): ${(error as Error).message}`);
    }
    if (typeof value !== "number")
      throw new UsageError(`the function must return a number, got ${typeof value} at (${x.join(", ")})`);
    return value;
  };
  const bar = progressBar(stderr);
  const options = {
    domain,
    tol: flags.tol,
    key: key(flags.seed),
    onProgress: (progress: { fraction: number; stage: string }) => bar.update(progress),
  };
  const points = pointwise(called, domain.length);
  let made: ReturnType<typeof chebTucker> | ReturnType<typeof chebTrain>;
  try {
    made = inWordsOf(path, { tol: "--tol", domain: "--domain" }, () =>
      flags.format === "tt" ? chebTrain(points, options) : chebTucker(points, options),
    );
  } finally {
    bar.stop();
  }
  const { error, evaluations, converged } = made.info;
  const source = `${basename(path)}#${flags.export}`;
  if (flags.out !== undefined)
    await saveFunction(flags.out, made, { source, tolerance: flags.tol, error, evaluations });
  const { ranks, degrees, parameters } = made;
  if (flags.json) {
    const summary = {
      source,
      format: flags.format,
      domain,
      ranks,
      degrees,
      parameters,
      error,
      evaluations,
      converged,
    };
    stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const lines = [
    `${source}: ${formatNumber(parameters)} numbers, degrees ${degrees.join(", ")}, ranks ${ranks.join(", ")}`,
    `  error       ${error.toExponential(1)} of the largest value, at 2,000 fresh random points`,
    `  evaluations ${formatNumber(evaluations)}`,
    ...(converged
      ? []
      : ["  the series has not converged to the tolerance: the function is not smooth enough for it"]),
    ...(flags.out === undefined ? [] : [`wrote ${flags.out}`]),
  ];
  stdout.write(`${lines.join("\n")}\n`);
}
