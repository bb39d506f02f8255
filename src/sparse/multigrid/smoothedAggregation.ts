// Algebraic multigrid by smoothed aggregation: the public function.

import { bindOne } from "../../ops/bind.ts";
import { astype } from "../../ops/cast.ts";
import { allocate } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFinite, columnsOf, denseOperand } from "../base/arguments.ts";
import type { SparseMatrix } from "../base/sparseMatrix.ts";
import { type Preconditioner, realRows } from "../direct/incomplete.ts";
import type { RealRows } from "../direct/incompleteKernel.ts";
import { multiplyVector } from "../kernels/product.ts";
import { aggregate, strongNeighbours } from "./aggregation.ts";
import { checkSymmetricPositive, coarseSolver } from "./coarsest.ts";
import { type CycleLevel, cycle, type Hierarchy, multigridCycleP } from "./cycle.ts";
import {
  filtered,
  galerkin,
  inverseDiagonal,
  smoothProlongator,
  spectralRadius,
  tentative,
  transposed,
} from "./prolongator.ts";
import { chebyshev, gaussSeidel, jacobi, type Smoother } from "./smoothers.ts";

export interface SmoothedAggregationOptions {
  /** Connections below this share of the diagonal are weak; 0.08 unless told, half as much on each coarser level. */
  readonly strength?: number;
  /** Vectors `[n]` or `[n, k]` that A makes (nearly) zero, such as rigid motions; the constant unless told. */
  readonly nearNullSpace?: Tensor;
  /** Unknowns of one node, numbered together; 1 unless told. */
  readonly blockSize?: number;
  readonly smoother?: "gaussSeidel" | "jacobi" | "chebyshev";
  /** Smoothing steps before and after the coarse correction; 1 each unless told. */
  readonly steps?: readonly [number, number];
  readonly cycle?: "V" | "W";
  /** At most this many levels; 20 unless told. */
  readonly maxLevels?: number;
  /** A level of at most this many unknowns is solved by Cholesky; 200 unless told. */
  readonly coarseSize?: number;
}

export interface MultigridLevel {
  readonly n: number;
  readonly nnz: number;
}

export interface MultigridSolveOptions {
  /** The residual that is aimed at, relative to b; 1e-8 unless told. */
  readonly tol?: number;
  /** At most this many cycles; 100 unless told. */
  readonly maxIterations?: number;
}

export interface MultigridResult {
  readonly x: Tensor;
  readonly iterations: number;
  /** ‖b − A x‖ / ‖b‖ */
  readonly residual: number;
  readonly converged: boolean;
}

export interface Multigrid extends Preconditioner {
  /** From the finest to the coarsest. */
  readonly levels: readonly MultigridLevel[];
  /** Stored entries of all levels over those of the finest. */
  readonly operatorComplexity: number;
  /** Cycles until the residual is small; b is `[n]`. Not converging is reported. */
  solve(b: Tensor, options?: MultigridSolveOptions): MultigridResult;
}

const NAME = "smoothedAggregation";
const CHEBYSHEV_DEGREE = 3;

function smootherOf(kind: string, a: RealRows): Smoother {
  const inverse = inverseDiagonal(NAME, a);
  switch (kind) {
    case "gaussSeidel":
      return gaussSeidel(a, inverse);
    case "jacobi":
      return jacobi(a, inverse, 4 / (3 * spectralRadius(a, inverse)));
    case "chebyshev":
      return chebyshev(a, inverse, spectralRadius(a, inverse), CHEBYSHEV_DEGREE);
    default:
      throw new DomainError(
        `${NAME}: smoother must be "gaussSeidel", "jacobi" or "chebyshev", got ${String(kind)}`,
      );
  }
}

function count(option: string, value: number, least: number): number {
  if (!(Number.isInteger(value) && value >= least))
    throw new DomainError(`${NAME}: ${option} must be an integer >= ${least}, got ${value}`);
  return value;
}

/** Candidate vectors `[n, k]`, row-major. */
function candidatesOf(n: number, nearNullSpace: Tensor | undefined): { data: Float64Array; k: number } {
  if (!nearNullSpace) return { data: new Float64Array(n).fill(1), k: 1 };
  const { columns } = columnsOf(
    NAME,
    denseOperand(`${NAME}: nearNullSpace`, nearNullSpace),
    n,
    "nearNullSpace",
  );
  const data = Float64Array.from(astype(columns, "float64").data());
  checkFinite(`${NAME}: nearNullSpace`, data);
  if (columns.shape[1] === 0)
    throw new ShapeError(`${NAME}: nearNullSpace must hold a vector, got ${formatShape(columns.shape)}`);
  return { data, k: columns.shape[1] };
}

