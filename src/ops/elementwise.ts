// How element-wise primitives are declared: the kernel that devices offer, and the formulas for integers and complex
// numbers.

import type { BinaryKernel, UnaryKernel } from "../device/device.ts";
import { allocate, type DType, dtypeInfo, isComplex, isFloat } from "../tensor/dtype.ts";
import { ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  binaryKernel,
  binaryLoop,
  type ComplexBinary,
  type ComplexUnary,
  complexBinaryLoop,
  complexToReal,
  complexUnaryLoop,
  unaryKernel,
  unaryLoop,
} from "./loops.ts";
import { type Abstract, definePrimitive, type Primitive, type Series, type Tangent } from "./primitive.ts";
import { bilinear, isOpen, leadingBatch, linear, noDerivative } from "./rules.ts";
import { plus } from "./series.ts";

/** Primitives without parameters take `undefined`. */
export type Plain = Primitive<undefined>;

/** Derivatives of a function of one operand: it has none, is linear, or is given by formulas. */
export type UnaryDerivative =
  | "none"
  | {
      /** The cotangent of the operand, for one of dtype `dtype`; the function is linear. */
      readonly transpose: (cotangent: Tensor, dtype: DType) => Tensor;
    }
  | {
      /** The tangent of the result for the tangent t at x, where the result is y. */
      readonly tangent: (t: Tensor, x: Tensor, y: Tensor) => Tensor;
      /** The Taylor series of the result, which starts with y. */
      readonly jet: (x: Series, y: Tensor) => Series;
    };

