// LOBPCG: several extreme eigenvalues of a Hermitian operator at once, with a preconditioner and no inverse.
// Sources: Knyazev, SIAM J. Sci. Comput. 23 (2001); orthogonal bases as in Duersch and others, "A robust and efficient
// implementation of LOBPCG", SIAM J. Sci. Comput. 40 (2018).

import { concat } from "../../ops/join.ts";
import { flip, narrowAxis } from "../../ops/movement.ts";
import { DomainError, ShapeError, TracerError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, hermitianPart } from "../base/derivative.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator, isKnown, LinearOperator, meetDTypes } from "../operator/operator.ts";
import { eigh } from "../spectral/eigh.ts";
import { svd } from "../spectral/svd.ts";

export interface LobpcgOptions extends IterationOptions {
  readonly which?: "largest" | "smallest";
  /** An approximation of a⁻¹, for the smallest values: applied to `[n, j]`. */
  readonly preconditioner?: LinearOperator | ((r: Tensor) => Tensor);
  /** Columns `[n, c]` to which the vectors are kept orthogonal. */
  readonly constraints?: Tensor;
  /** Residuals at most this share of the largest value seen; 1e-8 unless told. */
  readonly tol?: number;
  /** 200 unless told. */
  readonly maxIterations?: number;
}

export interface LobpcgResult {
  /** `[k]`, ascending for "smallest", descending for "largest". */
  readonly values: Tensor;
  /** `[n, k]`, orthonormal. */
  readonly vectors: Tensor;
  readonly iterations: number;
  readonly residuals: readonly number[];
  readonly converged: boolean;
}

/** An orthonormal basis of what columns add to `against`, without directions that are only rounding. */
function addition(columns: Tensor, against: Tensor | null): Tensor {
  let x = columns;
  const norms = columnNorms(x);
  x = x.mul(norms.reciprocalOrZero);
  for (let pass = 0; pass < 2; pass++) {
    if (against) x = x.sub(against.matmul(adjoint(against).matmul(x)));
    const { u, s } = svd(x);
    const values = s.data();
    let rank = 0;
    while (rank < values.length && values[rank]! > 1e-10 * Math.max(values[0]!, pass === 0 ? 1e-3 : 0))
      rank++;
    x = narrowAxis(u, 1, 0, rank);
    if (rank === 0) break;
  }
  return x;
}

function columnNorms(x: Tensor): { readonly numbers: number[]; readonly reciprocalOrZero: Tensor } {
  const norms = x.abs().square().sum({ axis: 0 }).sqrt();
  const isZero = norms.equal(0);
  return { numbers: Array.from(norms.data()), reciprocalOrZero: isZero.where(0, norms.add(isZero).pow(-1)) };
}

/**
 * The k smallest (or largest) eigenvalues of a Hermitian operator or matrix `[n, n]`, from starting columns x `[n, k]`. Finds
 * multiple eigenvalues, and with a preconditioner the smallest ones of a discretized operator in a number of steps that
 * does not depend on the mesh. A product with 3 k columns at most and O(n k²) a step.
 *
 * @throws ShapeError for an x that does not fit, or 3 k > n; DomainError for options; AbortedError; TracerError inside of
 * transforms.
 */
export function lobpcg(a: Linear, x: Tensor, options: LobpcgOptions = {}): LobpcgResult {
  const name = "lobpcg";
  const operator = asOperator(a);
  const n = checkSquareOperator(name, operator);
  const { which = "smallest", preconditioner, constraints = null, tol = 1e-8, maxIterations = 200 } = options;
  if (which !== "smallest" && which !== "largest")
    throw new DomainError(`${name}: which must be "smallest" or "largest", got ${which}`);
  if (!isKnown(x)) throw new TracerError(`${name}: x must have known values here`);
  if (x.ndim !== 2 || x.shape[0] !== n || x.shape[1] === 0)
    throw new ShapeError(`${name}: x must be [${n}, k], got shape ${formatShape(x.shape)}`);
  const k = x.shape[1]!;
  if (3 * k > n)
    throw new ShapeError(`${name}: at most n / 3 vectors were expected, got ${k} of ${n}; use eigh`);
  if (!(tol > 0 && tol < 1)) throw new DomainError(`${name}: tol must lie in (0, 1), got ${tol}`);
  const approximate =
    preconditioner instanceof LinearOperator
      ? (r: Tensor): Tensor => preconditioner.apply(r)
      : (preconditioner ?? ((r: Tensor): Tensor => r));
  const fixed = constraints && addition(constraints, null);
  const join = (...parts: (Tensor | null)[]): Tensor | null => {
    const given = parts.filter((part): part is Tensor => part !== null && part.shape[1]! > 0);
    return given.length ? concat(given, 1) : null;
  };

  let basis = addition(x.astype(meetDTypes(operator, x)), fixed);
  if (basis.shape[1] !== k)
    throw new DomainError(
      `${name}: x must have independent columns${fixed ? ", apart from the constraints" : ""}`,
    );
  let vectors = basis;
  let directions: Tensor | null = null;
  let scale = 0;
  for (let iterations = 0; ; iterations++) {
    checkAborted(options.signal, name);
    // Rayleigh and Ritz in the space of vectors, residuals and last directions.
    const image = operator.apply(basis);
    const found = eigh(hermitianPart(adjoint(basis).matmul(image)));
    const [all, ritz] =
      which === "smallest" ? [found.values, found.vectors] : [flip(found.values, 0), flip(found.vectors, 1)];
    const values = narrowAxis(all, 0, 0, k);
    const coefficients = narrowAxis(ritz, 1, 0, k);
    vectors = basis.matmul(coefficients);
    const imageOfVectors = image.matmul(coefficients);
    scale = Math.max(scale, ...Array.from(all.data(), Math.abs));
    const rest = imageOfVectors.sub(vectors.mul(values));
    const residuals = columnNorms(rest).numbers;
    const good = residuals.filter((size) => size <= tol * scale).length;
    options.onProgress?.({ fraction: good / k, stage: `${good} of ${k} values after ${iterations} steps` });
    if (good === k || iterations >= maxIterations)
      return { values, vectors, iterations, residuals, converged: good === k };
    // The part of the new vectors that was not in the old ones.
    const moved =
      iterations === 0
        ? null
        : narrowAxis(basis, 1, k, basis.shape[1]!).matmul(narrowAxis(coefficients, 0, k, basis.shape[1]!));
    const own = addition(vectors, fixed);
    const search = addition(approximate(rest), join(own, fixed));
    directions = moved && addition(moved, join(own, search, fixed));
    basis = join(own, search, directions)!;
  }
}
