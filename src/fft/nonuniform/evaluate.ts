// The three kinds of sums over points that lie anywhere, each in three steps: spreading over a fine grid, Fourier
// transform, correction (Dutt and Rokhlin 1993; June-Yub Lee and Greengard 2005 for the third).

import { DomainError } from "../../tensor/errors.ts";
import { aroundPoints, corrections, fineLength, moveModes, periodicPlaces, transformGrids } from "./grid.ts";
import { type Kernel, kernelFor, kernelTransform, OVERSAMPLING } from "./kernel.ts";

type Sign = -1 | 1;
const sizeOf = (lengths: readonly number[]): number => lengths.reduce((product, n) => product * n, 1);

/** More numbers than this make no grid. */
const MOST_NUMBERS = 2 ** 28;

function newGrid(lengths: readonly number[], what: string): Float64Array {
  const size = sizeOf(lengths);
  if (!(size <= MOST_NUMBERS))
    throw new DomainError(
      `${what}: a grid of ${lengths.join(" × ")} points would be needed, more than 2^28: points times frequencies reach too far`,
    );
  return new Float64Array(2 * size);
}

/** Kind 1: f[k] = Σ over j of c[j] exp(sign · i k·x[j]) for the modes k around 0. */
export function pointsToModes(
  sign: Sign,
  tolerance: number,
  modes: readonly number[],
  points: ArrayLike<number>,
  c: Float64Array,
  f: Float64Array,
): void {
  const kernel = kernelFor(tolerance);
  const lengths = modes.map((n) => fineLength(n, kernel));
  const places = periodicPlaces(points, lengths);
  const grid = newGrid(lengths, "nufft1");
  const factors = modes.map((n, i) => corrections(n, lengths[i]!, kernel));
  const [valueStep, modeStep] = [2 * (places.length / modes.length), 2 * sizeOf(modes)];
  const rows = f.length / (modeStep || 1);
  for (let row = 0; row < rows; row++) {
    grid.fill(0);
    aroundPoints("spread", kernel, lengths, places, c, row * valueStep, grid, 0);
    transformGrids(sign, 1, lengths, grid);
    moveModes("out", modes, factors, lengths, f, row * modeStep, grid, 0);
  }
}

/** Kind 2: c[j] = Σ over the modes k around 0 of f[k] exp(sign · i k·x[j]). */
export function modesToPoints(
  sign: Sign,
  tolerance: number,
  modes: readonly number[],
  points: ArrayLike<number>,
  f: Float64Array,
  c: Float64Array,
): void {
  const kernel = kernelFor(tolerance);
  const lengths = modes.map((n) => fineLength(n, kernel));
  const places = periodicPlaces(points, lengths);
  const grid = newGrid(lengths, "nufft2");
  const factors = modes.map((n, i) => corrections(n, lengths[i]!, kernel));
  const [valueStep, modeStep] = [2 * (places.length / modes.length), 2 * sizeOf(modes)];
  const rows = c.length / (valueStep || 1);
  for (let row = 0; row < rows; row++) {
    grid.fill(0);
    moveModes("in", modes, factors, lengths, f, row * modeStep, grid, 0);
    transformGrids(sign, 1, lengths, grid);
    aroundPoints("gather", kernel, lengths, places, c, row * valueStep, grid, 0);
  }
}

/** The middle and half the extent of coordinates along one of d axes. */
function extent(points: ArrayLike<number>, d: number, axis: number): { middle: number; radius: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = axis; i < points.length; i += d) {
    low = Math.min(low, points[i]!);
    high = Math.max(high, points[i]!);
  }
  if (!(low <= high)) return { middle: 0, radius: 0 };
  return { middle: (low + high) / 2, radius: (high - low) / 2 };
}

/** How points and frequencies of one axis are laid over a grid of `length` points. */
interface Scaling {
  readonly x: { readonly middle: number };
  readonly s: { readonly middle: number };
  readonly length: number;
  /** Points divided by this lie in [-π, π], with room for the kernel. */
  readonly gamma: number;
}

