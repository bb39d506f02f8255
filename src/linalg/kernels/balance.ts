// Balancing of a square matrix before its eigenvalues are computed: a permutation that isolates eigenvalues, and a
// diagonal similarity that makes rows and columns of nearly equal norm.
// Sources: Parlett and Reinsch, "Balancing a matrix for calculation of eigenvalues and eigenvectors" (1969); James,
// Langou and Lowery, "On matrix balancing and eigenvector computation" (2014), for the 2-norm and the stopping rule.
import { maxAbs, norm2, scale as scaleRun, type Width } from "./vector.ts";

export interface Balance {
  /** First and last row of the block that is not triangular. */
  readonly low: number;
  readonly high: number;
  /** The power of two by which a column of the block was multiplied; 1 elsewhere. */
  readonly scale: Float64Array;
  /** The index with which an isolated row and column was exchanged, in the order in which they were found. */
  readonly exchanged: Int32Array;
}

const LEAST = 2 ** -960;
const MOST = 2 ** 960;

function swapColumns(w: Width, x: Float64Array, ld: number, rows: number, i: number, j: number): void {
  for (let p = i * ld, q = j * ld, end = p + rows * w; p < end; p++, q++) {
    const held = x[p];
    x[p] = x[q];
    x[q] = held;
  }
}

function swapRows(
  w: Width,
  x: Float64Array,
  ld: number,
  from: number,
  to: number,
  i: number,
  j: number,
): void {
  for (let c = from; c < to; c++)
    for (let part = 0; part < w; part++) {
      const p = c * ld + i * w + part;
      const q = c * ld + j * w + part;
      const held = x[p];
      x[p] = x[q];
      x[q] = held;
    }
}

const isZero = (w: Width, x: Float64Array, p: number): boolean => x[p] === 0 && (w === 1 || x[p + 1] === 0);

/** Euclidean norm of `count` elements of a row, which are copied to `held`. */
function rowNorm(
  w: Width,
  x: Float64Array,
  at: number,
  ld: number,
  count: number,
  held: Float64Array,
): number {
  for (let j = 0; j < count; j++)
    for (let part = 0; part < w; part++) held[j * w + part] = x[at + j * ld + part];
  return norm2(held, 0, count * w);
}

/** Balances the column-major n x n matrix in place. O(n²) for each sweep; there are few. */
export function balanceMatrix(
  w: Width,
  n: number,
  a: Float64Array,
  parts: { readonly permute: boolean; readonly scale: boolean },
): Balance {
  const ld = n * w;
  const scale = new Float64Array(n).fill(1);
  const exchanged = Int32Array.from({ length: n }, (_, i) => i);
  let low = 0;
  let high = n - 1;
  const isolate = (i: number, target: number): void => {
    exchanged[target] = i;
    if (i === target) return;
    swapColumns(w, a, ld, high + 1, i, target);
    swapRows(w, a, ld, low, n, i, target);
  };
  const isRowAlone = (i: number): boolean => {
    for (let j = low; j <= high; j++) if (j !== i && !isZero(w, a, j * ld + i * w)) return false;
    return true;
  };
  const isColumnAlone = (j: number): boolean => {
    for (let i = low; i <= high; i++) if (i !== j && !isZero(w, a, j * ld + i * w)) return false;
    return true;
  };
  if (parts.permute) {
    for (let i = high; i >= low && high > low; i--)
      if (isRowAlone(i)) {
        isolate(i, high);
        high--;
        i = high + 1;
      }
    for (let j = low; j <= high && high > low; j++)
      if (isColumnAlone(j)) {
        isolate(j, low);
        low++;
        j = low - 1;
      }
  }
  if (parts.scale && high > low) equalize(w, n, a, low, high, scale);
  return { low, high, scale, exchanged };
}

function equalize(
  w: Width,
  n: number,
  a: Float64Array,
  low: number,
  high: number,
  scale: Float64Array,
): void {
  const ld = n * w;
  const held = new Float64Array(n * w);
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (let i = low; i <= high; i++) {
      let c = norm2(a, i * ld + low * w, (high - low + 1) * w);
      let r = rowNorm(w, a, low * ld + i * w, ld, high - low + 1, held);
      if (c === 0 || r === 0) continue;
      let columnTop = maxAbs(a, i * ld, (high + 1) * w);
      rowNorm(w, a, low * ld + i * w, ld, n - low, held);
      let rowTop = maxAbs(held, 0, (n - low) * w);
      const before = c + r;
      let f = 1;
      while (c < r / 2 && Math.max(f, c, columnTop) < MOST && Math.min(r, rowTop) > LEAST) {
        f *= 2;
        c *= 2;
        columnTop *= 2;
        r /= 2;
        rowTop /= 2;
      }
      while (c / 2 >= r && Math.max(r, rowTop) < MOST && Math.min(f, c, columnTop) > LEAST) {
        f /= 2;
        c /= 2;
        columnTop /= 2;
        r *= 2;
        rowTop *= 2;
      }
      if (c + r >= 0.95 * before || scale[i] * f < LEAST || scale[i] * f > MOST) continue;
      scale[i] *= f;
      isMoving = true;
      for (let j = low; j < n; j++) scaleRun(w, 1 / f, 0, a, j * ld + i * w, 1);
      scaleRun(w, f, 0, a, i * ld, high + 1);
    }
  }
}

/** Turns right (or left) eigenvectors of the balanced matrix, the columns of x, into those of the matrix. */
export function unbalance(
  w: Width,
  n: number,
  { low, high, scale, exchanged }: Balance,
  x: Float64Array,
  columns: number,
  side: "right" | "left",
): void {
  const ld = n * w;
  for (let i = low; i <= high; i++) {
    const f = side === "right" ? scale[i] : 1 / scale[i];
    if (f !== 1) for (let j = 0; j < columns; j++) scaleRun(w, f, 0, x, j * ld + i * w, 1);
  }
  for (let i = low - 1; i >= 0; i--) if (exchanged[i] !== i) swapRows(w, x, ld, 0, columns, i, exchanged[i]);
  for (let i = high + 1; i < n; i++) if (exchanged[i] !== i) swapRows(w, x, ld, 0, columns, i, exchanged[i]);
}
