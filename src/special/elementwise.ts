// How special functions become element-wise primitives: a kernel of plain numbers and the derivative in each operand
// make one primitive with all its rules.

import { bindOne } from "../ops/bind.ts";
import { astype } from "../ops/cast.ts";
import { asRun } from "../ops/loops.ts";
import { broadcastTo } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { definePrimitive, FLOATS, JET_FROM_JVP, type Primitive, type Tangent } from "../ops/primitive.ts";
import { leadingBatch } from "../ops/rules.ts";
import { plus } from "../ops/series.ts";
import { allocate, type DType, inexactDType, promote, promoteScalar, type Storage } from "../tensor/dtype.ts";
import { ShapeError, TracerError } from "../tensor/errors.ts";
import { broadcastShapes, formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";

/** A function of one to four numbers. */
export type Kernel =
  | ((a: number) => number)
  | ((a: number, b: number) => number)
  | ((a: number, b: number, c: number) => number)
  | ((a: number, b: number, c: number, d: number) => number);

/** The partial derivative in one operand at the operands, where the result is y. */
export type Slope = (y: Tensor, ...operands: readonly Tensor[]) => Tensor;

export interface ElementwiseRules {
  /** Computed in float64 whatever the dtype, and rounded once. Its number of arguments is that of the operands. */
  readonly kernel: Kernel;
  /**
   * The derivative in each operand: a formula; the name of an operand in which none is known, for the error that a
   * tangent there gives; or null where the function is constant between jumps.
   */
  readonly slopes: readonly (Slope | string | null)[];
}

/** Declares the primitive; Taylor series follow from the derivative, order by order. */
function elementwisePrimitive(name: string, { kernel, slopes }: ElementwiseRules): Primitive<undefined> {
  return definePrimitive<undefined>({
    name,
    dtypes: FLOATS,
    abstractEval: (inputs) => {
      const [first, ...others] = inputs;
      for (const { shape } of others)
        if (!sameShape(first!.shape, shape))
          throw new ShapeError(
            `${name}: shapes ${inputs.map((x) => formatShape(x.shape)).join(", ")} differ`,
          );
      return [{ shape: first!.shape, dtype: first!.dtype }];
    },
    evaluate: (inputs, _params, [output]) => {
      const data = allocate(output!.dtype, inputs[0]!.size);
      fill(kernel, slopes.length, inputs, data);
      return [new Tensor(data, output!.shape, output!.dtype)];
    },
    jvp: ({ inputs, tangents, outputs: [y] }) => {
      let sum: Tangent = null;
      tangents.forEach((t, i) => {
        if (t === null) return;
        const slope = slopes[i]!;
        if (typeof slope === "string")
          throw new TracerError(
            `${name}: there is no derivative with respect to ${slope}; hold it fixed with stopGradient`,
          );
        if (slope !== null) sum = plus(sum, t.mul(slope(y!, ...inputs)));
      });
      return [sum];
    },
    jet: JET_FROM_JVP,
    batch: leadingBatch,
  });
}

/** One loop per number of operands, so that each call of a kernel has a fixed shape. */
function fill(kernel: Kernel, arity: number, inputs: readonly Tensor[], out: Storage): void {
  const [a, b, c, d] = inputs.map(asRun);
  const n = out.length;
  if (arity === 1) {
    const f = kernel as (a: number) => number;
    for (let i = 0, p = a!.start; i < n; i++, p += a!.step) out[i] = f(a!.data[p]!);
  } else if (arity === 2) {
    const f = kernel as (a: number, b: number) => number;
    for (let i = 0, p = a!.start, q = b!.start; i < n; i++, p += a!.step, q += b!.step)
      out[i] = f(a!.data[p]!, b!.data[q]!);
  } else if (arity === 3) {
    const f = kernel as (a: number, b: number, c: number) => number;
    for (let i = 0; i < n; i++)
      out[i] = f(
        a!.data[a!.start + i * a!.step]!,
        b!.data[b!.start + i * b!.step]!,
        c!.data[c!.start + i * c!.step]!,
      );
  } else {
    const f = kernel as (a: number, b: number, c: number, d: number) => number;
    for (let i = 0; i < n; i++)
      out[i] = f(
        a!.data[a!.start + i * a!.step]!,
        b!.data[b!.start + i * b!.step]!,
        c!.data[c!.start + i * c!.step]!,
        d!.data[d!.start + i * d!.step]!,
      );
  }
}

/** Operands in one shape and one float dtype: plain numbers adapt to the tensors beside them, integers become float64. */
export function alignFloats(values: readonly TensorLike[]): readonly Tensor[] {
  const tensors = values.map((value) => asTensor(value));
  let dtype: DType | null = null;
  for (const value of values)
    if (value instanceof Tensor) dtype = dtype === null ? value.dtype : promote(dtype, value.dtype);
  for (const [i, value] of values.entries())
    if (!(value instanceof Tensor))
      dtype = dtype === null ? tensors[i]!.dtype : promoteScalar(dtype, tensors[i]!.element());
  const common = inexactDType(dtype!);
  const shape = broadcastShapes(...tensors.map((x) => x.shape));
  return tensors.map((x) => broadcastTo(astype(x, common), shape));
}

/** A special function of tensors: broadcasts its operands and applies a primitive. */
export type Function1 = (x: TensorLike) => Tensor;
export type Function2 = (a: TensorLike, b: TensorLike) => Tensor;
export type Function3 = (a: TensorLike, b: TensorLike, c: TensorLike) => Tensor;
export type Function4 = (a: TensorLike, b: TensorLike, c: TensorLike, d: TensorLike) => Tensor;

export function function1(
  name: string,
  kernel: (x: number) => number,
  slope: Slope | string | null,
): Function1 {
  const primitive = elementwisePrimitive(name, { kernel, slopes: [slope] });
  return (value) => {
    const x = asTensor(value);
    return bindOne(primitive, [astype(x, inexactDType(x.dtype))], undefined);
  };
}

export function function2(
  name: string,
  kernel: (a: number, b: number) => number,
  ...slopes: ElementwiseRules["slopes"]
): Function2 {
  const primitive = elementwisePrimitive(name, { kernel, slopes });
  return (a, b) => bindOne(primitive, alignFloats([a, b]), undefined);
}

export function function3(
  name: string,
  kernel: (a: number, b: number, c: number) => number,
  ...slopes: ElementwiseRules["slopes"]
): Function3 {
  const primitive = elementwisePrimitive(name, { kernel, slopes });
  return (a, b, c) => bindOne(primitive, alignFloats([a, b, c]), undefined);
}

export function function4(
  name: string,
  kernel: (a: number, b: number, c: number, d: number) => number,
  ...slopes: ElementwiseRules["slopes"]
): Function4 {
  const primitive = elementwisePrimitive(name, { kernel, slopes });
  return (a, b, c, d) => bindOne(primitive, alignFloats([a, b, c, d]), undefined);
}
