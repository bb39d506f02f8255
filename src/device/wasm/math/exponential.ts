// exp and its relatives. x = n ln 2 + r with |r| <= ln(2) / 2, exp(r) by a polynomial, 2^n by the exponent bits
// (Tang, ACM TOMS 15(2), 1989, without a table).

import { type Node, unlessAny } from "../assembler.ts";
import { EXP, TANH } from "../coefficients.ts";
import {
  abs,
  add,
  addBits,
  constant,
  div,
  type KernelContext,
  less,
  lessEqual,
  max,
  min,
  mul,
  multiplyAdd,
  nearest,
  neg,
  not,
  patch,
  polynomial,
  powerOfTwo,
  select,
  shiftLeft,
  sub,
  trunc,
  withSign,
} from "../lanes.ts";

/** ln 2 in two parts; the first has 32 bits, so that its product with n is exact. */
export const LN2_HIGH = 0.6931471803691238;
export const LN2_LOW = 1.9082149292705877e-10;
/** Beyond this the result may overflow or lose bits to underflow. */
const ORDINARY = 708;

/** exp(r) - 1 - r for |r| <= ln(2) / 2. */
export const exponentialTail = (context: KernelContext, r: Node): Node =>
  mul(mul(r, r), polynomial(context, r, EXP));

/** exp(r) - 1 for |r| <= ln(2) / 2. */
export const expm1Reduced = (context: KernelContext, r: Node): Node =>
  multiplyAdd(context, mul(r, r), polynomial(context, r, EXP), r);

/** x + tail = n ln 2 + r + lost, where `lost` is the rounding error of r and `low` holds n in its low bits. */
export function reduceExp(x: Node, tail?: Node): { n: Node; low: Node; r: Node; lost: Node } {
  const { value: n, low } = nearest(mul(x, Math.LOG2E));
  const high = sub(x, mul(n, LN2_HIGH));
  const small = tail ? sub(mul(n, LN2_LOW), tail) : mul(n, LN2_LOW);
  const r = sub(high, small);
  return { n, low, r, lost: sub(sub(high, r), small) };
}

/** y * 2^n in two steps, for results that overflow or underflow. */
export function scaleTwice(y: Node, n: Node): Node {
  const half = trunc(mul(n, 0.5));
  return mul(mul(y, powerOfTwo(half)), powerOfTwo(sub(n, half)));
}

/** exp(x) for |x| <= 708. */
function expOrdinary(context: KernelContext, x: Node): Node {
  const { low, r } = reduceExp(x);
  return addBits(add(expm1Reduced(context, r), 1), shiftLeft(low, 52));
}

export function exp(context: KernelContext, x: Node): Node {
  const { n, r } = reduceExp(max(min(x, 800), -800));
  const rare = scaleTwice(add(expm1Reduced(context, r), 1), n);
  return unlessAny(not(lessEqual(abs(x), ORDINARY)), expOrdinary(context, x), rare);
}

export function exp2(context: KernelContext, x: Node): Node {
  const parts = (at: Node): { n: Node; low: Node; y: Node } => {
    const { value: n, low } = nearest(at);
    return { n, low, y: add(expm1Reduced(context, mul(sub(at, n), Math.LN2)), 1) };
  };
  const { low, y } = parts(x);
  const rare = parts(max(min(x, 1200), -1200));
  return unlessAny(not(lessEqual(abs(x), 1020)), addBits(y, shiftLeft(low, 52)), scaleTwice(rare.y, rare.n));
}

/** exp(x) - 1 for x <= 708; below -60 the result is -1. */
function expm1Ordinary(context: KernelContext, x: Node): Node {
  const { n, r, lost } = reduceExp(max(x, -60));
  const scale = powerOfTwo(n);
  // The large terms 2^n - 1 + 2^n r are added first, nearly without rounding.
  const large = add(sub(scale, 1), mul(scale, r));
  return add(large, mul(scale, add(exponentialTail(context, r), lost)));
}

export function expm1(context: KernelContext, x: Node): Node {
  const y = withSign(expm1Ordinary(context, x), x);
  return patch(context, not(lessEqual(x, ORDINARY)), y, x);
}

/** 1 / (1 + exp(-x)) without overflow. */
export function sigmoid(context: KernelContext, x: Node): Node {
  const e = exp(context, neg(abs(x)));
  return div(select(less(x, 0), e, constant(1)), add(e, 1));
}

/** A polynomial near zero, 1 - 2 / (exp(2|x|) + 1) elsewhere. */
export function tanh(context: KernelContext, x: Node): Node {
  const z = mul(x, x);
  const near = multiplyAdd(context, mul(x, z), polynomial(context, z, TANH), x);
  const a = abs(x);
  const far = sub(1, div(constant(2), add(expOrdinary(context, mul(min(a, 22), 2)), 1)));
  return withSign(select(less(a, 0.55), near, far), x);
}

/** With E = exp(|x|) - 1, sinh |x| = (E + E / (E + 1)) / 2. */
export function sinh(context: KernelContext, x: Node): Node {
  const a = abs(x);
  const e = expm1Ordinary(context, a);
  const y = mul(add(e, div(e, add(e, 1))), 0.5);
  return patch(context, not(lessEqual(a, ORDINARY)), withSign(y, x), x);
}

export function cosh(context: KernelContext, x: Node): Node {
  const a = abs(x);
  const e = expOrdinary(context, a);
  return patch(context, not(lessEqual(a, ORDINARY)), add(mul(e, 0.5), div(constant(0.5), e)), x);
}
