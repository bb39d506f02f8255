// 1-norms, and estimates of those of powers and products that are never formed.
// Sources: Hager, "Condition estimates" (1984); Higham, "FORTRAN codes for estimating the one-norm of a real or complex
// matrix" (1988).
import { dotc, type Width } from "./vector.ts";

const size = (w: Width, x: Float64Array, p: number): number =>
  w === 1 ? Math.abs(x[p]) : Math.hypot(x[p], x[p + 1]);

/** Largest sum of absolute values in a column of a column-major n x n matrix. */
export function oneNorm(w: Width, n: number, a: Float64Array): number {
  let top = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += size(w, a, (i + j * n) * w);
    if (sum > top || Number.isNaN(sum)) top = sum;
  }
  return top;
}

function times(w: Width, n: number, a: Float64Array, x: Float64Array): Float64Array {
  const y = new Float64Array(n * w);
  for (let j = 0; j < n; j++) {
    const re = x[j * w];
    const im = w === 2 ? x[2 * j + 1] : 0;
    if (w === 1) for (let i = 0; i < n; i++) y[i] += a[i + j * n] * re;
    else
      for (let p = 2 * j * n, i = 0; i < 2 * n; i += 2, p += 2) {
        y[i] += a[p] * re - a[p + 1] * im;
        y[i + 1] += a[p] * im + a[p + 1] * re;
      }
  }
  return y;
}

function adjointTimes(w: Width, n: number, a: Float64Array, x: Float64Array): Float64Array {
  const y = new Float64Array(n * w);
  for (let j = 0; j < n; j++) dotc(w, a, j * n * w, x, 0, n, y, j * w);
  return y;
}

/**
 * A lower bound, nearly always the value itself within a factor of 3, of the 1-norm of the product of n x n matrices:
 * some products with vectors, O(n²) each.
 */
export function productNorm(w: Width, n: number, factors: readonly Float64Array[]): number {
  if (n === 0) return 0;
  const apply = (x: Float64Array): Float64Array => factors.reduceRight((y, a) => times(w, n, a, y), x);
  const applyAdjoint = (x: Float64Array): Float64Array =>
    factors.reduce((y, a) => adjointTimes(w, n, a, y), x);
  const length = (x: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += size(w, x, i * w);
    return sum;
  };
  let x = new Float64Array(n * w);
  for (let i = 0; i < n; i++) x[i * w] = 1 / n;
  let best = 0;
  let place = -1;
  for (let step = 0; step < 5; step++) {
    const y = apply(x);
    const found = length(y);
    if (!(found > best) && step > 0) break;
    best = found;
    for (let i = 0; i < n; i++) {
      const s = size(w, y, i * w);
      if (s === 0) y[i * w] = 1;
      else for (let k = 0; k < w; k++) y[i * w + k] /= s;
    }
    const z = applyAdjoint(y);
    let next = 0;
    for (let i = 1; i < n; i++) if (size(w, z, i * w) > size(w, z, next * w)) next = i;
    if (next === place) break;
    place = next;
    x = new Float64Array(n * w);
    x[next * w] = 1;
  }
  // A vector that catches cancellations which the others miss.
  for (let i = 0; i < n; i++) {
    x[i * w] = (i % 2 === 0 ? 1 : -1) * (1 + i / Math.max(1, n - 1));
    if (w === 2) x[2 * i + 1] = 0;
  }
  return Math.max(best, (2 * length(apply(x))) / (3 * n));
}

/** The same for the p-th power of one matrix, to the power 1/p. */
export const powerNorm = (w: Width, n: number, a: Float64Array, p: number): number =>
  productNorm(w, n, new Array<Float64Array>(p).fill(a)) ** (1 / p);
