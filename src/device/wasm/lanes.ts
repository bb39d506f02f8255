// Arithmetic on pairs of float64 as expressions, the vocabulary of the function kernels. float32 kernels use the same
// definitions: they widen their lanes to float64, which makes them correct to the last place but for the final
// rounding.

import { call, type FunctionRef, i32, lane, type Node, op, unlessAny, v128 } from "./assembler.ts";

export const constant = (value: number): Node => v128(value, value);
export const bits = (value: bigint): Node => v128(BigInt.asIntN(64, value), BigInt.asIntN(64, value));

type Operand = Node | number;
const node = (x: Operand): Node => (typeof x === "number" ? constant(x) : x);
const binary =
  (name: string) =>
  (a: Operand, b: Operand): Node =>
    op(name, node(a), node(b));

export const add: (a: Operand, b: Operand) => Node = binary("f64x2.add");
export const sub: (a: Operand, b: Operand) => Node = binary("f64x2.sub");
export const mul: (a: Operand, b: Operand) => Node = binary("f64x2.mul");
export const div: (a: Operand, b: Operand) => Node = binary("f64x2.div");
/** Smaller and larger value; NaN if either is NaN. */
export const min: (a: Operand, b: Operand) => Node = binary("f64x2.min");
export const max: (a: Operand, b: Operand) => Node = binary("f64x2.max");
export const less: (a: Operand, b: Operand) => Node = binary("f64x2.lt");
export const lessEqual: (a: Operand, b: Operand) => Node = binary("f64x2.le");
export const equal: (a: Operand, b: Operand) => Node = binary("f64x2.eq");
export const and: (a: Node, b: Node) => Node = binary("v128.and");
export const or: (a: Node, b: Node) => Node = binary("v128.or");
export const xor: (a: Node, b: Node) => Node = binary("v128.xor");
export const addBits: (a: Node, b: Node) => Node = binary("i64x2.add");
export const subBits: (a: Node, b: Node) => Node = binary("i64x2.sub");
export const not = (a: Node): Node => op("v128.not", a);
export const abs = (a: Node): Node => op("f64x2.abs", a);
export const neg = (a: Node): Node => op("f64x2.neg", a);
export const sqrt = (a: Node): Node => op("f64x2.sqrt", a);
export const trunc = (a: Node): Node => op("f64x2.trunc", a);
export const shiftLeft = (a: Node, count: number): Node => op("i64x2.shl", a, i32(count));
export const shiftRight = (a: Node, count: number): Node => op("i64x2.shr_u", a, i32(count));

/** By lanes: `a` where the mask is set, else `b`. */
export const select = (mask: Node, a: Operand, b: Operand): Node =>
  op("v128.bitselect", node(a), node(b), mask);

/** |magnitude| with the sign of `sign`. */
export const withSign = (magnitude: Node, sign: Node): Node =>
  or(and(sign, bits(1n << 63n)), and(magnitude, bits((1n << 63n) - 1n)));

/** The number without its low 32 bits: products of two such numbers of 21 bits are exact. */
export const upperHalf = (a: Node): Node => and(a, bits(0xffffffff00000000n));

/** Adding this to |x| < 2^51 leaves the nearest integer in the low bits of the sum. */
const ROUNDER = 6755399441055744;

/** The nearest integers of small numbers, as numbers and in the low bits of a vector. */
export function nearest(x: Node): { readonly value: Node; readonly low: Node } {
  const low = add(x, ROUNDER);
  return { value: sub(low, ROUNDER), low };
}

/** 2^n for whole numbers |n| <= 1022. */
export const powerOfTwo = (n: Node): Node => addBits(shiftLeft(add(n, ROUNDER), 52), bits(1023n << 52n));

/** What the definitions need to know about the engine and its surroundings. */
export interface KernelContext {
  /** Relaxed SIMD can be used. */
  readonly fused: boolean;
  /** The function's scalar definition, for lanes that the vector code does not cover. */
  readonly scalar: FunctionRef;
}

/** a * b + c, rounded once or twice. */
export const multiplyAdd = (context: KernelContext, a: Node, b: Node, c: Node): Node =>
  context.fused ? op("f64x2.relaxed_madd", a, b, c) : add(mul(a, b), c);

/** A polynomial, lowest coefficient first, by Horner's rule. */
export function horner(context: KernelContext, x: Node, coefficients: readonly number[]): Node {
  let sum = constant(coefficients.at(-1)!);
  for (let i = coefficients.length - 2; i >= 0; i--)
    sum = multiplyAdd(context, sum, x, constant(coefficients[i]!));
  return sum;
}

/** A long polynomial as a lower part and x^12 times a higher one, both by Horner's rule at the same time. */
export function longPolynomial(context: KernelContext, x: Node, coefficients: readonly number[]): Node {
  const fourth = mul(mul(x, x), mul(x, x));
  const twelfth = mul(mul(fourth, fourth), fourth);
  const high = horner(context, x, coefficients.slice(12));
  return multiplyAdd(context, twelfth, high, horner(context, x, coefficients.slice(0, 12)));
}

/** A polynomial as the sum of its even and odd part, which halves the latency; for parts that do not cancel. */
export function polynomial(context: KernelContext, x: Node, coefficients: readonly number[]): Node {
  const square = mul(x, x);
  const part = (odd: number): readonly number[] => coefficients.filter((_, i) => i % 2 === odd);
  return multiplyAdd(context, horner(context, square, part(1)), x, horner(context, square, part(0)));
}

/** `usual`, with the lanes in `mask` replaced by the scalar definition applied to the arguments. */
export function patch(context: KernelContext, mask: Node, usual: Node, ...args: Node[]): Node {
  const at = (i: number): Node => call(context.scalar, ...args.map((x) => lane("f64x2.extract_lane", i, x)));
  const both = lane("f64x2.replace_lane", 1, op("f64x2.splat", at(0)), at(1));
  return unlessAny(mask, usual, select(mask, both, usual));
}
