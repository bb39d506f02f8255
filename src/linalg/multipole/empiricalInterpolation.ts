// Empirical interpolation of a function of two points: K(x, y) ≈ K(x, y_l) [K(x_m, y_l)]⁻¹ K(x_m, y), with the points
// chosen greedily where the error is largest. The basis is the function itself, so that ranks fit it.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A function of two points, which come as arrays that are reused from call to call. */
export type PairKernel = (x: Float64Array, y: Float64Array) => number;

/** Points one after another, `dims` coordinates each. */
export interface PointSet {
  readonly data: Float64Array;
  readonly count: number;
  readonly dims: number;
}

export const pointSet = (data: Float64Array, dims: number): PointSet => ({
  data,
  count: data.length / dims,
  dims,
});

/** Views of the points, one each. */
const pointsIn = ({ data, count, dims }: PointSet): Float64Array[] =>
  Array.from({ length: count }, (_, i) => data.subarray(i * dims, (i + 1) * dims));

export const joined = (a: PointSet, b: PointSet): PointSet => {
  const data = new Float64Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return pointSet(data, a.dims);
};

export function selected(points: PointSet, index: readonly number[]): PointSet {
  const { data, dims } = points;
  const out = new Float64Array(index.length * dims);
  index.forEach((from, to) => {
    for (let c = 0; c < dims; c++) out[to * dims + c] = data[from * dims + c]!;
  });
  return pointSet(out, dims);
}

/** The matrix K(xᵢ, yⱼ), row by row. Throws DomainError where it is not finite. */
export function kernelMatrix(caller: string, kernel: PairKernel, x: PointSet, y: PointSet): Float64Array {
  const out = new Float64Array(x.count * y.count);
  const second = pointsIn(y);
  for (let i = 0, at = 0; i < x.count; i++) {
    const p = x.data.subarray(i * x.dims, (i + 1) * x.dims);
    for (let j = 0; j < y.count; j++, at++) {
      const q = second[j]!;
      const value = kernel(p, q);
      if (!Number.isFinite(value))
        throw new DomainError(
          `${caller}: the kernel must be finite at x = [${p.join(", ")}], y = [${q.join(", ")}], got ${value}`,
        );
      out[at] = value;
    }
  }
  return out;
}

export interface Cross {
  readonly rows: number[];
  readonly columns: number[];
  /** The largest residual before each step, and after the last. */
  readonly errorHistory: number[];
}

/**
 * Cross approximation with full pivoting of a matrix `[m, n]`, which is overwritten by the residual: stops when no entry
 * is above the tolerance, or at the largest rank. O(m n) a step.
 */
export function fullPivotCross(
  r: Float64Array,
  m: number,
  n: number,
  tolerance: number,
  maxRank: number,
): Cross {
  const rows: number[] = [];
  const columns: number[] = [];
  const errorHistory: number[] = [];
  const column = new Float64Array(m);
  const row = new Float64Array(n);
  const most = Math.min(m, n, maxRank);
  let pivot = 0;
  for (let k = 1; k < r.length; k++) if (Math.abs(r[k]!) > Math.abs(r[pivot]!)) pivot = k;
  for (;;) {
    const top = r.length === 0 ? 0 : Math.abs(r[pivot]!);
    errorHistory.push(top);
    if (top <= tolerance || top === 0 || rows.length === most) return { rows, columns, errorHistory };
    const i = Math.floor(pivot / n);
    const j = pivot - i * n;
    const inverse = 1 / r[pivot]!;
    rows.push(i);
    columns.push(j);
    for (let k = 0; k < m; k++) column[k] = r[k * n + j]! * inverse;
    row.set(r.subarray(i * n, (i + 1) * n));
    let best = -1;
    for (let k = 0, at = 0; k < m; k++) {
      const factor = column[k]!;
      for (let l = 0; l < n; l++, at++) {
        const value = r[at]! - factor * row[l]!;
        r[at] = value;
        const size = value < 0 ? -value : value;
        if (size > best) {
          best = size;
          pivot = at;
        }
      }
    }
    // What rounding leaves in a row or column that is done must not be chosen again.
    for (let k = 0; k < m; k++) r[k * n + j] = 0;
    r.fill(0, i * n, (i + 1) * n);
    if (r[pivot] === 0) {
      pivot = 0;
      for (let k = 1; k < r.length; k++) if (Math.abs(r[k]!) > Math.abs(r[pivot]!)) pivot = k;
    }
  }
}

