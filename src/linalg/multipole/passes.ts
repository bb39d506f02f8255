// The passes of a fast sum: up from points to skeletons, across between far boxes, down to points, and near pairs.

import { device } from "../../device/current.ts";
import { type BoxTree, localPoints } from "./boxTree.ts";
import type { Interactions } from "./interactions.ts";
import type { DifferenceKernel } from "./kernel.ts";
import { farMatrix, type LevelBasis } from "./translations.ts";

/** One direction of a sum. */
export interface Sum {
  readonly kernel: DifferenceKernel;
  /** Counted for pairs of points in one place. */
  readonly atZero: number;
  readonly sources: BoxTree;
  readonly targets: BoxTree;
  readonly lists: Interactions;
  /** By level; undefined above the first one with far pairs. */
  readonly up: readonly (LevelBasis | undefined)[];
  readonly down: readonly (LevelBasis | undefined)[];
  /** Far matrices, one for each list, made when they are first needed. */
  readonly farMatrices: (Float64Array | undefined)[];
}

/** Rows that go into one product of matrices. */
const CHUNK = 4096;

/** out[rows, n] = a[rows, k] · b, with b `[k, n]` or, transposed, `[n, k]`, row by row. */
function rowsTimes(
  a: Float64Array,
  rows: number,
  k: number,
  b: Float64Array,
  n: number,
  isTransposed: boolean,
  out: Float64Array,
): void {
  device.gemm(
    "float64",
    rows,
    n,
    k,
    { data: a, offset: 0, rowStride: k, columnStride: 1 },
    { data: b, offset: 0, rowStride: isTransposed ? 1 : n, columnStride: isTransposed ? k : 1 },
    { data: out, offset: 0, rowStride: n },
  );
}

/**
 * For boxes in pairs: the numbers of `to` grow by those of `from` times a matrix. A box has `count` rows of numbers.
 * Boxes are numbered within their level.
 */
function addProducts(
  from: Float64Array,
  fromBoxes: ArrayLike<number>,
  fromRank: number,
  matrix: Float64Array,
  isTransposed: boolean,
  to: Float64Array,
  toBoxes: ArrayLike<number>,
  toRank: number,
  count: number,
): void {
  const [fromSize, toSize] = [fromRank * count, toRank * count];
  const most = Math.max(1, Math.floor(CHUNK / count));
  const gathered = new Float64Array(Math.min(most, fromBoxes.length) * fromSize);
  const products = new Float64Array(Math.min(most, fromBoxes.length) * toSize);
  for (let first = 0; first < fromBoxes.length; first += most) {
    const boxes = Math.min(most, fromBoxes.length - first);
    for (let i = 0; i < boxes; i++) {
      const at = fromBoxes[first + i] * fromSize;
      gathered.set(from.subarray(at, at + fromSize), i * fromSize);
    }
    rowsTimes(gathered, boxes * count, fromRank, matrix, toRank, isTransposed, products);
    for (let i = 0, p = 0; i < boxes; i++) {
      const at = toBoxes[first + i] * toSize;
      for (let k = at; k < at + toSize; k++, p++) to[k] += products[p];
    }
  }
}

/** Children of one level at each corner of their parents, as numbers within the levels. */
function byCorner(tree: BoxTree, level: number): { readonly child: number[]; readonly parent: number[] }[] {
  const lists = Array.from({ length: 2 ** tree.points.dims }, () => ({
    child: [] as number[],
    parent: [] as number[],
  }));
  for (let box = tree.levelStart[level]; box < tree.levelStart[level + 1]; box++) {
    const list = lists[tree.corner[box]];
    list.child.push(box - tree.levelStart[level]);
    list.parent.push(tree.parent[box] - tree.levelStart[level - 1]);
  }
  return lists;
}

const levelsOf = (tree: BoxTree): number => tree.levelStart.length - 1;

/** The moments of each point of a leaf, `[points, rank]`. */
function leafMoments(tree: BoxTree, level: number, box: number, { skeleton }: LevelBasis): Float64Array {
  const { dims } = tree.points;
  const local = localPoints(tree, level, box);
  const n = local.length / dims;
  const out = new Float64Array(n * skeleton.rank);
  for (let p = 0; p < n; p++)
    skeleton.moments(local.subarray(p * dims, (p + 1) * dims), out, p * skeleton.rank);
  return out;
}

/** Charges on the skeletons of all boxes from the charges x `[points, count]` in the order of the tree. */
function upward({ sources: tree, up, lists }: Sum, x: Float64Array, count: number): Float64Array[] {
  const out: Float64Array[] = [];
  for (let level = levelsOf(tree) - 1; level >= lists.firstLevel; level--) {
    const basis = up[level]!;
    const { rank, solve } = basis.skeleton;
    const [first, last] = [tree.levelStart[level], tree.levelStart[level + 1]];
    const w = new Float64Array((last - first) * rank * count);
    for (let box = first; box < last; box++) {
      if (tree.children[box] > 0) continue;
      const moments = leafMoments(tree, level, box, basis);
      for (let p = tree.start[box], m = 0; p < tree.end[box]; p++, m += rank)
        for (let c = 0, at = (box - first) * rank * count; c < count; c++, at += rank) {
          const charge = x[p * count + c];
          for (let r = 0; r < rank; r++) w[at + r] += moments[m + r] * charge;
        }
    }
    if (level + 1 < levelsOf(tree)) {
      const below = up[level + 1]!;
      byCorner(tree, level + 1).forEach(({ child, parent }, corner) => {
        if (child.length > 0)
          addProducts(
            out[level + 1],
            child,
            below.skeleton.rank,
            below.toParent[corner],
            true,
            w,
            parent,
            rank,
            count,
          );
      });
    }
    solve(w, (last - first) * count, false);
    out[level] = w;
  }
  return out;
}

