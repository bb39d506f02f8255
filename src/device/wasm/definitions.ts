// The functions that have vector code. Arithmetic works on the element type itself, all other functions on pairs of
// float64 (see lanes.ts). What is missing here runs in plain loops: V8's own functions are as accurate there and
// rarely matter.

import type { BinaryKernel, UnaryKernel } from "../device.ts";
import { type Node, op, v128 } from "./assembler.ts";
import type { KernelContext } from "./lanes.ts";
import { erf, erfc } from "./math/error_function.ts";
import { cosh, exp, exp2, expm1, sigmoid, sinh, tanh } from "./math/exponential.ts";
import { log, log1p, log2, log10 } from "./math/logarithm.ts";
import { hypot, pow } from "./math/power.ts";
import { cos, sin, tan } from "./math/trigonometric.ts";

/** Lanes of the element type. */
export interface Shape {
  readonly name: "f32x4" | "f64x2";
  readonly constant: (value: number) => Node;
}

export const SHAPES: Readonly<Record<"float32" | "float64", Shape>> = {
  float32: { name: "f32x4", constant: (c) => v128(c, c, c, c) },
  float64: { name: "f64x2", constant: (c) => v128(c, c) },
};

type Arithmetic<Args extends Node[]> = (shape: Shape, ...args: Args) => Node;
type Transcendental<Args extends Node[]> = (context: KernelContext, ...args: Args) => Node;

const instruction =
  (name: string) =>
  ({ name: shape }: Shape, ...args: Node[]): Node =>
    op(`${shape}.${name}`, ...args);

export const UNARY_ARITHMETIC: Partial<Record<UnaryKernel, Arithmetic<[Node]>>> = {
  neg: instruction("neg"),
  abs: instruction("abs"),
  sqrt: instruction("sqrt"),
  floor: instruction("floor"),
  ceil: instruction("ceil"),
  trunc: instruction("trunc"),
  round: instruction("nearest"),
  square: ({ name }, x) => op(`${name}.mul`, x, x),
  reciprocal: ({ name, constant }, x) => op(`${name}.div`, constant(1), x),
  sign: ({ name, constant }, x) => {
    const positive = op(`${name}.gt`, x, constant(0));
    const negative = op(`${name}.lt`, x, constant(0));
    return op("v128.bitselect", constant(1), op("v128.bitselect", constant(-1), x, negative), positive);
  },
};

export const BINARY_ARITHMETIC: Partial<Record<BinaryKernel, Arithmetic<[Node, Node]>>> = {
  add: instruction("add"),
  sub: instruction("sub"),
  mul: instruction("mul"),
  div: instruction("div"),
  max: instruction("max"),
  min: instruction("min"),
};

export const UNARY_FUNCTIONS: Partial<Record<UnaryKernel, Transcendental<[Node]>>> = {
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sin,
  cos,
  tan,
  sinh,
  cosh,
  tanh,
  erf,
  erfc,
  sigmoid,
};

export const BINARY_FUNCTIONS: Partial<Record<BinaryKernel, Transcendental<[Node, Node]>>> = { pow, hypot };
