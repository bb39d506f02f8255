// Products that are not worth a trip into WebAssembly: tiny ones, and matrix-vector products, which read every entry
// once and would spend their time on copying.

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
  // Long columns of a row-major right factor are read row by row instead of jumping through memory.
  if (m === 1 && n > 1 && !triangle && b.columnStride === 1 && width === 1 && k > 0) {
    rowTimesMatrix(n, k, a, b, target, accumulate);
    return;
  }
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

function rowTimesMatrix(
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  target: MatrixTarget,
  accumulate: boolean,
): void {
  const x = a.data as FloatArray;
  const y = b.data as FloatArray;
  const sums = new Float64Array(n);
  let l = 0;
  for (; l + 3 < k; l += 4) {
    const p = a.offset + l * a.columnStride;
    const x0 = x[p]!;
    const x1 = x[p + a.columnStride]!;
    const x2 = x[p + 2 * a.columnStride]!;
    const x3 = x[p + 3 * a.columnStride]!;
    const q0 = b.offset + l * b.rowStride;
    const q1 = q0 + b.rowStride;
    const q2 = q1 + b.rowStride;
    const q3 = q2 + b.rowStride;
    for (let j = 0; j < n; j++)
      sums[j]! += x0 * y[q0 + j]! + x1 * y[q1 + j]! + (x2 * y[q2 + j]! + x3 * y[q3 + j]!);
  }
  for (; l < k; l++) {
    const xl = x[a.offset + l * a.columnStride]!;
    const q = b.offset + l * b.rowStride;
    for (let j = 0; j < n; j++) sums[j]! += xl * y[q + j]!;
  }
  const out = target.data as FloatArray;
  if (accumulate) for (let j = 0; j < n; j++) out[target.offset + j]! += sums[j]!;
  else for (let j = 0; j < n; j++) out[target.offset + j] = sums[j]!;
}
