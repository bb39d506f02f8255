// Least squares with bounds on every unknown, from the normal equations: small dense problems.

import { hermitianEigen } from "../spectral/eigh.ts";

/** Eigenvalues of a Gram matrix below this share of the largest count as zero. */
const RANK_SHARE = 1e-12;

/** The least-squares solution of least length of G x = h, for a positive semidefinite G `[n, n]`. O(n³). */
export function solveSemidefinite(n: number, gram: Float64Array, h: Float64Array): Float64Array {
  const { values, vectors } = hermitianEigen(1, n, gram.slice());
  const x = new Float64Array(n);
  const floor = RANK_SHARE * values[n - 1];
  for (let k = 0; k < n; k++) {
    if (!(values[k] > floor)) continue;
    let along = 0;
    for (let i = 0; i < n; i++) along += vectors[k * n + i] * h[i];
    along /= values[k];
    for (let i = 0; i < n; i++) x[i] += along * vectors[k * n + i];
  }
  return x;
}

/**
 * The minimum of ½ xᵀG x − hᵀx with |xᵢ| ≤ boundᵢ, for a positive semidefinite G `[n, n]`: the solution of least length
 * where it keeps the bounds, else by active sets: unknowns at a bound are let go while that lowers the function.
 *
 * Source: Stark and Parker, "Bounded-variable least-squares: an algorithm and applications", Computational Statistics 10
 * (1995).
 */
export function boxQuadratic(
  n: number,
  gram: Float64Array,
  h: Float64Array,
  bounds: Float64Array,
): Float64Array {
  const plain = solveSemidefinite(n, gram, h);
  if (plain.every((value, i) => Math.abs(value) <= bounds[i])) return plain;
  const x = plain.map((value, i) => Math.min(bounds[i], Math.max(-bounds[i], value)));
  /** −1 or 1 at a bound, 0 in between. */
  const side = x.map((value, i) => (Math.abs(value) < bounds[i] ? 0 : Math.sign(value)));
  const slopeAt = (i: number): number => {
    let slope = -h[i];
    for (let j = 0; j < n; j++) slope += gram[i * n + j] * x[j];
    return slope;
  };
  const tolerance = 1e-12 * h.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  // Each round of the outer loop lowers the function, and there are finitely many sets; the limit is for rounding.
  for (let round = 0; round < 20 * n; round++) {
    moveWithin(n, gram, bounds, x, side, slopeAt);
    let freed = -1;
    let most = tolerance;
    for (let i = 0; i < n; i++) {
      const gain = side[i] * slopeAt(i);
      if (gain > most) {
        most = gain;
        freed = i;
      }
    }
    if (freed < 0) break;
    side[freed] = 0;
  }
  return x;
}

/** Moves the free unknowns to their minimum, or to bounds on the way there, which stop being free. */
function moveWithin(
  n: number,
  gram: Float64Array,
  bounds: Float64Array,
  x: Float64Array,
  side: Float64Array,
  slopeAt: (i: number) => number,
): void {
  for (;;) {
    const free = Array.from(side.keys()).filter((i) => side[i] === 0);
    const m = free.length;
    if (m === 0) return;
    const part = new Float64Array(m * m);
    free.forEach((i, row) => {
      free.forEach((j, column) => {
        part[row * m + column] = gram[i * n + j];
      });
    });
    const step = solveSemidefinite(
      m,
      part,
      Float64Array.from(free, (i) => -slopeAt(i)),
    );
    let share = 1;
    let hit = -1;
    free.forEach((i, k) => {
      const room = (step[k] > 0 ? bounds[i] : -bounds[i]) - x[i];
      if (Math.abs(step[k]) > Math.abs(room) && room / step[k] < share) {
        share = room / step[k];
        hit = k;
      }
    });
    free.forEach((i, k) => {
      x[i] += share * step[k];
    });
    if (hit < 0) return;
    const i = free[hit]!;
    side[i] = Math.sign(step[hit]);
    x[i] = side[i] * bounds[i];
  }
}
