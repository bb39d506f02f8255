import { allocate, type DType, dtypeInfo, type Storage } from "./dtype.ts";
import { readElement, type Scalar } from "./element.ts";
import { DTypeError, PolyadicError, ShapeError } from "./errors.ts";
import { gather } from "./gather.ts";
import { formatTensor } from "./print.ts";
import { formatShape, rowMajorStrides, type Shape, sizeOf } from "./shape.ts";

/** Everything that an operation accepts in place of a tensor. */
export type TensorLike = Tensor | Scalar;
/** Arrays of arrays of scalars, all rows of equal length. */
export type Nested = Scalar | readonly Nested[];

/**
 * One position of an index, with NumPy's meaning: an integer removes the axis, `"start:stop:step"` (or the same
 * as an object) selects a range, `":"` everything, `"..."` all axes not mentioned, `null` inserts an axis of
 * length 1, an array or an integer tensor picks positions, a boolean tensor masks.
 */
export type Index =
  | number
  | string
  | null
  | { readonly start?: number; readonly stop?: number; readonly step?: number }
  | readonly number[]
  | Tensor;

/** Axis argument of reductions: one axis, several, or (left out) all. */
export interface Reduction {
  readonly axis?: number | readonly number[];
  /** Keep reduced axes with length 1. */
  readonly keepDims?: boolean;
}

/**
 * An immutable n-dimensional array of one dtype. Reshaping, transposing and slicing share storage; nothing has to be
 * freed. Operations are free functions (`add(x, y)`) of which the common ones are methods too (`x.add(y)`).
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** Elements between neighbours along each axis; 0 where an axis is broadcast. For engine code. */
  readonly strides: Shape;
  /** Element of `storage` at which the tensor starts. For engine code. */
  readonly offset: number;
  /** The shared typed array: never write to it. For engine code; users take `toTypedArray()`. */
  declare readonly storage: Storage;

  /** Wraps storage without copying; `tensor()` and `fromTypedArray()` are the checked ways in. */
  constructor(storage: Storage, shape: Shape, dtype: DType, strides?: Shape, offset = 0) {
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.strides = strides ?? rowMajorStrides(shape);
    this.offset = offset;
  }

  /** Number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Bytes of the elements, were they stored without gaps. */
  get nbytes(): number {
    return this.size * dtypeInfo(this.dtype).bytes;
  }

  /** Elements lie without gaps in C order. */
  get isContiguous(): boolean {
    for (let axis = this.ndim - 1, step = 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== step) return false;
      step *= this.shape[axis]!;
    }
    return true;
  }

  /**
   * The elements in C order: the storage itself, or part of it, when nothing has to be moved, else a copy. Read
   * only. Complex elements take two entries, narrow floats are bit patterns.
   */
  data(): Storage {
    const { width } = dtypeInfo(this.dtype);
    if (this.size === 0) return allocate(this.dtype, 0);
    if (!this.isContiguous) return gather(this);
    if (this.offset === 0 && this.storage.length === this.size * width) return this.storage;
    return this.storage.subarray(this.offset * width, (this.offset + this.size) * width);
  }

  /** A tensor with the same elements, contiguous; `this` when it is so already. */
  contiguous(): Tensor {
    return this.isContiguous ? this : new Tensor(this.data(), this.shape, this.dtype);
  }

  /** A copy of the elements in C order; complex elements take two entries, narrow floats are bit patterns. */
  toTypedArray(): Storage {
    return this.data().slice();
  }

  /** The elements as nested arrays of numbers, booleans or `{ re, im }`; a bare value for a tensor without axes. */
  toArray(): Nested {
    const data = this.data();
    let next = 0;
    const build = (axis: number): Nested =>
      axis === this.ndim
        ? readElement(data, this.dtype, next++)
        : Array.from({ length: this.shape[axis]! }, () => build(axis + 1));
    return build(0);
  }

  /**
   * One element as a number (0 or 1 for bool). Without an index the tensor must hold exactly one element.
   * Throws ShapeError for a wrong index and DTypeError for complex tensors.
   */
  item(...index: number[]): number {
    const value = this.element(...index);
    if (typeof value === "object")
      throw new DTypeError(`item: a ${this.dtype} element is not a number; use element() for { re, im }`);
    return Number(value);
  }

  /** One element as a number, boolean or `{ re, im }`; the index follows the rules of `item`. */
  element(...index: number[]): Scalar {
    if (index.length === 0 && this.size === 1) return readElement(this.storage, this.dtype, this.offset);
    if (index.length !== this.ndim)
      throw new ShapeError(`item: ${index.length} indices for a tensor of shape ${formatShape(this.shape)}`);
    let position = this.offset;
    for (let axis = 0; axis < index.length; axis++) {
      const length = this.shape[axis]!;
      const i = index[axis]! < 0 ? index[axis]! + length : index[axis]!;
      if (!(Number.isInteger(i) && i >= 0 && i < length))
        throw new ShapeError(
          `item: index ${index[axis]} is out of range for axis ${axis} of length ${length}`,
        );
      position += i * this.strides[axis]!;
    }
    return readElement(this.storage, this.dtype, position);
  }

  toString(): string {
    return formatTensor(this);
  }

  /** A tensor has no truth value: comparing tensors gives tensors. */
  [Symbol.toPrimitive](hint: string): string | number {
    if (hint === "string") return this.toString();
    if (this.size === 1) return this.item();
    throw new PolyadicError(
      `a tensor of shape ${formatShape(this.shape)} is not a number: use add(), less() … on it, or item() for one element`,
    );
  }
}

