// Triangular systems, on tensors.

import { bindOne } from "../../ops/bind.ts";
import { tril, triu } from "../../ops/join.ts";
import type { Primitive } from "../../ops/primitive.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { load, type Work } from "../base/matrix.ts";
import { type SystemParams, solveSystem, systemPrimitive } from "../base/system.ts";
import { solveTriangle, type Triangle, zeroOnDiagonal } from "../kernels/triangular.ts";

interface TriangularParams extends SystemParams, Triangle {}

/** Throws DomainError when an entry of the diagonal is exactly zero. */
export function checkDiagonal(
  name: string,
  { width, rows, data }: Pick<Work, "width" | "rows" | "data">,
): void {
  const zero = zeroOnDiagonal(width, rows, data);
  if (zero >= 0) throw new DomainError(`${name}: a is singular: pivot ${zero} of ${rows} is exactly zero`);
}

export const solveTriangularP: Primitive<TriangularParams> = systemPrimitive<TriangularParams, Work>({
  name: "solveTriangular",
  memory: null,
  factor: (matrix, { caller, unitDiagonal }) => {
    const work = load(caller, matrix);
    if (!unitDiagonal) checkDiagonal(caller, work);
    return work;
  },
  solve: ({ data, rows: n, width: w }, right, triangle) => {
    solveTriangle(w, n, data, 0, n * w, triangle, right.data, 0, n * w, right.columns);
  },
  matrix: (a, { lower, unitDiagonal, transpose = "none" }) => {
    const diagonal = unitDiagonal ? 1 : 0;
    const triangle = lower ? tril(a, -diagonal) : triu(a, diagonal);
    return transpose === "none" ? triangle : transpose === "transpose" ? triangle.mT() : adjoint(triangle);
  },
  transposed: (self, a, c, params) => {
    const { transpose = "none" } = params;
    if (transpose === "adjoint") return bindOne(self, [a, c.conj()], { ...params, transpose: "none" }).conj();
    return bindOne(self, [a, c], { ...params, transpose: transpose === "none" ? "transpose" : "none" });
  },
});

/**
 * Solves op(a) x = b with the lower or upper triangle of a `[…, n, n]` (the other triangle is not read) and b `[n]` or
 * `[…, n, k]`. op is nothing, `"transpose"` or `"adjoint"`. O(n² k).
 *
 * @throws ShapeError, DTypeError; DomainError for NaN, infinity (anywhere in a) and a zero on the diagonal.
 */
export function solveTriangular(a: Tensor, b: Tensor, options: Triangle): Tensor {
  const { lower, transpose, unitDiagonal } = options;
  return solveSystem(solveTriangularP, a, b, {
    caller: "solveTriangular",
    lower,
    ...(transpose && { transpose }),
    ...(unitDiagonal !== undefined && { unitDiagonal }),
  });
}
