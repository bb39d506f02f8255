// Loops over contiguous vectors and column-major matrices, real (width 1) or complex with interleaved parts (width 2).
// Offsets and leading dimensions count entries of the typed array, lengths count elements. They stay in plain
// JavaScript on purpose: a vector operation moves as much memory as it computes, so a trip to the device costs more
// than it saves; everything of level 3 goes through `device.gemm`.
import { device } from "../../device/current.ts";
import type { GemmOptions, MatrixView } from "../../device/device.ts";
import type { Width } from "../../device/lapack.ts";

export type { Width };

/** out[at] = Σ conj(x_i) y_i */
export function dotc(
  w: Width,
  x: Float64Array,
  xo: number,
  y: Float64Array,
  yo: number,
  n: number,
  out: Float64Array,
  at: number,
): void {
  if (w === 1) {
    let s0 = 0;
    let s1 = 0;
    let i = 0;
    for (; i + 1 < n; i += 2) {
      s0 += x[xo + i] * y[yo + i];
      s1 += x[xo + i + 1] * y[yo + i + 1];
    }
    if (i < n) s0 += x[xo + i] * y[yo + i];
    out[at] = s0 + s1;
    return;
  }
  let re = 0;
  let im = 0;
  for (let p = xo, q = yo, end = xo + 2 * n; p < end; p += 2, q += 2) {
    re += x[p] * y[q] + x[p + 1] * y[q + 1];
    im += x[p] * y[q + 1] - x[p + 1] * y[q];
  }
  out[at] = re;
  out[at + 1] = im;
}

/** y += (ar + i ai) x; `ai` is ignored for real vectors. */
export function axpy(
  w: Width,
  ar: number,
  ai: number,
  x: Float64Array,
  xo: number,
  y: Float64Array,
  yo: number,
  n: number,
): void {
  if (w === 1) {
    for (let i = 0; i < n; i++) y[yo + i] += ar * x[xo + i];
    return;
  }
  for (let p = xo, q = yo, end = xo + 2 * n; p < end; p += 2, q += 2) {
    const re = x[p];
    const im = x[p + 1];
    y[q] += ar * re - ai * im;
    y[q + 1] += ar * im + ai * re;
  }
}

/** x *= ar + i ai */
export function scale(w: Width, ar: number, ai: number, x: Float64Array, xo: number, n: number): void {
  if (w === 1 || ai === 0) {
    for (let i = xo, end = xo + w * n; i < end; i++) x[i] *= ar;
    return;
  }
  for (let p = xo, end = xo + 2 * n; p < end; p += 2) {
    const re = x[p];
    x[p] = ar * re - ai * x[p + 1];
    x[p + 1] = ar * x[p + 1] + ai * re;
  }
}

/** Columns x and y become c x + s y and c y − s x (c, s real). */
export function rotate(
  x: Float64Array,
  xo: number,
  y: Float64Array,
  yo: number,
  n: number,
  c: number,
  s: number,
): void {
  for (let i = 0; i < n; i++) {
    const a = x[xo + i];
    const b = y[yo + i];
    x[xo + i] = c * a + s * b;
    y[yo + i] = c * b - s * a;
  }
}

/** Largest absolute entry of a run of entries; NaN and infinity propagate. */
export function maxAbs(x: Float64Array, start: number, entries: number): number {
  // Two chains of comparisons, which the processor runs side by side.
  let top = 0;
  let other = 0;
  const end = start + entries;
  let i = start;
  for (; i + 1 < end; i += 2) {
    const v = Math.abs(x[i]);
    const u = Math.abs(x[i + 1]);
    if (v > top || Number.isNaN(v)) top = v;
    if (u > other || Number.isNaN(u)) other = u;
  }
  if (i < end) {
    const v = Math.abs(x[i]);
    if (v > top || Number.isNaN(v)) top = v;
  }
  return Math.max(top, other);
}

/** Euclidean norm of a run of entries (both parts of complex elements), safe against overflow and underflow. */
export function norm2(x: Float64Array, start: number, entries: number): number {
  const end = start + entries;
  let sum = 0;
  for (let i = start; i < end; i++) sum += x[i] * x[i];
  if (sum > 1e-280 && sum < 1e300) return Math.sqrt(sum);
  const top = maxAbs(x, start, entries);
  if (top === 0 || !Number.isFinite(top)) return top;
  sum = 0;
  for (let i = start; i < end; i++) sum += (x[i] / top) ** 2;
  return top * Math.sqrt(sum);
}

