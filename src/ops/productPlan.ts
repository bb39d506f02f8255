// A contraction as a batch of matrix products. How the axes of strided operands make rows and columns is worked out once
// and holds for every operand that lies in the same way, which is how compiled programs call it.

import { device } from "../device/current.ts";
import type { MatrixProduct, MatrixType } from "../device/device.ts";
import type { Storage } from "../tensor/dtype.ts";
import { rowMajorStrides, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export interface ContractParams {
  /** Axes summed over, pairwise. */
  readonly contract: readonly [readonly number[], readonly number[]];
  /** Axes shared by both operands and kept. */
  readonly batch: readonly [readonly number[], readonly number[]];
}

/** What a plan needs to know of an operand. */
interface Layout {
  readonly shape: Shape;
  readonly strides: Shape;
}

/** An operand as a batch of matrices. */
interface Matrices {
  readonly rowStride: number;
  readonly columnStride: number;
  /** Where each matrix begins, counted in elements from the first. */
  readonly starts: readonly number[];
  /** The order of axes in which the operand must be copied first; null when it can be read as it lies. */
  readonly order: readonly number[] | null;
}

export interface ProductPlan {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly left: Matrices;
  readonly right: Matrices;
}

export const freeAxes = (shape: Shape, contracted: readonly number[], batched: readonly number[]): number[] =>
  Array.from(shape, (_, i) => i).filter((i) => !contracted.includes(i) && !batched.includes(i));

export function planProduct(a: Layout, b: Layout, { contract, batch }: ContractParams): ProductPlan {
  const freeA = freeAxes(a.shape, contract[0], batch[0]);
  const freeB = freeAxes(b.shape, contract[1], batch[1]);
  return {
    m: lengthOf(a, freeA),
    n: lengthOf(b, freeB),
    k: lengthOf(a, contract[0]),
    left: asMatrices(a, batch[0], freeA, contract[0]),
    right: asMatrices(b, batch[1], contract[1], freeB),
  };
}

const lengthOf = (x: Layout, axes: readonly number[]): number => sizeOf(axes.map((i) => x.shape[i]!));

/** One stride that walks a group of axes in C order, or null when there is none. */
function joinedStride(x: Layout, axes: readonly number[]): number | null {
  let stride = 1;
  let next = -1;
  for (let i = axes.length - 1; i >= 0; i--) {
    const length = x.shape[axes[i]!]!;
    if (length === 1) continue;
    const step = x.strides[axes[i]!]!;
    if (next < 0) stride = step;
    else if (step !== next) return null;
    next = step * length;
  }
  return stride;
}

function asMatrices(
  x: Layout,
  batch: readonly number[],
  rows: readonly number[],
  columns: readonly number[],
): Matrices {
  const rowStride = joinedStride(x, rows);
  const columnStride = joinedStride(x, columns);
  const lengths = batch.map((i) => x.shape[i]!);
  if (rowStride !== null && columnStride !== null) {
    const strides = batch.map((i) => x.strides[i]!);
    return { rowStride, columnStride, starts: startsOf(lengths, strides), order: null };
  }
  const width = lengthOf(x, columns);
  const matrix = width * lengthOf(x, rows);
  const strides = rowMajorStrides(lengths).map((stride) => stride * matrix);
  const order = [...batch, ...rows, ...columns];
  return { rowStride: width, columnStride: 1, starts: startsOf(lengths, strides), order };
}

function startsOf(lengths: Shape, strides: Shape): number[] {
  const steps = rowMajorStrides(lengths);
  return Array.from({ length: sizeOf(lengths) }, (_, index) =>
    lengths.reduce((at, length, i) => at + (Math.floor(index / steps[i]!) % length) * strides[i]!, 0),
  );
}

/** Writes the product to contiguous elements from `start` (counted in elements) on. */
export function runProduct(
  { m, n, k, left, right }: ProductPlan,
  out: Storage,
  start: number,
  a: Tensor,
  b: Tensor,
  type: MatrixType,
): void {
  const count = left.starts.length;
  if (m * n * count === 0) return;
  const x = left.order ? copied(a, left.order) : a;
  const y = right.order ? copied(b, right.order) : b;
  const productAt = (i: number): MatrixProduct => ({
    a: {
      data: x.storage,
      offset: x.offset + left.starts[i]!,
      rowStride: left.rowStride,
      columnStride: left.columnStride,
    },
    b: {
      data: y.storage,
      offset: y.offset + right.starts[i]!,
      rowStride: right.rowStride,
      columnStride: right.columnStride,
    },
    target: { data: out, offset: start + i * m * n, rowStride: n },
  });
  if (count === 1) {
    const only = productAt(0);
    device.gemm(type, m, n, k, only.a, only.b, only.target);
  } else
    device.gemmBatch(
      type,
      m,
      n,
      k,
      Array.from({ length: count }, (_, i) => productAt(i)),
    );
}

function copied(x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((i) => x.shape[i]!);
  const strides = order.map((i) => x.strides[i]!);
  return new Tensor(x.storage, shape, x.dtype, strides, x.offset).contiguous();
}
