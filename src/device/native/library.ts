// Finding the system's BLAS and LAPACK and calling into them. Everything is found at run time: the package koffi, which
// makes foreign calls, and a shared library that holds both BLAS and LAPACK.

/** A foreign function. Typed arrays are passed as they are, as pointers to their first entry. */
export type Foreign = (...args: readonly unknown[]) => number;

/** An open library with 32-bit integers in its interface. */
export interface Library {
  /** What was opened. */
  readonly path: string;
  /** OpenBLAS has a few functions beyond the standard. */
  readonly isOpenBlas: boolean;
  /** A function by its C declaration; throws when the library has none of that name. */
  declare(declaration: string): Foreign;
}

/** Why there is no native device: nothing to worry about, or something that the user meant to work. */
export interface Missing {
  readonly reason: string;
  /** The package for foreign calls is not installed, or this is no Node: nobody asked for native code. */
  readonly isUsual: boolean;
}

interface Koffi {
  config(options?: Record<string, number>): Record<string, number>;
  load(path: string): { func(declaration: string): Foreign };
}

interface NodeProcess {
  readonly env: Record<string, string | undefined>;
  readonly platform: string;
  getBuiltinModule?(name: string): unknown;
}

/**
 * LAPACK keeps blocks of its matrices on the stack, and foreign calls run on a stack of their own, of which koffi gives
 * 2 MiB unless told.
 */
const STACK_BYTES = 1 << 24;

/** Where the library usually is, by platform. Names without a folder are looked up by the system's loader. */
const USUAL_PLACES: Readonly<Record<string, readonly string[]>> = {
  linux: ["libopenblas.so.0", "libopenblas.so", "libmkl_rt.so.2", "libmkl_rt.so"],
  darwin: [
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/usr/local/opt/openblas/lib/libopenblas.dylib",
    "libopenblas.dylib",
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
  ],
  win32: ["libopenblas.dll", "openblas.dll", "mkl_rt.2.dll"],
};

/** Opens the library named by POLYADIC_BLAS, or the first of the usual ones that loads and computes correctly. */
export function openLibrary(): Library | Missing {
  const process = (globalThis as { process?: NodeProcess }).process;
  const modules = process?.getBuiltinModule?.("node:module") as
    | { createRequire(from: string): (name: string) => unknown }
    | undefined;
  if (!process || !modules) return { reason: "native libraries can be called from Node only", isUsual: true };
  let koffi: Koffi;
  try {
    koffi = modules.createRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    const absent = (error as { code?: string }).code === "MODULE_NOT_FOUND";
    return absent
      ? { reason: "the package koffi is not installed: npm install koffi", isUsual: true }
      : { reason: `the package koffi does not load (${firstLine(error)})`, isUsual: false };
  }
  const named = process.env["POLYADIC_BLAS"];
  const places = named ? [named] : (USUAL_PLACES[process.platform] ?? []);
  const failures: string[] = [];
  for (const path of places) {
    const found = tryLibrary(koffi, path);
    if (typeof found !== "string") return found;
    failures.push(`${path}: ${found}`);
  }
  return {
    reason: `no BLAS and LAPACK library can be used (${failures.join("; ")}); on Debian: apt install libopenblas0`,
    isUsual: false,
  };
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]!;

/** The library, or what is wrong with it. */
function tryLibrary(koffi: Koffi, path: string): Library | string {
  try {
    // The stack is set before the first call; koffi refuses afterwards, and then it is as large as somebody chose.
    if (koffi.config()["sync_stack_size"]! < STACK_BYTES) koffi.config({ sync_stack_size: STACK_BYTES });
    const handle = koffi.load(path);
    const declare = (declaration: string): Foreign => handle.func(declaration);
    const configuration = configurationOf(declare);
    // Such a library would read our 32-bit integers as 64-bit ones.
    if (configuration?.includes("USE64BITINT")) return "it was built for 64-bit integers";
    const wrong = findFault(declare);
    return wrong ?? { path, isOpenBlas: configuration !== null, declare };
  } catch (error) {
    return firstLine(error);
  }
}

/** How OpenBLAS was built; null for other libraries. */
function configurationOf(declare: Library["declare"]): string | null {
  try {
    return (declare("const char *openblas_get_config()") as unknown as () => string)();
  } catch {
    return null;
  }
}

/** Solves a system of two equations with both halves of the library, and says what is wrong with the answer. */
function findFault(declare: Library["declare"]): string | null {
  const dot = declare("double cblas_ddot(int, double *, int, double *, int)");
  if (dot(2, Float64Array.of(1, 2), 1, Float64Array.of(3, 4), 1) !== 11) return "its BLAS computes nonsense";
  const solve = declare("void dgesv_(int *, int *, double *, int *, int *, double *, int *, int *)");
  const two = Int32Array.of(2);
  const x = Float64Array.of(4, 9);
  const info = Int32Array.of(-1);
  // [0 1; 3 0] x = [4; 9]: needs an exchange of rows.
  solve(two, Int32Array.of(1), Float64Array.of(0, 3, 1, 0), two, new Int32Array(2), x, two, info);
  return info[0] === 0 && x[0] === 3 && x[1] === 4 ? null : "its LAPACK computes nonsense";
}
