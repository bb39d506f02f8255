// Products with matrices f(aᵢ + bⱼ) between the two sides of a split, by whatever f and the distances allow.

import { device } from "../../device/current.ts";
import { DomainError } from "../../tensor/errors.ts";
import { crossSkeleton, kernelMatrix, pointSet, solveCore } from "../multipole/empiricalInterpolation.ts";
import type { Evaluator, Separable } from "./distanceFunction.ts";
import { addGroups, type Groups, groupDistances, sumGroups } from "./groups.ts";

/** Smaller blocks are done pair by pair. */
const SMALL = 64 * 64;

/** Adds the cross terms of one split to y, both ways, for x `[n, count]`. */
export interface Cross {
  add(x: Float64Array, count: number, y: Float64Array): void;
  /** Multiply-adds for one column. */
  readonly cost: number;
  readonly kind: "separable" | "Hankel" | "skeleton" | "dense";
}

/** One side of a split. */
export interface Side {
  readonly nodes: Int32Array;
  readonly distances: Float64Array;
}

/** f at a distance that occurs. Throws DomainError, naming it, unless the value is finite. */
export function valueAt({ value }: Evaluator, distance: number): number {
  const f = value(distance);
  if (!Number.isFinite(f))
    throw new DomainError(`treeIntegrator: f must be finite at every distance, got f(${distance}) = ${f}`);
  return f;
}

const finite = (factors: Float64Array, evaluator: Evaluator, distances: Float64Array): Float64Array => {
  for (let i = 0; i < factors.length; i++)
    if (!Number.isFinite(factors[i])) {
      for (const d of distances) valueAt(evaluator, d);
      throw new DomainError(
        `treeIntegrator: f grows too fast: its factors at distance ${distances[Math.floor((i * distances.length) / factors.length)]} are not finite`,
      );
    }
  return factors;
};

/** Rank r: sums over one side, weighted, then spread over the other. O((m + n) r). */
export function separableCross(evaluator: Evaluator, separable: Separable, left: Side, right: Side): Cross {
  const { rank } = separable;
  const table = (side: Side, write: Separable["left"]): Float64Array => {
    const out = new Float64Array(side.distances.length * rank);
    side.distances.forEach((d, e) => {
      write(d, out, e * rank);
    });
    return finite(out, evaluator, side.distances);
  };
  const [u, v] = [table(left, separable.left), table(right, separable.right)];
  const oneWay = (
    from: Side,
    weights: Float64Array,
    to: Side,
    factors: Float64Array,
    x: Float64Array,
    count: number,
    y: Float64Array,
  ): void => {
    const sums = new Float64Array(rank * count);
    for (let e = 0, w = 0; e < from.nodes.length; e++) {
      const at = from.nodes[e] * count;
      for (let r = 0, s = 0; r < rank; r++, w++)
        for (let c = 0; c < count; c++, s++) sums[s] += weights[w] * x[at + c];
    }
    for (let e = 0, w = 0; e < to.nodes.length; e++) {
      const at = to.nodes[e] * count;
      for (let r = 0, s = 0; r < rank; r++, w++)
        for (let c = 0; c < count; c++, s++) y[at + c] += factors[w] * sums[s];
    }
  };
  return {
    kind: "separable",
    cost: 2 * rank * (left.nodes.length + right.nodes.length),
    add: (x, count, y) => {
      oneWay(right, v, left, u, x, count, y);
      oneWay(left, u, right, v, x, count, y);
    },
  };
}

/** How one side meets the other when equal distances are one. */
function groupedCross(
  left: Side,
  right: Side,
  groups: readonly [Groups, Groups],
  kind: Cross["kind"],
  cost: number,
  multiply: (x: Float64Array, count: number, y: Float64Array, isToLeft: boolean) => void,
): Cross {
  const sides = [left, right];
  return {
    kind,
    cost: 2 * cost + 2 * (left.nodes.length + right.nodes.length),
    add: (x, count, y) => {
      for (const to of [0, 1]) {
        const from = 1 - to;
        const values = new Float64Array(groups[to].distances.length * count);
        multiply(sumGroups(groups[from], sides[from].nodes, x, count), count, values, to === 0);
        addGroups(groups[to], sides[to].nodes, values, count, y);
      }
    },
  };
}

