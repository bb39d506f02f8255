// What stands for the points of a box when it is seen from afar: r points and how charges go over to them.

import { openUniform } from "../../random/bits.ts";
import {
  crossSkeleton,
  type PairKernel,
  type PointSet,
  pointSet,
  solveCore,
} from "./empiricalInterpolation.ts";
import type { DifferenceKernel } from "./kernel.ts";

/** Lengths are in units of the box, whose middle is the origin. */
export interface Skeleton {
  readonly rank: number;
  readonly points: PointSet;
  /** Writes the `rank` moments of a unit charge at a point. */
  moments(point: Float64Array, out: Float64Array, at: number): void;
  /** Overwrites moments of boxes, one after another, by charges on the points; or the transpose of that. */
  solve(x: Float64Array, count: number, transposed: boolean): void;
  /** The largest error that was found while it was made. */
  readonly error: number;
  readonly converged: boolean;
}

/** K of a difference in units of a box of side h. */
export function scaledKernel(kernel: DifferenceKernel, h: number): PairKernel {
  const d = new Float64Array(kernel.dims);
  return (x, y) => {
    for (let c = 0; c < d.length; c++) d[c] = h * (x[c] - y[c]);
    return kernel.at(d);
  };
}

/** All combinations of coordinates that are accepted. */
function lattice(coordinates: readonly number[], dims: number, accept: (p: number[]) => boolean): PointSet {
  const out: number[] = [];
  const index = new Array<number>(dims).fill(0);
  for (;;) {
    const point = index.map((i) => coordinates[i]);
    if (accept(point)) out.push(...point);
    let c = 0;
    while (c < dims && ++index[c] === coordinates.length) index[c++] = 0;
    if (c === dims) return pointSet(Float64Array.from(out), dims);
  }
}

/** Chebyshev-Lobatto nodes on [−½, ½]. */
const lobatto = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => -Math.cos((Math.PI * i) / (n - 1)) / 2);

/** More places to choose from where more will be chosen. */
function nodesPerAxis(dims: number, tolerance: number): number {
  const more = Math.max(0, Math.ceil(-4 - Math.log10(tolerance)));
  return [24, 12, 6][dims - 1] + more;
}

/** Sources are candidates in the box, corners included. */
const sourceCandidates = (dims: number, tolerance: number): PointSet =>
  lattice(lobatto(nodesPerAxis(dims, tolerance)), dims, () => true);

/** Random points outside of the neighbours, within `reach` half boxes. */
function farPoints(dims: number, count: number, reach: number, seed: number): Float64Array {
  const numbers = openUniform(0x5ea, seed, count * dims * 8);
  const out = new Float64Array(count * dims);
  let filled = 0;
  for (let at = 0; filled < count; at += dims) {
    // Draws run out with probability far below rounding; the last coordinate then goes to the rim.
    const isOut = at + dims > numbers.length;
    let top = 0;
    for (let c = 0; c < dims; c++) {
      const value = isOut ? reach / 2 : (numbers[at + c] - 0.5) * reach;
      out[filled * dims + c] = value;
      top = Math.max(top, Math.abs(value));
    }
    if (top >= 1.5) filled++;
  }
  return out;
}

/** Corners of the far boxes of a block of 7 (scaled for boxes further out), and random points between them. */
function targetCandidates(dims: number, isTop: boolean): PointSet {
  const half = [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5];
  const corners = lattice(half, dims, (p) => p.some((value) => Math.abs(value) >= 1.5)).data;
  const beyond = isTop ? new Float64Array(0) : corners.map((value) => 2 * value);
  const random = farPoints(dims, 150, 7, 1);
  return pointSet(Float64Array.of(...corners, ...beyond, ...random), dims);
}

/** The largest |K| over the far field of a box of side h. */
export function farScale(kernel: DifferenceKernel, h: number, tolerance: number): number {
  const x = targetCandidates(kernel.dims, true);
  const y = sourceCandidates(kernel.dims, tolerance);
  const at = scaledKernel(kernel, h);
  const { dims } = kernel;
  let top = 0;
  for (let i = 0; i < x.count; i++)
    for (let j = 0; j < y.count; j++) {
      const value = Math.abs(
        at(x.data.subarray(i * dims, (i + 1) * dims), y.data.subarray(j * dims, (j + 1) * dims)),
      );
      // The door of `crossSkeleton` reports values that are not finite.
      if (value > top && Number.isFinite(value)) top = value;
    }
  return top;
}

export interface SkeletonOptions {
  readonly caller: string;
  /** Side of the box. */
  readonly h: number;
  /** Absolute. */
  readonly tolerance: number;
  /** The same as a share of the largest |K|. */
  readonly share: number;
  readonly maxRank: number;
  /** No parent will ask for values beyond the block. */
  readonly isTop: boolean;
}

const FRESH = 400;

/** The skeleton that empirical interpolation chooses for sources in a box. */
export function empiricalSkeleton(kernel: DifferenceKernel, options: SkeletonOptions): Skeleton {
  const { caller, h, tolerance, share, maxRank, isTop } = options;
  const { dims } = kernel;
  const of = scaledKernel(kernel, h);
  const found = crossSkeleton({
    caller,
    kernel: of,
    x: targetCandidates(dims, isTop),
    y: sourceCandidates(dims, share),
    tolerance,
    maxRank,
    fresh: (round) => ({
      x: pointSet(farPoints(dims, FRESH, 7, 10 + round), dims),
      y: pointSet(
        openUniform(0x5eb, 10 + round, FRESH * dims).map((value) => value - 0.5),
        dims,
      ),
    }),
  });
  const rank = found.x.count;
  const outer = Array.from({ length: rank }, (_, m) => found.x.data.subarray(m * dims, (m + 1) * dims));
  return {
    rank,
    points: found.y,
    moments: (point, out, at) => {
      for (let m = 0; m < rank; m++) out[at + m] = of(outer[m], point);
    },
    solve: (x, count, transposed) => solveCore(found.factors, x, count, transposed),
    error: found.error,
    converged: found.converged,
  };
}

/** Tensor grid of p Chebyshev points (roots) along each axis: the basis of the classical interpolating method. */
export function chebyshevSkeleton(dims: number, p: number): Skeleton {
  const nodes = Array.from({ length: p }, (_, i) => -Math.cos((Math.PI * (2 * i + 1)) / (2 * p)) / 2);
  const points = lattice(nodes, dims, () => true);
  const values = new Float64Array(dims * p);
  return {
    rank: points.count,
    points,
    moments: (point, out, at) => {
      for (let c = 0; c < dims; c++)
        for (let i = 0; i < p; i++) {
          let product = 1;
          for (let j = 0; j < p; j++) if (j !== i) product *= (point[c] - nodes[j]) / (nodes[i] - nodes[j]);
          values[c * p + i] = product;
        }
      // The first axis runs fastest, as in the lattice.
      for (let l = 0; l < points.count; l++) {
        let rest = l;
        let product = 1;
        for (let c = 0; c < dims; c++) {
          product *= values[c * p + (rest % p)];
          rest = Math.floor(rest / p);
        }
        out[at + l] = product;
      }
    },
    solve: () => {},
    error: 0,
    converged: true,
  };
}
