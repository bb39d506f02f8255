// How integrands are called: with all points at once, read while a rule adapts, and followed once the points are known.

import { broadcastTo } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { Tracer } from "../ops/tracer.ts";
import { dtypeInfo, isComplex } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { stopGradient } from "../transform/stop.ts";

/** From points `[m]` (or `[m, d]`) to values `[m, ...trailing]`: real or complex vectors, or several integrands at once. */
export type Integrand = (points: Tensor) => Tensor;

/** A limit of integration without axes, as float64. */
export function limit(name: string, what: string, value: TensorLike): Tensor {
  const x = asTensor(value, `${name}: ${what}`);
  if (x.size !== 1)
    throw new ShapeError(`${name}: ${what}: a number was expected, got shape ${formatShape(x.shape)}`);
  if (isComplex(x.dtype))
    throw new DTypeError(`${name}: ${what}: a real number was expected, got ${x.dtype}`);
  return x.reshape([]).astype("float64");
}

/** The number behind a limit. Throws TracerError inside of jit and vmap, where the fixed rules are for. */
export function known(name: string, what: string, x: Tensor): number {
  const value = stopGradient(x).item();
  if (Number.isNaN(value)) throw new DomainError(`${name}: ${what}: a number was expected, got NaN`);
  return value;
}

/** Values of an integrand times weights per point, each `[m]`. */
export function weighted(name: string, f: Integrand, points: Tensor, weights: Tensor): Tensor {
  const values = f(points);
  const m = points.shape[0]!;
  if (!(values instanceof Tensor) || values.shape[0] !== m)
    throw new ShapeError(
      `${name}: f: a tensor of shape [${m}, …] was expected for ${m} points, got ${values instanceof Tensor ? formatShape(values.shape) : typeof values}`,
    );
  const extra = values.ndim - 1;
  return values.mul(extra === 0 ? weights : weights.reshape([m, ...new Array<number>(extra).fill(1)]));
}

/** What an integrand returns: the shape behind the points, and the dtype of its integral. */
export interface Kind {
  readonly trailing: Shape;
  readonly dtype: "float64" | "complex128";
  readonly isTraced: boolean;
}

/** Weighted values as float64 numbers `[m, components]`, complex ones in pairs. */
export function read(values: Tensor): { readonly data: Float64Array; readonly kind: Kind } {
  const dtype = isComplex(values.dtype) ? "complex128" : "float64";
  return {
    data: stopGradient(values).astype(dtype).data() as Float64Array,
    kind: { trailing: values.shape.slice(1), dtype, isTraced: values instanceof Tracer },
  };
}

export const components = ({ trailing, dtype }: Kind): number => sizeOf(trailing) * dtypeInfo(dtype).width;

/** A result of numbers. */
export function pack(data: Float64Array, { trailing, dtype }: Kind): Tensor {
  return new Tensor(data, trailing, dtype);
}

/** Errors of complex components as one number each. */
export function packError(error: Float64Array, { trailing, dtype }: Kind): Tensor {
  const data =
    dtype === "float64"
      ? error
      : Float64Array.from({ length: error.length / 2 }, (_, i) =>
          Math.hypot(error[2 * i]!, error[2 * i + 1]!),
        );
  return new Tensor(data, trailing, "float64");
}

export const fill = (value: number, m: number): Tensor => broadcastTo(asTensor(value), [m]);
