// Smoothers: a few cheap steps towards the solution that damp what coarser levels cannot represent. The second half of a
// cycle runs each backwards, so that a cycle with equally many steps in both is symmetric.

import type { RealRows } from "../direct/incompleteKernel.ts";
import { multiplyVector } from "../kernels/product.ts";

/** Improves x towards A x = b, in place. */
export type Smoother = (b: Float64Array, x: Float64Array, isBackward: boolean) => void;

/** x[i] := (b[i] − Σ of the other terms) / a[i, i], one unknown after the other. */
export function gaussSeidel({ pattern, values }: RealRows, inverse: Float64Array): Smoother {
  const { rows: n, indptr, indices } = pattern;
  const visit = (i: number, b: Float64Array, x: Float64Array): void => {
    let sum = b[i];
    for (let p = indptr[i], end = indptr[i + 1]; p < end; p++) sum -= values[p] * x[indices[p]];
    x[i] += sum * inverse[i];
  };
  return (b, x, isBackward) => {
    if (isBackward) for (let i = n - 1; i >= 0; i--) visit(i, b, x);
    else for (let i = 0; i < n; i++) visit(i, b, x);
  };
}

/** x += ω D⁻¹ (b − A x) */
export function jacobi({ pattern, values }: RealRows, inverse: Float64Array, omega: number): Smoother {
  const n = pattern.rows;
  const product = new Float64Array(n);
  return (b, x) => {
    multiplyVector(n, pattern.indptr, pattern.indices, values, x, product);
    for (let i = 0; i < n; i++) x[i] += omega * inverse[i] * (b[i] - product[i]);
  };
}

/** Share of the largest eigenvalue from which on eigenvectors are damped. */
const LEAST_SHARE = 1 / 30;
/** The largest eigenvalue is estimated from below. */
const SAFETY = 1.1;

/**
 * The polynomial in D⁻¹ A that is smallest on the upper part of its spectrum, by Chebyshev's recurrence.
 * Source: Adams, Brezina, Hu and Tuminaro, "Parallel multigrid smoothing: polynomial versus Gauss-Seidel" (2003).
 */
export function chebyshev(
  { pattern, values }: RealRows,
  inverse: Float64Array,
  radius: number,
  degree: number,
): Smoother {
  const n = pattern.rows;
  const product = new Float64Array(n);
  const step = new Float64Array(n);
  const high = SAFETY * radius;
  const low = LEAST_SHARE * high;
  const middle = (high + low) / 2;
  const half = (high - low) / 2;
  return (b, x) => {
    let previous = half / middle;
    for (let k = 0; k < degree; k++) {
      multiplyVector(n, pattern.indptr, pattern.indices, values, x, product);
      const current = k === 0 ? previous : 1 / ((2 * middle) / half - previous);
      const keep = k === 0 ? 0 : current * previous;
      const take = k === 0 ? 1 / middle : (2 * current) / half;
      for (let i = 0; i < n; i++) {
        step[i] = keep * step[i] + take * inverse[i] * (b[i] - product[i]);
        x[i] += step[i];
      }
      previous = current;
    }
  };
}
