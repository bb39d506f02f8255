import { isComplexNumber } from "./complex.ts";
import { allocate, type DType, dtypeInfo, isComplex, type Storage } from "./dtype.ts";
import { type Scalar, writeElement } from "./element.ts";
import { DTypeError, ShapeError } from "./errors.ts";
import { checkShape, formatShape, type Shape, sizeOf } from "./shape.ts";
import { type Nested, Tensor } from "./tensor.ts";

/**
 * A tensor from nested arrays, a typed array or a scalar. Without `dtype` numbers become float64, booleans bool,
 * complex numbers complex128, and typed arrays keep their element type. `shape` reshapes the elements.
 * Throws ShapeError for ragged nesting or a shape of another size, DTypeError for mixed or unfit elements.
 */
export function tensor(
  values: Nested | Tensor | ArrayBufferView,
  options: { readonly dtype?: DType; readonly shape?: Shape } = {},
): Tensor {
  const made = ArrayBuffer.isView(values)
    ? fromView(values, options.dtype)
    : values instanceof Tensor
      ? fromTensor(values, options.dtype)
      : fromNested(values, options.dtype);
  if (!options.shape) return made;
  checkShape(options.shape);
  if (sizeOf(options.shape) !== made.size)
    throw new ShapeError(`tensor: ${made.size} elements do not fill shape ${formatShape(options.shape)}`);
  return new Tensor(made.data(), options.shape, made.dtype);
}

function fromTensor(values: Tensor, dtype: DType | undefined): Tensor {
  if (dtype !== undefined && dtype !== values.dtype)
    throw new DTypeError(`tensor: to convert ${values.dtype} to ${dtype} use astype("${dtype}")`);
  return values;
}

function fromNested(values: Nested, dtype?: DType): Tensor {
  const shape: number[] = [];
  for (let level: Nested = values; Array.isArray(level); level = level[0] as Nested) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const flat: Scalar[] = [];
  const walk = (level: Nested, axis: number): void => {
    if (Array.isArray(level)) {
      if (level.length !== shape[axis])
        throw new ShapeError(
          `tensor: ragged nesting at depth ${axis}: a row of length ${level.length} where ${shape[axis] ?? "a scalar"} was expected`,
        );
      for (const child of level) walk(child, axis + 1);
    } else {
      if (axis !== shape.length)
        throw new ShapeError(`tensor: ragged nesting: a scalar at depth ${axis} of ${shape.length}`);
      if (typeof level !== "number" && typeof level !== "boolean" && !isComplexNumber(level))
        throw new DTypeError(`tensor: elements must be numbers, booleans or { re, im }, got ${typeof level}`);
      flat.push(level as Scalar);
    }
  };
  walk(values, 0);
  const type = dtype ?? inferDType(flat);
  const data = allocate(type, flat.length);
  for (let i = 0; i < flat.length; i++) writeElement(data, type, i, flat[i]!);
  return new Tensor(data, shape, type);
}

function inferDType(values: readonly Scalar[]): DType {
  if (values.some(isComplexNumber)) return "complex128";
  return values.length > 0 && values.every((value) => typeof value === "boolean") ? "bool" : "float64";
}

const VIEW_DTYPES: Readonly<Record<string, DType>> = {
  Float64Array: "float64",
  Float32Array: "float32",
  Int32Array: "int32",
  Uint32Array: "uint32",
  Int8Array: "int8",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
};

function fromView(view: ArrayBufferView, dtype?: DType): Tensor {
  const source = view as unknown as Storage;
  if (dtype !== undefined && dtypeInfo(dtype).storage.name !== view.constructor.name) {
    if (dtypeInfo(dtype).packed || isComplex(dtype))
      throw new DTypeError(
        `tensor: dtype ${dtype} is stored in a ${dtypeInfo(dtype).storage.name}, got ${view.constructor.name}`,
      );
    const data = allocate(dtype, source.length);
    for (let i = 0; i < source.length; i++) writeElement(data, dtype, i, source[i]!);
    return new Tensor(data, [source.length], dtype);
  }
  const type =
    dtype ?? VIEW_DTYPES[view.constructor.name] ?? (view instanceof Uint8Array ? "uint8" : undefined);
  if (type === undefined)
    throw new DTypeError(
      `tensor: no dtype for a ${view.constructor.name}; one of ${Object.keys(VIEW_DTYPES).join(", ")} was expected`,
    );
  const { width } = dtypeInfo(type);
  if (source.length % width)
    throw new ShapeError(`tensor: ${source.length} entries are not pairs of real and imaginary parts`);
  return new Tensor(source.slice(), [source.length / width], type);
}

/**
 * Wraps a typed array without copying; the caller must not write to it again. The array's type must be the one that
 * holds `dtype` (complex: interleaved parts; narrow floats: bit patterns).
 */
export function fromTypedArray(data: Storage, shape: Shape, dtype: DType): Tensor {
  checkShape(shape);
  const { storage, width } = dtypeInfo(dtype);
  if (!(data instanceof storage))
    throw new DTypeError(
      `fromTypedArray: ${dtype} needs a ${storage.name}, got ${(data as object).constructor.name}`,
    );
  if (data.length !== sizeOf(shape) * width)
    throw new ShapeError(
      `fromTypedArray: shape ${formatShape(shape)} of ${dtype} needs ${sizeOf(shape) * width} entries, got ${data.length}`,
    );
  return new Tensor(data, shape, dtype);
}

/** A tensor of one repeated value; takes the memory of a single element. */
export function full(shape: Shape, value: Scalar, dtype?: DType): Tensor {
  checkShape(shape);
  const type = dtype ?? inferDType([value]);
  const data = allocate(type, 1);
  writeElement(data, type, 0, value);
  return new Tensor(data, shape, type, new Array<number>(shape.length).fill(0));
}

export function zeros(shape: Shape, dtype: DType = "float64"): Tensor {
  checkShape(shape);
  return new Tensor(allocate(dtype, sizeOf(shape)), shape, dtype);
}

export const ones = (shape: Shape, dtype: DType = "float64"): Tensor => full(shape, 1, dtype);

/** The identity matrix `[n, m]`, ones on diagonal `k`. */
export function eye(
  n: number,
  m: number = n,
  options: { readonly k?: number; readonly dtype?: DType } = {},
): Tensor {
  const { k = 0, dtype = "float64" } = options;
  checkShape([n, m]);
  const data = allocate(dtype, n * m);
  for (let i = Math.max(0, -k); i < n && i + k < m; i++) writeElement(data, dtype, i * m + i + k, 1);
  return new Tensor(data, [n, m], dtype);
}

/** `start, start + step, …` below `stop` (float64 unless told); `arange(n)` counts from 0. */
export function arange(start: number, stop?: number, step = 1, dtype: DType = "float64"): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.ceil((to - from) / step);
  if (!Number.isFinite(count)) throw new ShapeError(`arange(${from}, ${to}, ${step}) has no finite length`);
  const data = allocate(dtype, Math.max(0, count));
  for (let i = 0; i < count; i++) writeElement(data, dtype, i, from + i * step);
  return new Tensor(data, [Math.max(0, count)], dtype);
}

/** `count` equally spaced values from `start` to `stop` inclusive. */
export function linspace(start: number, stop: number, count: number, dtype: DType = "float64"): Tensor {
  checkShape([count], "linspace: count");
  const data = allocate(dtype, count);
  for (let i = 0; i < count; i++) {
    const value = i === count - 1 && count > 1 ? stop : start + (i * (stop - start)) / Math.max(1, count - 1);
    writeElement(data, dtype, i, value);
  }
  return new Tensor(data, [count], dtype);
}
