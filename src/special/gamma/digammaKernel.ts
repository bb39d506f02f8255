// The logarithmic derivative of Γ and its derivatives. Asymptotic series beyond 10, recurrence below, reflection on the left
// (DLMF 5.5.2, 5.5.4, 5.11.2, 5.15.1).

import { isNonPositiveInteger, parity, polynomial } from "../numeric.ts";
import { hurwitzZeta } from "../zeta/zetaKernel.ts";
import { gamma, lgamma } from "./gammaKernel.ts";

/** B₂ₖ / 2k */
const ASYMPTOTIC = [
  0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667,
  0.007575757575757576, -0.021092796092796094, 0.08333333333333333, -0.4432598039215686,
];
/** The positive zero of ψ as a sum of two numbers, and the Taylor series there, divided by the distance. */
const ZERO = 1.4616321449683622;
const ZERO_REST = 9.549995429965697e-17;
const AROUND_ZERO = [
  0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652, 0.10782405069126237,
  -0.07219956125645471, 0.04880428816414311, -0.03316112647484736, 0.022597648232218104, -0.01542476590494896,
  0.010538791616612175, -0.007204534386356869, 0.004926781395729853, -0.003369801655439328,
  0.002305126326734928, -0.0015769367714301972, 0.0010788252019162967, -0.0007380709389960052,
];

/** ψ(x) = Γ'(x)/Γ(x): ∓∞ at ±0, NaN at negative integers. */
export function digamma(x: number): number {
  if (x === 0) return -1 / x;
  if (isNonPositiveInteger(x) || x === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (x < 0) {
    const r = x % 1;
    // cot(πx) near its zeros at half-integers as a tangent.
    const cotangent =
      Math.abs(r) > 0.25 && Math.abs(r) < 0.75
        ? Math.tan(Math.PI * (Math.sign(r) * 0.5 - r))
        : 1 / Math.tan(Math.PI * (Math.abs(r) >= 0.75 ? r - Math.sign(r) : r));
    return digamma(1 - x) - Math.PI * cotangent;
  }
  const distance = x - ZERO - ZERO_REST;
  if (Math.abs(distance) < 0.15) return distance * polynomial(distance, AROUND_ZERO);
  let sum = 0;
  let y = x;
  while (y < 10) {
    sum += 1 / y;
    y += 1;
  }
  if (y === Number.POSITIVE_INFINITY) return y;
  const inverse = 1 / (y * y);
  return Math.log(y) - 0.5 / y - inverse * polynomial(inverse, ASYMPTOTIC) - sum;
}

/** The n-th derivative of ψ for an integer n >= 0; NaN for other orders, +∞ at the poles of n >= 1. */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x);
  if (!(n > 0 && Number.isInteger(n)) || Number.isNaN(x)) return Number.NaN;
  if (isNonPositiveInteger(x)) return Number.POSITIVE_INFINITY;
  const zeta = hurwitzZeta(n + 1, x);
  if (n < 170) return -parity(n) * gamma(n + 1) * zeta;
  return -parity(n) * Math.sign(zeta) * Math.exp(lgamma(n + 1) + Math.log(Math.abs(zeta)));
}
