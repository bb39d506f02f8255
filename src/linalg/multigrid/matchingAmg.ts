// One hierarchy by matchings, as an operator.

import { bindOne } from "../../ops/bind.ts";
import { realRows } from "../../sparse/direct/incomplete.ts";
import type { RealRows } from "../../sparse/direct/incompleteKernel.ts";
import { checkSymmetricPositive } from "../../sparse/multigrid/coarsest.ts";
import { type Hierarchy, multigridCycleP } from "../../sparse/multigrid/cycle.ts";
import { type MatchingLimits, matchingHierarchy } from "../../sparse/multigrid/matching.ts";
import type { MultigridLevel } from "../../sparse/multigrid/smoothedAggregation.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkVector } from "../krylov/space.ts";
import type { Linear } from "../operator/asOperator.ts";
import { entriesOf } from "../operator/entries.ts";
import { LinearOperator } from "../operator/operator.ts";

export interface MatchingAmgOptions {
  /** Matchings that make one level, so that it is up to 2^sweeps times smaller; 2 unless told. */
  readonly sweeps?: number;
  /** A level of at most this many unknowns is solved by Cholesky; 10 unless told. */
  readonly maxCoarse?: number;
  /** At most this many levels; 39 unless told. */
  readonly maxLevels?: number;
  /** V unless told; W visits each coarser level twice as often, which keeps steps from growing with the size. */
  readonly cycle?: "V" | "W";
  /**
   * "plain" unless told: the parts of the smooth vector on the aggregates. "smoothed" applies a damped step of Jacobi's method
   * to them: denser levels, and V cycles of which conjugate gradients need nearly as many at every size.
   */
  readonly prolongator?: "plain" | "smoothed";
}

/** An approximate inverse made of cycles. */
export interface MatchingAmg {
  /** From the finest to the coarsest. */
  readonly levels: readonly MultigridLevel[];
  /** Stored entries of all levels over those of the finest. */
  readonly operatorComplexity: number;
  /** One cycle from zero: symmetric positive definite, a preconditioner for `cg`. */
  readonly apply: LinearOperator;
}

/** A cycle of one hierarchy from zero. */
export class CycleOperator extends LinearOperator {
  readonly kind: string = "multigrid";
  readonly hierarchy: Hierarchy;

  constructor(hierarchy: Hierarchy, dtype: DType) {
    super([hierarchy.n, hierarchy.n], dtype, { positiveDefinite: true });
    this.hierarchy = hierarchy;
  }

  protected product(x: Tensor): Tensor {
    return bindOne(multigridCycleP, [x.astype(this.dtype)], { hierarchy: this.hierarchy, transposed: false });
  }
  override transpose(): CycleOperator {
    return this;
  }
  override conj(): CycleOperator {
    return this;
  }
  /** Two sweeps and a residual on every level, as often as it is visited, and the maps between. */
  override cost(): number {
    const { levels, visits } = this.hierarchy;
    return levels.reduce(
      (sum, { a, prolongation }, l) => sum + visits ** l * (3 * a.pattern.nnz + 2 * prolongation.pattern.nnz),
      0,
    );
  }
}

/** The limits with their defaults. Throws DomainError for what is no positive integer. */
export function checkLimits(name: string, options: MatchingAmgOptions): MatchingLimits {
  const { sweeps = 2, maxCoarse = 10, maxLevels = 39, cycle = "V", prolongator = "plain" } = options;
  for (const [option, value] of Object.entries({ sweeps, maxCoarse, maxLevels }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`${name}: ${option} must be an integer >= 1, got ${value}`);
  if (cycle !== "V" && cycle !== "W")
    throw new DomainError(`${name}: cycle must be "V" or "W", got ${String(cycle)}`);
  if (prolongator !== "plain" && prolongator !== "smoothed")
    throw new DomainError(`${name}: prolongator must be "plain" or "smoothed", got ${String(prolongator)}`);
  return { sweeps, maxCoarse, maxLevels, cycle, isSmoothed: prolongator === "smoothed" };
}

/** A real symmetric matrix with a positive diagonal by rows. */
export function checkedRows(
  name: string,
  a: Linear,
): { readonly rows: RealRows; readonly dtype: "float32" | "float64" } {
  const matrix = entriesOf(name, a);
  const rows = realRows(name, matrix);
  checkSymmetricPositive(name, rows, matrix.dtype);
  return { rows, dtype: matrix.dtype === "float32" ? "float32" : "float64" };
}

/**
 * Algebraic multigrid for a symmetric positive definite matrix `[n, n]` whose coarse unknowns are pairs of pairs: matchings
 * along the edges that the smooth vector w `[n]` (one that A makes nearly zero) binds most. It interpolates w exactly (unless the prolongator is smoothed), and
 * needs neither coordinates nor a threshold of strength. Setup O(nnz log nnz), a cycle O(nnz).
 *
 * Source: D'Ambra and Vassilevski, "Adaptive AMG with coarsening based on compatible weighted matching", Computing and
 * Visualization in Science 16 (2013); with smoothed prolongators D'Ambra, Filippone and Vassilevski, "BootCMatch: a software
 * package for bootstrap AMG based on graph weighted matching", ACM Transactions on Mathematical Software 44 (2018).
 *
 * @throws ShapeError unless A is square and w `[n]`; DTypeError for complex numbers; DomainError for operators without
 * entries, NaN and infinity, matrices that are not symmetric, diagonals that are not positive, a w of zeros and options
 * out of range.
 */
export function matchingAmg(a: Linear, w: Tensor, options: MatchingAmgOptions = {}): MatchingAmg {
  const name = "matchingAmg";
  const limits = checkLimits(name, options);
  const { rows, dtype } = checkedRows(name, a);
  checkVector(name, w, rows.pattern.rows, "w");
  const smooth = Float64Array.from(w.data());
  if (!smooth.every(Number.isFinite)) throw new DomainError(`${name}: w holds a value that is not finite`);
  if (smooth.every((value) => value === 0)) throw new DomainError(`${name}: w must not be zero`);
  const { hierarchy, matrices } = matchingHierarchy(name, rows, smooth, limits);
  const entries = matrices.reduce((sum, { pattern }) => sum + pattern.nnz, 0);
  return {
    levels: matrices.map(({ pattern }) => ({ n: pattern.rows, nnz: pattern.nnz })),
    operatorComplexity: entries / Math.max(1, rows.pattern.nnz),
    apply: new CycleOperator(hierarchy, dtype),
  };
}
