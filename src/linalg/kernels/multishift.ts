// The QR iteration for large Hessenberg matrices: aggressive early deflation at the lower end, and sweeps in which a
// chain of small bulges is chased down the diagonal, a window at a time; everything outside of the window is updated
// by products.
// Source: Braman, Byers and Mathias, "The multishift QR algorithm" I and II (2002).
import { blockStart, EPS, LEAST } from "./deflate.ts";
import { firstColumn, type Iterate, smallQR } from "./francis.ts";
import { reduceToHessenberg } from "./hessenbergReduce.ts";
import { formProduct, reflect } from "./householder.ts";
import { moveUp, type SchurForm, schurValues } from "./schurSwap.ts";
import { makeReflector, reflectColumns, reflectRows, vector } from "./smallReflector.ts";
import { axpy, dotc, multiply, type Width } from "./vector.ts";

/** Blocks up to this size are left to single steps. */
const SMALL = 64;
/** Sweeps without deflation after which shifts are taken out of the air. */
const EXCEPTIONAL = 6;

/** Shifts of one sweep for an active block of `size` rows; an even number. */
function shiftsFor(size: number): number {
  if (size < 150) return 12;
  return Math.min(64, 2 * Math.round(size / Math.log2(size) / 2));
}

/**
 * Brings the rows and columns `lo … hi` of a Hessenberg matrix to Schur form. Returns −1, or the last row of the block
 * that did not converge. O(25 n³) with vectors.
 */
export function hessenbergQR(it: Iterate, lo: number, hi: number): number {
  const { width: w, n, h } = it;
  if (hi - lo < SMALL) return smallQR(it, lo, hi);
  const limit = 30 * Math.max(10, hi - lo + 1);
  let bottom = hi;
  let since = 0;
  for (let sweep = 0; bottom >= lo; sweep++) {
    if (sweep > limit) return bottom;
    const top = blockStart(w, n, h, lo, bottom);
    const size = bottom - top + 1;
    if (size <= SMALL) {
      if (solveBlock(it, top, bottom) >= 0) return bottom;
      bottom = top - 1;
      since = 0;
      continue;
    }
    const count = shiftsFor(size);
    const window = Math.min(size - 1, Math.max(12, size > 500 ? Math.floor((3 * count) / 2) : count));
    const { deflated, shifts } = deflateWindow(it, top, bottom, window);
    bottom -= deflated;
    if (deflated < 0) return bottom;
    if (deflated > 0) since = 0;
    // Deflation was good enough to be tried again at once.
    if (100 * deflated > 14 * window || bottom - top < SMALL) continue;
    since++;
    const chosen = since % EXCEPTIONAL === 0 ? exceptional(it, bottom, count) : pairs(w, shifts, count);
    sweepBulges(it, top, bottom, chosen);
  }
  return -1;
}

/** Column-major copy of the block of rows and columns `top … bottom`, packed. */
function copyOut({ width: w, n, h }: Iterate, top: number, bottom: number): Float64Array {
  const m = bottom - top + 1;
  const out = new Float64Array(m * m * w);
  for (let j = 0; j < m; j++) {
    const from = (top + (top + j) * n) * w;
    out.set(h.subarray(from, from + m * w), j * m * w);
  }
  return out;
}

function copyIn({ width: w, n, h }: Iterate, top: number, m: number, block: Float64Array): void {
  for (let j = 0; j < m; j++) h.set(block.subarray(j * m * w, (j + 1) * m * w), (top + (top + j) * n) * w);
}

function identity(w: Width, m: number): Float64Array {
  const out = new Float64Array(m * m * w);
  for (let i = 0; i < m; i++) out[i * (m + 1) * w] = 1;
  return out;
}

let spare = new Float64Array(0);

/** Room for the copy of a factor, until the next call: the copies are many, and large. */
function borrow(length: number): Float64Array {
  if (spare.length < length) spare = new Float64Array(length);
  return spare;
}

/**
 * Applies the similarity by U (m x m), done already inside the diagonal block at `top`, to the rest of the matrix and
 * to the vectors; without T only to what the active rows and columns `first … last` see.
 */