function scalingOf(
  points: ArrayLike<number>,
  frequencies: ArrayLike<number>,
  d: number,
  axis: number,
  kernel: Kernel,
): Scaling {
  const x = extent(points, d, axis);
  const s = extent(frequencies, d, axis);
  // A radius of 0 needs no room, but a scale.
  const reach = Math.max(s.radius, x.radius > 0 ? Math.min(1, 1 / x.radius) : 1);
  const least = (2 * OVERSAMPLING * reach * x.radius) / Math.PI + kernel.width + 1;
  const length = least < MOST_NUMBERS ? fineLength(least / OVERSAMPLING, kernel) : least;
  return { x, s, length, gamma: length / (2 * OVERSAMPLING * reach) };
}

/** Kind 3: f[k] = Σ over j of c[j] exp(sign · i s[k]·x[j]). */
export function pointsToFrequencies(
  sign: Sign,
  tolerance: number,
  d: number,
  points: ArrayLike<number>,
  frequencies: ArrayLike<number>,
  c: Float64Array,
  f: Float64Array,
): void {
  const kernel = kernelFor(tolerance);
  const axes = Array.from({ length: d }, (_, axis) => scalingOf(points, frequencies, d, axis, kernel));
  const lengths = axes.map(({ length }) => length);
  const grid = newGrid(lengths, "nufft3");
  const places = Float64Array.from({ length: points.length }, (_, i) => {
    const { x, gamma, length } = axes[i % d]!;
    return ((points[i]! - x.middle) / (gamma * 2 * Math.PI) + 0.5) * length;
  });
  const targets = Float64Array.from({ length: frequencies.length }, (_, i) => {
    const { s, gamma, length } = axes[i % d]!;
    return ((frequencies[i]! - s.middle) * gamma * 2 * Math.PI) / length;
  });
  const [m, n] = [points.length / d, frequencies.length / d];
  // What the kernel does to each frequency, and the phases that moving both middles to 0 leaves.
  const angles = targets.map((target) => (target * kernel.width) / 2);
  const heights = kernelTransform(kernel, angles);
  const before = phases(
    sign,
    points,
    d,
    (i) => axes[i]!.s.middle,
    () => 0,
  );
  const after = phases(
    sign,
    frequencies,
    d,
    (i) => axes[i]!.x.middle,
    (i) => axes[i]!.s.middle,
  );
  for (let k = 0; k < n; k++) {
    let factor = 1;
    for (let i = 0; i < d; i++) factor *= 2 / (kernel.width * heights[k * d + i]!);
    after[2 * k]! *= factor;
    after[2 * k + 1]! *= factor;
  }
  const turned = new Float64Array(2 * m);
  const results = new Float64Array(2 * n);
  const rows = m > 0 ? c.length / (2 * m) : 0;
  for (let row = 0; row < rows; row++) {
    grid.fill(0);
    multiply(c, row * 2 * m, before, turned, 0);
    aroundPoints("spread", kernel, lengths, places, turned, 0, grid, 0);
    modesToPoints(sign, tolerance, lengths, targets, grid, results);
    multiply(results, 0, after, f, row * 2 * n);
  }
}

/** exp(sign · i Σ (x - center)·factor) for each of the points x `[count, d]`. */
function phases(
  sign: Sign,
  x: ArrayLike<number>,
  d: number,
  factor: (axis: number) => number,
  center: (axis: number) => number,
): Float64Array {
  const out = new Float64Array((2 * x.length) / d);
  for (let p = 0; p < out.length / 2; p++) {
    let angle = 0;
    for (let i = 0; i < d; i++) angle += (x[p * d + i]! - center(i)) * factor(i);
    out[2 * p] = Math.cos(angle);
    out[2 * p + 1] = sign * Math.sin(angle);
  }
  return out;
}

function multiply(x: Float64Array, xAt: number, w: Float64Array, out: Float64Array, outAt: number): void {
  for (let i = 0; i < w.length; i += 2) {
    const re = x[xAt + i]!;
    const im = x[xAt + i + 1]!;
    out[outAt + i] = re * w[i]! - im * w[i + 1]!;
    out[outAt + i + 1] = re * w[i + 1]! + im * w[i]!;
  }
}
