// Binary trees over the modes of a tensor: checking, making and walking them.

import { ShapeError } from "../../tensor/errors.ts";
import type { DimTree } from "../types.ts";

/** One node of a tree; `left`, `right` and `parent` are places in the list of nodes, -1 where there is none. */
export interface TreeNode {
  /** The modes below the node, from left to right. */
  readonly modes: readonly number[];
  readonly left: number;
  readonly right: number;
  readonly parent: number;
  /** Place among the inner nodes in pre-order (that of its transfer tensor); -1 for a leaf. */
  readonly inner: number;
}

/** The nodes of a tree in pre-order: the root first, each node before its left, then its right part. */
export function nodesOf(tree: DimTree): readonly TreeNode[] {
  const nodes: TreeNode[] = [];
  let inner = 0;
  const visit = (part: DimTree, parent: number): number => {
    const place = nodes.length;
    if (typeof part === "number") {
      nodes.push({ modes: [part], left: -1, right: -1, parent, inner: -1 });
      return place;
    }
    // Held open until the children have their places.
    nodes.push({ modes: [], left: -1, right: -1, parent, inner });
    const own = inner++;
    const left = visit(part[0], place);
    const right = visit(part[1], place);
    const modes = [...nodes[left]!.modes, ...nodes[right]!.modes];
    nodes[place] = { modes, left, right, parent, inner: own };
    return place;
  };
  visit(tree, -1);
  return nodes;
}

/** Values from the leaves up: `leaf` makes that of a mode, `join` that of an inner node from those of its children. */
export function foldUp<T>(
  nodes: readonly TreeNode[],
  leaf: (mode: number, node: TreeNode) => T,
  join: (node: TreeNode, left: T, right: T) => T,
): T[] {
  const values = new Array<T>(nodes.length);
  // Pre-order backwards meets children before their parents.
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    values[i] =
      node.left < 0 ? leaf(node.modes[0]!, node) : join(node, values[node.left]!, values[node.right]!);
  }
  return values;
}

/** Throws ShapeError unless every mode from 0 to `order - 1` is a leaf exactly once and every inner node a pair. */
export function checkTree(tree: DimTree, order: number, what: string): void {
  const seen = new Array<boolean>(order).fill(false);
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) {
      if (part.length !== 2)
        throw new ShapeError(`${what}: inner nodes must be pairs, got ${part.length} children`);
      visit(part[0]);
      visit(part[1]);
      return;
    }
    if (!(typeof part === "number" && Number.isInteger(part) && part >= 0 && part < order))
      throw new ShapeError(`${what}: leaves must be modes from 0 to ${order - 1}, got ${String(part)}`);
    if (seen[part]) throw new ShapeError(`${what}: mode ${part} occurs twice`);
    seen[part] = true;
  };
  visit(tree);
  const missing = seen.indexOf(false);
  if (missing >= 0) throw new ShapeError(`${what}: mode ${missing} is missing`);
}

/** The modes `first … first + order - 1` halved again and again: depth ⌈log₂ order⌉. */
export function balancedTree(order: number, first = 0): DimTree {
  if (order === 1) return first;
  const half = Math.ceil(order / 2);
  return [balancedTree(half, first), balancedTree(order - half, first + half)];
}

/** One mode split off after the other, `[0, [1, [2, …]]]`: the tree of a tensor train. */
export function linearTree(order: number, first = 0): DimTree {
  return order === 1 ? first : [first, linearTree(order - 1, first + 1)];
}

/** The same tree with each leaf's mode replaced. */
export function relabelTree(tree: DimTree, mode: (leaf: number) => number): DimTree {
  return typeof tree === "number" ? mode(tree) : [relabelTree(tree[0], mode), relabelTree(tree[1], mode)];
}