/** Solves E z = b in place for E `[r, r]`, row by row, whose pivots in order are on the diagonal. */
export interface CoreFactors {
  readonly rank: number;
  /** L and U packed, row by row, without exchanges: the greedy choice is full pivoting. */
  readonly lu: Float64Array;
}

export function factorCore(core: Float64Array, rank: number): CoreFactors {
  const lu = core.slice();
  for (let k = 0; k < rank; k++) {
    const inverse = 1 / lu[k * rank + k]!;
    for (let i = k + 1; i < rank; i++) {
      const factor = lu[i * rank + k]! * inverse;
      lu[i * rank + k] = factor;
      if (factor !== 0)
        for (let j = k + 1; j < rank; j++) lu[i * rank + j] = lu[i * rank + j]! - factor * lu[k * rank + j]!;
    }
  }
  return { rank, lu };
}

/** Overwrites `count` vectors of length r, one after another, with E⁻¹ or E⁻ᵀ times them. O(r²) each. */
export function solveCore(
  { rank: r, lu }: CoreFactors,
  x: Float64Array,
  count: number,
  transposed: boolean,
): void {
  for (let v = 0, at = 0; v < count; v++, at += r) {
    if (transposed) {
      for (let i = 0; i < r; i++) {
        const value = x[at + i]! / lu[i * r + i]!;
        x[at + i] = value;
        for (let j = i + 1; j < r; j++) x[at + j] = x[at + j]! - value * lu[i * r + j]!;
      }
      for (let i = r - 1; i >= 0; i--) {
        const value = x[at + i]!;
        for (let j = 0; j < i; j++) x[at + j] = x[at + j]! - value * lu[i * r + j]!;
      }
    } else {
      for (let i = 0; i < r; i++) {
        let sum = x[at + i]!;
        for (let j = 0; j < i; j++) sum -= lu[i * r + j]! * x[at + j]!;
        x[at + i] = sum;
      }
      for (let i = r - 1; i >= 0; i--) {
        let sum = x[at + i]!;
        for (let j = i + 1; j < r; j++) sum -= lu[i * r + j]! * x[at + j]!;
        x[at + i] = sum / lu[i * r + i]!;
      }
    }
  }
}

export interface CrossSkeleton {
  readonly x: PointSet;
  readonly y: PointSet;
  readonly xIndex: number[];
  readonly yIndex: number[];
  readonly errorHistory: number[];
  /** E = K(x_m, y_l), row by row. */
  readonly core: Float64Array;
  readonly factors: CoreFactors;
  /** The largest error found, on candidates or in validation. */
  readonly error: number;
  readonly converged: boolean;
}

export interface SkeletonRequest {
  readonly caller: string;
  readonly kernel: PairKernel;
  readonly x: PointSet;
  readonly y: PointSet;
  /** Absolute. */
  readonly tolerance: number;
  readonly maxRank: number;
  /** Pairs of points (i of the one, i of the other) to check on, anew for every round. */
  readonly fresh?: (round: number) => { readonly x: PointSet; readonly y: PointSet };
}

/** How many of the worst points join the candidates after a round, and how many rounds there are. */
const WORST = 60;
const ROUNDS = 8;