/** The values that far boxes give on the skeletons of the targets. */
function across(sum: Sum, charges: readonly Float64Array[], count: number): Float64Array[] {
  const { targets, sources, lists, up, down, kernel, farMatrices } = sum;
  const out: Float64Array[] = [];
  for (let level = lists.firstLevel; level < levelsOf(targets); level++)
    out[level] = new Float64Array(
      (targets.levelStart[level + 1] - targets.levelStart[level]) * down[level]!.skeleton.rank * count,
    );
  lists.far.forEach((list, i) => {
    const { level } = list;
    const [target, source] = [down[level]!.skeleton, up[level]!.skeleton];
    farMatrices[i] ??= farMatrix(kernel, targets.cube.side / 2 ** level, list.offset, target, source);
    const within = (boxes: Int32Array, tree: BoxTree): Int32Array =>
      boxes.map((box) => box - tree.levelStart[level]);
    addProducts(
      charges[level],
      within(list.sources, sources),
      source.rank,
      farMatrices[i],
      true,
      out[level],
      within(list.targets, targets),
      target.rank,
      count,
    );
  });
  return out;
}

/** Adds what the skeletons know to the values y `[points, count]`, in the order of the tree. */
function downward(
  { targets: tree, down, lists }: Sum,
  values: readonly Float64Array[],
  count: number,
  y: Float64Array,
): void {
  for (let level = lists.firstLevel; level < levelsOf(tree); level++) {
    const basis = down[level]!;
    const { rank, solve } = basis.skeleton;
    const z = values[level];
    const [first, last] = [tree.levelStart[level], tree.levelStart[level + 1]];
    solve(z, (last - first) * count, true);
    if (level + 1 < levelsOf(tree)) {
      const below = down[level + 1]!;
      byCorner(tree, level + 1).forEach(({ child, parent }, corner) => {
        if (child.length > 0)
          addProducts(
            z,
            parent,
            rank,
            below.toParent[corner],
            false,
            values[level + 1],
            child,
            below.skeleton.rank,
            count,
          );
      });
    }
    for (let box = first; box < last; box++) {
      if (tree.children[box] > 0) continue;
      const moments = leafMoments(tree, level, box, basis);
      for (let p = tree.start[box], m = 0; p < tree.end[box]; p++, m += rank)
        for (let c = 0, at = (box - first) * rank * count; c < count; c++, at += rank) {
          let sum = 0;
          for (let r = 0; r < rank; r++) sum += moments[m + r] * z[at + r];
          y[p * count + c] += sum;
        }
    }
  }
}

/** Adds the pairs of points of two ranges one by one. */
function addPairs(
  { kernel, atZero, targets, sources }: Sum,
  t: number,
  s: number,
  x: Float64Array,
  count: number,
  y: Float64Array,
): void {
  const { dims, radial, at: difference } = kernel;
  const [a, b] = [targets.points.data, sources.points.data];
  const d = new Float64Array(dims);
  for (let i = targets.start[t]; i < targets.end[t]; i++)
    for (let j = sources.start[s]; j < sources.end[s]; j++) {
      let square = 0;
      for (let c = 0; c < dims; c++) {
        const step = a[i * dims + c] - b[j * dims + c];
        d[c] = step;
        square += step * step;
      }
      const value = square === 0 ? atZero : radial ? radial(Math.sqrt(square)) : difference(d);
      if (count === 1) y[i] += value * x[j];
      else for (let c = 0; c < count; c++) y[i * count + c] += value * x[j * count + c];
    }
}

/** All sums for charges x `[sources, count]`, in the order in which they were given. */
export function evaluateSum(sum: Sum, x: Float64Array, count: number, y: Float64Array): void {
  const { sources, targets, lists } = sum;
  const sorted = new Float64Array(x.length);
  for (let p = 0; p < sources.points.count; p++) {
    const from = sources.order[p] * count;
    for (let c = 0; c < count; c++) sorted[p * count + c] = x[from + c];
  }
  const found = new Float64Array(y.length);
  for (let i = 0; i < lists.nearTargets.length; i++)
    addPairs(sum, lists.nearTargets[i], lists.nearSources[i], sorted, count, found);
  if (lists.far.length > 0) downward(sum, across(sum, upward(sum, sorted, count), count), count, found);
  for (let p = 0; p < targets.points.count; p++) {
    const to = targets.order[p] * count;
    for (let c = 0; c < count; c++) y[to + c] = found[p * count + c];
  }
}

/** Multiplications and values of the kernel for one column. */
export function sumCost({ sources, targets, lists, up, down }: Sum): number {
  let cost = 0;
  for (let i = 0; i < lists.nearTargets.length; i++) {
    const [t, s] = [lists.nearTargets[i], lists.nearSources[i]];
    cost += (targets.end[t] - targets.start[t]) * (sources.end[s] - sources.start[s]);
  }
  for (const { level, targets: boxes } of lists.far)
    cost += boxes.length * up[level]!.skeleton.rank * down[level]!.skeleton.rank;
  const sides = [
    [sources, up],
    [targets, down],
  ] as const;
  for (const [tree, bases] of sides)
    for (let level = lists.firstLevel; level < levelsOf(tree); level++) {
      const { rank } = bases[level]!.skeleton;
      const above = bases[level - 1]?.skeleton.rank ?? 0;
      for (let box = tree.levelStart[level]; box < tree.levelStart[level + 1]; box++)
        cost += rank * (rank + above + (tree.children[box] > 0 ? 0 : tree.end[box] - tree.start[box]));
    }
  return cost;
}
