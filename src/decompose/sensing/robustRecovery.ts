// A positive semidefinite low-rank matrix from measurements of which many are grossly wrong, by the sub-gradient method on
// the absolute loss. Source: Ma and Fattahi, "Global convergence of sub-gradient method for robust matrix recovery: small
// initialization, noisy measurements, and over-parameterization" (2023); the constants of the steps are our own.

import { device } from "../../device/current.ts";
import type { LinearOperator } from "../../linalg/operator/operator.ts";
import { eigh } from "../../linalg/spectral/eigh.ts";
import { rademacher } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { orthogonal } from "../../random/matrices.ts";
import { checkCount, checkPositive } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { symmetrize } from "../base/rowMajor.ts";
import { checkMeasured, checkMeasurements, checkRank } from "./check.ts";
import { ResidualPass } from "./residualPass.ts";

export interface RobustMeasurements {
  /** The A_i as `[m, n, n]`, or an operator `[m, n²]` on vectorised matrices. Only their symmetric parts matter. */
  readonly measurements: Tensor | LinearOperator;
  /** `[m]`: ⟨A_i, X⟩, some of them wrong. */
  readonly y: Tensor;
}

export interface RobustRecoveryOptions extends IterationOptions {
  /** Columns of the factor: an upper bound of the rank; n is fine. */
  readonly searchRank: number;
  /** Size of the start, 1e-3 unless told: it keeps the spare columns small. */
  readonly scale?: number;
  /** Steps eta0 · decayᵗ (default), or eta0 · median |residual|. */
  readonly schedule?: "geometric" | "adaptive";
  /** 0.25 for "geometric", 0.2 for "adaptive" unless told. */
  readonly eta0?: number;
  /** 0.985 unless told; made for about 600 iterations. */
  readonly decay?: number;
  /** 600 unless told. */
  readonly iterations?: number;
  /** A random start (default), or one along the positive part of Σ sign(y_i) A_i. */
  readonly init?: "small" | "spectral";
}

export interface RobustRecovery {
  /** `[n, n]` */
  readonly matrix: Tensor;
  /** U `[n, searchRank]`: the matrix is U Uᵀ. */
  readonly factor: Tensor;
  /** Mean |residual| before the first step and after each. */
  readonly losses: readonly number[];
  /** For measurements of unit size; see there. */
  readonly stepSizes: readonly number[];
}

/**
 * Recovers X ⪰ 0 from y_i = ⟨A_i, X⟩ with outliers, rank and noise unknown: the sub-gradient method on
 * (1/m) Σ |⟨A_i, U Uᵀ⟩ − y_i| from a small start. Measurements and y are brought to unit size first (root mean square of the
 * entries of A_i, median of |y|), so that `scale` and `eta0` have no unit and any multiple of the data gives the same
 * answer. "adaptive" needs outliers to be fewer than half, and reaches its floor sooner than "geometric", which stops where
 * decayᵗ has worn out. Two products with the operator and O(n² searchRank) a step.
 *
 * @throws ShapeError for measurements that are not `[m, n, n]` or `[m, n²]` and y that is not `[m]`; DTypeError for anything but
 * float32 and float64; DomainError for searchRank outside of 1 … n, scale or eta0 not positive, decay outside (0, 1), and
 * values that are not finite; AbortedError.
 */
export function robustMatrixRecovery(
  key: Key,
  data: RobustMeasurements,
  options: RobustRecoveryOptions,
): RobustRecovery {
  const { op, n } = checkMeasurements(data.measurements, "robustMatrixRecovery: measurements");
  const given = checkMeasured(data.y, op.shape[0], "robustMatrixRecovery: y");
  const { rank, scale, isAdaptive, eta0, decay, iterations } = checkOptions(options, n);
  const entrySize = measurementSize(foldIn(key, 0), op, n);
  const unit = (entrySize > 0 ? median(given) / entrySize : 0) || 1;
  const perEntry = entrySize > 0 ? 1 / entrySize : 1;
  const pass = new ResidualPass(
    op,
    given.map((value) => value / unit),
    n * n,
  );
  const m = given.length;
  let u: Float64Array = Float64Array.from(
    orthogonal(foldIn(key, 1), n, { columns: rank }).data(),
    (value) => scale * (value as number),
  );
  if (options.init === "spectral") u = spectralStart(pass, n, rank, scale * Math.sqrt(perEntry / m));
  const x = new Float64Array(n * n);
  const turn = new Float64Array(n * rank);
  const losses: number[] = [];
  const stepSizes: number[] = [];
  for (let t = 0; ; t++) {
    checkAborted(options.signal, "robustMatrixRecovery");
    square(u, n, rank, x);
    pass.pass(x, "sign");
    losses.push(unit * meanAbs(pass.residuals));
    if (t === iterations) break;
    const eta = isAdaptive ? eta0 * median(pass.residuals) * perEntry : eta0 * decay ** t;
    stepSizes.push(eta);
    symmetrize(pass.gradient, 0, n);
    device.gemm(
      "float64",
      n,
      rank,
      n,
      { data: pass.gradient, offset: 0, rowStride: n, columnStride: 1 },
      { data: u, offset: 0, rowStride: rank, columnStride: 1 },
      { data: turn, offset: 0, rowStride: rank },
    );
    const factor = (2 * eta * perEntry) / m;
    for (let i = 0; i < u.length; i++) u[i]! -= factor * turn[i]!;
    if (t % 64 === 0) options.onProgress?.({ fraction: t / iterations, stage: `step ${t}` });
  }
  options.onProgress?.({ fraction: 1, stage: `step ${iterations}` });
  const root = Math.sqrt(unit);
  const made = (values: Float64Array, columns: number, by: number): Tensor =>
    fromTypedArray(
      values.map((value) => by * value),
      [n, columns],
      "float64",
    ).astype(data.y.dtype);
  return { matrix: made(x, n, unit), factor: made(u, rank, root), losses, stepSizes };
}