/** K(x_m, y)ᵀ E⁻ᵀ …: the error |K − K̃| at pairs of points. O(r² ) a pair. */
function pairErrors(
  { kernel }: SkeletonRequest,
  skeleton: Pick<CrossSkeleton, "x" | "y" | "factors">,
  x: PointSet,
  y: PointSet,
): Float64Array {
  const r = skeleton.x.count;
  const left = new Float64Array(r);
  const [rows, columns, first, second] = [skeleton.x, skeleton.y, x, y].map(pointsIn) as [
    Float64Array[],
    Float64Array[],
    Float64Array[],
    Float64Array[],
  ];
  return Float64Array.from({ length: x.count }, (_, i) => {
    const [p, q] = [first[i]!, second[i]!];
    for (let m = 0; m < r; m++) left[m] = kernel(rows[m]!, q);
    solveCore(skeleton.factors, left, 1, false);
    let sum = 0;
    for (let l = 0; l < r; l++) sum += kernel(p, columns[l]!) * left[l]!;
    return Math.abs(kernel(p, q) - sum);
  });
}

const worst = (errors: Float64Array, count: number): number[] =>
  Array.from(errors.keys())
    .sort((a, b) => errors[b]! - errors[a]!)
    .slice(0, count);

/**
 * Empirical interpolation on candidate points, checked on fresh pairs: while one of them is worse than the tolerance,
 * the worst join the candidates. O(rounds · r · candidates²).
 */
export function crossSkeleton(request: SkeletonRequest): CrossSkeleton {
  const { caller, kernel, tolerance, maxRank, fresh } = request;
  let { x, y } = request;
  for (let round = 0; ; round++) {
    const matrix = kernelMatrix(caller, kernel, x, y);
    const { rows, columns, errorHistory } = fullPivotCross(matrix, x.count, y.count, tolerance, maxRank);
    const chosen = { x: selected(x, rows), y: selected(y, columns) };
    const core = kernelMatrix(caller, kernel, chosen.x, chosen.y);
    const factors = factorCore(core, rows.length);
    const reached = errorHistory.at(-1)!;
    const check = fresh?.(round);
    const errors = check
      ? pairErrors(request, { ...chosen, factors }, check.x, check.y)
      : new Float64Array(0);
    const error = errors.reduce((a, b) => Math.max(a, b), reached);
    const isDone = error <= tolerance || round === ROUNDS || rows.length >= maxRank || !check;
    if (isDone)
      return {
        ...chosen,
        xIndex: rows,
        yIndex: columns,
        errorHistory,
        core,
        factors,
        error,
        converged: error <= tolerance,
      };
    const added = worst(errors, WORST);
    x = joined(x, selected(check.x, added));
    y = joined(y, selected(check.y, added));
  }
}

export interface EmpiricalInterpolationOptions {
  /** Largest error, as a share of the largest |K| among the candidates; 1e-4 unless told. */
  readonly tolerance?: number;
  /** min(m, n) unless told. */
  readonly maxRank?: number;
  /** Pairs of points `[v, d]` and `[v, e]` to check on; while the error there is too large, the worst become candidates. */
  readonly validate?: { readonly x: Tensor; readonly y: Tensor };
}

export interface EmpiricalInterpolation {
  /** Rows of the candidates that were chosen; numbers from m on are validation points that had joined them. */
  readonly xIndex: readonly number[];
  readonly yIndex: readonly number[];
  /** The chosen points, `[r, d]` and `[r, e]`. */
  readonly x: Tensor;
  readonly y: Tensor;
  /** K(x_m, y_l), `[r, r]`; LU without exchanges is stable in this order. */
  readonly core: Tensor;
  /** The largest error on the candidates before each step, and after the last. */
  readonly errorHistory: readonly number[];
  /** The largest error found, validation included. */
  readonly error: number;
  readonly converged: boolean;
  /** K̃(x, y) for all pairs of points `[p, d]` and `[q, e]`: `[p, q]`. */
  evaluate(x: Tensor, y: Tensor): Tensor;
}

