// Leading axes of the operands of sparse primitives: all operands have the same ones, and kernels run once for each
// position along them.

import { allocate, type DType, dtypeInfo, type Storage } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A row-major array and where the operand of one position begins in it. */
export interface Operand {
  readonly data: Storage;
  readonly at: number;
}

/**
 * Runs a kernel for each position of the leading axes. The last `axes[i]` axes of operand i are its own; the result
 * takes the shape given, with the leading axes of the operands in front.
 */
export function overLeading(
  inputs: readonly Tensor[],
  axes: readonly number[],
  shape: Shape,
  dtype: DType,
  kernel: (operands: readonly Operand[], out: Operand) => void,
): Tensor {
  const lead = inputs[0].shape.slice(0, inputs[0].ndim - axes[0]);
  const full = [...lead, ...shape];
  const data = allocate(dtype, sizeOf(full));
  const { width } = dtypeInfo(dtype);
  const arrays = inputs.map((x) => x.data());
  const sizes = inputs.map((x, i) => sizeOf(x.shape.slice(x.ndim - axes[i])) * width);
  const size = sizeOf(shape) * width;
  for (let index = 0; index < sizeOf(lead); index++)
    kernel(
      arrays.map((array, i) => ({ data: array, at: index * sizes[i] })),
      { data, at: index * size },
    );
  return new Tensor(data, full, dtype);
}

/** Operands with a batch axis in front of `[…, n, k]` moved to the columns, and back: `[B, n, k]` to `[n, B k]`. */
export function asColumns(x: Tensor): { readonly columns: Tensor; readonly restore: (y: Tensor) => Tensor } {
  const [size, , count] = x.shape;
  return {
    columns: x.transpose([1, 0, 2]).reshape([x.shape[1], size * count]),
    restore: (y) => y.reshape([y.shape[0], size, count]).transpose([1, 0, 2]),
  };
}
