// Householder reflectors H = I − τ v vᴴ, their compact form as blocks (I − V T Vᴴ) that work through matrix products,
// and the QR factorization built from them.
// Sources: Golub and Van Loan, "Matrix Computations" (4th ed.), 5.1–5.2; Schreiber and Van Loan, "A storage-efficient
// WY representation for products of Householder transformations" (1989).
import { addTimes, adjointTimes, axpy, multiply, norm2, scale, type Width } from "./vector.ts";

/** Columns that are factored together before the rest of the matrix is updated by a product. */
export const PANEL = 32;
/** Multiplications below which a block is applied reflector by reflector. */
const SMALL = 20_000;

/** The product H_0 H_1 … of reflectors. */
export interface Reflectors {
  readonly width: Width;
  /** Length of each vector. */
  readonly rows: number;
  readonly count: number;
  /** Vector i is zero above row i + shift and 1 there. */
  readonly shift: number;
  /** Column-major `[rows, count]`, the zeros and ones stored. */
  readonly vectors: Float64Array;
  readonly tau: Float64Array;
}

/** Room for `count` reflectors; the vectors and factors are filled in by whoever reduces a matrix. */
export function makeReflectors(width: Width, rows: number, count: number, shift: number): Reflectors {
  const vectors = new Float64Array(rows * count * width);
  return { width, rows, count, shift, vectors, tau: new Float64Array(count * width) };
}

/**
 * Turns the vector x of n elements at `at` into the vector v (v_0 = 1) of the reflector with Hᴴ x = β e_0, β real,
 * stores its factor τ and returns β. τ = 0 when x is already of that form.
 */
export function reflect(
  w: Width,
  x: Float64Array,
  at: number,
  n: number,
  tau: Float64Array,
  tauAt: number,
): number {
  const re = x[at];
  const im = w === 2 ? x[at + 1] : 0;
  const tail = norm2(x, at + w, (n - 1) * w);
  if (tail === 0 && im === 0) {
    tau[tauAt] = 0;
    if (w === 2) tau[tauAt + 1] = 0;
    x[at] = 1;
    return re;
  }
  const length = Math.hypot(re, im, tail);
  if (length < 1e-280) {
    // So small that the division below would lose the vector: the same reflector from a magnified one.
    scale(w, 2 ** 600, 0, x, at, n);
    return reflect(w, x, at, n, tau, tauAt) * 2 ** -600;
  }
  const beta = re > 0 ? -length : length;
  tau[tauAt] = (beta - re) / beta;
  if (w === 2) tau[tauAt + 1] = -im / beta;
  const d = re - beta;
  if (w === 1) scale(w, 1 / d, 0, x, at + w, n - 1);
  else {
    const size = d * d + im * im;
    scale(w, d / size, -im / size, x, at + w, n - 1);
    x[at + 1] = 0;
  }
  x[at] = 1;
  return beta;
}

/** C ← H C, or Hᴴ C, for columns of n elements. `dots` takes one element for each column. */
function applyOne(
  w: Width,
  v: Float64Array,
  vo: number,
  n: number,
  tauRe: number,
  tauIm: number,
  c: Float64Array,
  co: number,
  ldc: number,
  columns: number,
  dots: Float64Array,
): void {
  if (tauRe === 0 && tauIm === 0) return;
  adjointTimes(w, c, co, ldc, n, columns, v, vo, dots, 0);
  for (let j = 0; j < columns; j++) {
    const re = dots[j * w];
    if (w === 1) axpy(w, -tauRe * re, 0, v, vo, c, co + j * ldc, n);
    else {
      // The dots are cᴴ v; the update needs vᴴ c.
      const im = -dots[j * w + 1];
      axpy(w, -(tauRe * re - tauIm * im), -(tauRe * im + tauIm * re), v, vo, c, co + j * ldc, n);
    }
  }
}

/** The upper triangular T (column-major) with H_first … H_last = I − V T Vᴴ. */
function triangularFactor(r: Reflectors, first: number, count: number): Float64Array {
  const { width: w, rows, vectors, tau } = r;
  const top = first + r.shift;
  const ld = rows * w;
  const v = { data: vectors, offset: first * ld + top * w, ld };
  const gram = new Float64Array(count * count * w);
  multiply(w, count, count, rows - top, { ...v, adjoint: true }, v, { data: gram, offset: 0, ld: count * w });
  const t = new Float64Array(count * count * w);
  for (let i = 0; i < count; i++) {
    const column = i * count * w;
    const re = tau[(first + i) * w];
    const im = w === 2 ? tau[(first + i) * w + 1] : 0;
    // Column i above the diagonal: −τ T (Vᴴ v_i).
    for (let k = 0; k < i; k++)
      addTimes(w, -1, t, k * count * w, count * w, k + 1, 1, gram, column + k * w, t, column);
    scale(w, re, im, t, column, i);
    t[column + i * w] = re;
    if (w === 2) t[column + i * w + 1] = im;
  }
  return t;
}

