// Hermitian matrix to real symmetric tridiagonal matrix by Householder reflections, in panels whose updates of the
// rest of the matrix are gathered into one rank-2k product.
// Source: Dongarra, Sorensen and Hammarling, "Block reduction of matrices to condensed forms for eigenvalue
// computations" (1989).
import { makeReflectors, PANEL, type Reflectors, reflect } from "./householder.ts";
import { panelProducts } from "./panelProducts.ts";
import { addTimes, adjointTimes, axpy, conjugateRow, dotc, multiply, scale, type Width } from "./vector.ts";

export interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** n − 1 entries (none for n = 0). */
  readonly offDiagonal: Float64Array;
  /** A = Q T Qᴴ with Q the product of these. */
  readonly reflectors: Reflectors;
}

/**
 * Reduces the column-major Hermitian matrix `a` (both triangles filled; destroyed). The off-diagonal is real for
 * complex matrices too. O(4/3 n³), half of it matrix-vector products and half rank-2k updates.
 */
export function tridiagonalize(w: Width, n: number, a: Float64Array): Tridiagonal {
  const count = Math.max(0, n - 1);
  const reflectors = makeReflectors(w, n, count, 1);
  const { vectors, tau } = reflectors;
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(count);
  const ld = n * w;
  // The deferred update of a panel is A − V Wᴴ − W Vᴴ, with `second` holding W.
  const second = new Float64Array(n * PANEL * w);
  const small = new Float64Array(PANEL * w);
  const row = new Float64Array(PANEL * w);
  const scalar = new Float64Array(2);
  for (let first = 0; first < n; first += PANEL) {
    const last = Math.min(first + PANEL, n);
    const panel = first * ld;
    const trailing = panelProducts(w, a, first * (ld + w), ld, n - first, n - first);
    for (let c = first; c < last; c++) {
      const done = c - first;
      const column = c * ld;
      const here = c * w;
      // Column c, brought up to date from its diagonal down.
      conjugateRow(w, second, here, ld, done, row);
      addTimes(w, -1, vectors, panel + here, ld, n - c, done, row, 0, a, column + here);
      conjugateRow(w, vectors, panel + here, ld, done, row);
      addTimes(w, -1, second, here, ld, n - c, done, row, 0, a, column + here);
      diagonal[c] = a[column + here];
      if (c === n - 1) break;
      const at = column + here + w;
      const length = n - c - 1;
      vectors.set(a.subarray(at, at + length * w), at);
      offDiagonal[c] = reflect(w, vectors, at, length, tau, c * w);
      // p = τ (A − V Wᴴ − W Vᴴ) v, and w = p − (τ̄ vᴴp / 2) v.
      const p = done * ld + here + w;
      second.fill(0, done * ld, (done + 1) * ld);
      if (tau[c * w] === 0 && (w === 1 || tau[c * w + 1] === 0)) continue;
      trailing.adjointTimes(done + 1, done + 1, length, length, vectors, at, second, p);
      adjointTimes(w, second, here + w, ld, length, done, vectors, at, small, 0);
      addTimes(w, -1, vectors, panel + here + w, ld, length, done, small, 0, second, p);
      adjointTimes(w, vectors, panel + here + w, ld, length, done, vectors, at, small, 0);
      addTimes(w, -1, second, here + w, ld, length, done, small, 0, second, p);
      const re = tau[c * w];
      const im = w === 2 ? tau[c * w + 1] : 0;
      scale(w, re, im, second, p, length);
      dotc(w, vectors, at, second, p, length, scalar, 0);
      const half = w === 1 ? re * scalar[0] : re * scalar[0] + im * scalar[1];
      axpy(w, -half / 2, 0, vectors, at, second, p, length);
    }
    trailing.release();
    if (last < n) updateTrailing(w, n, a, vectors, panel, second, last - first, last);
  }
  return { diagonal, offDiagonal, reflectors };
}

/** A ← A − [V W] [W V]ᴴ from row and column `from` on, as one product. */
function updateTrailing(
  w: Width,
  n: number,
  a: Float64Array,
  vectors: Float64Array,
  panel: number,
  second: Float64Array,
  count: number,
  from: number,
): void {
  const rest = n - from;
  const height = rest * w;
  const left = new Float64Array(height * 2 * count);
  const right = new Float64Array(height * 2 * count);
  const ld = n * w;
  for (let l = 0; l < count; l++) {
    const v = vectors.subarray(panel + l * ld + from * w, panel + (l + 1) * ld);
    const s = second.subarray(l * ld + from * w, (l + 1) * ld);
    left.set(v, l * height);
    left.set(s, (count + l) * height);
    right.set(s, l * height);
    right.set(v, (count + l) * height);
  }
  for (let i = 0; i < left.length; i++) left[i] = -left[i];
  multiply(
    w,
    rest,
    rest,
    2 * count,
    { data: left, offset: 0, ld: height },
    { data: right, offset: 0, ld: height, adjoint: true },
    { data: a, offset: from * (ld + w), ld },
    { accumulate: true, triangle: "lower", mirror: true },
  );
}
