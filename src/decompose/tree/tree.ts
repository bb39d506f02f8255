// The hierarchical SVD: Grasedyck, "Hierarchical singular value decomposition of tensors" (2010).

import { qr } from "../../linalg/orthogonal/qr.ts";
import { eigvalsh } from "../../linalg/spectral/eigh.ts";
import { mT, reshape, transpose } from "../../ops/movement.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkInput, checkRanks, checkTolerance } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import {
  gramFloor,
  LARGEST_GRAM,
  leftBasis,
  modeGram,
  rankFor,
  type TruncationMethod,
} from "../base/truncation.ts";
import { adjoint, modeProduct } from "../base/unfold.ts";
import { sthosvd } from "../tucker/sthosvd.ts";
import type { DimTree, Tree } from "../types.ts";
import { balancedTree, checkTree, linearTree, nodesOf, type TreeNode } from "./dimTree.ts";
import { treeRules } from "./rules.ts";

export interface TreeOptions extends IterationOptions {
  /** Largest relative error. */
  readonly rtol?: number;
  /** One rank per node other than the root, in pre-order; the two children of the root share the smaller of theirs. */
  readonly ranks?: readonly number[];
  readonly maxRank?: number;
  /**
   * `balanced` (default) halves the modes, `tt` splits off one after the other, `auto` joins the modes whose union
   * has the smallest transfer tensors; or the tree itself.
   */
  readonly tree?: "balanced" | "tt" | "auto" | DimTree;
  /**
   * For `auto`: predicted rank of the unfolding with these modes along its rows. Measured on the compressed tensor
   * unless given.
   */
  readonly rankOf?: (modes: readonly number[]) => number;
  readonly truncation?: TruncationMethod;
}

/** A tree with the relative error that it is known to have. */
export interface TreeResult extends Tree {
  /** ‖X − X̂‖ / ‖X‖, exact: each step projects what the former left, so that what they cut off is orthogonal. */
  readonly error: number;
}

/**
 * Hierarchical SVD, leaves to root: the leading left singular vectors of each leaf, then of each inner node's
 * unfolding in the bases of its children, where they are the transfer tensor. The root's children share one
 * unfolding, so 2d - 3 steps cut off at most rtol·‖X‖ together; what one does not need passes on to the next. With
 * given ranks the error is at most √(2d-3) times that of the best tree. O(size · Σ n_k) for the leaves, which usually
 * is nearly all.
 *
 * @throws ShapeError for a scalar or empty tensor or a tree that does not hold every mode once; DomainError for
 * entries that are not finite, a tolerance outside [0, 1), impossible ranks, or `ranks` with an automatic tree.
 */
export function tree(x: Tensor, options: TreeOptions): TreeResult {
  const input = checkInput(x, "tree");
  const { rtol, ranks, maxRank } = options;
  if (rtol === undefined && !ranks && maxRank === undefined)
    throw new DomainError("tree: one of rtol, ranks and maxRank was expected");
  if (rtol !== undefined) checkTolerance(rtol, "tree");
  if (ranks && options.tree === "auto")
    throw new DomainError("tree: ranks belong to the nodes of a tree that is known; give rtol or maxRank");
  const unit = rangeScale(input);
  if (unit !== 1) {
    const fit = tree(input.div(unit), options);
    return { ...treeRules.scale(fit, unit), error: fit.error };
  }
  const shape = chooseTree(input, options);
  checkTree(shape, input.ndim, "tree");
  const nodes = nodesOf(shape);
  if (ranks) checkRanks(ranks, nodes.slice(1).map(largestRank(input)), "tree: ranks");
  return hierarchicalSvd(input, shape, nodes, options);
}

const largestRank =
  (x: Tensor) =>
  (node: TreeNode): number => {
    const rows = node.modes.reduce((size, mode) => size * x.shape[mode]!, 1);
    return Math.min(rows, x.size / rows);
  };

