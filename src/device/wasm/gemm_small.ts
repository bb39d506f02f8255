// Tiny products, which are not worth a trip into WebAssembly.

import type { FloatArray, GemmOptions, MatrixTarget, MatrixType, MatrixView } from "../device.ts";

/** Products of at most this many multiplications are done in plain loops. */
export const SMALL_PRODUCT = 400;

/** target = a · b by inner products in plain loops, for any k, zero included. */
export function gemmSmall(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  target: MatrixTarget,
  { accumulate = false, triangle, mirror }: GemmOptions,
): void {
  const inner = type.startsWith("complex") ? complexInner : realInner;
  const width = type.startsWith("complex") ? 2 : 1;
  const data = target.data as FloatArray;
  const store = (row: number, column: number, re: number, im: number): void => {
    const at = (target.offset + row * target.rowStride + column) * width;
    data[at] = accumulate ? data[at]! + re : re;
    if (width === 2) data[at + 1] = accumulate ? data[at + 1]! + im : im;
  };
  for (let i = 0; i < m; i++) {
    const columns = triangle ? Math.min(n, i + 1) : n;
    for (let j = 0; j < columns; j++) {
      inner(k, a, a.offset + i * a.rowStride, b, b.offset + j * b.columnStride);
      store(i, j, resultRe, resultIm);
      if (triangle && mirror && j < i && i < n) store(j, i, resultRe, -resultIm);
    }
  }
}

// What an inner product returns, without an object for every element.
let resultRe = 0;
let resultIm = 0;

/** Four partial sums keep the additions independent of each other. */
function realInner(k: number, a: MatrixView, p: number, b: MatrixView, q: number): void {
  const x = a.data as FloatArray;
  const y = b.data as FloatArray;
  const da = a.columnStride;
  const db = b.rowStride;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let l = 0;
  for (; l + 3 < k; l += 4) {
    s0 += x[p]! * y[q]!;
    s1 += x[p + da]! * y[q + db]!;
    s2 += x[p + 2 * da]! * y[q + 2 * db]!;
    s3 += x[p + 3 * da]! * y[q + 3 * db]!;
    p += 4 * da;
    q += 4 * db;
  }
  for (; l < k; l++, p += da, q += db) s0 += x[p]! * y[q]!;
  resultRe = s0 + s1 + (s2 + s3);
  resultIm = 0;
}

function complexInner(k: number, a: MatrixView, p: number, b: MatrixView, q: number): void {
  const x = a.data as FloatArray;
  const y = b.data as FloatArray;
  const signA = a.conjugate ? -1 : 1;
  const signB = b.conjugate ? -1 : 1;
  let re = 0;
  let im = 0;
  let from = 2 * p;
  let to = 2 * q;
  for (let l = 0; l < k; l++, from += 2 * a.columnStride, to += 2 * b.rowStride) {
    const xr = x[from]!;
    const xi = signA * x[from + 1]!;
    const yr = y[to]!;
    const yi = signB * y[to + 1]!;
    re += xr * yr - xi * yi;
    im += xr * yi + xi * yr;
  }
  resultRe = re;
  resultIm = im;
}
