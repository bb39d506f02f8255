import { inexactDType, isComplex, isFloat, isInteger, realDType } from "../tensor/dtype.ts";
import { DTypeError } from "../tensor/errors.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { divideComplex, expComplex, logComplex, multiplyComplex, sqrtComplex } from "./complexMath.ts";
import { type BinaryDerivative, binaryPrimitive, type Plain, unaryPrimitive } from "./elementwise.ts";
import { align, asTensor } from "./operands.ts";
import { powerSeries } from "./power.ts";
import { FLOATS, INEXACT, NUMERIC, ORDERED_NUMERIC, type Series } from "./primitive.ts";
import { constantSeries } from "./rules.ts";
import {
  addSeries,
  divSeries,
  expSeries,
  integrateSeries,
  lengthSeries,
  logSeries,
  mapSeries,
  mulSeries,
  reciprocalSeries,
  scaleSeries,
  sqrtSeries,
  squareSeries,
  subSeries,
} from "./series.ts";

export const addP: Plain = binaryPrimitive("add", {
  dtypes: NUMERIC,
  kernel: "add",
  scalar: (a, b) => a + b,
  partwise: true,
  derivative: {
    tangents: [(t) => t, (t) => t],
    jet: addSeries,
    transpose: [(c) => c, (c) => c],
  },
});
export const subP: Plain = binaryPrimitive("sub", {
  dtypes: NUMERIC,
  kernel: "sub",
  scalar: (a, b) => a - b,
  partwise: true,
  derivative: {
    tangents: [(t) => t, (t) => t.neg()],
    jet: subSeries,
    transpose: [(c) => c, (c) => c.neg()],
  },
});
export const mulP: Plain = binaryPrimitive("mul", {
  dtypes: NUMERIC,
  kernel: "mul",
  // 32-bit products lose their low bits in a double.
  scalar: Math.imul,
  complex: multiplyComplex,
  derivative: "product",
});
export const divP: Plain = binaryPrimitive("div", {
  dtypes: INEXACT,
  kernel: "div",
  complex: divideComplex,
  derivative: {
    tangents: [(t, _a, b) => t.div(b), (t, _a, b, y) => t.mul(y.div(b)).neg()],
    jet: divSeries,
    transpose: [(c, b) => c.div(b), null],
  },
});
export const floorDivideP: Plain = binaryPrimitive("floorDivide", {
  dtypes: ORDERED_NUMERIC,
  scalar: floorQuotient,
  derivative: "none",
});
export const modP: Plain = binaryPrimitive("mod", {
  dtypes: ORDERED_NUMERIC,
  scalar: remainder,
  derivative: {
    tangents: [(t) => t, (t, a, b, y) => t.mul(a.sub(y).div(b)).neg()],
    // The quotient is locally constant.
    jet: (a, b, y) => withHead(y, subSeries(a, scaleSeries(b, a[0].sub(y).div(b[0])))),
  },
});
export const powP: Plain = binaryPrimitive("pow", {
  dtypes: NUMERIC,
  kernel: "pow",
  scalar: integerPower,
  complex: (aRe, aIm, bRe, bIm, out, at) => {
    if (bRe === 0 && bIm === 0) {
      out[at] = 1;
      out[at + 1] = 0;
    } else if (aRe === 0 && aIm === 0) {
      // Of 0 only powers with a positive real part are numbers.
      out[at] = bRe > 0 ? 0 : Number.NaN;
      out[at + 1] = out[at]!;
    } else {
      logComplex(aRe, aIm, out, at);
      multiplyComplex(out[at]!, out[at + 1]!, bRe, bIm, out, at);
      expComplex(out[at]!, out[at + 1]!, out, at);
    }
  },
  derivative: {
    tangents: [
      // b = 0 is constant in a, also at a = 0, where b·aᵇ⁻¹ is 0·∞.
      (t, a, b) => t.mul(b.mul(powAll(a, whereZero(b, 1, b.sub(1))))),
      // aᵇ log a tends to 0 with a for b > 0.
      (t, a, _b, y) => t.mul(y.mul(whereZero(a, 1, a).log())),
    ],
    jet: powerJet,
  },
});
export const maximumP: Plain = binaryPrimitive("maximum", {
  dtypes: ORDERED_NUMERIC,
  kernel: "max",
  scalar: Math.max,
  derivative: selecting((a, b) => a.greater(b)),
});
export const minimumP: Plain = binaryPrimitive("minimum", {
  dtypes: ORDERED_NUMERIC,
  kernel: "min",
  scalar: Math.min,
  derivative: selecting((a, b) => a.less(b)),
});
export const atan2P: Plain = binaryPrimitive("atan2", {
  dtypes: FLOATS,
  kernel: "atan2",
  derivative: {
    tangents: [
      (t, y, x) => t.mul(overSquare(x, hypot(y, x))),
      (t, y, x) => t.mul(overSquare(y, hypot(y, x))).neg(),
    ],
    jet: (y, x, angle) => {
      // (y/x)' / (1 + (y/x)²) = (x·y' - y·x') / (x² + y²)
      const norm = addSeries(squareSeries(x), squareSeries(y));
      const rising = integrateSeries(y, divSeries(x, norm), angle);
      const falling = integrateSeries(x, divSeries(y, norm), angle);
      return withHead(angle, subSeries(rising, falling));
    },
  },
});
export const hypotP: Plain = binaryPrimitive("hypot", {
  dtypes: FLOATS,
  kernel: "hypot",
  derivative: {
    // With 0 at (0, 0), where there is no derivative.
    tangents: [(t, a, _b, y) => t.mul(overLength(a, y)), (t, _a, b, y) => t.mul(overLength(b, y))],
    jet: (a, b, y) => lengthSeries(addSeries(squareSeries(a), squareSeries(b)), y),
  },
});

