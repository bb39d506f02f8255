import type { UnaryKernel } from "../device/device.ts";
import { inexactDType } from "../tensor/dtype.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { reciprocal } from "./arithmetic.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import * as C from "./complexMath.ts";
import { unaryPrimitive } from "./elementwise.ts";
import type { ComplexUnary } from "./loops.ts";
import { asTensor } from "./operands.ts";
import { FLOATS, INEXACT, type Series } from "./primitive.ts";
import {
  expSeries,
  integrateSeries,
  logSeries,
  mulSeries,
  pairSeries,
  powSeries,
  reciprocalSeries,
  riccatiSeries,
  scaleSeries,
  shiftSeries,
  solveSeries,
  sqrtSeries,
  squareSeries,
  times,
} from "./series.ts";

type Slope = (x: Tensor, y: Tensor) => Tensor;

/** How a function differentiates: dy/dx or dx/dy from x and y, and its Taylor series. */
type Calculus = ({ readonly slope: Slope } | { readonly inverseSlope: Slope }) & {
  readonly jet: (x: Series, y: Tensor) => Series;
};

/** The Taylor series of a function from the series of its derivative. */
const integral =
  (slope: (x: Series) => Series) =>
  (x: Series, y: Tensor): Series =>
    integrateSeries(x, slope(lowered(x)), y);

/** A function of fractional values; integers are converted to float64. */
function define(kernel: UnaryKernel, calculus: Calculus, complex?: ComplexUnary): (x: TensorLike) => Tensor {
  const { jet } = calculus;
  const tangent = (t: Tensor, x: Tensor, y: Tensor): Tensor =>
    "slope" in calculus ? t.mul(calculus.slope(x, y)) : t.div(calculus.inverseSlope(x, y));
  const primitive = unaryPrimitive(kernel, {
    dtypes: complex ? INEXACT : FLOATS,
    kernel,
    derivative: { tangent, jet },
    ...(complex && { complex }),
  });
  return (value) => {
    const x = asTensor(value);
    return bindOne(primitive, [astype(x, inexactDType(x.dtype))], undefined);
  };
}

/** All coefficients but the last: what the derivative of a series needs. */
const lowered = (x: Series): Series => (x.length > 1 ? (x.slice(0, -1) as unknown as Series) : x);
const negated = (x: Series): Series => scaleSeries(x, -1);
/** 1 - x², without cancellation near ±1. */
const complementOf = (x: Tensor): Tensor => x.neg().add(1).mul(x.add(1));
/** The same of a series. */
const complement = (x: Series): Series => shiftSeries(negated(squareSeries(x)), 1);
/** x² - 1, as a product that keeps the branch cuts of complex numbers apart. */
const splitRoot = (x: Series): Series =>
  mulSeries(sqrtSeries(shiftSeries(x, -1)), sqrtSeries(shiftSeries(x, 1)));
const inverse = (x: Series): Series => reciprocalSeries(x, reciprocal(x[0]));

type Function1 = (x: TensorLike) => Tensor;

