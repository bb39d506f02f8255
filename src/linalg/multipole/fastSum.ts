// Sums over pairs of points in nearly linear time, for any kernel of the difference that is smooth away from 0.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type LinearPlan, Planned } from "../operator/planned.ts";
import { type BoxTree, boxTree, cubeAround } from "./boxTree.ts";
import { pointsOf } from "./empiricalInterpolation.ts";
import { sampledError } from "./estimate.ts";
import { exchanged, interactions } from "./interactions.ts";
import { type DifferenceKernel, differenceKernel, type KernelSpec, mirrored } from "./kernel.ts";
import { evaluateSum, type Sum, sumCost } from "./passes.ts";
import { chebyshevSkeleton, empiricalSkeleton, farScale, type Skeleton } from "./skeleton.ts";
import { type LevelBasis, levelBases } from "./translations.ts";

export interface FastSumOptions {
  readonly dims: 1 | 2 | 3;
  /** Largest error of a far pair, as a share of the largest |K| between far boxes of the finest level; 1e-4 unless told. */
  readonly tolerance?: number;
  /** Most points of a box that is not divided; 64 unless told. */
  readonly leafSize?: number;
  /** K(d) = K(−d); true unless told. Kernels that are not even need skeletons for both sides. */
  readonly even?: boolean;
  /** What pairs of points in one place count; 0 unless told. */
  readonly atZero?: number;
  /** 400 unless told; where it stops the choice of points, `converged` is false. */
  readonly maxRank?: number;
  /**
   * Points that stand for a box: chosen by `empirical` interpolation, or a grid of Chebyshev points, so many along each
   * axis. `empirical` unless told.
   */
  readonly basis?: "empirical" | { readonly chebyshev: number };
}

/** What a level of the tree needs. */
export interface FastSumLevel {
  readonly level: number;
  /** Boxes with sources. */
  readonly boxes: number;
  readonly rank: number;
}

interface Parts {
  readonly plan: LinearPlan;
  readonly levels: readonly FastSumLevel[];
  readonly errorEstimate: number;
  readonly scale: number;
  readonly converged: boolean;
  readonly cost: number;
  readonly isSymmetric: boolean;
}

