// Orderings of sparse matrices by name.

import { DomainError } from "../../tensor/errors.ts";
import { checkSquareShape } from "../base/arguments.ts";
import type { Pattern } from "../base/pattern.ts";
import type { SparseMatrix } from "../base/sparseMatrix.ts";
import { amdOrder } from "./amd.ts";
import { columnGraph, symmetricGraph } from "./graph.ts";
import { rcmOrder } from "./rcm.ts";

/**
 * How rows and columns are ordered: `amd` approximate minimum degree on A + Aᵀ, `columns` the same on AᵀA (for LU of
 * matrices far from symmetric), `rcm` reverse Cuthill-McKee, `natural` not at all.
 */
export type Ordering = "amd" | "columns" | "rcm" | "natural";

const remembered = new WeakMap<Pattern, Map<Ordering, Int32Array>>();

/** The order of a square pattern; kept with it. */
export function orderOf(name: string, pattern: Pattern, ordering: Ordering): Int32Array {
  let known = remembered.get(pattern);
  if (!known) remembered.set(pattern, (known = new Map()));
  let order = known.get(ordering);
  if (!order) known.set(ordering, (order = compute(name, pattern, ordering)));
  return order;
}

function compute(name: string, pattern: Pattern, ordering: Ordering): Int32Array {
  switch (ordering) {
    case "amd":
      return amdOrder(symmetricGraph(pattern));
    case "columns":
      return amdOrder(columnGraph(pattern));
    case "rcm":
      return rcmOrder(symmetricGraph(pattern));
    case "natural":
      return Int32Array.from({ length: pattern.columns }, (_, i) => i);
    default:
      throw new DomainError(
        `${name}: ordering must be "amd", "columns", "rcm" or "natural", got ${String(ordering)}`,
      );
  }
}

/** `order[k]` is where entry k of the permuted numbering comes from; the inverse tells where each goes. */
export function inverseOrder(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  for (let k = 0; k < order.length; k++) inverse[order[k]] = k;
  return inverse;
}

/**
 * The approximate minimum degree ordering of a square matrix (of its pattern with that of its transpose):
 * `a.permute(order)` has a Cholesky factor with little fill. About O(nnz) in practice.
 */
export function approximateMinimumDegree(a: SparseMatrix): Int32Array {
  checkSquareShape("approximateMinimumDegree", a.shape);
  return orderOf("approximateMinimumDegree", a.rows.pattern, "amd").slice();
}

/** The reverse Cuthill-McKee ordering of a square matrix: `a.permute(order)` has a small bandwidth. O(nnz). */
export function reverseCuthillMcKee(a: SparseMatrix): Int32Array {
  checkSquareShape("reverseCuthillMcKee", a.shape);
  return orderOf("reverseCuthillMcKee", a.rows.pattern, "rcm").slice();
}
