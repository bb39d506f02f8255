// The alternating loop of CP, for any source of MTTKRPs and any factor update. What is small (factors, Gram matrices)
// is held in double precision whatever the tensor's dtype, so that float32 input costs accuracy only in the large
// products.

import { conj } from "../../ops/complex.ts";
import { matmul } from "../../ops/contract.ts";
import { mT } from "../../ops/movement.ts";
import { ones } from "../../tensor/create.ts";
import { allocate, type DType, isComplex } from "../../tensor/dtype.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { CP } from "../types.ts";
import type { FactorUpdate } from "./update.ts";

/** What the loop needs to know of the data. */
export interface CpProblem {
  readonly order: number;
  /** ‖X‖ */
  readonly norm: number;
  /** Of the factors that `mttkrp` takes. */
  readonly dtype: DType;
  /**
   * unfold(X, mode) · khatriRao(the other factors). The loop hands in the same tensor as long as a factor stays the
   * same.
   */
  mttkrp(factors: readonly Tensor[], mode: number): Tensor;
  /** The mode whose MTTKRP judges a trial step; 0 unless told. */
  readonly probeMode?: number;
  /** Told before the MTTKRP of a trial = now + step · (now − before). */
  combine?(trial: readonly Tensor[], now: readonly Tensor[], before: readonly Tensor[], step: number): void;
}

export interface AlsOptions extends IterationOptions {
  readonly tol: number;
  readonly maxIterations: number;
  readonly lineSearch: boolean;
  readonly update: FactorUpdate;
  /** The update keeps factors in a set (non-negative ones) rather than solving least squares. */
  readonly constrained: boolean;
  /** Relative shift of normal equations; `update` has it built in, row-wise updates read it here. */
  readonly ridge: number;
}

export interface AlsResult extends CP {
  readonly iterations: number;
  readonly converged: boolean;
  /** Relative error after each sweep. */
  readonly history: readonly number[];
}

/** Sweeps before the first extrapolation. */
const WARM_UP = 5;
/** Failures of the line search after which its step grows more slowly. */
const PATIENCE = 4;

/** Factors with what the loop keeps at hand of each: it changes only where the factor does. */
interface Model {
  readonly factors: Tensor[];
  /** Conjugated and in the dtype of the data: what MTTKRPs take. */
  readonly operands: Tensor[];
  /** Uᵀ conj(U) */
  readonly grams: Tensor[];
}

/**
 * Alternating least squares with Bro's line search (Andersson and Bro 1998): after a sweep the factors may be moved
 * on along their last change, U + (t^(1/p) - 1)(U - U_before), kept when the error falls. The error of a trial comes
 * from one MTTKRP, which for a tensor with a lone mode in one of its halves takes no large product
 * (`CpProblem.combine`).
 */
export function alternate(problem: CpProblem, start: readonly Tensor[], options: AlsOptions): AlsResult {
  const { order, norm } = problem;
  const wide: DType = isComplex(problem.dtype) ? "complex128" : "float64";
  const unitWeights = ones([start[0]!.shape[1]!], wide);
  if (norm === 0) return zeroModel(start, problem.dtype);
  const { probeMode = 0 } = problem;
  // Weights ride on a factor that is not contracted alone, see `combine`.
  const carrier = probeMode === 0 ? 0 : order - 1;
  let model = modelOf(start, wide, problem.dtype);
  let weights: Tensor = unitWeights;
  const history: number[] = [];
  let error = Number.POSITIVE_INFINITY;
  let converged = false;
  let power = 2;
  let failures = 0;
  let before: Pick<Model, "factors" | "operands"> | null = null;
  while (history.length < options.maxIterations && !converged) {
    checkAborted(options.signal, "cp");
    let next = error;
    for (let mode = 0; mode < order; mode++) {
      const m = problem.mttkrp(model.operands, mode).astype(wide);
      const v = joint(model.grams, mode);
      // HALS and multiplicative updates start from the factor with its weights.
      const updated = options.update(
        m,
        v,
        options.constrained ? model.factors[mode]!.mul(weights) : model.factors[mode]!,
      );
      if (mode === order - 1) next = modelError(norm, updated, m, v);
      const { unit, norms } = normalizedColumns(updated);
      weights = norms;
      replace(model, mode, unit, problem.dtype);
    }
    history.push(next);
    converged = Math.abs(error - next) < options.tol;
    error = next;
    options.onProgress?.({
      fraction: history.length / options.maxIterations,
      stage: `cp sweep ${history.length}`,
    });
    if (!options.lineSearch || converged) continue;
    const now = withWeights(model, weights, carrier, problem.dtype);
    if (before && history.length > WARM_UP) {
      const last: Pick<Model, "factors" | "operands"> = before;
      const step = history.length ** (1 / power) - 1;
      const trial = modelOf(
        now.factors.map((u, k) => u.add(u.sub(last.factors[k]!).mul(step))),
        wide,
        problem.dtype,
      );
      problem.combine?.(trial.operands, now.operands, last.operands, step);
      const m = problem.mttkrp(trial.operands, probeMode).astype(wide);
      const reached = modelError(norm, trial.factors[probeMode]!, m, joint(trial.grams, probeMode));
      if (reached < error) {
        model = trial;
        weights = unitWeights;
        error = reached;
        history[history.length - 1] = reached;
      } else if (++failures === PATIENCE) {
        failures = 0;
        power++;
      }
    }
    before = now;
  }
  const factors = model.factors.map((u) => u.astype(problem.dtype));
  return {
    kind: "cp",
    weights: weights.astype(problem.dtype),
    factors,
    iterations: history.length,
    converged,
    history,
  };
}