/** Derivatives of a function of two operands. */
export type BinaryDerivative =
  | "none"
  | {
      /** Tangents of the result for a tangent of either operand; null where there is none. */
      readonly tangents: readonly [
        ((t: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor) | null,
        ((t: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor) | null,
      ];
      readonly jet: (a: Series, b: Series, y: Tensor) => Series;
      /** Cotangents of the operands in which it is linear, given the other one; null where it is not. */
      readonly transpose?: readonly [
        ((cotangent: Tensor, b: Tensor) => Tensor) | null,
        ((cotangent: Tensor, a: Tensor) => Tensor) | null,
      ];
    }
  /** Linear in each alone; the transpose in one multiplies by the other. */
  | "product";

export interface UnaryRules {
  readonly derivative: UnaryDerivative;
  readonly dtypes: readonly DType[];
  /** Dtype of the result; that of the operand unless told. */
  readonly result?: (dtype: DType) => DType;
  readonly kernel?: UnaryKernel;
  /** For dtypes without a kernel: integers, booleans. */
  readonly scalar?: (x: number) => number;
  readonly complex?: ComplexUnary;
  /** Complex operand, real result. */
  readonly complexToReal?: (re: number, im: number) => number;
}

/** Declares a primitive of one operand. */
export function unaryPrimitive(name: string, rules: UnaryRules): Plain {
  return definePrimitive<undefined>({
    name,
    dtypes: rules.dtypes,
    abstractEval: ([x]) => [{ shape: x!.shape, dtype: rules.result?.(x!.dtype) ?? x!.dtype }],
    evaluate: ([x], _params, [output]) => {
      const { dtype } = x!;
      if (isComplex(dtype)) {
        if (rules.complexToReal) return complexToReal(rules.complexToReal, x!, output!);
        return complexUnaryLoop(rules.complex!, x!, output!);
      }
      if (rules.kernel && isFloat(dtype)) return unaryKernel(rules.kernel, x!, output!);
      return unaryLoop(rules.scalar!, x!, output!);
    },
    batch: leadingBatch,
    lower: { kind: "map", kernel: rules.kernel ?? name },
    ...unaryDifferential(rules.derivative),
  });
}

type Rules = Pick<Plain, "jvp" | "jet" | "transpose">;

function unaryDifferential(derivative: UnaryDerivative): Rules {
  if (derivative === "none") return noDerivative;
  if ("transpose" in derivative)
    return {
      ...linear(),
      transpose: ({ cotangents: [cotangent], inputs: [x] }) => [derivative.transpose(cotangent!, x!.dtype)],
    };
  return {
    jvp: ({ inputs: [x], tangents: [t], outputs: [y] }) => [derivative.tangent(t!, x!, y!)],
    jet: ({ series: [x], outputs: [y] }) => [derivative.jet(x!, y!)],
  };
}

const tangentOf = (
  rule: ((t: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor) | null,
  t: Tangent,
  a: Tensor,
  b: Tensor,
  y: Tensor,
): Tangent => (t === null || rule === null ? null : rule(t, a, b, y));

function binaryDifferential(derivative: BinaryDerivative): Rules {
  if (derivative === "none") return noDerivative;
  if (derivative === "product")
    return {
      ...bilinear,
      transpose: ({ cotangents: [cotangent], inputs: [a, b] }) =>
        isOpen(a!) ? [cotangent!.mul(b as Tensor), null] : [null, cotangent!.mul(a as Tensor)],
    };
  const { tangents, jet, transpose } = derivative;
  return {
    jvp: ({ inputs: [a, b], tangents: [da, db], outputs: [y] }) => [
      plus(tangentOf(tangents[0], da!, a!, b!, y!), tangentOf(tangents[1], db!, a!, b!, y!)),
    ],
    jet: ({ series: [a, b], outputs: [y] }) => [jet(a!, b!, y!)],
    ...(transpose && {
      transpose: ({ cotangents: [cotangent], inputs: [a, b] }) => [
        isOpen(a!) && transpose[0] ? transpose[0](cotangent!, b as Tensor) : null,
        isOpen(b!) && transpose[1] ? transpose[1](cotangent!, a as Tensor) : null,
      ],
    }),
  };
}

export interface BinaryRules {
  readonly derivative: BinaryDerivative;
  readonly dtypes: readonly DType[];
  readonly result?: (dtype: DType) => DType;
  readonly kernel?: BinaryKernel;
  readonly scalar?: (a: number, b: number) => number;
  readonly complex?: ComplexBinary;
  /** The parts of complex numbers are treated as independent reals, so the float kernel serves them too. */
  readonly partwise?: boolean;
  readonly complexToReal?: (aRe: number, aIm: number, bRe: number, bIm: number) => number;
}

/** Declares a primitive of two operands of one shape and dtype. */
export function binaryPrimitive(name: string, rules: BinaryRules): Plain {
  return definePrimitive<undefined>({
    name,
    dtypes: rules.dtypes,
    abstractEval: ([a, b]) => {
      if (a!.shape !== b!.shape && !sameShape(a!.shape, b!.shape))
        throw new ShapeError(`${name}: shapes ${formatShape(a!.shape)} and ${formatShape(b!.shape)} differ`);
      return [{ shape: a!.shape, dtype: rules.result?.(a!.dtype) ?? a!.dtype }];
    },
    evaluate: ([a, b], _params, [output]) => {
      const { dtype } = a!;
      if (isComplex(dtype)) {
        if (rules.partwise) return overParts(rules.kernel!, a!, b!, output!);
        if (rules.complexToReal) return complexPairToReal(rules.complexToReal, a!, b!, output!);
        return complexBinaryLoop(rules.complex!, a!, b!, output!);
      }
      if (rules.kernel && isFloat(dtype)) return binaryKernel(rules.kernel, a!, b!, output!);
      return binaryLoop(rules.scalar!, a!, b!, output!);
    },
    batch: leadingBatch,
    lower: { kind: "map", kernel: rules.kernel ?? name },
    ...binaryDifferential(rules.derivative),
  });
}

/** Shows complex tensors as real ones with a trailing axis of two parts. */
function parts(x: Tensor): Tensor {
  const dtype = x.dtype === "complex128" ? "float64" : "float32";
  const strides = [...x.strides.map((stride) => 2 * stride), 1];
  return new Tensor(x.storage, [...x.shape, 2], dtype, strides, 2 * x.offset);
}

function overParts(kernel: BinaryKernel, a: Tensor, b: Tensor, output: Abstract): readonly Tensor[] {
  const x = parts(a);
  const [sum] = binaryKernel(kernel, x, parts(b), { shape: x.shape, dtype: x.dtype });
  return [new Tensor(sum!.data(), output.shape, output.dtype)];
}

function complexPairToReal(
  f: (aRe: number, aIm: number, bRe: number, bIm: number) => number,
  a: Tensor,
  b: Tensor,
  output: Abstract,
): readonly Tensor[] {
  const data = allocate(output.dtype, a.size);
  const x = a.data();
  const y = b.data();
  for (let i = 0; i < a.size; i++) data[i] = f(x[2 * i]!, x[2 * i + 1]!, y[2 * i]!, y[2 * i + 1]!);
  return [new Tensor(data, output.shape, output.dtype)];
}

/** The operand's own dtype made inexact: what fractional functions of integers return. */
export const fractional = (dtype: DType): DType =>
  dtypeInfo(dtype).kind === "float" || isComplex(dtype) ? dtype : "float64";
