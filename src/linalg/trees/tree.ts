// Weighted trees as they are given, and checks of them.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A weighted tree on the nodes 0 … n − 1. */
export interface Tree {
  /** The parent of each node, −1 for the root; in any order. */
  readonly parent: ArrayLike<number>;
  /** The length of the edge to the parent; that of the root is not read. */
  readonly weight: ArrayLike<number>;
}

/** Nodes with every parent before its children: `parent` counts in that order, and −1 comes first. */
export interface OrderedTree {
  readonly nodes: Int32Array;
  readonly parent: Int32Array;
  readonly weight: Float64Array;
}

/**
 * The nodes of a tree from the root down. O(n).
 *
 * @throws ShapeError for no nodes or arrays of two lengths; DomainError for parents that do not exist, several roots or
 *   none, cycles, and weights that are negative or not finite.
 */
export function orderTree(caller: string, { parent, weight }: Tree): OrderedTree {
  const n = parent.length;
  if (n === 0 || weight.length !== n)
    throw new ShapeError(
      `${caller}: tree must have as many parents as weights, and at least one, got ${n} and ${weight.length}`,
    );
  let root = -1;
  const starts = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const p = parent[i];
    if (!(Number.isInteger(p) && p >= -1 && p < n))
      throw new DomainError(`${caller}: parent[${i}] must be −1 or a node below ${n}, got ${p}`);
    if (p >= 0) {
      if (!(weight[i] >= 0 && Number.isFinite(weight[i])))
        throw new DomainError(`${caller}: weight[${i}] must be finite and not negative, got ${weight[i]}`);
      starts[p + 1]++;
    } else if (root >= 0)
      throw new DomainError(`${caller}: a tree has one root, got ${root} and ${i} with parent −1`);
    else root = i;
  }
  if (root < 0) throw new DomainError(`${caller}: a tree has one root, got none with parent −1`);
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  const children = new Int32Array(n);
  const next = starts.slice();
  for (let i = 0; i < n; i++) if (parent[i] >= 0) children[next[parent[i]]++] = i;
  const nodes = new Int32Array(n);
  const order = new Int32Array(n);
  const place = new Int32Array(n);
  const length = new Float64Array(n);
  nodes[0] = root;
  order[0] = -1;
  let count = 1;
  for (let at = 0; at < count; at++) {
    const node = nodes[at];
    place[node] = at;
    for (let c = starts[node]; c < starts[node + 1]; c++) {
      const child = children[c];
      nodes[count] = child;
      order[count] = at;
      length[count++] = weight[child];
    }
  }
  if (count < n)
    throw new DomainError(
      `${caller}: the parents run in a cycle: ${n - count} nodes do not lead to the root`,
    );
  return { nodes, parent: order, weight: length };
}

/**
 * All distances of a tree, `[n, n]`: the row of a node is that of its parent and an edge. O(n²) time and memory.
 *
 * @throws as `treeIntegrator` does.
 */
export function treeDistances(tree: Tree): Tensor {
  const { nodes, parent, weight } = orderTree("treeDistances", tree);
  const n = nodes.length;
  const d = new Float64Array(n * n);
  for (let i = 1; i < n; i++) {
    const p = nodes[parent[i]] * n;
    const row = nodes[i] * n;
    const w = weight[i];
    for (let j = 0; j < i; j++) {
      const other = nodes[j];
      const distance = d[p + other] + w;
      d[row + other] = distance;
      d[other * n + nodes[i]] = distance;
    }
  }
  return new Tensor(d, [n, n], "float64");
}
