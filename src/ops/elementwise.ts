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
import { type Abstract, definePrimitive, type Primitive } from "./primitive.ts";

/** Primitives without parameters take `undefined`. */
export type Plain = Primitive<undefined>;

export interface UnaryRules {
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
  });
}

export interface BinaryRules {
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
