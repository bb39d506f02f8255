// The best relaxation parameter, where theory knows it.

import { fromRows } from "../../sparse/base/sparseMatrix.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { eigsh } from "../krylov/eigsh.ts";
import type { Linear } from "../operator/asOperator.ts";
import { FunctionOperator } from "../operator/dense.ts";
import { sweepable } from "./sor.ts";

/**
 * The parameter of over-relaxation with the smallest spectral radius, ω − 1, for consistently ordered matrices (such as
 * five-point Laplacians) whose Jacobi iteration I − D⁻¹A has the spectral radius given: 1 + (β / (1 + √(1 − β²)))².
 *
 * Source: Young (1954); see `sor`.
 *
 * @throws DomainError unless the radius lies in [0, 1).
 */
export function optimalOmega(jacobiRadius: number): number {
  if (!(jacobiRadius >= 0 && jacobiRadius < 1))
    throw new DomainError(`optimalOmega: jacobiRadius must lie in [0, 1), got ${jacobiRadius}`);
  return 1 + (jacobiRadius / (1 + Math.sqrt((1 - jacobiRadius) * (1 + jacobiRadius)))) ** 2;
}

/**
 * The spectral radius of I − D⁻¹A for a symmetric matrix `[n, n]` with a positive diagonal: from the ends of the spectrum
 * of D^-½ A D^-½, which Lanczos' method finds to about ten digits.
 *
 * @throws as `sor` does; DomainError for a diagonal that is not positive.
 */
export function jacobiRadius(a: Linear, options: IterationOptions = {}): number {
  const { rows, inverse } = sweepable("jacobiRadius", a);
  const n = rows.pattern.rows;
  if (inverse.some((d) => d < 0))
    throw new DomainError("jacobiRadius: a must have a positive diagonal, got a negative entry");
  const roots = new Tensor(inverse.map(Math.sqrt), [n], "float64");
  const matrix = fromRows({
    pattern: rows.pattern,
    values: new Tensor(rows.values, [rows.values.length], "float64"),
  });
  // Shifted by the identity already: the wanted radius is the largest magnitude.
  const iteration = new FunctionOperator((x) => x.sub(matrix.matmul(x.mul(roots)).mul(roots)), {
    shape: [n, n],
    tags: { hermitian: true },
  });
  const { values } = eigsh(iteration, { ...options, k: 1, which: "largestMagnitude" });
  return Math.abs(values.item());
}
