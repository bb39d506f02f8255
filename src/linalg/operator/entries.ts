// Matrices whose entries an algorithm has to see, not only their products.

import { fromDense } from "../../sparse/base/constructors.ts";
import { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Linear } from "./asOperator.ts";
import { Dense } from "./dense.ts";
import { LinearOperator } from "./operator.ts";
import { Sparse } from "./sparse.ts";

/**
 * The entries of a matrix, sparse. Throws DomainError for an operator whose entries are not stored, ShapeError for a tensor
 * that is no matrix.
 */
export function entriesOf(name: string, a: Linear): SparseMatrix {
  if (a instanceof SparseMatrix) return a;
  if (a instanceof Sparse) return a.matrix;
  if (a instanceof LinearOperator && !(a instanceof Dense))
    throw new DomainError(`${name}: a must be a matrix whose entries are known, got a ${a.kind} operator`);
  const matrix = a instanceof Dense ? a.matrix : a;
  if (matrix.ndim !== 2)
    throw new ShapeError(`${name}: a must be a matrix, got shape ${formatShape(matrix.shape)}`);
  return fromDense(matrix);
}
