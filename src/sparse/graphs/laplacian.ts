// Matrices of graphs.

import { where } from "../../ops/comparison.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSquareShape } from "../base/arguments.ts";
import { csr, sparseDiags } from "../base/constructors.ts";
import { pick } from "../base/moves.ts";
import { filterRows } from "../base/rearrange.ts";
import { fromRows, type SparseMatrix } from "../base/sparseMatrix.ts";

export interface GraphLaplacianOptions {
  /** D − A, I − D^−½ A D^−½, or I − D⁻¹ A, where D holds the degrees; `combinatorial` unless told. */
  readonly kind?: "combinatorial" | "symmetric" | "randomWalk";
}

/**
 * The Laplacian of a weighted graph from its adjacency matrix `[n, n]`; degrees are sums of rows. Entries on the diagonal
 * (loops) are not counted. A node without edges has a row of zeros in every kind. Differentiable in the weights. O(nnz).
 *
 * @throws ShapeError unless square; DomainError for an unknown kind.
 */
export function graphLaplacian(adjacency: SparseMatrix, options: GraphLaplacianOptions = {}): SparseMatrix {
  const { kind = "combinatorial" } = options;
  checkSquareShape("graphLaplacian", adjacency.shape, "adjacency");
  const { pattern, values } = filterRows(adjacency.rows, (i, j) => i !== j);
  const n = pattern.rows;
  const degrees = fromRows({ pattern, values }).sum(1);
  const isAlone = degrees.equal(0);
  const safe = where(isAlone, 1, degrees);
  const scaled = (weights: Tensor, diagonal: Tensor): SparseMatrix =>
    sparseDiags([diagonal], [0], [n, n]).sub(fromRows({ pattern, values: weights }));
  const ones = where(isAlone, 0, safe.div(safe));
  switch (kind) {
    case "combinatorial":
      return scaled(values, degrees);
    case "randomWalk":
      return scaled(values.div(pick(safe, pattern.rowOf)), ones);
    case "symmetric": {
      const roots = safe.sqrt();
      return scaled(values.div(pick(roots, pattern.rowOf)).div(pick(roots, pattern.indices)), ones);
    }
    default:
      throw new DomainError(
        `graphLaplacian: kind must be "combinatorial", "symmetric" or "randomWalk", got ${String(kind)}`,
      );
  }
}

/**
 * The oriented incidence matrix `[n, edges]` of an undirected graph with adjacency matrix `[n, n]`: the column of an edge
 * holds −√w at its lower node and √w at the other, so that b bᵀ is the combinatorial Laplacian. Edges are the entries
 * above the diagonal, row by row. O(nnz).
 *
 * @throws ShapeError unless square; DomainError for weights that are negative, and when the adjacency is not symmetric.
 */
export function incidence(adjacency: SparseMatrix): SparseMatrix {
  checkSquareShape("incidence", adjacency.shape, "adjacency");
  const { rows } = adjacency;
  const { pattern: turned, order } = rows.pattern.transposed;
  const isSymmetric =
    rows.pattern.indices.every((j, p) => turned.indices[p] === j) &&
    rows.pattern.indptr.every((at, i) => turned.indptr[i] === at) &&
    rows.values.sub(pick(rows.values, order)).equal(0).data().every(Boolean);
  if (!isSymmetric) throw new DomainError("incidence: adjacency must be symmetric");
  const { pattern, values } = filterRows(rows, (i, j) => i < j);
  if (values.less(0).data().includes(1)) throw new DomainError("incidence: weights must not be negative");
  const edges = pattern.nnz;
  const byEdge = new Int32Array(2 * edges);
  const both = new Int32Array(2 * edges);
  const signs = new Float64Array(2 * edges);
  for (let e = 0; e < edges; e++) {
    byEdge[2 * e] = pattern.rowOf[e];
    byEdge[2 * e + 1] = pattern.indices[e];
    both[2 * e] = both[2 * e + 1] = e;
    signs[2 * e] = -1;
    signs[2 * e + 1] = 1;
  }
  const indptr = Int32Array.from({ length: edges + 1 }, (_, e) => 2 * e);
  const oriented = csr(indptr, byEdge, signs, [edges, pattern.rows]);
  return oriented
    .withValues(oriented.values.astype(values.dtype).mul(pick(values.sqrt(), both)))
    .transpose()
    .toCsr();
}
