// Which eigenvalue of one computation is which of another: their order differs, and repeated ones must not share.
import { bindOne } from "../../ops/bind.ts";
import { COMPLEX, definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch, noDerivative } from "../../ops/rules.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

const pairValuesP: Primitive<undefined> = definePrimitive<undefined>({
  name: "pairValues",
  dtypes: COMPLEX,
  abstractEval: ([x, y]) => {
    if (!sameShape(x!.shape, y!.shape))
      throw new ShapeError(`pairValues: shapes ${formatShape(x!.shape)} and ${formatShape(y!.shape)} differ`);
    return [{ shape: x!.shape, dtype: "int32" }];
  },
  evaluate: ([x, y], _params, [output]) => {
    const n = x!.shape.at(-1)!;
    const places = new Int32Array(x!.size);
    const a = x!.data();
    const b = y!.data();
    for (let start = 0; start < places.length; start += n) pairOne(n, a, b, start, places);
    return [new Tensor(places, output!.shape, "int32")];
  },
  ...noDerivative,
  batch: leadingBatch,
});

/** Each value takes the nearest partner that is still free. O(n²) */
function pairOne(
  n: number,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  start: number,
  places: Int32Array,
): void {
  const isTaken = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const p = 2 * (start + i);
    let best = Number.POSITIVE_INFINITY;
    let partner = 0;
    for (let j = 0; j < n; j++) {
      if (isTaken[j]) continue;
      const q = 2 * (start + j);
      const distance = Math.hypot(a[p]! - b[q]!, a[p + 1]! - b[q + 1]!);
      if (distance >= best) continue;
      best = distance;
      partner = j;
    }
    isTaken[partner] = 1;
    places[start + i] = partner;
  }
}

/** For complex x and y `[…, n]` the place in y, int32, of the partner of each x: the nearest, each taken once. */
export const pairValues = (x: Tensor, y: Tensor): Tensor => bindOne(pairValuesP, [x, y], undefined);
