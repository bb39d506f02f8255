// sin, cos and tan. Arguments are reduced with pi in three parts (Cody & Waite, Software Manual for the Elementary
// Functions, 1980); large arguments and those very close to a zero of the function, for which three parts are not
// enough, go to the scalar definition (V8's fdlibm: Payne & Hanek's reduction).

import type { Node } from "../assembler.ts";
import { COS_SMALL, SIN, SIN_SMALL } from "../coefficients.ts";
import {
  abs,
  add,
  and,
  bits,
  div,
  equal,
  type KernelContext,
  less,
  lessEqual,
  mul,
  multiplyAdd,
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

/** sin(r) for |r| <= pi / 2. */
function sinReduced(context: KernelContext, r: Node): Node {
  const z = mul(r, r);
  return multiplyAdd(context, mul(r, z), polynomial(context, z, SIN), r);
}

/** sin(x) = ± sin(x - n pi). */
export function sin(context: KernelContext, x: Node): Node {
  const { value, low } = nearest(mul(x, 1 / Math.PI));
  const n = add(value, value);
  const { head } = reduce(x, n);
  const y = xor(sinReduced(context, head), shiftLeft(low, 63));
  // Of all arguments only -0 gives a result without its own sign.
  return patch(context, hard(x, n, head), select(equal(x, 0), x, y), x);
}

/** cos(x) = ± sin(x - (2 n + 1) pi / 2). */
export function cos(context: KernelContext, x: Node): Node {
  const { value, low } = nearest(sub(mul(abs(x), 1 / Math.PI), 0.5));
  const n = add(add(value, value), 1);
  const { head } = reduce(abs(x), n);
  const y = xor(neg(sinReduced(context, head)), shiftLeft(low, 63));
  return patch(context, hard(x, n, head), y, x);
}

/** tan(x) = sin / cos or -cos / sin of x - n pi / 2, both with the rounding error of the argument. */
export function tan(context: KernelContext, x: Node): Node {
  const { value: n, low } = nearest(mul(x, 2 / Math.PI));
  const { head, tail } = reduce(x, n);
  const z = mul(head, head);
  const half = mul(z, 0.5);
  const cubic = mul(mul(head, z), polynomial(context, z, SIN_SMALL));
  const sine = add(head, add(cubic, mul(tail, sub(1, half))));
  const leading = sub(1, half);
  const quartic = mul(mul(z, z), polynomial(context, z, COS_SMALL));
  const rest = sub(add(sub(sub(1, leading), half), quartic), mul(head, tail));
  const cosine = add(leading, rest);
  // The parity bit of n, moved to the top of the exponent, is the number 0 or 2.
  const even = equal(shiftLeft(and(low, bits(1n)), 62), 0);
  const y = div(select(even, sine, neg(cosine)), select(even, cosine, sine));
  return patch(context, hard(x, n, head), select(equal(n, 0), withSign(y, x), y), x);
}
