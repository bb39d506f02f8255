// Tucker and tree decompositions as one kind of tree, in which an integrator can walk: every inner node has any number
// of children.

import { qr } from "../../linalg/orthogonal/qr.ts";
import { reshape, squeeze } from "../../ops/movement.ts";
import type { DType } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, multiModeProduct } from "../base/unfold.ts";
import type { DimTree, Tree, Tucker } from "../types.ts";

/** States that the integrators take. */
export type LowRank = Tucker | Tree;

/** A node: a leaf holds the basis `[n, r]` of a mode, an inner node a core `[r_1, …, r_m, r_parent]`. */
export interface TreeState {
  readonly children: readonly TreeState[];
  readonly tensor: Tensor;
  /** The modes below, of a leaf its own. */
  readonly modes: readonly number[];
}

export const leafState = (mode: number, tensor: Tensor): TreeState => ({
  children: [],
  tensor,
  modes: [mode],
});

export const innerState = (children: readonly TreeState[], tensor: Tensor): TreeState => ({
  children,
  tensor,
  modes: children.flatMap(({ modes }) => modes),
});

/** The root's parent has rank 1. Throws ShapeError for a tensor of one mode. */
export function stateOf(y: LowRank, what: string): TreeState {
  const order = y.kind === "tucker" ? y.factors.length : y.leaves.length;
  if (order < 2) throw new ShapeError(`${what}: a tensor of at least 2 modes was expected, got ${order}`);
  if (y.kind === "tucker")
    return innerState(
      y.factors.map((u, k) => leafState(k, u)),
      reshape(y.core, [...y.core.shape, 1]),
    );
  let place = 0;
  const build = (part: DimTree): TreeState => {
    if (typeof part === "number") return leafState(part, y.leaves[part]!);
    const transfer = y.transfers[place++]!;
    const left = build(part[0]);
    return innerState([left, build(part[1])], transfer);
  };
  return build(y.tree);
}

/** The decomposition of the same kind as `like`. */
export function lowRankOf(root: TreeState, like: LowRank): LowRank {
  const bases: Tensor[] = [];
  const transfers: Tensor[] = [];
  const visit = (node: TreeState): void => {
    if (node.children.length === 0) {
      bases[node.modes[0]!] = node.tensor;
      return;
    }
    transfers.push(node.tensor);
    node.children.forEach(visit);
  };
  visit(root);
  return like.kind === "tucker"
    ? { kind: "tucker", core: squeeze(root.tensor, -1), factors: bases }
    : { kind: "tree", tree: like.tree, leaves: bases, transfers };
}

/** All tensors of a state in one dtype. */
export const castState = (node: TreeState, dtype: DType): TreeState => ({
  children: node.children.map((child) => castState(child, dtype)),
  tensor: node.tensor.astype(dtype).contiguous(),
  modes: node.modes,
});

/** The same tensor with orthonormal bases at all nodes but the root; whether any was not so before. */
export function orthonormalState(root: TreeState): { readonly state: TreeState; readonly changed: boolean } {
  let changed = false;
  const visit = (node: TreeState, isRoot: boolean): { node: TreeState; r: Tensor | null } => {
    const parts = node.children.map((child) => visit(child, false));
    const given = parts.some(({ r }) => r)
      ? multiModeProduct(node.tensor, [...parts.map(({ r }) => r), null]).contiguous()
      : node.tensor;
    const shape = given.shape;
    const fresh: TreeState = { children: parts.map((part) => part.node), tensor: given, modes: node.modes };
    if (isRoot) return { node: fresh, r: null };
    const matrix = reshape(given, [-1, shape.at(-1)!]);
    if (isOrthonormal(matrix)) return { node: fresh, r: null };
    changed = true;
    const { q, r } = qr(matrix);
    return { node: { ...fresh, tensor: reshape(q, [...shape.slice(0, -1), q.shape[1]!]) }, r };
  };
  return { state: visit(root, true).node, changed };
}

function isOrthonormal(u: Tensor): boolean {
  const [n, r] = u.shape as [number, number];
  if (r > n) return false;
  const gram = adjoint(u).matmul(u).abs().contiguous().data();
  for (let i = 0; i < r; i++)
    for (let j = 0; j < r; j++) if (Math.abs(gram[i * r + j]! - (i === j ? 1 : 0)) > 1e-10) return false;
  return true;
}
