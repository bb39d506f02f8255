// Reduction of a square matrix to Hessenberg form by Householder reflectors, in panels: the columns to the right of a
// panel are updated by products.
// Source: Dongarra, Sorensen and Hammarling, "Block reduction of matrices to condensed forms for eigenvalue
// computations" (1989); Quintana-Ortí and van de Geijn, "Improving the performance of reduction to Hessenberg form"
// (2006).
import { makeReflectors, PANEL, type Reflectors, reflect } from "./householder.ts";
import { panelProducts } from "./panelProducts.ts";
import { addTimes, adjointTimes, axpy, conjugateRow, multiply, scale, type Width } from "./vector.ts";

/**
 * A = Q H Qᴴ in place for a column-major matrix that is upper triangular outside rows and columns `low … high`: H takes
 * the place of A, with exact zeros below its subdiagonal; Q is the product of the reflectors. O(10/3 n³), four fifths of
 * it in products and the rest in products of a matrix with a vector.
 */
export function reduceToHessenberg(
  w: Width,
  n: number,
  a: Float64Array,
  low = 0,
  high: number = n - 1,
): Reflectors {
  const count = Math.max(0, n - 1);
  const reflectors = makeReflectors(w, n, count, 1);
  const { vectors, tau } = reflectors;
  const ld = n * w;
  // Y = A V T for the panel, T upper triangular.
  const y = new Float64Array(n * PANEL * w);
  const t = new Float64Array(PANEL * PANEL * w);
  const ldt = PANEL * w;
  const row = new Float64Array(PANEL * w);
  const dots = new Float64Array(PANEL * w);
  const turned = new Float64Array(PANEL * w);
  for (let i = 0; i < count; i++) if (i < low || i >= high) vectors[i * ld + (i + 1) * w] = 1;
  for (let first = low; first < high; first += PANEL) {
    const last = Math.min(first + PANEL, high);
    const panel = first * ld;
    const trailing = panelProducts(w, a, (first + 1) * ld, ld, high + 1, high - first);
    for (let c = first; c < last; c++) {
      const done = c - first;
      const column = c * ld;
      if (done > 0) {
        conjugateRow(w, vectors, panel + c * w, ld, done, row);
        addTimes(w, -1, y, 0, ld, high + 1, done, row, 0, a, column);
        const below = (first + 1) * w;
        adjointTimes(w, vectors, panel + below, ld, high - first, done, a, column + below, dots, 0);
        for (let i = 0; i < done; i++) adjointTimes(w, t, i * ldt, ldt, i + 1, 1, dots, 0, turned, i * w);
        addTimes(w, -1, vectors, panel + below, ld, high - first, done, turned, 0, a, column + below);
      }
      const at = column + (c + 1) * w;
      const length = high - c;
      vectors.set(a.subarray(at, at + length * w), at);
      const beta = reflect(w, vectors, at, length, tau, c * w);
      a.fill(0, at, column + (high + 1) * w);
      a[at] = beta;
      const re = tau[c * w];
      const im = w === 2 ? tau[c * w + 1] : 0;
      // y = τ (A v − Y Vᴴ v), and the column −τ T Vᴴ v of T.
      const to = done * ld;
      y.fill(0, to, to + ld);
      trailing.addTimes(0, done, high + 1, length, vectors, at, y, to);
      adjointTimes(w, vectors, panel + (c + 1) * w, ld, length, done, vectors, at, dots, 0);
      addTimes(w, -1, y, 0, ld, high + 1, done, dots, 0, y, to);
      scale(w, re, im, y, to, high + 1);
      t.fill(0, done * ldt, (done + 1) * ldt);
      for (let k = 0; k < done; k++) {
        const dotRe = dots[k * w];
        const dotIm = w === 2 ? dots[k * w + 1] : 0;
        axpy(w, -(re * dotRe - im * dotIm), -(re * dotIm + im * dotRe), t, k * ldt, t, done * ldt, k + 1);
      }
      t[done * ldt + done * w] = re;
      if (w === 2) t[done * ldt + done * w + 1] = im;
    }
    trailing.release();
    updateRight(w, n, a, vectors, y, t, first, last, high);
  }
  return reflectors;
}

/** A ← (I − V Tᴴ Vᴴ) (A − Y Vᴴ) to the right of a panel. */
function updateRight(
  w: Width,
  n: number,
  a: Float64Array,
  vectors: Float64Array,
  y: Float64Array,
  t: Float64Array,
  first: number,
  last: number,
  high: number,
): void {
  const ld = n * w;
  const count = last - first;
  const rest = n - last;
  if (rest === 0) return;
  for (let i = 0; i < count * ld; i++) y[i] = -y[i];
  const v = { data: vectors, offset: first * ld + last * w, ld, adjoint: true };
  const all = { data: a, offset: last * ld, ld };
  multiply(w, high + 1, high - last + 1, count, { data: y, offset: 0, ld }, v, all, { accumulate: true });
  const below = { data: vectors, offset: first * ld + (first + 1) * w, ld };
  const target = { data: a, offset: last * ld + (first + 1) * w, ld };
  const height = count * w;
  const product = { data: new Float64Array(height * rest), offset: 0, ld: height };
  multiply(w, count, rest, high - first, { ...below, adjoint: true }, target, product);
  const update = { data: new Float64Array(height * rest), offset: 0, ld: height };
  const factor = { data: t, offset: 0, ld: PANEL * w, adjoint: true };
  multiply(w, count, rest, count, factor, product, update);
  for (let i = 0; i < update.data.length; i++) update.data[i] = -update.data[i];
  multiply(w, high - first, rest, count, below, update, target, { accumulate: true });
}
