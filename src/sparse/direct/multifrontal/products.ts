// Products of blocks of a dense front, subtracted from another block of it: small ones here, others by the device.

import { device } from "../../../device/current.ts";
import type { Width } from "../../kernels/product.ts";

/** Multiplications up to which a product is not worth a call of the device. */
const SMALL = 20_000;

/** A square matrix of real (width 1) or complex (width 2) numbers, row by row. */
export interface Square {
  readonly width: Width;
  readonly data: Float64Array;
  readonly size: number;
}

/** Rows or columns from … to. */
export type Range = readonly [from: number, to: number];

export class FrontProducts {
  /** Left factors with their sign turned, for the device, which only adds. */
  #turned: Float64Array = new Float64Array(0);

  /** Rows × columns -= (rows × inner) · (inner × columns). */
  subtract(square: Square, rows: Range, columns: Range, inner: Range): void {
    const { data, size } = square;
    const [m, n, k] = [rows[1] - rows[0], columns[1] - columns[0], inner[1] - inner[0]];
    if (m === 0 || n === 0 || k === 0) return;
    if (m * n * k > SMALL)
      device.gemm(
        typeOf(square),
        m,
        n,
        k,
        { data: this.#turn(square, rows, inner), offset: 0, rowStride: k, columnStride: 1 },
        { data, offset: inner[0] * size + columns[0], rowStride: size, columnStride: 1 },
        { data, offset: rows[0] * size + columns[0], rowStride: size },
        { accumulate: true },
      );
    else
      for (let i = rows[0]; i < rows[1]; i++)
        for (let t = inner[0]; t < inner[1]; t++)
          subtractRow(square, i * size + t, t * size + columns[0], i * size + columns[0], n);
  }

  /** Rows × columns -= (rows × inner) · (columns × inner)ᴴ, of the lower triangle; rows and columns begin alike. */
  subtractAdjoint(square: Square, rows: Range, columns: Range, inner: Range): void {
    const { width, data, size } = square;
    const [m, n, k] = [rows[1] - rows[0], columns[1] - columns[0], inner[1] - inner[0]];
    if (m === 0 || n === 0 || k === 0) return;
    if (m * n * k > SMALL)
      device.gemm(
        typeOf(square),
        m,
        n,
        k,
        { data: this.#turn(square, rows, inner), offset: 0, rowStride: k, columnStride: 1 },
        {
          data,
          offset: columns[0] * size + inner[0],
          rowStride: 1,
          columnStride: size,
          conjugate: width === 2,
        },
        { data, offset: rows[0] * size + columns[0], rowStride: size },
        { accumulate: true, triangle: "lower" },
      );
    else
      for (let i = rows[0]; i < rows[1]; i++) {
        const end = Math.min(i + 1, columns[1]);
        for (let j = columns[0]; j < end; j++)
          subtractDot(square, i * size + inner[0], j * size + inner[0], k, i * size + j);
      }
  }

  #turn({ width, data, size }: Square, rows: Range, inner: Range): Float64Array {
    const k = width * (inner[1] - inner[0]);
    const length = (rows[1] - rows[0]) * k;
    if (this.#turned.length < length) this.#turned = new Float64Array(length);
    const turned = this.#turned;
    let at = 0;
    for (let i = rows[0]; i < rows[1]; i++) {
      const from = width * (i * size + inner[0]);
      for (let p = from; p < from + k; p++) turned[at++] = -data[p];
    }
    return turned;
  }
}

const typeOf = ({ width }: Square): "float64" | "complex128" => (width === 1 ? "float64" : "complex128");

/** data[at] -= Σ data[a + t] conj(data[b + t]), t below `count`. */
export function subtractDot({ width, data }: Square, a: number, b: number, count: number, at: number): void {
  if (width === 1) {
    let sum = 0;
    for (let t = 0; t < count; t++) sum += data[a + t] * data[b + t];
    data[at] -= sum;
    return;
  }
  let re = 0;
  let im = 0;
  for (let t = 0; t < 2 * count; t += 2) {
    const [p, q] = [2 * a + t, 2 * b + t];
    re += data[p] * data[q] + data[p + 1] * data[q + 1];
    im += data[p + 1] * data[q] - data[p] * data[q + 1];
  }
  data[2 * at] -= re;
  data[2 * at + 1] -= im;
}

/** data[to + t] -= data[factor] · data[from + t], t below `count`. */
export function subtractRow(
  { width, data }: Square,
  factor: number,
  from: number,
  to: number,
  count: number,
): void {
  if (width === 1) {
    const scale = data[factor];
    if (scale !== 0) for (let t = 0; t < count; t++) data[to + t] -= scale * data[from + t];
    return;
  }
  const re = data[2 * factor];
  const im = data[2 * factor + 1];
  for (let t = 0; t < 2 * count; t += 2) {
    const xr = data[2 * from + t];
    const xi = data[2 * from + t + 1];
    data[2 * to + t] -= re * xr - im * xi;
    data[2 * to + t + 1] -= re * xi + im * xr;
  }
}
