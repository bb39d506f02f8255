// The interval in which a point lies.

import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch, noDerivative } from "../../ops/rules.ts";
import { Tensor } from "../../tensor/tensor.ts";

interface LocateParams {
  readonly breaks: Float64Array;
}

/** The largest i from 0 to breaks.length - 2 with breaks[i] <= x; 0 for points below and NaN. O(log n). */
export function interval(breaks: Float64Array, x: number): number {
  let low = 0;
  let high = breaks.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (breaks[middle]! <= x) low = middle;
    else high = middle;
  }
  return low;
}

const locateP: Primitive<LocateParams> = definePrimitive<LocateParams>({
  name: "locate",
  dtypes: ["float64"],
  abstractEval: ([x]) => [{ shape: x!.shape, dtype: "int32" }],
  evaluate: ([x], { breaks }) => {
    const data = x!.data();
    const out = new Int32Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = interval(breaks, data[i]!);
    return [new Tensor(out, x!.shape, "int32")];
  },
  ...noDerivative,
  batch: leadingBatch,
  print: ({ breaks }) => ({ intervals: breaks.length - 1 }),
});

/** Positions of intervals between ascending breaks, as int32; points beyond belong to the first and the last. */
export const locate = (x: Tensor, breaks: Float64Array): Tensor => bindOne(locateP, [x], { breaks });
