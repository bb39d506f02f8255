// Fourier transforms in plain loops: the self-sorting algorithm of Stockham (Cochran et al., "What is the fast Fourier
// transform?", Proc. IEEE 55, 1967) with any radices.

import type { FloatArray } from "./device.ts";
import { factorize, LengthCache, roots } from "./roots.ts";

interface Table {
  readonly cost: number;
  readonly roots: Float64Array;
}
const tables = new LengthCache<Table>(1 << 22);

/** The roots of a length, remembered. */
export const rootsOf = (n: number, sign: -1 | 1): Float64Array =>
  tables.get(`${sign * n}`, () => ({ cost: 2 * n, roots: roots(n, sign) })).roots;

/**
 * One pass: `length` = radix · m points, `s` transforms side by side. Column k of the small transforms goes to
 * y[q + s (radix p + k)], turned by the power p·k of the root of the length.
 */
function pass(
  x: Float64Array,
  y: Float64Array,
  radix: number,
  m: number,
  s: number,
  w: Float64Array,
  step: number,
): void {
  const total = w.length / 2;
  const inner = total / radix;
  for (let p = 0; p < m; p++)
    for (let k = 0; k < radix; k++) {
      const turn = 2 * ((p * k * step) % total);
      const c = w[turn]!;
      const d = w[turn + 1]!;
      const to = 2 * s * (radix * p + k);
      for (let q = 0; q < 2 * s; q += 2) {
        let re = 0;
        let im = 0;
        for (let j = 0; j < radix; j++) {
          const at = q + 2 * s * (p + j * m);
          const root = 2 * ((j * k * inner) % total);
          re += x[at]! * w[root]! - x[at + 1]! * w[root + 1]!;
          im += x[at]! * w[root + 1]! + x[at + 1]! * w[root]!;
        }
        y[to + q] = re * c - im * d;
        y[to + q + 1] = re * d + im * c;
      }
    }
}

/** See `Device.fft`, for lengths without prime factors above 13. */
export function fftSmooth(
  sign: -1 | 1,
  scale: number,
  outer: number,
  n: number,
  inner: number,
  x: FloatArray,
  xStart: number,
  out: FloatArray,
  outStart: number,
): void {
  const size = 2 * n * inner;
  const w = rootsOf(n, sign);
  const factors = factorize(n)!;
  let from = new Float64Array(size);
  let to = new Float64Array(size);
  for (let o = 0; o < outer; o++) {
    from.set(x.subarray(xStart + o * size, xStart + (o + 1) * size));
    let m = n;
    let s = inner;
    for (const radix of factors) {
      m /= radix;
      pass(from, to, radix, m, s, w, n / (m * radix));
      s *= radix;
      [from, to] = [to, from];
    }
    if (scale !== 1) for (let i = 0; i < size; i++) from[i]! *= scale;
    out.set(from, outStart + o * size);
  }
}