/** The best model of a zero tensor: weights of 0 on the columns of the start. */
function zeroModel(start: readonly Tensor[], dtype: DType): AlsResult {
  const r = start[0]!.shape[1]!;
  return {
    kind: "cp",
    weights: new Tensor(allocate(dtype, r), [r], dtype),
    factors: start.map((u) => u.astype(dtype)),
    iterations: 0,
    converged: true,
    history: [0],
  };
}

const operandOf = (u: Tensor, dtype: DType): Tensor => conj(u).astype(dtype);
const gram = (u: Tensor): Tensor => matmul(mT(u), conj(u));

function modelOf(factors: readonly Tensor[], wide: DType, dtype: DType): Model {
  const own = factors.map((u) => u.astype(wide));
  return { factors: own, operands: own.map((u) => operandOf(u, dtype)), grams: own.map(gram) };
}

function replace(model: Model, mode: number, u: Tensor, dtype: DType): void {
  model.factors[mode] = u;
  model.operands[mode] = operandOf(u, dtype);
  model.grams[mode] = gram(u);
}

/** A copy of the factors with the weights moved into one of them; the others stay the same tensors. */
function withWeights(
  model: Model,
  weights: Tensor,
  carrier: number,
  dtype: DType,
): Pick<Model, "factors" | "operands"> {
  const factors = model.factors.map((u, k) => (k === carrier ? u.mul(weights) : u));
  const operands = model.operands.map((u, k) => (k === carrier ? operandOf(factors[k]!, dtype) : u));
  return { factors, operands };
}

/** Hadamard product of all Gram matrices but one. */
function joint(grams: readonly Tensor[], mode: number): Tensor {
  const others = grams.filter((_, k) => k !== mode);
  const [first, ...rest] = others;
  return first
    ? rest.reduce((product, g) => product.mul(g), first)
    : ones(grams[mode]!.shape, grams[mode]!.dtype);
}

/** Columns of unit length (zero columns stay) and their lengths, as a tensor of the same dtype. */
function normalizedColumns(u: Tensor): { unit: Tensor; norms: Tensor } {
  const [n, r] = u.shape as [number, number];
  const from = u.data();
  const width = isComplex(u.dtype) ? 2 : 1;
  const run = r * width;
  const lengths = new Float64Array(r);
  for (let at = 0, i = 0; i < n; i++)
    for (let c = 0; c < run; c++, at++) lengths[width === 2 ? c >> 1 : c]! += from[at]! * from[at]!;
  const data = allocate(u.dtype, n * run);
  const norms = allocate(u.dtype, run);
  for (let c = 0; c < r; c++) {
    lengths[c] = Math.sqrt(lengths[c]!);
    norms[c * width] = lengths[c]!;
    if (lengths[c] === 0) lengths[c] = 1;
  }
  for (let at = 0, i = 0; i < n; i++)
    for (let c = 0; c < run; c++, at++) data[at] = from[at]! / lengths[width === 2 ? c >> 1 : c]!;
  return { unit: new Tensor(data, u.shape, u.dtype), norms: new Tensor(norms, [r], u.dtype) };
}

/** ‖X - X̂‖ / ‖X‖ of the model with factor U in one mode: ‖X‖² - 2 Re⟨X̂, X⟩ + ‖X̂‖², free of charge from M and V. */
export function modelError(norm: number, u: Tensor, m: Tensor, v: Tensor): number {
  if (norm === 0) return 0;
  const factor = u.data();
  const squared = norm * norm - 2 * realDot(factor, m.data()) + realDot(factor, matmul(u, v).data());
  return Math.sqrt(Math.max(0, squared)) / norm;
}

/** Re Σ conj(a) b */
function realDot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}
