// How wrong a fast sum is for pairs of points that are far from each other.

import { openUniform } from "../../random/bits.ts";
import type { DifferenceKernel } from "./kernel.ts";
import { scaledKernel } from "./skeleton.ts";
import { farMatrix, type LevelBasis } from "./translations.ts";

/** Points of either box of a level, and offsets of the boxes, that are tried. */
const POINTS = 24;
const OFFSETS = 8;

type Bases = readonly (LevelBasis | undefined)[];

/** What a unit charge at a point of a box of `level` becomes on its skeleton, by way of the boxes below. */
function compressed(bases: Bases, level: number, point: Float64Array): Float64Array {
  const { skeleton } = bases[level]!;
  const out = new Float64Array(skeleton.rank);
  const below = bases[level + 1];
  if (below) {
    let corner = 0;
    const inside = point.map((value, c) => {
      if (value >= 0) corner |= 1 << c;
      return 2 * value + (value >= 0 ? -0.5 : 0.5);
    });
    const w = compressed(bases, level + 1, inside);
    const matrix = below.toParent[corner];
    for (let m = 0; m < out.length; m++)
      for (let l = 0; l < w.length; l++) out[m] += matrix[m * w.length + l] * w[l];
  } else skeleton.moments(point, out, 0);
  skeleton.solve(out, 1, false);
  return out;
}

/** A random place in [0, 1] to one in [−½, ½] that is often near the ends, where errors are largest. */
const towardsRim = (value: number): number => Math.sin(Math.PI * (value - 0.5)) / 2;

/**
 * The largest |K̃(x, y) − K(x, y)| over fresh random pairs of points in far boxes of all levels, K̃ being what the passes
 * make of K from the finest level up, across and down again. O(r²) values of the kernel for each offset that is tried.
 */
export function sampledError(
  kernel: DifferenceKernel,
  side: number,
  firstLevel: number,
  up: Bases,
  down: Bases,
): number {
  const { dims } = kernel;
  let error = 0;
  for (let level = firstLevel; level < up.length; level++) {
    const h = side / 2 ** level;
    const of = scaledKernel(kernel, h);
    const [source, target] = [up[level]!.skeleton, down[level]!.skeleton];
    const numbers = openUniform(0x5ec, level, (2 * POINTS + OFFSETS) * dims);
    const part = (i: number): Float64Array => numbers.slice(i * dims, (i + 1) * dims);
    const pointsFrom = (first: number): Float64Array[] =>
      Array.from({ length: POINTS }, (_, i) => part(first + i).map(towardsRim));
    const [ys, xs] = [pointsFrom(0), pointsFrom(POINTS)];
    const charges = ys.map((y) => compressed(up, level, y));
    const weights = xs.map((x) => compressed(down, level, x));
    for (let k = 0; k < OFFSETS; k++) {
      // Most offsets are as near as far pairs can be; one axis in turn makes the boxes far.
      const width = k % 4 === 3 ? 7 : 3;
      const offset = part(2 * POINTS + k).map((value) => Math.floor(value * width) - (width - 1) / 2);
      if (!offset.some((step) => Math.abs(step) > 1)) offset[k % dims] = (k >> 1) % 2 === 0 ? 2 : -2;
      const matrix = farMatrix(kernel, h, Array.from(offset), target, source);
      const p = new Float64Array(dims);
      for (const [j, w] of charges.entries()) {
        const values = new Float64Array(target.rank);
        for (let m = 0, at = 0; m < values.length; m++)
          for (let l = 0; l < w.length; l++, at++) values[m] += matrix[at] * w[l];
        for (const [i, v] of weights.entries()) {
          let sum = 0;
          for (let m = 0; m < v.length; m++) sum += values[m] * v[m];
          for (let c = 0; c < dims; c++) p[c] = xs[i][c] + offset[c];
          error = Math.max(error, Math.abs(sum - of(p, ys[j])));
        }
      }
    }
  }
  return error;
}
