// The function with which non-uniform points are spread over a grid: exp(β(√(1 - z²) - 1)) on [-1, 1], which is as good
// as the best known kernel and needs nothing special to compute (A. Barnett, J. Magland, L. af Klinteberg, "A parallel
// nonuniform fast Fourier transform library based on an exponential of semicircle kernel", SIAM J. Sci. Comput. 41,
// 2019).

import { quadrature } from "../../transform/functional/grid.ts";

/** How much finer the grid is than the wanted modes. */
export const OVERSAMPLING = 2;

export interface Kernel {
  /** Grid points that a point is spread over. */
  readonly width: number;
  readonly beta: number;
}

const LEAST_WIDTH = 2;
const MOST_WIDTH = 16;

/** A kernel with an error of at most about `tolerance` for twofold oversampling: one point more than digits, or two. */
export function kernelFor(tolerance: number): Kernel {
  const width = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, Math.ceil(1.5 - Math.log10(tolerance))));
  const best: Readonly<Record<number, number>> = { 2: 2.2, 3: 2.26, 4: 2.38 };
  return { width, beta: (best[width] ?? 2.3) * width };
}

/** Writes the kernel at the `width` grid points around a place, in steps of the grid, and returns the first of them. */
export function writeKernel({ width, beta }: Kernel, place: number, out: Float64Array, at: number): number {
  const first = Math.ceil(place - width / 2);
  const step = 2 / width;
  for (let i = 0; i < width; i++) {
    const z = (first + i - place) * step;
    const inside = 1 - z * z;
    out[at + i] = inside > 0 ? Math.exp(beta * (Math.sqrt(inside) - 1)) : 0;
  }
  return first;
}

/** The transform of a kernel as a Chebyshev series in the square of the frequency, by width. */
const series = new Map<number, Float64Array>();
const TERMS = 40;

/** The largest frequency that is asked for: that of the highest mode, half of the grid's highest. */
const highest = (width: number): number => (Math.PI * width) / (2 * OVERSAMPLING);

function seriesOf({ width, beta }: Kernel): Float64Array {
  const known = series.get(width);
  if (known) return known;
  const { nodes, weights } = quadrature("legendre", 40 + 4 * width, [-1, 1]);
  const z = Float64Array.from(nodes.data());
  const heights = Float64Array.from(
    weights.data(),
    (w, i) => w * Math.exp(beta * (Math.sqrt(1 - z[i]! ** 2) - 1)),
  );
  const angles = Float64Array.from({ length: TERMS }, (_, i) => (Math.PI * (i + 0.5)) / TERMS);
  const values = angles.map((angle) => {
    const omega = highest(width) * Math.cos(angle / 2);
    let sum = 0;
    for (let i = 0; i < z.length; i++) sum += heights[i]! * Math.cos(omega * z[i]!);
    return sum;
  });
  const coefficients = Float64Array.from({ length: TERMS }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < TERMS; i++) sum += values[i]! * Math.cos(k * angles[i]!);
    return ((k === 0 ? 1 : 2) * sum) / TERMS;
  });
  series.set(width, coefficients);
  return coefficients;
}

/**
 * ∫ exp(β(√(1 - z²) - 1)) cos(ωz) dz over [-1, 1] for each |ω| up to πw / 4: by Gauss's rule at a few frequencies and a
 * Chebyshev series between them, both to rounding.
 */
export function kernelTransform(kernel: Kernel, frequencies: Float64Array): Float64Array {
  const coefficients = seriesOf(kernel);
  const scale = 1 / highest(kernel.width);
  return frequencies.map((omega) => {
    const t = 4 * (omega * scale) ** 2 - 2;
    let next = 0;
    let after = 0;
    for (let k = TERMS - 1; k > 0; k--) {
      const here = coefficients[k]! + t * next - after;
      after = next;
      next = here;
    }
    return coefficients[0]! + 0.5 * t * next - after;
  });
}
