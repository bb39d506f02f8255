// Rules of the hierarchical Tucker format: Hackbusch and Kühn (2009), Grasedyck (2010).
//
// A node's basis is U_t = (U_left ⊗ U_right) B_t; the root's is the tensor itself.

import { qr } from "../../linalg/orthogonal/qr.ts";
import { conj } from "../../ops/complex.ts";
import { contract, matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { mT, ravel, reshape, transpose } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import type { FormatRules, RoundOptions } from "../base/rules.ts";
import { blockDiagonal, checkSameShape, pairwiseProduct, scalarOf } from "../base/scalars.ts";
import { leftBasis } from "../base/truncation.ts";
import { adjoint, modeProduct, multiModeProduct } from "../base/unfold.ts";
import { modePositions } from "../tucker/rules.ts";
import type { DimTree, Tree } from "../types.ts";
import { foldUp, nodesOf, type TreeNode } from "./dimTree.ts";

const make = (tree: DimTree, leaves: readonly Tensor[], transfers: readonly Tensor[]): Tree => ({
  kind: "tree",
  tree,
  leaves,
  transfers,
});
const shapeOf = (d: Tree): number[] => d.leaves.map((u) => u.shape[0]!);

/** The rank of each node, the root's included. */
const nodeRanks = (d: Tree, nodes: readonly TreeNode[]): number[] =>
  nodes.map((node) =>
    node.inner < 0 ? d.leaves[node.modes[0]!]!.shape[1]! : d.transfers[node.inner]!.shape[2]!,
  );

/** The same tensor with orthonormal bases at every node but the root. O(Σ n r² + Σ r⁴). */
export function orthonormalizedTree(d: Tree): Tree {
  const nodes = nodesOf(d.tree);
  const leaves = [...d.leaves];
  const transfers = [...d.transfers];
  // The triangular factor of each node moves into its parent.
  foldUp<Tensor | null>(
    nodes,
    (mode, node) => {
      if (node.parent < 0) return null;
      const { q, r } = qr(leaves[mode]!);
      leaves[mode] = q;
      return r;
    },
    (node, left, right) => {
      const transfer = multiModeProduct(transfers[node.inner]!, [left, right, null]);
      transfers[node.inner] = transfer;
      if (node.parent < 0) return null;
      const [a, b, rank] = transfer.shape as [number, number, number];
      const { q, r } = qr(reshape(transfer, [a * b, rank]));
      transfers[node.inner] = reshape(q, [a, b, q.shape[1]!]);
      return r;
    },
  );
  return make(d.tree, leaves, transfers);
}

/** The tensor of the root: its transfer, or the only leaf of a tensor with one mode. */
const rootOf = (d: Tree): Tensor => d.transfers[0] ?? d.leaves[0]!;

/**
 * Hierarchical truncation. With orthonormal bases, X unfolded at node t is U_t S_t Wᴴ with orthonormal W, and S_t
 * follows from the parent's: it is the triangular factor of the transfer times S_parent, unfolded along the child.
 * Its SVD gives the singular values of X's unfolding to full accuracy (the reduced Gramians S Sᴴ would give their
 * squares).
 */
function truncate(d: Tree, options: RoundOptions): Tree {
  const { rtol = 0, ranks, maxRank } = options;
  const flat = orthonormalizedTree(d);
  const nodes = nodesOf(d.tree);
  if (nodes.length === 1) return flat;
  const norm = frobenius(rootOf(flat));
  const delta = (rtol * norm) / Math.sqrt(Math.max(1, 2 * flat.leaves.length - 3));
  const bases = new Array<Tensor | null>(nodes.length).fill(null);
  const factors = new Array<Tensor | null>(nodes.length).fill(null);
  const cut = (place: number, rank: number | undefined): Tensor => {
    const s = factors[place]!;
    const limit = rank === undefined ? undefined : Math.min(rank, s.shape[0]!, s.shape[1]!);
    const options = {
      delta,
      method: "svd" as const,
      ...(limit !== undefined && { rank: limit }),
      ...(maxRank !== undefined && { maxRank }),
    };
    return leftBasis(s, 0, options, norm).u;
  };
  nodes.forEach((node, place) => {
    if (node.left < 0) return;
    const transfer = flat.transfers[node.inner]!;
    const weighted = place === 0 ? transfer : modeProduct(transfer, mT(factors[place]!), 2);
    factors[node.left] = triangularFactor(weighted, 0);
    factors[node.right] = triangularFactor(weighted, 1);
    // The children of the root share their singular values and therefore one rank.
    const shared = place === 0 && ranks ? Math.min(ranks[node.left - 1]!, ranks[node.right - 1]!) : undefined;
    const left = cut(node.left, shared ?? ranks?.[node.left - 1]);
    bases[node.left] = left;
    bases[node.right] = cut(node.right, place === 0 ? left.shape[1]! : ranks?.[node.right - 1]);
  });
  const leaves = [...flat.leaves];
  const transfers = [...flat.transfers];
  nodes.forEach((node, place) => {
    const own = bases[place];
    if (node.left < 0) leaves[node.modes[0]!] = matmul(leaves[node.modes[0]!]!, own!);
    else {
      const left = adjoint(bases[node.left]!);
      const right = adjoint(bases[node.right]!);
      transfers[node.inner] = multiModeProduct(transfers[node.inner]!, [left, right, own ? mT(own) : null]);
    }
  });
  return make(d.tree, leaves, transfers);
}

/** S with S Sᴴ = the Gram matrix of the unfolding of a transfer along its left (0) or right (1) rank. */
function triangularFactor(transfer: Tensor, axis: 0 | 1): Tensor {
  const rows = transfer.shape[axis]!;
  const columns = transpose(transfer, [1 - axis, 2, axis]);
  return adjoint(qr(conj(reshape(columns, [-1, rows])).contiguous()).r).contiguous();
}

export const treeRules: FormatRules<Tree> = {
  tensors: (d) =>
    Object.fromEntries([
      ...d.leaves.map((u, k) => [`leaves.${k}`, u]),
      ...d.transfers.map((b, i) => [`transfers.${i}`, b]),
    ]),
  shape: shapeOf,
  /** One rank per node other than the root, in pre-order. */
  ranks: (d) => nodeRanks(d, nodesOf(d.tree)).slice(1),
  full(d) {
    const shape = shapeOf(d);
    const nodes = nodesOf(d.tree);
    const [root] = foldUp<Tensor>(
      nodes,
      (mode) => d.leaves[mode]!,
      (node, left, right) => {
        const product = multiModeProduct(d.transfers[node.inner]!, [left, right, null]);
        return reshape(product, [-1, product.shape[2]!]);
      },
    );
    const { modes } = nodes[0]!;
    const back = shape.map((_, mode) => modes.indexOf(mode));
    return transpose(
      reshape(
        root!,
        modes.map((mode) => shape[mode]!),
      ),
      back,
    ).contiguous();
  },
  restrict: (d, positions) =>
    make(
      d.tree,
      d.leaves.map((u, k) => (positions[k] ? take(u, positions[k]!) : u)),
      d.transfers,
    ),
  entries(d, index, count) {
    const order = d.leaves.length;
    const [root] = foldUp<Tensor>(
      nodesOf(d.tree),
      (mode) => take(d.leaves[mode]!, modePositions(index, count, order, mode)),
      (node, left, right) => {
        const [a, b, rank] = d.transfers[node.inner]!.shape as [number, number, number];
        const half = matmul(left, reshape(d.transfers[node.inner]!, [a, b * rank]));
        return reshape(matmul(reshape(right, [count, 1, b]), reshape(half, [count, b, rank])), [count, rank]);
      },
    );
    return ravel(root!);
  },
  norm: (d) => frobenius(rootOf(orthonormalizedTree(d))),
  inner(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "inner");
    // U_t(a)ᴴ U_t(b), from the leaves up.
    const [root] = foldUp<Tensor>(
      nodesOf(a.tree),
      (mode) => matmul(adjoint(a.leaves[mode]!), b.leaves[mode]!),
      (node, left, right) =>
        contract(
          conj(a.transfers[node.inner]!),
          multiModeProduct(b.transfers[node.inner]!, [left, right, null]),
          {
            axes: [
              [0, 1],
              [0, 1],
            ],
          },
        ),
    );
    return scalarOf(root!);
  },
  add(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "add");
    if (a.leaves.length === 1) return make(a.tree, [a.leaves[0]!.add(b.leaves[0]!)], []);
    return make(
      a.tree,
      a.leaves.map((u, k) => blockDiagonal(u, b.leaves[k]!, [1])),
      a.transfers.map((transfer, i) =>
        blockDiagonal(transfer, b.transfers[i]!, i === 0 ? [0, 1] : [0, 1, 2]),
      ),
    );
  },
  scale: (d, factor) =>
    d.transfers.length === 0
      ? make(d.tree, [d.leaves[0]!.mul(factor)], [])
      : make(
          d.tree,
          d.leaves,
          d.transfers.map((transfer, i) => (i === 0 ? transfer.mul(factor) : transfer)),
        ),
  hadamard(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "hadamard");
    return make(
      a.tree,
      a.leaves.map((u, k) => pairwiseProduct(u, b.leaves[k]!, [1])),
      a.transfers.map((transfer, i) => pairwiseProduct(transfer, b.transfers[i]!, [0, 1, 2])),
    );
  },
  round: truncate,
};
