// The one door through which every operation passes.

import type { DType } from "../tensor/dtype.ts";
import { allocate, dtypeInfo } from "../tensor/dtype.ts";
import { DTypeError } from "../tensor/errors.ts";
import { narrow, widen } from "../tensor/float16.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Abstract, Primitive } from "./primitive.ts";
import { leaked, overOneDomain, type Trace, Tracer } from "./tracer.ts";

/** Applies a primitive to operands: computes, or hands over to the innermost transform that follows an operand. */
export function bind<P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
  let isPacked = false;
  let trace: Trace | null = null;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i]!;
    if (!primitive.dtypes.includes(x.dtype)) throw unsupported(primitive, x.dtype);
    if (x instanceof Tracer) {
      if (!x.trace.isAlive) throw leaked(x);
      if (trace === null || x.trace.level > trace.level) trace = x.trace;
    } else if (dtypeInfo(x.dtype).packed) isPacked = true;
  }
  if (trace !== null)
    return trace.process(primitive, primitive.functional ? inputs : overOneDomain(inputs), params);
  // Compound primitives check their operands where they are made.
  if (typeof primitive.jvp !== "function") return primitive.evaluate(inputs, params, []);
  const outputs = primitive.abstractEval(inputs, params);
  if (isPacked && !primitive.movesOnly) return evaluateWidened(primitive, inputs, params, outputs);
  return primitive.evaluate(inputs, params, outputs);
}

/** `bind` for primitives with a single result. */
export function bindOne<P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): Tensor {
  return bind(primitive, inputs, params)[0]!;
}

function unsupported<P>(primitive: Primitive<P>, dtype: DType): DTypeError {
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