export const negP: Plain = unaryPrimitive("neg", {
  dtypes: NUMERIC,
  kernel: "neg",
  scalar: (x) => -x,
  complex: (re, im, out, at) => {
    out[at] = -re;
    out[at + 1] = -im;
  },
  derivative: { transpose: (c) => c.neg() },
});
export const absP: Plain = unaryPrimitive("abs", {
  dtypes: NUMERIC,
  kernel: "abs",
  scalar: Math.abs,
  result: realDType,
  complexToReal: Math.hypot,
  derivative: {
    // With 0 at 0, where there is no derivative.
    tangent: (t, x, y) =>
      isComplex(x.dtype) ? overLength(t.mul(x.conj()).real(), y) : t.mul(bindOne(signP, [x], undefined)),
    jet: (x, y) => {
      if (!isComplex(x[0].dtype)) return withHead(y, scaleSeries(x, bindOne(signP, [x[0]], undefined)));
      const squares = addSeries(
        squareSeries(mapSeries(x, (c) => c.real())),
        squareSeries(mapSeries(x, (c) => c.imag())),
      );
      return lengthSeries(squares, y);
    },
  },
});
export const signP: Plain = unaryPrimitive("sign", {
  dtypes: ORDERED_NUMERIC,
  kernel: "sign",
  scalar: Math.sign,
  derivative: "none",
});
export const squareP: Plain = unaryPrimitive("square", {
  dtypes: NUMERIC,
  kernel: "square",
  scalar: (x) => Math.imul(x, x),
  complex: (re, im, out, at) => multiplyComplex(re, im, re, im, out, at),
  derivative: { tangent: (t, x) => t.mul(x.mul(2)), jet: squareSeries },
});
export const sqrtP: Plain = unaryPrimitive("sqrt", {
  dtypes: INEXACT,
  kernel: "sqrt",
  complex: sqrtComplex,
  derivative: { tangent: (t, _x, y) => t.div(y.mul(2)), jet: sqrtSeries },
});
export const reciprocalP: Plain = unaryPrimitive("reciprocal", {
  dtypes: INEXACT,
  kernel: "reciprocal",
  complex: (re, im, out, at) => divideComplex(1, 0, re, im, out, at),
  derivative: { tangent: (t, _x, y) => t.mul(y.square()).neg(), jet: reciprocalSeries },
});
export const floorP: Plain = unaryPrimitive("floor", { dtypes: FLOATS, kernel: "floor", derivative: "none" });
export const ceilP: Plain = unaryPrimitive("ceil", { dtypes: FLOATS, kernel: "ceil", derivative: "none" });
export const roundP: Plain = unaryPrimitive("round", { dtypes: FLOATS, kernel: "round", derivative: "none" });
export const truncP: Plain = unaryPrimitive("trunc", { dtypes: FLOATS, kernel: "trunc", derivative: "none" });