/** eˣ */
export const exp: Function1 = define("exp", { slope: (_x, y) => y, jet: expSeries }, C.expComplex);
/** 2ˣ */
export const exp2: Function1 = define("exp2", {
  slope: (_x, y) => y.mul(Math.LN2),
  jet: (x, y) => solveSeries(x, y, (soFar, k) => times(soFar[k]!, Math.LN2)),
});
/** eˣ - 1, accurate near 0. */
export const expm1: Function1 = define("expm1", {
  slope: (_x, y) => y.add(1),
  jet: (x, y) => solveSeries(x, y, (soFar, k) => (k === 0 ? soFar[0]!.add(1) : soFar[k]!)),
});
/** Natural logarithm; NaN below 0, the principal branch for complex x. */
export const log: Function1 = define(
  "log",
  { inverseSlope: (x) => x, jet: (x, y) => logSeries(x, y) },
  C.logComplex,
);
const logarithm = (base: number): Calculus => ({
  inverseSlope: (x) => x.mul(Math.log(base)),
  jet: (x, y) => {
    const [, ...rest] = logSeries(x);
    return [y, ...rest.map((coefficient) => times(coefficient, 1 / Math.log(base)))];
  },
});
export const log2: Function1 = define("log2", logarithm(2));
export const log10: Function1 = define("log10", logarithm(10));
/** log(1 + x), accurate near 0. */
export const log1p: Function1 = define("log1p", {
  inverseSlope: (x) => x.add(1),
  jet: (x, y) => logSeries(shiftSeries(x, 1), y),
});
export const sin: Function1 = define(
  "sin",
  { slope: (x) => cos(x), jet: (x, y) => pairSeries(x, y, cos(x[0]), -1)[0] },
  C.sinComplex,
);
export const cos: Function1 = define(
  "cos",
  { slope: (x) => sin(x).neg(), jet: (x, y) => pairSeries(x, sin(x[0]), y, -1)[1] },
  C.cosComplex,
);
export const tan: Function1 = define(
  "tan",
  { slope: (_x, y) => y.square().add(1), jet: (x, y) => riccatiSeries(x, y, 1, 0, 1) },
  C.tanComplex,
);
export const asin: Function1 = define(
  "asin",
  {
    inverseSlope: (x) => complementOf(x).sqrt(),
    jet: integral((x) => inverse(sqrtSeries(complement(x)))),
  },
  C.asinComplex,
);
export const acos: Function1 = define(
  "acos",
  {
    inverseSlope: (x) => complementOf(x).sqrt().neg(),
    jet: integral((x) => negated(inverse(sqrtSeries(complement(x))))),
  },
  C.acosComplex,
);
export const atan: Function1 = define(
  "atan",
  {
    inverseSlope: (x) => x.square().add(1),
    jet: integral((x) => inverse(shiftSeries(squareSeries(x), 1))),
  },
  C.atanComplex,
);
export const sinh: Function1 = define(
  "sinh",
  { slope: (x) => cosh(x), jet: (x, y) => pairSeries(x, y, cosh(x[0]), 1)[0] },
  C.sinhComplex,
);
export const cosh: Function1 = define(
  "cosh",
  { slope: (x) => sinh(x), jet: (x, y) => pairSeries(x, sinh(x[0]), y, 1)[1] },
  C.coshComplex,
);
/** Hyperbolic tangent, real or complex. Integers become float64. */
export const tanh: Function1 = define(
  "tanh",
  { slope: (_x, y) => y.square().neg().add(1), jet: (x, y) => riccatiSeries(x, y, 1, 0, -1) },
  C.tanhComplex,
);
export const asinh: Function1 = define(
  "asinh",
  {
    inverseSlope: (x) => x.square().add(1).sqrt(),
    jet: integral((x) => inverse(sqrtSeries(shiftSeries(squareSeries(x), 1)))),
  },
  C.asinhComplex,
);
export const acosh: Function1 = define(
  "acosh",
  {
    inverseSlope: (x) => x.sub(1).sqrt().mul(x.add(1).sqrt()),
    jet: integral((x) => inverse(splitRoot(x))),
  },
  C.acoshComplex,
);
export const atanh: Function1 = define(
  "atanh",
  {
    inverseSlope: complementOf,
    jet: integral((x) => inverse(complement(x))),
  },
  C.atanhComplex,
);
const GAUSS = 2 / Math.sqrt(Math.PI);
/** ±2/√π e^(-x²) */
const gaussian = (factor: number): Calculus => ({
  slope: (x) => x.square().neg().exp().mul(factor),
  jet: integral((x) => scaleSeries(expSeries(negated(squareSeries(x))), factor)),
});
/** 2/√π ∫₀ˣ e^(-t²) dt */
export const erf: Function1 = define("erf", gaussian(GAUSS));
/** 1 - erf(x), accurate for large x. */
export const erfc: Function1 = define("erfc", gaussian(-GAUSS));
export const cbrt: Function1 = define("cbrt", {
  inverseSlope: (_x, y) => y.square().mul(3),
  jet: (x, y) =>
    powSeries(
      x,
      asTensor(1 / 3)
        .astype(y.dtype)
        .broadcastTo(y.shape),
      y,
    ),
});
/** 1 / (1 + e^(-x)) */
export const sigmoid: Function1 = define("sigmoid", {
  slope: (_x, y) => y.mul(y.neg().add(1)),
  jet: (x, y) => riccatiSeries(x, y, 0, 1, -1),
});