// What `console.log` shows in Node.
Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Tensor): string {
    return this.toString();
  },
});

/**
 * The operations that tensors carry as methods. `ops/` defines them as free functions and attaches them when it
 * loads, so that this folder needs to know nothing of primitives.
 */
export interface Tensor {
  add(other: TensorLike): Tensor;
  sub(other: TensorLike): Tensor;
  mul(other: TensorLike): Tensor;
  div(other: TensorLike): Tensor;
  pow(exponent: TensorLike): Tensor;
  maximum(other: TensorLike): Tensor;
  minimum(other: TensorLike): Tensor;
  equal(other: TensorLike): Tensor;
  notEqual(other: TensorLike): Tensor;
  less(other: TensorLike): Tensor;
  lessEqual(other: TensorLike): Tensor;
  greater(other: TensorLike): Tensor;
  greaterEqual(other: TensorLike): Tensor;
  /** Elements of `a` where this (bool) tensor holds and of `b` elsewhere, broadcast together. */
  where(a: TensorLike, b: TensorLike): Tensor;
  neg(): Tensor;
  abs(): Tensor;
  sqrt(): Tensor;
  square(): Tensor;
  exp(): Tensor;
  log(): Tensor;
  sin(): Tensor;
  cos(): Tensor;
  tanh(): Tensor;
  conj(): Tensor;
  real(): Tensor;
  imag(): Tensor;
  sum(options?: Reduction): Tensor;
  prod(options?: Reduction): Tensor;
  mean(options?: Reduction): Tensor;
  variance(options?: Reduction & { ddof?: number }): Tensor;
  max(options?: Reduction): Tensor;
  min(options?: Reduction): Tensor;
  any(options?: Reduction): Tensor;
  all(options?: Reduction): Tensor;
  argmax(options?: { axis?: number; keepDims?: boolean }): Tensor;
  argmin(options?: { axis?: number; keepDims?: boolean }): Tensor;
  cumsum(axis: number): Tensor;
  astype(dtype: DType): Tensor;
  /** One length may be -1: it is inferred. */
  reshape(shape: Shape): Tensor;
  ravel(): Tensor;
  /** Axes in a new order; reversed when left out. */
  transpose(axes?: readonly number[]): Tensor;
  /** Swaps the last two axes. */
  mT(): Tensor;
  broadcastTo(shape: Shape): Tensor;
  squeeze(axis?: number | readonly number[]): Tensor;
  expandDims(axis: number): Tensor;
  flip(axis?: number | readonly number[]): Tensor;
  /** NumPy's indexing: `x.at(0, "1:5", "...", null, [2, 0])`. */
  at(...index: Index[]): Tensor;
  /** A copy in which the indexed part holds `value` (broadcast). */
  set(index: readonly Index[], value: TensorLike): Tensor;
  matmul(other: Tensor): Tensor;
}
