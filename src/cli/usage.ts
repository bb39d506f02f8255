// Checks of arguments that belong to no single option.
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "../io/files.ts";
import { FileError, PolyadicError } from "../tensor/errors.ts";

/** Options that do not go together, or an argument that is missing. */
export class UsageError extends PolyadicError {
  override name = "UsageError";
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
