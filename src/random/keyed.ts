// How draws become primitives: a function of a key (and of parameters) that fills one typed array. So a traced key draws the very
// numbers that the same key draws when it is known.

import { bindOne } from "../ops/bind.ts";
import { reshape } from "../ops/movement.ts";
import { definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, noDerivative } from "../ops/rules.ts";
import { allocate, type DType, dtypeInfo, type Storage } from "../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** The argument, when it is a key: a uint32 tensor `[2]`, traced or not. Throws DTypeError or ShapeError. */
export function checkKey(from: Tensor): Tensor {
  if (!(from instanceof Tensor) || from.dtype !== "uint32")
    throw new DTypeError("a random key is needed here: make one with key(seed)");
  if (from.size !== 2) throw new ShapeError(`a random key has shape [2], got ${formatShape(from.shape)}`);
  return from;
}

/** Draws of one shape and dtype from a key alone. */
export interface Draw<P> {
  readonly shape: (params: P) => Shape;
  readonly dtype: (params: P) => DType;
  /** Fills `out`, which has all elements of the shape. */
  readonly fill: (key0: number, key1: number, out: Storage, params: P) => void;
}

/** Declares a primitive from keys `[…, 2]` to draws `[…, ...shape]`; returns the function that applies it to one key. */
export function keyedPrimitive<P>(name: string, draw: Draw<P>): (from: Tensor, params: P) => Tensor {
  const primitive: Primitive<P> = definePrimitive<P>({
    name,
    dtypes: ["uint32"],
    abstractEval: ([keys], params) => [
      { shape: [...leadingAxes(name, keys!.shape), ...draw.shape(params)], dtype: draw.dtype(params) },
    ],
    evaluate: ([keys], params, [output]) => {
      const words = keys!.data();
      const { width } = dtypeInfo(output!.dtype);
      const length = sizeOf(draw.shape(params)) * width;
      const data = allocate(output!.dtype, sizeOf(output!.shape));
      for (let k = 0; 2 * k < words.length; k++)
        draw.fill(words[2 * k]!, words[2 * k + 1]!, data.subarray(k * length, (k + 1) * length), params);
      return [new Tensor(data, output!.shape, output!.dtype)];
    },
    ...noDerivative,
    batch: leadingBatch,
  });
  return (from, params) => bindOne(primitive, [reshape(checkKey(from), [2])], params);
}

/** The axes of a batch of keys. */
export function leadingAxes(name: string, keys: Shape): Shape {
  if (keys.at(-1) !== 2)
    throw new ShapeError(`${name}: keys of shape […, 2] were expected, got ${formatShape(keys)}`);
  return keys.slice(0, -1);
}
