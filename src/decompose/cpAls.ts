// The alternating loop of CP, for any source of MTTKRPs and any factor update.

import { conj } from "../ops/complex.ts";
import { matmul } from "../ops/contract.ts";
import { mT } from "../ops/movement.ts";
import { ones } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { FactorUpdate } from "./cpUpdate.ts";
import { checkAborted, type IterationOptions } from "./input.ts";
import type { CP } from "./types.ts";

/** What the loop needs to know of the data. */
export interface CpProblem {
  readonly order: number;
  /** ‖X‖ */
  readonly norm: number;
  /** unfold(X, mode) · khatriRao(the other factors). */
  mttkrp(factors: readonly Tensor[], mode: number): Tensor;
}

export interface AlsOptions extends IterationOptions {
  readonly tol: number;
  readonly maxIterations: number;
  readonly lineSearch: boolean;
  readonly update: FactorUpdate;
  /** The update keeps factors in a set (non-negative ones) rather than solving least squares. */
  readonly constrained: boolean;
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

/**
 * Alternating least squares with Bro's line search: after a sweep the factors may be moved on along their last change,
 * U + (t^(1/p) - 1)(U - U_before), kept when the error falls. The error of a trial comes from the MTTKRP of the first mode, which the
 * next sweep needs anyway.
 */
export function alternate(problem: CpProblem, start: readonly Tensor[], options: AlsOptions): AlsResult {
  const { order } = problem;
  let factors = [...start];
  let grams = factors.map(gram);
  let weights = ones([factors[0]!.shape[1]!], factors[0]!.dtype);
  const history: number[] = [];
  let error = Number.POSITIVE_INFINITY;
  let converged = false;
  let power = 2;
  let failures = 0;
  let before: readonly Tensor[] | null = null;
  while (history.length < options.maxIterations && !converged) {
    checkAborted(options.signal, "cp");
    let next = error;
    for (let mode = 0; mode < order; mode++) {
      const m = problem.mttkrp(factors.map(conj), mode);
      const v = joint(grams, mode);
      // HALS and multiplicative updates start from the factor with its weights.
      const updated = options.update(m, v, factors[mode]!.mul(weights));
      if (mode === order - 1) next = modelError(problem.norm, updated, m, v);
      const norms = columnNorms(updated);
      weights = norms;
      factors[mode] = updated.div(norms.add(norms.equal(0).astype(norms.dtype))).astype(updated.dtype);
      grams[mode] = gram(factors[mode]!);
    }
    history.push(next);
    converged = Math.abs(error - next) < options.tol;
    error = next;
    options.onProgress?.({
      fraction: history.length / options.maxIterations,
      stage: `cp sweep ${history.length}`,
    });
    if (options.lineSearch && !converged) {
      const current = withWeights(factors, weights);
      if (before && history.length > WARM_UP) {
        const step = history.length ** (1 / power) - 1;
        const trial = current.map((u, k) => u.add(u.sub(before![k]!).mul(step)));
        const trialGrams = trial.map(gram);
        const m = problem.mttkrp(trial.map(conj), 0);
        if (modelError(problem.norm, trial[0]!, m, joint(trialGrams, 0)) < error) {
          factors = trial;
          grams = trialGrams;
          weights = ones([weights.size], weights.dtype);
        } else if (++failures === PATIENCE) {
          failures = 0;
          power++;
        }
      }
      before = current;
    }
  }
  return { kind: "cp", weights, factors, iterations: history.length, converged, history };
}

/** Uᵀ conj(U) */
const gram = (u: Tensor): Tensor => matmul(mT(u), conj(u));

/** Hadamard product of all Gram matrices but one. */
function joint(grams: readonly Tensor[], mode: number): Tensor {
  const others = grams.filter((_, k) => k !== mode);
  const [first, ...rest] = others;
  return first
    ? rest.reduce((product, g) => product.mul(g), first)
    : ones(grams[mode]!.shape, grams[mode]!.dtype);
}

function columnNorms(u: Tensor): Tensor {
  return u.abs().square().sum({ axis: 0 }).sqrt().astype(u.dtype);
}

/** The weights moved into the last factor. */
const withWeights = (factors: readonly Tensor[], weights: Tensor): readonly Tensor[] =>
  factors.map((u, k) => (k === factors.length - 1 ? u.mul(weights) : u));

/** ‖X - X̂‖ / ‖X‖ of the model with factor U in one mode: ‖X‖² - 2 Re⟨X̂, X⟩ + ‖X̂‖², free of charge from M and V. */
export function modelError(norm: number, u: Tensor, m: Tensor, v: Tensor): number {
  const cross = conj(u).mul(m).sum().real().item();
  const square = matmul(u, v).mul(conj(u)).sum().real().item();
  return norm === 0 ? 0 : Math.sqrt(Math.max(0, norm * norm - 2 * cross + square)) / norm;
}
