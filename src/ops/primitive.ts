import type { DType } from "../tensor/dtype.ts";
import { allocate, dtypeInfo, dtypes } from "../tensor/dtype.ts";
import { DTypeError } from "../tensor/errors.ts";
import { narrow, widen } from "../tensor/float16.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What is known of a tensor without its elements. */
export interface Abstract {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * One operation of the engine with every rule it owes, in one place. Public functions check and convert their arguments
 * (promotion, broadcasting) and then `bind` primitives, which take operands as they are.
 */
export interface Primitive<P> {
  readonly name: string;
  /** Element types it computes with. Narrow floats among them are widened to float32 for `evaluate`. */
  readonly dtypes: readonly DType[];
  /** Moves elements without looking at them: narrow floats are then handed over as bit patterns. */
  readonly movesOnly?: boolean;
  /** Shapes and dtypes of the results; throws ShapeError or DTypeError when the operands do not fit. */
  abstractEval(inputs: readonly Abstract[], params: P): readonly Abstract[];
  /** The results themselves; `outputs` is what `abstractEval` answered. */
  evaluate(inputs: readonly Tensor[], params: P, outputs: readonly Abstract[]): readonly Tensor[];
}

/** Every primitive by name. */
export const primitives: Map<string, Primitive<never>> = new Map<string, Primitive<never>>();

/** Registers a primitive; a name is taken once. */
export function definePrimitive<P>(record: Primitive<P>): Primitive<P> {
  if (primitives.has(record.name)) throw new Error(`primitive "${record.name}" is defined twice`);
  primitives.set(record.name, record as Primitive<never>);
  return record;
}

/** Applies a primitive to operands: the one door through which every operation passes. */
export function bind<P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
  const outputs = primitive.abstractEval(inputs, params);
  for (let i = 0; i < inputs.length; i++) {
    const { dtype } = inputs[i]!;
    if (!primitive.dtypes.includes(dtype)) throw unsupported(primitive, dtype);
    if (dtypeInfo(dtype).packed && !primitive.movesOnly)
      return evaluateWidened(primitive, inputs, params, outputs);
  }
  return primitive.evaluate(inputs, params, outputs);
}

/** `bind` for primitives with a single result. */
export function bindOne<P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): Tensor {
  return bind(primitive, inputs, params)[0]!;
}

function unsupported(primitive: Primitive<never>, dtype: DType): DTypeError {
  const advice = dtype.startsWith("float8")
    ? `: ${dtype} is a storage dtype, convert it with astype("float32") first`
    : `; it takes ${primitive.dtypes.join(", ")}`;
  return new DTypeError(`${primitive.name} does not take ${dtype}${advice}`);
}

/** Narrow floats compute in float32 and are rounded once at the end. */
function evaluateWidened<P>(
  primitive: Primitive<P>,
  inputs: readonly Tensor[],
  params: P,
  outputs: readonly Abstract[],
): readonly Tensor[] {
  const wide = (abstract: Abstract): Abstract =>
    dtypeInfo(abstract.dtype).packed ? { shape: abstract.shape, dtype: "float32" } : abstract;
  const results = primitive.evaluate(inputs.map(widenTensor), params, outputs.map(wide));
  return results.map((result, i) => {
    const { dtype } = outputs[i]!;
    if (!dtypeInfo(dtype).packed) return result;
    const data = allocate(dtype, result.size);
    narrow(dtype, result.data(), data);
    return new Tensor(data, result.shape, dtype);
  });
}

function widenTensor(x: Tensor): Tensor {
  return dtypeInfo(x.dtype).packed ? new Tensor(widen(x.dtype, x.data()), x.shape, "float32") : x;
}

const of = (accept: (dtype: DType) => boolean): readonly DType[] => dtypes.filter(accept);
const kindOf = (dtype: DType): string => dtypeInfo(dtype).kind;
const computes = (dtype: DType): boolean => !dtype.startsWith("float8");

/** The sets of dtypes that primitives declare. */
export const ALL: readonly DType[] = dtypes;
export const COMPUTING: readonly DType[] = of(computes);
export const NUMERIC: readonly DType[] = of((dtype) => computes(dtype) && dtype !== "bool");
export const REAL: readonly DType[] = of((dtype) => computes(dtype) && kindOf(dtype) !== "complex");
export const ORDERED_NUMERIC: readonly DType[] = REAL.filter((dtype) => dtype !== "bool");
export const FLOATS: readonly DType[] = of((dtype) => computes(dtype) && kindOf(dtype) === "float");
export const INEXACT: readonly DType[] = of(
  (dtype) => computes(dtype) && ["float", "complex"].includes(kindOf(dtype)),
);
export const COMPLEX: readonly DType[] = of((dtype) => kindOf(dtype) === "complex");
