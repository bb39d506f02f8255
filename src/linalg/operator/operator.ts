// Linear maps that know their structure. An algorithm asks an operator for what it can do cheaply (products, systems,
// its diagonal) and never for what it is made of.

import { Tracer } from "../../ops/tracer.ts";
import { eye } from "../../tensor/create.ts";
import { type DType, inexactDType, isComplex, promote } from "../../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** What is known of a square operator beyond its structure; algorithms rely on it without checking. */
export interface Tags {
  /** Equal to its adjoint. */
  readonly hermitian?: boolean;
  /** Hermitian with positive eigenvalues; implies `hermitian`. */
  readonly positiveDefinite?: boolean;
  /** The inverse is the adjoint. */
  readonly unitary?: boolean;
  readonly triangular?: "lower" | "upper";
}

/**
 * A linear map from `[n]` to `[m]`. Operators are immutable and made of tensors; `apply` and `solve` are made of
 * differentiable operations, so derivatives by those tensors, `vmap` and `jit` come for free.
 */
export abstract class LinearOperator {
  /** `[m, n]`. */
  readonly shape: readonly [number, number];
  readonly dtype: DType;
  readonly tags: Tags;
  /** The name of the structure, for messages and printing. */
  abstract readonly kind: string;

  protected constructor(shape: readonly [number, number], dtype: DType, tags: Tags = {}) {
    this.shape = shape;
    this.dtype = inexactDType(dtype);
    this.tags = tags.positiveDefinite ? { ...tags, hermitian: true } : tags;
  }

  /** A x for columns x `[n, k]`. */
  protected abstract product(x: Tensor): Tensor;

  /** Aᵀ, without conjugation. */
  abstract transpose(): LinearOperator;

  /** The conjugate operator. */
  abstract conj(): LinearOperator;

  /** A x for x `[n]` or `[n, k]`. Throws ShapeError for anything else. */
  apply(x: Tensor): Tensor {
    return onColumns(`${this.kind} operator`, x, this.shape[1], (columns) => this.product(columns));
  }

  /** Aᴴ. */
  adjoint(): LinearOperator {
    if (this.tags.hermitian) return this;
    return isComplex(this.dtype) ? this.conj().transpose() : this.transpose();
  }

  /** The matrix `[m, n]`, from products with all unit vectors unless the kind knows better. */
  toDense(): Tensor {
    return this.apply(eye(this.shape[1], this.shape[1], { dtype: this.dtype }));
  }

  /** The entries (i, i), `[min(m, n)]`. */
  diagonal(): Tensor {
    const k = Math.min(...this.shape);
    const dense = this.toDense();
    return dense
      .at(`:${k}`, `:${k}`)
      .mul(eye(k, k, { dtype: dense.dtype }))
      .sum({ axis: -1 });
  }

  /** A way to solve A x = b that the structure offers; undefined where it offers none. */
  solver(): ((b: Tensor) => Tensor) | undefined {
    return this.tags.unitary ? (b) => this.adjoint().apply(b) : undefined;
  }

  /** Multiplications of one product with a vector. */
  abstract cost(): number;

  /** Numbers that the operator is made of; as many as `cost()` multiplications unless the kind knows better. */
  parameters(): number {
    return this.cost();
  }

  toString(): string {
    const tags = Object.entries(this.tags)
      .filter(([, value]) => value)
      .map(([name, value]) => (value === true ? name : `${value} ${name}`));
    return `${this.kind} operator ${formatShape(this.shape)} of ${this.dtype}${tags.length ? `, ${tags.join(", ")}` : ""}`;
  }
}

/** What holds for the transpose when the tags hold. */
export function transposedTags({ triangular, ...others }: Tags): Tags {
  return triangular ? { ...others, triangular: triangular === "lower" ? "upper" : "lower" } : others;
}

/** Applies a function of columns `[n, k]` to a vector or to columns. Throws ShapeError unless the lengths agree. */
export function onColumns(name: string, x: Tensor, n: number, f: (columns: Tensor) => Tensor): Tensor {
  if ((x.ndim !== 1 && x.ndim !== 2) || x.shape[0] !== n)
    throw new ShapeError(
      `${name}: a vector [${n}] or columns [${n}, k] were expected, got shape ${formatShape(x.shape)}`,
    );
  return x.ndim === 1 ? f(x.expandDims(1)).squeeze(1) : f(x);
}

/** Throws ShapeError unless an operator is square. */
export function checkSquareOperator(name: string, a: LinearOperator, argument = "a"): number {
  const [m, n] = a.shape;
  if (m !== n) throw new ShapeError(`${name}: ${argument} must be square, got shape ${formatShape(a.shape)}`);
  return n;
}

/** The dtype in which several meet. */
export const meetDTypes = (...operands: readonly { readonly dtype: DType }[]): DType =>
  operands.map(({ dtype }) => inexactDType(dtype)).reduce(promote);

/** Throws DTypeError for storage dtypes, and ShapeError unless a tensor has `ndim` axes. */
export function checkPart(kind: string, argument: string, x: Tensor, ndim: number): void {
  if (x.dtype.startsWith("float8"))
    throw new DTypeError(`${kind}: ${argument} of dtype ${x.dtype} must be converted with astype first`);
  if (x.ndim !== ndim)
    throw new ShapeError(
      `${kind}: ${argument} must have ${ndim} ${ndim === 1 ? "axis" : "axes"}, got shape ${formatShape(x.shape)}`,
    );
}

/** Whether the values of a tensor are known, outside of transforms. */
export const isKnown = (x: Tensor): boolean => !(x instanceof Tracer);