/** y_j = (column j of A)ᴴ x, for `columns` columns of `rows` elements. */
export function adjointTimes(
  w: Width,
  a: Float64Array,
  ao: number,
  lda: number,
  rows: number,
  columns: number,
  x: Float64Array,
  xo: number,
  y: Float64Array,
  yo: number,
): void {
  let j = 0;
  if (w === 1) {
    // Eight columns at once: eight independent sums, and x is read once for them.
    for (; j + 7 < columns; j += 8) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let s4 = 0;
      let s5 = 0;
      let s6 = 0;
      let s7 = 0;
      let p = ao + j * lda;
      for (let i = xo, end = xo + rows; i < end; i++, p++) {
        const v = x[i];
        s0 += a[p] * v;
        s1 += a[p + lda] * v;
        s2 += a[p + 2 * lda] * v;
        s3 += a[p + 3 * lda] * v;
        s4 += a[p + 4 * lda] * v;
        s5 += a[p + 5 * lda] * v;
        s6 += a[p + 6 * lda] * v;
        s7 += a[p + 7 * lda] * v;
      }
      y[yo + j] = s0;
      y[yo + j + 1] = s1;
      y[yo + j + 2] = s2;
      y[yo + j + 3] = s3;
      y[yo + j + 4] = s4;
      y[yo + j + 5] = s5;
      y[yo + j + 6] = s6;
      y[yo + j + 7] = s7;
    }
  }
  for (; j < columns; j++) dotc(w, a, ao + j * lda, x, xo, rows, y, yo + j * w);
}

/** y += alpha · A x with alpha real, for `columns` columns of `rows` elements. */
export function addTimes(
  w: Width,
  alpha: number,
  a: Float64Array,
  ao: number,
  lda: number,
  rows: number,
  columns: number,
  x: Float64Array,
  xo: number,
  y: Float64Array,
  yo: number,
): void {
  let j = 0;
  if (w === 1) {
    for (; j + 7 < columns; j += 8) {
      const x0 = alpha * x[xo + j];
      const x1 = alpha * x[xo + j + 1];
      const x2 = alpha * x[xo + j + 2];
      const x3 = alpha * x[xo + j + 3];
      const x4 = alpha * x[xo + j + 4];
      const x5 = alpha * x[xo + j + 5];
      const x6 = alpha * x[xo + j + 6];
      const x7 = alpha * x[xo + j + 7];
      let p = ao + j * lda;
      for (let i = yo, end = yo + rows; i < end; i++, p++)
        y[i] +=
          a[p] * x0 +
          a[p + lda] * x1 +
          a[p + 2 * lda] * x2 +
          a[p + 3 * lda] * x3 +
          a[p + 4 * lda] * x4 +
          a[p + 5 * lda] * x5 +
          a[p + 6 * lda] * x6 +
          a[p + 7 * lda] * x7;
    }
  }
  for (; j < columns; j++)
    axpy(w, alpha * x[xo + j * w], w === 2 ? alpha * x[xo + j * w + 1] : 0, a, ao + j * lda, y, yo, rows);
}

/** out = the conjugates of `count` elements that lie `ld` entries apart: a row of a column-major matrix. */
export function conjugateRow(
  w: Width,
  x: Float64Array,
  at: number,
  ld: number,
  count: number,
  out: Float64Array,
  to = 0,
): void {
  for (let l = 0; l < count; l++) {
    out[to + l * w] = x[at + l * ld];
    if (w === 2) out[to + l * w + 1] = -x[at + l * ld + 1];
  }
}

/** −X for a block of a column-major array, packed: products can then subtract by accumulating. */
export function negated(
  w: Width,
  rows: number,
  columns: number,
  x: Float64Array,
  at: number,
  ld: number,
): Block {
  const height = rows * w;
  const data = new Float64Array(height * columns);
  for (let j = 0; j < columns; j++)
    for (let i = 0; i < height; i++) data[j * height + i] = -x[at + j * ld + i];
  return { data, offset: 0, ld: height };
}

/**
 * A column-major operand: entry offset, leading dimension in entries, and whether its adjoint or transpose is meant.
 */
export interface Block {
  readonly data: Float64Array;
  readonly offset: number;
  readonly ld: number;
  readonly adjoint?: boolean;
  readonly transposed?: boolean;
}

/**
 * C[m, n] = A[m, k] · B[k, n] (or +=), column-major. The device writes rows, so it is asked for Cᵀ = Bᵀ Aᵀ. A
 * `triangle` option therefore speaks of the transpose; use it only with `mirror`, for a Hermitian C.
 */
export function multiply(
  w: Width,
  m: number,
  n: number,
  k: number,
  a: Block,
  b: Block,
  c: Block,
  options: GemmOptions = {},
): void {
  if (m === 0 || n === 0 || (k === 0 && options.accumulate)) return;
  const view = (x: Block): MatrixView =>
    x.adjoint || x.transposed
      ? {
          data: x.data,
          offset: x.offset / w,
          rowStride: 1,
          columnStride: x.ld / w,
          conjugate: w === 2 && x.adjoint === true,
        }
      : { data: x.data, offset: x.offset / w, rowStride: x.ld / w, columnStride: 1 };
  const target = { data: c.data, offset: c.offset / w, rowStride: c.ld / w };
  device.gemm(w === 1 ? "float64" : "complex128", n, m, k, view(b), view(a), target, options);
}
