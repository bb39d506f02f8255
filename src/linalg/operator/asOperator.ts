// Whatever algorithms take for a linear map.

import { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Dense } from "./dense.ts";
import { LinearOperator, type Tags } from "./operator.ts";
import { Sparse } from "./sparse.ts";

/** A matrix `[m, n]`, dense or sparse, or an operator. */
export type Linear = Tensor | SparseMatrix | LinearOperator;

/** The operator itself, or a matrix as one. Throws ShapeError for a tensor that is no matrix. */
export function asOperator(a: Linear, tags?: Tags): LinearOperator {
  if (a instanceof LinearOperator) return a;
  return a instanceof SparseMatrix ? new Sparse(a, tags) : new Dense(a, tags);
}