/**
 * Algebraic multigrid for a real symmetric positive definite matrix by smoothed aggregation: unknowns are joined along strong
 * connections, near-null vectors are interpolated exactly, and interpolation is smoothed by a step of Jacobi's method. As
 * preconditioner of the method of conjugate gradients it needs about as many steps on fine grids as on coarse ones. Setup and
 * cycle are O(nnz). With equal smoothing steps before and after, `apply` is symmetric.
 *
 * Source: Vaněk, Mandel and Brezina, "Algebraic multigrid by smoothed aggregation for second and fourth order elliptic
 * problems", Computing 56 (1996).
 *
 * @throws ShapeError unless square; DTypeError for complex matrices; DomainError for NaN and infinity, matrices that are not
 * symmetric, diagonal entries that are not positive, and options out of range.
 */
export function smoothedAggregation(a: SparseMatrix, options: SmoothedAggregationOptions = {}): Multigrid {
  const { strength = 0.08, blockSize = 1, smoother = "gaussSeidel", steps = [1, 1] } = options;
  const { maxLevels = 20, coarseSize = 200, cycle: kind = "V" } = options;
  const finest = realRows(NAME, a);
  const n = finest.pattern.rows;
  if (!(strength >= 0 && strength < 1))
    throw new DomainError(`${NAME}: strength must be in [0, 1), got ${strength}`);
  if (kind !== "V" && kind !== "W")
    throw new DomainError(`${NAME}: cycle must be "V" or "W", got ${String(kind)}`);
  if (n % count("blockSize", blockSize, 1) !== 0)
    throw new DomainError(`${NAME}: blockSize ${blockSize} does not divide ${n} unknowns`);
  if (steps.length !== 2) throw new DomainError(`${NAME}: steps must be two numbers, before and after`);
  for (const step of steps) count("steps", step, 0);
  count("maxLevels", maxLevels, 1);
  count("coarseSize", coarseSize, 1);
  checkSymmetricPositive(NAME, finest, a.dtype);

  const levels: CycleLevel[] = [];
  const sizes: MultigridLevel[] = [];
  let { data: candidates, k } = candidatesOf(n, options.nearNullSpace);
  let current = finest;
  let size = blockSize;
  for (;;) {
    sizes.push({ n: current.pattern.rows, nnz: current.pattern.nnz });
    if (current.pattern.rows <= coarseSize || levels.length + 1 >= maxLevels) break;
    const strong = strongNeighbours(NAME, current, strength * 0.5 ** levels.length, size);
    const aggregates = aggregate(strong);
    const coarseUnknowns = aggregates.count * k;
    if (coarseUnknowns === 0 || coarseUnknowns >= current.pattern.rows) break;
    const { p, coarse } = tentative(aggregates, size, candidates, k);
    const prolongation = smoothProlongator(NAME, filtered(current, strong, size), p);
    const restriction = transposed(prolongation);
    levels.push({ a: current, smooth: smootherOf(smoother, current), prolongation, restriction });
    current = galerkin(current, prolongation, restriction);
    candidates = coarse;
    size = k;
  }
  if (levels.length === 0) smootherOf(smoother, finest);
  const hierarchy: Hierarchy = {
    levels,
    visits: kind === "V" ? 1 : 2,
    steps,
    coarsest: coarseSolver(NAME, current),
    n,
  };
  const apply = (r: Tensor): Tensor => {
    const right = denseOperand(`${NAME}: r`, r);
    const { columns, restore } = columnsOf(NAME, right, n, "r");
    return restore(bindOne(multigridCycleP, [columns], { hierarchy, transposed: false }));
  };
  return {
    levels: sizes,
    operatorComplexity: sizes.reduce((sum, { nnz }) => sum + nnz, 0) / Math.max(1, sizes[0].nnz),
    apply,
    solve: (b, solveOptions) => iterate(hierarchy, finest, b, solveOptions),
  };
}

/** Cycle after cycle. */
function iterate(
  hierarchy: Hierarchy,
  { pattern, values }: RealRows,
  b: Tensor,
  { tol = 1e-8, maxIterations = 100 }: MultigridSolveOptions = {},
): MultigridResult {
  const right = denseOperand(`${NAME}: b`, b);
  if (right.ndim !== 1 || right.size !== hierarchy.n)
    throw new ShapeError(`${NAME}: b must be [${hierarchy.n}], got ${formatShape(right.shape)}`);
  if (!(tol > 0)) throw new DomainError(`${NAME}: tol must be positive, got ${tol}`);
  count("maxIterations", maxIterations, 0);
  const known = Float64Array.from(right.data());
  checkFinite(`${NAME}: b`, known);
  const x = new Float64Array(hierarchy.n);
  const product = new Float64Array(hierarchy.n);
  const scale = norm(known) || 1;
  const residualNow = (): number => {
    multiplyVector(pattern.rows, pattern.indptr, pattern.indices, values, x, product);
    for (let i = 0; i < product.length; i++) product[i] = known[i] - product[i];
    return norm(product) / scale;
  };
  let residual = residualNow();
  let iterations = 0;
  for (; residual > tol && iterations < maxIterations; iterations++) {
    cycle(hierarchy, 0, known, x);
    residual = residualNow();
  }
  const data = allocate(right.dtype, x.length);
  data.set(x);
  return {
    x: new Tensor(data, [x.length], right.dtype),
    iterations,
    residual,
    converged: residual <= tol,
  };
}

function norm(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
}
