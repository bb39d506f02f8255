// Sparse matrices as operators.

import type { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { sparseSolve, sparseSolveTriangular } from "../../sparse/direct/solve.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { LinearOperator, type Tags } from "./operator.ts";

/** A sparse matrix. O(nnz). */
export class Sparse extends LinearOperator {
  readonly kind: string = "sparse";
  readonly matrix: SparseMatrix;

  constructor(matrix: SparseMatrix, tags: Tags = {}) {
    super(matrix.shape, matrix.dtype, tags);
    this.matrix = matrix;
  }

  protected product(x: Tensor): Tensor {
    return this.matrix.matmul(x);
  }

  override transpose(): Sparse {
    const { triangular } = this.tags;
    const flipped = triangular && {
      triangular: triangular === "lower" ? ("upper" as const) : ("lower" as const),
    };
    return new Sparse(this.matrix.transpose(), { ...this.tags, ...flipped });
  }

  override conj(): Sparse {
    return new Sparse(this.matrix.conj(), this.tags);
  }

  override toDense(): Tensor {
    return this.matrix.toDense();
  }

  override diagonal(): Tensor {
    return this.matrix.diagonal();
  }

  override solver(): ((b: Tensor) => Tensor) | undefined {
    const { unitary, triangular, positiveDefinite } = this.tags;
    if (unitary) return super.solver();
    const { matrix } = this;
    if (matrix.shape[0] !== matrix.shape[1]) return undefined;
    if (triangular) return (b) => sparseSolveTriangular(matrix, b, { lower: triangular === "lower" });
    return (b) => sparseSolve(matrix, b, positiveDefinite ? { assume: "positiveDefinite" } : {});
  }

  override cost(): number {
    return this.matrix.nnz;
  }
}
