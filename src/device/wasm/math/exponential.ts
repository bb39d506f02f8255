// exp and its relatives. x = n ln 2 + r with |r| <= ln(2) / 2, exp(r) by a polynomial, 2^n by the exponent bits
// (Tang, ACM TOMS 15(2), 1989, without a table).

import { type Node, unlessAny } from "../assembler.ts";
import { EXP } from "../coefficients.ts";
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

/** exp(r) - 1 for |r| <= ln(2) / 2. */
export function expm1Reduced(context: KernelContext, r: Node): Node {
  return multiplyAdd(context, mul(r, r), polynomial(context, r, EXP), r);
}

/** n and exp(r) - 1 for x = n ln 2 + r, to be shifted by `tail`. */
export function reduceExp(context: KernelContext, x: Node, tail?: Node): { n: Node; low: Node; expm1: Node } {
  const { value: n, low } = nearest(mul(x, Math.LOG2E));
  const head = sub(sub(x, mul(n, LN2_HIGH)), mul(n, LN2_LOW));
  return { n, low, expm1: expm1Reduced(context, tail ? add(head, tail) : head) };
}

/** y * 2^n in two steps, for results that overflow or underflow. */
export function scaleTwice(y: Node, n: Node): Node {
  const half = trunc(mul(n, 0.5));
  return mul(mul(y, powerOfTwo(half)), powerOfTwo(sub(n, half)));
}

export function exp(context: KernelContext, x: Node): Node {
  const { low, expm1 } = reduceExp(context, x);
  const usual = addBits(add(expm1, 1), shiftLeft(low, 52));
  const limited = max(min(x, 800), -800);
  const rare = reduceExp(context, limited);
  return unlessAny(not(lessEqual(abs(x), ORDINARY)), usual, scaleTwice(add(rare.expm1, 1), rare.n));
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
  const { n, expm1 } = reduceExp(context, max(x, -60));
  const scale = powerOfTwo(n);
  return add(mul(scale, expm1), sub(scale, 1));
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

/** With E = exp(-2|x|) - 1, tanh |x| = -E / (E + 2). */
export function tanh(context: KernelContext, x: Node): Node {
  const e = expm1Ordinary(context, mul(min(abs(x), 22), -2));
  return withSign(div(e, add(e, 2)), x);
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
  const { low, expm1 } = reduceExp(context, a);
  const e = addBits(add(expm1, 1), shiftLeft(low, 52));
  return patch(context, not(lessEqual(a, ORDINARY)), add(mul(e, 0.5), div(constant(0.5), e)), x);
}
