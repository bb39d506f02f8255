// Moves of stored values between patterns, made of gathers and scatters, so that derivatives and batches follow them.

import { bindOne } from "../../ops/bind.ts";
import { gatherP, scatterP } from "../../ops/gather.ts";
import { zerosLike } from "../../ops/rules.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { isIdentity } from "./pattern.ts";

/** Index tensors of positions, made once. */
const remembered = new WeakMap<Int32Array, Tensor>();

function asIndex(positions: Int32Array): Tensor {
  let index = remembered.get(positions);
  if (!index) {
    index = new Tensor(positions, [positions.length], "int32");
    remembered.set(positions, index);
  }
  return index;
}

/** `values[order[q]]` for each q. */
export const pick = (values: Tensor, order: Int32Array): Tensor =>
  isIdentity(order, values.shape[0]) ? values : bindOne(gatherP, [values, asIndex(order)], { axes: [0] });

/** A vector of `count` elements, of which element `target[p]` is the sum of all values p that go there. */
export const spread = (values: Tensor, target: Int32Array, count: number): Tensor =>
  isIdentity(target, count)
    ? values
    : bindOne(
        scatterP,
        [
          zerosLike({ shape: [count, ...values.shape.slice(1)], dtype: values.dtype }),
          values,
          asIndex(target),
        ],
        { axes: [0], mode: "add" },
      );