function chooseTree(x: Tensor, options: TreeOptions): DimTree {
  const { tree = "balanced" } = options;
  if (tree === "balanced") return balancedTree(x.ndim);
  if (tree === "tt") return linearTree(x.ndim);
  return tree === "auto" ? clusteredTree(x.ndim, options.rankOf ?? measuredRanks(x, options)) : tree;
}

/**
 * A tree by agglomeration: of all pairs of clusters the one with the smallest transfer tensor r_a · r_b · r_ab is
 * joined, of equal ones that with the fewest modes, until one is left.
 */
export function clusteredTree(order: number, rankOf: (modes: readonly number[]) => number): DimTree {
  interface Cluster {
    readonly tree: DimTree;
    readonly modes: readonly number[];
    readonly rank: number;
  }
  const all = Array.from({ length: order }, (_, mode) => mode);
  const known = new Map<string, number>();
  const rank = (modes: readonly number[]): number => {
    // A set of modes and the set of the others share one unfolding: the shorter list is asked for, of equal ones that
    // with mode 0.
    const others = all.filter((mode) => !modes.includes(mode));
    const swap = others.length < modes.length || (others.length === modes.length && others[0] === 0);
    const asked = swap ? others : [...modes].sort((a, b) => a - b);
    const name = asked.join();
    if (!known.has(name)) known.set(name, rankOf(asked));
    return known.get(name)!;
  };
  let clusters: Cluster[] = all.map((mode) => ({
    tree: mode,
    modes: [mode],
    rank: order > 1 ? rank([mode]) : 1,
  }));
  while (clusters.length > 2) {
    let best: {
      readonly cost: number;
      readonly a: Cluster;
      readonly b: Cluster;
      readonly rank: number;
    } | null = null;
    for (const [i, a] of clusters.entries())
      for (const b of clusters.slice(i + 1)) {
        const joint = rank([...a.modes, ...b.modes]);
        const cost = a.rank * b.rank * joint;
        const size = a.modes.length + b.modes.length;
        if (
          !best ||
          cost < best.cost ||
          (cost === best.cost && size < best.a.modes.length + best.b.modes.length)
        )
          best = { cost, a, b, rank: joint };
      }
    const { a, b, rank: joint } = best!;
    const merged = { tree: [a.tree, b.tree] as const, modes: [...a.modes, ...b.modes], rank: joint };
    clusters = clusters.map((c) => (c === a ? merged : c)).filter((c) => c !== b);
  }
  return clusters.length === 1 ? clusters[0]!.tree : [clusters[0]!.tree, clusters[1]!.tree];
}

/**
 * Ranks of unfoldings by several modes, from the core of an ST-HOSVD, whose singular values are those of x but for
 * the tolerance.
 */
function measuredRanks(x: Tensor, options: TreeOptions): (modes: readonly number[]) => number {
  const rtol = options.rtol ?? 1e-6;
  const norm = frobenius(x);
  const { core } = sthosvd(x, { rtol: rtol / 2, ...(options.signal && { signal: options.signal }) });
  const delta = (rtol * norm) / Math.sqrt(Math.max(1, 2 * x.ndim - 3));
  return (modes) => {
    checkAborted(options.signal, "tree");
    const others = core.shape.map((_, k) => k).filter((k) => !modes.includes(k));
    const size = (list: readonly number[]): number => list.reduce((n, k) => n * core.shape[k]!, 1);
    // The smaller side along the rows.
    const [rows, columns] = size(modes) <= size(others) ? [modes, others] : [others, modes];
    const matrix = reshape(transpose(core, [...rows, ...columns]), [size(rows), -1]);
    if (delta < gramFloor(x) * norm || size(rows) > LARGEST_GRAM)
      return leftBasis(matrix, 0, { delta }, norm).u.shape[1]!;
    // The spectrum alone costs a fraction of the vectors.
    const values = eigvalsh(modeGram(matrix, 0)).data() as Float64Array;
    return rankFor(Float64Array.from(values, (value) => Math.sqrt(Math.max(0, value))).reverse(), delta).rank;
  };
}

