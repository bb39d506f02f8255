// Fourier transforms of lengths with large prime factors as convolutions with a chirp: L. Bluestein, "A linear filtering
// approach to the computation of discrete Fourier transform", IEEE Trans. Audio Electroacoust. 18 (1970).

import type { Device, FloatArray } from "./device.ts";
import { factorize, LengthCache, nextSmooth, writeRoot } from "./roots.ts";

type Transform = Device["fft"];

interface Chirp {
  readonly cost: number;
  /** Length of the convolution. */
  readonly size: number;
  /** exp(sign · πi j² / n). */
  readonly chirp: Float64Array;
  /** The transform of the conjugate chirp around 0, over `size`. */
  readonly filter: Float64Array;
}
const chirps = new LengthCache<Chirp>(1 << 22);

function chirpOf(n: number, sign: -1 | 1, transform: Transform): Chirp {
  return chirps.get(`${sign * n}`, () => {
    const size = nextSmooth(2 * n - 1);
    const chirp = new Float64Array(2 * n);
    // j² modulo 2n, kept exact by adding 2j + 1.
    for (let j = 0, square = 0; j < n; j++) {
      writeRoot(square, 2 * n, chirp, 2 * j);
      chirp[2 * j + 1]! *= sign;
      square = (square + 2 * j + 1) % (2 * n);
    }
    const filter = new Float64Array(2 * size);
    for (let j = 0; j < n; j++)
      for (const at of j === 0 ? [0] : [2 * j, 2 * (size - j)]) {
        filter[at] = chirp[2 * j]!;
        filter[at + 1] = -chirp[2 * j + 1]!;
      }
    transform(-1, 1 / size, 1, size, 1, filter, 0, filter, 0);
    return { cost: 2 * (n + size), size, chirp, filter };
  });
}

/** Adds lengths with large prime factors to a transform of smooth lengths. */
export function withAnyLength(transform: Transform): Transform {
  return (sign, scale, outer, n, inner, x, xStart, out, outStart) => {
    if (outer * n * inner === 0) return;
    if (factorize(n)) {
      transform(sign, scale, outer, n, inner, x, xStart, out, outStart);
      return;
    }
    const { size, chirp, filter } = chirpOf(n, sign, transform);
    const work = new Float64Array(2 * size * inner);
    for (let o = 0; o < outer; o++) {
      const shift = 2 * o * n * inner;
      work.fill(0, 2 * n * inner);
      multiply(x, xStart + shift, chirp, n, inner, 1, work, 0);
      transform(-1, 1, 1, size, inner, work, 0, work, 0);
      multiply(work, 0, filter, size, inner, 1, work, 0);
      transform(1, 1, 1, size, inner, work, 0, work, 0);
      multiply(work, 0, chirp, n, inner, scale, out, outStart + shift);
    }
  };
}

/** out[j, i] = factor · x[j, i] · w[j] over complex numbers. */
function multiply(
  x: FloatArray,
  xAt: number,
  w: Float64Array,
  n: number,
  inner: number,
  factor: number,
  out: FloatArray,
  outAt: number,
): void {
  let from = xAt;
  let to = outAt;
  for (let j = 0; j < n; j++) {
    const c = factor * w[2 * j]!;
    const d = factor * w[2 * j + 1]!;
    for (let i = 0; i < inner; i++, from += 2, to += 2) {
      const re = x[from]!;
      const im = x[from + 1]!;
      out[to] = re * c - im * d;
      out[to + 1] = re * d + im * c;
    }
  }
}
