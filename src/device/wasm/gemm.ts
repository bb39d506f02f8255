// The matrix product of the WebAssembly device: Goto & van de Geijn's blocking ("Anatomy of high-performance matrix
// multiplication", ACM TOMS 34(3), 2008) around the generated kernels. Operands are ordinary typed arrays; copying a
// block into WebAssembly memory is the packing. A left factor stored by rows needs no further packing, because the
// micro-kernels read it as it is, and one stored by columns is transposed; the right one is rearranged into panels.

import type {
  FloatArray,
  GemmOptions,
  ImplicitMatrix,
  MatrixProduct,
  MatrixTarget,
  MatrixType,
  MatrixView,
  PiecewiseTarget,
} from "../device.ts";
import { C_BYTES, KC, kernelsOf, NC, NO_DIAGONAL, SMALLEST_PART, TILE_ROWS } from "./gemm_instances.ts";
import { gemmResident, gemmResidentBatch, isResident } from "./gemm_resident.ts";
import { gemmSmall, SMALL_PRODUCT } from "./gemm_small.ts";
import { gemv, SMALL_MATRIX } from "./gemv.ts";
import { align, memoryView, reserve } from "./memory.ts";
import { copyLine, isConjugated, layoutOf, paddedStride, stage, transposed } from "./staging.ts";
import { runParts, shareOut } from "./threads/pool.ts";

/** Bytes of a block of a: half of the second-level cache. */
const A_BYTES = 1 << 19;
/** Left factors with fewer rows than this, and fewer than the right one has columns, change sides. */
const FEW_ROWS = 32;

/** target = a[m, k] · b[k, n]; see `Device.gemm`. */
export function gemm(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  target: MatrixTarget,
  options: GemmOptions = {},
): void {
  if (m === 0 || n === 0) return;
  const vector = (m === 1 || n === 1) && !options.triangle;
  const smallest = vector ? SMALL_MATRIX : SMALL_PRODUCT;
  if (k === 0 || m * n * k <= smallest) gemmSmall(type, m, n, k, a, b, target, options);
  else if (vector && n === 1) {
    const x = { data: b.data, offset: b.offset, stride: b.rowStride, conjugate: b.conjugate };
    const y = { data: target.data, offset: target.offset, stride: target.rowStride };
    gemv(type, m, k, a, x, y, options.accumulate);
  } else if (vector) {
    const x = { data: a.data, offset: a.offset, stride: a.columnStride, conjugate: a.conjugate };
    const y = { data: target.data, offset: target.offset, stride: 1 };
    gemv(type, n, k, transposed(b), x, y, options.accumulate);
  }
  // What lies in WebAssembly memory already (compiled programs) needs no copies.
  else if (isResident(type, n, { a, b, target }, options)) gemmResident(type, m, n, k, { a, b, target });
  // The left factor is copied as it is and the right one rearranged: the big one goes left.
  else if (m < FEW_ROWS && n > 2 * m && !options.triangle)
    gemmBlocked(type, n, m, k, transposed(b), transposed(a), target, options, true);
  else gemmBlocked(type, m, n, k, a, b, target, options, false);
}

/** Several products of one size; see `Device.gemmBatch`. */
export function gemmBatch(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  products: readonly MatrixProduct[],
): void {
  const isLarge = m > 1 && n > 1 && m * n * k > SMALL_PRODUCT;
  if (isLarge && products.every((product) => isResident(type, n, product, {})))
    gemmResidentBatch(type, m, n, k, products);
  else for (const { a, b, target } of products) gemm(type, m, n, k, a, b, target);
}

/** target = a[m, k] · b[k, n]; see `Device.gemmImplicit`. */
export function gemmImplicit(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: ImplicitMatrix,
  target: PiecewiseTarget,
): void {
  if (m === 0 || n === 0) return;
  if (m < FEW_ROWS && n > 2 * m) gemmBlocked(type, n, m, k, transposed(b), transposed(a), target, {}, true);
  else gemmBlocked(type, m, n, k, a, b, target, {}, false);
}

