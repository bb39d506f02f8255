// Vectors of Krylov methods: arrays of float64 entries, whatever the operator's dtype, and the way to and from tensors.

import { allocate, complexDType, type DType, isComplex } from "../../tensor/dtype.ts";
import { DomainError, ShapeError, TracerError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { addTimes, adjointTimes, dotc, maxAbs, norm2, scale, type Width } from "../kernels/vector.ts";
import { isKnown, type LinearOperator } from "../operator/operator.ts";

/** Two entries: the parts of the last scalar product. */
const product = new Float64Array(2);

/** Vectors of n elements. */
export class VectorSpace {
  readonly n: number;
  readonly w: Width;
  /** Of tensors that are made of vectors. */
  readonly dtype: DType;

  constructor(n: number, dtype: DType) {
    this.n = n;
    this.dtype = dtype;
    this.w = isComplex(dtype) ? 2 : 1;
  }

  zeros(count = 1): Float64Array {
    return new Float64Array(this.n * count * this.w);
  }

  /** A vector as a tensor `[n]`, or columns as `[n, k]`; a float64 vector is not copied. */
  tensor(v: Float64Array, columns?: number): Tensor {
    const { n, dtype } = this;
    let data = v as ReturnType<typeof allocate>;
    if (dtype !== "float64" && dtype !== "complex128") {
      data = allocate(dtype, v.length / this.w);
      data.set(v);
    }
    return columns === undefined
      ? new Tensor(data, [n], dtype)
      : new Tensor(data, [n, columns], dtype, [1, n]).contiguous();
  }

  /** The entries of a tensor `[n]`, in the width of this space. They may be those of the tensor: read only. */
  entries(x: Tensor): Float64Array {
    const data = x.data();
    if (isComplex(x.dtype) === (this.w === 2))
      return data instanceof Float64Array ? data : Float64Array.from(data);
    const wide = new Float64Array(2 * data.length);
    for (let i = 0; i < data.length; i++) wide[2 * i] = data[i]!;
    return wide;
  }

  dot(x: Float64Array, y: Float64Array): number {
    dotc(this.w, x, 0, y, 0, this.n, product, 0);
    return product[0]!;
  }

  /** Σ conj(x) y, both parts; the array is used again by the next call. */
  dotc(x: Float64Array, y: Float64Array): Float64Array {
    dotc(this.w, x, 0, y, 0, this.n, product, 0);
    if (this.w === 1) product[1] = 0;
    return product;
  }

  norm(x: Float64Array): number {
    return norm2(x, 0, x.length);
  }

  /** x ← x / ‖x‖; returns the norm, and leaves a zero vector alone. */
  normalize(x: Float64Array): number {
    const size = this.norm(x);
    if (size > 0) scale(this.w, 1 / size, 0, x, 0, this.n);
    return size;
  }
}

/** y ← y + a x for real a. */
export function addScaled(y: Float64Array, a: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] += a * x[i]!;
}

/** y ← x + a y for real a. */
export function scaleAndAdd(y: Float64Array, a: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] = x[i]! + a * y[i]!;
}

/** x ← x + a p and r ← r − a q for real a, in one pass; returns Σ |r|². */
export function advance(
  x: Float64Array,
  r: Float64Array,
  a: number,
  p: Float64Array,
  q: Float64Array,
): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    x[i] += a * p[i]!;
    const rest = r[i]! - a * q[i]!;
    r[i] = rest;
    sum += rest * rest;
  }
  return sum;
}

/** Orthonormal columns, to which further ones are added. */
export class Basis {
  readonly space: VectorSpace;
  readonly data: Float64Array;
  readonly capacity: number;
  readonly #correction: Float64Array;

  constructor(space: VectorSpace, capacity: number) {
    this.space = space;
    this.capacity = capacity;
    this.data = space.zeros(capacity);
    this.#correction = new Float64Array(capacity * space.w);
  }

  column(j: number): Float64Array {
    const ld = this.space.n * this.space.w;
    return this.data.subarray(j * ld, (j + 1) * ld);
  }

  /**
   * Takes the components along the first `count` columns out of x, twice, and adds them to `coefficients` when given.
   */
  orthogonalize(x: Float64Array, count: number, coefficients?: Float64Array): void {
    const { n, w } = this.space;
    const c = this.#correction;
    for (let pass = 0; pass < 2; pass++) {
      adjointTimes(w, this.data, 0, n * w, n, count, x, 0, c, 0);
      addTimes(w, -1, this.data, 0, n * w, n, count, c, 0, x, 0);
      if (coefficients) for (let i = 0; i < count * w; i++) coefficients[i] = coefficients[i]! + c[i]!;
    }
  }

  /**
   * A step of Arnoldi's method: y without its components along the first `count` columns, normalized, becomes the next
   * column. The components and the length of the rest are added to `coefficients`. Whether the rest was only rounding,
   * so that the columns span an invariant space; its length then counts as zero.
   */
  extend(y: Float64Array, count: number, coefficients: Float64Array): boolean {
    const { space } = this;
    const size = space.norm(y);
    this.orthogonalize(y, count, coefficients);
    const rest = space.normalize(y);
    const isInvariant = rest <= 2 ** -52 * size;
    if (!isInvariant) coefficients[count * space.w] = rest;
    this.column(count).set(y);
    return isInvariant;
  }

  /** Adds Σ cⱼ · column j to x. */
  combine(coefficients: Float64Array, count: number, x: Float64Array): void {
    const { n, w } = this.space;
    addTimes(w, 1, this.data, 0, n * w, n, count, coefficients, 0, x, 0);
  }
}

/** Throws TracerError, ShapeError or DomainError unless b is a known, finite vector `[n]`. */
export function checkVector(name: string, b: Tensor, n: number, argument = "b"): void {
  if (!isKnown(b))
    throw new TracerError(
      `${name}: ${argument} must have known values here; inside of transforms use linearSolve with this method as its solver`,
    );
  if (b.ndim !== 1 || b.shape[0] !== n)
    throw new ShapeError(`${name}: ${argument} must be a vector [${n}], got shape ${formatShape(b.shape)}`);
  const data = b.data();
  const top = maxAbs(data instanceof Float64Array ? data : Float64Array.from(data), 0, data.length);
  if (!Number.isFinite(top))
    throw new DomainError(`${name}: ${argument} holds a value that is not finite (${top})`);
}

/** An operator on vectors of a space, which counts its products. */
export class CountedOperator {
  readonly operator: LinearOperator;
  readonly from: VectorSpace;
  readonly to: VectorSpace;
  count = 0;
  #adjoint: LinearOperator | undefined;

  constructor(operator: LinearOperator, dtype: DType) {
    this.operator = operator;
    this.from = new VectorSpace(operator.shape[1], dtype);
    this.to = new VectorSpace(operator.shape[0], dtype);
  }

  /** A x, as a vector that may be overwritten. */
  apply(x: Float64Array): Float64Array {
    return this.image(x).slice();
  }

  /** A x, to be read only; x must not change as long as it is read. */
  image(x: Float64Array): Float64Array {
    this.count++;
    return this.to.entries(this.operator.apply(this.from.tensor(x)));
  }

  /** Aᴴ x. */
  applyAdjoint(x: Float64Array): Float64Array {
    this.count++;
    this.#adjoint ??= this.operator.adjoint();
    return this.from.entries(this.#adjoint.apply(this.to.tensor(x))).slice();
  }
}

/** The wider of a dtype and complex128, where complex results are asked for. */
export const complexOf = (dtype: DType): DType => complexDType(dtype);
