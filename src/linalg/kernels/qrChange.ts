// Thin QR factors of a matrix that changes by a rank-one term, a row or a column: rotations of neighbouring rows of R
// and columns of Q, in O(m n).
// Source: Daniel, Gragg, Kaufman and Stewart, "Reorthogonalization and stable algorithms for updating the Gram-Schmidt
// QR factorization", Math. Comp. 30 (1976).
import { applyTurn, findTurn, turn } from "./planeRotations.ts";
import { addTimes, adjointTimes, norm2, scale, type Width } from "./vector.ts";

/** Q with one column and R with one row more than the factors have: room for what a change adds. */
export class GrowingQR {
  readonly w: Width;
  /** Rows of Q. */
  readonly m: number;
  /** Columns of Q without the further one. */
  readonly k: number;
  /** Column-major `[m, k + 1]`, the last column zero until `extend`. */
  readonly q: Float64Array;
  /** The columns of R, `k + 1` elements each. */
  readonly columns: Float64Array[];

  constructor(w: Width, m: number, k: number, q: Float64Array, columns: Float64Array[]) {
    this.w = w;
    this.m = m;
    this.k = k;
    this.q = q;
    this.columns = columns;
  }

  static of(w: Width, m: number, k: number, n: number, q: Float64Array, r: Float64Array): GrowingQR {
    const room = new Float64Array(m * (k + 1) * w);
    room.set(q);
    const columns = Array.from({ length: n }, (_, j) => {
      const column = new Float64Array((k + 1) * w);
      column.set(r.subarray(j * k * w, (j + 1) * k * w));
      return column;
    });
    return new GrowingQR(w, m, k, room, columns);
  }

  /**
   * The coordinates of x, `k + 1` elements, in the columns of Q and a further one, which becomes the direction of what
   * the others miss. Orthogonalized twice; rounding is no direction, and then the further column stays zero.
   */
  extend(x: Float64Array): Float64Array {
    const { w, m, k, q } = this;
    const ld = m * w;
    const rest = x.slice();
    const coordinates = new Float64Array((k + 1) * w);
    const correction = new Float64Array(k * w);
    const size = norm2(x, 0, ld);
    for (let pass = 0; pass < 2; pass++) {
      adjointTimes(w, q, 0, ld, m, k, rest, 0, correction, 0);
      addTimes(w, -1, q, 0, ld, m, k, correction, 0, rest, 0);
      for (let i = 0; i < k * w; i++) coordinates[i] = coordinates[i]! + correction[i]!;
    }
    const length = norm2(rest, 0, ld);
    if (m === k || length <= 10 * m * 2 ** -52 * size) return coordinates;
    coordinates[k * w] = length;
    scale(w, 1 / length, 0, rest, 0, m);
    q.set(rest, k * ld);
    return coordinates;
  }

  /** Rotates rows i and l of R, of `z`, and columns i and l of Q, such that element `cleared` of z becomes zero. */
  rotate(z: Float64Array, i: number, l: number, cleared: "first" | "second", from = 0): void {
    const { w, m, q, columns } = this;
    const [keep, zero] = cleared === "second" ? [i * w, l * w] : [l * w, i * w];
    const part = (at: number): number => (w === 2 ? z[at + 1]! : 0);
    if (z[zero] === 0 && part(zero) === 0) return;
    findTurn(w, z[keep]!, part(keep), z[zero]!, part(zero));
    const [c, re, im] = turn as unknown as readonly [number, number, number];
    for (let j = from; j < columns.length; j++)
      if (columns[j] !== z) applyTurn(w, columns[j]!, keep, zero, w, 1, c, re, im);
    applyTurn(w, z, keep, zero, w, 1, c, re, im);
    z.fill(0, zero, zero + w);
    applyTurn(w, q, keep * m, zero * m, w, m, c, re, -im);
  }

  /** Clears what column after column has one below the diagonal, from column `first` on. */
  retriangularize(first: number): void {
    const last = Math.min(this.k, this.columns.length);
    for (let j = first; j < last; j++) this.rotate(this.columns[j]!, j, j + 1, "second", j);
  }

  /** Makes the diagonal real and >= 0, and gives the first `k` columns of Q and rows of R. */
  finish(k: number): { q: Float64Array; r: Float64Array } {
    const { w, m, q, columns } = this;
    const n = columns.length;
    for (let i = 0; i < Math.min(k, n); i++) {
      const re = columns[i]![i * w]!;
      const im = w === 2 ? columns[i]![i * w + 1]! : 0;
      const size = Math.hypot(re, im);
      if (size === 0 || (re > 0 && im === 0)) continue;
      for (let j = i; j < n; j++) scale(w, re / size, -im / size, columns[j]!, i * w, 1);
      columns[i]![i * w] = size;
      if (w === 2) columns[i]![i * w + 1] = 0;
      scale(w, re / size, im / size, q, i * m * w, m);
    }
    const r = new Float64Array(k * n * w);
    columns.forEach((column, j) => {
      r.set(column.subarray(0, Math.min(k, j + 1) * w), j * k * w);
    });
    return { q: q.slice(0, m * k * w), r };
  }
}
