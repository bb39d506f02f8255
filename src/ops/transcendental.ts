import type { UnaryKernel } from "../device/device.ts";
import { inexactDType } from "../tensor/dtype.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { astype } from "./cast.ts";
import * as C from "./complexMath.ts";
import { type Plain, unaryPrimitive } from "./elementwise.ts";
import type { ComplexUnary } from "./loops.ts";
import { asTensor } from "./operands.ts";
import { bindOne, FLOATS, INEXACT } from "./primitive.ts";

/** A function of fractional values; integers are converted to float64. */
function define(
  kernel: UnaryKernel,
  complex?: ComplexUnary,
): { primitive: Plain; apply: (x: TensorLike) => Tensor } {
  const primitive = unaryPrimitive(kernel, {
    dtypes: complex ? INEXACT : FLOATS,
    kernel,
    ...(complex && { complex }),
  });
  const apply = (value: TensorLike): Tensor => {
    const x = asTensor(value);
    return bindOne(primitive, [astype(x, inexactDType(x.dtype))], undefined);
  };
  return { primitive, apply };
}

type Function1 = (x: TensorLike) => Tensor;

/** eˣ */
export const exp: Function1 = define("exp", C.expComplex).apply;
/** 2ˣ */
export const exp2: Function1 = define("exp2").apply;
/** eˣ - 1, accurate near 0. */
export const expm1: Function1 = define("expm1").apply;
/** Natural logarithm; NaN below 0, the principal branch for complex x. */
export const log: Function1 = define("log", C.logComplex).apply;
export const log2: Function1 = define("log2").apply;
export const log10: Function1 = define("log10").apply;
/** log(1 + x), accurate near 0. */
export const log1p: Function1 = define("log1p").apply;
export const sin: Function1 = define("sin", C.sinComplex).apply;
export const cos: Function1 = define("cos", C.cosComplex).apply;
export const tan: Function1 = define("tan", C.tanComplex).apply;
export const asin: Function1 = define("asin", C.asinComplex).apply;
export const acos: Function1 = define("acos", C.acosComplex).apply;
export const atan: Function1 = define("atan", C.atanComplex).apply;
export const sinh: Function1 = define("sinh", C.sinhComplex).apply;
export const cosh: Function1 = define("cosh", C.coshComplex).apply;
export const tanh: Function1 = define("tanh", C.tanhComplex).apply;
export const asinh: Function1 = define("asinh", C.asinhComplex).apply;
export const acosh: Function1 = define("acosh", C.acoshComplex).apply;
export const atanh: Function1 = define("atanh", C.atanhComplex).apply;
/** 2/√π ∫₀ˣ e^(-t²) dt */
export const erf: Function1 = define("erf").apply;
/** 1 - erf(x), accurate for large x. */
export const erfc: Function1 = define("erfc").apply;
export const cbrt: Function1 = define("cbrt").apply;
/** 1 / (1 + e^(-x)) */
export const sigmoid: Function1 = define("sigmoid").apply;
