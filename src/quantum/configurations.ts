// Configurations of sites at the door.

import { readable } from "../ops/known.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Configurations `[B, n]` as int32. Throws ShapeError, or DomainError for values outside of 0 … d - 1 where they are known. */
export function checkedConfigurations(name: string, x: Tensor, n: number, d: number): Tensor {
  if (!(x instanceof Tensor)) throw new DTypeError(`${name}: x: a tensor was expected, got ${typeof x}`);
  if (x.ndim !== 2 || x.shape[1] !== n || x.shape[0] === 0)
    throw new ShapeError(`${name}: x: shape [B, ${n}] was expected, got ${formatShape(x.shape)}`);
  const known = readable(x);
  if (known) {
    const data = known.astype("float64").data();
    for (let i = 0; i < data.length; i++)
      if (!(Number.isInteger(data[i]) && data[i]! >= 0 && data[i]! < d))
        throw new DomainError(
          `${name}: x: integers from 0 to ${d - 1} were expected, got ${data[i]} at [${Math.floor(i / n)}, ${i % n}]`,
        );
  }
  return x.astype("int32");
}
