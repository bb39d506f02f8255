// LAPACK's Fortran routines as functions: every argument goes by pointer, a failure comes back as a number.

import { ConvergenceError, PolyadicError } from "../../tensor/errors.ts";
import type { Foreign, Library } from "./library.ts";

/** Integers by value become pointers to them; options are letters; arrays are passed as they are. */
export type Argument = number | string | Float64Array | Int32Array;

/** A LAPACK routine without its last argument; returns `info`, which is >= 0. */
export type Routine = (...args: readonly Argument[]) => number;

/** Which routine is meant: the letter for double precision, or for double precision complex. */
export type Named = { readonly d: string; readonly z: string };

/** Opens routines when they are first called: a library without one of them can still do the others. */
export class Routines {
  readonly #library: Library;
  readonly #known = new Map<string, Foreign>();

  constructor(library: Library) {
    this.#library = library;
  }

  /** Calls a routine, whose name has the letter d or z in front. Throws PolyadicError for an argument it refuses. */
  call(name: string, ...args: readonly Argument[]): number {
    const foreign = this.#known.get(name) ?? this.#declare(name, args);
    const info = new Int32Array(1);
    const values: unknown[] = args.map((arg) => (typeof arg === "number" ? Int32Array.of(arg) : arg));
    values.push(info);
    // Fortran passes the lengths of all strings behind the other arguments.
    for (const arg of args) if (typeof arg === "string") values.push(arg.length);
    foreign(...values);
    if (info[0]! < 0) throw new PolyadicError(`LAPACK's ${name} refuses its argument ${-info[0]!}`);
    return info[0]!;
  }

  /**
   * Calls a routine twice: with no room, to hear how much it wants for work, and then in earnest. `spaces` are the
   * working arrays, by the kind of their entries; where the first one goes among the arguments its length follows.
   */
  callWithWork(
    name: string,
    args: (spaces: readonly Argument[]) => readonly Argument[],
    ...spaces: Space[]
  ): number {
    const asked = spaces.map(({ kind, width = 1 }) => emptySpace(kind, width));
    this.call(
      name,
      ...args(asked.flatMap((space, i) => (spaces[i]!.fixed === undefined ? [space, -1] : [space]))),
    );
    const given = spaces.flatMap(({ kind, width = 1, fixed }, i) => {
      const length = fixed ?? Math.max(1, Math.ceil(asked[i]![0]!));
      const space = kind === "real" ? new Float64Array(length * width) : new Int32Array(length);
      return fixed === undefined ? [space, length] : [space];
    });
    return this.call(name, ...args(given));
  }

  #declare(name: string, args: readonly Argument[]): Foreign {
    const types: string[] = args.map((arg) =>
      typeof arg === "string" ? "const char *" : arg instanceof Float64Array ? "double *" : "int *",
    );
    types.push("int *");
    for (const arg of args) if (typeof arg === "string") types.push("size_t");
    const foreign = this.#library.declare(`void ${name}_(${types.join(", ")})`);
    this.#known.set(name, foreign);
    return foreign;
  }
}

/** A working array: of a length that the routine says, or of a fixed one. */
export interface Space {
  readonly kind: "real" | "integer";
  /** Entries per element. */
  readonly width?: number;
  readonly fixed?: number;
}

const emptySpace = (kind: Space["kind"], width: number): Float64Array | Int32Array =>
  kind === "real" ? new Float64Array(width) : new Int32Array(1);

/** Throws ConvergenceError unless a routine succeeded. */
export function checkConverged(name: string, info: number): void {
  if (info > 0) throw new ConvergenceError(`${name}: LAPACK's iteration did not converge (${info})`);
}