/** All pairs of distances. Values of small blocks are kept, those of large ones computed anew for every product: O(m n). */
function denseCross(evaluator: Evaluator, left: Side, right: Side, groups: readonly [Groups, Groups]): Cross {
  const [a, b] = groups.map(({ distances }) => distances);
  const { value } = evaluator;
  const isKept = a.length * b.length <= SMALL;
  const table = new Float64Array(isKept ? a.length * b.length : 0);
  for (let i = 0, at = 0; i < a.length; i++)
    for (let j = 0; j < b.length; j++, at++) {
      const f = valueAt(evaluator, a[i] + b[j]);
      if (isKept) table[at] = f;
    }
  return groupedCross(left, right, groups, "dense", a.length * b.length, (x, count, y, isToLeft) => {
    for (let i = 0, at = 0; i < a.length; i++)
      for (let j = 0; j < b.length; j++, at++) {
        const f = isKept ? table[at] : value(a[i] + b[j]);
        const to = (isToLeft ? i : j) * count;
        const from = (isToLeft ? j : i) * count;
        for (let c = 0; c < count; c++) y[to + c] += f * x[from + c];
      }
  });
}

const transformLength = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
const transformCost = (n: number): number => 4 * n * Math.max(1, Math.log2(n));

/** Distances in steps of `unit`: a Hankel matrix, multiplied by Fourier transforms; null where f is not finite on the grid. */
function hankelCross(
  evaluator: Evaluator,
  left: Side,
  right: Side,
  groups: readonly [Groups, Groups],
  unit: number,
): Cross | null {
  const steps = groups.map(({ distances }) => Int32Array.from(distances, (d) => Math.round(d / unit)));
  const tops = steps.map((s) => s[s.length - 1]);
  const n = transformLength(tops[0] + tops[1] + 1);
  const spectrum = new Float64Array(2 * n);
  for (let k = 0; k <= tops[0] + tops[1]; k++) {
    const f = evaluator.value(k * unit);
    if (!Number.isFinite(f)) return null;
    spectrum[2 * k] = f;
  }
  device.fft(-1, 1, 1, n, 1, spectrum, 0, spectrum, 0);
  return groupedCross(left, right, groups, "Hankel", 2 * transformCost(n), (x, count, y, isToLeft) => {
    const [to, from] = isToLeft ? [0, 1] : [1, 0];
    const [out, into] = [steps[to], steps[from]];
    // Two real columns are one complex one; values come backwards, so that the product is a convolution.
    const pairs = (count + 1) >> 1;
    const z = new Float64Array(2 * n * pairs);
    for (let j = 0; j < into.length; j++)
      for (let c = 0; c < count; c++) z[2 * (tops[from] - into[j]) * pairs + c] = x[j * count + c];
    device.fft(-1, 1, 1, n, pairs, z, 0, z, 0);
    for (let k = 0, at = 0; k < n; k++) {
      const [re, im] = [spectrum[2 * k], spectrum[2 * k + 1]];
      for (let c = 0; c < pairs; c++, at += 2) {
        const [p, q] = [z[at], z[at + 1]];
        z[at] = p * re - q * im;
        z[at + 1] = p * im + q * re;
      }
    }
    device.fft(1, 1 / n, 1, n, pairs, z, 0, z, 0);
    for (let i = 0; i < out.length; i++) {
      const at = 2 * ((out[i] + tops[from]) % n) * pairs;
      for (let c = 0; c < count; c++) y[i * count + c] = z[at + c];
    }
  });
}

