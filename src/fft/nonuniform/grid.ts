// Sums between points and the regular grid around them, in one to three dimensions, and the grids themselves.

import { device } from "../../device/current.ts";
import { nextSmooth } from "../../device/roots.ts";
import { type Kernel, kernelTransform, OVERSAMPLING, writeKernel } from "./kernel.ts";

/** The length of the fine grid for a number of modes. */
export function fineLength(modes: number, { width }: Kernel): number {
  const least = Math.max(OVERSAMPLING * modes, 2 * width);
  return 2 * nextSmooth(Math.ceil(least / 2));
}

/** Where each of M points stands on the grid along each axis, in steps from its start: `[M, d]`. */
export type Places = Float64Array;

const TURN = 2 * Math.PI;

/** Places on a periodic grid of points in radians. */
export function periodicPlaces(points: ArrayLike<number>, lengths: readonly number[]): Places {
  const d = lengths.length;
  const places = new Float64Array(points.length);
  for (let i = 0; i < places.length; i++) {
    const turns = points[i]! / TURN;
    places[i] = (turns - Math.floor(turns)) * lengths[i % d]!;
  }
  return places;
}

/**
 * Adds every value times the kernel around its place to the complex grid (`spread`), or sums the grid around every
 * place (`gather`). `values` and `grid` start at `valuesAt` and `gridAt`, in entries.
 */
export function aroundPoints(
  way: "spread" | "gather",
  kernel: Kernel,
  lengths: readonly number[],
  places: Places,
  values: Float64Array,
  valuesAt: number,
  grid: Float64Array,
  gridAt: number,
): void {
  const { width } = kernel;
  const d = lengths.length;
  const count = places.length / d;
  const isSpread = way === "spread";
  // One or two axes are the last ones of three, of which the first ones have a single point.
  const [n2, n3] = [d > 1 ? lengths[d - 2]! : 1, lengths[d - 1]!];
  const heights = new Float64Array(3 * width);
  const at = new Int32Array(3 * width);
  const width1 = d > 2 ? width : 1;
  const width2 = d > 1 ? width : 1;
  const sums = new Float64Array(2);
  for (let axis = 0; axis < 3 - d; axis++) heights[axis * width] = 1;
  for (let p = 0; p < count; p++) {
    for (let axis = 3 - d, i = 0; axis < 3; axis++, i++) {
      const n = lengths[i]!;
      const first = writeKernel(kernel, places[p * d + i]!, heights, axis * width);
      for (let l = 0; l < width; l++) {
        const index = first + l;
        at[axis * width + l] = index < 0 ? index + n : index >= n ? index - n : index;
      }
    }
    // The last axis is a run of neighbours, or two where it wraps around.
    const start = at[2 * width]!;
    const ahead = Math.min(width, n3 - start);
    const re = values[valuesAt + 2 * p]!;
    const im = values[valuesAt + 2 * p + 1]!;
    sums.fill(0);
    for (let a = 0; a < width1; a++)
      for (let b = 0; b < width2; b++) {
        const row = gridAt + 2 * (at[a]! * n2 + at[width + b]!) * n3;
        const height = heights[a]! * heights[width + b]!;
        const from = row + 2 * start;
        if (isSpread) {
          addRun(grid, from, heights, 2 * width, ahead, re * height, im * height);
          if (ahead < width)
            addRun(grid, row, heights, 2 * width + ahead, width - ahead, re * height, im * height);
        } else {
          sumRun(grid, from, heights, 2 * width, ahead, height, sums);
          if (ahead < width) sumRun(grid, row, heights, 2 * width + ahead, width - ahead, height, sums);
        }
      }
    if (!isSpread) values.set(sums, valuesAt + 2 * p);
  }
}

/** grid[from …] += heights[at …] · (x + iy). */
function addRun(
  grid: Float64Array,
  from: number,
  heights: Float64Array,
  at: number,
  count: number,
  x: number,
  y: number,
): void {
  for (let i = 0, to = from; i < count; i++, to += 2) {
    const height = heights[at + i]!;
    grid[to] = grid[to]! + x * height;
    grid[to + 1] = grid[to + 1]! + y * height;
  }
}

/** sums += factor · Σ heights[at …] · grid[from …]. */
function sumRun(
  grid: Float64Array,
  from: number,
  heights: Float64Array,
  at: number,
  count: number,
  factor: number,
  sums: Float64Array,
): void {
  let x = 0;
  let y = 0;
  for (let i = 0, place = from; i < count; i++, place += 2) {
    const height = heights[at + i]!;
    x += grid[place]! * height;
    y += grid[place + 1]! * height;
  }
  sums[0]! += factor * x;
  sums[1]! += factor * y;
}

/** What undoes the kernel for the modes -⌊N/2⌋ … of an axis: 2 / (w · its transform). */
export function corrections(modes: number, length: number, kernel: Kernel): Float64Array {
  const half = Math.floor(modes / 2);
  const frequencies = Float64Array.from(
    { length: modes },
    (_, k) => (Math.PI * kernel.width * (k - half)) / length,
  );
  return kernelTransform(kernel, frequencies).map((value) => 2 / (kernel.width * value));
}

/** Fourier transform, without factor, of complex grids one after another in `grid`. */
export function transformGrids(
  sign: -1 | 1,
  grids: number,
  lengths: readonly number[],
  grid: Float64Array,
): void {
  let inner = 1;
  const size = lengths.reduce((product, n) => product * n, 1);
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    const n = lengths[axis]!;
    device.fft(sign, 1, (grids * size) / (n * inner), n, inner, grid, 0, grid, 0);
    inner *= n;
  }
}

/**
 * Copies modes, corrected, between their own array `[N₁, …]` of complex numbers and their places in the fine grid: from
 * the grid (`out`), or to the grid, which holds zeros (`in`).
 */
export function moveModes(
  way: "in" | "out",
  modes: readonly number[],
  factors: readonly Float64Array[],
  lengths: readonly number[],
  array: Float64Array,
  arrayAt: number,
  grid: Float64Array,
  gridAt: number,
): void {
  const visit = (axis: number, from: number, to: number, factor: number): void => {
    const n = modes[axis]!;
    const half = Math.floor(n / 2);
    for (let k = 0; k < n; k++) {
      const mode = k - half;
      const p = from * n + k;
      const q = to * lengths[axis]! + (mode < 0 ? mode + lengths[axis]! : mode);
      const f = factor * factors[axis]![k]!;
      if (axis + 1 < modes.length) visit(axis + 1, p, q, f);
      else {
        const a = arrayAt + 2 * p;
        const b = gridAt + 2 * q;
        if (way === "in") {
          grid[b] = f * array[a]!;
          grid[b + 1] = f * array[a + 1]!;
        } else {
          array[a] = f * grid[b]!;
          array[a + 1] = f * grid[b + 1]!;
        }
      }
    }
  };
  visit(0, 0, 0, 1);
}
