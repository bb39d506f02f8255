// sin, cos and tan. Arguments are reduced with pi in three parts (Cody & Waite, Software Manual for the Elementary
// Functions, 1980); large arguments and those very close to a zero of the function, for which three parts are not
// enough, go to the scalar definition.

import type { Node } from "../assembler.ts";
import { COS, SIN } from "../coefficients.ts";
import {
  abs,
  add,
  addBits,
  and,
  bits,
  div,
  equal,
  type KernelContext,
  less,
  lessEqual,
  mul,
  nearest,
  neg,
  not,
  or,
  patch,
  polynomial,
  select,
  shiftLeft,
  sub,
  withSign,
  xor,
} from "../lanes.ts";

// pi / 2 in parts of 33, 33 and 53 bits: products of the first two with multiples up to 2^20 are exact.
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;
const LARGEST = 2 ** 20;
/** Closer to a nonzero multiple of pi / 2 than this, 119 bits of pi are too few. */
const TOO_CLOSE = 2 ** -25;

/** x - n pi / 2 as a rounded number and what rounding lost. */
function reduce(x: Node, n: Node): { head: Node; tail: Node } {
  const first = sub(x, mul(n, HALF_PI[0]));
  const product = mul(n, HALF_PI[1]);
  const second = sub(first, product);
  const lost = sub(sub(first, second), product);
  const correction = sub(lost, mul(n, HALF_PI[2]));
  const head = add(second, correction);
  return { head, tail: add(sub(second, head), correction) };
}

/** Lanes that three parts of pi do not reduce well. */
const hard = (x: Node, n: Node, reduced: Node): Node =>
  or(not(lessEqual(abs(x), LARGEST)), and(less(abs(reduced), TOO_CLOSE), not(equal(n, 0))));

/** sin and cos of head + tail for |head| <= pi / 4. */
function sinCos(context: KernelContext, head: Node, tail: Node): { sine: Node; cosine: Node } {
  const z = mul(head, head);
  const half = mul(z, 0.5);
  const leading = sub(1, half);
  const cubic = mul(mul(head, z), polynomial(context, z, SIN));
  const sine = add(head, add(cubic, mul(tail, leading)));
  const quartic = mul(mul(z, z), polynomial(context, z, COS));
  const rest = sub(add(sub(sub(1, leading), half), quartic), mul(head, tail));
  return { sine, cosine: add(leading, rest) };
}

/** sin(x + quarter pi / 2): one of ± sin, ± cos of the reduced argument, by the number of quarter turns. */
function sinShifted(context: KernelContext, x: Node, quarter: bigint): Node {
  const { value: n, low } = nearest(mul(x, 2 / Math.PI));
  const { head, tail } = reduce(x, n);
  const { sine, cosine } = sinCos(context, head, tail);
  const turns = quarter ? addBits(low, bits(quarter)) : low;
  const sign = and(shiftLeft(turns, 62), bits(1n << 63n));
  const y = xor(select(isEven(turns), sine, cosine), sign);
  return patch(context, hard(x, n, head), y, x);
}

/** The parity bit of an integer, moved to the top of the exponent, is the number 0 or 2. */
const isEven = (low: Node): Node => equal(shiftLeft(and(low, bits(1n)), 62), 0);

// Without its own sign, sin(-0) would come out as +0.
export const sin = (context: KernelContext, x: Node): Node =>
  select(equal(x, 0), x, sinShifted(context, x, 0n));

export const cos = (context: KernelContext, x: Node): Node => sinShifted(context, x, 1n);

/** tan(x) = sin / cos or -cos / sin of x - n pi / 2. */
export function tan(context: KernelContext, x: Node): Node {
  const { value: n, low } = nearest(mul(x, 2 / Math.PI));
  const { head, tail } = reduce(x, n);
  const { sine, cosine } = sinCos(context, head, tail);
  const even = isEven(low);
  const y = div(select(even, sine, neg(cosine)), select(even, cosine, sine));
  return patch(context, hard(x, n, head), select(equal(n, 0), withSign(y, x), y), x);
}
