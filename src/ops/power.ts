// Taylor series of powers with a constant exponent, also through zero, where the recurrence divides by the base.

import { isComplex } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Series, Tangent } from "./primitive.ts";
import { constantSeries } from "./rules.ts";
import { mulSeries, powSeries, squareSeries } from "./series.ts";
import { Tracer } from "./tracer.ts";

/** Uniform exponents up to this are taken by repeated multiplication. */
const LARGEST_MULTIPLIED = 64;

/** aᵇ, which starts with y. */
export function powerSeries(a: Series, b: Tensor, y: Tensor): Series {
  const order = a.length - 1;
  const exponent = uniformValue(b);
  if (exponent === 0) return constantSeries(y, order);
  if (exponent !== null && Number.isInteger(exponent) && exponent > 0 && exponent <= LARGEST_MULTIPLIED) {
    const [, ...rest] = multipliedPower(a, exponent);
    return [y, ...rest];
  }
  return mayVanish(a[0]) ? patchedPower(a, b, y) : powSeries(a, b, y);
}

/** By squaring. */
function multipliedPower(a: Series, exponent: number): Series {
  let result: Series | null = null;
  for (let square = a, rest = exponent; ; square = squareSeries(square)) {
    if (rest % 2 === 1) result = result === null ? square : mulSeries(result, square);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result!;
  }
}

/**
 * Where a₀ = 0 the curve is t·(a₁ + a₂t + …), and its power is of order tᵇ: coefficients below b vanish, those of whole
 * exponents come from products, and those above a fractional b do not exist.
 */
function patchedPower(a: Series, b: Tensor, y: Tensor): Series {
  const order = a.length - 1;
  const isZero = a[0].equal(0);
  const general = powSeries([isZero.where(1, a[0]), ...a.slice(1)], b, y);
  const whole: Series[] = [constantSeries(y, order), a];
  while (whole.length <= order) whole.push(mulSeries(whole.at(-1)!, a));
  const exponents = whole.map((_, n) => b.equal(n));
  const rest = general.slice(1).map((coefficient, i): Tangent => {
    if (coefficient === null) return null;
    const k = i + 1;
    const vanishing = b.real().greater(k).where(0, Number.NaN).astype(y.dtype);
    const atZero = whole.reduce<Tensor>(
      (value, power, n) => exponents[n]!.where(power[k] ?? 0, value),
      vanishing,
    );
    return isZero.where(atZero, coefficient);
  });
  return [y, ...rest];
}

const mayVanish = (x: Tensor): boolean => x instanceof Tracer || x.equal(0).any().item() === 1;

/** The value that all elements share, where it can be read and is real. */
function uniformValue(x: Tensor): number | null {
  if (x instanceof Tracer || isComplex(x.dtype) || x.size === 0) return null;
  const isUniform = x.shape.every((length, axis) => length === 1 || x.strides[axis] === 0);
  return isUniform ? x.at(...x.shape.map(() => 0)).item() : null;
}
