// Householder reflectors I − τ v vᴴ with two or three elements, v₀ = 1, on rows and columns of a matrix: the steps of
// QR iterations.
import { reflect } from "./householder.ts";
import type { Width } from "./vector.ts";

/** Length and direction of the last reflector: v as it stands (three elements), then τ. */
export const vector: Float64Array = new Float64Array(6);
export const factor: Float64Array = new Float64Array(2);

/** Makes the reflector with Hᴴ x = β e₀ from the first `length` elements of `vector`; β is real and returned. */
export function makeReflector(w: Width, length: 2 | 3): number {
  if (w === 2) {
    const beta = reflect(2, vector, 0, length, factor, 0);
    if (length === 2) vector[4] = vector[5] = 0;
    return beta;
  }
  const a = vector[0];
  const b = vector[1];
  const c = length === 3 ? vector[2] : 0;
  const size = Math.abs(b) + Math.abs(c);
  const whole = Math.abs(a) + size;
  if (!(size > 0) || whole < 1e-140 || whole > 1e140) {
    const beta = reflect(1, vector, 0, length, factor, 0);
    if (length === 2) vector[2] = 0;
    return beta;
  }
  const r = Math.sqrt(a * a + b * b + c * c);
  const beta = a > 0 ? -r : r;
  factor[0] = (beta - a) / beta;
  const inverse = 1 / (a - beta);
  vector[0] = 1;
  vector[1] = b * inverse;
  vector[2] = c * inverse;
  return beta;
}

/** Rows `row`, `row + 1` (and `row + 2`) ← Hᴴ times them, in the columns `from … to`. */
export function reflectRows(
  w: Width,
  length: 2 | 3,
  x: Float64Array,
  ld: number,
  row: number,
  from: number,
  to: number,
): void {
  if (w === 1) {
    const v1 = vector[1];
    const v2 = vector[2];
    const t0 = factor[0];
    const t1 = t0 * v1;
    const t2 = t0 * v2;
    let p = from * ld + row;
    if (length === 3)
      for (let j = from; j <= to; j++, p += ld) {
        const sum = x[p] + v1 * x[p + 1] + v2 * x[p + 2];
        x[p] -= sum * t0;
        x[p + 1] -= sum * t1;
        x[p + 2] -= sum * t2;
      }
    else
      for (let j = from; j <= to; j++, p += ld) {
        const sum = x[p] + v1 * x[p + 1];
        x[p] -= sum * t0;
        x[p + 1] -= sum * t1;
      }
    return;
  }
  const aRe = vector[2];
  const aIm = vector[3];
  const bRe = vector[4];
  const bIm = vector[5];
  const tRe = factor[0];
  const tIm = -factor[1];
  let p = from * ld + 2 * row;
  for (let j = from; j <= to; j++, p += ld) {
    let re = x[p] + aRe * x[p + 2] + aIm * x[p + 3];
    let im = x[p + 1] + aRe * x[p + 3] - aIm * x[p + 2];
    if (length === 3) {
      re += bRe * x[p + 4] + bIm * x[p + 5];
      im += bRe * x[p + 5] - bIm * x[p + 4];
    }
    const sRe = tRe * re - tIm * im;
    const sIm = tRe * im + tIm * re;
    x[p] -= sRe;
    x[p + 1] -= sIm;
    x[p + 2] -= sRe * aRe - sIm * aIm;
    x[p + 3] -= sRe * aIm + sIm * aRe;
    if (length === 3) {
      x[p + 4] -= sRe * bRe - sIm * bIm;
      x[p + 5] -= sRe * bIm + sIm * bRe;
    }
  }
}

/** Columns `column`, `column + 1` (and `column + 2`) ← those times H, in the rows `from … to`. */
export function reflectColumns(
  w: Width,
  length: 2 | 3,
  x: Float64Array,
  ld: number,
  column: number,
  from: number,
  to: number,
): void {
  if (w === 1) {
    const v1 = vector[1];
    const v2 = vector[2];
    const t0 = factor[0];
    const t1 = t0 * v1;
    const t2 = t0 * v2;
    let p = column * ld + from;
    const end = column * ld + to;
    if (length === 3)
      for (; p <= end; p++) {
        const sum = x[p] + v1 * x[p + ld] + v2 * x[p + 2 * ld];
        x[p] -= sum * t0;
        x[p + ld] -= sum * t1;
        x[p + 2 * ld] -= sum * t2;
      }
    else
      for (; p <= end; p++) {
        const sum = x[p] + v1 * x[p + ld];
        x[p] -= sum * t0;
        x[p + ld] -= sum * t1;
      }
    return;
  }
  const aRe = vector[2];
  const aIm = vector[3];
  const bRe = vector[4];
  const bIm = vector[5];
  const tRe = factor[0];
  const tIm = factor[1];
  for (let p = column * ld + 2 * from, end = column * ld + 2 * to; p <= end; p += 2) {
    const q = p + ld;
    const r = q + ld;
    let re = x[p] + aRe * x[q] - aIm * x[q + 1];
    let im = x[p + 1] + aRe * x[q + 1] + aIm * x[q];
    if (length === 3) {
      re += bRe * x[r] - bIm * x[r + 1];
      im += bRe * x[r + 1] + bIm * x[r];
    }
    const sRe = tRe * re - tIm * im;
    const sIm = tRe * im + tIm * re;
    x[p] -= sRe;
    x[p + 1] -= sIm;
    x[q] -= sRe * aRe + sIm * aIm;
    x[q + 1] -= sIm * aRe - sRe * aIm;
    if (length === 3) {
      x[r] -= sRe * bRe + sIm * bIm;
      x[r + 1] -= sIm * bRe - sRe * bIm;
    }
  }
}
