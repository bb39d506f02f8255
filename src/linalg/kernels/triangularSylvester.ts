// Sylvester equations with upper (quasi-)triangular coefficients, halved until they are small, so that nearly all work
// is done by products.
// Source: Jonsson and Kågström, "Recursive blocked algorithms for solving triangular systems" I (2002).
import { solveSmallSylvester } from "./smallSystem.ts";
import { divide } from "./triangular.ts";
import { axpy, multiply, negated, type Width } from "./vector.ts";

/** Order up to which an equation is solved entry by entry. */
const SMALL = 16;

/** A square upper triangular matrix, or one in real Schur form, as part of a column-major array. */
export interface Triangular {
  readonly data: Float64Array;
  readonly at: number;
  readonly ld: number;
  readonly n: number;
}

/** A whole column-major array as a triangular matrix. */
export const triangularOf = (w: Width, n: number, data: Float64Array): Triangular => ({
  data,
  at: 0,
  ld: n * w,
  n,
});

const part = (w: Width, { data, at, ld }: Triangular, from: number, n: number): Triangular => ({
  data,
  at: at + from * (ld + w),
  ld,
  n,
});

/** True when rows k and k + 1 belong to one 2 x 2 block. */
const isPair = (w: Width, { data, at, ld, n }: Triangular, k: number): boolean =>
  w === 1 && k + 1 < n && data[at + k + 1 + k * ld] !== 0;

/** About half of the rows, such that no block is cut. */
function half(w: Width, t: Triangular): number {
  const middle = t.n >> 1;
  return isPair(w, t, middle - 1) ? middle + 1 : middle;
}

/**
 * Overwrites C (t.n x s.n, entry offset `co`, leading dimension `ldc`) with the X of T X + X S = C. Returns false when
 * an eigenvalue of T and one of −S agree up to `least`, which then replaces their difference. O(m n (m + n)).
 */
export function solveTriangularSylvester(
  w: Width,
  t: Triangular,
  s: Triangular,
  c: Float64Array,
  co: number,
  ldc: number,
  least: number,
): boolean {
  if (t.n === 0 || s.n === 0) return true;
  if (t.n <= SMALL && s.n <= SMALL)
    return w === 1 ? solveReal(t, s, c, co, ldc, least) : solveComplex(t, s, c, co, ldc, least);
  if (t.n >= s.n) {
    const m = half(w, t);
    const rest = t.n - m;
    const lower = co + m * w;
    const first = solveTriangularSylvester(w, part(w, t, m, rest), s, c, lower, ldc, least);
    const minus = negated(w, rest, s.n, c, lower, ldc);
    const corner = { data: t.data, offset: t.at + m * t.ld, ld: t.ld };
    multiply(w, m, s.n, rest, corner, minus, { data: c, offset: co, ld: ldc }, { accumulate: true });
    return solveTriangularSylvester(w, part(w, t, 0, m), s, c, co, ldc, least) && first;
  }
  const n = half(w, s);
  const rest = s.n - n;
  const right = co + n * ldc;
  const first = solveTriangularSylvester(w, t, part(w, s, 0, n), c, co, ldc, least);
  const minus = negated(w, t.n, n, c, co, ldc);
  const corner = { data: s.data, offset: s.at + n * s.ld, ld: s.ld };
  multiply(w, t.n, rest, n, minus, corner, { data: c, offset: right, ld: ldc }, { accumulate: true });
  return solveTriangularSylvester(w, t, part(w, s, n, rest), c, right, ldc, least) && first;
}

function solveReal(
  t: Triangular,
  s: Triangular,
  c: Float64Array,
  co: number,
  ldc: number,
  least: number,
): boolean {
  let isRegular = true;
  for (let l = 0; l < s.n; ) {
    const n2 = isPair(1, s, l) ? 2 : 1;
    for (let e = 0; e < n2; e++)
      for (let j = 0; j < l; j++) {
        const f = s.data[s.at + j + (l + e) * s.ld];
        if (f !== 0) axpy(1, -f, 0, c, co + j * ldc, c, co + (l + e) * ldc, t.n);
      }
    for (let k = t.n - 1; k >= 0; k--) {
      const n1 = k > 0 && isPair(1, t, k - 1) ? 2 : 1;
      if (n1 === 2) k--;
      const corner = co + k + l * ldc;
      const p = t.at + k * (t.ld + 1);
      const q = s.at + l * (s.ld + 1);
      if (n1 === 1 && n2 === 1) {
        let d = t.data[p] + s.data[q];
        if (Math.abs(d) <= least) {
          d = least;
          isRegular = false;
        }
        c[corner] /= d;
      } else if (!solveSmallSylvester(n1, n2, t.data, p, t.ld, s.data, q, s.ld, 1, c, corner, ldc))
        isRegular = false;
      for (let e = 0; e < n2; e++)
        for (let i = 0; i < n1; i++)
          axpy(1, -c[corner + i + e * ldc], 0, t.data, t.at + (k + i) * t.ld, c, co + (l + e) * ldc, k);
    }
    l += n2;
  }
  return isRegular;
}

const difference = new Float64Array(2);

function solveComplex(
  t: Triangular,
  s: Triangular,
  c: Float64Array,
  co: number,
  ldc: number,
  least: number,
): boolean {
  let isRegular = true;
  for (let l = 0; l < s.n; l++) {
    const column = co + l * ldc;
    for (let j = 0; j < l; j++) {
      const p = s.at + 2 * j + l * s.ld;
      axpy(2, -s.data[p], -s.data[p + 1], c, co + j * ldc, c, column, t.n);
    }
    const q = s.at + l * (s.ld + 2);
    for (let k = t.n - 1; k >= 0; k--) {
      const p = t.at + k * (t.ld + 2);
      difference[0] = t.data[p] + s.data[q];
      difference[1] = t.data[p + 1] + s.data[q + 1];
      if (Math.abs(difference[0]) + Math.abs(difference[1]) <= least) {
        difference[0] = least;
        difference[1] = 0;
        isRegular = false;
      }
      const at = column + 2 * k;
      divide(2, c, at, difference, 0);
      axpy(2, -c[at], -c[at + 1], t.data, t.at + k * t.ld, c, column, k);
    }
  }
  return isRegular;
}
