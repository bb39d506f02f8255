// Checks of arguments that belong to no single option.
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "../io/files.ts";
import { FileError, PolyadicError } from "../tensor/errors.ts";

/** Options that do not go together, or an argument that is missing. */
export class UsageError extends PolyadicError {
  override name = "UsageError";
}

/**
 * Runs library code, and tells what it says of its arguments in the words of the command: "sthosvd: ranks: …" becomes "--ranks: …"
 * where `names` has { ranks: "--ranks" }, other arguments become `subject`.
 */
export function inWordsOf<T>(subject: string, names: Readonly<Record<string, string>>, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PolyadicError) || error instanceof UsageError || error instanceof FileError)
      throw error;
    const said = /^[a-zA-Z]\w*: (.*)$/s.exec(error.message)?.[1] ?? error.message;
    const [, argument, rest] = /^(\w+)((?::| must| is| are) .*)$/s.exec(said) ?? [];
    const name = argument === undefined ? undefined : names[argument];
    const text = name === undefined ? `${subject}: ${said}` : `${name}${rest}`;
    throw new UsageError(text, { cause: error });
  }
}

/** Throws FileError unless files can be made beside `path`: before long work, not after it. */
export async function checkFolderOf(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    if ((await stat(folder)).isDirectory()) return;
  } catch (error) {
    throw new FileError(`${path}: the folder cannot be used: ${fileError(folder, error).message}`);
  }
  throw new FileError(`${path}: ${folder} is not a folder`);
}
