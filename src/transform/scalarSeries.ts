// The Taylor coefficients of a scalar function of a vector: what derivatives of many variables are read from.

import type { Series, Tangent } from "../ops/primitive.ts";
import { isComplex, isFloat } from "../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { FlatCall, flattenArguments } from "./arguments.ts";
import { jetFlat } from "./traces/taylor.ts";

/** Throws ShapeError or DTypeError unless x is a vector of real numbers, at least one. */
export function checkPoint(x: Tensor, what: string): void {
  if (!(x instanceof Tensor) || x.ndim !== 1 || x.size === 0)
    throw new ShapeError(
      `${what}: x: a vector [d] with d > 0 was expected, got ${x instanceof Tensor ? `shape ${formatShape(x.shape)}` : typeof x}`,
    );
  if (!isFloat(x.dtype))
    throw new DTypeError(`${what}: x: a real vector of fractional dtype was expected, got ${x.dtype}`);
}

/**
 * The coefficients of t ↦ f(x + Σ curve[k - 1] tᵏ) up to t^`curve.length`; null for zero. Throws ShapeError or
 * DTypeError unless f returns one real number.
 */
export function scalarSeries(
  f: (x: Tensor) => Tensor,
  x: Tensor,
  curve: readonly Tangent[],
  what: string,
): Series {
  const call = new FlatCall(f as never, flattenArguments([x]), what);
  const [series] = jetFlat(call.run, [[x, ...curve]], curve.length);
  const { paths } = call.result;
  if (!series || paths.length !== 1 || paths[0] !== "")
    throw new ShapeError(`${what}: the function must return one scalar tensor, not a tree`);
  const [{ shape, dtype }] = series;
  if (shape.length > 0)
    throw new ShapeError(
      `${what}: the function returned shape ${formatShape(shape)} where a scalar was expected`,
    );
  if (isComplex(dtype))
    throw new DTypeError(
      `${what}: the function returned ${dtype}, but the operator is real; take real() and imag() of it and treat each alone`,
    );
  if (!isFloat(dtype))
    throw new DTypeError(`${what}: the function returned ${dtype}, which has no derivative`);
  return series;
}
