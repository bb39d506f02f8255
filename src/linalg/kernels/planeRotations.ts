// Plane rotations [c s; −s̄ c] with a real cosine, for real and complex elements at any distance from each other.
import { givens, rotation as realRotation } from "./rotation.ts";
import type { Width } from "./vector.ts";

/** The last rotation: cosine, sine (two parts), length (two parts). */
export const turn: Float64Array = new Float64Array(5);

/** Finds c, s, r with c f + s g = r and c g − s̄ f = 0, into `turn`. */
export function findTurn(w: Width, fRe: number, fIm: number, gRe: number, gIm: number): void {
  if (w === 1) {
    realRotation(fRe, gRe);
    turn[0] = givens[0];
    turn[1] = givens[1];
    turn[2] = 0;
    turn[3] = givens[2];
    turn[4] = 0;
    return;
  }
  const f = Math.hypot(fRe, fIm);
  const g = Math.hypot(gRe, gIm);
  if (g === 0) {
    turn[0] = 1;
    turn[1] = 0;
    turn[2] = 0;
    turn[3] = fRe;
    turn[4] = fIm;
  } else if (f === 0) {
    turn[0] = 0;
    turn[1] = gRe / g;
    turn[2] = -gIm / g;
    turn[3] = g;
    turn[4] = 0;
  } else {
    const r = Math.hypot(f, g);
    const phaseRe = fRe / f;
    const phaseIm = fIm / f;
    turn[0] = f / r;
    turn[1] = (phaseRe * gRe + phaseIm * gIm) / r;
    turn[2] = (phaseIm * gRe - phaseRe * gIm) / r;
    turn[3] = phaseRe * r;
    turn[4] = phaseIm * r;
  }
}

/** x ← c x + s y and y ← c y − s̄ x for `count` elements from p and q on, `step` entries apart. */
export function applyTurn(
  w: Width,
  x: Float64Array,
  p: number,
  q: number,
  step: number,
  count: number,
  c: number,
  sRe: number,
  sIm: number,
): void {
  if (w === 1) {
    for (let k = 0; k < count; k++, p += step, q += step) {
      const a = x[p];
      const b = x[q];
      x[p] = c * a + sRe * b;
      x[q] = c * b - sRe * a;
    }
    return;
  }
  for (let k = 0; k < count; k++, p += step, q += step) {
    const a = x[p];
    const b = x[p + 1];
    const d = x[q];
    const e = x[q + 1];
    x[p] = c * a + sRe * d - sIm * e;
    x[p + 1] = c * b + sRe * e + sIm * d;
    x[q] = c * d - sRe * a - sIm * b;
    x[q + 1] = c * e - sRe * b + sIm * a;
  }
}