/** Points `[n, d]` of any real dtype. Throws ShapeError, and DomainError for numbers that are not finite. */
export function pointsOf(caller: string, argument: string, points: Tensor, dims?: number): PointSet {
  if (points.ndim !== 2 || points.shape[1] === 0 || (dims !== undefined && points.shape[1] !== dims))
    throw new ShapeError(
      `${caller}: ${argument} must have shape [n, ${dims ?? "d"}], got ${formatShape(points.shape)}`,
    );
  const data = Float64Array.from(points.astype("float64").data() as Float64Array);
  if (!data.every(Number.isFinite)) throw new DomainError(`${caller}: ${argument} must be finite`);
  return pointSet(data, points.shape[1]!);
}

const tensorOf = (data: Float64Array, shape: readonly number[]): Tensor => new Tensor(data, shape, "float64");

/**
 * Empirical interpolation of K(x, y) between candidates X `[m, d]` and Y `[n, e]`: greedy cross approximation with full
 * pivoting. The result is the rank, the points and K̃(x, y) = K(x, y_l) E⁻¹ K(x_m, y), which is exact at the chosen
 * points. O(m n r), and as much again for each round of validation (at most 8).
 *
 * Source: M. Barrault, Y. Maday, N. C. Nguyen and A. T. Patera, C. R. Acad. Sci. Paris 339 (2004); in this form
 * F. Casenave, "A fast summation method for translation invariant kernels", arXiv 1408.0210.
 *
 * @throws ShapeError unless X and Y are matrices with rows; DomainError for points or values of the kernel that are not
 *   finite, a tolerance outside of (0, 1) and a rank that is no positive integer.
 */
export function empiricalInterpolation(
  kernel: PairKernel,
  X: Tensor,
  Y: Tensor,
  options: EmpiricalInterpolationOptions = {},
): EmpiricalInterpolation {
  const caller = "empiricalInterpolation";
  const { tolerance = 1e-4, validate } = options;
  if (!(tolerance > 0 && tolerance < 1))
    throw new DomainError(`${caller}: tolerance must be between 0 and 1, got ${tolerance}`);
  const x = pointsOf(caller, "X", X);
  const y = pointsOf(caller, "Y", Y);
  if (x.count === 0 || y.count === 0) throw new ShapeError(`${caller}: X and Y must have at least one row`);
  const { maxRank = Math.min(x.count, y.count) } = options;
  if (!(Number.isInteger(maxRank) && maxRank >= 1))
    throw new DomainError(`${caller}: maxRank must be a positive integer, got ${maxRank}`);
  const check = validate && {
    x: pointsOf(caller, "validate.x", validate.x, x.dims),
    y: pointsOf(caller, "validate.y", validate.y, y.dims),
  };
  if (check && check.x.count !== check.y.count)
    throw new ShapeError(
      `${caller}: validate must hold pairs, got ${check.x.count} points x and ${check.y.count} points y`,
    );
  const scale = kernelMatrix(caller, kernel, x, y).reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  const found = crossSkeleton({
    caller,
    kernel,
    x,
    y,
    tolerance: tolerance * scale,
    maxRank,
    ...(check && { fresh: () => check }),
  });
  const r = found.x.count;
  return {
    xIndex: found.xIndex,
    yIndex: found.yIndex,
    x: tensorOf(found.x.data, [r, x.dims]),
    y: tensorOf(found.y.data, [r, y.dims]),
    core: tensorOf(found.core, [r, r]),
    errorHistory: found.errorHistory,
    error: found.error,
    converged: found.converged,
    evaluate: (p, q) => {
      const left = pointsOf(caller, "x", p, x.dims);
      const right = pointsOf(caller, "y", q, y.dims);
      const values = kernelMatrix(caller, kernel, left, found.y);
      // E⁻ᵀ K(p, y_l)ᵀ, so that the rows are ready to meet K(x_m, q).
      solveCore(found.factors, values, left.count, true);
      const basis = kernelMatrix(caller, kernel, found.x, right);
      return tensorOf(values, [left.count, r]).matmul(tensorOf(basis, [r, right.count]));
    },
  };
}
