// Eigenvalues and vectors of a real symmetric tridiagonal matrix by divide and conquer: the matrix is torn into two
// halves and a rank-one correction, whose eigenproblem is a secular equation after deflation.
// Sources: Cuppen (1981); Gu and Eisenstat, "A divide-and-conquer algorithm for the symmetric tridiagonal
// eigenproblem", SIAM J. Matrix Anal. Appl. 16 (1995); Rutter, "A serial implementation of Cuppen's divide and conquer
// algorithm" (1994) for the order of the columns.
import { BOTH, groupColumns, LOWER, mixColumns, sortColumns, UPPER } from "./columns.ts";
import { lowner, secularRoot } from "./secular.ts";
import { tridiagonalQL } from "./tridiagonalQL.ts";
import { maxAbs, rotate } from "./vector.ts";

/** Size below which QL is faster than another division. */
const LEAF = 25;
const EPS = 2 ** -52;
/** What counts as zero against the whole matrix: keeps squares of the gaps that remain in range. */
const FLOOR = 2 ** -110;

export interface TridiagonalEigen {
  /** Ascending. */
  readonly values: Float64Array;
  /** Column-major `[n, n]`. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and vectors of the tridiagonal matrix with diagonal d and off-diagonal e (both destroyed). O(n³), less
 * with deflation.
 */
export function tridiagonalEigen(d: Float64Array, e: Float64Array): TridiagonalEigen {
  const n = d.length;
  const vectors = new Float64Array(n * n);
  const spare = new Float64Array(n * n);
  const floor = FLOOR * Math.max(maxAbs(d, 0, n), maxAbs(e, 0, e.length));
  if (n > 0) conquer(d, e, vectors, spare, floor, 0, n);
  return { values: d, vectors };
}

/** Leaves ascending eigenvalues in d[first …] and their vectors in the diagonal block of q. */
function conquer(
  d: Float64Array,
  e: Float64Array,
  q: Float64Array,
  spare: Float64Array,
  floor: number,
  first: number,
  n: number,
): void {
  const ld = d.length;
  const at = first * (ld + 1);
  if (n <= LEAF) {
    for (let i = 0; i < n; i++) q[at + i * (ld + 1)] = 1;
    tridiagonalQL(d, e, first, n, { data: q, at, ld, rows: n });
    sortColumns(d, first, n, [{ data: q, at, ld, rows: n }], spare);
    return;
  }
  const half = n >> 1;
  const coupling = e[first + half - 1];
  const size = Math.abs(coupling);
  d[first + half - 1] -= size;
  d[first + half] -= size;
  conquer(d, e, q, spare, floor, first, half);
  conquer(d, e, q, spare, floor, first + half, n - half);
  merge(d, q, spare, floor, first, n, half, coupling);
}

/** Joins two solved halves: eigenvalues of diag(d) + |coupling| v vᵀ, with v from the rows next to the tear. */
function merge(
  d: Float64Array,
  q: Float64Array,
  spare: Float64Array,
  floor: number,
  first: number,
  n: number,
  half: number,
  coupling: number,
): void {
  const ld = d.length;
  const at = first * (ld + 1);
  const rho = 2 * Math.abs(coupling);
  const z = new Float64Array(n);
  const kind = new Uint8Array(n);
  for (let j = 0; j < n; j++) {
    const row = j < half ? half - 1 : half;
    const sign = j >= half && coupling < 0 ? -1 : 1;
    z[j] = sign * q[at + row + j * ld] * Math.SQRT1_2;
    kind[j] = j < half ? UPPER : LOWER;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => d[first + a] - d[first + b]);
  let top = rho;
  for (let j = 0; j < n; j++) top = Math.max(top, Math.abs(d[first + j]));
  const tolerance = Math.max(8 * EPS * top, floor);
  const kept: number[] = [];
  let held = -1;
  for (const j of order) {
    if (rho * Math.abs(z[j]) <= tolerance) continue;
    if (held >= 0 && deflates(d, z, first, held, j, tolerance)) {
      const tau = Math.hypot(z[held], z[j]);
      const c = z[j] / tau;
      const s = -z[held] / tau;
      rotate(q, at + held * ld, q, at + j * ld, n, c, s);
      if (kind[held] !== kind[j]) kind[j] = BOTH;
      z[j] = tau;
      const left = d[first + held];
      const right = d[first + j];
      d[first + held] = left * c * c + right * s * s;
      d[first + j] = left * s * s + right * c * c;
    } else if (held >= 0) kept.push(held);
    held = j;
  }
  if (held >= 0) kept.push(held);
  if (kept.length > 0) update(d, q, spare, ld, first, n, half, rho, z, kind, kept);
  sortColumns(d, first, n, [{ data: q, at, ld, rows: n }], spare);
}

/** Two poles so close that one can be decoupled by a rotation. */
function deflates(
  d: Float64Array,
  z: Float64Array,
  first: number,
  a: number,
  b: number,
  tolerance: number,
): boolean {
  const tau = Math.hypot(z[a], z[b]);
  return Math.abs((d[first + b] - d[first + a]) * (z[b] / tau) * (z[a] / tau)) <= tolerance;
}

/** Solves the secular equation of the poles that were kept and replaces their columns by the new vectors. */
function update(
  d: Float64Array,
  q: Float64Array,
  spare: Float64Array,
  ld: number,
  first: number,
  n: number,
  half: number,
  rho: number,
  z: Float64Array,
  kind: Uint8Array,
  kept: readonly number[],
): void {
  const at = first * (ld + 1);
  const k = kept.length;
  const poles = Float64Array.from(kept, (j) => d[first + j]);
  const weights = Float64Array.from(kept, (j) => z[j]);
  const squares = weights.map((v) => v * v);
  const gaps = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    const root = secularRoot(poles, false, squares, rho, k, i, gaps, i * k);
    d[first + kept[i]!] = poles[root.origin] + root.shift;
  }
  const zHat = new Float64Array(k);
  lowner(poles, false, gaps, weights, k, zHat);
  const groups = groupColumns(kind, kept);
  const { place } = groups;
  const vectors = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    let sum = 0;
    for (let p = 0; p < k; p++) {
      const j = place[p]!;
      const v = zHat[j] / gaps[i * k + j];
      vectors[i * k + p] = v;
      sum += v * v;
    }
    const factor = 1 / Math.sqrt(sum);
    for (let p = 0; p < k; p++) vectors[i * k + p] *= factor;
  }
  mixColumns({ data: q, at, ld, rows: n }, half, groups, kept, vectors, spare);
}
