// Incomplete gamma and beta functions, the beta function and binomial coefficients on tensors.

import { exp } from "../../ops/transcendental.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { xlog1py, xlogy } from "../elementary/entropy.ts";
import { type Function2, type Function3, function2, function3 } from "../elementwise.ts";
import * as betaKernel from "./betaKernel.ts";
import { digamma, gammaln } from "./gamma.ts";
import * as incompleteBeta from "./incompleteBetaKernel.ts";
import * as incompleteGamma from "./incompleteGammaKernel.ts";
import * as inverse from "./inverseIncompleteGammaKernel.ts";

const A = "the parameter a";
const B = "the parameter b";

/** x^(a-1) e^(-x) / Γ(a) */
const gammaDensity = (a: Tensor, x: Tensor): Tensor => exp(xlogy(a.sub(1), x).sub(x).sub(gammaln(a)));

/** x^(a-1) (1-x)^(b-1) / B(a, b) */
const betaDensity = (a: Tensor, b: Tensor, x: Tensor): Tensor =>
  exp(
    xlogy(a.sub(1), x)
      .add(xlog1py(b.sub(1), x.neg()))
      .sub(betaln(a, b)),
  );

/** P(a, x) = γ(a, x)/Γ(a) for a, x >= 0, else NaN. Not differentiable in a. */
export const gammainc: Function2 = function2("gammainc", incompleteGamma.lowerGamma, A, (_y, a, x) =>
  gammaDensity(a, x),
);
/** Q(a, x) = 1 - P(a, x), accurate where it is small. Not differentiable in a. */
export const gammaincc: Function2 = function2("gammaincc", incompleteGamma.upperGamma, A, (_y, a, x) =>
  gammaDensity(a, x).neg(),
);
/** x with P(a, x) = p. Not differentiable in a. */
export const gammaincinv: Function2 = function2("gammaincinv", inverse.inverseLowerGamma, A, (x, a) =>
  gammaDensity(a, x).pow(-1),
);
/** x with Q(a, x) = q. Not differentiable in a. */
export const gammainccinv: Function2 = function2("gammainccinv", inverse.inverseUpperGamma, A, (x, a) =>
  gammaDensity(a, x).pow(-1).neg(),
);

/** log|B(a, b)| */
export const betaln: Function2 = function2(
  "betaln",
  betaKernel.logBeta,
  (_y, a, b) => digamma(a).sub(digamma(a.add(b))),
  (_y, a, b) => digamma(b).sub(digamma(a.add(b))),
);
/** B(a, b) = Γ(a) Γ(b)/Γ(a + b) */
export const beta: Function2 = function2(
  "beta",
  betaKernel.beta,
  (y, a, b) => y.mul(digamma(a).sub(digamma(a.add(b)))),
  (y, a, b) => y.mul(digamma(b).sub(digamma(a.add(b)))),
);
/** Γ(n + 1)/(Γ(k + 1) Γ(n - k + 1)): NaN for negative integers n. */
export const binom: Function2 = function2(
  "binom",
  betaKernel.binomial,
  (y, n, k) => y.mul(digamma(n.add(1)).sub(digamma(n.sub(k).add(1)))),
  (y, n, k) => y.mul(digamma(n.sub(k).add(1)).sub(digamma(k.add(1)))),
);
/** Pochhammer's symbol Γ(x + m)/Γ(x). */
export const poch: Function2 = function2(
  "poch",
  betaKernel.pochhammer,
  (y, x, m) => y.mul(digamma(x.add(m)).sub(digamma(x))),
  (y, x, m) => y.mul(digamma(x.add(m))),
);

/** The number of ways to choose k of n: exact below 2⁵³. Throws DomainError unless both are integers >= 0. O(k). */
export function comb(
  n: number,
  k: number,
  { repetition = false }: { readonly repetition?: boolean } = {},
): number {
  for (const [name, value] of Object.entries({ n, k }))
    if (!(Number.isInteger(value) && value >= 0))
      throw new DomainError(`comb: ${name}: an integer of at least 0 was expected, got ${value}`);
  if (repetition) return k === 0 ? 1 : comb(n + k - 1, k);
  if (k > n) return 0;
  // Each product so far is a binomial coefficient itself, so that the divisions are exact.
  const count = Math.min(k, n - k);
  if (count > LONGEST_PRODUCT) return betaKernel.binomial(n, k);
  let product = 1n;
  for (let i = 1; i <= count; i++) product = (product * BigInt(n - count + i)) / BigInt(i);
  return Number(product);
}

/** No binomial coefficient with more factors is below the largest double. */
const LONGEST_PRODUCT = 1030;

/** I_x(a, b), the regularized incomplete beta function, for a, b >= 0 and 0 <= x <= 1, else NaN. Not differentiable in a, b. */
export const betainc: Function3 = function3("betainc", incompleteBeta.incompleteBeta, A, B, (_y, a, b, x) =>
  betaDensity(a, b, x),
);
/** 1 - I_x(a, b), accurate where it is small. Not differentiable in a, b. */
export const betaincc: Function3 = function3(
  "betaincc",
  incompleteBeta.incompleteBetaComplement,
  A,
  B,
  (_y, a, b, x) => betaDensity(a, b, x).neg(),
);
/** x with I_x(a, b) = p. Not differentiable in a, b. */
export const betaincinv: Function3 = function3(
  "betaincinv",
  incompleteBeta.inverseIncompleteBeta,
  A,
  B,
  (x, a, b) => betaDensity(a, b, x).pow(-1),
);
