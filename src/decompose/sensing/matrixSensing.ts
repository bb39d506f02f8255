// Gradient descent on factors for a low-rank matrix seen through linear measurements, when its rank is not known.
// Source: Xiong, Ding, Du, "How over-parameterization slows down gradient descent in matrix sensing: the curses of symmetry
// and initialization" (2024).

import { device } from "../../device/current.ts";
import type { MatrixView } from "../../device/device.ts";
import { asOperator, type Linear } from "../../linalg/operator/asOperator.ts";
import { svd, svdvals } from "../../linalg/spectral/svd.ts";
import { normal } from "../../random/distributions.ts";
import { type Key, split } from "../../random/key.ts";
import { checkCount, checkPositive } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { symmetrize } from "../base/rowMajor.ts";
import { checkMeasured, checkReal, checkSensing } from "./check.ts";
import { ResidualPass } from "./residualPass.ts";

export interface MatrixSensingOptions extends IterationOptions {
  /** `[n1, n2]` of the matrix. */
  readonly shape: readonly [number, number];
  /** Columns of the factors: an upper bound of the rank. */
  readonly rank: number;
  /** "symmetric" X = U Uᵀ, or "asymmetric" X = F Gᵀ. */
  readonly parameterization: "symmetric" | "asymmetric";
  /** Size of the start, in units of √‖A*(y)‖; 0.5 unless told. */
  readonly scale?: number;
  /** Size of G against F at the start, 1/3 unless told. Away from 1 it keeps the spare columns of F from dying out. */
  readonly imbalance?: number;
  /** 0.25 / ‖A*(y)‖ unless told. */
  readonly learningRate?: number;
  /** 1000 unless told. */
  readonly iterations?: number;
  /** "one-step" makes F orthonormal once, after which the rate does not depend on the start; asymmetric only. */
  readonly accelerate?: "none" | "one-step";
  /** ‖A(X) − y‖² in units of ‖A*(y)‖² at which to do so; 0.1 unless told. */
  readonly accelerateAt?: number;
  /** `converged` wants the last loss to be at most this share of the first; 1e-6 unless told. */
  readonly rtol?: number;
}

export interface MatrixSensingResult {
  /** `[n1, n2]` */
  readonly matrix: Tensor;
  /** U `[n, rank]`, or F `[n1, rank]` and G `[n2, rank]`. */
  readonly factors: readonly Tensor[];
  /** ½ ‖A(X) − y‖² before the first step and after each. */
  readonly losses: readonly number[];
  /** False where steps diverged (they stop then) or did not get far enough. */
  readonly converged: boolean;
  /** The step after which F was made orthonormal; null when it was not. */
  readonly acceleratedAt: number | null;
}

/** ‖F‖² after the one step, in units of ‖A*(y)‖. */
const ORTHONORMAL_SQUARE = 0.25;
/** Growth of the loss that counts as divergence. */
const DIVERGENCE = 1e3;

/**
 * Recovers a matrix from y = A vec(X) (C order), with A scaled so that E AᵀA is the identity, by gradient descent on
 * factors of more columns than the rank may be. With X = U Uᵀ the loss of a too wide U falls like a power of the steps; with
 * F Gᵀ from sizes that differ, exponentially, at a rate that grows with the square of `scale`; after the one-step fix at a
 * rate free of it. "identity" takes y as the matrix itself, `[n1, n2]` or vectorised.
 *
 * Each step costs two products with A and O(n1 n2 rank). All iterations are made, unless they diverge.
 *
 * @throws ShapeError for a shape that is not two lengths or does not fit the operator or y, or is not square for "symmetric";
 * DTypeError for anything but float32 and float64; DomainError for rank outside of 1 … min(n1, n2), values that are not
 * finite and options out of range; AbortedError.
 */
export function matrixSensing(
  key: Key,
  op: Linear | "identity",
  y: Tensor,
  options: MatrixSensingOptions,
): MatrixSensingResult {
  const { rows, columns, rank, isSymmetric, iterations } = checkOptions(options);
  const { scale = 0.5, imbalance = 1 / 3, accelerateAt = 0.1, rtol = 1e-6 } = options;
  const pass = measured(op, y, rows, columns);
  const size = spectralSize(pass, rows, columns);
  const rate = options.learningRate ?? 0.25 / size;
  const start = (from: Key, n: number, by: number): Float64Array =>
    Float64Array.from(
      normal(from, [n, rank]).data(),
      (value) => (by * Math.sqrt(size / n) * value) as number,
    );
  const [leftKey, rightKey] = split(key, 2) as [Key, Key];
  let f = start(leftKey, rows, scale);
  let g = isSymmetric ? f : start(rightKey, columns, scale * imbalance);
  const x = new Float64Array(rows * columns);
  const turnLeft = new Float64Array(rows * rank);
  const turnRight = new Float64Array(columns * rank);
  const losses: number[] = [];
  let acceleratedAt: number | null = null;
  const s = view(pass.gradient, columns);
  for (let t = 0; ; t++) {
    checkAborted(options.signal, "matrixSensing");
    gemm(rows, columns, rank, view(f, rank), turned(g, rank), x);
    pass.pass(x, "residual");
    const loss = halfSquares(pass.residuals);
    losses.push(loss);
    if (t === iterations || !(loss <= DIVERGENCE * losses[0]!)) break;
    if (t % 64 === 0) options.onProgress?.({ fraction: t / iterations, stage: `step ${t}, loss ${loss}` });
    if (isSymmetric) {
      symmetrize(pass.gradient, 0, rows);
      gemm(rows, rank, rows, s, view(f, rank), turnLeft);
      subtract(f, rate, turnLeft);
      continue;
    }
    if (
      options.accelerate === "one-step" &&
      acceleratedAt === null &&
      2 * loss < accelerateAt * size * size
    ) {
      [f, g] = orthonormalized(f, g, rank, Math.sqrt(ORTHONORMAL_SQUARE * size));
      acceleratedAt = t;
    }
    gemm(rows, rank, columns, s, view(g, rank), turnLeft);
    gemm(columns, rank, rows, turned(pass.gradient, columns), view(f, rank), turnRight);
    subtract(f, rate, turnLeft);
    subtract(g, rate, turnRight);
  }
  options.onProgress?.({ fraction: 1, stage: `step ${losses.length - 1}` });
  const made = (data: Float64Array, n: number, m: number): Tensor =>
    fromTypedArray(data, [n, m], "float64").astype(y.dtype);
  return {
    matrix: made(x, rows, columns),
    factors: isSymmetric ? [made(f, rows, rank)] : [made(f, rows, rank), made(g, columns, rank)],
    losses,
    converged: losses.length === iterations + 1 && losses.at(-1)! <= rtol * losses[0]!,
    acceleratedAt,
  };
}