/** A series with another leading coefficient. */
function withHead(head: Tensor, [, ...rest]: Series): Series {
  return [head, ...rest];
}

/** `value` where x is 0, `other` elsewhere. */
const whereZero = (x: Tensor, value: number, other: Tensor): Tensor => x.equal(0).where(value, other);

const powAll = (a: Tensor, b: Tensor): Tensor => bindOne(powP, [a, b], undefined);

/** One of two operands, by comparison; at a tie each counts half. */
function selecting(chosen: (a: Tensor, b: Tensor) => Tensor): BinaryDerivative {
  const weight = (a: Tensor, b: Tensor): Tensor =>
    chosen(a, b).astype(a.dtype).add(a.equal(b).astype(a.dtype).mul(0.5));
  return {
    tangents: [(t, a, b) => t.mul(weight(a, b)), (t, a, b) => t.mul(weight(b, a))],
    jet: (a, b, y) =>
      withHead(y, addSeries(scaleSeries(a, weight(a[0], b[0])), scaleSeries(b, weight(b[0], a[0])))),
  };
}

/** x / length, 0 where the length is 0. */
function overLength(x: Tensor, length: Tensor): Tensor {
  const isZero = length.equal(0);
  return isZero.where(0, x.div(isZero.where(1, length)));
}

/** An exponent that moves needs the logarithm of the base. */
function powerJet(a: Series, b: Series, y: Tensor): Series {
  const stays = ([, ...rest]: Series): boolean => rest.every((coefficient) => coefficient === null);
  if (stays(b)) return powerSeries(a, b[0], y);
  // 0ᵇ stays 0 for b > 0.
  const base: Series = stays(a) ? constantSeries(whereZero(a[0], 1, a[0]), a.length - 1) : a;
  return expSeries(mulSeries(b, logSeries(base)), y);
}

/** x / length², in two steps that neither overflow nor underflow. */
const overSquare = (x: Tensor, length: Tensor): Tensor => x.div(length).div(length);

