// Text files line by line, and the numbers in them.
import { createReadStream } from "node:fs";
import { FileError } from "../tensor/errors.ts";

const LINE_LIMIT = 2 ** 20;

/** Lines of a text file, without holding more than a piece of it. */
export async function* linesOf(path: string, kind: string): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of createReadStream(path, { encoding: "utf8" })) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    if (rest.length > LINE_LIMIT) throw new FileError(`${path}: not a ${kind} file: it is not made of lines`);
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** A number as text, also `nan` and `inf`. Throws FileError naming the line. */
export function parseValue(text: string, path: string, line: number): number {
  const special: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };
  const value = special[text.toLowerCase()] ?? Number(text);
  if (Number.isNaN(value) && text.toLowerCase() !== "nan")
    throw new FileError(`${path}: line ${line}: "${text}" is not a number`);
  return value;
}
