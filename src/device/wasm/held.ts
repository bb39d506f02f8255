// A matrix that stays in WebAssembly memory while it is multiplied with many vectors, as reductions to condensed form do.

import type { HeldMatrix } from "../device.ts";
import { lineKernels } from "./gemv.ts";
import { align, enterArena, leaveArena, memoryView } from "./memory.ts";

const BYTES = 8;

/** Copies columns of `rows` float64 entries that begin `ld` apart. O(rows · columns), and the same for every product. */
export function holdColumns(
  data: Float64Array,
  offset: number,
  ld: number,
  rows: number,
  columns: number,
): HeldMatrix {
  const { dots, combine } = lineKernels("float64");
  // Columns begin on whole vectors.
  const stride = align(rows * BYTES);
  const vectorBytes = align(Math.max(rows, columns) * BYTES);
  const bytes = 2 * vectorBytes + columns * stride;
  const xAt = enterArena(bytes);
  const outAt = xAt + vectorBytes;
  const matrixAt = outAt + vectorBytes;
  const memory = memoryView(BYTES);
  for (let j = 0; j < columns; j++) {
    const from = offset + j * ld;
    memory.set(data.subarray(from, from + rows), (matrixAt + j * stride) / BYTES);
  }
  const addressOf = (row: number, column: number): number => matrixAt + column * stride + row * BYTES;
  return {
    addTimes(row, column, m, n, x, xo, y, yo) {
      const view = memoryView(BYTES);
      view.set(x.subarray(xo, xo + n), xAt / BYTES);
      view.set(y.subarray(yo, yo + m), outAt / BYTES);
      combine(xAt, addressOf(row, column), stride, outAt, n, m);
      y.set(view.subarray(outAt / BYTES, outAt / BYTES + m), yo);
    },
    transposedTimes(row, column, m, n, x, xo, y, yo) {
      const view = memoryView(BYTES);
      view.set(x.subarray(xo, xo + m), xAt / BYTES);
      dots(xAt, addressOf(row, column), stride, outAt, n, m);
      y.set(view.subarray(outAt / BYTES, outAt / BYTES + n), yo);
    },
    release: () => leaveArena(bytes),
  };
}
