// Singular values and vectors of a real upper bidiagonal matrix by divide and conquer: one row is taken out, the blocks
// above and below it are solved, and what joins them is a diagonal matrix with one full row, whose singular values
// solve a secular equation after deflation.
// Source: Gu and Eisenstat, "A divide-and-conquer algorithm for the bidiagonal SVD", SIAM J. Matrix Anal. Appl. 16
// (1995).
import { bidiagonalQR } from "./bidiagonalQR.ts";
import { type Basis, BOTH, groupColumns, LOWER, mixColumns, sortColumns, UPPER } from "./columns.ts";
import { givens, rotation } from "./rotation.ts";
import { lowner, secularRoot } from "./secular.ts";
import { maxAbs, rotate } from "./vector.ts";

/** Size below which QR is faster than another division. */
const LEAF = 25;
const EPS = 2 ** -53;
const FLOOR = 2 ** -110;

/** Column-major factors of A = U diag(s) Vᴴ. */
export interface Factors {
  readonly u: Float64Array;
  readonly s: Float64Array;
  readonly v: Float64Array;
}

/** What the recursion works on. */
interface State {
  /** Length of d, and leading dimension of both bases. */
  readonly size: number;
  readonly d: Float64Array;
  readonly e: Float64Array;
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly spare: Float64Array;
  /** What counts as zero against the whole matrix: keeps squares of kept numbers in range. */
  readonly floor: number;
}

/**
 * Singular values (descending) and vectors of the upper bidiagonal matrix with diagonal d and superdiagonal e (both
 * destroyed), of moderate norm. O(n³), less with deflation. Up to 25 rows each singular value has high relative
 * accuracy, beyond that accuracy relative to the largest.
 */
export function bidiagonalSVD(d: Float64Array, e: Float64Array): Factors {
  const n = d.length;
  const square = (): Float64Array => new Float64Array(n * n);
  const floor = FLOOR * Math.max(maxAbs(d, 0, n), maxAbs(e, 0, e.length));
  const state: State = { size: n, d, e, u: square(), v: square(), spare: square(), floor };
  if (n > 0) conquer(state, 0, n, 0);
  const reversed = (x: Float64Array): Float64Array => {
    const out = new Float64Array(n * n);
    for (let j = 0; j < n; j++) out.set(x.subarray(j * n, (j + 1) * n), (n - 1 - j) * n);
    return out;
  };
  return { u: reversed(state.u), s: d.reverse(), v: reversed(state.v) };
}

/**
 * Solves the n rows from `first` on, with n + `extra` columns (extra is 0 or 1): ascending singular values in d, left
 * vectors in the diagonal block of u, right ones in that of v, where the last column spans the null space if extra = 1.
 */
function conquer(state: State, first: number, n: number, extra: number): void {
  if (n <= LEAF) {
    solveLeaf(state, first, n, extra);
    return;
  }
  const half = n >> 1;
  const row = first + half;
  const alpha = state.d[row];
  const beta = state.e[row];
  conquer(state, first, half, 1);
  conquer(state, row + 1, n - half - 1, extra);
  merge(state, first, n, extra, half, alpha, beta);
}

const basisAt = (state: State, data: Float64Array, first: number, rows: number): Basis => ({
  data,
  at: first * (state.size + 1),
  ld: state.size,
  rows,
});

function solveLeaf(state: State, first: number, n: number, extra: number): void {
  const { d, e, spare } = state;
  const u = basisAt(state, state.u, first, n);
  const v = basisAt(state, state.v, first, n + extra);
  for (let i = 0; i < n; i++) u.data[u.at + i * (u.ld + 1)] = 1;
  for (let i = 0; i < n + extra; i++) v.data[v.at + i * (v.ld + 1)] = 1;
  if (extra === 1) {
    // Rotations from the right empty the last column and leave a lower bidiagonal square; rotations from the left
    // make that upper bidiagonal again.
    for (let i = 0; i < n; i++) eliminate(d, e, first + i, i < n - 1, v, i);
    for (let i = 0; i < n - 1; i++) eliminate(d, e, first + i, true, u, i);
  }
  bidiagonalQR(d, e, first, n, u, v);
  sortColumns(d, first, n, [u, v], spare);
}

/** Rotates columns i, i + 1 of the basis so that e_i goes into d_i and the other side of the diagonal fills. */
function eliminate(
  d: Float64Array,
  e: Float64Array,
  at: number,
  fills: boolean,
  basis: Basis,
  i: number,
): void {
  rotation(d[at], e[at]);
  const c = givens[0];
  const s = givens[1];
  d[at] = givens[2];
  e[at] = fills ? s * d[at + 1] : 0;
  if (fills) d[at + 1] *= c;
  const from = basis.at + i * basis.ld;
  rotate(basis.data, from, basis.data, from + basis.ld, basis.rows, c, s);
}

/**
 * Joins two solved blocks. Within the block, index `half` is the row that was taken out (its pole is 0), smaller
 * indices belong to the upper block and larger ones to the lower.
 */
