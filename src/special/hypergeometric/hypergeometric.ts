// Hypergeometric functions on tensors, differentiable in the argument.

import { besselI } from "../bessel/modifiedKernel.ts";
import { besselJ } from "../bessel/ordinaryKernel.ts";
import {
  type Function2,
  type Function3,
  type Function4,
  function2,
  function3,
  function4,
} from "../elementwise.ts";
import { gamma } from "../gamma/gammaKernel.ts";
import { confluent } from "./confluentKernel.ts";
import { gaussHypergeometric } from "./gaussKernel.ts";

/** ₂F₁(a, b; c; x) for x <= 1 (∞ beyond unless the series ends), ∞ at c = 0, -1 … Not differentiable in a, b, c. */
export const hyp2f1: Function4 = function4(
  "hyp2f1",
  gaussHypergeometric,
  "the parameter a",
  "the parameter b",
  "the parameter c",
  (_y, a, b, c, x) => hyp2f1(a.add(1), b.add(1), c.add(1), x).mul(a.mul(b).div(c)),
);

/** Kummer's ₁F₁(a; b; x): ∞ at b = 0, -1 … Not differentiable in a, b. */
export const hyp1f1: Function3 = function3(
  "hyp1f1",
  confluent,
  "the parameter a",
  "the parameter b",
  (_y, a, b, x) => hyp1f1(a.add(1), b.add(1), x).mul(a.div(b)),
);

/** Γ(b) (√±x)^(1-b) times a Bessel function of order b - 1 of 2√±x, or the series where that is short. */
function limit(b: number, x: number): number {
  if (b <= 0 && Number.isInteger(b)) return Number.isNaN(x) ? x : Number.NaN;
  const size = Math.abs(x);
  if (size < 4 * (1 + Math.abs(b))) {
    let term = 1;
    let sum = 1;
    for (let k = 0; k < 2000; k++) {
      term *= x / ((b + k) * (k + 1));
      sum += term;
      if (Math.abs(term) < 1e-17 * Math.abs(sum) && k + b > 0) break;
    }
    return sum;
  }
  const root = Math.sqrt(size);
  return gamma(b) * root ** (1 - b) * (x > 0 ? besselI(b - 1, 2 * root) : besselJ(b - 1, 2 * root));
}

/** ₀F₁(; b; x). Not differentiable in b. */
export const hyp0f1: Function2 = function2("hyp0f1", limit, "the parameter b", (_y, b, x) =>
  hyp0f1(b.add(1), x).div(b),
);
