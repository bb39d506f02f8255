// Conjugate gradients of the normal equations, preconditioned by a triangular factor: what makes the estimate of a sketch exact.
// Source: Rokhlin and Tygert, "A fast randomized algorithm for overdetermined linear least-squares regression", PNAS 105 (2008);
// the recurrence is CGLS (Björck, "Numerical Methods for Least Squares Problems", 1996, 7.4) of A R⁻¹.

import { factorQR } from "../kernels/householder.ts";
import { solveTriangle } from "../kernels/triangular.ts";
import { topRows } from "../orthogonal/qr.ts";

/** A matrix `[m, n]` by its products; results overwrite `out`, of which only the first m or n entries count. */
export interface Products {
  readonly m: number;
  readonly n: number;
  readonly apply: (x: Float64Array, out: Float64Array) => void;
  readonly applyAdjoint: (r: Float64Array, out: Float64Array) => void;
}

/** Vectors that the iteration writes to: `image` of length m or more, the others of n. */
export interface NormalWork {
  readonly image: Float64Array;
  readonly direction: Float64Array;
  readonly step: Float64Array;
  readonly gradient: Float64Array;
}

export const normalWork = (m: number, n: number): NormalWork => ({
  image: new Float64Array(m),
  direction: new Float64Array(n),
  step: new Float64Array(n),
  gradient: new Float64Array(n),
});

export interface NormalLimits {
  readonly maxSteps: number;
  /** Stop when ‖R⁻ᵀAᵀr‖ is at most this share of what it was. */
  readonly rtol: number;
  /** … or at most this. */
  readonly atol?: number;
  /** Called after each step with the share of ‖R⁻ᵀAᵀr‖ that is left. */
  readonly onStep?: (step: number, share: number) => void;
}

export interface NormalOutcome {
  readonly steps: number;
  /** ‖R⁻ᵀAᵀr‖ at the end. */
  readonly normal: number;
  readonly converged: boolean;
}

const UPPER = { lower: false } as const;
const UPPER_TRANSPOSED = { lower: false, transpose: "transpose" } as const;

/**
 * Lessens ‖b − A x‖ from x, with r = b − A x given; both are overwritten. `factor` is R, column-major `[n, n]` and upper
 * triangular with AᵀA ≈ RᵀR; null for none. Two products and two triangular systems a step. Checks nothing.
 */
export function normalCg(
  a: Products,
  factor: Float64Array | null,
  x: Float64Array,
  r: Float64Array,
  limits: NormalLimits,
  work: NormalWork,
): NormalOutcome {
  const { m, n } = a;
  const { image, direction, step, gradient } = work;
  a.applyAdjoint(r, gradient);
  if (factor) solveTriangle(1, n, factor, 0, n, UPPER_TRANSPOSED, gradient, 0, n, 1);
  let square = 0;
  for (let j = 0; j < n; j++) {
    direction[j] = gradient[j];
    square += gradient[j] * gradient[j];
  }
  const first = Math.sqrt(square);
  const limit = Math.max(limits.rtol * first, limits.atol ?? 0);
  let steps = 0;
  while (steps < limits.maxSteps && square > limit * limit && square > 0) {
    for (let j = 0; j < n; j++) step[j] = direction[j];
    if (factor) solveTriangle(1, n, factor, 0, n, UPPER, step, 0, n, 1);
    a.apply(step, image);
    let size = 0;
    for (let i = 0; i < m; i++) size += image[i] * image[i];
    // A direction that A sends to nothing can only be rounding.
    if (!(size > 0)) break;
    const alpha = square / size;
    for (let j = 0; j < n; j++) x[j] += alpha * step[j];
    for (let i = 0; i < m; i++) r[i] -= alpha * image[i];
    a.applyAdjoint(r, gradient);
    if (factor) solveTriangle(1, n, factor, 0, n, UPPER_TRANSPOSED, gradient, 0, n, 1);
    let next = 0;
    for (let j = 0; j < n; j++) next += gradient[j] * gradient[j];
    const beta = next / square;
    for (let j = 0; j < n; j++) direction[j] = gradient[j] + beta * direction[j];
    square = next;
    steps++;
    limits.onStep?.(steps, first > 0 ? Math.sqrt(next) / first : 0);
  }
  return { steps, normal: Math.sqrt(square), converged: square <= limit * limit || square === 0 };
}

/**
 * R of the QR factorization of a column-major matrix `[rows, n]`, rows >= n, which is overwritten; null where its columns are
 * dependent to rounding. O(rows n²).
 */
export function triangularFactor(data: Float64Array, rows: number, n: number): Float64Array | null {
  factorQR(1, rows, n, data);
  const r = topRows(1, rows, n, data, n);
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let j = 0; j < n; j++) {
    const size = Math.abs(r[j + j * n]);
    least = Math.min(least, size);
    most = Math.max(most, size);
  }
  return least > rows * Number.EPSILON * most ? r : null;
}
