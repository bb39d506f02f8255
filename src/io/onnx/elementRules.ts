// How element-wise primitives are written in ONNX.

import type { DType } from "../../tensor/dtype.ts";
import { DTypeError } from "../../tensor/errors.ts";
import { type GraphBuilder, isFloating, type Length, sameLength, type Value } from "./builder.ts";
import type { Call, Rule } from "./rules.ts";

/** Operands before they were repeated, where ONNX repeats them itself to the same shape. */
function operands({ g, inputs, outputs }: Call): readonly Value[] {
  const shape = outputs[0]!.shape;
  const small = inputs.map((x) => g.unexpanded(x));
  return fills(small, shape) ? small : keepOne(small, inputs, shape);
}

const fills = (values: readonly Value[], shape: readonly Length[]): boolean =>
  shape.every((length, i) =>
    values.some(({ shape: own }) => {
      const at = i - (shape.length - own.length);
      return at >= 0 ? sameLength(own[at]!, length) : length === 1;
    }),
  ) && values.some(({ shape: own }) => own.length === shape.length);

/** One operand of full shape is enough. */
function keepOne(
  small: readonly Value[],
  full: readonly Value[],
  shape: readonly Length[],
): readonly Value[] {
  const mixed = small.map((x, i) => (i === 0 ? full[0]! : x));
  return fills(mixed, shape) ? mixed : full;
}

/** A node per primitive, or several that compute the same. */
type Formula = (g: GraphBuilder, x: readonly string[], dtype: DType) => string;

const rule =
  (formula: Formula): Rule =>
  (call) => {
    const values = operands(call);
    const { shape, dtype } = call.outputs[0]!;
    const names = values.map(({ name }) => name);
    return { name: formula(call.g, names, values.at(-1)!.dtype), shape, dtype };
  };

const node =
  (op: string): Formula =>
  (g, x) =>
    g.node(op, x);

/** op(x·factor) or op(x)·factor. */
const scaled =
  (op: string, inside: number, outside: number): Formula =>
  (g, [x], dtype) => {
    const argument = inside === 1 ? x! : g.node("Mul", [x!, g.scalar(inside, dtype)]);
    const value = g.node(op, [argument]);
    return outside === 1 ? value : g.node("Mul", [value, g.scalar(outside, dtype)]);
  };

