// erf and erfc. Below 3/4 erf(x) = x + x P(x^2); above, erfc(x) = exp(-x^2) Q(t) / x with t = (x - 5/2) / (x + 5/2),
// where x^2 is kept in two parts (the transformation of Schonfelder, Math. Comp. 32, 1978; polynomials of our own).
// special.ts holds the same algorithm for single numbers.

import { type Node, unlessAny } from "../assembler.ts";
import { ERF, ERFC, ERFC_REST } from "../coefficients.ts";
import {
  abs,
  add,
  addBits,
  and,
  bits,
  constant,
  div,
  type KernelContext,
  less,
  lessEqual,
  longPolynomial,
  max,
  min,
  mul,
  multiplyAdd,
  neg,
  polynomial,
  select,
  shiftLeft,
  sub,
  withSign,
} from "../lanes.ts";
import { exponentialTail, reduceExp, scaleTwice } from "./exponential.ts";

/** The values of the polynomial Q lie between 0.38 and 0.57. */
const TYPICAL = 2;

/** erf(x) / x - 1 for |x| <= 3/4. */
const smallFactor = (context: KernelContext, x: Node): Node => polynomial(context, mul(x, x), ERF);

/** erfc(x) for 3/4 <= x <= 28. */
function tail(context: KernelContext, x: Node): Node {
  const t = div(sub(x, 2.5), add(x, 2.5));
  const varying = mul(t, longPolynomial(context, t, ERFC.slice(1)));
  const sum = add(ERFC[0]!, varying);
  const lost = add(add(sub(ERFC[0]!, sum), varying), ERFC_REST);
  const q = div(sum, x);
  const head = and(x, bits(0xfffffffff8000000n));
  const square = mul(head, head);
  const rest = mul(sub(x, head), add(x, head));
  const { n, low, r, lost: lostR } = reduceExp(neg(square), neg(rest));
  // What rounding the sum lost counts relative to the sum, which is about 1 / TYPICAL.
  const small = add(exponentialTail(context, r), add(lostR, mul(lost, TYPICAL)));
  const y = multiplyAdd(context, q, add(r, small), q);
  return unlessAny(less(constant(26), x), addBits(y, shiftLeft(low, 52)), scaleTwice(y, n));
}

export function erf(context: KernelContext, x: Node): Node {
  const a = abs(x);
  const near = multiplyAdd(context, x, smallFactor(context, x), x);
  const far = sub(1, tail(context, max(min(a, 6.5), 0.75)));
  // The comparison is false for NaN, which `far` propagates.
  return withSign(select(less(a, 0.75), near, far), x);
}

export function erfc(context: KernelContext, x: Node): Node {
  const a = abs(x);
  const near = sub(0.5, multiplyAdd(context, x, smallFactor(context, x), sub(x, 0.5)));
  const far = tail(context, max(min(a, 28), 0.75));
  return select(less(a, 0.75), near, select(lessEqual(x, 0), sub(2, far), far));
}
