// Logarithms. x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); with s = f / (2 + f), log(1 + f) = 2 atanh(s) is
// summed around its largest term f, as in fdlibm's e_log.c; log2 and log10 carry the large part in two pieces, as in
// FreeBSD's e_log2.c and e_log10.c.

import { type Node, unlessAny } from "../assembler.ts";
import { LOG } from "../coefficients.ts";
import {
  add,
  addBits,
  and,
  bits,
  constant,
  div,
  equal,
  type KernelContext,
  less,
  lessEqual,
  mul,
  not,
  or,
  patch,
  polynomial,
  select,
  shiftRight,
  sub,
  subBits,
  upperHalf,
  withSign,
} from "../lanes.ts";
import { LN2_HIGH, LN2_LOW } from "./exponential.ts";

const MIN_NORMAL = 2 ** -1022;
const SQRT_HALF_BITS = 0x3fe6a09e667f3bcdn;

/** k and 1 + f of positive normal numbers, the second from `threshold` up to twice that. */
export function splitExponent(x: Node, thresholdBits: bigint): { k: Node; mantissa: Node } {
  const biased = addBits(x, bits((1024n << 52n) - thresholdBits));
  const field = and(biased, bits(0xfffn << 52n));
  // The exponent field as the low bits of a number with the exponent 2^52.
  const k = sub(or(shiftRight(biased, 52), bits(0x433n << 52n)), 2 ** 52 + 1024);
  return { k, mantissa: addBits(subBits(x, field), bits(1024n << 52n)) };
}

/** log(1 + f) = f - (halfSquare - correction), and k. */
interface LogParts {
  readonly k: Node;
  readonly f: Node;
  readonly halfSquare: Node;
  readonly correction: Node;
}

function logParts(context: KernelContext, x: Node): LogParts {
  const { k, mantissa } = splitExponent(x, SQRT_HALF_BITS);
  const f = sub(mantissa, 1);
  const s = div(f, add(f, 2));
  const z = mul(s, s);
  const halfSquare = mul(mul(f, f), 0.5);
  const correction = mul(s, add(halfSquare, mul(z, polynomial(context, z, LOG))));
  return { k, f, halfSquare, correction };
}

const naturalLog = ({ k, f, halfSquare, correction }: LogParts, low?: Node): Node => {
  const small = mul(k, LN2_LOW);
  const tail = add(correction, low ? add(small, low) : small);
  return sub(mul(k, LN2_HIGH), sub(sub(halfSquare, tail), f));
};

/** Applies `finish` to the parts of x; subnormal numbers, zero, infinity, NaN and negative numbers go a longer way. */
function logarithm(context: KernelContext, x: Node, finish: (parts: LogParts) => Node): Node {
  const normal = and(lessEqual(constant(MIN_NORMAL), x), lessEqual(x, Number.MAX_VALUE));
  const subnormal = less(x, MIN_NORMAL);
  const parts = logParts(context, select(subnormal, mul(x, 2 ** 54), x));
  const shifted = { ...parts, k: sub(parts.k, select(subnormal, 54, 0)) };
  const zero = select(equal(x, 0), -Infinity, finish(shifted));
  const infinite = select(equal(x, Infinity), Infinity, zero);
  const rare = select(lessEqual(constant(0), x), infinite, Number.NaN);
  return unlessAny(not(normal), finish(logParts(context, x)), rare);
}

export const log = (context: KernelContext, x: Node): Node =>
  logarithm(context, x, (parts) => naturalLog(parts));

/** k * scale + log(1 + f) * factor, scale and factor in two parts of which the first has few bits. */
function scaledLog(
  { k, f, halfSquare, correction }: LogParts,
  scaleHigh: number,
  scaleLow: number,
  factorHigh: number,
  factorLow: number,
): Node {
  const high = upperHalf(sub(f, halfSquare));
  const low = add(sub(sub(f, high), halfSquare), correction);
  const product = mul(high, factorHigh);
  const rest = add(add(mul(add(low, high), factorLow), mul(low, factorHigh)), mul(k, scaleLow));
  const whole = mul(k, scaleHigh);
  const sum = add(whole, product);
  return add(add(rest, add(sub(whole, sum), product)), sum);
}

export const log2 = (context: KernelContext, x: Node): Node =>
  logarithm(context, x, (parts) => scaledLog(parts, 1, 0, 1.4426946640014648, 3.768874985636099e-7));

export const log10 = (context: KernelContext, x: Node): Node =>
  logarithm(context, x, (parts) =>
    scaledLog(parts, 0.3010299955494702, 1.1451100898021838e-10, 0.4342944622039795, 1.9699272335463627e-8),
  );

/** log(u) + c / u, where u + c = 1 + x exactly. */
export function log1p(context: KernelContext, x: Node): Node {
  const u = add(x, 1);
  const part = sub(u, 1);
  const c = add(sub(constant(1), sub(u, part)), sub(x, part));
  const y = naturalLog(logParts(context, u), div(c, u));
  const ordinary = and(less(constant(-1), x), lessEqual(x, Number.MAX_VALUE));
  return patch(context, not(ordinary), withSign(y, x), x);
}