function gemmBlocked(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  a: MatrixView | ImplicitMatrix,
  b: MatrixView | ImplicitMatrix,
  target: PiecewiseTarget,
  options: GemmOptions,
  transposeTarget: boolean,
): void {
  const width = type.startsWith("complex") ? 2 : 1;
  const bytes = type === "float32" || type === "complex64" ? 4 : 8;
  const { shared, transpose, pack_rows, pack_columns } = kernelsOf(type);
  const layout = layoutOf(a);
  const rightLayout = layoutOf(b);
  const pack = rightLayout === "rows" ? pack_rows : pack_columns;

  const kc = Math.min(k, KC / width);
  const nc = Math.min(n, NC / width);
  const rowBytes = kc * width * bytes;
  const mc = Math.min(m, Math.max(TILE_ROWS, Math.floor(A_BYTES / rowBytes) & ~(TILE_ROWS - 1)));
  const cStride = align(nc * width * bytes);
  // One block of c at a time when k is done in one go, else as many as may wait.
  const mb = k <= kc ? mc : Math.min(m, Math.max(mc, Math.floor(C_BYTES / cStride)));
  const packedAt = 2 * A_BYTES;
  const stagedAt = packedAt + align((kc * width + 8) * (nc * width + 16) * bytes);
  const stagedReals = Math.max((kc + 8) * (nc + 16), layout === "columns" ? kc * (mc + 16) : 0) * width;
  const cAt = stagedAt + align(2 * stagedReals * bytes);
  reserve(cAt + mb * cStride);
  const view = memoryView(bytes);

  // conj(a) · conj(b) as signs of the packed parts of b: rows (re, ±im) and ±(∓im, re).
  const signA = isConjugated(a) ? -1 : 1;
  const signB = isConjugated(b) ? -1 : 1;

  for (let j = 0; j < n; j += nc) {
    const columns = Math.min(nc, n - j);
    for (let i0 = 0; i0 < m; i0 += mb) {
      const rows = Math.min(mb, m - i0);
      if (options.triangle && j > i0 + rows - 1) continue;
      for (let l = 0; l < k; l += kc) {
        const depth = Math.min(kc, k - l);
        const rightStride = stage(
          view,
          stagedAt / bytes,
          b,
          rightLayout,
          l,
          depth,
          j,
          columns,
          width,
          Infinity,
        );
        pack(stagedAt, rightStride * bytes, packedAt, depth, columns * width, signB, -signA * signB, signA);
        for (let i = i0; i < i0 + rows; i += mc) {
          const height = Math.min(mc, i0 + rows - i);
          const byRows = layout === "rows";
          const room = byRows ? (2 * A_BYTES) / bytes : Infinity;
          const at = byRows ? 0 : stagedAt / bytes;
          let stride = stage(view, at, a, layout, i, height, l, depth, width, room) * bytes;
          if (!byRows) {
            const columnStride = stride;
            stride = paddedStride(depth * width) * bytes;
            transpose(stagedAt, columnStride, 0, stride, height, depth);
          }
          // Rows are shared out; the sums of an element are the same for any number of threads.
          const parts = Math.floor((height * columns * width * depth) / SMALLEST_PART);
          const c = cAt + (i - i0) * cStride;
          const part = (from: number, count: number): number[] => [
            from * stride,
            stride,
            packedAt,
            c + from * cStride,
            cStride,
            count,
            columns * width,
            depth,
            l > 0 ? 1 : 0,
            options.triangle ? (i + from - j) * width : NO_DIAGONAL,
          ];
          runParts(shared, shareOut(height, TILE_ROWS, parts, part));
        }
      }
      const tile: Tile = { view, at: cAt / bytes, stride: cStride / bytes, i: i0, j, rows, columns };
      copyOut(tile, target, options, width, transposeTarget);
    }
  }
}

/** A finished part of the product in WebAssembly memory. */
interface Tile {
  readonly view: FloatArray;
  readonly at: number;
  readonly stride: number;
  readonly i: number;
  readonly j: number;
  readonly rows: number;
  readonly columns: number;
}

function copyOut(
  { view, at, stride, i, j, rows, columns }: Tile,
  target: PiecewiseTarget,
  { accumulate = false, triangle, mirror }: GemmOptions,
  width: number,
  transpose: boolean,
): void {
  const data = target.data as FloatArray;
  const rowStride = target.rowStride * width;
  if (transpose) {
    for (let c = 0; c < columns; c++) {
      const row = target.offset * width + (j + c) * rowStride;
      for (let r = 0, count = 0; r < rows; r += count) {
        count = Math.min(rows - r, pieceLeft(target, i + r));
        const from = at + r * stride + c * width;
        const to = row + columnPlace(target, i + r) * width;
        scatter(view, from, stride, data, to, width, count, width, accumulate, 1);
      }
    }
    return;
  }
  for (let r = 0; r < rows; r++) {
    const from = at + r * stride;
    const row = target.offset * width + (i + r) * rowStride;
    if (target.pieces) {
      for (let c = 0, count = 0; c < columns; c += count) {
        count = Math.min(columns - c, pieceLeft(target, j + c));
        copyLine(data, row + columnPlace(target, j + c) * width, view, from + c * width, count * width);
      }
      continue;
    }
    const to = row + j * width;
    const length = triangle ? Math.max(0, Math.min(columns, i + r + 1 - j)) : columns;
    if (accumulate) for (let e = 0; e < length * width; e++) data[to + e]! += view[from + e]!;
    else copyLine(data, to, view, from, length * width);
    if (triangle && mirror) {
      // The mirror image of the row without its diagonal element is a piece of column i + r.
      const strict = Math.min(length, i + r - j);
      const start = target.offset * width + j * rowStride + (i + r) * width;
      scatter(view, from, width, data, start, rowStride, strict, width, accumulate, -1);
    }
  }
}

/** How many columns from `j` on lie without a gap. */
const pieceLeft = ({ pieces }: PiecewiseTarget, j: number): number =>
  pieces ? pieces.length - (j % pieces.length) : Infinity;

/** Elements between the start of a row and its column `j`. */
const columnPlace = ({ pieces }: PiecewiseTarget, j: number): number =>
  pieces ? Math.floor(j / pieces.length) * pieces.stride + (j % pieces.length) : j;

/** Moves `count` elements between two strided places; the imaginary parts are multiplied by `signIm`. */
function scatter(
  source: FloatArray,
  from: number,
  fromStep: number,
  data: FloatArray,
  to: number,
  toStep: number,
  count: number,
  width: number,
  accumulate: boolean,
  signIm: number,
): void {
  for (let e = 0; e < count; e++, from += fromStep, to += toStep) {
    if (accumulate) {
      data[to]! += source[from]!;
      if (width === 2) data[to + 1]! += signIm * source[from + 1]!;
    } else {
      data[to] = source[from]!;
      if (width === 2) data[to + 1] = signIm * source[from + 1]!;
    }
  }
}
