// Singular values, and vectors when wanted, of a real upper bidiagonal matrix by implicit QR with zero shift, which
// finds every singular value, however small, to high relative accuracy.
// Source: Demmel and Kahan, "Accurate singular values of bidiagonal matrices", SIAM J. Sci. Stat. Comput. 11 (1990).
import { PolyadicError } from "../../tensor/errors.ts";
import type { Basis } from "./columns.ts";
import { givens, rotation } from "./rotation.ts";
import { rotate } from "./vector.ts";

const EPS = 2 ** -53;
const TOLERANCE = 80 * EPS;
/** Sweeps per singular value that are allowed; about two are usual. */
const CAP = 60;

/**
 * Overwrites d[first … first + n − 1] with the singular values (>= 0, not sorted) of the upper bidiagonal matrix with
 * that diagonal and the superdiagonal e[first … first + n − 2], which is destroyed. The columns of `left` and `right`,
 * where given, are multiplied by the singular vectors. O(n²), with vectors O(n² rows).
 */
export function bidiagonalQR(
  d: Float64Array,
  e: Float64Array,
  first: number,
  n: number,
  left?: Basis,
  right?: Basis,
): void {
  const threshold = splitThreshold(d, e, first, n);
  let end = first + n - 1;
  let sweeps = 0;
  while (end > first) {
    let start = end;
    let norm = Math.abs(d[end]);
    for (; start > first; start--) {
      const size = Math.abs(e[start - 1]);
      if (size <= threshold) {
        e[start - 1] = 0;
        break;
      }
      norm = Math.max(norm, size, Math.abs(d[start - 1]));
    }
    if (start === end) {
      end--;
      continue;
    }
    if (sweeps++ > CAP * n)
      throw new PolyadicError(`svd: QR iteration did not converge in ${CAP * n} sweeps`);
    // Chase from the larger end towards the smaller one; the other direction is the same on the flipped transpose.
    const down = Math.abs(d[start]) >= Math.abs(d[end]);
    const smallest = converged(d, e, start, end, down);
    if (smallest < 0) continue;
    const shift = chooseShift(d, e, start, end, down, smallest, norm, n);
    const outer = down ? left : right;
    const inner = down ? right : left;
    if (shift === 0) zeroShiftSweep(d, e, start, end, down, first, outer, inner);
    else shiftedSweep(d, e, start, end, down, shift, first, outer, inner);
  }
  for (let i = first; i < first + n; i++) {
    if (d[i] >= 0 && !Object.is(d[i], -0)) continue;
    d[i] = -d[i];
    if (!right) continue;
    const from = right.at + (i - first) * right.ld;
    for (let p = from; p < from + right.rows; p++) right.data[p] = -right.data[p];
  }
}

/** A superdiagonal entry below this cannot change any singular value beyond the tolerance. */
function splitThreshold(d: Float64Array, e: Float64Array, first: number, n: number): number {
  let mu = Math.abs(d[first]);
  let least = mu;
  for (let i = first + 1; i < first + n && least > 0; i++) {
    mu = Math.abs(d[i]) * (mu / (mu + Math.abs(e[i - 1])));
    least = Math.min(least, mu);
  }
  return Math.max((TOLERANCE * least) / Math.sqrt(Math.max(1, n)), 1e-300);
}

/** Sets a negligible superdiagonal entry of the block to zero and returns −1, or returns a bound of the least value. */
function converged(d: Float64Array, e: Float64Array, start: number, end: number, down: boolean): number {
  const step = down ? 1 : -1;
  const from = down ? start : end;
  const to = down ? end : start;
  const lastEdge = down ? end - 1 : start;
  if (Math.abs(e[lastEdge]) <= TOLERANCE * Math.abs(d[to])) {
    e[lastEdge] = 0;
    return -1;
  }
  let mu = Math.abs(d[from]);
  let least = mu;
  for (let i = from; i !== to; i += step) {
    const edge = down ? i : i - 1;
    const size = Math.abs(e[edge]);
    if (size <= TOLERANCE * mu) {
      e[edge] = 0;
      return -1;
    }
    mu = Math.abs(d[i + step]) * (mu / (mu + size));
    least = Math.min(least, mu);
  }
  return least;
}

