// Products of matrices that lie in WebAssembly memory already, as those of compiled programs do.

import type { GemmOptions, MatrixProduct, MatrixType } from "../device.ts";
import { C_BYTES, KC, kernelsOf, NC, NO_DIAGONAL, SMALLEST_PART, TILE_ROWS } from "./gemm_instances.ts";
import { align, reserve, sharedMemory } from "./memory.ts";
import { layoutOf, paddedStride } from "./staging.ts";
import { runParts, shareOut } from "./threads/pool.ts";

/** Real matrices in the kernels' memory, with rows of whole vectors. */
export function isResident(
  type: MatrixType,
  n: number,
  { a, b, target }: MatrixProduct,
  options: GemmOptions,
): boolean {
  if (type !== "float32" && type !== "float64") return false;
  const { buffer } = sharedMemory();
  if (a.data.buffer !== buffer || b.data.buffer !== buffer || target.data.buffer !== buffer) return false;
  return (
    n % (type === "float32" ? 4 : 2) === 0 &&
    !options.accumulate &&
    !options.triangle &&
    [a, b].every(({ rowStride, columnStride }) => columnStride === 1 || rowStride === 1)
  );
}

/** The product where all matrices lie in memory: only the right factor is packed, and a left one by columns turned. */
export function gemmResident(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  { a, b, target }: MatrixProduct,
): void {
  const bytes = type === "float32" ? 4 : 8;
  const { shared, transpose, pack_rows, pack_columns } = kernelsOf(type);
  const isTurned = layoutOf(a) === "columns";
  const byRows = layoutOf(b) === "rows";
  const kc = Math.min(k, KC);
  const nc = Math.min(n, NC);
  const turnedStride = paddedStride(kc) * bytes;
  const packedBytes = align((kc + 8) * (nc + 16) * bytes);
  const rows = isTurned ? Math.min(m, Math.max(TILE_ROWS, Math.floor(C_BYTES / turnedStride) & ~1)) : m;
  reserve(packedBytes + (isTurned ? rows * turnedStride : 0));
  const at = ({ offset }: { readonly offset: number }): number => offset * bytes;
  const cStride = target.rowStride * bytes;
  for (let l = 0; l < k; l += kc) {
    const depth = Math.min(kc, k - l);
    for (let j = 0; j < n; j += nc) {
      const columns = Math.min(nc, n - j);
      const right = at(b) + (l * b.rowStride + j * b.columnStride) * bytes;
      const pack = byRows ? pack_rows : pack_columns;
      pack(right, (byRows ? b.rowStride : b.columnStride) * bytes, 0, depth, columns, 1, -1, 1);
      for (let i = 0; i < m; i += rows) {
        const height = Math.min(rows, m - i);
        let left = at(a) + (i * a.rowStride + l * a.columnStride) * bytes;
        let stride = a.rowStride * bytes;
        if (isTurned) {
          transpose(left, a.columnStride * bytes, packedBytes, turnedStride, height, depth);
          left = packedBytes;
          stride = turnedStride;
        }
        const c = at(target) + i * cStride + j * bytes;
        const part = (from: number, count: number): number[] => [
          left + from * stride,
          stride,
          0,
          c + from * cStride,
          cStride,
          count,
          columns,
          depth,
          l > 0 ? 1 : 0,
          NO_DIAGONAL,
        ];
        const most = Math.floor((height * columns * depth) / SMALLEST_PART);
        runParts(shared, shareOut(height, TILE_ROWS, most, part));
      }
    }
  }
}

/** Bytes that the prepared operands of a batch may take at once. */
const BATCH_BYTES = 1 << 23;

/** Many products: all operands of a group are prepared, then threads take one product after the other. */
export function gemmResidentBatch(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  products: readonly MatrixProduct[],
): void {
  const bytes = type === "float32" ? 4 : 8;
  const { shared, transpose, pack_rows, pack_columns } = kernelsOf(type);
  const packedBytes = align((k + 8) * (n + 16) * bytes);
  const turnedStride = paddedStride(k) * bytes;
  const each = packedBytes + align(m * turnedStride);
  const group = Math.floor(BATCH_BYTES / each);
  // Large products are shared out one by one.
  if (k > KC || n > NC || group < 2 || m * n * k * products.length < SMALLEST_PART) {
    for (const product of products) gemmResident(type, m, n, k, product);
    return;
  }
  reserve(group * each);
  for (let first = 0; first < products.length; first += group)
    runParts(
      shared,
      products.slice(first, first + group).map(({ a, b, target }, i) => {
        const packedAt = i * each;
        const byRows = layoutOf(b) === "rows";
        const pack = byRows ? pack_rows : pack_columns;
        pack(b.offset * bytes, (byRows ? b.rowStride : b.columnStride) * bytes, packedAt, k, n, 1, -1, 1);
        let left = a.offset * bytes;
        let stride = a.rowStride * bytes;
        if (layoutOf(a) === "columns") {
          const turnedAt = packedAt + packedBytes;
          transpose(left, a.columnStride * bytes, turnedAt, turnedStride, m, k);
          left = turnedAt;
          stride = turnedStride;
        }
        const c = target.offset * bytes;
        return [left, stride, packedAt, c, target.rowStride * bytes, m, n, k, 0, NO_DIAGONAL];
      }),
    );
}