/** U Uᵀ */
function square(u: Float64Array, n: number, rank: number, out: Float64Array): void {
  device.gemm(
    "float64",
    n,
    n,
    rank,
    { data: u, offset: 0, rowStride: rank, columnStride: 1 },
    { data: u, offset: 0, rowStride: 1, columnStride: rank },
    { data: out, offset: 0, rowStride: n },
  );
}

/** by · B with B Bᵀ the best approximation of the positive part of Σ sign(y_i) A_i. */
function spectralStart(pass: ResidualPass, n: number, rank: number, by: number): Float64Array {
  const sum = pass.adjoint(pass.y.map(Math.sign));
  symmetrize(sum, 0, n);
  const { values, vectors } = eigh(fromTypedArray(sum, [n, n], "float64"));
  const root = values.maximum(0).sqrt().mul(by);
  return Float64Array.from(
    vectors
      .mul(root)
      .at(":", `${n - rank}:`)
      .data(),
  );
}

/** Random products that stand for the entries of an operator that does not show them. */
const PROBES = 8;

/** Root mean square of the entries of the A_i, up to symmetrisation: Σ‖sym A_i‖² over m n (n + 1) / 2. */
function measurementSize(key: Key, op: LinearOperator, n: number): number {
  const m = op.shape[0];
  const pass = new ResidualPass(op, new Float64Array(m), n * n);
  let squares = 0;
  for (let probe = 0; probe < PROBES; probe++) {
    const signs = Float64Array.from(rademacher(foldIn(key, probe), [m]).data());
    const sum = pass.adjoint(signs);
    symmetrize(sum, 0, n);
    for (const value of sum) squares += (value * value) / PROBES;
  }
  return Math.sqrt((2 * squares) / (m * n * (n + 1)));
}

/** Median of absolute values. */
function median(values: Float64Array): number {
  const sorted = values.map(Math.abs).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function meanAbs(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum / values.length;
}

function checkOptions(
  options: RobustRecoveryOptions,
  n: number,
): { rank: number; scale: number; isAdaptive: boolean; eta0: number; decay: number; iterations: number } {
  const { searchRank, schedule = "geometric", init = "small", scale = 1e-3 } = options;
  const { decay = 0.985, iterations = 600 } = options;
  checkRank("robustMatrixRecovery: searchRank", searchRank, n);
  if (schedule !== "geometric" && schedule !== "adaptive")
    throw new DomainError(
      `robustMatrixRecovery: schedule: "geometric" or "adaptive" was expected, got ${String(schedule)}`,
    );
  if (init !== "small" && init !== "spectral")
    throw new DomainError(
      `robustMatrixRecovery: init: "small" or "spectral" was expected, got ${String(init)}`,
    );
  const isAdaptive = schedule === "adaptive";
  const eta0 = checkPositive("robustMatrixRecovery: eta0", options.eta0 ?? (isAdaptive ? 0.2 : 0.25));
  checkPositive("robustMatrixRecovery: scale", scale);
  if (!(decay > 0 && decay < 1))
    throw new DomainError(`robustMatrixRecovery: decay: a number between 0 and 1 was expected, got ${decay}`);
  checkCount("robustMatrixRecovery: iterations", iterations, 0);
  return { rank: searchRank, scale, isAdaptive, eta0, decay, iterations };
}
