// x^y = 2^(y log2 |x|) with the logarithm in two parts, about 70 bits together (the scheme of fdlibm's e_pow.c: the
// mantissa is compared with 1 and 3/2, and factors are cut to half length so that their products are exact).

import type { Node } from "../assembler.ts";
import { POW_LOG } from "../coefficients.ts";
import {
  abs,
  add,
  addBits,
  and,
  constant,
  div,
  equal,
  type KernelContext,
  less,
  lessEqual,
  max,
  mul,
  nearest,
  neg,
  not,
  patch,
  polynomial,
  select,
  shiftLeft,
  sqrt,
  sub,
  trunc,
  upperHalf,
} from "../lanes.ts";
import { expm1Reduced } from "./exponential.ts";
import { splitExponent } from "./logarithm.ts";

const SQRT_THREE_QUARTERS_BITS = 0x3febb67ae8584caan;
/** 2 / (3 ln 2) and log2(3/2), each whole and in two parts. */
const FACTOR = 0.9617966939259756;
const FACTOR_HIGH = 0.9617966413497925;
const FACTOR_LOW = 5.2576183124437864e-8;
const LOG2_THREE_HALVES_HIGH = 0.5849624872207642;
const LOG2_THREE_HALVES_LOW = 1.350039202129749e-8;

/** log2 of positive normal numbers as a sum of two numbers; the first is cut to half length. */
function log2Parts(context: KernelContext, x: Node): { high: Node; low: Node } {
  const { k, mantissa } = splitExponent(x, SQRT_THREE_QUARTERS_BITS);
  const upper = less(constant(Math.sqrt(1.5)), mantissa);
  const center = select(upper, 1.5, 1);
  // s = (mantissa - center) / (mantissa + center) as sHigh + sLow.
  const difference = sub(mantissa, center);
  const sum = add(mantissa, center);
  const inverse = div(constant(1), sum);
  const s = mul(difference, inverse);
  const sHigh = upperHalf(s);
  const sumHigh = upperHalf(sum);
  const sumLow = sub(mantissa, sub(sumHigh, center));
  const sLow = mul(inverse, sub(sub(difference, mul(sHigh, sumHigh)), mul(sHigh, sumLow)));
  // 3/2 log((1 + s) / (1 - s)) = s (3 + s^2 + r)
  const z = mul(s, s);
  const r = add(mul(mul(z, z), polynomial(context, z, POW_LOG)), mul(sLow, add(sHigh, s)));
  const squareHigh = mul(sHigh, sHigh);
  const bracketHigh = upperHalf(add(add(squareHigh, 3), r));
  const bracketLow = sub(r, sub(sub(bracketHigh, 3), squareHigh));
  const productHigh = mul(sHigh, bracketHigh);
  const productLow = add(mul(sLow, bracketHigh), mul(bracketLow, s));
  const high = upperHalf(add(productHigh, productLow));
  const low = sub(productLow, sub(high, productHigh));
  // Times 2 / (3 ln 2), plus log2(center), plus k.
  const scaledHigh = mul(high, FACTOR_HIGH);
  const scaledLow = add(
    add(mul(high, FACTOR_LOW), mul(low, FACTOR)),
    select(upper, LOG2_THREE_HALVES_LOW, 0),
  );
  const centerHigh = select(upper, LOG2_THREE_HALVES_HIGH, 0);
  const total = upperHalf(add(add(add(scaledHigh, scaledLow), centerHigh), k));
  return { high: total, low: sub(scaledLow, sub(sub(sub(total, k), centerHigh), scaledHigh)) };
}

/** 2^z for z = high + low, |z| < 1020. */
function exp2Parts(context: KernelContext, high: Node, low: Node): Node {
  const { value, low: n } = nearest(add(high, low));
  const head = sub(high, value);
  // (head + low) ln 2, with the leading product exact.
  const t = upperHalf(add(head, low));
  const rest = sub(low, sub(t, head));
  const LN2_UPPER = 0.6931467056274414;
  const LN2_REST = 4.7493250390316726e-7;
  const leading = mul(t, LN2_UPPER);
  const r = add(leading, add(mul(rest, Math.LN2), mul(t, LN2_REST)));
  return addBits(add(expm1Reduced(context, r), 1), shiftLeft(n, 52));
}

export function pow(context: KernelContext, x: Node, y: Node): Node {
  const a = abs(x);
  const { high, low } = log2Parts(context, a);
  const yHigh = upperHalf(y);
  const productLow = add(mul(sub(y, yHigh), high), mul(y, low));
  const productHigh = mul(yHigh, high);
  const z = add(productHigh, productLow);
  const magnitude = exp2Parts(context, productHigh, productLow);
  // Negative bases: even powers are positive, odd ones negative, others not a number.
  const negative = less(x, 0);
  const half = mul(y, 0.5);
  const odd = and(negative, not(equal(trunc(half), half)));
  const signed = select(odd, neg(magnitude), magnitude);
  const fraction = and(negative, not(equal(trunc(y), y)));
  const result = select(fraction, Number.NaN, signed);
  const ordinary = and(
    and(lessEqual(constant(2 ** -1022), a), lessEqual(a, Number.MAX_VALUE)),
    and(lessEqual(abs(z), 1020), lessEqual(abs(y), 2 ** 64)),
  );
  return patch(context, not(ordinary), result, x, y);
}

/** sqrt(a^2 + b^2); where the squares could overflow or underflow, the scalar definition. */
export function hypot(context: KernelContext, a: Node, b: Node): Node {
  const larger = max(abs(a), abs(b));
  const y = sqrt(add(mul(a, a), mul(b, b)));
  const safe = and(lessEqual(constant(2 ** -480), larger), lessEqual(larger, 2 ** 500));
  return patch(context, not(safe), y, a, b);
}
