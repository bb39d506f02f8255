// Labels of nodes as nodes of their own.

import { Pattern } from "../sparse/base/pattern.ts";
import { fromRows, type SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import type { RealRows } from "../sparse/direct/incompleteKernel.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkedAdjacency } from "./adjacency.ts";
import { checkIntegers, numbered } from "./measures.ts";

export interface AugmentedGraph {
  /** `[n + values, n + values]`: the graph, then one node for each value of each label kind. */
  readonly adjacency: SparseMatrix;
  /** The node that stands for each node's label, int32 `[n, kinds]`. */
  readonly attributeNode: Tensor;
}

/** Rows as a public matrix. */
export const asMatrix = ({ pattern, values }: RealRows): SparseMatrix =>
  fromRows({ pattern, values: new Tensor(values, [values.length], "float64") });

/**
 * The graph with one more node for each value of each label kind, joined to all who bear it by edges of weight 1: nodes are
 * near each other by links, and by labels that they share. Labels are integers `[n, kinds]`, of any numbering; adjacency
 * `[n, n]`. O(edges + n kinds).
 *
 * Source: Zhou, Cheng and Yu, "Graph clustering based on structural/attribute similarities", VLDB (2009); D'Ambra, De Santis,
 * Vassilevski and Cutillo, "Network clustering by embedding of attribute-augmented graphs" (2021).
 *
 * @throws DTypeError, ShapeError or DomainError for a matrix that is no undirected weighted graph; DTypeError and ShapeError
 * unless labels are integers `[n, kinds]`.
 */
export function augmentGraph(adjacency: SparseMatrix, labels: Tensor): AugmentedGraph {
  const rows = checkedAdjacency("augmentGraph", adjacency);
  checkIntegers("augmentGraph: labels", labels, rows.pattern.rows, 2);
  const { rows: graph, attributeNode } = augmentRows(rows, labels.data(), labels.shape[1]!);
  return {
    adjacency: asMatrix(graph),
    attributeNode: new Tensor(attributeNode, labels.shape, "int32"),
  };
}

/** The augmented graph of checked rows and labels `[n, kinds]`, row-major. */
export function augmentRows(
  { pattern, values }: RealRows,
  labels: ArrayLike<number>,
  kinds: number,
): { readonly rows: RealRows; readonly attributeNode: Int32Array } {
  const n = pattern.rows;
  const attributeNode = new Int32Array(n * kinds);
  let size = n;
  for (let kind = 0; kind < kinds; kind++) {
    const { of, count } = numbered(Int32Array.from({ length: n }, (_, i) => labels[i * kinds + kind]!));
    for (let i = 0; i < n; i++) attributeNode[i * kinds + kind] = size + of[i]!;
    size += count;
  }
  const { nnz } = pattern;
  const indptr = new Int32Array(size + 1);
  const indices = new Int32Array(nnz + 2 * n * kinds);
  const weights = new Float64Array(indices.length).fill(1);
  let at = 0;
  for (let i = 0; i < n; i++) {
    const [start, end] = [pattern.indptr[i]!, pattern.indptr[i + 1]!];
    indices.set(pattern.indices.subarray(start, end), at);
    weights.set(values.subarray(start, end), at);
    at += end - start;
    // Kinds are numbered one after the other: columns ascend.
    for (let kind = 0; kind < kinds; kind++) indices[at++] = attributeNode[i * kinds + kind]!;
    indptr[i + 1] = at;
  }
  for (const node of attributeNode) indptr[node + 1]!++;
  for (let node = n; node < size; node++) indptr[node + 1]! += indptr[node]!;
  const next = indptr.slice();
  for (let i = 0; i < n; i++)
    for (let kind = 0; kind < kinds; kind++) indices[next[attributeNode[i * kinds + kind]!]!++] = i;
  return { rows: { pattern: new Pattern(size, size, indptr, indices), values: weights }, attributeNode };
}