function applyOutside(
  it: Iterate,
  top: number,
  m: number,
  u: Float64Array,
  first: number,
  last: number,
): void {
  const { width: w, n, h, z, rows, wantsT } = it;
  const ld = n * w;
  const by = { data: u, offset: 0, ld: m * w };
  const right = top + m;
  const columns = (wantsT ? n - 1 : last) - right + 1;
  if (columns > 0) {
    const held = borrow(m * columns * w);
    const at = top * w + right * ld;
    for (let j = 0; j < columns; j++) held.set(h.subarray(at + j * ld, at + j * ld + m * w), j * m * w);
    const from = { data: held, offset: 0, ld: m * w };
    multiply(w, m, columns, m, { ...by, adjoint: true }, from, { data: h, offset: at, ld });
  }
  const above = wantsT ? 0 : first;
  mixColumns(w, h, ld, above, top - above, top, m, by);
  if (z) mixColumns(w, z, rows * w, 0, rows, top, m, by);
}

/** Columns `top … top + m − 1` of x, rows from `above` on, times U. */
function mixColumns(
  w: Width,
  x: Float64Array,
  ld: number,
  above: number,
  height: number,
  top: number,
  m: number,
  by: { readonly data: Float64Array; readonly offset: number; readonly ld: number },
): void {
  if (height <= 0) return;
  const at = above * w + top * ld;
  const held = borrow(height * m * w);
  for (let j = 0; j < m; j++) held.set(x.subarray(at + j * ld, at + j * ld + height * w), j * height * w);
  multiply(w, height, m, m, { data: held, offset: 0, ld: height * w }, by, { data: x, offset: at, ld });
}

/** A small block that is decoupled on both sides, in a window of its own. */
function solveBlock(it: Iterate, top: number, bottom: number): number {
  const { width: w, values, z, wantsT } = it;
  const m = bottom - top + 1;
  if (m < 16 || !(z || wantsT)) return smallQR(it, top, bottom);
  const block = copyOut(it, top, bottom);
  const u = identity(w, m);
  const found = new Float64Array(2 * m);
  const inner = { width: w, n: m, h: block, z: u, rows: m, wantsT: true, values: found };
  const failed = smallQR(inner, 0, m - 1);
  if (failed >= 0) return failed;
  copyIn(it, top, m, block);
  values.set(found, 2 * top);
  applyOutside(it, top, m, u, top, bottom);
  return -1;
}

const norm1 = (w: Width, x: Float64Array, p: number): number =>
  w === 1 ? Math.abs(x[p]) : Math.abs(x[p]) + Math.abs(x[p + 1]);

/**
 * Aggressive early deflation: the Schur form of the last m rows and columns of the active block shows which of its
 * eigenvalues are already decoupled. Returns how many (−1 when the window did not converge); the others are shifts.
 */
function deflateWindow(
  it: Iterate,
  top: number,
  bottom: number,
  m: number,
): { deflated: number; shifts: Float64Array } {
  const { width: w, n, h, values } = it;
  const first = bottom - m + 1;
  const spikeAt = (first + (first - 1) * n) * w;
  const spike = norm1(w, h, spikeAt);
  const t = copyOut(it, first, bottom);
  const u = identity(w, m);
  const found = new Float64Array(2 * m);
  const inner: Iterate = { width: w, n: m, h: t, z: u, rows: m, wantsT: true, values: found };
  if (hessenbergQR(inner, 0, m - 1) >= 0) return { deflated: -1, shifts: found };
  const form: SchurForm = { width: w, n: m, t, q: u, rows: m };
  let kept = m;
  for (let place = 0; place < kept; ) {
    const isPair = w === 1 && kept > 1 && t[kept - 1 + (kept - 2) * m] !== 0;
    const last = kept - 1;
    let size = norm1(w, t, last * (m + 1) * w);
    let tip = norm1(w, u, last * m * w);
    if (isPair) {
      size += Math.sqrt(Math.abs(t[last + (last - 1) * m])) * Math.sqrt(Math.abs(t[last - 1 + last * m]));
      tip = Math.max(tip, norm1(w, u, (last - 1) * m * w));
    }
    if (size === 0) size = spike;
    if (spike * tip <= Math.max(LEAST * n, EPS * size)) kept -= isPair ? 2 : 1;
    else {
      const reached = moveUp(form, isPair ? last - 1 : last, place);
      place = reached + (isPair ? 2 : 1);
    }
  }
  const eigenvalues = schurValues(form);
  if (kept < m || spike === 0) {
    values.set(eigenvalues.subarray(2 * kept), 2 * (first + kept));
    restoreHessenberg(w, m, t, u, kept, spike);
    // The spike: the entry before the window, times the first row of U.
    const re = h[spikeAt];
    const im = w === 2 ? h[spikeAt + 1] : 0;
    if (kept === 0) h.fill(0, spikeAt, spikeAt + w);
    else {
      const c = w === 2 ? -u[1] : 0;
      h[spikeAt] = re * u[0] - im * c;
      if (w === 2) h[spikeAt + 1] = re * c + im * u[0];
    }
    copyIn(it, first, m, t);
    applyOutside(it, first, m, u, top, bottom);
  }
  return { deflated: m - kept, shifts: eigenvalues.slice(0, 2 * kept) };
}

