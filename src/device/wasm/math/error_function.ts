// erf and erfc. Below 1/2 erf(x) = x + x P(x^2); above, erfc(x) = exp(-x^2) Q(t) / x with t = (x - 5/2) / (x + 5/2),
// where x^2 is kept in two parts (the transformation of Schonfelder, Math. Comp. 32, 1978; polynomials of our own).
// special.ts holds the same algorithm for single numbers.

import { type Node, unlessAny } from "../assembler.ts";
import { ERF, ERFC } from "../coefficients.ts";
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
import { reduceExp, scaleTwice } from "./exponential.ts";

/** erf(x) / x - 1 for |x| <= 1/2. */
const smallFactor = (context: KernelContext, x: Node): Node => polynomial(context, mul(x, x), ERF);

/** erfc(x) for 1/2 <= x <= 28. */
function tail(context: KernelContext, x: Node): Node {
  const t = div(sub(x, 2.5), add(x, 2.5));
  const q = div(polynomial(context, t, ERFC), x);
  const head = and(x, bits(0xfffffffff8000000n));
  const square = mul(head, head);
  const rest = mul(sub(x, head), add(x, head));
  const { n, low, expm1 } = reduceExp(context, neg(square), neg(rest));
  const y = multiplyAdd(context, q, expm1, q);
  return unlessAny(less(constant(26), x), addBits(y, shiftLeft(low, 52)), scaleTwice(y, n));
}

export function erf(context: KernelContext, x: Node): Node {
  const a = abs(x);
  const near = multiplyAdd(context, x, smallFactor(context, x), x);
  const far = sub(1, tail(context, max(min(a, 6.5), 0.5)));
  // The comparison is false for NaN, which `far` propagates.
  return withSign(select(less(a, 0.5), near, far), x);
}

export function erfc(context: KernelContext, x: Node): Node {
  const a = abs(x);
  const near = sub(0.5, multiplyAdd(context, x, smallFactor(context, x), sub(x, 0.5)));
  const far = tail(context, max(min(a, 28), 0.5));
  return select(less(a, 0.5), near, select(lessEqual(x, 0), sub(2, far), far));
}