/** C ← (I − V T Vᴴ) C, or its adjoint, with the reflectors `first … first + count − 1`. */
function applyBlock(
  r: Reflectors,
  first: number,
  count: number,
  c: Float64Array,
  co: number,
  ldc: number,
  columns: number,
  adjoint: boolean,
): void {
  const { width: w, rows, vectors, tau } = r;
  const top = first + r.shift;
  const active = rows - top;
  if (columns === 0 || active <= 0) return;
  const ld = rows * w;
  if (active * columns * count < SMALL) {
    const dots = new Float64Array(columns * w);
    for (let step = 0; step < count; step++) {
      const i = first + (adjoint ? step : count - 1 - step);
      const row = (i + r.shift) * w;
      const im = w === 2 ? tau[i * w + 1] : 0;
      const n = rows - i - r.shift;
      applyOne(w, vectors, i * ld + row, n, tau[i * w], adjoint ? -im : im, c, co + row, ldc, columns, dots);
    }
    return;
  }
  const t = { data: triangularFactor(r, first, count), offset: 0, ld: count * w, adjoint };
  const v = { data: vectors, offset: first * ld + top * w, ld };
  const target = { data: c, offset: co + top * w, ld: ldc };
  const product = { data: new Float64Array(count * columns * w), offset: 0, ld: count * w };
  multiply(w, count, columns, active, { ...v, adjoint: true }, target, product);
  const update = { data: new Float64Array(count * columns * w), offset: 0, ld: count * w };
  multiply(w, count, columns, count, t, product, update);
  const minus = update.data;
  for (let i = 0; i < minus.length; i++) minus[i] = -minus[i];
  multiply(w, active, columns, count, v, update, target, { accumulate: true });
}

/** C ← H_0 H_1 … C, or its adjoint, on column-major C `[rows, columns]`. O(rows · columns · count). */
export function applyReflectors(r: Reflectors, c: Float64Array, columns: number, adjoint: boolean): void {
  const blocks = Math.ceil(r.count / PANEL);
  for (let step = 0; step < blocks; step++) {
    const first = (adjoint ? step : blocks - 1 - step) * PANEL;
    applyBlock(r, first, Math.min(PANEL, r.count - first), c, 0, r.rows * r.width, columns, adjoint);
  }
}

/** The first `columns` columns of H_0 H_1 …, column-major. O(rows · columns · count). */
export function formProduct(r: Reflectors, columns: number): Float64Array {
  const { width: w, rows, count, shift } = r;
  const q = new Float64Array(rows * columns * w);
  for (let j = 0; j < columns; j++) q[(j + j * rows) * w] = 1;
  const ld = rows * w;
  for (let first = Math.floor((count - 1) / PANEL) * PANEL; first >= 0; first -= PANEL) {
    // Columns before the block's first row are still those of the identity, which the block leaves alone.
    const from = Math.min(columns, first + shift);
    applyBlock(r, first, Math.min(PANEL, count - first), q, from * ld, ld, columns - from, false);
  }
  return q;
}

/** A = Q R in place: R takes the upper triangle of the column-major `a` (what lies below becomes zero). */
export function factorQR(w: Width, rows: number, columns: number, a: Float64Array): Reflectors {
  const count = Math.min(rows, columns);
  const r = makeReflectors(w, rows, count, 0);
  const { vectors, tau } = r;
  const ld = rows * w;
  const dots = new Float64Array(PANEL * w);
  for (let first = 0; first < count; first += PANEL) {
    const last = Math.min(first + PANEL, count);
    for (let j = first; j < last; j++) {
      const at = j * ld + j * w;
      vectors.set(a.subarray(at, (j + 1) * ld), at);
      const beta = reflect(w, vectors, at, rows - j, tau, j * w);
      a.fill(0, at, (j + 1) * ld);
      a[at] = beta;
      const im = w === 2 ? -tau[j * w + 1] : 0;
      applyOne(w, vectors, at, rows - j, tau[j * w], im, a, at + ld, ld, last - j - 1, dots);
    }
    applyBlock(r, first, last - first, a, last * ld, ld, columns - last, true);
  }
  return r;
}
