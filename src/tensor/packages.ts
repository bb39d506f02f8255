// Optional packages, loaded when a call first needs them.
import { MissingPackageError } from "./errors.ts";

/**
 * The module that `load` imports. Throws MissingPackageError, which says what to install, when the package is absent
 * or its native part does not load on this machine.
 */
export async function optionalPackage<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const absent = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    const reason = absent
      ? "is not installed"
      : `does not load (${error instanceof Error ? error.message.split("\n")[0] : error})`;
    throw new MissingPackageError(
      `${purpose} needs the package ${name}, which ${reason}: npm install ${name}`,
      {
        cause: error,
      },
    );
  }
}