/** Candidates on either side, the largest rank, and the error as a share of the largest value. */
const CANDIDATES = 48;
const MOST_RANK = 40;
const ACCURACY = 1e-13;
/** Few points for many: f(a + b) ≈ f(a + b_l) E⁻¹ f(a_m + b); null where that is not accurate. */
function skeletonCross(
  evaluator: Evaluator,
  left: Side,
  right: Side,
  groups: readonly [Groups, Groups],
): Cross | null {
  const [a, b] = groups.map(({ distances }) => pointSet(distances, 1));
  const nodes = (of: Float64Array): Float64Array =>
    Float64Array.from({ length: CANDIDATES }, (_, i) => {
      const share = (1 - Math.cos((Math.PI * i) / (CANDIDATES - 1))) / 2;
      return of[0] + (of[of.length - 1] - of[0]) * share;
    });
  const [p, q] = [nodes(a.data), nodes(b.data)];
  let top = 0;
  for (const s of p)
    for (const t of q) {
      const size = Math.abs(evaluator.value(s + t));
      if (!Number.isFinite(size)) return null;
      top = Math.max(top, size);
    }
  if (top === 0) return null;
  // Distances that occur, spread over the block by steps that do not repeat soon.
  const pick = (of: Float64Array, round: number, step: number): Float64Array =>
    Float64Array.from({ length: 200 }, (_, i) => of[((i + 200 * round) * step) % of.length]);
  const found = crossSkeleton({
    caller: "treeIntegrator",
    kernel: (x, y) => valueAt(evaluator, x[0] + y[0]),
    x: pointSet(p, 1),
    y: pointSet(q, 1),
    tolerance: ACCURACY * top,
    maxRank: MOST_RANK,
    fresh: (round) => ({
      x: pointSet(pick(a.data, round, 7919), 1),
      y: pointSet(pick(b.data, round, 104729), 1),
    }),
  });
  // Rounding of the core is the floor of the accuracy.
  if (found.error > 10 * ACCURACY * top) return null;
  const rank = found.x.count;
  const kernel = (x: Float64Array, y: Float64Array): number => valueAt(evaluator, x[0] + y[0]);
  const u = kernelMatrix("treeIntegrator", kernel, a, found.y);
  solveCore(found.factors, u, a.count, true);
  const v = kernelMatrix("treeIntegrator", kernel, b, found.x);
  const cost = rank * (a.count + b.count);
  return groupedCross(left, right, groups, "skeleton", cost, (x, count, y, isToLeft) => {
    const [to, from, m, n] = isToLeft ? [u, v, a.count, b.count] : [v, u, b.count, a.count];
    const sums = new Float64Array(rank * count);
    for (let j = 0, w = 0; j < n; j++)
      for (let r = 0; r < rank; r++, w++)
        for (let c = 0; c < count; c++) sums[r * count + c] += from[w] * x[j * count + c];
    for (let i = 0, w = 0; i < m; i++)
      for (let r = 0; r < rank; r++, w++)
        for (let c = 0; c < count; c++) y[i * count + c] += to[w] * sums[r * count + c];
  });
}

/**
 * The cheapest exact way (to 1e-12 for skeletons). `unit` is that of the grid on which distances lie, or 0; a grid is
 * used where its transforms are cheaper than all pairs.
 */
export function crossOf(evaluator: Evaluator, left: Side, right: Side, unit: number): Cross {
  if (evaluator.separable) return separableCross(evaluator, evaluator.separable, left, right);
  const groups: readonly [Groups, Groups] = [groupDistances(left.distances), groupDistances(right.distances)];
  const [a, b] = groups.map(({ distances }) => distances);
  const pairs = a.length * b.length;
  const top = a[a.length - 1] + b[b.length - 1];
  if (unit > 0) {
    const n = transformLength(top / unit + 1);
    // Values of f on the grid cost as much as pairs do.
    if (2 * transformCost(n) + n < pairs) {
      const cross = hankelCross(evaluator, left, right, groups, unit);
      if (cross) return cross;
    }
  }
  if (evaluator.smooth && pairs > SMALL) {
    const cross = skeletonCross(evaluator, left, right, groups);
    if (cross) return cross;
  }
  return denseCross(evaluator, left, right, groups);
}
