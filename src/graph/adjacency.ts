// Undirected weighted graphs as their adjacency matrices: checks, and what is read off the places of the edges.

import { Pattern } from "../sparse/base/pattern.ts";
import { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import { realRows } from "../sparse/direct/incomplete.ts";
import type { RealRows } from "../sparse/direct/incompleteKernel.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";

/**
 * The edges of an undirected graph with weights, each from both ends; loops and weights of zero are left out. Throws
 * DTypeError for what is no real sparse matrix, ShapeError unless square with a node, DomainError for weights that are
 * negative, not finite or not the same both ways.
 */
export function checkedAdjacency(name: string, adjacency: SparseMatrix): RealRows {
  if (!(adjacency instanceof SparseMatrix))
    throw new DTypeError(`${name}: adjacency: a sparse matrix was expected; fromDense makes one of a tensor`);
  const { pattern, values } = realRows(name, adjacency);
  if (pattern.rows === 0) throw new ShapeError(`${name}: adjacency: at least one node was expected`);
  for (let p = 0; p < values.length; p++) {
    const [i, j] = [pattern.rowOf[p]!, pattern.indices[p]!];
    if (values[p]! < 0)
      throw new DomainError(
        `${name}: adjacency: weights must not be negative, got ${values[p]} at (${i}, ${j})`,
      );
    const back = pattern.find(j, i);
    const other = back < 0 ? 0 : values[back]!;
    if (values[p] !== other)
      throw new DomainError(
        `${name}: adjacency must be symmetric, got ${values[p]} at (${i}, ${j}) and ${other} at (${j}, ${i})`,
      );
  }
  return keepEdges({ pattern, values }, (i, j, weight) => i !== j && weight !== 0);
}

/** The graph with the edges (i, j) of this kind only. */
export function keepEdges(
  { pattern, values }: RealRows,
  isKept: (i: number, j: number, weight: number) => boolean,
): RealRows {
  const { rows, indptr, indices } = pattern;
  const starts = new Int32Array(rows + 1);
  const columns = new Int32Array(pattern.nnz);
  const weights = new Float64Array(pattern.nnz);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    for (let p = indptr[i]!; p < indptr[i + 1]!; p++) {
      if (!isKept(i, indices[p]!, values[p]!)) continue;
      columns[count] = indices[p]!;
      weights[count++] = values[p]!;
    }
    starts[i + 1] = count;
  }
  return {
    pattern: new Pattern(rows, rows, starts, columns.slice(0, count)),
    values: weights.slice(0, count),
  };
}

export interface Components {
  readonly count: number;
  /** The component of each node, from 0 in the order of their first nodes. */
  readonly of: Int32Array;
  readonly sizes: readonly number[];
}

/** The connected components of a graph by breadth-first search. O(nodes + edges). */
export function components({ rows: n, indptr, indices }: Pattern): Components {
  const of = new Int32Array(n).fill(-1);
  const queue = new Int32Array(n);
  const sizes: number[] = [];
  for (let root = 0; root < n; root++) {
    if (of[root]! >= 0) continue;
    const component = sizes.length;
    let [head, tail] = [0, 0];
    of[root] = component;
    queue[tail++] = root;
    while (head < tail) {
      const i = queue[head++]!;
      for (let p = indptr[i]!; p < indptr[i + 1]!; p++) {
        const j = indices[p]!;
        if (of[j]! >= 0) continue;
        of[j] = component;
        queue[tail++] = j;
      }
    }
    sizes.push(tail);
  }
  return { count: sizes.length, of, sizes };
}
