// A pair of matrices (A, B) under unitary equivalences: A = Q S Zᴴ and B = Q T Zᴴ. Every step of the QZ algorithm is made
// of the rotations of rows and columns below.
import { applyTurn, findTurn, turn } from "./planeRotations.ts";
import type { Width } from "./vector.ts";

export interface Pencil {
  readonly width: Width;
  readonly n: number;
  /** Column-major n x n. */
  readonly s: Float64Array;
  readonly t: Float64Array;
  readonly q: Float64Array;
  readonly z: Float64Array;
}

const imaginary = (w: Width, x: Float64Array, p: number): number => (w === 2 ? x[p + 1] : 0);

/** Rotates rows k and k + 1 of S and T, from column `from` on, by the rotation in `turn`; Q follows. */
export function rotateRows({ width: w, n, s, t, q }: Pencil, k: number, from: number): void {
  const c = turn[0];
  const re = turn[1];
  const im = turn[2];
  const ld = n * w;
  const at = k * w + from * ld;
  applyTurn(w, s, at, at + w, ld, n - from, c, re, im);
  applyTurn(w, t, at, at + w, ld, n - from, c, re, im);
  applyTurn(w, q, k * ld, (k + 1) * ld, w, n, c, re, -im);
}

/** Rotates columns k + 1 and k of S and T, rows up to `to`, by the rotation in `turn`; Z follows. */
export function rotateColumns({ width: w, n, s, t, z }: Pencil, k: number, to: number): void {
  const c = turn[0];
  const re = turn[1];
  const im = turn[2];
  const ld = n * w;
  applyTurn(w, s, (k + 1) * ld, k * ld, w, to + 1, c, re, im);
  applyTurn(w, t, (k + 1) * ld, k * ld, w, to + 1, c, re, im);
  applyTurn(w, z, (k + 1) * ld, k * ld, w, n, c, re, im);
}

/** Makes x(k + 1, column) zero by rows k and k + 1; x is S or T. */
export function clearByRows(p: Pencil, x: Float64Array, k: number, column: number, from: number): void {
  const w = p.width;
  const at = k * w + column * p.n * w;
  findTurn(w, x[at], imaginary(w, x, at), x[at + w], imaginary(w, x, at + w));
  rotateRows(p, k, from);
  x.fill(0, at + w, at + 2 * w);
}

/** Makes x(row, k) zero by columns k and k + 1; x is S or T. */
export function clearByColumns(p: Pencil, x: Float64Array, row: number, k: number, to: number): void {
  const w = p.width;
  const ld = p.n * w;
  const at = row * w + k * ld;
  findTurn(w, x[at + ld], imaginary(w, x, at + ld), x[at], imaginary(w, x, at));
  rotateColumns(p, k, to);
  x.fill(0, at, at + w);
}