/** The shift of the next sweep, 0 when a shift would spoil the relative accuracy of the smallest value. */
function chooseShift(
  d: Float64Array,
  e: Float64Array,
  start: number,
  end: number,
  down: boolean,
  smallest: number,
  norm: number,
  n: number,
): number {
  if (n * TOLERANCE * (smallest / norm) <= Math.max(EPS, 0.01 * TOLERANCE)) return 0;
  const shift = down
    ? smallestOf2(d[end - 1], e[end - 1], d[end])
    : smallestOf2(d[start], e[start], d[start + 1]);
  const head = Math.abs(down ? d[start] : d[end]);
  return head > 0 && (shift / head) ** 2 < EPS ? 0 : shift;
}

/** The smaller singular value of [f g; 0 h]. */
function smallestOf2(f: number, g: number, h: number): number {
  const large = Math.max(Math.abs(f), Math.abs(h));
  const small = Math.min(Math.abs(f), Math.abs(h));
  const off = Math.abs(g);
  if (small === 0) return 0;
  const ratio = small / large;
  if (off < large) {
    const sum = 1 + ratio;
    const gap = (large - small) / large;
    const edge = (off / large) ** 2;
    return small * (2 / (Math.sqrt(sum * sum + edge) + Math.sqrt(gap * gap + edge)));
  }
  const share = large / off;
  if (share === 0) return (small * large) / off;
  const sum = 1 + ratio;
  const gap = (large - small) / large;
  const c = 1 / (Math.sqrt(1 + (sum * share) ** 2) + Math.sqrt(1 + (gap * share) ** 2));
  return 2 * (small * c) * share;
}

function turn(basis: Basis | undefined, i: number, k: number, c: number, s: number): void {
  if (!basis || s === 0) return;
  rotate(basis.data, basis.at + i * basis.ld, basis.data, basis.at + k * basis.ld, basis.rows, c, s);
}

/** One QR sweep without shift; `outer` takes the rotations from the left, `inner` those from the right. */
function zeroShiftSweep(
  d: Float64Array,
  e: Float64Array,
  start: number,
  end: number,
  down: boolean,
  first: number,
  outer?: Basis,
  inner?: Basis,
): void {
  const step = down ? 1 : -1;
  const edge = down ? 0 : -1;
  const from = down ? start : end;
  const to = down ? end : start;
  let c = 1;
  let oldC = 1;
  let oldS = 0;
  for (let i = from; i !== to; i += step) {
    rotation(d[i] * c, e[i + edge]);
    c = givens[0];
    const s = givens[1];
    const r = givens[2];
    if (i !== from) e[i - step + edge] = oldS * r;
    rotation(oldC * r, d[i + step] * s);
    oldC = givens[0];
    oldS = givens[1];
    d[i] = givens[2];
    turn(inner, i - first, i + step - first, c, s);
    turn(outer, i - first, i + step - first, oldC, oldS);
  }
  const h = d[to] * c;
  d[to] = h * oldC;
  e[to - step + edge] = h * oldS;
}

/** One shifted QR sweep. */
function shiftedSweep(
  d: Float64Array,
  e: Float64Array,
  start: number,
  end: number,
  down: boolean,
  shift: number,
  first: number,
  outer?: Basis,
  inner?: Basis,
): void {
  const step = down ? 1 : -1;
  const edge = down ? 0 : -1;
  const from = down ? start : end;
  const to = down ? end : start;
  let f = (Math.abs(d[from]) - shift) * ((d[from] < 0 ? -1 : 1) + shift / d[from]);
  let g = e[from + edge];
  for (let i = from; i !== to; i += step) {
    const k = i + step;
    rotation(f, g);
    let c = givens[0];
    let s = givens[1];
    if (i !== from) e[i - step + edge] = givens[2];
    f = c * d[i] + s * e[i + edge];
    e[i + edge] = c * e[i + edge] - s * d[i];
    g = s * d[k];
    d[k] *= c;
    turn(inner, i - first, k - first, c, s);
    rotation(f, g);
    c = givens[0];
    s = givens[1];
    d[i] = givens[2];
    f = c * e[i + edge] + s * d[k];
    d[k] = c * d[k] - s * e[i + edge];
    if (k !== to) {
      g = s * e[k + edge];
      e[k + edge] *= c;
    }
    turn(outer, i - first, k - first, c, s);
  }
  e[to - step + edge] = f;
}
