// Coarsening by matchings: pairs of unknowns that a smooth vector binds most become one, with that vector interpolated
// exactly.
// Source: D'Ambra and Vassilevski, "Adaptive AMG with coarsening based on compatible weighted matching", Computing and
// Visualization in Science 16 (2013).

import { diagonalPlaces, type RealRows } from "../direct/incompleteKernel.ts";
import type { Aggregates } from "./aggregation.ts";
import { coarseSolver } from "./coarsest.ts";
import type { CycleLevel, Hierarchy } from "./cycle.ts";
import {
  galerkin,
  inverseDiagonal,
  product,
  smoothProlongator,
  tentative,
  transposed,
} from "./prolongator.ts";
import { gaussSeidel } from "./smoothers.ts";

/**
 * A maximal matching of the edges of A by descending weights c[i, j] = 1 − 2 a[i, j] w[i] w[j] / (a[i, i] w[i]² + a[j, j]
 * w[j]²), which is at least half as heavy as the heaviest. Aggregates are its pairs, and single unknowns. O(nnz log nnz).
 */
export function matchPairs(name: string, { pattern, values }: RealRows, w: Float64Array): Aggregates {
  const { rows: n, indptr, indices, rowOf } = pattern;
  const energy = Float64Array.from(diagonalPlaces(name, pattern), (p, i) => values[p] * w[i] * w[i]);
  const edges = new Int32Array(pattern.nnz);
  const weights = new Float64Array(pattern.nnz);
  let count = 0;
  for (let i = 0; i < n; i++)
    for (let p = indptr[i]; p < indptr[i + 1]; p++) {
      const j = indices[p];
      const scale = energy[i] + energy[j];
      if (j <= i || values[p] === 0 || !(scale > 0)) continue;
      weights[p] = 1 - (2 * values[p] * w[i] * w[j]) / scale;
      edges[count++] = p;
    }
  // Ties go by place, so that the order does not depend on the engine's sort.
  const order = edges.subarray(0, count).sort((p, q) => weights[q] - weights[p] || p - q);
  const of = new Int32Array(n).fill(-1);
  let aggregates = 0;
  for (let e = 0; e < count; e++) {
    const i = rowOf[order[e]];
    const j = indices[order[e]];
    if (of[i] >= 0 || of[j] >= 0) continue;
    of[i] = of[j] = aggregates++;
  }
  for (let i = 0; i < n; i++) if (of[i] < 0) of[i] = aggregates++;
  return { count: aggregates, of };
}

export interface MatchingLimits {
  /** Matchings that make one level. */
  readonly sweeps: number;
  /** A level of at most this many unknowns is solved. */
  readonly maxCoarse: number;
  readonly maxLevels: number;
  readonly cycle: "V" | "W";
  /** Whether a damped step of Jacobi's method is applied to the prolongators. */
  readonly isSmoothed: boolean;
}

/** A level that is smaller by less than this is not worth having. */
const LEAST_SHRINKAGE = 1.2;

/**
 * A hierarchy for a symmetric positive definite matrix in which `w` is interpolated exactly: on each level, matchings are
 * composed, and columns of the prolongator are the parts of w on the aggregates, normalized, and smoothed where that is
 * wanted. Cycles smooth with one step of Gauss and Seidel's method, forward before and backward after. O(nnz log nnz).
 */
export function matchingHierarchy(
  name: string,
  finest: RealRows,
  w: Float64Array,
  { sweeps, maxCoarse, maxLevels, cycle, isSmoothed }: MatchingLimits,
): { readonly hierarchy: Hierarchy; readonly matrices: readonly RealRows[] } {
  const levels: CycleLevel[] = [];
  const matrices = [finest];
  let current = finest;
  let smooth = w;
  while (current.pattern.rows > maxCoarse && matrices.length < maxLevels) {
    const size = current.pattern.rows;
    let prolongation: RealRows | undefined;
    let next = current;
    let restricted = smooth;
    for (let sweep = 0; sweep < sweeps && next.pattern.rows > maxCoarse; sweep++) {
      const { p, coarse } = tentative(matchPairs(name, next, restricted), 1, restricted, 1);
      prolongation = prolongation ? product(prolongation, p) : p;
      next = galerkin(next, p, transposed(p));
      restricted = coarse;
    }
    if (!prolongation || size < LEAST_SHRINKAGE * next.pattern.rows) break;
    if (isSmoothed) prolongation = smoothProlongator(name, current, prolongation);
    const restriction = transposed(prolongation);
    if (isSmoothed) next = galerkin(current, prolongation, restriction);
    levels.push({
      a: current,
      smooth: gaussSeidel(current, inverseDiagonal(name, current)),
      prolongation,
      restriction,
    });
    matrices.push(next);
    current = next;
    smooth = restricted;
  }
  return {
    hierarchy: {
      levels,
      visits: cycle === "V" ? 1 : 2,
      steps: [1, 1],
      coarsest: coarseSolver(name, current),
      n: finest.pattern.rows,
    },
    matrices,
  };
}
