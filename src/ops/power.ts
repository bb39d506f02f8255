// Taylor series of powers with a constant exponent, also through zero, where the recurrence divides by the base.

import { isComplex } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Series, Tangent } from "./primitive.ts";
import { constantSeries, zerosLike } from "./rules.ts";
import { mulSeries, plus, powSeries, squareSeries, times } from "./series.ts";
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
  return mayVanish(a[0]) ? binomialPower(a, b, y) : powSeries(a, b, y);
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
 * The binomial series Σ C(b, j) a₀ᵇ⁻ʲ (a - a₀)ʲ, which does not divide by a₀: O(k³) products. Terms beyond a whole
 * exponent vanish, and those beyond a fractional one are infinite at a₀ = 0, as they must be.
 */
function binomialPower(a: Series, b: Tensor, y: Tensor): Series {
  const order = a.length - 1;
  const [head, ...moves] = a;
  const step: Series = [zerosLike(head), ...moves];
  const result: [Tensor, ...Tangent[]] = [y, ...moves.map(() => null)];
  let power = step;
  let binomial = b;
  for (let j = 1; j <= order; j++) {
    if (j > 1) {
      power = mulSeries(power, step);
      binomial = binomial.mul(b.sub(j - 1)).div(j);
    }
    const weight = binomial.mul(head.pow(binomial.equal(0).where(1, b.sub(j))));
    for (let k = j; k <= order; k++) result[k] = plus(result[k]!, times(power[k]!, weight));
  }
  return result;
}

const mayVanish = (x: Tensor): boolean => x instanceof Tracer || x.equal(0).any().item() === 1;

/** The value that all elements share, where it can be read and is real. */
function uniformValue(x: Tensor): number | null {
  if (x instanceof Tracer || isComplex(x.dtype) || x.size === 0) return null;
  const isUniform = x.shape.every((length, axis) => length === 1 || x.strides[axis] === 0);
  return isUniform ? x.at(...x.shape.map(() => 0)).item() : null;
}
