// The positions that sort an axis. A file of its own because scattering needs them too.

import type { Storage } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { definePrimitive, type Primitive, REAL } from "./primitive.ts";
import { leadingBatch, noDerivative } from "./rules.ts";

/** The positions that sort the last axis; equal elements keep their order and NaN comes last. O(n log n). */
export const argsortP: Primitive<undefined> = definePrimitive<undefined>({
  name: "argsort",
  dtypes: REAL,
  abstractEval: ([x]) => [{ shape: x!.shape, dtype: "int32" }],
  evaluate: ([x], _params, [output]) => {
    const out = new Int32Array(x!.size);
    const length = x!.shape.at(-1)!;
    const data = x!.data();
    const order = new Int32Array(length);
    const scratch = new Int32Array(length);
    for (let start = 0; start < x!.size; start += length) {
      mergeSort(data, start, order, scratch);
      out.set(order, start);
    }
    return [new Tensor(out, output!.shape, "int32")];
  },
  ...noDerivative,
  batch: leadingBatch,
});

/** NaN counts as larger than everything. */
const after = (a: number, b: number): boolean => a > b || (Number.isNaN(a) && !Number.isNaN(b));

/** Stable bottom-up merge sort of positions by the values they point to. O(n log n). */
function mergeSort(data: Storage, start: number, order: Int32Array, scratch: Int32Array): void {
  const n = order.length;
  for (let i = 0; i < n; i++) order[i] = i;
  let from = order;
  let to = scratch;
  for (let width = 1; width < n; width *= 2) {
    for (let left = 0; left < n; left += 2 * width) {
      const middle = Math.min(left + width, n);
      const right = Math.min(left + 2 * width, n);
      for (let i = left, j = middle, k = left; k < right; k++) {
        const takeRight =
          i >= middle || (j < right && after(data[start + from[i]!]!, data[start + from[j]!]!));
        to[k] = takeRight ? from[j++]! : from[i++]!;
      }
    }
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from);
}
