// Reordering of a Schur form: neighbouring blocks are exchanged by orthogonal similarities.
// Source: Bai and Demmel, "On swapping diagonal blocks in real Schur form" (1993).
import { standardiseAt } from "./francis.ts";
import { applyTurn, findTurn, turn } from "./planeRotations.ts";
import { solveSmallSylvester } from "./smallSystem.ts";
import { maxAbs, type Width } from "./vector.ts";

/** A Schur form T (n x n, column-major) and the columns Q (`rows` tall) that move with it; null when not wanted. */
export interface SchurForm {
  readonly width: Width;
  readonly n: number;
  readonly t: Float64Array;
  readonly q: Float64Array | null;
  readonly rows: number;
}

/** Rows of the block that begins at row k: 2 for a pair of complex eigenvalues of a real matrix. */
export const blockSize = ({ width, n, t }: SchurForm, k: number): 1 | 2 =>
  width === 1 && k + 1 < n && t[k + 1 + k * n] !== 0 ? 2 : 1;

/** Exchanges two neighbouring elements of the diagonal. */
function swapSingles({ width: w, n, t, q, rows }: SchurForm, k: number): void {
  const ld = n * w;
  const p = k * (ld + w);
  const next = p + ld + w;
  const gapIm = w === 2 ? t[next + 1] - t[p + 1] : 0;
  findTurn(w, t[p + ld], w === 2 ? t[p + ld + 1] : 0, t[next] - t[p], gapIm);
  const c = turn[0];
  const re = turn[1];
  const im = turn[2];
  const from = k * w + (k + 2) * ld;
  applyTurn(w, t, from, from + w, ld, n - k - 2, c, re, im);
  applyTurn(w, t, k * ld, (k + 1) * ld, w, k, c, re, -im);
  for (let part = 0; part < w; part++) {
    const held = t[p + part];
    t[p + part] = t[next + part];
    t[next + part] = held;
  }
  if (q) applyTurn(w, q, k * rows * w, (k + 1) * rows * w, w, rows, c, re, -im);
}

const block = new Float64Array(16);
const turned = new Float64Array(16);
/** Columns of a subspace, packed, for `completeBasis`, and what it makes of them. */
export const basis: Float64Array = new Float64Array(8);
export const unitary: Float64Array = new Float64Array(16);
const row = new Float64Array(4);

/** The orthogonal m x m matrix whose first columns span those of `basis` (m x count), column-major in `unitary`. */
export function completeBasis(m: number, count: number): void {
  unitary.fill(0);
  for (let i = 0; i < m; i++) unitary[i + i * m] = 1;
  for (let j = 0; j < count; j++) {
    let length = 0;
    for (let i = j; i < m; i++) length = Math.hypot(length, basis[i + j * m]);
    if (length === 0) continue;
    const beta = basis[j + j * m] > 0 ? -length : length;
    const tau = (beta - basis[j + j * m]) / beta;
    const head = basis[j + j * m] - beta;
    for (let i = j + 1; i < m; i++) basis[i + j * m] /= head;
    basis[j + j * m] = 1;
    for (let k = j + 1; k < count; k++) {
      let sum = 0;
      for (let i = j; i < m; i++) sum += basis[i + j * m] * basis[i + k * m];
      for (let i = j; i < m; i++) basis[i + k * m] -= tau * sum * basis[i + j * m];
    }
    for (let r = 0; r < m; r++) {
      let sum = 0;
      for (let i = j; i < m; i++) sum += unitary[r + i * m] * basis[i + j * m];
      for (let i = j; i < m; i++) unitary[r + i * m] -= tau * sum * basis[i + j * m];
    }
  }
}

/** Columns `k … k + m − 1` of x, rows `from … to`, times `unitary`. */
export function mixFewColumns(
  m: number,
  u: Float64Array,
  x: Float64Array,
  ld: number,
  k: number,
  from: number,
  to: number,
): void {
  for (let i = from; i <= to; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let l = 0; l < m; l++) sum += x[i + (k + l) * ld] * u[l + j * m];
      row[j] = sum;
    }
    for (let j = 0; j < m; j++) x[i + (k + j) * ld] = row[j];
  }
}

