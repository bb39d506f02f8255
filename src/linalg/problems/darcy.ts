// Flow through a porous medium: the finite-volume matrix of −div(a grad u).

import { checkElements } from "../../ops/known.ts";
import type { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fivePoints } from "./fivePoints.ts";

/**
 * The matrix of −div(a grad u) on the unit square, u = 0 on its border, for a coefficient `[rows, columns]` that is
 * positive and constant in each cell: finite volumes with harmonic means of a at the faces. Unknowns are the means of the
 * cells in C order, so that a source f in all cells is a vector of f. Symmetric positive definite; O(cells).
 *
 * @throws ShapeError unless the coefficient is a matrix; DTypeError for complex numbers; DomainError for a coefficient that
 * is not positive and finite.
 */
export function darcy(coefficient: Tensor): SparseMatrix {
  if (coefficient.ndim !== 2 || coefficient.size === 0)
    throw new ShapeError(
      `darcy: coefficient must be [rows, columns], got shape ${formatShape(coefficient.shape)}`,
    );
  if (coefficient.dtype !== "float64" && coefficient.dtype !== "float32")
    throw new DTypeError(`darcy: coefficient must be float32 or float64, got ${coefficient.dtype}`);
  checkElements(coefficient, "darcy: coefficient", "a positive number", (x) => x > 0 && x < Infinity);
  const [rows, columns] = coefficient.shape as readonly [number, number];
  const a = coefficient.data();
  const harmonic = (x: number, y: number): number => 2 / (1 / x + 1 / y);
  const matrix = fivePoints([rows, columns], (from, to, axis) => {
    const scale = (axis === 0 ? rows : columns) ** 2;
    // To the border it is half as far.
    const flux = scale * (to < 0 ? 2 * (a[from] as number) : harmonic(a[from] as number, a[to] as number));
    return { diagonal: flux, neighbour: -flux };
  });
  return coefficient.dtype === "float64" ? matrix : matrix.astype(coefficient.dtype);
}
