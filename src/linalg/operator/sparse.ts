// Sparse matrices as operators.

import type { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { sparseSolve, sparseSolveTriangular } from "../../sparse/direct/solve.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { LinearOperator, type Tags, transposedTags } from "./operator.ts";

/** A sparse matrix: products cost its stored entries, systems go to sparse Cholesky or LU. */
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
    return new Sparse(this.matrix.transpose(), transposedTags(this.tags));
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
    if (this.shape[0] !== this.shape[1]) return undefined;
    if (triangular) return (b) => sparseSolveTriangular(this.matrix, b, { lower: triangular === "lower" });
    const assume = positiveDefinite ? "positiveDefinite" : "general";
    return (b) => sparseSolve(this.matrix, b, { assume });
  }
  override cost(): number {
    return this.matrix.nnz;
  }
}
