// Reordering of a generalised Schur form: neighbouring blocks are exchanged by unitary equivalences.
// Source: Kågström and Poromaa, "Computing eigenspaces with specified eigenvalues of a regular matrix pair (A, B)"
// (1996).
import { type Pencil, rotateColumns, rotateRows } from "./pencil.ts";
import { findTurn } from "./planeRotations.ts";
import { makePositive, standardisePair } from "./qz.ts";
import { basis, completeBasis, mixFewColumns, mixFewRows, unitary } from "./schurSwap.ts";
import { right, solution, solveSmall, system } from "./smallSystem.ts";
import { maxAbs } from "./vector.ts";

/** Rows of the block that begins at row k: 2 for a pair of complex eigenvalues of a real pair of matrices. */
export const pencilBlock = ({ width, n, s }: Pencil, k: number): 1 | 2 =>
  width === 1 && k + 1 < n && s[k + 1 + k * n] !== 0 ? 2 : 1;

/** Exchanges two neighbouring elements of the diagonals. */
function swapSingles(pencil: Pencil, k: number): void {
  const { width: w, n, s, t } = pencil;
  const ld = n * w;
  const p = k * (ld + w);
  const q = p + ld;
  const d = q + w;
  const im = (x: Float64Array, i: number): number => (w === 2 ? x[i + 1] : 0);
  // Of s₂₂ T − t₂₂ S the first row (F, G) is all that is not zero: its null vector becomes the first column.
  const cross = (i: number): [number, number] => [
    s[d] * t[i] - im(s, d) * im(t, i) - t[d] * s[i] + im(t, d) * im(s, i),
    s[d] * im(t, i) + im(s, d) * t[i] - t[d] * im(s, i) - im(t, d) * s[i],
  ];
  const [fRe, fIm] = cross(p);
  const [gRe, gIm] = cross(q);
  const weightS = Math.hypot(s[d], im(s, d)) * Math.hypot(t[p], im(t, p));
  const weightT = Math.hypot(s[p], im(s, p)) * Math.hypot(t[d], im(t, d));
  // The first column must be taken to zero by (F, G).
  findTurn(w, gRe, gIm, fRe, fIm);
  rotateColumns(pencil, k, k + 1);
  const x = weightS >= weightT ? s : t;
  findTurn(w, x[p], im(x, p), x[p + w], im(x, p + w));
  rotateRows(pencil, k, k);
  s.fill(0, p + w, p + 2 * w);
  t.fill(0, p + w, p + 2 * w);
  makePositive(pencil, k);
  makePositive(pencil, k + 1);
}

const held = new Float64Array(64);

/** Exchanges the blocks of n1 and n2 rows at row k; false, with nothing changed, when that would spoil the form. */
function swapBlocks(pencil: Pencil, k: number, n1: 1 | 2, n2: 1 | 2): boolean {
  if (n1 === 1 && n2 === 1) {
    swapSingles(pencil, k);
    return true;
  }
  const { n, s, t, q, z } = pencil;
  const m = n1 + n2;
  const at = (i: number, j: number): number => k + i + (k + j) * n;
  // S₁₁ R − L S₂₂ = S₁₂ and T₁₁ R − L T₂₂ = T₁₂: [−R; I] and [−L; I] span the deflating subspaces.
  const half = n1 * n2;
  const order = 2 * half;
  system.fill(0, 0, order * order);
  let top = 0;
  for (const [part, x] of [s, t].entries())
    for (let j = 0; j < n2; j++)
      for (let i = 0; i < n1; i++) {
        const row = (part * half + i + j * n1) * order;
        for (let l = 0; l < n1; l++) system[row + l + j * n1] += x[at(i, l)];
        for (let l = 0; l < n2; l++) system[row + half + i + l * n1] -= x[at(n1 + l, n1 + j)];
        right[part * half + i + j * n1] = x[at(i, n1 + j)];
      }
  top = maxAbs(system, 0, order * order);
  solveSmall(order, Math.max(2 ** -52 * top, 2 ** -1000));
  const space = (offset: number): void => {
    for (let j = 0; j < n2; j++) {
      for (let i = 0; i < n1; i++) basis[i + j * m] = -solution[offset + i + j * n1];
      for (let i = 0; i < n2; i++) basis[n1 + i + j * m] = i === j ? 1 : 0;
    }
    completeBasis(m, n2);
  };
  space(0);
  const byColumns = unitary.slice();
  space(half);
  const byRows = unitary.slice();
  let size = 0;
  for (const [part, x] of [s, t].entries()) {
    const block = held.subarray(16 * part, 16 * part + m * m);
    for (let j = 0; j < m; j++) for (let i = 0; i < m; i++) block[i + j * m] = x[at(i, j)];
    size = maxAbs(block, 0, m * m);
    mixFewRows(m, byRows, block, m, 0, 0, m - 1);
    mixFewColumns(m, byColumns, block, m, 0, 0, m - 1);
    for (let j = 0; j < n2; j++)
      for (let i = n2; i < m; i++) if (Math.abs(block[i + j * m]) > 20 * 2 ** -52 * size) return false;
  }
  for (const x of [s, t]) {
    mixFewRows(m, byRows, x, n, k, k, n - 1);
    mixFewColumns(m, byColumns, x, n, k, 0, k + m - 1);
    for (let j = 0; j < n2; j++) for (let i = n2; i < m; i++) x[at(i, j)] = 0;
  }
  mixFewColumns(m, byRows, q, n, k, 0, n - 1);
  mixFewColumns(m, byColumns, z, n, k, 0, n - 1);
  for (const [place, size] of [
    [k, n2],
    [k + n2, n1],
  ] as const) {
    if (size === 2) standardisePair(pencil, place);
    for (let i = 0; i < size; i++) makePositive(pencil, place + i);
  }
  return true;
}

/** Moves the block at row `from` up to row `to`; returns the row that it reaches. */
export function movePencilUp(pencil: Pencil, from: number, to: number): number {
  const size = pencilBlock(pencil, from);
  let here = from;
  while (here > to) {
    const above: 1 | 2 = here - 2 >= to && pencilBlock(pencil, here - 2) === 2 ? 2 : 1;
    if (!swapBlocks(pencil, here - above, above, size)) return here;
    here -= above;
    if (size === 2 && pencilBlock(pencil, here) === 1) {
      const reached = movePencilUp(pencil, here, to);
      movePencilUp(pencil, here + 1, reached + 1);
      return reached;
    }
  }
  return here;
}
