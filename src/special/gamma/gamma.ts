// The gamma family on tensors.

import { asTensor } from "../../ops/operands.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { type Function1, type Function2, function1, function2 } from "../elementwise.ts";
import { hurwitzZeta } from "../zeta/zetaKernel.ts";
import * as digammaKernel from "./digammaKernel.ts";
import * as kernel from "./gammaKernel.ts";

/** Γ(x): NaN at negative integers and -∞, ±∞ at ±0. Negative x by reflection. */
export const gamma: Function1 = function1("gamma", kernel.gamma, (y, x) => y.mul(digamma(x)));

/** log|Γ(x)|: ∞ at the poles 0, -1 … */
export const gammaln: Function1 = function1("gammaln", kernel.lgamma, (_y, x) => digamma(x));

/** The sign of Γ(x): 1 or -1, NaN at the poles -1, -2 … */
export const gammasgn: Function1 = function1("gammasgn", kernel.gammaSign, null);

/** 1/Γ(x), an entire function. Its derivative is given away from the zeros 0, -1 …, where it is NaN. */
export const rgamma: Function1 = function1("rgamma", kernel.rgamma, (y, x) => y.mul(digamma(x)).neg());

/** ψ(x) = Γ'(x)/Γ(x): NaN at negative integers, ∓∞ at ±0. */
export const digamma: Function1 = function1("digamma", digammaKernel.digamma, (_y, x) => polygamma(1, x));
export { digamma as psi };

/** The n-th derivative of ψ at x for integers n >= 0 (NaN for other n). Not differentiable in n. */
export const polygamma: Function2 = function2(
  "polygamma",
  digammaKernel.polygamma,
  "the order n",
  (_y, n, x) => polygamma(n.add(1), x),
);

const hurwitz: Function2 = function2("zeta", hurwitzZeta, "the exponent x", (_y, x, q) =>
  hurwitz(x.add(1), q).mul(x).neg(),
);

/** Hurwitz's zeta function Σ (q + k)^-x over k = 0, 1 …: NaN for x < 1, ∞ at x = 1 and q = 0, -1 … Not differentiable in x. */
export { hurwitz as hurwitzZeta };

/** n! = Γ(n + 1), also for fractions; 0 for n < 0, as SciPy has it. */
export const factorial: Function1 = function1(
  "factorial",
  (n) => (n < 0 ? 0 : kernel.gamma(n + 1)),
  (y, n) => y.mul(digamma(n.add(1))),
);

/** n!! = n (n - 2) (n - 4) … for an integer n >= -1. O(n). */
export function factorial2(n: number): number {
  if (!(Number.isInteger(n) && n >= -1))
    throw new DomainError(`factorial2: n: an integer of at least -1 was expected, got ${n}`);
  let product = 1;
  for (let k = n; k > 1 && product < Number.POSITIVE_INFINITY; k -= 2) product *= k;
  return product;
}

/** log Γ_d(a) = d(d - 1)/4 log π + Σ log Γ(a - j/2): the multivariate gamma function, for a > (d - 1)/2. O(d). */
export function multigammaln(a: TensorLike, d: number): Tensor {
  if (!(Number.isInteger(d) && d >= 1))
    throw new DomainError(`multigammaln: d: an integer of at least 1 was expected, got ${d}`);
  const x = asTensor(a);
  let sum = gammaln(x);
  for (let j = 1; j < d; j++) sum = sum.add(gammaln(x.sub(j / 2)));
  return sum.add((d * (d - 1) * Math.log(Math.PI)) / 4);
}
