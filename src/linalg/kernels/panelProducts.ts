// Products with vectors of the part of a matrix that a panel of a reduction leaves as it is: half of the work of reductions
// to condensed form, and all of it bound by memory.

import { device } from "../../device/current.ts";
import type { PartTimes } from "../../device/device.ts";
import { addTimes, adjointTimes, type Width } from "./vector.ts";

/** Entries from which on a copy for the device is worth while (measured). */
const LARGE = 64 * 64;

export interface PanelProducts {
  /** y += A x */
  readonly addTimes: PartTimes;
  /** y = Aᴴ x */
  readonly adjointTimes: PartTimes;
  /** Ends them; the matrix may change again. */
  release(): void;
}

/**
 * Products of parts of `rows` rows and `columns` columns of elements of `w` entries, column-major. Positions in the matrix are
 * elements, of vectors entries. The matrix must not change before `release`.
 */
export function panelProducts(
  w: Width,
  a: Float64Array,
  offset: number,
  ld: number,
  rows: number,
  columns: number,
): PanelProducts {
  const held =
    w === 1 && rows * columns >= LARGE ? device.holdColumns?.(a, offset, ld, rows, columns) : undefined;
  if (held)
    return {
      addTimes: held.addTimes,
      adjointTimes: held.transposedTimes,
      release: () => held.release(),
    };
  const at = (row: number, column: number): number => offset + column * ld + row * w;
  return {
    addTimes: (row, column, m, n, x, xo, y, yo) => addTimes(w, 1, a, at(row, column), ld, m, n, x, xo, y, yo),
    adjointTimes: (row, column, m, n, x, xo, y, yo) =>
      adjointTimes(w, a, at(row, column), ld, m, n, x, xo, y, yo),
    release: () => undefined,
  };
}
