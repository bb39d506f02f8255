import { bindOne } from "../ops/bind.ts";
import { astype } from "../ops/cast.ts";
import { at } from "../ops/indexing.ts";
import { reshape } from "../ops/movement.ts";
import { definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, noDerivative } from "../ops/rules.ts";
import { allocate, isInteger } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { STREAMS } from "./bits.ts";
import { checkKey, keyedPrimitive, leadingAxes } from "./keyed.ts";
import { threefry } from "./threefry.ts";

/** The state from which random numbers are drawn: a uint32 tensor `[2]`. Using one key twice gives the same numbers. */
export type Key = Tensor;

/** A key from a seed (an integer from 0 to 2^53 - 1). Throws ShapeError for anything else. */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ShapeError(`key: the seed must be an integer from 0 to 2^53 - 1, got ${seed}`);
  return new Tensor(Uint32Array.of(Math.floor(seed / 2 ** 32), seed >>> 0), [2], "uint32");
}

const splitKey = keyedPrimitive<{ readonly count: number }>("splitKey", {
  shape: ({ count }) => [count, 2],
  dtype: () => "uint32",
  fill: (key0, key1, out) => threefry(key0, key1, STREAMS.split, 0, out as Uint32Array),
});

/** `count` independent keys; do not use `from` again. Throws DomainError unless count is an integer >= 0. */
export function split(from: Key, count = 2): Key[] {
  if (!(Number.isInteger(count) && count >= 0))
    throw new DomainError(`split: count: an integer >= 0 was expected, got ${count}`);
  const keys = splitKey(from, { count });
  return Array.from({ length: count }, (_, i) => at(keys, i));
}

const foldInP: Primitive<undefined> = definePrimitive<undefined>({
  name: "foldIn",
  dtypes: ["uint32"],
  abstractEval: ([keys, data]) => {
    if (!sameShape(leadingAxes("foldIn", keys!.shape), data!.shape))
      throw new ShapeError(
        `foldIn: one number per key was expected, got keys ${formatShape(keys!.shape)} and data ${formatShape(data!.shape)}`,
      );
    return [{ shape: keys!.shape, dtype: "uint32" }];
  },
  evaluate: ([keys, data], _params, [output]) => {
    const words = keys!.data();
    const counters = data!.data();
    const out = allocate("uint32", words.length) as Uint32Array;
    for (let k = 0; k < counters.length; k++)
      threefry(
        words[2 * k]!,
        words[2 * k + 1]!,
        STREAMS.foldIn,
        counters[k]!,
        out.subarray(2 * k, 2 * k + 2),
      );
    return [new Tensor(out, output!.shape, "uint32")];
  },
  ...noDerivative,
  batch: leadingBatch,
});

/**
 * A key that depends on `from` and an integer (modulo 2^32): one per step, layer, restart … The integer may be a traced
 * tensor without axes, such as the counter of a loop. Throws DTypeError for other tensors.
 */
export function foldIn(from: Key, data: number | Tensor): Key {
  const keys = reshape(checkKey(from), [2]);
  if (typeof data === "number")
    return bindOne(foldInP, [keys, new Tensor(Uint32Array.of(data >>> 0), [], "uint32")], undefined);
  if (!isInteger(data.dtype))
    throw new DTypeError(`foldIn: data: an integer was expected, got ${data.dtype}`);
  if (data.size !== 1)
    throw new ShapeError(`foldIn: data: a single integer was expected, got shape ${formatShape(data.shape)}`);
  return bindOne(foldInP, [keys, reshape(astype(data, "uint32"), [])], undefined);
}
