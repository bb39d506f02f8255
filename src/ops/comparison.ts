import type { DType } from "../tensor/dtype.ts";
import { allocate, dtypeInfo } from "../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { binaryPrimitive, type Plain, unaryPrimitive } from "./elementwise.ts";
import { broadcastTo } from "./movement.ts";
import { align, asTensor, unify } from "./operands.ts";
import {
  type Abstract,
  ALL,
  COMPUTING,
  definePrimitive,
  type Primitive,
  REAL,
  type Tangent,
} from "./primitive.ts";
import { isOpen, leadingBatch, linear, zerosLike } from "./rules.ts";

const toBool = (): DType => "bool";

function comparison(
  name: string,
  scalar: (a: number, b: number) => number,
  complexToReal?: (aRe: number, aIm: number, bRe: number, bIm: number) => number,
): (a: TensorLike, b: TensorLike) => Tensor {
  const primitive: Plain = binaryPrimitive(name, {
    dtypes: complexToReal ? COMPUTING : REAL,
    derivative: "none",
    result: toBool,
    scalar,
    ...(complexToReal && { complexToReal }),
  });
  return (a, b) => bindOne(primitive, align(a, b), undefined);
}

type Comparison = (a: TensorLike, b: TensorLike) => Tensor;

/** a = b, as bool; NaN equals nothing. */
export const equal: Comparison = comparison(
  "equal",
  (a, b) => Number(a === b),
  (aRe, aIm, bRe, bIm) => Number(aRe === bRe && aIm === bIm),
);
/** a ≠ b, as bool. */
export const notEqual: Comparison = comparison(
  "notEqual",
  (a, b) => Number(a !== b),
  (aRe, aIm, bRe, bIm) => Number(aRe !== bRe || aIm !== bIm),
);
/** a < b, as bool; complex numbers have no order (DTypeError). */
export const less: Comparison = comparison("less", (a, b) => Number(a < b));
/** a ≤ b, as bool. */
export const lessEqual: Comparison = comparison("lessEqual", (a, b) => Number(a <= b));
/** a > b, as bool. */
export const greater: Comparison = comparison("greater", (a, b) => Number(a > b));
/** a ≥ b, as bool. */
export const greaterEqual: Comparison = comparison("greaterEqual", (a, b) => Number(a >= b));

function logical(name: string, scalar: (a: number, b: number) => number): Comparison {
  const primitive = binaryPrimitive(name, { dtypes: ["bool"], derivative: "none", scalar });
  return (a, b) => {
    const [x, y] = align(a, b);
    if (x.dtype !== "bool")
      throw new DTypeError(`${name}: bool operands were expected, got ${x.dtype}; compare first`);
    return bindOne(primitive, [x, y], undefined);
  };
}

/** Whether both are true, broadcast. Throws DTypeError unless both are bool. */
export const logicalAnd: Comparison = logical("logicalAnd", (a, b) => a & b);
/** Whether at least one is true, broadcast. Throws DTypeError unless both are bool. */
export const logicalOr: Comparison = logical("logicalOr", (a, b) => a | b);
/** Whether just one is true, broadcast. Throws DTypeError unless both are bool. */
export const logicalXor: Comparison = logical("logicalXor", (a, b) => a ^ b);

const logicalNotP: Plain = unaryPrimitive("logicalNot", {
  dtypes: ["bool"],
  derivative: "none",
  scalar: (x) => 1 - x,
});
/** Whether x is false. Throws DTypeError unless x is bool. */
export const logicalNot = (x: TensorLike): Tensor => bindOne(logicalNotP, [asTensor(x)], undefined);

function predicate(
  name: string,
  test: (x: number) => boolean,
  join: (a: boolean, b: boolean) => boolean,
): Plain {
  return unaryPrimitive(name, {
    dtypes: COMPUTING,
    derivative: "none",
    result: toBool,
    scalar: (x) => Number(test(x)),
    complexToReal: (re, im) => Number(join(test(re), test(im))),
  });
}

const isnanP: Plain = predicate("isnan", Number.isNaN, (a, b) => a || b);
const isfiniteP: Plain = predicate("isfinite", Number.isFinite, (a, b) => a && b);

/** True where an element (or a part of it) is NaN. */
export const isnan = (x: TensorLike): Tensor => bindOne(isnanP, [asTensor(x)], undefined);
/** True where an element is neither NaN nor infinite. */
export const isfinite = (x: TensorLike): Tensor => bindOne(isfiniteP, [asTensor(x)], undefined);

export const whereP: Primitive<undefined> = definePrimitive<undefined>({
  name: "where",
  dtypes: ALL,
  movesOnly: true,
  lower: { kind: "map", kernel: "where" },
  abstractEval: ([condition, a, b]) => {
    if (condition!.dtype !== "bool")
      throw new DTypeError(`where: the condition must be bool, got ${condition!.dtype}`);
    if (!sameShape(condition!.shape, a!.shape) || !sameShape(a!.shape, b!.shape))
      throw new ShapeError(
        `where: shapes ${[condition!, a!, b!].map(({ shape }) => formatShape(shape)).join(", ")} differ`,
      );
    return [a!];
  },
  evaluate: ([condition, a, b], _params, [output]) => {
    const { shape, dtype } = output!;
    const { width } = dtypeInfo(dtype);
    const out = allocate(dtype, condition!.size);
    const choose = condition!.data();
    const x = a!.data();
    const y = b!.data();
    for (let i = 0; i < out.length; i++) out[i] = choose[width === 1 ? i : i >> 1] ? x[i]! : y[i]!;
    return [new Tensor(out, shape, dtype)];
  },
  ...linear((operand) => operand > 0),
  transpose: ({ cotangents: [cotangent], inputs: [condition, a, b] }) => {
    const chosen = (x: Tensor | Abstract, y: Tensor, n: Tensor): Tangent =>
      isOpen(x) ? bindOne(whereP, [condition as Tensor, y, n], undefined) : null;
    const zero = zerosLike(cotangent!);
    return [null, chosen(a!, cotangent!, zero), chosen(b!, zero, cotangent!)];
  },
  batch: leadingBatch,
});

/** Elements of `a` where the condition holds and of `b` elsewhere, all three broadcast together. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const mask = asTensor(condition);
  const [x, y] = unify(a, b);
  const shape = broadcastShapes(mask.shape, x.shape, y.shape);
  return bindOne(whereP, [broadcastTo(mask, shape), broadcastTo(x, shape), broadcastTo(y, shape)], undefined);
}
