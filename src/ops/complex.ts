import { allocate, complexDType, isComplex, realDType } from "../tensor/dtype.ts";
import { ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { atan2 } from "./arithmetic.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { type Plain, unaryPrimitive } from "./elementwise.ts";
import { align, asTensor } from "./operands.ts";
import { COMPLEX, definePrimitive, FLOATS, type Primitive } from "./primitive.ts";
import { isOpen, leadingBatch, linear, zerosLike } from "./rules.ts";

/** One part of complex elements: a view with doubled strides. */
function partPrimitive(name: string, part: 0 | 1): Plain {
  return definePrimitive<undefined>({
    name,
    dtypes: COMPLEX,
    abstractEval: ([x]) => [{ shape: x!.shape, dtype: realDType(x!.dtype) }],
    evaluate: ([x], _params, [output]) => [
      new Tensor(
        x!.storage,
        output!.shape,
        output!.dtype,
        x!.strides.map((stride) => 2 * stride),
        2 * x!.offset + part,
      ),
    ],
    ...linear(),
    // Re(c·x) against real(x) and imag(x): the part times c, or times -i·c.
    transpose: ({ cotangents: [c] }) => [
      part === 0 ? complexFrom(c!, zerosLike(c!)) : complexFrom(zerosLike(c!), c!.neg()),
    ],
    batch: leadingBatch,
  });
}

const realP = partPrimitive("real", 0);
const imagP = partPrimitive("imag", 1);
const conjP: Plain = unaryPrimitive("conj", {
  dtypes: COMPLEX,
  complex: (re, im, out, at) => {
    out[at] = re;
    out[at + 1] = -im;
  },
  derivative: { transpose: (c) => c.conj() },
});

export const complexFromP: Primitive<undefined> = definePrimitive<undefined>({
  name: "complexFrom",
  dtypes: FLOATS,
  abstractEval: ([re, im]) => {
    if (!sameShape(re!.shape, im!.shape))
      throw new ShapeError(
        `complexFrom: shapes ${formatShape(re!.shape)} and ${formatShape(im!.shape)} differ`,
      );
    return [{ shape: re!.shape, dtype: complexDType(re!.dtype) }];
  },
  evaluate: ([re, im], _params, [output]) => {
    const data = allocate(output!.dtype, re!.size);
    const x = re!.data();
    const y = im!.data();
    for (let i = 0; i < x.length; i++) {
      data[2 * i] = x[i]!;
      data[2 * i + 1] = y[i]!;
    }
    return [new Tensor(data, output!.shape, output!.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [re, im] }) => [
    isOpen(re!) ? real(c!).astype(re!.dtype) : null,
    isOpen(im!) ? imag(c!).neg().astype(im!.dtype) : null,
  ],
  batch: leadingBatch,
});

/** The real parts (a view); real tensors are returned as they are. */
export function real(value: TensorLike): Tensor {
  const x = asTensor(value);
  return isComplex(x.dtype) ? bindOne(realP, [x], undefined) : x;
}

/** The imaginary parts (a view); zeros for real tensors. */
export function imag(value: TensorLike): Tensor {
  const x = asTensor(value);
  return isComplex(x.dtype)
    ? bindOne(imagP, [x], undefined)
    : new Tensor(allocate(x.dtype, x.size), x.shape, x.dtype);
}

/** The complex conjugate; real tensors are returned as they are. */
export function conj(value: TensorLike): Tensor {
  const x = asTensor(value);
  return isComplex(x.dtype) ? bindOne(conjP, [x], undefined) : x;
}

/** The angle of complex elements in (-π, π]. */
export const angle = (x: TensorLike): Tensor => atan2(imag(x), real(x));

/** re + i·im, from real tensors that broadcast together. */
export function complexFrom(re: TensorLike, im: TensorLike): Tensor {
  const [x, y] = align(re, im);
  const dtype =
    x.dtype === "float32" || x.dtype === "float16" || x.dtype === "bfloat16" ? "float32" : "float64";
  return bindOne(complexFromP, [astype(x, dtype), astype(y, dtype)], undefined);
}
