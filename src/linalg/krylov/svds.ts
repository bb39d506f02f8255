// A few singular values of any operator by the bidiagonalization of Golub and Kahan with thick restarts.
// Source: Baglama and Reichel, "Augmented implicitly restarted Lanczos bidiagonalization methods", SIAM J. Sci. Comput.
// 27 (2005).

import { checkAborted } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { type SVD, thinSVD } from "../spectral/svd.ts";
import {
  checkPartial,
  freshDirection,
  type PartialEigenOptions,
  rotateBasis,
  startVector,
} from "./eigenOptions.ts";
import { combined } from "./eigsh.ts";
import { addScaled, Basis, CountedOperator } from "./space.ts";

export interface PartialSvd extends SVD {
  readonly iterations: number;
  readonly products: number;
  /** ‖aᴴ u − s v‖ of each, as the iteration knows it. */
  readonly residuals: readonly number[];
  readonly converged: boolean;
}

/**
 * The k largest singular values of any operator or matrix `[m, n]`, with their vectors: u `[m, k]`, s `[k]`, descending,
 * v `[n, k]` (not its adjoint). Two products for each new vector of the basis, and O((m + n) · basisSize²) a restart.
 *
 * @throws ShapeError, DomainError for options that do not fit; AbortedError.
 */
export function svds(given: Linear, options: PartialEigenOptions = {}): PartialSvd {
  const name = "svds";
  const operator = asOperator(given);
  const least = Math.min(...operator.shape);
  const { k, m: size, tol, maxIterations } = checkPartial(name, options, least);
  const a = new CountedOperator(operator, operator.dtype);
  const right = new Basis(a.from, size + 1);
  const left = new Basis(a.to, size);
  right.column(0).set(startVector(name, a.from, options));
  // B is upper bidiagonal, but for the column in which the kept values meet the next vector.
  const b = new Float64Array(size * size);
  let kept = 0;
  let iterations = 0;
  for (;;) {
    checkAborted(options.signal, name);
    const beta = extend(a, left, right, b, size, kept);
    iterations++;
    const { u, s, v } = thinSVD(1, size, size, b.slice());
    const errors = Array.from({ length: k }, (_, i) => Math.abs(beta * u[size - 1 + i * size]!));
    const good = errors.filter((error) => error <= tol * s[0]! || size === least).length;
    options.onProgress?.({
      fraction: good / k,
      stage: `${good} of ${k} values after ${iterations} restarts`,
    });
    if (good === k || iterations >= maxIterations)
      return {
        u: combined(a.to, left, size, u.slice(0, size * k), k),
        s: new Tensor(s.slice(0, k), [k], "float64"),
        v: combined(a.from, right, size, v.slice(0, size * k), k),
        iterations,
        products: a.count,
        residuals: errors,
        converged: good === k,
      };
    kept = Math.min(
      size - 1,
      k + good + Math.max(1, Math.floor((size - k) / 3)),
      k + Math.floor((size - k) / 2),
    );
    const next = right.column(size).slice();
    rotateBasis(right, size, v, kept);
    rotateBasis(left, size, u, kept);
    right.column(kept).set(next);
    b.fill(0);
    for (let i = 0; i < kept; i++) {
      b[i + i * size] = s[i]!;
      b[i + kept * size] = beta * u[size - 1 + i * size]!;
    }
  }
}

/** A V = U B from column `kept` on; returns the coupling of Aᴴ U to the last column of V. */
function extend(
  a: CountedOperator,
  left: Basis,
  right: Basis,
  b: Float64Array,
  size: number,
  kept: number,
): number {
  let beta = 0;
  for (let j = kept; j < size; j++) {
    const y = a.apply(right.column(j));
    const before = a.to.norm(y);
    left.orthogonalize(y, j);
    let alpha = a.to.normalize(y);
    if (alpha <= 2 ** -50 * before || alpha === 0) {
      alpha = 0;
      y.set(freshDirection(left, j, j));
    }
    left.column(j).set(y);
    b[j + j * size] = alpha;
    const x = a.applyAdjoint(y);
    const length = a.from.norm(x);
    addScaled(x, -alpha, right.column(j));
    right.orthogonalize(x, j + 1);
    beta = a.from.normalize(x);
    if (beta <= 2 ** -50 * length || beta === 0) {
      beta = 0;
      if (j + 1 < a.from.n) x.set(freshDirection(right, j + 1, j));
    }
    right.column(j + 1).set(x);
    if (j + 1 < size) b[j + (j + 1) * size] = beta;
  }
  return beta;
}