/** Gathers the spike before the first `kept` rows in its first entry, and reduces them to Hessenberg form again. */
function restoreHessenberg(
  w: Width,
  m: number,
  t: Float64Array,
  u: Float64Array,
  kept: number,
  spike: number,
): void {
  if (kept <= 1 || spike === 0) return;
  const v = new Float64Array(kept * w);
  for (let i = 0; i < kept; i++) {
    v[i * w] = u[i * m * w];
    if (w === 2) v[2 * i + 1] = -u[2 * i * m + 1];
  }
  const tau = new Float64Array(w);
  reflect(w, v, 0, kept, tau, 0);
  const dot = new Float64Array(w);
  const ld = m * w;
  const tauIm = w === 2 ? tau[1] : 0;
  // T ← Hᴴ T H and U ← U H for H = I − τ v vᴴ.
  for (let j = 0; j < m; j++) {
    dotc(w, v, 0, t, j * ld, kept, dot, 0);
    const im = w === 2 ? dot[1] : 0;
    axpy(w, -(tau[0] * dot[0] + tauIm * im), -(tau[0] * im - tauIm * dot[0]), v, 0, t, j * ld, kept);
  }
  for (const [x, height] of [
    [t, kept],
    [u, m],
  ] as const) {
    const sum = new Float64Array(height * w);
    for (let j = 0; j < kept; j++) axpy(w, v[j * w], w === 2 ? v[2 * j + 1] : 0, x, j * ld, sum, 0, height);
    for (let j = 0; j < kept; j++) {
      const re = v[j * w];
      const im = w === 2 ? -v[2 * j + 1] : 0;
      axpy(w, -(tau[0] * re - tauIm * im), -(tau[0] * im + tauIm * re), sum, 0, x, j * ld, height);
    }
  }
  const reflectors = reduceToHessenberg(w, m, t, 0, kept - 1);
  const q = formProduct(reflectors, m);
  const held = u.slice();
  const whole = (data: Float64Array): { data: Float64Array; offset: number; ld: number } => ({
    data,
    offset: 0,
    ld,
  });
  multiply(w, m, m, m, whole(held), whole(q), whole(u));
}

/** Up to `count` shifts in pairs (four entries each): conjugates together, real ones two by two. */
function pairs(w: Width, values: Float64Array, count: number): Float64Array {
  const out: number[] = [];
  const total = values.length / 2;
  let waiting: [number, number] | null = null;
  for (let i = total - 1; i >= 0 && out.length < 2 * count; i--) {
    const re = values[2 * i];
    const im = values[2 * i + 1];
    if (w === 1 && im !== 0) {
      out.push(re, im, re, -im);
      i--;
    } else if (waiting) {
      out.push(re, im, ...waiting);
      waiting = null;
    } else waiting = [re, im];
  }
  if (out.length === 0) out.push(...(waiting ?? [0, 0]), ...(waiting ?? [0, 0]));
  return Float64Array.from(out);
}