/** `tree` without its checks. */
export function hierarchicalSvd(
  x: Tensor,
  tree: DimTree,
  nodes: readonly TreeNode[],
  options: TreeOptions,
): TreeResult {
  const { rtol = 0, ranks, maxRank, truncation = "auto" } = options;
  const order = x.ndim;
  const leaves = new Array<Tensor>(order);
  if (nodes.length === 1)
    return { kind: "tree", tree, leaves: [reshape(x, [-1, 1])], transfers: [], error: 0 };
  const transfers = new Array<Tensor>(order - 1);
  const norm = frobenius(x);
  const budget = (rtol * norm) ** 2;
  const steps = 2 * order - 3;
  let spent = 0;
  let done = 0;
  // One axis per node whose parent is still to come, in the order of the tree.
  let core = transpose(x, nodes[0]!.modes).contiguous();
  const axes = nodes[0]!.modes.map((mode) =>
    nodes.findIndex((node) => node.left < 0 && node.modes[0] === mode),
  );

  const cut = (axis: number, rank: number | undefined): Tensor => {
    checkAborted(options.signal, "tree");
    const n = core.shape[axis]!;
    const limit = rank === undefined ? undefined : Math.min(rank, n, core.size / n);
    const basis = leftBasis(
      core,
      axis,
      {
        delta: Math.sqrt(Math.max(0, budget - spent) / (steps - done)),
        method: truncation,
        ...(limit !== undefined && { rank: limit }),
        ...(maxRank !== undefined && { maxRank }),
      },
      norm,
    );
    spent += basis.discarded;
    done++;
    core = modeProduct(core, adjoint(basis.u), axis).contiguous();
    options.onProgress?.({ fraction: done / steps, stage: `node ${axes[axis]}` });
    return basis.u;
  };
  /** Files the basis of a node: a leaf as it is, an inner node's as its transfer tensor. */
  const store = (place: number, u: Tensor): void => {
    const node = nodes[place]!;
    if (node.left < 0) leaves[node.modes[0]!] = u;
    else transfers[node.inner] = reshape(u, [...children.get(place)!, u.shape[1]!]);
  };
  /** Ranks of both children of the nodes whose children have been joined. */
  const children = new Map<number, readonly [number, number]>();

  // Leaves first, those with the shortest modes before the others; then the inner nodes, children before parents. The
  // children of the root come last: they share one unfolding.
  const belowRoot = (place: number): boolean => nodes[place]!.parent === 0;
  const shortestFirst = axes
    .filter((place) => !belowRoot(place))
    .sort((a, b) => x.shape[nodes[a]!.modes[0]!]! - x.shape[nodes[b]!.modes[0]!]!);
  for (const place of shortestFirst) store(place, cut(axes.indexOf(place), ranks?.[place - 1]));
  for (let place = nodes.length - 1; place > 0; place--) {
    const node = nodes[place]!;
    if (node.left < 0) continue;
    const axis = axes.indexOf(node.left);
    const [a, b] = [core.shape[axis]!, core.shape[axis + 1]!];
    children.set(place, [a, b]);
    axes.splice(axis, 2, place);
    core = reshape(core, [...core.shape.slice(0, axis), a * b, ...core.shape.slice(axis + 2)]);
    if (!belowRoot(place)) store(place, cut(axis, ranks?.[place - 1]));
  }
  const { left, right } = nodes[0]!;
  store(left, cut(0, ranks && Math.min(ranks[left - 1]!, ranks[right - 1]!)));
  // What is left spans the right child's basis: core = Rᵀ Qᵀ.
  const { q, r } = qr(mT(core).contiguous());
  store(right, q);
  transfers[0] = reshape(mT(r), [...mT(r).shape, 1]).contiguous();
  return { kind: "tree", tree, leaves, transfers, error: norm === 0 ? 0 : Math.sqrt(spent) / norm };
}
