// How public operations bring their arguments into the form that primitives take.

import { isComplexNumber } from "../tensor/complex.ts";
import { allocate, type DType, promote, promoteScalar } from "../tensor/dtype.ts";
import { type Scalar, writeElement } from "../tensor/element.ts";
import { DTypeError } from "../tensor/errors.ts";
import { broadcastShapes } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { astype } from "./cast.ts";
import { broadcastTo } from "./movement.ts";

function scalarTensor(value: Scalar, dtype: DType): Tensor {
  const data = allocate(dtype, 1);
  writeElement(data, dtype, 0, value);
  return new Tensor(data, [], dtype);
}

/** A tensor for an argument; plain values become tensors without axes, float64, bool or complex128 by their kind. */
export function asTensor(value: TensorLike, what = "operand"): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === "number") return scalarTensor(value, "float64");
  if (typeof value === "boolean") return scalarTensor(value, "bool");
  if (isComplexNumber(value)) return scalarTensor(value, "complex128");
  throw new DTypeError(
    `${what}: a tensor, number, boolean or { re, im } was expected, got ${value === null ? "null" : typeof value}; make tensors of arrays with tensor()`,
  );
}

/** Two operands with one dtype (plain values adapt to the tensor beside them), not yet broadcast. */
export function unify(a: TensorLike, b: TensorLike): readonly [Tensor, Tensor] {
  if (!(a instanceof Tensor) && b instanceof Tensor) {
    const [y, x] = unify(b, a);
    return [x, y];
  }
  const x = asTensor(a);
  if (!(b instanceof Tensor)) {
    const value = asTensor(b).element();
    const dtype = a instanceof Tensor ? promoteScalar(x.dtype, value) : promote(x.dtype, asTensor(b).dtype);
    return [astype(x, dtype), scalarTensor(value, dtype)];
  }
  if (x.dtype === b.dtype) return [x, b];
  const dtype = promote(x.dtype, b.dtype);
  return [astype(x, dtype), astype(b, dtype)];
}

/** Two operands with one dtype and one shape. */
export function align(a: TensorLike, b: TensorLike): readonly [Tensor, Tensor] {
  const [x, y] = unify(a, b);
  if (x.shape === y.shape) return [x, y];
  const shape = broadcastShapes(x.shape, y.shape);
  return [broadcastTo(x, shape), broadcastTo(y, shape)];
}

/** The dtype in which several tensors meet. */
export function commonDType(tensors: readonly Tensor[]): DType {
  return tensors.map((x) => x.dtype).reduce(promote);
}
