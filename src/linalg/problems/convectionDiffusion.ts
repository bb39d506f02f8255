// Transport by a wind against diffusion: the touchstone of solvers for matrices that are not symmetric.

import type { SparseMatrix } from "../../sparse/base/sparseMatrix.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { fivePoints } from "./fivePoints.ts";

/**
 * The matrix of −Δu + v · grad u on the unit square, u = 0 on its border, by central differences at the inner points
 * `[rows, columns]` of a grid; unknowns in C order, v along the axes of the grid. Not symmetric unless v is zero. O(points).
 *
 * @throws ShapeError for lengths that are no positive integers; DomainError for a velocity that is not two finite numbers.
 */
export function convectionDiffusion(
  grid: readonly [number, number],
  velocity: readonly [number, number],
): SparseMatrix {
  if (grid.length !== 2 || !grid.every((length) => Number.isInteger(length) && length > 0))
    throw new ShapeError(`convectionDiffusion: grid must be two positive integers, got ${formatShape(grid)}`);
  if (velocity.length !== 2 || !velocity.every(Number.isFinite))
    throw new DomainError(`convectionDiffusion: velocity must be two finite numbers, got [${velocity}]`);
  return fivePoints(grid, (_from, _to, axis, sign) => {
    const inverse = grid[axis] + 1;
    return { diagonal: inverse ** 2, neighbour: -(inverse ** 2) + (sign * velocity[axis] * inverse) / 2 };
  });
}