const FORMULAS: Readonly<Record<string, Formula>> = {
  add: node("Add"),
  sub: node("Sub"),
  mul: node("Mul"),
  div: node("Div"),
  pow: node("Pow"),
  maximum: node("Max"),
  minimum: node("Min"),
  neg: node("Neg"),
  abs: node("Abs"),
  sign: node("Sign"),
  square: (g, [x]) => g.node("Mul", [x!, x!]),
  sqrt: node("Sqrt"),
  reciprocal: node("Reciprocal"),
  floor: node("Floor"),
  ceil: node("Ceil"),
  round: node("Round"),
  trunc: (g, [x], dtype) =>
    g.node("Where", [g.node("Less", [x!, g.scalar(0, dtype)]), g.node("Ceil", [x!]), g.node("Floor", [x!])]),
  floorDivide: (g, [a, b], dtype) => {
    if (isFloating(dtype)) return g.node("Floor", [g.node("Div", [a!, b!])]);
    // Division of integers in ONNX drops the fraction; without the remainder there is none.
    return g.node("Div", [g.node("Sub", [a!, g.node("Mod", [a!, b!])]), b!]);
  },
  mod: (g, [a, b], dtype) => {
    if (!isFloating(dtype)) return g.node("Mod", [a!, b!]);
    // The remainder has the sign of a; where that is not b's, one b is added.
    const rest = g.node("Mod", [a!, b!], { fmod: 1 });
    const zero = g.scalar(0, dtype);
    const isNegative = g.node("Less", [g.node("Mul", [rest, b!]), zero]);
    return g.node("Where", [isNegative, g.node("Add", [rest, b!]), rest]);
  },
  hypot: (g, [a, b], dtype) => {
    // Scaled by the larger one, so that squares do not overflow.
    const [p, q] = [g.node("Abs", [a!]), g.node("Abs", [b!])];
    const larger = g.node("Max", [p, q]);
    const ratio = g.node("Div", [g.node("Min", [p, q]), larger]);
    const root = g.node("Sqrt", [g.node("Add", [g.node("Mul", [ratio, ratio]), g.scalar(1, dtype)])]);
    return g.node("Where", [
      g.node("Equal", [larger, g.scalar(0, dtype)]),
      larger,
      g.node("Mul", [larger, root]),
    ]);
  },
  atan2: (g, [y, x], dtype) => {
    const zero = g.scalar(0, dtype);
    const pi = g.scalar(Math.PI, dtype);
    const half = g.scalar(Math.PI / 2, dtype);
    const turned = g.node("Where", [g.node("Less", [y!, zero]), g.node("Neg", [pi]), pi]);
    const plain = g.node("Atan", [g.node("Div", [y!, x!])]);
    const left = g.node("Where", [g.node("Less", [x!, zero]), g.node("Add", [plain, turned]), plain]);
    const upright = g.node("Mul", [g.node("Sign", [y!]), half]);
    return g.node("Where", [g.node("Equal", [x!, zero]), upright, left]);
  },
  equal: node("Equal"),
  notEqual: (g, x) => g.node("Not", [g.node("Equal", x)]),
  less: node("Less"),
  lessEqual: node("LessOrEqual"),
  greater: node("Greater"),
  greaterEqual: node("GreaterOrEqual"),
  logicalAnd: node("And"),
  logicalOr: node("Or"),
  logicalXor: node("Xor"),
  logicalNot: node("Not"),
  isnan: node("IsNaN"),
  isfinite: (g, [x]) => g.node("Not", [g.node("Or", [g.node("IsNaN", [x!]), g.node("IsInf", [x!])])]),
  where: node("Where"),
  exp: node("Exp"),
  exp2: scaled("Exp", Math.LN2, 1),
  expm1: (g, [x], dtype) => {
    // eˣ - 1 = 2 sinh(x/2) e^(x/2) would overflow early; tanh(x/2)·(eˣ + 1) keeps the digits near 0.
    const t = g.node("Tanh", [g.node("Mul", [x!, g.scalar(0.5, dtype)])]);
    const e = g.node("Exp", [x!]);
    const near = g.node("Mul", [t, g.node("Add", [e, g.scalar(1, dtype)])]);
    const far = g.node("Sub", [e, g.scalar(1, dtype)]);
    return g.node("Where", [g.node("Less", [g.node("Abs", [x!]), g.scalar(1, dtype)]), near, far]);
  },
  log: node("Log"),
  log2: scaled("Log", 1, 1 / Math.LN2),
  log10: scaled("Log", 1, 1 / Math.LN10),
  log1p: (g, [x], dtype) => {
    // log(1 + x) = 2 artanh(x / (2 + x)) keeps the digits near 0.
    const ratio = g.node("Div", [x!, g.node("Add", [x!, g.scalar(2, dtype)])]);
    const near = g.node("Mul", [g.node("Atanh", [ratio]), g.scalar(2, dtype)]);
    const far = g.node("Log", [g.node("Add", [x!, g.scalar(1, dtype)])]);
    return g.node("Where", [g.node("Less", [g.node("Abs", [x!]), g.scalar(0.5, dtype)]), near, far]);
  },
  sin: node("Sin"),
  cos: node("Cos"),
  tan: node("Tan"),
  asin: node("Asin"),
  acos: node("Acos"),
  atan: node("Atan"),
  sinh: node("Sinh"),
  cosh: node("Cosh"),
  tanh: node("Tanh"),
  asinh: node("Asinh"),
  acosh: node("Acosh"),
  atanh: node("Atanh"),
  erf: node("Erf"),
  erfc: (g, [x], dtype) => g.node("Sub", [g.scalar(1, dtype), g.node("Erf", [x!])]),
  cbrt: (g, [x], dtype) =>
    g.node("Mul", [g.node("Sign", [x!]), g.node("Pow", [g.node("Abs", [x!]), g.scalar(1 / 3, dtype)])]),
  sigmoid: node("Sigmoid"),
  stopGradient: node("Identity"),
  apart: node("Identity"),
};

/** Rules of element-wise primitives, by name. */
export const elementRules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.entries(FORMULAS).map(([name, formula]) => [name, rule(formula)])),
  cast: ({ g, inputs: [x], outputs: [output] }) => {
    if (output!.dtype.startsWith("complex"))
      throw new DTypeError("exportOnnx: ONNX operators take no complex numbers");
    return { ...g.cast(x!, output!.dtype), shape: output!.shape };
  },
};
