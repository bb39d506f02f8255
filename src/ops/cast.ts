import { allocate, type DType, dtypeInfo, isComplex, isFloat, type Storage } from "../tensor/dtype.ts";
import { DTypeError } from "../tensor/errors.ts";
import { narrow, widen } from "../tensor/float16.ts";
import { Tensor } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { ALL, definePrimitive, type Primitive } from "./primitive.ts";
import { leadingBatch, linear, noDerivative } from "./rules.ts";

export const castP: Primitive<{ readonly dtype: DType }> = definePrimitive({
  name: "cast",
  lower: { kind: "map", kernel: "cast" },
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
  evaluate: ([x], { dtype }) => {
    // A repeated element stays one element.
    if (x!.size > 1 && x!.strides.every((stride) => stride === 0)) {
      const one = new Tensor(x!.storage, [1], x!.dtype, [1], x!.offset);
      return [new Tensor(convert(one.data(), x!.dtype, dtype), x!.shape, dtype, x!.strides)];
    }
    return [new Tensor(convert(x!.data(), x!.dtype, dtype), x!.shape, dtype)];
  },
  jvp: (call) => (isSmooth(call.inputs[0]!.dtype, call.params.dtype) ? linear() : noDerivative).jvp(call),
  jet: (call) =>
    (isSmooth(call.outputs[0]!.dtype, call.series[0]![0].dtype) ? linear() : noDerivative).jet(call),
  transpose: ({ cotangents: [c], inputs: [x] }) => [(isComplex(x!.dtype) ? c! : c!.real()).astype(x!.dtype)],
  batch: leadingBatch,
});

/** Between fractional dtypes a cast is the identity to rounding; from or to integers it has no derivative. */
const isSmooth = (source: DType, target: DType): boolean =>
  [source, target].every((dtype) => isFloat(dtype) || isComplex(dtype));

function convert(from: Storage, source: DType, target: DType): Storage {
  const { width: widthIn, packed } = dtypeInfo(source);
  const { width: widthOut } = dtypeInfo(target);
  const values = packed ? widen(source, from) : from;
  const count = values.length / widthIn;
  const out = allocate(target, count);
  if (widthIn !== widthOut) {
    // Real to complex spreads the entries; complex to bool is the only way back.
    if (widthOut === 2) for (let i = 0; i < count; i++) out[2 * i] = values[i]!;
    else for (let i = 0; i < count; i++) out[i] = values[2 * i] !== 0 || values[2 * i + 1] !== 0 ? 1 : 0;
  } else if (dtypeInfo(target).packed) narrow(target, values, out);
  else if (target === "bool") for (let i = 0; i < count; i++) out[i] = values[i] !== 0 ? 1 : 0;
  else out.set(values);
  return out;
}

/**
 * The elements converted to another dtype. Fractions are cut off towards zero and integers wrap, as in NumPy. Throws
 * DTypeError from complex to real: take `real(x)` or `abs(x)`.
 */
export function astype(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  if (dtypeInfo(x.dtype).kind === "complex" && dtypeInfo(dtype).kind !== "complex" && dtype !== "bool")
    throw new DTypeError(`astype: ${x.dtype} to ${dtype} would lose the imaginary part; use real() or abs()`);
  return bindOne(castP, [x], { dtype });
}