function merge(
  state: State,
  first: number,
  n: number,
  extra: number,
  half: number,
  alpha: number,
  beta: number,
): void {
  const { d, spare } = state;
  const u = basisAt(state, state.u, first, n);
  const v = basisAt(state, state.v, first, n + extra);
  const z = new Float64Array(n);
  const kind = new Uint8Array(n);
  for (let j = 0; j < n; j++) {
    const column = v.at + j * v.ld;
    z[j] = j <= half ? alpha * v.data[column + half] : beta * v.data[column + half + 1];
    kind[j] = j < half ? UPPER : j === half ? BOTH : LOWER;
  }
  u.data[u.at + half * (u.ld + 1)] = 1;
  d[first + half] = 0;
  if (extra === 1) {
    // Both blocks have a null vector: one combination of the two meets the row, the other stays a null vector.
    const other = beta * v.data[v.at + n * v.ld + half + 1];
    const r = Math.hypot(z[half], other);
    if (r > 0) {
      const c = z[half] / r;
      const s = other / r;
      rotate(v.data, v.at + half * v.ld, v.data, v.at + n * v.ld, v.rows, c, s);
    }
    z[half] = r;
  }
  let top = Math.max(Math.abs(alpha), Math.abs(beta) || 0);
  for (let j = 0; j < n; j++) top = Math.max(top, d[first + j]);
  const tolerance = Math.max(64 * EPS * top, state.floor);
  if (top > state.floor) {
    const kept = deflate(d, z, kind, u, v, first, n, half, tolerance);
    update(state, first, n, extra, half, z, kind, kept);
  }
  sortColumns(d, first, n, [u, v], spare);
}

/** Decouples what can be decoupled within the tolerance; returns the indices that remain, ascending by d. */
function deflate(
  d: Float64Array,
  z: Float64Array,
  kind: Uint8Array,
  u: Basis,
  v: Basis,
  first: number,
  n: number,
  half: number,
  tolerance: number,
): number[] {
  const order = Array.from({ length: n }, (_, i) => i)
    .filter((j) => j !== half)
    .sort((a, b) => d[first + a] - d[first + b]);
  const kept = [half];
  const turn = (basis: Basis, a: number, b: number, c: number, s: number): void =>
    rotate(basis.data, basis.at + a * basis.ld, basis.data, basis.at + b * basis.ld, basis.rows, c, s);
  let held = -1;
  for (const j of order) {
    if (Math.abs(z[j]) <= tolerance) continue;
    if (d[first + j] <= tolerance) {
      // As good as a second zero pole: the columns alone turn all of its weight into the first one.
      const r = Math.hypot(z[half], z[j]);
      turn(v, half, j, z[half] / r, z[j] / r);
      z[half] = r;
      d[first + j] = 0;
      // Left columns keep their blocks, right ones mix.
      kind[j] = BOTH;
      continue;
    }
    if (held >= 0 && d[first + j] - d[first + held] <= tolerance) {
      const r = Math.hypot(z[held], z[j]);
      const c = z[j] / r;
      const s = -z[held] / r;
      turn(u, held, j, c, s);
      turn(v, held, j, c, s);
      if (kind[held] !== kind[j]) kind[j] = BOTH;
      z[j] = r;
    } else if (held >= 0) kept.push(held);
    held = j;
  }
  if (held >= 0) kept.push(held);
  if (Math.abs(z[half]) <= tolerance) z[half] = z[half] < 0 ? -tolerance : tolerance;
  return kept;
}

/** Solves the secular equation of the kept poles and replaces their columns by the new vectors. */
function update(
  state: State,
  first: number,
  n: number,
  extra: number,
  half: number,
  z: Float64Array,
  kind: Uint8Array,
  kept: readonly number[],
): void {
  const { d, spare } = state;
  const k = kept.length;
  const poles = Float64Array.from(kept, (j) => d[first + j]);
  const weights = Float64Array.from(kept, (j) => z[j]);
  const squares = weights.map((value) => value * value);
  const gaps = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    const { origin, shift } = secularRoot(poles, true, squares, 1, k, i, gaps, i * k);
    const pole = poles[origin];
    d[first + kept[i]!] = pole + shift / (pole + Math.sqrt(Math.max(0, pole * pole + shift)));
  }
  const zHat = new Float64Array(k);
  lowner(poles, true, gaps, weights, k, zHat);
  const groups = groupColumns(kind, kept);
  const { place } = groups;
  const left = new Float64Array(k * k);
  const right = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    let leftSum = 0;
    let rightSum = 0;
    for (let p = 0; p < k; p++) {
      const j = place[p]!;
      const y = zHat[j] / gaps[i * k + j];
      const x = j === 0 ? -1 : poles[j] * y;
      right[i * k + p] = y;
      left[i * k + p] = x;
      leftSum += x * x;
      rightSum += y * y;
    }
    const leftFactor = 1 / Math.sqrt(leftSum);
    const rightFactor = 1 / Math.sqrt(rightSum);
    for (let p = 0; p < k; p++) {
      left[i * k + p] *= leftFactor;
      right[i * k + p] *= rightFactor;
    }
  }
  mixColumns(basisAt(state, state.u, first, n), half + 1, groups, kept, left, spare);
  mixColumns(basisAt(state, state.v, first, n + extra), half + 1, groups, kept, right, spare);
}
