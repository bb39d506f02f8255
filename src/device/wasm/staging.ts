// How matrices inside ordinary typed arrays come into WebAssembly memory.

import type { FloatArray, ImplicitMatrix, MatrixView } from "../device.ts";

/** Which elements of a matrix are neighbours in memory: those of a row or those of a column. */
export type Layout = "rows" | "columns";

export function transposed(x: MatrixView): MatrixView;
export function transposed(x: MatrixView | ImplicitMatrix): MatrixView | ImplicitMatrix;
export function transposed(x: MatrixView | ImplicitMatrix): MatrixView | ImplicitMatrix {
  if (isImplicit(x)) return { lines: x.lines === "rows" ? "columns" : "rows", write: x.write };
  return { ...x, rowStride: x.columnStride, columnStride: x.rowStride };
}

const isImplicit = (x: MatrixView | ImplicitMatrix): x is ImplicitMatrix => "write" in x;

/** The layout in which a matrix is read best. */
export const layoutOf = (x: MatrixView | ImplicitMatrix): Layout =>
  isImplicit(x) ? x.lines : x.columnStride !== 1 && x.rowStride === 1 ? "columns" : "rows";

/** Whether the elements that are read are the complex conjugates of the matrix. */
export const isConjugated = (x: MatrixView | ImplicitMatrix): boolean =>
  !isImplicit(x) && x.conjugate === true;

/**
 * Copies the part of a matrix that starts at (`i`, `j`) into WebAssembly memory, by rows or by columns, and returns
 * the distance between its rows or columns in reals. Parts with small gaps between the rows come over in one piece,
 * when the piece has at most `room` reals.
 */
export function stage(
  view: FloatArray,
  at: number,
  x: MatrixView | ImplicitMatrix,
  layout: Layout,
  i: number,
  rows: number,
  j: number,
  columns: number,
  width: number,
  room: number,
): number {
  const byColumns = layout === "columns";
  const lines = byColumns ? columns : rows;
  const length = (byColumns ? rows : columns) * width;
  if (isImplicit(x)) {
    const stride = paddedStride(length);
    x.write(view, at, stride, byColumns ? j : i, lines, byColumns ? i : j, length / width);
    return stride;
  }
  const data = x.data as FloatArray;
  const lineStride = (byColumns ? x.columnStride : x.rowStride) * width;
  const elementStride = (byColumns ? x.rowStride : x.columnStride) * width;
  let from = (x.offset + i * x.rowStride + j * x.columnStride) * width;
  if (elementStride === width) {
    const piece = (lines - 1) * lineStride + length;
    if (lineStride >= length && lineStride <= 1.25 * length && piece <= room) {
      view.set(data.subarray(from, from + piece), at);
      return lineStride;
    }
    const stride = lines === 1 ? length : paddedStride(length);
    for (let line = 0; line < lines; line++, from += lineStride, at += stride)
      copyLine(view, at, data, from, length);
    return stride;
  }
  for (let line = 0; line < lines; line++, from += lineStride, at += length) {
    let p = from;
    if (width === 1) for (let e = 0; e < length; e++, p += elementStride) view[at + e] = data[p]!;
    else
      for (let e = 0; e < length; e += 2, p += elementStride) {
        view[at + e] = data[p]!;
        view[at + e + 1] = data[p + 1]!;
      }
  }
  return length;
}

/** Rows whose distance is a power of two would compete for the same lines of the cache. */
export const paddedStride = (length: number): number => (length % 64 === 0 ? length + 16 : length);

/** Copies a run of neighbours. */
export function copyLine(view: FloatArray, at: number, data: FloatArray, from: number, length: number): void {
  if (length > 32) view.set(data.subarray(from, from + length), at);
  else for (let e = 0; e < length; e++) view[at + e] = data[from + e]!;
}