/** The matrix K(xᵢ − yⱼ) `[targets, sources]`, known by fast products. Made by `fastSum`. */
export class FastSum extends Planned {
  readonly kind: string = "fast-sum";
  readonly levels: readonly FastSumLevel[];
  /** Rank of each level with far pairs, coarsest first. */
  readonly ranks: readonly number[];
  /** Largest error of far pairs that was found on fresh points, as a share of `scale`; 0 where no pair is far. */
  readonly errorEstimate: number;
  /** Largest |K| between far boxes of the finest level: what tolerances are shares of. */
  readonly scale: number;
  /** Whether every level reached the tolerance within the largest rank. */
  readonly converged: boolean;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super(parts.plan, parts.isSymmetric ? { hermitian: true } : {});
    this.levels = parts.levels;
    this.ranks = parts.levels.map(({ rank }) => rank);
    this.errorEstimate = parts.errorEstimate;
    this.scale = parts.scale;
    this.converged = parts.converged;
    this.#parts = parts;
  }

  override transpose(): FastSum {
    return this.tags.hermitian ? this : new FastSum({ ...this.#parts, plan: this.plan.transpose() });
  }

  override cost(): number {
    return this.#parts.cost;
  }
}

export interface FastSumPlan {
  /**
   * Sorts sources `[n, dims]` and targets `[m, dims]` (the sources unless told) into boxes and chooses the points that
   * stand for them.
   *
   * @throws ShapeError for other shapes or no points; DomainError for coordinates or values of the kernel that are not
   *   finite; AbortedError.
   */
  build(sources: Tensor, targets?: Tensor, progress?: IterationOptions): FastSum;
}

/** The two directions of a sum as plans that are each other's transpose. */
function planOf(sum: Sum, back: Sum): LinearPlan {
  const make = (of: Sum, transpose: () => LinearPlan): LinearPlan => ({
    rows: of.targets.points.count,
    columns: of.sources.points.count,
    multiply: (x, count, y) => evaluateSum(of, x, count, y),
    transpose,
  });
  const forward: LinearPlan = make(sum, () => backward);
  const backward: LinearPlan = make(back, () => forward);
  return forward;
}

const depth = (tree: BoxTree): number => tree.levelStart.length - 1;

/** Skeletons by level, from the first one with far pairs. */
function skeletonsOf(
  kernel: DifferenceKernel,
  options: Required<FastSumOptions>,
  side: number,
  first: number,
  levels: number,
  scale: number,
  progress: IterationOptions,
): (Skeleton | undefined)[] {
  const { basis, tolerance, maxRank, dims } = options;
  const out: (Skeleton | undefined)[] = new Array(levels).fill(undefined);
  const isShared = basis !== "empirical" || kernel.degree !== undefined;
  for (let level = first; level < levels; level++) {
    checkAborted(progress.signal, CALLER);
    if (isShared && level > first) out[level] = out[first];
    else if (basis !== "empirical") out[level] = chebyshevSkeleton(dims, basis.chebyshev);
    else {
      const h = kernel.degree === undefined ? side / 2 ** level : 1;
      const top = kernel.degree === undefined ? scale : farScale(kernel, 1, tolerance);
      out[level] = empiricalSkeleton(kernel, {
        caller: CALLER,
        h,
        tolerance: tolerance * top,
        share: tolerance,
        maxRank,
        isTop: level === first && !isShared,
      });
    }
    progress.onProgress?.({ fraction: (level + 1 - first) / (levels - first), stage: `level ${level}` });
  }
  return out;
}

const CALLER = "fastSum";

/**
 * A plan for sums Σⱼ K(xᵢ − yⱼ) qⱼ with any kernel that is smooth away from 0: a multipole method whose expansions are
 * chosen by empirical interpolation of the kernel itself, one skeleton for each level. Pairs of points in one place count
 * `atZero`. The sum is linear in the charges and differentiable in them; points and kernel are fixed: the derivative by a target is the fast
 * sum of the kernel's own derivative, with `even: false`.
 *
 * `build` costs O(r · candidates²) a level and gives an operator whose products cost O(n r + boxes · 6^d · r²) and twice
 * the values of the kernel between neighbours; memory O(7^d r²) a level.
 *
 * Source: F. Casenave, "A fast summation method for translation invariant kernels", arXiv 1408.0210.
 * A kernel that grows with the distance, or oscillates within a box, needs ranks that show it: look at `ranks`.
 *
 * @throws DomainError for a kernel that is none, dims other than 1, 2 and 3, a tolerance outside of (1e-12, 1), and
 *   leafSize, maxRank or a number of Chebyshev points that are no positive integers.
 */
export function fastSum(
  kernel: ((d: Float64Array) => number) | KernelSpec,
  options: FastSumOptions,
): FastSumPlan {
  const { dims, tolerance = 1e-4, leafSize = 64, even = true, atZero = 0, maxRank = 400 } = options;
  const { basis = "empirical" } = options;
  if (!(dims === 1 || dims === 2 || dims === 3))
    throw new DomainError(`${CALLER}: dims must be 1, 2 or 3, got ${String(dims)}`);
  if (!(tolerance > 1e-12 && tolerance < 1))
    throw new DomainError(`${CALLER}: tolerance must be between 1e-12 and 1, got ${tolerance}`);
  if (!Number.isFinite(atZero)) throw new DomainError(`${CALLER}: atZero must be finite, got ${atZero}`);
  const counts = { leafSize, maxRank, ...(basis !== "empirical" && { "basis.chebyshev": basis?.chebyshev }) };
  for (const [name, value] of Object.entries(counts))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`${CALLER}: ${name} must be a positive integer, got ${value}`);
  const of = differenceKernel(CALLER, kernel, dims, even);
  const all: Required<FastSumOptions> = { dims, tolerance, leafSize, even, atZero, maxRank, basis };
  return {
    build: (sources, targets, progress = {}) => {
      const y = pointsOf(CALLER, "sources", sources, dims);
      const x = targets === undefined ? y : pointsOf(CALLER, "targets", targets, dims);
      if (x.count === 0 || y.count === 0) throw new ShapeError(`${CALLER}: at least one point was expected`);
      checkAborted(progress.signal, CALLER);
      const cube = cubeAround([x, y], dims);
      const sourceTree = boxTree(y, cube, leafSize);
      const targetTree = x === y ? sourceTree : boxTree(x, cube, leafSize);
      const lists = interactions(targetTree, sourceTree);
      const first = lists.firstLevel;
      const levels = lists.far.length > 0 ? Math.max(depth(sourceTree), depth(targetTree)) : 0;
      // Levels below the last one with far pairs do not decide what a small error is.
      const finest = lists.far.at(-1)?.level ?? 0;
      const scale = levels > 0 ? farScale(of, cube.side / 2 ** finest, tolerance) : 0;
      const bases = (kernelOf: DifferenceKernel) =>
        levelBases(skeletonsOf(kernelOf, all, cube.side, first, levels, scale, progress), dims);
      const up = bases(of);
      const turned = mirrored(of);
      const down = turned === of ? up : bases(turned);
      const sum: Sum = {
        kernel: of,
        atZero,
        sources: sourceTree,
        targets: targetTree,
        lists,
        up,
        down,
        farMatrices: [],
      };
      const back: Sum = {
        kernel: turned,
        atZero,
        sources: targetTree,
        targets: sourceTree,
        lists: exchanged(lists),
        up: down,
        down: up,
        farMatrices: [],
      };
      return new FastSum({
        plan: planOf(sum, back),
        levels: up.flatMap((level, l) =>
          level ? [{ level: l, boxes: boxesOf(sourceTree, l), rank: level.skeleton.rank }] : [],
        ),
        errorEstimate: levels > 0 && scale > 0 ? largestError(of, cube.side, first, scale, up, down) : 0,
        scale,
        converged: [...up, ...down].every((level) => level?.skeleton.converged ?? true),
        cost: sumCost(sum),
        isSymmetric: x === y && of.even,
      });
    },
  };
}

/** The larger of what was found while the skeletons were chosen, and of whole pairs, as a share of `scale`. */
function largestError(
  kernel: DifferenceKernel,
  side: number,
  first: number,
  scale: number,
  up: readonly (LevelBasis | undefined)[],
  down: readonly (LevelBasis | undefined)[],
): number {
  // The error of a shared skeleton is that of a box of side 1, where K is larger or smaller by a power.
  const unit = (level: number): number =>
    kernel.degree === undefined ? 1 : (side / 2 ** level) ** kernel.degree;
  const chosen = [...up.entries(), ...down.entries()].map(
    ([level, basis]) => (basis?.skeleton.error ?? 0) * unit(level),
  );
  return Math.max(sampledError(kernel, side, first, up, down), ...chosen) / scale;
}

const boxesOf = (tree: BoxTree, level: number): number =>
  level < depth(tree) ? tree.levelStart[level + 1] - tree.levelStart[level] : 0;
