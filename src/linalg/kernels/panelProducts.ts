// Products with vectors of the part of a matrix that a panel of a reduction leaves as it is: half of the work of reductions
// to condensed form, and all of it bound by memory.

import { device } from "../../device/current.ts";
import type { HeldMatrix } from "../../device/device.ts";
import { addTimes, adjointTimes, type Width } from "./vector.ts";

/** Entries from which on a copy for the device is worth while (measured). */
const LARGE = 64 * 64;

/** Columns of elements of `w` entries, column-major. Positions and counts are elements, of vectors entries. */
export class PanelProducts {
  readonly #w: Width;
  readonly #data: Float64Array;
  readonly #offset: number;
  readonly #ld: number;
  readonly #held: HeldMatrix | undefined;

  /** `data` must not change in the given rows and columns before `release`. */
  constructor(w: Width, data: Float64Array, offset: number, ld: number, rows: number, columns: number) {
    this.#w = w;
    this.#data = data;
    this.#offset = offset;
    this.#ld = ld;
    if (w === 1 && rows * columns >= LARGE)
      this.#held = device.holdColumns?.(data, offset, ld, rows, columns);
  }

  /** y += A x for `rows` rows and `columns` columns from (row, column) on. */
  addTimes(
    row: number,
    column: number,
    rows: number,
    columns: number,
    x: Float64Array,
    xo: number,
    y: Float64Array,
    yo: number,
  ): void {
    if (this.#held) this.#held.addTimes(row, column, rows, columns, x, xo, y, yo);
    else addTimes(this.#w, 1, this.#data, this.#at(row, column), this.#ld, rows, columns, x, xo, y, yo);
  }

  /** y = Aᴴ x for the same part. */
  adjointTimes(
    row: number,
    column: number,
    rows: number,
    columns: number,
    x: Float64Array,
    xo: number,
    y: Float64Array,
    yo: number,
  ): void {
    if (this.#held) this.#held.transposedTimes(row, column, rows, columns, x, xo, y, yo);
    else adjointTimes(this.#w, this.#data, this.#at(row, column), this.#ld, rows, columns, x, xo, y, yo);
  }

  release(): void {
    this.#held?.release();
  }

  #at(row: number, column: number): number {
    return this.#offset + column * this.#ld + row * this.#w;
  }
}
