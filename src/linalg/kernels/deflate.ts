// When a subdiagonal entry of a Hessenberg matrix may be taken for zero.
// Source: Ahues and Tisseur, "A new deflation criterion for the QR algorithm" (1997).
import type { Width } from "./vector.ts";

export const EPS: number = 2 ** -52;
/** Smallest number whose reciprocal is safe, over eps. */
export const LEAST: number = 2 ** -970;

const size = (w: Width, h: Float64Array, p: number): number =>
  w === 1 ? Math.abs(h[p]) : Math.abs(h[p]) + Math.abs(h[p + 1]);

/** True when h(k, k − 1) is negligible inside the block `lo … hi`. */
function isNegligible(w: Width, n: number, h: Float64Array, lo: number, hi: number, k: number): boolean {
  const ld = n * w;
  const at = k * w + (k - 1) * ld;
  const sub = size(w, h, at);
  if (sub <= LEAST * n) return true;
  const above = at - w;
  const here = at + ld;
  let around = size(w, h, above) + size(w, h, here);
  if (around === 0) {
    if (k - 2 >= lo) around += size(w, h, (k - 1) * w + (k - 2) * ld);
    if (k + 1 <= hi) around += size(w, h, (k + 1) * w + k * ld);
  }
  if (sub > EPS * around) return false;
  const sup = size(w, h, here - w);
  const ab = Math.max(sub, sup);
  const ba = Math.min(sub, sup);
  const gap =
    w === 1
      ? Math.abs(h[above] - h[here])
      : Math.abs(h[above] - h[here]) + Math.abs(h[above + 1] - h[here + 1]);
  const diagonal = size(w, h, here);
  const aa = Math.max(diagonal, gap);
  const bb = Math.min(diagonal, gap);
  const s = aa + ab;
  return ba * (ab / s) <= Math.max(LEAST * n, EPS * (bb * (aa / s)));
}

/** First row of the unreduced block that ends at `hi`; the entry before it is set to zero. */
export function blockStart(w: Width, n: number, h: Float64Array, lo: number, hi: number): number {
  let k = hi;
  while (k > lo && !isNegligible(w, n, h, lo, hi, k)) k--;
  if (k > lo) h.fill(0, k * w + (k - 1) * n * w, k * w + (k - 1) * n * w + w);
  return k;
}