/** Rows `k … k + m − 1` of x, columns `from … to`, multiplied from the left by the transpose of `unitary`. */
export function mixFewRows(
  m: number,
  u: Float64Array,
  x: Float64Array,
  ld: number,
  k: number,
  from: number,
  to: number,
): void {
  for (let j = from; j <= to; j++) {
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let l = 0; l < m; l++) sum += u[l + i * m] * x[k + l + j * ld];
      row[i] = sum;
    }
    for (let i = 0; i < m; i++) x[k + i + j * ld] = row[i];
  }
}

/**
 * Exchanges the neighbouring blocks of n1 and n2 rows that begin at row k. Returns false, with nothing changed, when
 * their eigenvalues are so close that this would spoil the form.
 */
export function swapBlocks(form: SchurForm, k: number, n1: 1 | 2, n2: 1 | 2): boolean {
  if (n1 === 1 && n2 === 1) {
    swapSingles(form, k);
    return true;
  }
  const { n, t, q, rows } = form;
  const m = n1 + n2;
  for (let j = 0; j < m; j++) for (let i = 0; i < m; i++) block[i + j * m] = t[k + i + (k + j) * n];
  const limit = Math.max(10 * 2 ** -52 * maxAbs(block, 0, m * m), 2 ** -1000);
  // T₁₁ X − X T₂₂ = T₁₂: the columns of [−X; I] span the invariant subspace of T₂₂.
  turned.set(block.subarray(0, m * m));
  solveSmallSylvester(n1, n2, block, 0, m, block, n1 + n1 * m, m, -1, turned, n1 * m, m);
  for (let j = 0; j < n2; j++) {
    for (let i = 0; i < n1; i++) basis[i + j * m] = -turned[i + (n1 + j) * m];
    for (let i = 0; i < n2; i++) basis[n1 + i + j * m] = i === j ? 1 : 0;
  }
  completeBasis(m, n2);
  mixFewRows(m, unitary, block, m, 0, 0, m - 1);
  mixFewColumns(m, unitary, block, m, 0, 0, m - 1);
  for (let j = 0; j < n2; j++)
    for (let i = n2; i < m; i++) if (Math.abs(block[i + j * m]) > limit) return false;
  mixFewRows(m, unitary, t, n, k, k, n - 1);
  mixFewColumns(m, unitary, t, n, k, 0, k + m - 1);
  if (q) mixFewColumns(m, unitary, q, rows, k, 0, rows - 1);
  for (let j = 0; j < n2; j++) for (let i = n2; i < m; i++) t[k + i + (k + j) * n] = 0;
  if (n2 === 2) standardiseAt(n, t, q, rows, k, 0, n - 1);
  if (n1 === 2) standardiseAt(n, t, q, rows, k + n2, 0, n - 1);
  return true;
}

/**
 * Moves the block that begins at row `from` up to row `to`, where a block must begin. Returns the row at which it
 * stands: `to`, or one further down when eigenvalues were too close to be exchanged.
 */
export function moveUp(form: SchurForm, from: number, to: number): number {
  const size = blockSize(form, from);
  let here = from;
  while (here > to) {
    const above: 1 | 2 = here - 2 >= to && blockSize(form, here - 2) === 2 ? 2 : 1;
    if (!swapBlocks(form, here - above, above, size)) return here;
    here -= above;
    if (size === 2 && blockSize(form, here) === 1) {
      // The pair has become two real eigenvalues, which go on one after the other.
      const reached = moveUp(form, here, to);
      moveUp(form, here + 1, reached + 1);
      return reached;
    }
  }
  return here;
}

/** Eigenvalues of a Schur form, two entries each. */
export function schurValues({ width: w, n, t }: SchurForm): Float64Array {
  const values = new Float64Array(2 * n);
  if (w === 2) {
    for (let i = 0; i < n; i++) {
      values[2 * i] = t[2 * i * (n + 1)];
      values[2 * i + 1] = t[2 * i * (n + 1) + 1];
    }
    return values;
  }
  for (let i = 0; i < n; i++) {
    values[2 * i] = t[i * (n + 1)];
    if (i + 1 < n && t[i + 1 + i * n] !== 0) {
      const imaginary = Math.sqrt(Math.abs(t[i + 1 + i * n])) * Math.sqrt(Math.abs(t[i + (i + 1) * n]));
      values[2 * i + 1] = imaginary;
      values[2 * i + 2] = t[(i + 1) * (n + 1)];
      values[2 * i + 3] = -imaginary;
      i++;
    }
  }
  return values;
}
