import { type Complex, isComplexNumber } from "./complex.ts";
import { type DType, dtypeInfo, type Storage } from "./dtype.ts";
import { DTypeError } from "./errors.ts";
import { decodeNarrow, encodeNarrow } from "./float16.ts";

/** A scalar as users write it. */
export type Scalar = number | boolean | Complex;

/** The value at an element position of storage. */
export function readElement(data: Storage, dtype: DType, position: number): Scalar {
  const { width, packed } = dtypeInfo(dtype);
  if (width === 2) return { re: data[2 * position]!, im: data[2 * position + 1]! };
  if (packed) return decodeNarrow(dtype, data[position]!);
  return dtype === "bool" ? data[position] !== 0 : data[position]!;
}

/** Stores a value at an element position; throws DTypeError for a complex value in a real dtype. */
export function writeElement(data: Storage, dtype: DType, position: number, value: Scalar): void {
  const { width, packed } = dtypeInfo(dtype);
  if (isComplexNumber(value)) {
    if (width !== 2) throw new DTypeError(`a complex value does not fit dtype ${dtype}`);
    data[2 * position] = value.re;
    data[2 * position + 1] = value.im;
  } else if (width === 2) {
    data[2 * position] = Number(value);
    data[2 * position + 1] = 0;
  } else if (packed) data[position] = encodeNarrow(dtype, Number(value));
  else if (dtype === "bool") data[position] = value ? 1 : 0;
  else data[position] = Number(value);
}
