// Small functions that are expected by name: sinc, logit, softmax …

import { asTensor } from "../../ops/operands.ts";
import { logSumExp } from "../../ops/reduce.ts";
import { exp, log, sigmoid } from "../../ops/transcendental.ts";
import type { Reduction, Tensor, TensorLike } from "../../tensor/tensor.ts";
import { sphericalJn } from "../bessel/spherical.ts";
import { type Function1, type Function2, function1 } from "../elementwise.ts";
import { hyp1f1 } from "../hypergeometric/hypergeometric.ts";

/** sin(πx)/(πx), 1 at 0. */
export const sinc: Function1 = (x) => sphericalJn(0, asTensor(x).mul(Math.PI));

/** log(x/(1 - x)): ∓∞ at 0 and 1, NaN outside. */
export const logit: Function1 = function1(
  "logit",
  (x) => (x > 0.3 && x < 0.65 ? 2 * Math.atanh(2 * (x - 0.5)) : Math.log(x / (1 - x))),
  (_y, x) => x.mul(x.neg().add(1)).pow(-1),
);

/** log(1/(1 + e^(-x))), without overflow. */
export const logExpit: Function1 = function1(
  "logExpit",
  (x) => (x < 0 ? x - Math.log1p(Math.exp(x)) : -Math.log1p(Math.exp(-x))),
  (_y, x) => sigmoid(x.neg()),
);

/** (eˣ - 1)/x, 1 at 0. */
export const exprel: Function1 = (x) => hyp1f1(1, 2, x);

/** Box and Cox's transform (x^λ - 1)/λ, log x at λ = 0. */
export const boxcox: Function2 = (x, lambda) => {
  const logarithm = log(x);
  return exprel(logarithm.mul(lambda)).mul(logarithm);
};

/** e^(x - log Σ eˣ) along `axis` (all axes when left out). */
export const softmax = (x: TensorLike, options: Pick<Reduction, "axis"> = {}): Tensor =>
  exp(logSoftmax(x, options));

/** x - log Σ eˣ along `axis` (all axes when left out). */
export function logSoftmax(x: TensorLike, options: Pick<Reduction, "axis"> = {}): Tensor {
  const value = asTensor(x);
  return value.sub(logSumExp(value, { ...options, keepDims: true }));
}