/** ‖A*(y)‖: about that of the matrix; 1 where it is 0. */
function spectralSize(pass: ResidualPass, rows: number, columns: number): number {
  const back = fromTypedArray(pass.adjoint(pass.y), [rows, columns], "float64");
  return svdvals(back).data()[0]! || 1;
}

/** F = A S Bᵀ becomes β A, and G becomes G B S / β: the product stays, and nothing is divided by S. */
function orthonormalized(
  f: Float64Array,
  g: Float64Array,
  rank: number,
  beta: number,
): [Float64Array, Float64Array] {
  const { u, s, v } = svd(fromTypedArray(f, [f.length / rank, rank], "float64"));
  const right = fromTypedArray(g, [g.length / rank, rank], "float64")
    .matmul(v)
    .mul(s.div(beta));
  return [Float64Array.from(u.mul(beta).data()), Float64Array.from(right.data())];
}

const view = (data: Float64Array, columns: number): MatrixView => ({
  data,
  offset: 0,
  rowStride: columns,
  columnStride: 1,
});

const turned = (data: Float64Array, columns: number): MatrixView => ({
  data,
  offset: 0,
  rowStride: 1,
  columnStride: columns,
});

/** out `[m, n]` = a `[m, k]` · b `[k, n]` */
function gemm(m: number, n: number, k: number, a: MatrixView, b: MatrixView, out: Float64Array): void {
  device.gemm("float64", m, n, k, a, b, { data: out, offset: 0, rowStride: n });
}

function subtract(x: Float64Array, factor: number, step: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i]! -= factor * step[i]!;
}

function halfSquares(r: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < r.length; i++) sum += r[i]! * r[i]!;
  return sum / 2;
}

function measured(op: Linear | "identity", y: Tensor, rows: number, columns: number): ResidualPass {
  const size = rows * columns;
  if (op === "identity") {
    checkReal(y, "matrixSensing: y");
    const fits = y.ndim === 2 ? y.shape[0] === rows && y.shape[1] === columns : y.ndim === 1;
    if (!fits || y.size !== size)
      throw new ShapeError(
        `matrixSensing: y: the matrix [${rows}, ${columns}] or its ${size} entries were expected, got shape ${formatShape(y.shape)}`,
      );
    return new ResidualPass(op, checkMeasured(y.ravel(), size, "matrixSensing: y"), size);
  }
  const operator = asOperator(op);
  checkSensing(operator, size, "matrixSensing: op");
  return new ResidualPass(operator, checkMeasured(y, operator.shape[0], "matrixSensing: y"), size);
}

function checkOptions(options: MatrixSensingOptions): {
  rows: number;
  columns: number;
  rank: number;
  isSymmetric: boolean;
  iterations: number;
} {
  const { shape, rank, parameterization, iterations = 1000, accelerate = "none" } = options;
  if (!(Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isSafeInteger(n) && n > 0)))
    throw new ShapeError(
      `matrixSensing: shape: two positive lengths were expected, got ${formatShape(shape)}`,
    );
  const [rows, columns] = shape;
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= Math.min(rows, columns)))
    throw new DomainError(
      `matrixSensing: rank: an integer from 1 to ${Math.min(rows, columns)} was expected, got ${rank}`,
    );
  if (parameterization !== "symmetric" && parameterization !== "asymmetric")
    throw new DomainError(
      `matrixSensing: parameterization: "symmetric" or "asymmetric" was expected, got ${String(parameterization)}`,
    );
  const isSymmetric = parameterization === "symmetric";
  if (isSymmetric && rows !== columns)
    throw new ShapeError(
      `matrixSensing: shape: a square one was expected for "symmetric", got ${formatShape(shape)}`,
    );
  if (accelerate !== "none" && accelerate !== "one-step")
    throw new DomainError(
      `matrixSensing: accelerate: "none" or "one-step" was expected, got ${String(accelerate)}`,
    );
  if (isSymmetric && accelerate !== "none")
    throw new DomainError('matrixSensing: accelerate: "one-step" needs the asymmetric parameterization');
  checkCount("matrixSensing: iterations", iterations, 0);
  for (const name of ["scale", "imbalance", "learningRate", "accelerateAt"] as const)
    if (options[name] !== undefined) checkPositive(`matrixSensing: ${name}`, options[name]);
  const { rtol = 1e-6 } = options;
  if (!(rtol >= 0))
    throw new DomainError(`matrixSensing: rtol: a number of at least 0 was expected, got ${rtol}`);
  return { rows, columns, rank, isSymmetric, iterations };
}
