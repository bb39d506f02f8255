// Dense matrices as operators, and matrices of which only products are known.

import { concat } from "../../ops/join.ts";
import { zeros } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { solve, solvePositive } from "../systems/solve.ts";
import { solveTriangular } from "../systems/solveTriangular.ts";
import { checkPart, LinearOperator, type Tags } from "./operator.ts";

/** A dense matrix. */
export class Dense extends LinearOperator {
  readonly kind: string = "dense";
  readonly matrix: Tensor;

  constructor(matrix: Tensor, tags: Tags = {}) {
    checkPart("dense operator", "matrix", matrix, 2);
    super(matrix.shape as unknown as readonly [number, number], matrix.dtype, tags);
    this.matrix = matrix;
  }

  protected product(x: Tensor): Tensor {
    return this.matrix.matmul(x);
  }

  override transpose(): Dense {
    const { triangular } = this.tags;
    const flipped = triangular && {
      triangular: triangular === "lower" ? ("upper" as const) : ("lower" as const),
    };
    return new Dense(this.matrix.mT(), { ...this.tags, ...flipped });
  }

  override conj(): Dense {
    return new Dense(this.matrix.conj(), this.tags);
  }

  override toDense(): Tensor {
    return this.matrix;
  }

  override solver(): ((b: Tensor) => Tensor) | undefined {
    const { unitary, triangular, positiveDefinite } = this.tags;
    if (unitary) return super.solver();
    if (this.shape[0] !== this.shape[1]) return undefined;
    if (triangular) return (b) => solveTriangular(this.matrix, b, { lower: triangular === "lower" });
    return positiveDefinite ? (b) => solvePositive(this.matrix, b) : (b) => solve(this.matrix, b);
  }

  override cost(): number {
    return this.shape[0] * this.shape[1];
  }
}

export interface FunctionOperatorOptions {
  readonly shape: readonly [number, number];
  readonly dtype?: DType;
  /** Aᵀ x, for methods that need it; of hermitian operators it is known. */
  readonly transpose?: (x: Tensor) => Tensor;
  readonly tags?: Tags;
  /** Multiplications of one product; m n unless told. */
  readonly cost?: number;
}

/** A matrix known by its products with vectors `[n]`. */
export class FunctionOperator extends LinearOperator {
  readonly kind: string = "function";
  readonly #apply: (x: Tensor) => Tensor;
  readonly #options: FunctionOperatorOptions;

  constructor(apply: (x: Tensor) => Tensor, options: FunctionOperatorOptions) {
    const [m, n] = options.shape;
    if (![m, n].every((length) => Number.isInteger(length) && length >= 0))
      throw new ShapeError(`function operator: shape must be two lengths, got ${formatShape(options.shape)}`);
    super(options.shape, options.dtype ?? "float64", options.tags);
    this.#apply = apply;
    this.#options = options;
  }

  protected product(x: Tensor): Tensor {
    const columns = Array.from({ length: x.shape[1]! }, (_, j) => this.#checked(x.at(":", j)).expandDims(1));
    return columns.length ? concat(columns, 1) : zeros([this.shape[0], 0], this.dtype);
  }

  #checked(x: Tensor): Tensor {
    const y = this.#apply(x);
    if (y.ndim !== 1 || y.shape[0] !== this.shape[0])
      throw new ShapeError(
        `function operator: a product of shape [${this.shape[0]}] was expected, got shape ${formatShape(y.shape)}`,
      );
    return y;
  }

  override transpose(): FunctionOperator {
    const { shape, transpose, tags } = this.#options;
    const back = transpose ?? (this.tags.hermitian ? (x: Tensor) => this.#apply(x.conj()).conj() : undefined);
    if (!back)
      throw new DomainError("function operator: its transpose is needed here; give it in the options");
    return new FunctionOperator(back, {
      ...this.#options,
      shape: [shape[1], shape[0]],
      transpose: this.#apply,
      ...(tags && { tags }),
    });
  }

  override conj(): FunctionOperator {
    const { transpose } = this.#options;
    return new FunctionOperator((x) => this.#apply(x.conj()).conj(), {
      ...this.#options,
      ...(transpose && { transpose: (x: Tensor) => transpose(x.conj()).conj() }),
    });
  }

  override cost(): number {
    return this.#options.cost ?? this.shape[0] * this.shape[1];
  }
}
