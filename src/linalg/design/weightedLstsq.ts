// The weighted least-squares fit of function values, its stability, and samples that are drawn again until they are stable.

import { astype } from "../../ops/cast.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { ConvergenceError, DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { qr } from "../orthogonal/qr.ts";
import { svdvals } from "../spectral/svd.ts";
import { lstsq } from "../systems/leastSquares.ts";
import type { OrthonormalBasis } from "./basis.ts";
import { type Design, type DesignOptions, sampleDesign, valuesAt } from "./sampleDesign.ts";

export interface WeightedFit {
  /** `[m]`, or `[m, k]` for values `[n, k]`. */
  readonly coefficients: Tensor;
  /** G = 1/n Σ wᵢ φ(xᵢ) φ(xᵢ)ᵀ, `[m, m]`: the identity in the mean. */
  readonly gram: Tensor;
  /** The smallest eigenvalue of G: the fit's error is at most 1/√lambdaMin times that of noise and of the best fit together. */
  readonly lambdaMin: number;
}

/** √(w/n) φ(x) and √(w/n). */
function weighted(basis: OrthonormalBasis, { x, weights }: Design): { design: Tensor; roots: Tensor } {
  const name = "weightedLstsq";
  const n = x.shape[0] ?? 0;
  if (weights.ndim !== 1 || weights.size !== n)
    throw new ShapeError(`${name}: weights must be [${n}], got shape ${formatShape(weights.shape)}`);
  if (n < basis.dimension)
    throw new ShapeError(
      `${name}: at least ${basis.dimension} points were expected for as many functions, got ${n}`,
    );
  if (!weights.data().every((w) => w >= 0 && Number.isFinite(w)))
    throw new DomainError(`${name}: weights must be finite and >= 0`);
  const roots = astype(weights, "float64")
    .mul(1 / n)
    .sqrt()
    .expandDims(1);
  return { design: valuesAt(name, basis, x).mul(roots), roots };
}

const leastEigenvalue = (r: Tensor): number => svdvals(r).at(-1).item() ** 2;

/**
 * The coefficients c that minimize 1/n Σ wᵢ (f(xᵢ) − Σ cⱼ φⱼ(xᵢ))², by QR of the weighted design; of least norm where the points do
 * not determine them. Values `[n]`, or `[n, k]` for k functions; differentiable in them. O(n m²).
 *
 * @throws ShapeError for fewer points than functions and lengths that differ; DomainError for weights that are negative, and for
 * weights, values or basis functions that are not finite.
 */
export function weightedLstsq(
  basis: OrthonormalBasis,
  sample: Design & { readonly values: Tensor },
): WeightedFit {
  const { design, roots } = weighted(basis, sample);
  const { values } = sample;
  const n = design.shape[0]!;
  if ((values.ndim !== 1 && values.ndim !== 2) || values.shape[0] !== n)
    throw new ShapeError(
      `weightedLstsq: values must be [${n}] or [${n}, k], got shape ${formatShape(values.shape)}`,
    );
  const right = astype(values, "float64").mul(values.ndim === 1 ? roots.squeeze(1) : roots);
  const { q, r } = qr(design);
  return {
    coefficients: lstsq(r, q.transpose().matmul(right)).x,
    gram: r.transpose().matmul(r),
    lambdaMin: leastEigenvalue(r),
  };
}

export interface StableSampleOptions extends DesignOptions, IterationOptions {
  /** The smallest eigenvalue of G must be at least 1 − delta; 0.5 unless told. */
  readonly delta?: number;
  /** 1000 unless told. */
  readonly maxDraws?: number;
}

export interface StableSample extends Design {
  /** Samples that were drawn, the last of which is stable. */
  readonly draws: number;
  readonly lambdaMin: number;
}

/**
 * Draws designs until one is stable: then the fit's error in the norm of the basis is at most (1 + 1/√(1 − delta)) times the best
 * one in the maximum norm, whatever the function.
 *
 * @throws as `sampleDesign` does; DomainError for delta outside (0, 1), n below the dimension or maxDraws < 1; ConvergenceError,
 * with the best lambdaMin, when no draw is stable; AbortedError.
 */
export function stableSample(
  key: Key,
  basis: OrthonormalBasis,
  n: number,
  options: StableSampleOptions = {},
): StableSample {
  const name = "stableSample";
  const { delta = 0.5, maxDraws = 1000, signal, onProgress, ...design } = options;
  if (!(delta > 0 && delta < 1)) throw new DomainError(`${name}: delta must lie in (0, 1), got ${delta}`);
  if (!(Number.isInteger(maxDraws) && maxDraws >= 1))
    throw new DomainError(`${name}: maxDraws must be an integer >= 1, got ${maxDraws}`);
  if (n < basis.dimension)
    throw new DomainError(`${name}: n must be at least the dimension ${basis.dimension}, got ${n}`);
  let best = 0;
  for (let draw = 0; draw < maxDraws; draw++) {
    checkAborted(signal, name);
    const sample = sampleDesign(foldIn(key, draw), basis, n, design);
    const lambdaMin = leastEigenvalue(qr(weighted(basis, sample).design).r);
    if (lambdaMin >= 1 - delta) return { ...sample, draws: draw + 1, lambdaMin };
    best = Math.max(best, lambdaMin);
    onProgress?.({ fraction: (draw + 1) / maxDraws, stage: `smallest eigenvalue ${lambdaMin.toFixed(3)}` });
  }
  throw new ConvergenceError(
    `${name}: none of ${maxDraws} samples was stable: the smallest eigenvalue of the best is ${best.toFixed(3)}, ${1 - delta} was expected; take more points`,
  );
}