/** Shifts around the last entries of the diagonal, for a sweep that is to break a cycle. */
function exceptional({ width: w, n, h }: Iterate, bottom: number, count: number): Float64Array {
  const out = new Float64Array(2 * count);
  for (let k = 0; k + 1 < count; k += 2) {
    const i = bottom - k;
    if (i < 2) break;
    const s = norm1(w, h, (i + (i - 1) * n) * w) + norm1(w, h, (i - 1 + (i - 2) * n) * w);
    const re = 0.75 * s + h[i * (n + 1) * w];
    // The eigenvalues of [d, −0.4375 s; s, d].
    const im = Math.sqrt(0.4375) * s;
    const own = w === 2 ? h[i * (n + 1) * w + 1] : 0;
    out.set([re, own + im, re, own - im], 2 * k);
  }
  return out;
}

/** The first column of (H − s₁) (H − s₂) for complex H, into `vector`. */
function firstComplexColumn(n: number, h: Float64Array, m: number, s: Float64Array, at: number): void {
  const p = 2 * m * (n + 1);
  const ld = 2 * n;
  const aRe = h[p] - s[at];
  const aIm = h[p + 1] - s[at + 1];
  const bRe = h[p] - s[at + 2];
  const bIm = h[p + 1] - s[at + 3];
  const size = Math.abs(bRe) + Math.abs(bIm) + Math.abs(h[p + 2]) + Math.abs(h[p + 3]) || 1;
  const cRe = h[p + 2] / size;
  const cIm = h[p + 3] / size;
  const dRe = bRe / size;
  const dIm = bIm / size;
  const q = p + ld;
  const eRe = h[p] + h[q + 2] - s[at] - s[at + 2];
  const eIm = h[p + 1] + h[q + 3] - s[at + 1] - s[at + 3];
  vector[0] = cRe * h[q] - cIm * h[q + 1] + aRe * dRe - aIm * dIm;
  vector[1] = cRe * h[q + 1] + cIm * h[q] + aRe * dIm + aIm * dRe;
  vector[2] = cRe * eRe - cIm * eIm;
  vector[3] = cRe * eIm + cIm * eRe;
  vector[4] = cRe * h[q + 4] - cIm * h[q + 5];
  vector[5] = cRe * h[q + 5] + cIm * h[q + 4];
}

/**
 * One QR sweep over the active block with all shifts (pairs of four entries). Bulge b is three columns behind bulge
 * b − 1; a window holds as many steps as make it about twice as long as the chain.
 */
function sweepBulges(it: Iterate, top: number, bottom: number, shifts: Float64Array): void {
  const { width: w, n, h } = it;
  const bulges = Math.min(shifts.length / 4, Math.max(1, Math.floor((bottom - top) / 6)));
  const ld = n * w;
  const end = bottom - top + 3 * (bulges - 1);
  const stride = Math.max(12, 3 * bulges);
  for (let start = 0; start < end; start += stride) {
    const stop = Math.min(start + stride, end);
    const from = Math.max(top, top + start - 3 * (bulges - 1));
    const to = Math.min(bottom, top + stop - 2 + 4);
    const m = to - from + 1;
    const u = identity(w, m);
    for (let step = start; step < stop; step++) {
      const last = Math.min(bulges - 1, Math.floor(step / 3));
      for (let b = 0; b <= last; b++) {
        // The bulge is pushed out of this column.
        const column = top - 1 + step - 3 * b;
        if (column > bottom - 2) continue;
        const row = column + 1;
        const length = column === bottom - 2 ? 2 : 3;
        if (column < top) {
          if (w === 1)
            firstColumn(n, h, top, shifts[4 * b], shifts[4 * b + 1], shifts[4 * b + 2], shifts[4 * b + 3]);
          else firstComplexColumn(n, h, top, shifts, 4 * b);
          makeReflector(w, length);
        } else {
          const at = row * w + column * ld;
          for (let e = 0; e < length * w; e++) vector[e] = h[at + e];
          const beta = makeReflector(w, length);
          h.fill(0, at, at + length * w);
          h[at] = beta;
        }
        reflectRows(w, length, h, ld, row, row, to);
        reflectColumns(w, length, h, ld, row, from, Math.min(row + 3, to));
        reflectColumns(w, length, u, m * w, row - from, 0, m - 1);
      }
    }
    applyOutside(it, from, m, u, top, bottom);
  }
}