/** a - b⌊a / b⌋ with the sign of b, zero included, as in NumPy and Python. */
function remainder(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

/**
 * The integer that goes with `remainder`: rounding a / b alone would give ⌊1 / 0.1⌋ = 10, though 1 holds 0.1 only 9
 * times.
 */
function floorQuotient(a: number, b: number): number {
  const quotient = a / b;
  if (b === 0 || a === 0) return quotient;
  if (!Number.isFinite(b)) return quotient < 0 || Object.is(quotient, -0) ? -1 : quotient;
  // The division is exact but for rounding.
  return Math.round((a - remainder(a, b)) / b);
}

/** Powers modulo 2^32 by repeated squaring; negative exponents give the truncated reciprocal. */
function integerPower(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? (exponent % 2 ? -1 : 1) : 0;
  let result = 1;
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

const numeric = (x: Tensor): Tensor => (x.dtype === "bool" ? astype(x, "int32") : x);
const inexact = (x: Tensor): Tensor => astype(x, inexactDType(x.dtype));

function binary(primitive: Plain, prepare: (x: Tensor) => Tensor): (a: TensorLike, b: TensorLike) => Tensor {
  return (a, b) => {
    const [x, y] = align(a, b);
    return bindOne(primitive, [prepare(x), prepare(y)], undefined);
  };
}

/** a + b, broadcast. */
export const add: (a: TensorLike, b: TensorLike) => Tensor = binary(addP, numeric);
/** a - b, broadcast. */
export const sub: (a: TensorLike, b: TensorLike) => Tensor = binary(subP, numeric);
/** a · b element by element, broadcast. */
export const mul: (a: TensorLike, b: TensorLike) => Tensor = binary(mulP, numeric);
/** a / b; integers give float64. */
export const div: (a: TensorLike, b: TensorLike) => Tensor = binary(divP, inexact);
/** ⌊a / b⌋; integer division by zero gives 0. */
export const floorDivide: (a: TensorLike, b: TensorLike) => Tensor = binary(floorDivideP, numeric);
/** a - b⌊a / b⌋: the remainder with the sign of b. */
export const mod: (a: TensorLike, b: TensorLike) => Tensor = binary(modP, numeric);
/** The larger of two; NaN when either is. */
export const maximum: (a: TensorLike, b: TensorLike) => Tensor = binary(maximumP, numeric);
/** The smaller of two; NaN when either is. */
export const minimum: (a: TensorLike, b: TensorLike) => Tensor = binary(minimumP, numeric);
/** The angle of the point (x, y) in (-π, π]. */
export const atan2: (y: TensorLike, x: TensorLike) => Tensor = binary(atan2P, inexact);
/** √(a² + b²) without overflow. */
export const hypot: (a: TensorLike, b: TensorLike) => Tensor = binary(hypotP, inexact);

/**
 * a to the power b. Integers stay integers for exponents >= 0, and a plain fraction or negative exponent makes them
 * float64.
 */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  if (b === 2 && !(typeof a === "number")) return square(asTensor(a));
  const isNegative = typeof b === "number" && b < 0;
  const [x, y] = align(isNegative ? inexact(asTensor(a)) : a, b);
  return bindOne(powP, [numeric(x), numeric(y)], undefined);
}

function unary(primitive: Plain, prepare: (x: Tensor) => Tensor): (x: TensorLike) => Tensor {
  return (x) => bindOne(primitive, [prepare(asTensor(x))], undefined);
}

/** −x; bool becomes int32. */
export const neg: (x: TensorLike) => Tensor = unary(negP, numeric);
/** |x|; real for complex x. */
export const abs: (x: TensorLike) => Tensor = unary(absP, numeric);
/** −1, 0 or 1; NaN stays. Its derivative is 0. Throws DTypeError for complex x. */
export const sign: (x: TensorLike) => Tensor = unary(signP, numeric);
/** x², for complex x without conjugation; bool becomes int32. */
export const square: (x: TensorLike) => Tensor = unary(squareP, numeric);
/** √x: NaN for negative real x, the principal branch for complex x. Integers become float64. */
export const sqrt: (x: TensorLike) => Tensor = unary(sqrtP, inexact);
/** 1/x. Integers become float64. */
export const reciprocal: (x: TensorLike) => Tensor = unary(reciprocalP, inexact);

/** Rounding leaves integers as they are. */
function rounding(primitive: Plain): (x: TensorLike) => Tensor {
  return (value) => {
    const x = asTensor(value);
    if (isComplex(x.dtype)) throw new DTypeError(`${primitive.name} does not take ${x.dtype}`);
    return isInteger(x.dtype) || !isFloat(x.dtype) ? x : bindOne(primitive, [x], undefined);
  };
}

/** The next integer at or below x, in the dtype of x. Its derivative is 0. Throws DTypeError for complex x. */
export const floor: (x: TensorLike) => Tensor = rounding(floorP);
/** The next integer at or above x, in the dtype of x. Its derivative is 0. Throws DTypeError for complex x. */
export const ceil: (x: TensorLike) => Tensor = rounding(ceilP);
/** To the nearest integer, ties to even. */
export const round: (x: TensorLike) => Tensor = rounding(roundP);
/** x without its fraction, in its dtype. The derivative is 0. Throws DTypeError for complex x. */
export const trunc: (x: TensorLike) => Tensor = rounding(truncP);

/** x limited to [low, high]. */
export const clip = (x: TensorLike, low: TensorLike, high: TensorLike): Tensor =>
  minimum(maximum(x, low), high);
